"""Every method of every published cell is known, by id and by every label that a paper prints."""

from __future__ import annotations

import json

import pytest

from fervbench.errors import UsageError
from fervbench.published.methods import canonical, load_methods, methods
from fervbench.published.tables import TableCell, published_tables
from fervbench.resources import data_dir

CELLS = [cell for table in published_tables().values() for cell in table.cells if cell.method]
# Tables whose rows are what one method was trained on: the caption names it.
ONE_METHOD = {f"ferv39k/table{n}": "RS50-LSTM" for n in (3, 5, 7, 9, 11)}


def label(cell: TableCell) -> str:
    if cell.table in ONE_METHOD:
        return ONE_METHOD[cell.table]
    return cell.column if cell.table == "dfew/table7" else cell.row


def test_ids_of_cells_and_ids_of_the_file_are_the_same():
    assert {cell.method for cell in CELLS} == set(methods())
    assert len(load_methods()) == len(methods())  # none stands twice


def test_a_method_is_written_as_the_file_has_it():
    path = data_dir("baselines") / "published" / "methods.json"
    assert (
        json.loads(json.dumps([method.to_dict() for method in load_methods()]))
        == json.loads(path.read_text())["methods"]
    )


def test_no_label_stands_for_two_methods():
    for place in {place for method in load_methods() for place in method.printed}:
        labels = [label for method in load_methods() for label in method.printed.get(place, ())]
        assert len(labels) == len(set(labels))


@pytest.mark.parametrize("table", sorted({cell.table for cell in CELLS}))
def test_every_printed_label_maps_to_the_method_of_its_cell(table: str):
    for cell in CELLS:
        if cell.table == table:
            assert canonical(table, label(cell)) == cell.method, label(cell)
            if "[" not in label(cell):
                assert canonical(table, f"{label(cell)} [45]") == cell.method, label(cell)


def test_every_label_of_the_file_is_printed_somewhere():
    printed = {(cell.table.partition("/")[0], label(cell)) for cell in CELLS}
    printed |= {(cell.table, label(cell)) for cell in CELLS}
    tidy = {(place, text.replace(", ", ",")) for place, text in printed} | {("ferv39k", "R50-LSTM")}
    for method in methods().values():
        for place, labels in method.printed.items():
            for text in labels:
                assert (place, text.replace(", ", ",")) in tidy, (place, text)


@pytest.mark.parametrize(
    ("paper", "printed", "id"),
    [
        ("ferv39k", "3D-RS18 [45]", "r3d-18"),
        ("ferv39k", "3D-R18 [41]", "r3d-18"),
        ("dfew", "R3D18 [38]", "r3d-18"),
        ("dfew", "3D Resnet18 [12]", "3d-resnet18"),
        ("dfew", "3D Renset18", "3d-resnet18"),
        ("dfew", "Resnet18+LSTM [11, 13, 14]", "r18-lstm"),
        ("dfew", "C3D,EC-STFL", "c3d+ec-stfl"),
        ("dfew", "C3D, EC-STFL", "c3d+ec-stfl"),
        ("dfew", "Fan et al. [7]", "fan-et-al-7"),
        ("dfew", "Fan et al. [9]", "fan-et-al-9"),
        ("ferv39k", "P3D [39]", "p3d"),
        ("ferv39k/table4", "P3D [39]", "p3d"),
        ("ferv39k/reruns", "P3D", "p3d--rerun"),
        ("dfew/reruns", "ResNet18-LSTM", "r18-lstm--rerun-dynamic-sampling"),
        ("ferv39k/reruns", "ResNet18-LSTM", "r18-lstm"),
        ("dfew/model-zoo", "i3d", "i3d--dfew-repository"),
        ("sdfe-lv", "C3D", "bmn+c3d"),
    ],
)
def test_labels_that_are_easily_confused(paper: str, printed: str, id: str):
    assert canonical(paper, printed) == id


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        canonical("dfew", "C3d")
    assert caught.value.hint == "did you mean 'C3D'?"
    with pytest.raises(UsageError):
        canonical("no-such-paper", "C3D")
    with pytest.raises(UsageError):
        canonical("dfew", "Fan et al.")  # two of them


def test_a_rerun_is_another_method_and_names_its_original():
    for method in methods().values():
        if "--rerun" in method.id:
            assert method.rerun_of == method.id.partition("--")[0]
            assert method.note
        if method.rerun_of:
            assert method.rerun_of in methods()
            assert method.id.startswith(f"{method.rerun_of}--")
    assert {m.rerun_of for m in methods().values()} == {None, "p3d", "3d-resnet18", "r18-lstm", "r3d-18", "i3d"}


def test_a_further_loss_makes_another_method_of_the_same_family():
    for method in methods().values():
        assert (method.base is not None) == ("+ec-stfl" in method.id or "+center-loss" in method.id)
        if method.base:
            assert methods()[method.base].family == method.family


def test_families_and_streams():
    families = {method.family for method in methods().values()}
    assert families == {
        "2D ConvNet",
        "2D ConvNet-LSTM",
        "3D ConvNet",
        "Two-stream 2D ConvNet-LSTM",
        "Two-stream 3D ConvNet",
        "cited",
        "spotting",
    }
    for method in methods().values():
        assert method.two_stream == method.id.startswith("two-")
        if method.two_stream:
            assert method.family == f"Two-stream {methods()[method.id.removeprefix('two-')].family}"
        assert (method.family == "spotting") == ("sdfe-lv" in method.printed)


def test_hara_and_tran_are_told_apart():
    assert "Hara" in str(methods()["3d-resnet18"].note)
    assert "misprint" in str(methods()["3d-resnet18"].note)
    assert "Tran" in str(methods()["r3d-18"].note)
