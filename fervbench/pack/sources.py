"""What there is to pack: the clips of a folder, their labels and parts, found by the folder's layout.

    ferv39k   <Scene>/<Emotion>/<NNNN>/ at any depth, in 2_ClipsforFaceCrop (faces) or 3_ClipsforScenImages (scenes);
              labels and parts from the official lists, else by the split rule from the folders
    dfew      folders of five digits under clip_224x224, clip_224x224_16f, ...; fold lists where they are there
    afew      Train_AFEW, Val_AFEW or Test_AFEW somewhere in the path, an emotion's folder for the label
    ck+       cohn-kanade-images/S005/001/*.png; labels from Emotion/S005/001/*_emotion.txt, no file no label
    frames    any folder of folders of frames; the id is the path below SOURCE
    videos    any folder of .mp4, .avi, .mkv, .mov or .webm files; the id is the path below SOURCE without the ending

In the last four a folder named as an emotion gives the label, and one that starts with train, val or test the part.
Lists decide where there are lists: a listed clip without frames is a problem, frames that no list names are left out
and counted (DFEW's clips of no single label are such).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from fervbench.errors import InputError, NotAvailableError, UsageError
from fervbench.findings import Finding
from fervbench.labels_file import Labels
from fervbench.pack.frames import absent_numbers, is_frame, list_frames, numeric
from fervbench.pack.writing import is_text
from fervbench.protocol import load_protocol
from fervbench.readers import READERS

SYNTHETIC = "SYNTHETIC.txt"  # what `fervbench synthesize` puts into what it renders
VIDEO_SUFFIXES = frozenset((".mp4", ".avi", ".mkv", ".mov", ".webm"))
KINDS = ("ferv39k", "dfew", "afew", "ck+", "frames", "videos")
# The fewest frames of a clip in the whole release (research on the public lists): fewer means a copy with holes.
SHORTEST = {"ferv39k": 8, "dfew": 11}
_EMOTIONS = {
    "angry": "Angry", "anger": "Angry", "disgust": "Disgust", "fear": "Fear", "happy": "Happy", "happiness": "Happy",
    "neutral": "Neutral", "sad": "Sad", "sadness": "Sad", "surprise": "Surprise", "contempt": "Contempt",
}  # fmt: skip
_CK = ("Neutral", "Angry", "Contempt", "Disgust", "Fear", "Happy", "Sad", "Surprise")
_PARTS = (("train", "train"), ("val", "test"), ("test", "test"))
_DFEW_FOLDERS = ("clip_224x224", "clip_224x224_16f", "clip_224x16f", "jpg_256", "original")


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to pack. `path` is its folder or file, `length` its frames, `key` a digest of their names and sizes."""

    id: str
    path: str
    length: int
    key: str
    label: str | None = None
    part: str | None = None
    group: str | None = None


