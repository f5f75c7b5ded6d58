"""Claims of FERV39k's text about networks, held against the parameters in the public repository's model zoo.

Source: Wang et al., FERV39k, section 4.2 (2D ConvNet-LSTM, 3D ConvNet, Two-Stream Networks).
"""

from __future__ import annotations

from fractions import Fraction

from fervbench.published.ferv39k_numbers import CLASSES, Tables, mean, number, said, two
from fervbench.published.judgement import Judgement, judge
from fervbench.published.methods import methods
from fervbench.published.tables import TableCell

R18_TRUNK, R18_FEATURES = 11_176_512, 512  # a ResNet-18 without its classifier


def _zoo(tables: Tables) -> dict[str, TableCell]:
    return {c.method: c for c in tables["ferv39k/model-zoo"].cells if c.method and c.metric == "parameters"}


def _show(cell: TableCell) -> str:
    return f"{cell.row} {cell.printed}"


def two_trunks(tables: Tables) -> list[Judgement]:
    """Two-stream networks feed faces and scenes into the one-stream networks: they hold two trunks."""
    zoo = _zoo(tables)
    return [
        judge(
            number(zoo[f"two-{id}"]) >= number(one),
            "parameters",
            f"{zoo[f'two-{id}'].row} has no fewer parameters than {one.row}",
            (one, zoo[f"two-{id}"]),
            f"{one.row} {one.printed}, {zoo[f'two-{id}'].row} {zoo[f'two-{id}'].printed}",
            otherwise=f"{one.row} with {one.printed} and {zoo[f'two-{id}'].row} with {zoo[f'two-{id}'].printed} "
            "cannot both be the text's design, in which the second adds a trunk to the first",
            can="At least one of the two rows is of another network, or the rows are out of order",
            cannot="Which one; nor that the WAR and UAR beside them are of other networks",
        )
        for id, one in zoo.items()
        if f"two-{id}" in zoo
    ]


def resnet_18(tables: Tables) -> Judgement:
    """2D ConvNets classify the frames' features; 2D ConvNet-LSTM put an LSTM of 1024 units between."""
    zoo = _zoo(tables)
    hidden, frames = said(tables, "Hidden units of the LSTM", "4.2"), said(tables, "Frames of a clip as used", "E.5")
    units, classes = int(number(hidden)), len(CLASSES)
    plain = Fraction(R18_TRUNK + (R18_FEATURES * int(number(frames)) + 1) * classes, 10**6)
    gates = 4 * units * (R18_FEATURES + units + 2)  # input, state and two biases; biases as PyTorch counts them
    recurrent = Fraction(R18_TRUNK + gates + (units + 1) * classes, 10**6)
    row = zoo["r18"]
    return judge(
        int(plain) == number(row) or round(plain) == number(row),
        "parameters",
        f"{row.row}'s {row.printed} is a ResNet-18 with a classifier",
        (row, zoo["r18-lstm"], hidden, frames),
        f"ResNet-18, {frames.printed} frames concatenated: {two(plain)}M; with an LSTM of {hidden.printed} units: "
        f"{two(recurrent)}M; "
        f"the zoo: {row.row} {row.printed}, {zoo['r18-lstm'].row} {zoo['r18-lstm'].printed}",
        otherwise=f"{row.row}'s {row.printed} is no ResNet-18 with a classifier ({two(plain)}M)",
        severity="note",
        can="It is what the text's ResNet-18 with LSTM has, so the row may be that network's"
        if int(recurrent) == number(row)
        else "",
        cannot="That the two rows were swapped: nothing says what the other row's count is of",
    )


def kernels(tables: Tables) -> Judgement:
    """3D ConvNets have much more parameters than 2D ConvNets."""
    zoo = _zoo(tables)
    two_d = [cell for id, cell in zoo.items() if methods()[id].family == "2D ConvNet"]
    three_d = [cell for id, cell in zoo.items() if methods()[id].family == "3D ConvNet"]
    return judge(
        mean(three_d) > mean(two_d),
        "parameters",
        "In the model zoo, 3D ConvNets have more parameters than 2D ConvNets",
        (said(tables, "Parameters of 3D beside 2D ConvNets", "4.2"), *two_d, *three_d),
        f"2D: {', '.join(map(_show, two_d))}; 3D: {', '.join(map(_show, three_d))}",
        otherwise="That 3D ConvNets have much more parameters than 2D ConvNets cannot follow from the model zoo",
        severity="note",
        can="The zoo counts whole networks; fully connected layers outweigh the kernels in several rows",
        cannot="Anything about one network with kernels in two and in three dimensions",
    )
