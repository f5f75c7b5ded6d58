"""A FERV39k release, as it comes out of the downloads.

Read, in this order of preference: the official lists `train_All.csv` and `test_All.csv`, or the latter alone (no
header, a space between id and label although the name ends in .csv), at any depth
(`drive-download-.../4_setups/All_scenes/`); the clip folders
`<Scene>/<Emotion>/<NNNN>` at any depth (`2_ClipsforFaceCrop-002/2_ClipsforFaceCrop/...`); or a text file that lists
such paths, one a line. From folders or a listing the split follows by the protocol's rule.
"""

from __future__ import annotations

import os
import re
from math import ceil
from pathlib import Path

from fervbench.errors import LabelsError, MismatchError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.labels_file import Labels
from fervbench.protocol import Protocol
from fervbench.readers.folds import files_under

_LISTS = {"train": "train_all.csv", "test": "test_all.csv"}
_CLIP = re.compile(r"(?:^|[\\/])([A-Za-z]+)[\\/]([A-Za-z]+)[\\/]([0-9]{4})(?:[\\/\s]|$)")


def read(path: Path, protocol: Protocol) -> Labels:
    """Labels of a release: `path` is any folder above the lists or the clips, or a text file that lists clip folders.

    Raises LabelsError for what cannot be read and MismatchError where nothing of FERV39k is there.
    """
    found: dict[str, list[Path]] = {"train": [], "test": []}
    for file, _ in files_under(path, ".csv"):
        for part, name in _LISTS.items():
            if file.name.lower() == name:
                found[part].append(file)
    if found["test"]:
        return _read_lists(found, protocol, path)
    if path.is_file():
        return _from_listing(read_bounded(path).decode("utf-8", "replace").splitlines(), protocol, path)
    return _from_listing(_clip_folders(path, protocol), protocol, path)


def _read_lists(found: dict[str, list[Path]], protocol: Protocol, path: Path) -> Labels:
    findings = Findings(str(path))
    ids: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    for part, files in found.items():
        if not files:
            continue
        if len(files) > 1 and len({read_bounded(file) for file in files}) > 1:
            raise LabelsError(
                f"two different {part} lists: {files[0]} and {files[1]}",
                hint="name the folder of one copy",
                file=str(path),
            )
        for line, text in enumerate(read_bounded(files[0]).decode("utf-8-sig", "replace").splitlines(), 1):
            fields = text.replace(",", " ").split()
            if fields in ([], ["path", "id"]):
                continue
            where = f"{files[0].name} line {line}"
            if len(fields) != 2 or fields[0].count("/") != 2 or not protocol.ids.looks_right(fields[0]):
                findings.add("wrong-row", f"{text!r} is not 'Scene/Emotion/NNNN Emotion'", pointer=where)
            elif fields[0].split("/")[1] != fields[1]:
                message = f"{fields[0]} is labelled {fields[1]}, not as its folder"
                findings.add("label-conflict", message, pointer=where, id=fields[0])
            else:
                ids.append(fields[0])
                labels.append(fields[1])
                parts.append(part)
    if len(findings):
        raise LabelsError(f"cannot be read as FERV39k lists: {path}", file=str(path), findings=findings)
    notes = () if found["train"] else ("no train list there: the test list was used alone",)
    return Labels(ids, labels, [id.split("/")[0] for id in ids], parts, notes=notes)


def _clip_folders(path: Path, protocol: Protocol) -> list[str]:
    """Every `Scene/Emotion/NNNN` below `path`; does not descend into the clips, which hold a million frames."""
    lines = []
    for folder, folders, _ in os.walk(path.resolve()):
        parts = Path(folder).parts
        if len(parts) >= 2 and parts[-2] in protocol.leaves and parts[-1] in protocol.classes:
            lines += [f"{parts[-2]}/{parts[-1]}/{name}" for name in sorted(folders)]
            folders.clear()
        folders.sort()
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
