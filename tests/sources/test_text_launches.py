"""Several runs appended to one console log: told apart where one was done, and judged each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.sources import discover, read


def steps(last, of, first=1, loss=3.0):
    rows = [
        f"iteration {i:6d}/ {of} | lm loss: {loss - i / 500:.4f} | learning rate: 1e-4" for i in range(first, last + 1)
    ]
    return "loading the data\n" + "\n".join(rows) + "\n"


def epochs(last, said="Epoch [{e}/{of}] Loss: {loss:.4f}", of=10):
    return "".join(said.format(e=e, of=of, loss=3 - e / 20) + "\n" for e in range(1, last + 1))


def found(text, folder, name="train.log"):
    (folder / name).write_text(text)
    return {ref.id: read(ref) for ref in discover(str(folder / name))}


def test_runs_that_came_to_their_end_are_told_apart_and_said(tmp_path):
    runs = found(steps(50, 50) + steps(50, 50, loss=4.0) + steps(20, 50, loss=5.0), tmp_path)
    assert list(runs) == ["train.log/1", "train.log/2", "train.log/3"] or list(runs) == [
        "train/1",
        "train/2",
        "train/3",
    ]
    for run, (last, loss) in zip(runs.values(), [(50, 3.0), (50, 4.0), (20, 5.0)], strict=True):
        series = run.series["lm loss"]
        np.testing.assert_array_equal(series.step, np.arange(1, last + 1))
        np.testing.assert_allclose(series.value, loss - series.step / 500, atol=1e-4)
        assert "holds 3 trainings, one after another" in run.notes[-1].message


def test_of_a_folder_too(tmp_path):
    (tmp_path / "train.log").write_text(steps(50, 50) * 2)
    assert len(discover(str(tmp_path))) == 2


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (steps(49, 50) + steps(50, 50), 2),  # counted from 0 it would be the last
        (steps(48, 50) + steps(50, 50), 1),  # it was killed, and given up for the next one
        (steps(50, 50) + steps(50, 50, first=30), 1),  # it goes on
        (steps(50, 50) + steps(2, 50), 1),  # too little to be a run
        (steps(50, 50) + steps(3, 50), 2),
        (epochs(10) + epochs(10), 2),
        (epochs(7) + epochs(10), 1),
        (epochs(7) + epochs(10) + epochs(10), 2),
        (epochs(10, "step {e} loss {loss}") + epochs(10, "step {e} loss {loss}"), 2),
        (epochs(7, "step {e} loss {loss}") + epochs(10, "step {e} loss {loss}"), 1),  # given up after 7 rows
        (epochs(8, "step {e} loss {loss}") + epochs(10, "step {e} loss {loss}"), 2),  # nothing says how many steps
    ],
)  # fmt: skip
def test_what_is_a_run_of_its_own(tmp_path, text, runs):
    assert len(found(text, tmp_path)) == runs


def test_how_the_last_one_ended_is_said_of_the_last_one(tmp_path):
    runs = found(
        steps(50, 50) + steps(30, 50) + "Traceback (most recent call last):\nRuntimeError: CUDA error\n", tmp_path
    )
    assert [run.state for run in runs.values()] == ["unknown", "crashed"]


def counted(first, last, loss=3.0):
    return "".join(f"step {i} loss {loss - i / 500:.4f}\n" for i in range(first, last + 1))


@pytest.mark.parametrize(
    ("trial", "then", "spans"),
    [
        (14, 301, [(1, 300), (301, 400)]),  # a trial from the first step, and the job goes on
        (14, 290, [(1, 300), (290, 400)]),  # from its last checkpoint
        (14, 312, [(1, 300), (1, 400)]),  # nobody was there before
        (14, 24, [(1, 300), (1, 400)]),  # ten strides ahead are no leap
    ],
)
def test_a_leap_to_where_an_older_training_was_goes_on_with_that_one(tmp_path, trial, then, spans):
    runs = found(counted(1, 300) + counted(1, trial) + counted(then, 400, loss=2.9), tmp_path)
    assert [(int(r.series["loss"].step[0]), int(r.series["loss"].step[-1])) for r in runs.values()] == spans


def test_damaged_numbers_between_the_rows_of_one_training_take_no_rows_away(tmp_path):
    rows = counted(1, 300) + counted(3000, 3000, loss=8.4) + counted(1, 1, loss=2.4) + counted(303, 400)
    (run,) = found(rows, tmp_path).values()
    assert len(run.series["loss"].step) == 400


def other_name(last, name, of=20, loss=3.0):
    return "".join(f"Epoch [{e}/{of}] {name}: {loss - e / 20:.4f}\n" for e in range(1, last + 1))


@pytest.mark.parametrize("first", ["Loss", "total loss"])
def test_a_loss_that_is_called_otherwise_in_the_next_training(tmp_path, first):
    second = "Loss" if first != "Loss" else "training loss"
    runs = found(other_name(20, first) + other_name(12, second), tmp_path)
    assert [list(run.series) for run in runs.values()] == [[first], [second]]
    assert [len(run.series[name]) for run, name in zip(runs.values(), (first, second), strict=True)] == [20, 12]


def test_losses_that_take_turns_are_of_one_training(tmp_path):
    lines = [
        f"Epoch [{e}/20] Loss: {3 - e / 20:.4f}\nEpoch [{e}/20] aux loss: {2 - e / 20:.4f}\n" for e in range(1, 21)
    ]
    (run,) = found("".join(lines), tmp_path).values()
    assert set(run.series) == {"Loss", "aux loss"}