@dataclass
class Source:
    """The clips of a source in the order they are packed, problems found while listing them, and remarks."""

    kind: str
    clips: list[Clip]
    problems: list[Finding] = field(default_factory=list)
    odd: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    synthetic: bool = False

    def list_sha256(self) -> str:
        """A hash of every id, label and part, and of the names and sizes of the frames."""
        digest = hashlib.sha256()
        for clip in self.clips:
            fields = (clip.id, clip.label, clip.part, clip.group, clip.key)
            digest.update(("\t".join("" if f is None else f for f in fields) + "\n").encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def find_source(folder: Path, *, stream: str = "face", kind: str | None = None, below: str | None = None) -> Source:
    """The clips under `folder`. `below` picks one of several clip folders by name, `kind` overrules what is recognised.

    Raises InputError where there is no such folder or no clip in it, UsageError where several sets of clips are there
    and nothing says which.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}", file=str(folder))
    kind = kind or recognise(folder)
    root = _named(folder, below) if below else folder
    source = _FINDERS[kind](folder, root, stream)
    if not source.clips and not source.problems:
        raise InputError(f"no clips under {root}", hint="a clip is a folder of frames, or a video", file=str(folder))
    source.synthetic = any((place / SYNTHETIC).is_file() for place in (folder, *folder.resolve().parents[:2]))
    source.clips.sort(key=lambda clip: numeric(clip.id))
    for clip in [clip for clip in source.clips if not is_text(clip.id)]:
        source.clips.remove(clip)
        source.problems.append(Finding("wrong-name", f"{clip.id!a}: a name that is no UTF-8", id=ascii(clip.id)))
    seen: dict[str, str] = {}
    for clip in source.clips:
        if clip.id in seen:
            message = f"{clip.id} is there twice: {seen[clip.id]} and {clip.path}"
            raise UsageError(message, hint="--folder names the one to take", file=str(folder))
        seen[clip.id] = clip.path
    return source


def recognise(folder: Path) -> str:
    """The kind of a source, from the names of its folders; a release is known by any of the first 2,000."""
    ferv = set(load_protocol("ferv39k").leaves)
    otherwise = None
    for path, folders, files in islice(walk(folder), 2000):
        parts = Path(path).parts
        if len(parts) >= 2 and parts[-2] in ferv and parts[-1] in _EMOTIONS.values() and not files:
            return "ferv39k"
        if re.search(r"(^|/)(clip_224x\w+|EmoLabel_DataSplit)$", path, re.IGNORECASE):
            return "dfew"
        if parts and re.fullmatch(r"(train|val|test)_afew", parts[-1], re.IGNORECASE):
            return "afew"
        if parts and parts[-1] == "cohn-kanade-images":
            return "ck+"
        if any(is_frame(name) for name in files):
            folders.clear()
            if len(parts) >= 1 and re.fullmatch(r"S\d{3}", Path(path).parent.name) and "cohn" in path:
                return "ck+"
            otherwise = "frames"
        elif otherwise is None and any(_is_video(name) for name in files):
            otherwise = "videos"
    return otherwise or "frames"


def walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """`os.walk` in sorted order, hidden folders left out; links are followed, once each."""
    seen: set[tuple[int, int]] = set()
    for path, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(path)  # noqa: PTH116 (many folders)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=numeric)
        yield path, folders, files


def _is_video(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES  # noqa: PTH122


def _named(folder: Path, name: str) -> Path:
    found = [Path(path) for path, _, _ in walk(folder) if Path(path).name == name and Path(path) != folder]
    if (folder / name).is_dir():
        return folder / name
    if len(found) != 1:
        raise UsageError(f"{len(found)} folders named {name!r} under {folder}", file=str(folder))
    return found[0]


def _frame_folders(root: Path) -> Iterator[str]:
    """Every folder below `root` that holds frames."""
    for path, folders, files in walk(root):
        if any(is_frame(name) for name in files):
            folders.clear()  # what lies below a clip's frames belongs to it
            yield path


def _add(source: Source, clip: Clip) -> None:
    """Take a folder of frames as a clip, or say what is wrong with it."""
    try:
        listing = list_frames(clip.path)
    except OSError as error:
        source.problems.append(Finding("unreadable", f"{clip.id}: {error.strerror}", id=clip.id))
        return
    if not listing.names:
        source.problems.append(Finding("missing", f"{clip.id}: no frames in {clip.path}", id=clip.id))
        return
    if source.kind in SHORTEST:
        fewest, n = SHORTEST[source.kind], len(listing.names)
        if n < fewest:
            message = f"{clip.id}: {n} frames; the shortest clip of the release has {fewest}"
            source.odd.append(Finding("short", message, id=clip.id))
        absent = absent_numbers(listing.names)
        if absent:
            numbers = ", ".join(map(str, absent))
            source.odd.append(Finding("gap", f"{clip.id}: frames {numbers} are not there", id=clip.id))
    source.clips.append(replace(clip, length=len(listing.names), key=listing.key))


def _from_labels(source: Source, labels: Labels, folders: dict[str, str], *, folds: bool) -> None:
    """Join the lists with the folders: listed clips in, unlisted ones counted, absent ones named."""
    rows = zip(labels.ids, labels.labels, labels.leaves, labels.parts, strict=True)
    for id, label, leaf, part in rows:
        if id not in folders:
            source.problems.append(Finding("missing", f"{id}: listed, and no folder of frames is there", id=id))
            continue
        _add(source, Clip(id, folders[id], 0, "", label, None if folds else part, leaf))
    unlisted = len(folders.keys() - set(labels.ids))
    if unlisted:
        source.notes.append(f"{unlisted:,} clips that no list names are left out")
    source.notes += labels.notes


def _ferv39k(folder: Path, root: Path, stream: str) -> Source:
    protocol = load_protocol("ferv39k")
    source = Source("ferv39k", [])
    candidates: dict[str, dict[str, str]] = {}
    for path, folders, _ in walk(root):
        parts = Path(path).parts
        if len(parts) >= 2 and parts[-2] in protocol.leaves and parts[-1] in protocol.classes:
            found = candidates.setdefault(str(Path(*parts[:-2])), {})
            found |= {f"{parts[-2]}/{parts[-1]}/{name}": os.path.join(path, name) for name in folders}  # noqa: PTH118
            folders.clear()
    streams = {path: _stream(folder, path) for path in candidates}
    wanted = stream if stream in streams.values() else None
    taken = {path: clips for path, clips in candidates.items() if streams[path] == wanted}
    if not taken:
        return source
    folders_of: dict[str, str] = {}
    for path, clips in sorted(taken.items()):
        twice = folders_of.keys() & clips.keys()
        if twice:
            raise UsageError(f"{min(twice)} is there twice, in {path} and elsewhere", hint="--folder names one of them")
        folders_of |= clips
    labels = READERS["ferv39k"](folder, protocol)
    _from_labels(source, labels, folders_of, folds=False)
    return source


def _stream(folder: Path, path: str) -> str | None:
    """Which stream a clip folder holds: the last name on the way to it that says face or scene, but not both.

    Downloads nest (2_ClipsforFaceCrop-002/2_ClipsforFaceCrop); what lies above SOURCE says nothing.
    """
    for name in reversed((folder.resolve().name, *Path(path).relative_to(folder).parts)):
        found = [stream for stream, word in (("face", "face"), ("scene", "scen")) if word in name.lower()]
        if len(found) == 1:
            return found[0]
    return None


def _dfew(folder: Path, root: Path, stream: str) -> Source:
    del stream  # faces alone are released
    source = Source("dfew", [])
    candidates: dict[str, dict[str, str]] = {}
    for path in _frame_folders(root):
        name = os.path.basename(path)  # noqa: PTH119
        if re.fullmatch(r"\d{1,5}", name):
            candidates.setdefault(os.path.dirname(path), {})[f"{int(name):05d}"] = path  # noqa: PTH120
    ranked = sorted(candidates, key=lambda path: _rank(Path(path).name))
    if not ranked:
        return source
    if len(ranked) > 1:
        names = ", ".join(Path(path).name for path in ranked[1:])
        source.notes.append(f"taken: {Path(ranked[0]).name}; there are also {names} (--folder takes another)")
    try:
        labels = READERS["dfew"](folder, load_protocol("dfew"))
    except NotAvailableError as error:
        if error.rule == "invalid-labels" or _has_fold_lists(folder):
            raise
        source.notes.append("no fold lists there: clips are packed without labels")
        for id, path in candidates[ranked[0]].items():
            _add(source, Clip(id, path, 0, ""))
        return source
    _from_labels(source, labels, candidates[ranked[0]], folds=True)
    return source


def _has_fold_lists(folder: Path) -> bool:
    return any(re.search(r"set_?[1-5]\.csv$", name) for _, _, files in walk(folder) for name in files)


def _rank(name: str) -> tuple[int, str]:
    return (_DFEW_FOLDERS.index(name) if name in _DFEW_FOLDERS else len(_DFEW_FOLDERS), name)


def _generic(kind: str) -> Callable[[Path, Path, str], Source]:
    def find(folder: Path, root: Path, stream: str) -> Source:
        del stream
        source = Source(kind, [])
        by_video = _labels_of_videos(folder) if kind == "afew" else {}
        for path in _frame_folders(root):
            id = Path(path).relative_to(root).as_posix()
            id = root.resolve().name if id == "." else id
            label = _ck_label(folder, id) if kind == "ck+" else (_label(id) or by_video.get(id.split("/")[-1]))
            _add(source, Clip(_ck_id(id) if kind == "ck+" else id, path, 0, "", label, _part(id), _subject(kind, id)))
        if not source.clips and kind == "afew":
            return replace(_videos(folder, root, "face"), kind="afew")
        return source

    return find


def _labels_of_videos(folder: Path) -> dict[str, str]:
    """AFEW files its videos by emotion, its aligned faces by the video's name alone: the emotion by that name."""
    return {
        Path(name).stem: label
        for path, _, files in walk(folder)
        for name in filter(_is_video, files)
        if (label := _label(Path(path).name)) is not None
    }


def _videos(folder: Path, root: Path, stream: str) -> Source:
    del folder, stream
    source = Source("videos", [])
    from fervbench.pack.video import count_frames

    for path, _, files in walk(root):
        for name in sorted(filter(_is_video, files), key=numeric):
            file = Path(path, name)
            id = file.relative_to(root).with_suffix("").as_posix()
            try:
                length = count_frames(str(file))
            except (OSError, ValueError) as error:
                source.problems.append(Finding("unreadable", f"{id}: {error}", id=id))
                continue
            if not length:
                source.problems.append(Finding("missing", f"{id}: a video without frames", id=id))
                continue
            key = hashlib.sha256(f"{name}\0{file.stat().st_size}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
            source.clips.append(Clip(id, str(file), length, key, _label(id), _part(id)))
    return source


def _label(id: str) -> str | None:
    return next((_EMOTIONS[part.lower()] for part in id.split("/") if part.lower() in _EMOTIONS), None)


def _part(id: str) -> str | None:
    for part in id.split("/"):
        for start, name in _PARTS:
            if re.match(rf"{start}(?![a-z])|{start}(ing|idation)(?![a-z])", part.lower()):
                return name
    return None


def _ck_id(id: str) -> str:
    return "/".join(id.split("/")[-2:])


def _subject(kind: str, id: str) -> str | None:
    return _ck_id(id).split("/")[0] if kind == "ck+" else None


def _ck_label(folder: Path, id: str) -> str | None:
    """The one number in Emotion/<subject>/<sequence>/*_emotion.txt; 593 sequences, 327 with a label."""
    for base in (folder, folder.parent):
        for file in sorted((base / "Emotion" / _ck_id(id)).glob("*_emotion.txt")):
            try:
                return _CK[int(float(file.read_text().strip()))]
            except (ValueError, IndexError):
                return None
    return None


_FINDERS: dict[str, Callable[[Path, Path, str], Source]] = {
    "ferv39k": _ferv39k,
    "dfew": _dfew,
    "afew": _generic("afew"),
    "ck+": _generic("ck+"),
    "frames": _generic("frames"),
    "videos": _videos,
}
