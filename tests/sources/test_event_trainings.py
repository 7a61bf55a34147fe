"""Several trainings in one TensorBoard folder, each in event files of its own, and files that are one training."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from runlens.sources import discover, read
from runlens.sources.appended import event_files
from tests.sources.tfevents_writer import T0, scalar, version, write

HOUR = 3600


def falling(n: int, seed: int, high: float = 4.0, low: float = 1.0) -> list[float]:
    """A loss, from one level to another in `n` points."""
    noise = np.random.default_rng(seed).normal(0.0, 0.02, n)
    return list(low + (high - low) * np.exp(-np.arange(n) / (n / 5)) + noise)


def put(folder, at: int, values, tag: str = "train/loss", first: int = 0, split: str = ""):
    """One event file, opened `at` hours after the first."""
    began = T0 + at * HOUR
    events = [scalar(tag, first + i, v, began + i) for i, v in enumerate(values)]
    write(folder / split, [version(began), *events], f"events.out.tfevents.{int(began)}.host.{at}.0")


def runs(folder):
    return [read(ref) for ref in discover(str(folder))]


def ends(folder):
    """First and last value of each run's training curve, by its id."""
    out = {}
    for run in runs(folder):
        (series,) = [s for name, s in run.series.items() if not name.startswith("validation")]
        out[run.id] = (round(float(series.value[0])), round(float(series.value[-1])), len(series))
    return out


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tag", ["train/loss", "Loss/total", "rollout/ep_rew_mean"])
def test_each_start_from_scratch_is_a_run(tmp_path, seed, tag):
    sign = -1.0 if "rew" in tag else 1.0
    for k, n in enumerate((60, 100, 80)):
        put(tmp_path / "logs", k, [sign * v for v in falling(n, 10 * seed + k)], tag)
    first, last = int(sign * 4), int(sign * 1)
    assert ends(tmp_path / "logs") == {f"logs/{k}": (first, last, n) for k, n in ((1, 60), (2, 100), (3, 80))}


def test_what_was_told_apart_is_said(tmp_path):
    for k in range(3):
        put(tmp_path / "logs", k, falling(60, k))
    for k, run in enumerate(runs(tmp_path / "logs"), 1):
        (note,) = run.notes
        assert "holds 3 trainings" in note.message and f"number {k}" in note.message


@pytest.mark.parametrize("first", [30, 60])
def test_files_that_go_on_are_one_run(tmp_path, first):
    """A resume goes back to a checkpoint, or on where it stood."""
    values = falling(120, 1)
    put(tmp_path / "logs", 0, values[:60])
    put(tmp_path / "logs", 1, values[first:], first=first)
    (run,) = runs(tmp_path / "logs")
    assert run.id == "logs" and run.notes == () and len(run.series["train/loss"]) == 180 - first


def test_a_counter_that_begins_anew_while_the_loss_goes_on_is_no_other_training(tmp_path):
    values = falling(200, 2)
    put(tmp_path / "logs", 0, values[:80])
    put(tmp_path / "logs", 1, values[80:])
    assert len(runs(tmp_path / "logs")) == 1


@pytest.mark.parametrize("lasts", [10, 80])
def test_a_loss_that_got_nowhere_was_another_training_too(tmp_path, lasts):
    put(tmp_path / "logs", 0, [4.0 + 0.1 * (i % 3) for i in range(lasts)])
    put(tmp_path / "logs", 1, falling(80, 3))
    assert [run.id for run in runs(tmp_path / "logs")] == ["logs/1", "logs/2"]


@pytest.mark.parametrize(
    ("began", "why"),
    [(falling(5, 4), "it has 5 rows"), ([*falling(40, 4), *[float("nan")] * 40], "no number any more")],
)
def test_one_that_was_given_up_is_said_and_not_judged(tmp_path, began, why):
    put(tmp_path / "logs", 0, began)
    put(tmp_path / "logs", 1, falling(80, 5))
    (run,) = runs(tmp_path / "logs")
    assert run.id == "logs" and len(run.series["train/loss"]) == 80
    said = " ".join(note.message for note in run.notes)
    assert why in said and "not judged" in said


def test_the_other_split_of_each_training_goes_with_it(tmp_path):
    for k in range(3):
        put(tmp_path / "logs", k, falling(60, k), "epoch_loss", split="train")
        put(tmp_path / "logs", k, falling(60, k, low=2.0), "epoch_loss", split="validation")
    for run in runs(tmp_path / "logs"):
        train, held_out = run.series["train/epoch_loss"], run.series["validation/epoch_loss"]
        assert len(train) == len(held_out) == 60 and train.time[0] == held_out.time[0]


def test_of_names_that_do_not_tell_when_they_were_opened_none_is_told_apart(tmp_path):
    for k in range(2):
        put(tmp_path / "logs", k, falling(60, k))
    for number, path in enumerate(sorted((tmp_path / "logs").iterdir())):
        path.rename(path.with_name(f"{number}.tfevents"))
    assert len(runs(tmp_path / "logs")) == 1


def test_every_point_is_in_one_run(tmp_path):
    sizes = [40, 3, 90, 25, 60]
    for k, n in enumerate(sizes):
        put(tmp_path / "logs", k, falling(n, k))
    found = list(discover(str(tmp_path / "logs")))
    files = list(itertools.chain.from_iterable(ref.files for ref in found))
    assert len(files) == len(set(files))
    left = [n for n, path in zip(sizes, sorted((tmp_path / "logs").iterdir()), strict=True) if str(path) not in files]
    assert left == [3]


def test_files_that_are_as_they_were_are_not_read_again_to_be_told_apart(tmp_path, monkeypatch):
    read_files, real = [], event_files.read_folder
    monkeypatch.setattr(event_files, "read_folder", lambda paths: read_files.extend(paths) or real(paths))
    for k in range(2):
        put(tmp_path / "logs", k, falling(60, k))
    found = list(discover(str(tmp_path / "logs")))
    assert list(discover(str(tmp_path / "logs"))) == found and len(found) == len(read_files) == 2
    put(tmp_path / "logs", 2, falling(60, 2))
    assert len(list(discover(str(tmp_path / "logs")))) == 3 and len(read_files) == 5


@pytest.mark.parametrize("over", [0, 1])
def test_files_of_many_bytes_are_one_run(tmp_path, monkeypatch, over):
    for k in range(2):
        put(tmp_path / "logs", k, falling(60, k))
    size = sum(path.stat().st_size for path in (tmp_path / "logs").iterdir())
    monkeypatch.setattr(event_files, "_MOST_BYTES", size - over)
    assert len(list(discover(str(tmp_path / "logs")))) == 2 - over
