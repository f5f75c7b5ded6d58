"""All claims of FERV39k together, and its text: every judgement in form, every quote where it stands."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from fervbench.published import claims_ferv39k as claims
from fervbench.published import claims_ferv39k_clips as of_clips
from fervbench.published import claims_ferv39k_datasets as of_datasets
from fervbench.published import claims_ferv39k_parameters as of_parameters
from fervbench.published import claims_ferv39k_results as of_results
from fervbench.published import claims_ferv39k_transfer as of_transfer
from fervbench.published.judgement import SEVERITIES


def test_every_claim_is_judged_and_nothing_is_an_error(ferv):
    found = claims.audit(ferv.tables)
    assert len(set(claims.CLAIMS)) == len(claims.CLAIMS)
    assert Counter(judgement.severity for judgement in found) == {"pass": 37, "warning": 15, "note": 14}
    for judgement in found:
        assert judgement.severity in SEVERITIES
        assert re.fullmatch(r"(text-(count|share|superlative|decline|gain)|cross-paper|parameters)", judgement.rule)
        assert judgement.cells
        assert judgement.arithmetic
        assert judgement.message[0].isupper() or judgement.message[0].isdigit()
        assert "wrong" not in judgement.message
        if judgement.severity == "pass":
            assert (judgement.can, judgement.cannot) == ("", "")
        else:
            assert judgement.cannot
        assert all(cell in ferv.tables[cell.table].cells for cell in judgement.cells)


def test_no_claim_is_left_out_of_the_list():
    modules = (of_clips, of_datasets, of_parameters, of_results, of_transfer)
    written = {
        value
        for module in modules
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_") and callable(value)
    }
    assert written == set(claims.CLAIMS)


# The text itself

HEADINGS = {  # a section of the arXiv version, by what it begins and what it ends with
    "Abstract": ("Abstract\n", "1. Introduction"),
    "1": ("1. Introduction\n", "2. Related Work"),
    "2.1": ("2.1. Video-based", "2.2. Dynamic"),
    "3": ("3. The FERV39k Dataset", "3.1. Key"),
    "3.1": ("3.1. Key", "3.2. Dataset"),
    "3.2": ("3.2. Dataset", "3.3. Dataset"),
    "3.3": ("3.3. Dataset", "3.4. Dataset"),
    "4.1": ("4.1. Experiment", "4.2. Baseline"),
    "4.2": ("4.2. Baseline", "4.3. Baseline"),
    "4.3": ("4.3. Baseline", "4.4. Ablation"),
    "4.4": ("4.4. Ablation", "5. Conclusion"),
    "Figure 4": ("Figure 4. Statistics", "4.1. Experiment"),
    "Figure 5": ("Figure 5. Further", "text features."),
    "Table 3": ("Table 3. Comparison", "work (VGG13-LSTM)"),
    "A": ("A. Annotation", "A.1. Daily"),
    "A.1": ("A.1. Daily", "A.2. Weak"),
    "A.2": ("A.2. Weak", "A.3. Strong"),
    "A.4": ("A.4. Anomaly", "B. Generation"),
    "B": ("B. Generation", "B.1. Rule"),
    "B.1": ("B.1. Rule", "B.2. FER"),
    "B.2": ("B.2. FER", "C. Annotation"),
    "C": ("C. Annotation", "D. Agreement"),
    "E": ("E. More", "E.1. Daily"),
    "E.5": ("E.5. Conculsion", "Figure 9."),
}


def squeezed(words: str) -> str:
    """Letters, figures and what is part of a number: spaces, hyphens, quotation marks and markup are gone."""
    words = words.replace("\\times", "x").replace("\u00d7", "x")
    return re.sub(r"[^A-Za-z0-9.,%]", "", words)


def test_every_quote_stands_in_its_section(ferv, papers: Path):
    arxiv = (papers / "ferv39k-arxiv-with-appendix.txt").read_text(encoding="utf-8")
    cvpr = squeezed((papers / "ferv39k-cvpr-camera-ready.txt").read_text(encoding="utf-8"))
    sections = {}
    for name, (start, end) in HEADINGS.items():
        begin = arxiv.index(start)
        sections[name] = squeezed(arxiv[begin : arxiv.index(end, begin + 1)])
    for cell in ferv.tables["ferv39k/text"].cells:
        assert cell.quote is not None
        assert squeezed(cell.quote) in sections[cell.column], cell.quote
        if "cvpr" in cell.versions:
            assert squeezed(cell.quote) in cvpr, cell.quote
        assert cell.versions == (
            ("arxiv",) if cell.column[0] in "ABCE" and cell.column != "Abstract" else ("arxiv", "cvpr")
        )


def test_every_number_stands_in_its_quote(ferv):
    """With nothing of another number before or after it."""
    words = {"twice", "double", "tripled", "twenty-fold"}
    for cell in ferv.tables["ferv39k/text"].cells:
        assert cell.quote is not None
        assert len(cell.quote) <= 300
        printed = "19 20" if cell.printed == "19/20" else cell.printed
        assert re.search(rf"(?<![\d.,]){re.escape(printed)}(?!\d|[.,]\d|%)", cell.quote), (cell.printed, cell.quote)
        if cell.value is None:
            assert cell.metric == "statement"
        elif cell.printed not in words:
            assert any(figure.isdigit() for figure in cell.printed)
    values = {cell.printed: cell.value for cell in ferv.tables["ferv39k/text"].cells}
    assert values["86k"] == 86000
    assert values["38,935"] == 38935
    assert values["87.53%"] == 87.53
    assert values["1e-4"] == 0.0001
    assert (values["twice"], values["double"], values["tripled"], values["twenty-fold"]) == (2, 2, 3, 20)


def test_statements_are_not_scores(ferv):
    """So no generic rule takes a sentence for a cell of a table."""
    assert not any(cell.is_score for cell in ferv.tables["ferv39k/text"].cells)
