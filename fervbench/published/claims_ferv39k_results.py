"""Claims of FERV39k's text about the baselines trained on all scenes, held against its Tables 2, 4, 6, 8 and 10.

Sources: Wang et al., FERV39k, sections 4.3, 4.4 and Appendix E.5. The text says
"performance" or "results" without a metric: a claim is judged by WAR, then by UAR.
"""

from __future__ import annotations

from collections import Counter

from fervbench.published.ferv39k_numbers import (
    BY_SCENARIO,
    MAIN,
    Grid,
    Tables,
    mean,
    methods_by_target,
    number,
    said,
    two,
)
from fervbench.published.ferv39k_numbers import scenes as scenes_of
from fervbench.published.judgement import Judgement, judge
from fervbench.published.methods import methods
from fervbench.published.tables import TableCell

METRICS = ("WAR", "UAR")
LSTM, CONV3D = "2D ConvNet-LSTM", "3D ConvNet"


def _overall(grid: Grid, *families: str) -> list[TableCell]:
    """What the methods of some families (any, if none is named) reach on all scenes, best first."""
    found = [row["all"] for id, row in grid.items() if not families or methods()[id].family in families]
    return sorted(found, key=number, reverse=True)


def _show(cell: TableCell) -> str:
    return f"{cell.row} {cell.printed}"


def _pairs(grid: Grid) -> list[tuple[str, str]]:
    """One-stream methods and their two-stream siblings."""
    return [(id, f"two-{id}") for id in grid if f"two-{id}" in grid]


def best_of_all(tables: Tables) -> Judgement:
    """Two-stream VGG13-LSTM has the best performance of 44.54 % (section 4.3)."""
    stated = said(tables, "Best accuracy", "4.3")
    best, second = _overall(methods_by_target(tables, MAIN, "WAR"))[:2]
    return judge(
        best.method == "two-vgg13-lstm" and best.exact == stated.exact,
        "text-superlative",
        f"{best.row} has the best WAR on all scenes, {best.printed}",
        (stated, best),
        f"{_show(best)}, then {_show(second)}",
        otherwise=f"{stated.printed} by two-stream VGG13-LSTM is not the best WAR of Table 2, {_show(best)}",
    )


def two_stream_lstm_above_all(tables: Tables) -> list[Judgement]:
    """Two-stream 2D ConvNets-LSTM methods outperform the others (section 4.3)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, MAIN, metric)
        own = _overall(grid, f"Two-stream {LSTM}")
        others = [cell for cell in _overall(grid) if cell not in own]
        above = [cell for cell in others if number(cell) >= number(own[-1])]
        found.append(
            judge(
                not above,
                "text-superlative",
                f"By {metric}, every two-stream 2D ConvNet-LSTM is above all other methods",
                (said(tables, "Two-stream 2D ConvNet-LSTM", "4.3"), *own, *(above or others[:1])),
                f"{', '.join(map(_show, own))}; {', '.join(map(_show, above or others[:1]))}",
                otherwise=f"That two-stream 2D ConvNet-LSTM methods outperform the others cannot follow from Table 2 "
                f"by {metric}: {_show(own[-1])} is not above {_show(above[0]) if above else ''}",
                can="The better of the two outperforms the others" if number(own[0]) > number(others[0]) else "",
                cannot="Which is better in truth: each row is one run, and its spread is not printed",
            )
        )
    return found


def lstm_above_3d(tables: Tables) -> list[Judgement]:
    """2D ConvNet-LSTM methods outperform the 3D ConvNet methods on one and two streams (section 4.3)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, MAIN, metric)
        for streams, before in (("one stream", ""), ("two streams", "Two-stream ")):
            low, high = _overall(grid, before + LSTM)[-1], _overall(grid, before + CONV3D)[0]
            found.append(
                judge(
                    number(low) > number(high),
                    "text-superlative",
                    f"With {streams}, every 2D ConvNet-LSTM is above every 3D ConvNet by {metric}",
                    (said(tables, "2D ConvNet-LSTM beside 3D ConvNet", "4.3"), low, high),
                    f"lowest 2D ConvNet-LSTM: {_show(low)}; highest 3D ConvNet: {_show(high)}",
                    otherwise=f"That 2D ConvNet-LSTM outperform 3D ConvNets with {streams} cannot follow from Table 2 "
                    f"by {metric}: {_show(low)}, {_show(high)}",
                )
            )
    return found


