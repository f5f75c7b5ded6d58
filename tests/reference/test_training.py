"""The loop: what it learns, that it repeats, that it goes on where it was, that it says what is wrong."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from fervbench.errors import InputError, UsageError
from fervbench.reference import checkpoint, counter, engines, networks, numerics
from fervbench.reference.choosing import held_out
from fervbench.reference.clips import load_pixels, make_clips
from fervbench.reference.fitting import fit
from fervbench.reference.schedule import Schedule
from fervbench.reference.settings import Loss, Settings
from fervbench.reference.training import Trainer, predict

from .world import CLASSES, Small, data_of, settings, write_world

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def trainer(world: Path) -> Callable[..., Trainer]:
    data = data_of(world)
    pack = data.packs[0]
    labels = [CLASSES.index(str(label)) for label in pack.labels]

    def make(network: nn.Module | None = None, **changes: object) -> Trainer:
        chosen = settings(**changes)
        clips = make_clips([pack], [load_pixels(pack, CPU)], chosen.sizes, pack.ids, labels, chosen.view, CPU)
        torch.manual_seed(chosen.seed)
        return Trainer(chosen, network or Small(3), clips, 3)

    return make


def numbers(trainer: Trainer) -> list[torch.Tensor]:
    moments = [value for p in trainer.parameters for value in trainer.optimizer.state[p].values()]
    return [*trainer.network.state_dict().values(), *trainer.losses.state_dict().values(), *moments, trainer.total]


def same(one: Trainer, other: Trainer) -> bool:
    pairs = zip(numbers(one), numbers(other), strict=True)
    return one.history == other.history and all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("loss", ["cross-entropy", "ec-stfl", "center-loss"])
def test_going_on_from_any_step_ends_in_the_same_bits(trainer, tmp_path: Path, optimizer: str, loss: str):
    changes = {"optimizer": optimizer, "loss": Loss(loss, 0.5)}
    whole = trainer(**changes)
    stops: list[Path] = []

    def stop() -> None:
        path = tmp_path / f"{len(stops)}.pt"
        checkpoint.save(path, "job", "small", whole.state())
        stops.append(path)

    while not whole.done:
        whole.run_epoch(stop)
    for path in stops[:: 5 if loss == "cross-entropy" else 11]:
        other = trainer(**changes)
        torch.manual_seed(12345)  # whatever happened before does not matter
        state = checkpoint.load(path, "job", "small", CPU)
        assert state is not None
        other.restore(state)
        while not other.done:
            other.run_epoch()
        assert same(whole, other)


def test_the_same_seed_gives_the_same_bits_and_another_others(trainer):
    made = [trainer(seed=seed) for seed in (0, 0, 1)]
    for each in made:
        each.run_epoch()
    assert same(made[0], made[1])
    assert not same(made[0], made[2])


def test_a_fused_step_is_sgd_as_it_is_written(trainer):
    own = trainer(weight_decay=0.01)
    plain = copy.deepcopy(own.network)
    reference = torch.optim.SGD(plain.parameters(), own.settings.lr, 0.9, weight_decay=0.01, fused=False, foreach=False)
    order = counter.order(0, 0, len(own.clips))
    for step in range(4):
        chosen = order[8 * step : 8 * step + 8]
        own.seed_step(0, step)
        own.eager_step(chosen)
        own.seed_step(0, step)
        reference.zero_grad()
        scores = plain(own.clips.train(chosen, 0, 0)[0])
        nn.functional.cross_entropy(scores, own.clips.labels[chosen]).backward()
        reference.step()
    for a, b in zip(own.network.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-7)


def test_channels_last_weights_are_stepped_as_others(trainer):
    """The fused step walks through memory; gradients must lie in it as the weights do."""
    one, other = trainer(), trainer(Small(3).to(memory_format=torch.channels_last_3d))
    other.network.load_state_dict(one.network.state_dict())
    one.run_epoch()
    other.run_epoch()
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_batch_of_one_class_moves_nothing_with_ec_stfl(trainer, optimizer: str):
    """The papers drop the backward step; momentum and decay alone would go on moving the weights."""
    own = trainer(loss=Loss("ec-stfl", 10.0), weight_decay=0.1, optimizer=optimizer, lr=0.01)
    mixed, one = torch.arange(0, len(own.clips), 3), torch.nonzero(own.clips.labels == 0).flatten()[:8]
    assert len(set(own.clips.labels[mixed].tolist())) > 1

    def state() -> list[torch.Tensor]:
        moments = [value for p in own.parameters for value in own.optimizer.state[p].values()]
        return [value.clone() for value in (*own.network.parameters(), *moments)]

    own.eager_step(mixed)
    before = state()
    own.eager_step(one)
    assert all(torch.equal(a, b) for a, b in zip(before, state(), strict=True))
    own.eager_step(mixed)
    assert not any(torch.equal(a, b) for a, b in zip(before, state(), strict=True) if a.numel() > 1)
    plain = trainer(weight_decay=0.1, optimizer=optimizer, lr=0.01)
    first = [p.detach().clone() for p in plain.parameters]
    plain.eager_step(one)
    assert not any(torch.equal(a, b) for a, b in zip(first, plain.parameters, strict=True))


def test_every_clip_is_seen_once_an_epoch_but_for_the_last_few(trainer):
    own = trainer(batch=10)
    seen: list[int] = []
    step = own.engine
    own.engine = lambda chosen: (seen.extend(chosen.tolist()), step(chosen))[1]
    own.run_epoch()
    assert len(seen) == len(set(seen)) == 90  # of 96


def test_learning_rates_fall_as_scheduled(trainer):
    own = trainer(epochs=3, lr=0.1, schedule=Schedule("exponential", 0.5))
    while not own.done:
        own.run_epoch()
    assert [row["lr"] for row in own.history] == [0.1, 0.05, 0.025]
    assert [Schedule("step", 0.1, (2, 3)).factor(k) for k in range(4)] == pytest.approx([1, 1, 0.1, 0.01])
    plateau = Schedule("plateau", 0.1, patience=2)
    losses = [3, 2, 2, 2, 2, 1, 1, 1, 1]
    torchs = torch.optim.lr_scheduler.ReduceLROnPlateau(torch.optim.SGD([torch.zeros(1)], 1.0), factor=0.1, patience=2)
    for k, loss in enumerate(losses):
        torchs.step(loss)
        assert plateau.factor(k + 1, losses) == pytest.approx(torchs.get_last_lr()[0])
    with pytest.raises(UsageError, match="no schedule 'cosine'"):
        Schedule("cosine")


@pytest.mark.parametrize(
    "schedule", [Schedule("exponential", 0.95), Schedule("step", 0.1, (30, 50)), Schedule("constant")]
)
def test_fewer_epochs_end_at_the_same_rate(schedule: Schedule):
    whole = [schedule.factor(epoch) for epoch in range(61)]
    short = schedule.stretched(12 / 60)
    assert [short.factor(epoch) for epoch in range(13)] == pytest.approx(whole[::5])
    assert schedule.stretched(1.0) == schedule


def test_a_diverging_loss_is_named(trainer):
    own = trainer(lr=999.0, epochs=5)
    with pytest.raises(InputError, match="the loss is no number after epoch"):  # noqa: PT012
        own.network.fc.weight.data.fill_(float("nan"))
        own.run_epoch()


def test_predictions_do_not_depend_on_the_batch(trainer):
    own = trainer()
    own.run_epoch()
    whole, parts = predict(own, own.clips, 96), predict(own, own.clips, 7)
    assert whole.shape == (96, 3)
    assert torch.allclose(whole.sum(1), torch.ones(96), atol=1e-6)
    assert torch.allclose(whole, parts, atol=1e-6)
    assert own.network.training


def test_a_race_leaves_the_trainer_as_it_was_and_takes_the_fastest(trainer):
    own, untouched = trainer(epochs=1), trainer(epochs=1)

    def slow(trainer: Trainer):
        def step(chosen: torch.Tensor) -> None:
            time.sleep(0.02)
            trainer.eager_step(chosen)

        return step

    def broken(trainer: Trainer):
        raise RuntimeError("no compiler here\nat all")

    race = engines.choose(own, steps=3, engines={"slow": slow, "broken": broken, "eager": engines.eager})
    assert race.chosen == "eager"
    assert race.milliseconds["broken"] is None
    assert race.failures == {"broken": "RuntimeError: no compiler here"}
    assert same(own, untouched)
    own.run_epoch()
    untouched.run_epoch()
    assert same(own, untouched)
    with pytest.raises(RuntimeError, match="no compiler"):
        engines.choose(own, engines={"broken": broken, "broken too": broken})


def test_on_a_cpu_steps_are_eager(trainer):
    assert engines.choose(trainer()) == engines.Race("eager", {}, {})


def test_wrong_convolutions_are_found(monkeypatch: pytest.MonkeyPatch):
    assert numerics.conv3d_error(CPU) < numerics.TOLERANCE
    right = nn.functional.conv3d

    def wrong(x, w, **options):
        y = right(x, w, **options)
        return y * 1.1 if x.dtype == torch.bfloat16 else y

    monkeypatch.setattr(nn.functional, "conv3d", wrong)
    assert numerics.conv3d_error(CPU) > numerics.TOLERANCE


def test_devices_are_named():
    assert numerics.choose_device("cpu") == CPU
    for name in ("gpu", "meta", *(() if torch.cuda.is_available() else ("cuda",))):
        with pytest.raises(UsageError, match="no device"):
            numerics.choose_device(name)


def test_a_share_of_every_class_is_held_out():
    labels = torch.tensor([0] * 50 + [1] * 20 + [2] * 2 + [3])
    mask = held_out(labels, 0.1, 0)
    assert [int(mask[labels == c].sum()) for c in range(4)] == [5, 2, 1, 0]
    assert torch.equal(mask, held_out(labels, 0.1, 0))
    assert not torch.equal(mask, held_out(labels, 0.1, 1))


def test_first_weights_follow_from_the_seed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(networks, "build", lambda *_: Small(3))
    torch.manual_seed(5)
    made = [networks.make_network(Settings("small", seed=seed), 3, CPU).conv.weight for seed in (0, 0, 1)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert made[0].is_contiguous(memory_format=torch.channels_last_3d)


def test_it_learns_and_shuffled_labels_stay_at_chance(trainer):
    """The classes differ in hue, so a network gives a hue one answer: shuffled, one of three, seed by seed."""
    even = torch.arange(96) % 2 == 0

    def share_right(seed: int, shuffled: bool) -> float:
        own = trainer(epochs=2, seed=seed)
        every, labels = own.clips, own.clips.labels
        if shuffled:
            labels = labels[torch.argsort(counter.bits(seed, counter.SHUFFLE, 0, torch.arange(96)))]
        own.clips = replace(every, labels=labels).part(torch.nonzero(even).flatten())
        own.steps = 6
        while not own.done:
            own.run_epoch()
        rest = every.part(torch.nonzero(~even).flatten())
        return float((predict(own, rest).argmax(1) == rest.labels).float().mean())

    assert min(share_right(seed, shuffled=False) for seed in range(3)) > 0.9
    controls = [share_right(seed, shuffled=True) for seed in range(16)]
    assert 0.1 < sum(controls) / 16 < 0.56  # 1/3, its standard deviation 0.07


def test_progress_names_epoch_rate_loss_and_time(trainer, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    own = trainer(epochs=1)
    fit(own, tmp_path / "checkpoint.pt", "job", say=print)
    assert "epoch 1/1, " in (shown := capsys.readouterr().err)
    for word in (" clips/s", " left", "loss ", "lr 0.0"):
        assert word in shown
