"""The methods of the published tables: one id for one method, whatever a paper calls it.

`baselines/published/methods.json` maps what is printed to ids, paper by paper. R18-LSTM, RS18-LSTM and Resnet18+LSTM
are one method; a survey page's re-run under an original's name is another (`rerun_of`); a network trained with a
further loss is another as well (`base` is the network).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from fervbench import strict_json
from fervbench.errors import UsageError
from fervbench.resources import data_dir

FORMAT = "fervbench-methods/1"


@dataclass(frozen=True)
class Method:
    """A method. `printed` holds its labels by paper (`dfew`) or, where a label means something else, by table."""

    id: str
    name: str
    family: str
    printed: dict[str, tuple[str, ...]]
    base: str | None = None
    rerun_of: str | None = None
    note: str | None = None

    @property
    def two_stream(self) -> bool:
        """Whether it sees faces and scenes."""
        return self.family.startswith("Two-stream")

    def to_dict(self) -> dict[str, Any]:
        """The method as the file has it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@cache
def load_methods() -> tuple[Method, ...]:
    """All methods, in the file's order."""
    path = data_dir("baselines") / "published" / "methods.json"
    content = strict_json.parse(path.read_bytes(), str(path)).value
    if content["format"] != FORMAT:
        raise ValueError(f"the format is {content['format']!r}, not {FORMAT!r}: {path}")
    return tuple(
        Method(**raw | {"printed": {paper: tuple(labels) for paper, labels in raw["printed"].items()}})
        for raw in content["methods"]
    )


@cache
def methods() -> dict[str, Method]:
    """All methods by id."""
    return {method.id: method for method in load_methods()}


def canonical(paper: str, printed: str) -> str:
    """The id of a printed label: `canonical("ferv39k", "3D-RS18 [45]")` is `r3d-18`.

    `paper` is a paper or a table of it (`dfew/reruns`); a table's own labels come before its paper's. References and
    spaces after commas do not matter, unless a reference is all that tells two labels apart (`Fan et al. [9]`).
    Raises UsageError for a label that the paper does not print.

    >>> canonical("dfew", "C3D, EC-STFL"), canonical("dfew", "Fan et al. [9]"), canonical("ferv39k/reruns", "P3D")
    ('c3d+ec-stfl', 'fan-et-al-9', 'p3d--rerun')
    """
    for place in dict.fromkeys((paper, paper.partition("/")[0])):
        labels = _labels(place)
        for spelling in (_tidy(printed), _tidy(re.sub(r"\s*\[[0-9, ]+\]", "", printed))):
            if spelling in labels:
                return labels[spelling]
    near = difflib.get_close_matches(_tidy(printed), _labels(paper) | _labels(paper.partition("/")[0]), n=1)
    raise UsageError(f"{paper} has no method {printed!r}", hint=f"did you mean {near[0]!r}?" if near else None)


@cache
def _labels(place: str) -> dict[str, str]:
    return {_tidy(label): method.id for method in load_methods() for label in method.printed.get(place, ())}


def _tidy(label: str) -> str:
    return re.sub(r",\s*", ", ", " ".join(label.split()))
