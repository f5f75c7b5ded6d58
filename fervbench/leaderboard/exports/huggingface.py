"""A model card's `model-index` (Hugging Face Hub): YAML for the front matter of README.md.

Keys: huggingface_hub's model card metadata; `verified` cannot be set by hand and is left out. Values are shares of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fervbench.errors import UsageError
from fervbench.leaderboard.exports.escaping import yaml
from fervbench.leaderboard.exports.results import Result
from fervbench.protocol import Protocol, load_protocol

# The Hub's names of metrics, where it has one.
_TYPES = {"WAR": ("accuracy", {}), "UAR": ("recall", {"average": "macro"}), "macro_F1": ("f1", {"average": "macro"}),
          "weighted_F1": ("f1", {"average": "weighted"})}  # fmt: skip


def model_index(results: Sequence[Result]) -> str:
    """The front matter of one model. Raises UsageError for none, or where no result has a number."""
    if not results:
        raise UsageError("there is nothing to export")
    made = [block for result in results for block in _blocks(result)]
    if not made:
        raise UsageError("none of these results has a number")
    return "---\n" + yaml({"model-index": [{"name": results[0].name, "results": made}]}) + "---\n"


def _blocks(result: Result) -> list[dict[str, Any]]:
    try:
        protocol: Protocol | None = load_protocol(result.protocol)
    except Exception:  # noqa: BLE001 - a protocol given by path is not known here by name
        protocol = None
    spotting = protocol is not None and protocol.task == "spotting"
    title = protocol.title if protocol is not None else result.protocol
    blocks = []
    for evaluation, scores in result.scores.items():
        metrics = [_metric(name, of) for name, of in scores.items() if of.get("value") is not None]
        if not metrics:
            continue
        dataset: dict[str, Any] = {"type": result.protocol, "name": title, "config": evaluation, "split": "test"}
        if result.fingerprint is not None:
            dataset["revision"] = result.fingerprint
        what = "Facial expression spotting" if spotting else "Dynamic facial expression recognition"
        block: dict[str, Any] = {
            "task": {"type": "other" if spotting else "video-classification", "name": what},
            "dataset": dataset,
            "metrics": metrics,
        }
        source = _source(result)
        if source is not None:
            block["source"] = source
        blocks.append(block)
    return blocks


def _metric(name: str, of: dict[str, float | None]) -> dict[str, Any]:
    kind, arguments = _TYPES.get(name, (name.lower(), {}))
    made: dict[str, Any] = {"type": kind, "name": name, "value": of["value"]}
    more = dict(arguments) | {key: of[key] for key in ("ci_low", "ci_high", "sd") if of.get(key) is not None}
    if more:
        made["args"] = more
    return made


def _source(result: Result) -> dict[str, str] | None:
    about = result.about or {}
    cited = about.get("reported_in") or ([about["paper"]] if about.get("paper") else [])
    if result.signature is None and cited:
        return {"name": str(cited[0]["title"]), "url": str(cited[0]["url"])}
    url = (about.get("code") or {}).get("url")
    return {"name": result.signature, "url": str(url)} if result.signature and url else None
