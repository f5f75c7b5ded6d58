"""Ranks: ties, tracks, what they rest on, and that rank intervals hold the true rank."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import compare, load_ground_truth, load_protocol, read_submission
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.headline import headline, sizes, spread
from fervbench.leaderboard.ranking import Drawn, boards, draw, rank
from fervbench.leaderboard.scoring import Ground, ground_of, shares, weights
from fervbench.leaderboard.sources import Folder
from fervbench.leaderboard.tracks import TRACKS, admits, home

from .conftest import ABOUT, answers, put

FERV = load_protocol("ferv39k")


def reported(slug: str, war: float | None, uar: float | None = 0.3, **more: Any) -> Entry:
    scores = {name: value for name, value in (("WAR", war), ("UAR", uar)) if value is not None}
    about = ABOUT | {"method": {"name": slug}, "claimed": {"overall": scores or {"macro_F1": 0.1}}} | more
    return Entry("ferv39k", slug, about)


def ranked(entries: list[Entry], metric: str = "WAR", **options: Any) -> dict[str, Any]:
    made = rank(FERV, entries, "overall", metric, **options)
    return {row.entry.slug: row for row in made.rows}


def test_equal_scores_share_a_rank_and_missing_ones_stand_last_saying_why():
    entries = [reported("a", 0.5), reported("b", 0.4), reported("c", 0.5), reported("d", 0.3), reported("e", None)]
    found = ranked(entries)
    assert list(found) == ["a", "c", "b", "d", "e"]
    assert [row.rank for row in found.values()] == [1, 1, 3, 4, None]
    assert found["e"].why == "WAR is not reported"
    assert (found["e"].best, found["e"].value, found["e"].front) == (None, None, False)


def test_scores_that_print_the_same_share_a_rank():
    found = ranked([reported("a", 0.500041), reported("b", 0.499961), reported("c", 0.49994)])
    assert [row.rank for row in found.values()] == [1, 1, 3]


def test_null_is_missing_too():
    entry = Entry("ferv39k", "n", ABOUT | {"claimed": {"overall": {"WAR": None, "UAR": 0.3}}})
    assert ranked([entry])["n"].why == "WAR is not defined here"


def test_a_result_of_another_version_is_missing_and_says_so():
    report = {"protocol": {"id": "ferv39k", "version": "0.9.0", "sha256": "0" * 64}}
    old = Entry("ferv39k", "old", ABOUT, {"scores": {"overall": {"WAR": {"value": 0.9}}}, "report": report}, "p")
    found = ranked([reported("a", 0.5), old])
    assert found["old"].rank is None
    assert "0.9.0" in found["old"].why


def test_the_front_of_war_and_uar():
    entries = [reported("a", 0.5, 0.3), reported("b", 0.4, 0.4), reported("c", 0.45, 0.35), reported("d", 0.44, 0.34),
               reported("e", 0.6, None), reported("f", 0.5, 0.3)]  # fmt: skip
    found = ranked(entries)
    assert {slug for slug, row in found.items() if row.front} == {"a", "b", "c", "f"}
    assert {slug for slug, row in ranked(entries, "UAR").items() if row.front} == {"a", "b", "c", "f"}


def test_numbers_alone_are_told_apart_by_their_own_spread():
    n, by_class = sizes(FERV, "all")
    assert (n, sum(by_class.values())) == (7847, 7847)
    assert spread(FERV, "overall", "WAR", 0.5) == pytest.approx(np.sqrt(0.25 / 7847))
    expected = np.sqrt(sum(0.4 * 0.6 / k for k in by_class.values())) / 7
    assert spread(FERV, "overall", "UAR", 0.4) == pytest.approx(expected)
    assert spread(FERV, "overall", "macro_F1", 0.4) is None
    found = ranked([reported("a", 0.60), reported("b", 0.50), reported("c", 0.499)])
    assert [(row.best, row.worst) for row in found.values()] == [(1, 1), (2, 3), (2, 3)]
    assert {row.basis for row in found.values()} == {"numbers"}


def test_a_stored_interval_stands_for_the_spread_where_the_labels_are_not_here():
    dfew = load_protocol("dfew")

    def scored(slug: str, value: float, half: float) -> Entry:
        about = {"id": dfew.id, "version": dfew.version, "sha256": dfew.sha256}
        report = {
            "protocol": about,
            "ground_truth": {"sha256": "0" * 64},
            "signature": "s",
            "intervals": {"level": 0.95},
        }
        told = {"value": value, "ci_low": value - half, "ci_high": value + half}
        return Entry(
            "dfew", slug, ABOUT, {"scores": {"five-fold": {"WAR": told}}, "report": report}, "predictions.json"
        )

    made = rank(dfew, [scored("a", 0.7, 0.01), scored("b", 0.6, 0.01), scored("c", 0.595, 0.01)], "five-fold", "WAR")
    assert [(row.rank, row.best, row.worst, row.basis) for row in made.rows] == [
        (1, 1, 1, "numbers"), (2, 2, 3, "numbers"), (3, 2, 3, "numbers"),
    ]  # fmt: skip
    assert (made.rows[0].low, made.rows[0].high) == (pytest.approx(0.69), pytest.approx(0.71))


def test_an_unknown_spread_can_have_every_rank():
    mafw = load_protocol("mafw")
    entries = [Entry("mafw", slug, ABOUT | {"claimed": {"five-fold": {"UAR": value}}})
               for slug, value in (("a", 0.9), ("b", 0.1), ("c", 0.5))]  # fmt: skip
    made = rank(mafw, entries, "five-fold", "UAR")
    assert [(row.rank, row.best, row.worst, row.basis) for row in made.rows] == [
        (1, 1, 3, "unknown"), (2, 1, 3, "unknown"), (3, 1, 3, "unknown"),
    ]  # fmt: skip
    assert made.groups == (("mafw/a", "mafw/c", "mafw/b"),)


def test_headlines():
    assert headline(FERV, "overall").cells == (("all", "all"),)
    assert len(headline(FERV, "per-configuration").cells) == 27
    assert len(headline(FERV, "cross-scenario").cells) == 12
    assert headline(load_protocol("dfew"), "five-fold").cells == ((None, "pooled"),)


def checked(folder: Path, cache: Path) -> Any:
    return check_board(Folder(folder), Cache(cache), Options())


def test_paired_ranks_are_those_of_compare(board: Path, tmp_path: Path):
    """Other random numbers, the same method: joint replicates of the clips, all pairs at once."""
    files = []
    base = answers(1, 0.40)
    for i, (slug, changed) in enumerate((("one", 0), ("two", 60), ("three", 400), ("four", 900))):
        content = json.loads(json.dumps(base))
        truth = load_ground_truth(FERV)
        for k in range(changed):  # answers put right: the more, the better
            content["predictions"][truth.ids[(k * 7) % len(truth)]] = FERV.classes[truth.label[(k * 7) % len(truth)]]
        put(board, slug, predictions=content)
        files.append((slug, tmp_path / f"{i}.json"))
        files[-1][1].write_text(json.dumps(content))
    found = checked(board, tmp_path / "cache")
    drawn = draw(ground_of(FERV), found.kept)
    submissions = [read_submission(path, FERV) for _, path in files]
    other = compare(FERV, *submissions, names=[slug for slug, _ in files], metric=["WAR", "UAR"])
    for metric in ("WAR", "UAR"):
        made = rank(FERV, found.entries, "overall", metric, drawn=drawn)
        theirs = next(r for r in other.rankings if r["metric"] == metric and r["target"] == "all")
        assert [row.entry.slug for row in made.rows] == theirs["order"]
        assert [row.best for row in made.rows] == theirs["best_rank"]
        assert [row.worst for row in made.rows] == theirs["worst_rank"]
        assert [row.value for row in made.rows] == pytest.approx(theirs["values"])
        assert {row.basis for row in made.rows} == {"paired"}


def test_shares_sum_to_the_score_and_draws_keep_class_counts(board: Path, tmp_path: Path):
    put(board, "one", predictions=answers(1))
    found = checked(board, tmp_path / "cache")
    truth = load_ground_truth(FERV)
    own = shares(FERV, truth, "overall", found.kept["ferv39k/one"]["right"]["overall"])
    scores = found.entries[0].scores("overall")
    for metric in ("WAR", "UAR"):
        assert own[metric].sum() == pytest.approx(scores[metric]["value"])
    fell = weights(truth, 22, 7, number=20)
    for label in range(7):
        assert (fell[:, truth.label == label].sum(axis=1) == (truth.label == label).sum()).all()
    drawn = draw(ground_of(FERV), found.kept).get("ferv39k/one", "overall", "WAR")
    assert drawn is not None
    width = 3.92 * drawn.std()
    assert width == pytest.approx(scores["WAR"]["ci_high"] - scores["WAR"]["ci_low"], rel=0.1)


def test_several_models_and_seeds(board: Path, tmp_path: Path):
    """Cross-scenario: the mean over twelve pairs, each model's answers to the clips it is tested on."""
    truth = load_ground_truth(FERV)
    rng = np.random.default_rng(0)
    scenarios = ("DL11k", "WIS9k", "SIA10k", "AI9k")
    inside = list(range(len(truth)))
    runs = []
    for source in scenarios:
        for seed in (0, 1):
            right = rng.random(len(truth)) < 0.4
            chosen = np.where(right, truth.label, rng.integers(0, 7, len(truth)))
            runs.append({"trained_on": source, "seed": seed,
                         "predictions": {truth.ids[i]: FERV.classes[chosen[i]] for i in inside}})  # fmt: skip
    put(board, "four", ABOUT | {"claimed": {"cross-scenario": {"WAR": None}}},
        {"format": "fervbench-recognition/1", "protocol": "ferv39k", "runs": runs})  # fmt: skip
    found = checked(board, tmp_path / "cache")
    assert found.exit_code == 0, found.findings
    own = shares(FERV, truth, "cross-scenario", found.kept["ferv39k/four"]["right"]["cross-scenario"])
    scores = found.entries[0].scores("cross-scenario")
    assert own["WAR"].sum() == pytest.approx(scores["WAR"]["value"])
    assert own["UAR"].sum() == pytest.approx(scores["UAR"]["value"])


