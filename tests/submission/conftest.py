"""Two worlds to write predictions for: the tiny example (five folds, 95 clips) and FERV39k itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fervbench import examples
from fervbench.errors import SubmissionError
from fervbench.findings import Findings
from fervbench.ground_truth import GroundTruth, load_ground_truth
from fervbench.protocol import Protocol, load_protocol
from fervbench.report import Report
from fervbench.scoring import score
from fervbench.submission.model import Submission
from fervbench.submission.reading import parse_submission

Document = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A protocol with its ground truth, and what tests say about files for it."""

    protocol: Protocol
    truth: GroundTruth

    def answers(self, *configurations: str) -> dict[str, Any]:
        """The right answers for the test clips of some configurations; of all without any."""
        chosen = configurations or self.protocol.leaves
        leaves = {leaf for name in chosen for leaf in self.protocol.configurations[name].leaves}
        rows = zip(self.truth.ids, self.truth.label.tolist(), self.truth.leaf.tolist(), strict=True)
        return {id: self.protocol.classes[c] for id, c, leaf in rows if self.protocol.leaves[leaf] in leaves}

    def short(self, predictions: dict[str, Any] | None = None, **keys: Any) -> Document:
        """The short form, by default with every answer right."""
        filled = self.answers() if predictions is None else predictions
        return {"format": "fervbench-recognition/1", "protocol": self.protocol.id, **keys, "predictions": filled}

    def runs(self, sources: Iterable[str], **keys: Any) -> Document:
        """The runs form: every source answers the union of its targets, and is right."""
        runs = [{"trained_on": s, "predictions": self.answers(*self.protocol.targets(s))} for s in sources]
        return {"format": "fervbench-recognition/1", "protocol": self.protocol.id, **keys, "runs": runs}

    def encode(self, document: Document | list[Any] | str | bytes) -> bytes:
        """A document as bytes. Text 'RAW x' becomes a bare x, a key 'AGAIN x' becomes x once more."""
        if isinstance(document, bytes):
            return document
        text = document if isinstance(document, str) else json.dumps(document)
        return re.sub(r'"RAW ([^"]*)"', r"\1", text).replace('"AGAIN ', '"').encode()

    def read(self, document: Document | list[Any] | str | bytes, **options: Any) -> Submission:
        data = self.encode(document)
        return parse_submission(data, "p.json", self.protocol, ground_truth=self.truth, **options)

    def score(self, document: Document | list[Any] | str | bytes, **options: Any) -> Report:
        return score(self.protocol, self.read(document, **options))

    def refused(self, document: Document | list[Any] | str | bytes, **options: Any) -> Findings:
        """The findings of a file that must not be scored."""
        with pytest.raises(SubmissionError) as caught:
            self.score(document, **options)
        findings = caught.value.findings
        assert len(findings) > 0
        assert caught.value.exit_code == 1
        assert caught.value.file == "p.json"
        assert {found.file for found in findings} == {"p.json"}
        assert all(found.severity == "error" and found.message for found in findings)
        return findings


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny example: protocol.toml, labels.csv, predictions.json, scores.csv."""
    folder = tmp_path_factory.mktemp("example")
    for name, text in examples.texts("tiny").items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "tiny"


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> World:
    """Five folds, each with 4 Happy, 3 Sad, 4 Neutral, 3 Angry, 2 Surprise, 1 Disgust and 2 Fear."""
    protocol = load_protocol(tiny_folder / "protocol.toml")
    return World(protocol, load_ground_truth(protocol))


@pytest.fixture(scope="session")
def ferv39k() -> World:
    """FERV39k with its embedded ground truth: 7,847 clips in 22 scenes, 4 scenarios and all."""
    protocol = load_protocol("ferv39k")
    return World(protocol, load_ground_truth(protocol))
