"""Protocols: how a dataset is scored, read from data.

A protocol is a TOML file (`protocols/<id>.toml`, or any path) that keeps to `schemas/protocol.schema.json`. Nothing in
the package knows a dataset by name; a new dataset needs no code.

Configurations form levels. A leaf is what clips are labelled with (a FERV39k scene, a DFEW fold); the others unite
leaves (`members`). A source is the configuration a model was trained on, a target the one it is tested on.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fervbench import schema, strict_json
from fervbench.errors import InputError, NotAvailableError, ProtocolFileError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.protocol_checks import EACH_FOLD as EACH_FOLD
from fervbench.protocol_checks import FOLD_MEAN as FOLD_MEAN
from fervbench.protocol_checks import POOLED as POOLED
from fervbench.protocol_checks import below, check_counts, check_references
from fervbench.resources import data_dir

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_MAX_BYTES = 2**20


@dataclass(frozen=True)
class Configuration:
    """A named subset of clips. `leaves` are the leaf configurations whose clips it holds (itself, for a leaf)."""

    id: str
    level: str
    title: str
    members: tuple[str, ...]
    leaves: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """A named list of cells. `cells` holds (source, target) pairs in the order of tables."""

    id: str
    title: str
    source: str
    kind: str
    cells: tuple[tuple[str, str], ...]

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources that must all be present."""
        return tuple(dict.fromkeys(source for source, _ in self.cells))

    def targets(self, source: str) -> tuple[str, ...]:
        """What a run trained on `source` is tested on here."""
        return tuple(target for of, target in self.cells if of == source)


@dataclass(frozen=True)
class IdRule:
    """What a clip id looks like."""

    pattern: str | None
    zero_pad: int | None
    example: str | None

    def canonical(self, spelling: str) -> str:
        """The one spelling of an id: numbers are padded where the protocol says so, all else is left as it is."""
        if self.zero_pad and len(spelling) < self.zero_pad and spelling.isascii() and spelling.isdigit():
            return spelling.zfill(self.zero_pad)
        return spelling

    def looks_right(self, spelling: str) -> bool:
        """Whether an id has the form of this protocol's ids; true where the protocol does not say."""
        return self.pattern is None or re.fullmatch(self.pattern, spelling) is not None


@dataclass(frozen=True)
class Protocol:
    """One version of one protocol. `sha256` is over the canonical JSON form of the definition, not over its bytes.

    `spotting` and `split` are the tables of those names (see the schema), None where the protocol has none.
    """

    id: str
    version: str
    title: str
    paper: str
    note: str | None
    task: str
    classes: tuple[str, ...]
    default_source: str
    aggregation: str
    ids: IdRule
    configurations: dict[str, Configuration]
    evaluations: dict[str, Evaluation]
    ground_truth: dict[str, Any]
    choices: tuple[tuple[str, str], ...]
    sha256: str
    spotting: dict[str, Any] | None
    split: dict[str, Any] | None
    shipped: bool = field(compare=False)
    folder: Traversable = field(repr=False, compare=False)

    @property
    def signature(self) -> str:
        """The protocol in a signature: id and version, and the start of its hash if it does not ship with fervbench."""
        return f"{self.id}@{self.version}" + ("" if self.shipped else f"+{self.sha256[:8]}")

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The configurations that clips are labelled with, in the order of the file."""
        return tuple(c.id for c in self.configurations.values() if not c.members)

    def targets(self, source: str) -> tuple[str, ...]:
        """Everything that any evaluation tests a run trained on `source` on."""
        return tuple(dict.fromkeys(t for e in self.evaluations.values() for t in e.targets(source)))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Everything a run may be trained on, in the order of the configurations."""
        used = {source for evaluation in self.evaluations.values() for source in evaluation.sources}
        return tuple(c for c in self.configurations if c in used)

    def counts(self) -> dict[str, Any] | None:
        """The shipped counts by leaf and class (`{"cells": {leaf: {class: {"train": n, "test": n}}}}`), if any.

        Raises NotAvailableError where the file is absent, ProtocolFileError with every finding where it is no use.
        """
        name = self.ground_truth.get("counts")
        if name is None:
            return None
        path = self.folder / name
        file, refused = str(path), f"the counts of {self.id} cannot be used: {path}"
        findings = Findings(file)
        try:
            document = strict_json.parse(path.read_bytes(), file)
        except OSError as error:
            raise NotAvailableError(f"the counts of {self.id} cannot be read: {path} ({error.strerror})") from None
        except InputError as error:
            raise ProtocolFileError(refused, hint=error.hint, file=file, findings=error.findings) from None
        if document.suspect:
            strict_json.walk(document.value, findings)
        check_counts(document.value, self.leaves, self.classes, self.ground_truth["kind"], findings)
        if len(findings):
            raise ProtocolFileError(refused, file=file, findings=findings)
        counts: dict[str, Any] = document.value
        return counts


