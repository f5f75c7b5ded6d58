"""AR@AN and AUC against the official evaluator's stored answers, and against a direct loop on small worlds."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.metrics import spotting


@pytest.fixture
def cases(lists: Path) -> Path:
    folder = lists / "spotting"
    if not folder.is_dir():
        pytest.skip("no stored answers of the official evaluator beside the official lists")
    return folder


def flat(targets, proposals, videos):
    """Arrays of `rank` from dicts of lists; proposals of other videos are counted as outside."""
    index = {video: i for i, video in enumerate(videos)}
    t = [(index[v], row) for v in videos for row in targets[v]]
    p = [(index[v], row) for v, rows in proposals.items() if v in index for row in rows]
    return {
        "target": [row for _, row in t],
        "target_video": [i for i, _ in t],
        "prediction": [row[:2] for _, row in p],
        "prediction_video": [i for i, _ in p],
        "score": [row[2] for _, row in p],
        "videos": len(videos),
        "outside": sum(len(rows) for v, rows in proposals.items() if v not in index),
    }


def edge_cases() -> list[str]:
    return [
        "perfect_one", "perfect_100_props", "floor_artefact_rank29", "floor_artefact_rank57", "video_without_proposals",
        "unequal_counts", "unequal_counts_mx2", "extra_video_dilutes_mx2", "one_prop_two_gts", "duplicates_eat_budget",
        "tie_right_first_mx2", "tie_right_last_mx2", "nan_score_mx3", "zero_length_both", "inverted_proposal",
        "negative_start", "all_missed", "no_proposals_at_all", "edge_iou_5", "edge_iou_5.5", "edge_iou_6",
        "edge_iou_6.5", "edge_iou_7", "edge_iou_7.5", "edge_iou_8", "edge_iou_8.5", "edge_iou_9", "edge_iou_9.5",
        "edge_iou_9.000000000000002", "edge_iou_8.999999999999998",
    ]  # fmt: skip


REVERSED = ("tie_right_first_mx2", "tie_right_last_mx2")
ERRORS = {"nan_score_mx3": "not finite", "no_proposals_at_all": "no proposals at all"}


@pytest.mark.parametrize("name", edge_cases())
def test_the_edge_cases_of_the_official_evaluator(cases: Path, name: str):
    case = next(c for c in json.loads((cases / "edge_cases.json").read_text()) if c["name"] == name)
    videos = [v for v, rows in case["ground_truth"].items() if rows]
    score = [[s, e, float("nan") if x is None else x] for rows in case["proposals"].values() for s, e, x in rows]
    rows = iter(score)
    proposals = {v: [next(rows) for _ in given] for v, given in case["proposals"].items()}
    arrays = flat(case["ground_truth"], proposals, videos)
    if name in ERRORS:
        with pytest.raises(ValueError, match=ERRORS[name]):
            spotting.rank(**arrays, max_average=case["max_avg"])
        return
    ties = "reversed" if name in REVERSED else "first"
    curve = spotting.rank(**arrays, max_average=case["max_avg"], ties=ties).curve()
    assert 100 * curve.auc == pytest.approx(case["auc_pct"], abs=1e-9)
    assert curve.ar == pytest.approx(case["avg_recall"], abs=1e-12)
    assert curve.an[0] == pytest.approx(case["x_first"])
    assert curve.an[-1] == pytest.approx(case["x_last"])
    if name in REVERSED:
        default = spotting.rank(**arrays, max_average=case["max_avg"]).curve()
        assert default.ar.tolist() != curve.ar.tolist()


def test_every_stored_case_is_tried(cases: Path):
    assert [case["name"] for case in json.loads((cases / "edge_cases.json").read_text())] == edge_cases()


def activitynet(cases: Path) -> dict:
    return json.loads(gzip.decompress((cases / "anet13_val_gt.json.gz").read_bytes()))["database"]


def jittered(cases: Path, database: dict) -> dict:
    spec = importlib.util.spec_from_file_location("make_jitter", cases / "make_jitter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.jitter(database, 100, 20261121)


def arrays_of(database: dict, results: dict, *, untied: bool) -> dict:
    videos = [v for v, entry in database.items() if entry["annotations"]]
    targets = {v: [a["segment"] for a in database[v]["annotations"]] for v in videos}
    proposals = {}
    for v, rows in results.items():
        scores = np.array([row["score"] for row in rows], dtype=float)
        if untied:  # n - rank, ties in file order, as the stored answers were made
            order = np.argsort(-scores, kind="stable")
            scores[order] = len(rows) - np.arange(len(rows))
        proposals[v] = [[*row["segment"], score] for row, score in zip(rows, scores.tolist(), strict=True)]
    return flat(targets, proposals, videos)


def assert_equals_stored(arrays: dict, stored: Path, auc: float, ties: str = "first") -> None:
    curve = spotting.rank(**arrays, ties=ties).curve()
    expected = np.load(stored)
    assert np.abs(curve.recall - expected["recall"]).max() <= 1e-9
    assert np.abs(curve.ar - expected["avg"]).max() <= 1e-9
    assert np.abs(curve.an - expected["x"]).max() <= 1e-9
    assert 100 * curve.auc == pytest.approx(auc, abs=1e-9)


def test_the_official_sample_equals_the_stored_arrays(cases: Path):
    results = json.loads(gzip.decompress((cases / "anet13_sample_det.json.gz").read_bytes()))["results"]
    arrays = arrays_of(activitynet(cases), results, untied=True)
    assert_equals_stored(arrays, cases / "ref_anet_anet13_sample_det_untied.npz", 98.58739201974497)


def test_half_a_million_proposals_equal_the_stored_arrays(cases: Path):
    database = activitynet(cases)
    results = jittered(cases, database)
    assert sum(map(len, results.values())) == 473_526
    untied = arrays_of(database, results, untied=True)
    assert_equals_stored(untied, cases / "ref_anet_anet13_jit100_untied.npz", 85.68184560537502)
    tied = arrays_of(database, results, untied=False)
    assert_equals_stored(tied, cases / "ref_anet_anet13_jit100.npz", 85.68181818181819, ties="reversed")
    # other readings of the same file, as measured beside the official evaluator
    known = {
        "top-k": (86.0237, 56.29),
        "over-99": (86.5473, 27.33),
        "from-zero": (85.8185, 27.33),
        "mean": (86.2641, 27.33),
    }
    for reading, (auc, first) in known.items():
        curve = spotting.rank(**tied, ties="reversed", reading=reading).curve()
        assert (round(100 * curve.auc, 4), round(100 * curve.at(1), 2)) == (auc, first)


# Small worlds on a half-second grid: exact edges, ties, empty lists, touching and equal intervals all happen.
moment = st.integers(0, 24).map(lambda t: t / 2)
interval = st.tuples(moment, st.integers(1, 12)).map(lambda x: (x[0], x[0] + x[1] / 2))
proposal = st.tuples(interval, st.sampled_from([0.1, 0.5, 0.5, 0.9])).map(lambda x: (*x[0], x[1]))
worlds = (
    st.integers(1, 4)
    .flatmap(
        lambda n: st.tuples(
            st.lists(st.lists(interval, min_size=1, max_size=3), min_size=n, max_size=n),
            st.lists(st.lists(proposal, max_size=8), min_size=n, max_size=n),
            st.integers(0, 3),
            st.sampled_from([2, 5, 100]),
            st.sampled_from(["official", "top-k", "one-to-one", "strict"]),
            st.booleans(),
        )
    )
    .filter(lambda world: sum(map(len, world[1])) + world[2])
)


def ranked(world) -> spotting.Spotted:
    targets, proposals, outside, maximum, reading, backwards = world
    arrays = flat(dict(enumerate(targets)), dict(enumerate(proposals)), list(range(len(targets))))
    arrays["outside"] = outside
    ties = "reversed" if backwards else "first"
    return spotting.rank(**arrays, max_average=maximum, reading=reading, ties=ties)


@settings(max_examples=150, deadline=None)
@given(world=worlds)
def test_the_vectorised_code_equals_a_direct_loop(direct, world):
    targets, proposals, outside, maximum, reading, backwards = world
    recall, an = direct.recalls(
        targets,
        proposals,
        spotting.THRESHOLDS.tolist(),
        outside=outside,
        max_average=maximum,
        reverse_ties=backwards,
        reading=reading,
    )
    curve = ranked(world).curve()
    assert curve.recall.tolist() == recall
    assert curve.an == pytest.approx(an)
    ar = np.mean(recall, axis=0).tolist()
    area = sum((an[j] - an[j - 1]) * (ar[j] + ar[j - 1]) / 2 for j in range(1, 100)) / an[-1]
    assert curve.auc == pytest.approx(float(area), abs=1e-12)


@settings(deadline=None)
@given(world=worlds)
def test_recall_never_falls_with_more_proposals_nor_rises_with_the_threshold(world):
    recall = ranked(world).curve().recall
    assert (np.diff(recall, axis=1) >= 0).all()
    if world[4] != "one-to-one":  # greedy matching at a lower threshold can block a better one
        assert (np.diff(recall, axis=0) <= 0).all()


@settings(deadline=None)
@given(world=worlds, random=st.randoms())
def test_the_order_of_videos_changes_nothing(world, random):
    targets, proposals, *rest = world
    order = list(range(len(targets)))
    random.shuffle(order)
    moved = ([targets[i] for i in order], [proposals[i] for i in order], *rest)
    assert ranked(moved).curve().recall.tolist() == ranked(world).curve().recall.tolist()


@settings(deadline=None)
@given(world=worlds)
def test_parts_of_the_targets_add_up_to_the_whole(world):
    found = ranked(world)
    chosen = np.arange(len(found.target_video)) % 2 == 0
    parts = [found.curve(chosen), found.curve(~chosen)]
    whole = found.curve()
    hits = sum(part.recall * part.n for part in parts if part.n)
    assert hits == pytest.approx(whole.recall * whole.n)


def test_many_pairs_are_cut_into_pieces_without_a_seam(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    start = rng.random(60) * 50
    targets = np.stack([start, start + 1 + rng.random(60) * 5], axis=1)
    begin = rng.random(900) * 50
    proposals = np.stack([begin, begin + 1 + rng.random(900) * 5], axis=1)
    arrays = {
        "target": targets,
        "target_video": rng.permutation(np.arange(60) % 7),
        "prediction": proposals,
        "prediction_video": rng.integers(0, 7, 900),
        "score": rng.random(900),
        "videos": 7,
    }
    for reading in ("official", "one-to-one"):
        whole = spotting.rank(**arrays, reading=reading).curve().recall
        monkeypatch.setattr(spotting, "_PAIRS", 100)
        assert spotting.rank(**arrays, reading=reading).curve().recall.tolist() == whole.tolist()
        monkeypatch.undo()


def test_a_perfect_detector_reaches_the_ceiling_and_no_more():
    assert spotting.auc([[[0.0, 10.0], [20.0, 30.0]]], [[[0.0, 10.0, 0.9], [20.0, 30.0, 0.8]]]) < 0.99
    assert spotting.auc([[[0.0, 10.0]]], [[[0.0, 10.0, 0.9]]]) == pytest.approx(0.99)


def test_lists_that_shorten_to_nothing_recall_nothing():
    found = spotting.rank([[0.0, 1.0]], [0], [[0.0, 1.0]], [0], [1.0], videos=1, outside=500).curve()
    assert found.ar.tolist() == [0.0] * 100
    assert found.auc == 0.0


def test_f1_counts_on_a_world_to_count_by_hand():
    # video 1: two targets, one proposal that fits both: one to one, so 1 match; video 2: no target, one proposal
    targets = [np.array([[0, 9], [1, 10]]), np.zeros((0, 2), dtype=int)]
    predicted = [np.array([[0, 10]]), np.array([[5, 6]])]
    assert spotting.f1_counts(targets, predicted) == (1, 2, 2)
    # IoU of exactly 0.5 counts: 5 of 10 frames
    assert spotting.f1_counts([np.array([[1, 10]])], [np.array([[1, 5]])]) == (1, 1, 1)
    assert spotting.f1_counts([np.array([[1, 10]])], [np.array([[1, 4]])]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"score": [float("nan")]}, "not finite"),
        ({"score": [float("inf")]}, "not finite"),
        ({"score": []}, "differ in length"),
        ({"prediction_video": [1]}, "outside 0..0"),
        ({"reading": "best"}, "no reading"),
        ({"ties": "random"}, "tie rule"),
        ({"prediction": [[0.0, float("nan")]]}, "intervals are not finite"),
        ({"max_average": 0}, "not at least 1"),
        ({"prediction": [[1.0, 2.0, 3.0]]}, r"shape \(n, 2\)"),
        ({"prediction": [], "prediction_video": [], "score": []}, "no proposals"),
    ],
)
def test_bad_arrays_are_refused(changed: dict, said: str):
    good = {"prediction": [[0.0, 1.0]], "prediction_video": [0], "score": [0.5]}
    with pytest.raises(ValueError, match=said):
        spotting.rank([[0.0, 1.0]], [0], **{**good, **changed}, videos=1)


def test_a_video_without_a_target_is_no_part_of_the_world():
    with pytest.raises(ValueError, match="every video needs a target"):
        spotting.auc([[[0.0, 1.0]], []], [[[0.0, 1.0, 0.5]], [[0.0, 1.0, 0.5]]])


def test_proposals_without_scores_are_refused_even_if_their_number_fits():
    three = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    with pytest.raises(ValueError, match=r"shape \(m, 3\)"):
        spotting.auc([three], [three])


def test_the_first_recall_is_taken_at_the_lowest_threshold_in_any_order():
    arrays = {"target": [[0.0, 10.0]], "target_video": [0], "videos": 1}
    arrays |= {"prediction": [[0.0, 6.0], [0.0, 10.0]], "prediction_video": [0, 0], "score": [0.9, 0.8]}
    assert spotting.rank(**arrays, thresholds=[0.9, 0.5]).best.tolist() == [0]
    assert spotting.rank(**arrays, thresholds=[0.5, 0.9]).best.tolist() == [0]
