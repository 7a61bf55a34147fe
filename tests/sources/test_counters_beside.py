"""Counters beside the axis, and what tells trainings apart where no loss does."""

import json

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read

N = 40
RNG = np.random.default_rng(5)
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 10.0), 4)
RISE = np.round(100 - 90 * np.exp(-np.arange(N) / 10.0) + RNG.standard_normal(N), 2)


def runs(path):
    return [resolve(read(ref)) for ref in discover(str(path))]


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_steps_of_an_episode_are_no_axis_where_the_episode_begins_anew_with_a_training(tmp_path):
    taken = RNG.integers(60, 2000, 2 * N).tolist()
    rows = [{"episode": i % N + 1, "steps": taken[i], "reward": RISE[i % N]} for i in range(2 * N)]
    found = runs(lines(tmp_path / "training_log.jsonl", rows))
    assert [run.axis_name for run in found] == ["episode", "episode"]
    assert [len(run.series["reward"]) for run in found] == [N, N]


@pytest.mark.parametrize("flat", [False, True], ids=["a reward that rises", "a reward of noise"])
def test_a_reward_tells_trainings_apart_where_no_loss_is_logged(tmp_path, flat):
    reward = RNG.standard_normal(N + 25).round(3) if flat else np.r_[RISE, RISE[:25]]
    rows = [{"step": 10 * (i % N), "reward": v} for i, v in enumerate(reward.tolist())]
    assert len(runs(lines(tmp_path / "log.jsonl", rows))) == (1 if flat else 2)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_counter_that_counts_on_tells_that_the_training_does(tmp_path, goes_on):
    rows = [{"global_step": 100 * (i + 1), "episode": i, "reward": v} for i, v in enumerate(RISE.tolist())]
    rows += [
        {"global_step": 100 * (i + 1), "episode": i + (N if goes_on else 0), "reward": v}
        for i, v in enumerate(RISE[:20].tolist())
    ]
    found = runs(lines(tmp_path / "metrics.jsonl", rows))
    assert len(found) == (1 if goes_on else 2)
    if goes_on:
        assert np.all(np.diff(found[0].series["reward"].step) > 0)


def test_it_does_for_rows_that_do_not_say_it(tmp_path):
    rows = []
    for i, v in enumerate(np.r_[FALL, FALL[:20]].tolist()):
        rows.append({"global_step": 100 * (i % N) + 50, "episode": i, "reward": 1.0})
        rows.append({"global_step": 100 * (i % N + 1), "loss": v})
    (run,) = runs(lines(tmp_path / "metrics.jsonl", rows))
    assert np.all(np.diff(run.series["loss"].step) > 0)


@pytest.mark.parametrize("name", ["train_log.txt", "log.txt"])
def test_a_head_may_end_in_a_tab(tmp_path, name):
    rows = "".join(f"{v}\t{v + 1:.4f}\t{v / 2:.4f}\t\n" for v in FALL)
    (tmp_path / name).write_text("2d_loss   \t3d_loss   \tadv_loss   \t\n" + rows)
    (run,) = runs(tmp_path / name)
    assert set(run.series) == {"2d_loss", "3d_loss", "adv_loss"}


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("Epoch {e}[{b}/10]: loss:{v}, lr:0.01", list(range(1, N + 1))),
        (
            "{b}/10 in {z} epoch finished at time 0:10:{b}.652964 from start, Loss is {v} Acc is 0.66",
            list(range(1, N + 1)),
        ),
        ("at the {i}th step the loss is {v}", list(range(N))),
    ],
)
def test_counters_in_odd_places_are_read(tmp_path, line, steps):
    text = "".join(line.format(e=i // 10 + 1, z=i // 10, b=i % 10 + 1, i=i, v=v) + "\n" for i, v in enumerate(FALL))
    (tmp_path / "train.log").write_text(text)
    (run,) = runs(tmp_path / "train.log")
    assert run.role("train_loss").series.step.tolist() == steps


def test_rows_above_the_first_numbered_heading_hide_no_trainings(tmp_path):
    block = "Start epoch :\n" + "".join(f"Train Loss: {v}, Acc: 0.75\n" for v in FALL[:6])
    one = "".join(f"Start epoch {i + 1}:\nTrain Loss: {v}, Acc: 0.75\n" for i, v in enumerate(FALL[:12]))
    (tmp_path / "train.log").write_text(block + 3 * one)
    found = runs(tmp_path / "train.log")
    assert [len(run.series["Train Loss"]) for run in found[-2:]] == [12, 12]
    assert found[-1].series["Train Loss"].step.tolist() == list(range(1, 13))