DECLARED = st.fixed_dictionaries(
    {
        "extra_data": st.sampled_from(
            [None, {"used": False, "details": "none"}, {"used": True, "details": "AffectNet"}]
        ),
        "pretraining": st.sampled_from(
            [None, [], [{"data": "a", "kind": "generic"}], [{"data": "a", "kind": "faces"}]]
        ),
        "modalities": st.sampled_from([None, ["face"], ["face", "context"], ["face", "audio"], ["other"]]),
        "zero_shot": st.sampled_from([None, False, True]),
    }
)


@settings(max_examples=200, deadline=None)
@given(
    others=st.lists(st.tuples(st.integers(3000, 6000), DECLARED), max_size=6),
    own=st.tuples(st.integers(3000, 6000), DECLARED),
    key=st.sampled_from(["extra_data", "pretraining", "modalities", "zero_shot"]),
)
def test_a_declaration_never_makes_worse_off(others: Any, own: Any, key: str):
    """In every track that an entry enters undeclared it stands declared, with the same row, and it may enter more."""
    rivals = [reported(f"r{i}", war / 1e4, **declared) for i, (war, declared) in enumerate(others)]
    war, declared = own
    told, silent = reported("own", war / 1e4, **declared), reported("own", war / 1e4, **(declared | {key: None}))
    for track in TRACKS:
        if admits(track, silent):
            assert admits(track, told)
            with_, without = (ranked([*rivals, each], track=track)["own"] for each in (told, silent))
            assert (with_.rank, with_.best, with_.worst) == (without.rank, without.best, without.worst)
    assert home(told) in TRACKS