def list_protocols() -> list[str]:
    """The ids of the protocols that ship with fervbench, sorted."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in data_dir("protocols").iterdir() if entry.name.endswith(".toml")
    )


def load_protocol(name: str | Path) -> Protocol:
    """A protocol by name, or from a TOML file by path.

    Raises NotAvailableError for an unknown name (with the nearest known one) or a path to nothing, InputError for a
    file that cannot be read, and ProtocolFileError, which carries every finding, for one that defines no protocol.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        path = Path(name)
        if _is_absent(path):
            raise NotAvailableError(f"no such file: {text}", file=text)
        return build(_parse_toml(read_bounded(path, _MAX_BYTES), text), path.parent, text)
    folder = data_dir("protocols")
    shipped = folder / f"{text}.toml"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text) or not shipped.is_file():
        near = difflib.get_close_matches(text.lower(), list_protocols(), n=1, cutoff=0.5)
        known = f"known: {', '.join(list_protocols())}; a protocol of your own is given by its path, ending in .toml"
        raise NotAvailableError(f"no protocol {text!r}", hint=f"did you mean {near[0]!r}? {known}" if near else known)
    return _define(_parse_toml(shipped.read_bytes(), shipped.name), folder, shipped=True)


def _is_absent(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):  # reading it will tell
        return False
    return False


def _parse_toml(data: bytes, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ProtocolFileError(f"is not UTF-8: {file}", file=file) from None
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and a number of thousands of digits
        raise ProtocolFileError(f"is not TOML: {file} ({error})", file=file) from None


def build(document: dict[str, Any], folder: Traversable, file: str) -> Protocol:
    """Check a parsed protocol file whole and make a Protocol of it. Raises ProtocolFileError with every finding."""
    findings = Findings(file)
    definition = schema.load("protocol")
    if not schema.accepts(document, definition):
        schema.violations(document, definition, findings)
    if not len(findings):
        check_references(document, findings)
    if len(findings):
        raise ProtocolFileError(f"does not define a protocol: {file}", file=file, findings=findings)
    return _define(document, folder)


def _cells(evaluation: dict[str, Any], configurations: dict[str, Configuration]) -> tuple[tuple[str, str], ...]:
    sources = [c.id for level in evaluation["source_levels"] for c in configurations.values() if c.level == level]
    if evaluation["kind"] != "grid":
        return tuple((source, source) for source in sources)
    targets = [c.id for level in evaluation["target_levels"] for c in configurations.values() if c.level == level]
    return tuple((source, target) for source in sources for target in targets)


def _define(document: dict[str, Any], folder: Traversable, *, shipped: bool = False) -> Protocol:
    """A Protocol from a document known to be good."""
    tables = document["configurations"]
    configurations = {
        id: Configuration(
            id,
            table["level"],
            table.get("title", id),
            tuple(table.get("members", ())),
            tuple(each for each in below(id, tables) if "members" not in tables[each]),
        )
        for id, table in tables.items()
    }
    evaluations = {
        id: Evaluation(
            id, table.get("title", id), table.get("source", ""), table["kind"], _cells(table, configurations)
        )
        for id, table in document["evaluations"].items()
    }
    ids = document.get("ids", {})
    return Protocol(
        id=document["id"],
        version=document["version"],
        title=document["title"],
        paper=document.get("paper", ""),
        note=document.get("note"),
        task=document["task"],
        classes=tuple(document["classes"]),
        default_source=document["default_source"],
        aggregation=document["aggregation"],
        ids=IdRule(ids.get("pattern"), ids.get("zero_pad"), ids.get("example")),
        configurations=configurations,
        evaluations=evaluations,
        ground_truth=document["ground_truth"],
        choices=tuple((choice["choice"], choice["source"]) for choice in document.get("choices", ())),
        sha256=hashlib.sha256(strict_json.dumps(document).encode()).hexdigest(),
        spotting=document.get("spotting"),
        split=document.get("split"),
        shipped=shipped,
        folder=folder,
    )
