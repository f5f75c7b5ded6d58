"""Tables of results, cell by cell, from `baselines/published/` or a file of the same format (`fervbench-table/1`).

A cell holds a number as it is printed and as a value, what was measured (metric, method, source, target, class) and
where it stands (paper, version, table, row, column). Rows and columns are in the order in which the cells name them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fervbench import schema, strict_json
from fervbench.errors import InputError, UsageError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.resources import data_dir

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FORMAT = "fervbench-table/1"
SCORES = ("WAR", "UAR", "macro_F1", "weighted_F1", "recall", "AUC")
_PLAIN = re.compile(r"[<>]?\s*([0-9][0-9,]*(?:\.[0-9]+)?)\s*(?:%|Exps|basic expressions|movies|Movies|TVshows|[kM])?")
_MAX_BYTES = 2**24


@dataclass(frozen=True)
class TableCell:
    """One printed number (or text, with `value` None).

    `value` is in the cell's `unit` (percent: 0 to 100). `decimals` is what the number is rounded to: the table's rule
    where it has one, else the decimals that are printed. `over` tells over what a mean is taken.
    """

    table: str
    index: int
    row: str
    column: str
    metric: str
    printed: str
    value: float | int | None
    unit: str
    decimals: int
    method: str | None = None
    source: str | None = None
    target: str | None = None
    class_: str | None = None
    statistic: str | None = None
    over: str | None = None
    total: bool = False
    cited: bool = False
    versions: tuple[str, ...] = ()
    quote: str | None = None
    where: str | None = None
    range: tuple[float | None, float | None] | None = None

    @property
    def is_score(self) -> bool:
        """Whether it is a measured score: higher is better."""
        return self.value is not None and (self.metric in SCORES or self.metric.startswith("AR@"))

    @property
    def exact(self) -> Decimal:
        """The value as it is printed, without binary rounding."""
        match = _PLAIN.fullmatch(self.printed.strip())
        if match is None:
            return Decimal(repr(self.value))
        return Decimal(match[1].replace(",", "")) * (1000 if self.printed.strip().endswith("k") else 1)

    @property
    def name(self) -> str:
        """The cell for people: `ferv39k/table2: R18, All, WAR`; the metric only where the column does not say it."""
        metric = "" if self.column.startswith(self.metric) or self.metric in ("count", "recall") else f", {self.metric}"
        version = f" ({self.versions[0]})" if len(self.versions) == 1 and self.versions[0] != "arxiv" else ""
        return f"{self.table}: {self.row}, {self.column}{metric}{version}"


@dataclass(frozen=True)
class Table:
    """A table. `paper` says where it is from, `counts` the denominators by target where no protocol has them."""

    id: str
    title: str
    paper: dict[str, str]
    protocol: str | None
    counts: dict[str, dict[str, Any]]
    totals: dict[str, str]
    corner: str
    groups: tuple[int, ...]
    versions: tuple[str, ...]
    cells: tuple[TableCell, ...] = field(repr=False)
    file: str | None = None

    @property
    def rows(self) -> tuple[str, ...]:
        """Row labels as printed, in order."""
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> tuple[str, ...]:
        """Column labels as printed, in order."""
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    def at(self, row: str, column: str) -> tuple[TableCell, ...]:
        """The cells of one place, in order: `39.33/30.30` are two."""
        return tuple(cell for cell in self.cells if cell.row == row and cell.column == column)

    def find(self, **wanted: Any) -> TableCell:
        """The one cell with these attributes, e.g. `find(row="R18", column="All", metric="WAR")`."""
        found = [c for c in self.cells if all(getattr(c, name) == value for name, value in wanted.items())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} cells of {self.id} with {wanted}")
        return found[0]


def table_ids() -> list[str]:
    """The ids of all published tables: `ferv39k/table2`, ..., in the order of papers and table numbers."""
    folder = data_dir("baselines") / "published"
    found = [
        f"{paper.name}/{file.name.removesuffix('.json')}"
        for paper in folder.iterdir()
        if paper.is_dir()
        for file in paper.iterdir()
        if file.name.endswith(".json")
    ]
    return sorted(found, key=_natural)


def _natural(id: str) -> tuple[str, int, int, str]:
    paper, _, name = id.partition("/")
    digits = re.search(r"[0-9]+$", name)
    return paper, 0 if digits else 1, int(digits[0]) if digits else 0, name


@cache
def published(id: str) -> Table:
    """A published table. Raises UsageError for an id that is none, with the nearest."""
    if id not in table_ids():
        import difflib

        near = difflib.get_close_matches(id, table_ids(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else "see: fervbench tables list"
        raise UsageError(f"no published table {id!r}", hint=hint)
    paper, name = id.split("/")
    path: Traversable = data_dir("baselines") / "published" / paper / f"{name}.json"
    return read_table(path.read_bytes(), str(path))


def published_tables() -> dict[str, Table]:
    """All published tables by id."""
    return {id: published(id) for id in table_ids()}


def load_table(name: str | Path) -> Table:
    """A published table by id, or any file of the format by path."""
    if str(name) in table_ids():
        return published(str(name))
    path = Path(name)
    if path.is_file() or path.suffix == ".json":
        return read_table(read_bounded(path, _MAX_BYTES), str(path))
    return published(str(name))


def read_table(data: bytes, file: str) -> Table:
    """A table from JSON. Raises InputError with every finding (JSON pointers)."""
    findings = Findings(file)
    document = strict_json.parse(data, file)
    content = document.value
    definition = schema.load("table")
    if document.suspect:
        strict_json.walk(content, findings)
    if not len(findings) and not schema.accepts(content, definition):
        schema.violations(content, definition, findings)
    if not len(findings):
        _check(content, findings)
    if len(findings):
        raise InputError(f"is not a table of results: {file}", file=file, findings=findings)
    return _build(content, file)


def _check(content: dict[str, Any], findings: Findings) -> None:
    """What a schema cannot say: values that are not what is printed, cells that stand twice."""
    seen: dict[tuple[Any, ...], int] = {}
    for i, cell in enumerate(content["cells"]):
        where = strict_json.pointer("cells", i)
        printed = _PLAIN.fullmatch(cell["printed"].strip())
        number = Decimal(printed[1].replace(",", "")) if printed else None
        value = cell.get("value")
        scored = cell["metric"] in SCORES or cell["metric"].startswith("AR@")
        if value is not None and "value" in cell and (number is None or Decimal(repr(value)) != number):
            thousands = cell["printed"].strip().endswith("k") and number is not None and value == number * 1000
            if not thousands and not (number is None and not scored):
                findings.add(
                    "value-differs",
                    f"the value {value!r} is not what is printed: {cell['printed']!r}",
                    pointer=f"{where}/value",
                )
        if scored and number is None and cell["printed"].strip() not in ("-", "", "N/A"):
            findings.add(
                "no-number",
                f"{cell['printed']!r} is no number",
                pointer=f"{where}/printed",
                hint="a score is printed as 43.12; '-' where there is none",
            )
        elif scored and number is not None and number > (100 if _unit(content, cell) == "percent" else 1):
            hint = 'say "unit": "percent"' if _unit(content, cell) != "percent" else None
            findings.add("out-of-range", f"{cell['printed']} is beyond 100 %", pointer=f"{where}/printed", hint=hint)
        key = (cell["row"], cell["column"], cell["metric"], cell.get("class"), tuple(cell.get("versions", ())))
        if key in seen:
            message = f"the cell ({cell['row']}, {cell['column']}, {cell['metric']}) stands at /cells/{seen[key]} too"
            findings.add("duplicate-cell", message, pointer=where)
        seen.setdefault(key, i)


def _unit(content: dict[str, Any], cell: dict[str, Any]) -> str:
    return str(cell.get("unit", content.get("unit", "percent")))


def _build(content: dict[str, Any], file: str) -> Table:
    layout = content.get("layout", {})
    cells = []
    versions = tuple(content.get("versions", ()))
    for i, raw in enumerate(content["cells"]):
        about = {key: value for key, value in raw.items() if key not in ("class", "value", "versions", "range", "unit")}
        printed = _PLAIN.fullmatch(raw["printed"].strip())
        text = printed[1].replace(",", "") if printed else ""
        shown = len(text.partition(".")[2])
        number: float | int | None = raw.get("value")
        if "value" not in raw and printed:
            number = float(text) if "." in text else int(text)
        score = raw["metric"] in SCORES or raw["metric"].startswith("AR@")
        cells.append(
            TableCell(
                table=content["id"],
                index=i,
                value=number,
                unit=_unit(content, raw),
                decimals=max(shown, content.get("decimals", 0)) if score else shown,
                class_=raw.get("class"),
                versions=tuple(raw.get("versions", versions)),
                range=None if "range" not in raw else (raw["range"][0], raw["range"][1]),
                **about,
            )
        )
    return Table(
        id=content["id"],
        title=content.get("title", ""),
        paper=dict(content.get("paper", {})),
        protocol=content.get("protocol"),
        counts=content.get("counts", {}),
        totals=content.get("totals", {}),
        corner=layout.get("corner", ""),
        groups=tuple(layout.get("groups", ())),
        versions=versions,
        cells=tuple(cells),
        file=file,
    )


def tables_with(protocol: str, keep: Callable[[TableCell], bool]) -> list[Table]:
    """The published tables of a protocol with those of their scores alone that `keep` says; none that has none left."""
    found = []
    for id in table_ids():
        table = load_table(id)
        if table.protocol != protocol:
            continue
        cells = tuple(cell for cell in table.cells if cell.is_score and keep(cell))
        if cells:
            found.append(replace(table, cells=cells, groups=()))
    return found
