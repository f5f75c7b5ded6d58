"""The networks: parameters, anchors, windows, samples, and what they decode from perfect signals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fervbench.metrics.intervals import tiou
from fervbench.reference.models.c3d import C3D
from fervbench.reference.spotting import bmn, bsn, rc3d, turn
from fervbench.reference.spotting.labels import overlap_map
from fervbench.reference.spotting.parts import in_seconds
from fervbench.reference.spotting.running import auc_of
from fervbench.spotting_recipes import spotting_recipes

from . import drawn


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def on_meta(network: str, channels: int) -> int:
    with torch.device("meta"):
        if network == "bmn":
            return count(bmn.BMN(channels))
        if network == "bsn":
            return count(bsn.TEM(channels)) + count(bsn.PEM())
        return count(turn.TURN(channels) if network == "turn" else rc3d.RC3D(20))


def test_parameters_are_those_of_the_public_networks():
    assert [on_meta("bmn", c) for c in (400, 2048, 4096)] == [4_978_564, 5_294_980, 5_688_196]
    assert (count(bsn.TEM(400)), count(bsn.PEM())) == (1_403_395, 8_705)
    assert [on_meta("turn", c) for c in (2048, 4096)] == [6_149_004, 12_293_004]
    assert on_meta("r-c3d", 0) == 85_389_743
    for recipe in spotting_recipes():
        assert recipe.parameters == {c: on_meta(recipe.network, c) for c in recipe.parameters}


def test_bmn_maps_and_curves():
    torch.manual_seed(0)
    network = bmn.BMN(8, 12, 4)
    with torch.no_grad():
        map_, start, end = network(torch.randn(2, 8, 12))
    assert (map_.shape, start.shape, end.shape) == ((2, 2, 12, 12), (2, 12), (2, 12))
    assert all(float(each.min()) >= 0 and float(each.max()) <= 1 for each in (map_, start, end))


def test_a_perfect_boundary_signal_gives_the_ceiling():
    # Intervals that begin and end at bins; one a video, so that the first proposal of each recalls it: AUC is 0.99.
    videos = drawn.read(
        {f"v{i}": drawn.Video(25.0, drawn.FPS, f"s{i}", None, ((3.0 + i % 7, 9.0 + i, "Happy"),)) for i in range(15)},
        25,
    )
    bins = 100
    by_bmn, by_bsn = {}, {}
    for item in videos.parts["test"]:
        shares = item.intervals / item.seconds
        map_ = np.stack([overlap_map(shares, bins)] * 2)
        curves = np.zeros((2, bins))
        i, j = np.rint(shares[0] * bins).astype(int)
        curves[0, i], curves[1, j] = 1, 1
        by_bmn[item.id] = in_seconds(item, *bmn.decode(map_ + 1e-6, *(curves + 1e-6), bmn.Options()))
        action = ((np.arange(bins) >= i) & (np.arange(bins) <= j)).astype(float)
        found = bsn.candidates_of(action, *curves, top=1000)
        overlap = tiou(found.shares, shares + 0.5 / bins).max(axis=1)
        by_bsn[item.id] = in_seconds(item, *bsn.decode(found, overlap, bsn.Options()))
    assert auc_of(videos.truth, by_bmn) == pytest.approx(0.99, abs=1e-12)
    assert auc_of(videos.truth, {id: rows - [0.125, 0.125, 0] for id, rows in by_bsn.items()}) == pytest.approx(0.99)


def test_peaks_and_candidates_of_bsn():
    curve = np.array([0.1, 0.3, 0.2, 0.6, 0.9, 0.2, 0.25, 0.1])
    assert bsn.peaks(curve).tolist() == [0, 1, 3, 4, 6, 7]  # 1 and 6 are local, 3 is above half, the ends always
    flat = np.zeros(4)
    found = bsn.candidates_of(flat, np.array([0.9, 0, 0, 0.2]), np.array([0.1, 0.0, 0.8, 0.1]), top=2)
    assert found.shares.tolist() == [[0.125, 0.625], [0.125, 0.875]]
    assert (found.start * found.end).tolist() == pytest.approx([0.72, 0.09])
    assert found.features.shape == (2, 32)


def test_samples_of_the_action_curve():
    action = np.linspace(0.05, 0.95, 10)  # equal to time at bin centres
    [row] = bsn.sample_action(action, np.array([[0.25, 0.75]]))
    steps = np.linspace(0.25, 0.75, 48).reshape(16, 3).mean(axis=1)
    np.testing.assert_allclose(row[:16], steps, atol=1e-12)
    np.testing.assert_allclose(row[16:24], np.linspace(0.15, 0.35, 24).reshape(8, 3).mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(row[24:], np.linspace(0.65, 0.85, 24).reshape(8, 3).mean(axis=1), atol=1e-12)


def test_windows_of_turn():
    options = turn.Options(lengths=(1, 4), context=2)
    assert turn.windows_of(5, options).tolist() == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 4], [1, 5]]
    assert turn.windows_of(3, turn.Options(lengths=(4, 8))).tolist() == [[0, 3]]  # shorter than every window
    x = np.arange(5, dtype=np.float32)[:, None]
    made = turn.window_features(x, np.array([[1, 3], [0, 5]]), 2)
    assert made.tolist() == [[0.0, 1.5, 3.5], [0.0, 2.0, 0.0]]


def test_targets_of_turn():
    windows = np.array([[0, 2], [2, 4], [2, 6], [8, 9]])
    kind, wanted = turn.targets_of(windows, np.array([[2.75, 5.0]]), 0.5)
    assert kind.tolist() == [0, -1, 1, 0]  # [2, 4] overlaps by 1.25 / 3, [2, 6] by 2.25 / 4
    assert wanted[2].tolist() == [0.75, -1.0]
    kind, _ = turn.targets_of(windows, np.array([[8.1, 8.2]]), 0.5)
    assert kind.tolist() == [0, 0, 0, 1]  # the best, though it overlaps by a tenth
    assert turn.targets_of(windows, np.empty((0, 2)), 0.5)[0].tolist() == [0, 0, 0, 0]


def test_lengths_of_windows_weigh_scores():
    shares = turn.length_shares((1, 4), np.array([1.0, 1.5, 5.0]))
    assert shares.tolist() == [3 / 5, 2 / 5]


def test_anchors_and_moves():
    anchors = rc3d.anchors_of(3, (1, 4))
    assert anchors[:2].tolist() == [[0, 1], [-1.5, 2.5]]
    wanted = np.array([[0.25, 3.0]] * 6)
    moves = rc3d.moves_of(anchors, wanted)
    assert moves[0].tolist() == pytest.approx([1.125, np.log(2.75)])
    np.testing.assert_allclose(rc3d.moved(anchors, moves, 3.0), wanted, atol=1e-12)
    kind, _ = rc3d.anchor_targets(anchors, np.array([[0.0, 1.0]]), 0.7, 0.3)
    assert kind.tolist() == [1, 0, 0, 0, 0, 0]
    kind, _ = rc3d.anchor_targets(anchors, np.array([[0.4, 2.6]]), 0.7, 0.3)
    assert kind.tolist() == [0, -1, -1, 1, 0, -1]  # the best counts, though it overlaps by less than 0.7
    assert rc3d.anchor_targets(anchors, np.empty((0, 2)), 0.7, 0.3)[0].tolist() == [0] * 6


def test_regions_are_pooled_over_time_and_space():
    cells = torch.arange(2 * 4 * 2 * 2, dtype=torch.float32).view(2, 4, 2, 2)
    pooled = rc3d.pool_regions(cells, torch.tensor([[0.2, 1.9], [3.5, 4.0], [2.0, 2.0]]), (1, 1))
    assert pooled.view(3, 2).tolist() == [[7, 23], [15, 31], [11, 27]]


def test_rc3d_runs_at_small_size_and_learns_from_a_window():
    torch.manual_seed(0)
    network = rc3d.RC3D(6, 3, (32, 32), width=1 / 16)
    cells = network.trunk(torch.randn(1, 3, 32, 32, 32))
    assert cells.shape == (1, 32, 4, 2, 2)
    scores, moves = network.regions(cells)
    assert (scores.shape, moves.shape) == ((1, 4, 3, 2), (1, 4, 3, 2))
    classes, twins = network.heads(cells[0], torch.tensor([[0.0, 2.0], [1.0, 4.0]]))
    assert (classes.shape, twins.shape) == ((2, 7), (2, 7, 2))


def test_batch_normalisation_is_folded_exactly():
    torch.manual_seed(0)
    theirs = C3D(0, (32, 32)).eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.uniform_(module.bias)
    network = rc3d.RC3D(6, 28, (32, 32))
    network.load_state_dict(network.state_dict() | rc3d.fold(theirs.state_dict()))
    x = torch.randn(1, 3, 16, 32, 32)
    with torch.no_grad():
        found, wanted = network.trunk(x), x
        for name, pool in (("1", 1), ("2", 2), ("3a", 0), ("3b", 2), ("4a", 0), ("4b", 2), ("5a", 0), ("5b", 0)):
            wanted = theirs._unit(name, wanted)
            if pool:
                wanted = torch.nn.functional.max_pool3d(wanted, (pool, 2, 2))
    assert (found - wanted).abs().max() <= 1e-4 * float(wanted.abs().max())