def worst_of_all(tables: Tables) -> list[Judgement]:
    """C3D shows the worst results (Appendix E.5)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, BY_SCENARIO, metric)
        ranked = _overall(grid)
        times = Counter(min(grid, key=lambda id: number(grid[id][target])) for target in grid["c3d"])
        worst3d = _overall(grid, CONV3D)[-1]
        found.append(
            judge(
                ranked[-1].method == "c3d",
                "text-superlative",
                f"C3D has the lowest {metric} on all scenes",
                (said(tables, "Method of the worst results", "E.5"), grid["c3d"]["all"], ranked[-1]),
                f"{_show(ranked[-1])}, then {_show(ranked[-2])}; lowest in "
                + ", ".join(f"{times[id]} ({grid[id]['all'].row})" for id, _ in times.most_common(3))
                + f" of {len(grid['c3d'])} columns",
                otherwise=f"That C3D shows the worst results cannot follow from Tables 4, 6, 8 and 10 by {metric}: "
                f"{_show(ranked[-1])} is below {_show(grid['c3d']['all'])}",
                can="C3D is the lowest of the 3D ConvNets" if worst3d.method == "c3d" else "",
                cannot="That the text's reason is untrue of C3D; it does not explain a 2D network below it",
            )
        )
    return found


def best_one_stream(tables: Tables) -> list[Judgement]:
    """VGG13-LSTM achieves the best performance in one-stream networks (Appendix E.5)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, BY_SCENARIO, metric)
        best, second = [c for c in _overall(grid) if not methods()[str(c.method)].two_stream][:2]
        found.append(
            judge(
                best.method == "vgg13-lstm",
                "text-superlative",
                f"VGG13-LSTM has the best {metric} of the one-stream networks on all scenes",
                (said(tables, "Best one-stream method", "E.5"), best, second),
                f"{_show(best)}, then {_show(second)}",
                otherwise=f"The best {metric} of a one-stream network is that of {_show(best)}, not of VGG13-LSTM",
            )
        )
    return found


