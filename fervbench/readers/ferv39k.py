"""A FERV39k release, as it comes out of the downloads.

Read, in this order of preference: the official lists `train_All.csv` and `test_All.csv`, or the latter alone (no
header, a space between id and label although the name ends in .csv), at any depth
(`drive-download-.../4_setups/All_scenes/`); the lists `train.csv` and `test.csv` derived from them (header `path,id`,
the label a number, in one of the orders that are in use); the clip folders
`<Scene>/<Emotion>/<NNNN>` at any depth (`2_ClipsforFaceCrop-002/2_ClipsforFaceCrop/...`); or a text file that lists
such paths, one a line. From folders or a listing the split follows by the protocol's rule.
"""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

from fervbench.errors import LabelsError, MismatchError
from fervbench.findings import Findings
from fervbench.labels_file import Labels, read_source
from fervbench.protocol import Protocol
from fervbench.readers.folds import files_under, walk

_HEADER = ["path", "id"]
_DFEW_ORDER = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
_CLIP = re.compile(r"(?:^|[\\/])([A-Za-z]+)[\\/]([A-Za-z]+)[\\/]([0-9]{4})(?:[\\/\s]|$)")


def read(path: Path, protocol: Protocol) -> Labels:
    """Labels of a release: `path` is any folder above the lists or the clips, or a text file that lists clip folders.

    Raises LabelsError for what cannot be read and MismatchError where nothing of FERV39k is there.
    """
    files = [file for file, _ in files_under(path, ".csv")]
    for ending in ("_all.csv", ".csv"):
        found = {
            part: [
                file
                for file in files
                if file.name.lower() == part + ending and (ending != ".csv" or _is_derived(file, protocol))
            ]
            for part in ("train", "test")
        }
        if found["test"]:
            return _read_lists(found, protocol, path)
    if path.is_file():
        return _from_listing(read_source(path).decode("utf-8", "replace").splitlines(), protocol, path)
    return _from_listing(_clip_folders(path, protocol), protocol, path)


def _is_derived(file: Path, protocol: Protocol) -> bool:
    """Whether a file of so common a name as test.csv begins as FERV39k's lists do."""
    start = [_fields(text) for text in read_source(file)[:1000].decode("utf-8-sig", "replace").splitlines()]
    first = next((fields for fields in start if fields not in ([], _HEADER)), [""])
    return len(first) == 2 and first[0].count("/") == 2 and protocol.ids.looks_right(first[0])


def _fields(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _read_lists(found: dict[str, list[Path]], protocol: Protocol, path: Path) -> Labels:
    findings = Findings(str(path))
    ids: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    numbered: list[tuple[str, int, str]] = []  # where it stands, number, id
    for part, files in found.items():
        if not files:
            continue
        if len(files) > 1 and len({read_source(file) for file in files}) > 1:
            raise LabelsError(
                f"two different {part} lists: {files[0]} and {files[1]}",
                hint="name the folder of one copy",
                file=str(path),
            )
        for line, text in enumerate(read_source(files[0]).decode("utf-8-sig", "replace").splitlines(), 1):
            fields = _fields(text)
            if fields in ([], _HEADER):
                continue
            where = f"{files[0].name} line {line}"
            if len(fields) != 2 or fields[0].count("/") != 2 or not protocol.ids.looks_right(fields[0]):
                findings.add("wrong-row", f"{text!r} is not 'Scene/Emotion/NNNN Emotion'", pointer=where)
                continue
            id, label = fields
            emotion = id.split("/")[1]
            if re.fullmatch("[0-9]{1,3}", label):
                numbered.append((where, int(label), id))
            elif emotion != label:
                message = f"{id} is labelled {label}, not as its folder"
                findings.add("label-conflict", message, pointer=where, id=id)
            ids.append(id)
            labels.append(emotion)
            parts.append(part)
    notes = _check_numbers(numbered, protocol, findings)
    if len(findings):
        raise LabelsError(f"cannot be read as FERV39k lists: {path}", file=str(path), findings=findings)
    if not found["train"]:
        notes.append("no train list there: the test list was used alone")
    return Labels(ids, labels, [id.split("/")[0] for id in ids], parts, notes=tuple(notes))


def _check_numbers(numbered: list[tuple[str, int, str]], protocol: Protocol, findings: Findings) -> list[str]:
    """Which numbering the labels keep to, as notes; a finding for every one that the nearest does not explain.

    The folder names the class; the number must agree with it in an order that is in use, the same one throughout.
    """
    orders = {"alphabetical order": sorted(protocol.classes), "the order of DFEW": list(_DFEW_ORDER)}
    wrong = {
        name: [row for row in numbered if order[row[1] : row[1] + 1] != [row[2].split("/")[1]]]
        for name, order in orders.items()
    }
    best = min(wrong, key=lambda name: len(wrong[name]))
    for where, number, id in wrong[best]:
        order = ", ".join(f"{i} {name}" for i, name in enumerate(orders[best]))
        message = f"{id} is labelled {number}, not as its folder"
        findings.add("label-conflict", message, pointer=where, id=id, hint=f"{best}: {order}")
    return [f"labels are numbers here, in {best} from 0: recognised, the folder names the class"] if numbered else []


def _clip_folders(path: Path, protocol: Protocol) -> list[str]:
    """Every `Scene/Emotion/NNNN` below `path`; does not descend into the clips, which hold a million frames."""
    lines = []
    for folder, folders, _ in walk(path.resolve()):
        parts = folder.parts
        if len(parts) >= 2 and parts[-2] in protocol.leaves and parts[-1] in protocol.classes:
            lines += [f"{parts[-2]}/{parts[-1]}/{name}" for name in folders]
            folders.clear()
    return lines


def _from_listing(lines: list[str], protocol: Protocol, path: Path) -> Labels:
    clips: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        match = _CLIP.search(line)
        if match and match[1] in protocol.leaves and match[2] in protocol.classes:
            clips.setdefault((match[1], match[2]), set()).add(match[3])
    if not clips:
        raise MismatchError(
            f"neither train_All.csv and test_All.csv nor folders Scene/Emotion/NNNN under {path}",
            hint="name the folder that holds 4_setups or 2_ClipsforFaceCrop",
            file=str(path),
        )
    ids: list[str] = []
    parts: list[str] = []
    cells = (protocol.counts() or {}).get("cells", {})
    for (scene, emotion), numbers in sorted(clips.items()):
        # by the protocol's counts where it has them: a clip too few would move the end of the test part
        test = cells.get(scene, {}).get(emotion, {}).get("test", ceil(len(numbers) / 5))
        for number in sorted(numbers):
            ids.append(f"{scene}/{emotion}/{number}")
            parts.append("test" if int(number) < test else "train")
    leaves, labels = zip(*(id.split("/")[:2] for id in ids), strict=True)
    notes = ("no lists there: the split was made from the clip folders by the rule of the protocol",)
    return Labels(ids, list(labels), list(leaves), parts, notes=notes)