def test_tracks_only_add_rivals():
    cases = {
        "face": reported("a", 0.5),
        "context": reported("b", 0.5, modalities=["face", "context"]),
        "extra-data": reported("c", 0.5, pretraining=[{"data": "CLIP", "kind": "image-text"}]),
        "audio-text": reported("d", 0.5, modalities=["face", "audio"]),
        "zero-shot": reported("e", 0.5, modalities=None, zero_shot=True),
    }
    for track, entry in cases.items():
        assert home(entry) == track
    names = ["face", "context", "extra-data", "audio-text"]
    for entry in cases.values():
        flags = [admits(track, entry) for track in names]
        assert flags == sorted(flags)
    assert home(reported("f", 0.5, extra_data=None)) == "extra-data"
    assert home(reported("g", 0.5, modalities=None)) == "audio-text"


def test_fingerprints_rank_apart_only_where_none_is_frozen():
    def scored(slug: str, protocol: Any, evaluation: str, sha: str) -> Entry:
        about = {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256}
        report = {"protocol": about, "ground_truth": {"sha256": sha}, "signature": "s", "intervals": None}
        metric = "AUC" if protocol.task == "spotting" else "WAR"
        result = {"scores": {evaluation: {metric: {"value": 0.5}}}, "report": report}
        return Entry(protocol.id, slug, ABOUT | {"protocol": protocol.id}, result, "predictions.json")

    spotting = load_protocol("sdfe-lv")
    made = boards(spotting, [scored("a", spotting, "spotting", "1" * 64), scored("b", spotting, "spotting", "2" * 64)])
    assert [(each.fingerprint, len(each.rows)) for each in made] == [("1" * 64, 1), ("2" * 64, 1)]
    made = boards(FERV, [scored("a", FERV, "overall", "1" * 64), reported("b", 0.4)])
    assert {each.fingerprint for each in made} == {None}


def tool() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "tools" / "simulate_ranks.py"
    spec = importlib.util.spec_from_file_location("simulate_ranks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("world", ["spread", "equal"])
@pytest.mark.parametrize("paired", [True, False])
def test_rank_intervals_hold_the_true_ranks(paired: bool, world: str):
    lists = 100
    together, single, width = tool().holds(paired=paired, lists=lists, number=250, world=world)
    error = 3 * np.sqrt(0.95 * 0.05 / lists)
    assert together >= 0.95 - error
    assert single >= 0.95
    if world == "equal":
        assert width > 5.5  # six equal methods: nobody is told apart, or hardly ever
    else:
        assert 1 < width < 4.5  # not by saying nothing


def test_nothing_to_rank():
    assert rank(FERV, [], "overall", "WAR").rows == ()
    assert draw(Ground(FERV, None), {}) == Drawn({})