def second_stream_helps(tables: Tables) -> list[Judgement]:
    """Two-stream networks further improve (Appendix E.5); for I3D, in most scenes (section 4.4)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, BY_SCENARIO, metric)
        pairs = _pairs(grid)
        gains = {one: number(grid[two_]["all"]) - number(grid[one]["all"]) for one, two_ in pairs}
        wins = sum(number(grid[b][t]) > number(grid[a][t]) for a, b in pairs for t in grid[a])
        least = min(gains, key=lambda id: gains[id])
        found.append(
            judge(
                min(gains.values()) > 0,
                "text-gain",
                f"On all scenes, each of {len(pairs)} networks gains {metric} from the second stream",
                (
                    said(tables, "Two-stream beside one-stream networks", "E.5"),
                    *(grid[id]["all"] for pair in pairs for id in pair),
                ),
                ", ".join(f"{grid[id]['all'].row} +{two(gain)}" for id, gain in gains.items())
                + f"; better in {wins} of {sum(len(grid[a]) for a, _ in pairs)} columns",
                otherwise=f"That two-stream networks improve cannot follow from Tables 4, 6, 8 and 10 by {metric}: "
                f"{grid[least]['all'].row} loses {two(-gains[least])}",
            )
        )
        better = [s for s in scenes_of() if number(grid["two-i3d"][s]) > number(grid["i3d"][s])]
        found.append(
            judge(
                2 * len(better) > len(scenes_of()),
                "text-gain",
                f"Two-stream I3D is better in most scenes by {metric}",
                (
                    said(tables, "Scenes in which two-stream I3D is better", "4.4"),
                    *(grid[id][scene] for scene in better for id in ("i3d", "two-i3d")),
                ),
                f"{len(better)} of {len(scenes_of())} scenes",
                otherwise="That two-stream I3D is better in most scenes cannot follow from Tables 4, 6, 8 and 10 by "
                f"{metric}: {len(better)} of {len(scenes_of())}",
            )
        )
    return found


def better_scenarios(tables: Tables) -> list[Judgement]:
    """Performance on WIS9k and SIA10k is better than on the others, for most methods (section 4.3)."""
    found = []
    for metric in METRICS:
        grid = methods_by_target(tables, BY_SCENARIO, metric)
        so = [
            row
            for row in grid.values()
            if min(number(row["WIS9k"]), number(row["SIA10k"])) > max(number(row["DL11k"]), number(row["AI9k"]))
        ]
        means = {name: mean(row[name] for row in grid.values()) for name in ("WIS9k", "SIA10k", "DL11k", "AI9k")}
        best = max(means, key=lambda name: means[name])
        found.append(
            judge(
                2 * len(so) > len(grid),
                "text-superlative",
                f"By {metric}, most methods are better on both WIS9k and SIA10k than on DL11k and AI9k",
                (
                    said(tables, "WIS9k and SIA10k beside the other scenarios", "4.3"),
                    *(row[name] for row in grid.values() for name in means),
                ),
                f"{len(so)} of {len(grid)} methods; means: "
                + ", ".join(f"{name} {two(value)}" for name, value in means.items()),
                otherwise=f"By {metric}, WIS9k and SIA10k are both better than the others for {len(so)} of {len(grid)} "
                f"methods; the best mean is that of {best}",
                severity="note",
                can=f"The statement can be one about {'WAR' if metric == 'UAR' else 'UAR'} alone, if about any",
                cannot="That the scenarios are harder or easier: their classes are shared out differently",
            )
        )
    return found


def _extreme(tables: Tables, scene: str, which: str, metric: str) -> Judgement:
    grid = methods_by_target(tables, BY_SCENARIO, metric)
    shown = {target for row in methods_by_target(tables, MAIN, metric).values() for target in row} & set(scenes_of())
    sign = 1 if which == "highest" else -1

    def first(row: dict[str, TableCell], among: set[str]) -> TableCell:
        return max((row[each] for each in row if each in among), key=lambda cell: sign * number(cell))

    found = [first(row, set(scenes_of())) for row in grid.values()]
    nine = [first(row, shown) for row in grid.values()]
    times = Counter(cell.target for cell in found)
    means = {each: mean(row[each] for row in grid.values()) for each in scenes_of()}
    extreme = max(means, key=lambda each: sign * means[each])
    of_nine = sum(cell.target == scene for cell in nine)
    can = [f"{of_nine} of {len(grid)} have their {which} there among the {len(shown)} scenes of Table 2"]
    if extreme == scene:
        can.append(f"its mean over the methods is the {which} of all scenes")
    return judge(
        2 * times[scene] > len(grid),
        "text-superlative",
        f"By {metric}, most methods have their {which} result on {scene}",
        (said(tables, f"Scene of the {which} result", "4.3"), *found),
        f"{times[scene]} of {len(grid)} methods on {scene}; "
        + ", ".join(f"{name} {n}" for name, n in times.most_common() if name != scene)
        + f"; {which} mean: {extreme} {two(means[extreme])}",
        otherwise=f"That most methods have their {which} result on {scene} cannot follow from Tables 4, 6, 8 and 10 by "
        f"{metric}: of {len(scenes_of())} scenes, it is that of {times[scene]} of {len(grid)} methods",
        severity="warning" if metric == "WAR" else "note",
        can="; ".join(can),
        cannot="That the scene differs from its neighbours in truth: scenes hold few clips and rows are single runs",
    )


def extreme_scenes(tables: Tables) -> list[Judgement]:
    """Of 22 scenes, most methods achieve the highest result on Experiment, the lowest on Terror (section 4.3)."""
    return [
        _extreme(tables, scene, which, metric)
        for metric in METRICS
        for scene, which in (("Experiment", "highest"), ("Terror", "lowest"))
    ]


def shown_scenes(tables: Tables) -> list[Judgement]:
    """Table 2 shows 9 representative scenes; with all scenes, 10 confusion matrices (section 4.3)."""
    stated, matrices = (
        said(tables, "Scenes of Table 2", "4.3"),
        said(tables, "Confusion matrices in Figure 5(b)", "4.3"),
    )
    columns = [name for name in tables["ferv39k/table2"].columns if name in scenes_of()]
    return [
        judge(
            len(columns) == stated.value,
            "text-count",
            f"Table 2 shows {stated.printed} scenes",
            (stated,),
            f"{', '.join(columns)}: {len(columns)}",
            otherwise=f"Table 2 shows {len(columns)} scenes, not {stated.printed}",
        ),
        judge(
            number(matrices) == len(columns) + 1,
            "text-count",
            f"The {matrices.printed} matrices are those of all scenes and the scenes of Table 2",
            (matrices, stated),
            f"1 + {len(columns)} = {len(columns) + 1}",
            otherwise=f"The {matrices.printed} matrices are not one for all scenes and one for each scene of Table 2",
        ),
    ]
