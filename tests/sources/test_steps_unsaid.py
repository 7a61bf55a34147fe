"""Points that say no step, or one and the same: they are counted, and that is said."""

import json

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read
from tests.sources.tfevents_writer import T0, scalar, version, write

N = 40
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 10.0), 4)


def run_at(path):
    (ref,) = discover(str(path))
    return resolve(read(ref))


def said(run):
    return [note.message for note in run.notes if "counted" in note.message]


@pytest.mark.parametrize("points", [7, 8])
def test_event_files_without_steps_are_counted_from_eight_points_on(tmp_path, points):
    write(tmp_path / "run", [version(), *(scalar("loss", 0, FALL[i], T0 + i) for i in range(points))])
    run = run_at(tmp_path / "run")
    assert run.series["loss"].step.tolist() == ([0] * 7 if points == 7 else list(range(8)))
    assert bool(said(run)) is (points == 8)


def test_the_longest_is_counted_and_the_others_stand_beside_it_by_time(tmp_path):
    events = [version()]
    for i in range(N):
        events.append(scalar("loss", 0, FALL[i], T0 + i))
        if i % 4 == 3:
            events.append(scalar("val_loss", 0, FALL[i] + 0.1, T0 + i + 0.5))
    run = run_at(write(tmp_path / "run", events).parent)
    assert run.role("train_loss").series.step.tolist() == list(range(N))
    assert run.role("eval_loss").series.step.tolist() == list(range(3, N, 4))


def test_a_metric_without_steps_stands_beside_a_longer_one_that_has_them(tmp_path):
    events = [version(), *(scalar("loss", 10 * i, FALL[i], T0 + i) for i in range(N))]
    events += [scalar("val_loss", 0, FALL[i] + 0.1, T0 + i + 0.5) for i in range(3, N, 4)]
    run = run_at(write(tmp_path / "run", events).parent)
    assert run.series["loss"].step.tolist() == list(range(0, 10 * N, 10))
    assert run.series["val_loss"].step.tolist() == list(range(30, 10 * N, 40))


@pytest.mark.parametrize("rows", [7, 8, N])
def test_a_column_that_says_one_number_is_no_axis(tmp_path, rows):
    path = tmp_path / "train_log.csv"
    path.write_text("step,loss\n" + "".join(f"1000,{v}\n" for v in FALL[:rows]))
    run = run_at(path)
    assert run.series["loss"].step.tolist() == ([1000] * 7 if rows == 7 else list(range(rows)))
    assert any("'step' says one number all along" in one for one in said(run)) is (rows > 7)


def test_the_epoch_beside_it_is(tmp_path):
    path = tmp_path / "train_log.csv"
    path.write_text("epoch,iteration,loss\n" + "".join(f"{i},500,{v}\n" for i, v in enumerate(FALL)))
    run = run_at(path)
    assert run.axis_name == "epoch" and run.series["loss"].step.tolist() == list(range(N))


def test_rows_that_have_names_stay_at_their_step(tmp_path):
    path = tmp_path / "train_log.csv"
    path.write_text("model,step,loss\n" + "".join(f"m{i},1000,{v}\n" for i, v in enumerate(FALL)))
    run = run_at(path)
    assert set(run.series["loss"].step.tolist()) == {1000} and not said(run)


def test_rows_of_results_at_one_step_stay_at_it(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"step": 1000, "accuracy": v}) + "\n" for v in FALL.tolist()))
    assert set(run_at(path).series["accuracy"].step.tolist()) == {1000}


@pytest.mark.parametrize("rows", [7, 8])
def test_lines_that_say_one_step_are_counted_from_eight_on(tmp_path, rows):
    path = tmp_path / "train.log"
    path.write_text("".join(f"step 5 loss {v}\n" for v in FALL[:rows]))
    run = run_at(path)
    assert run.series["loss"].step.tolist() == ([5] * 7 if rows == 7 else list(range(8)))
    assert run.axis_name == ("" if rows == 7 else "lines")


@pytest.mark.parametrize(("rows", "lines"), [(7, False), (8, True)])
def test_a_step_that_one_line_says_is_not_that_of_many_rows(tmp_path, rows, lines):
    """DeepSpeed prints `step=0` once before the Trainer's rows, which say how much of an epoch was done."""
    said = ["[Rank 0] step=0, skipped=0, lr=[0.0], mom=[(0.9, 0.999)]"]
    said += [f"{{'loss': {FALL[i]}, 'grad_norm': 0.5, 'epoch': {i / 100:.2f}}}" for i in range(rows)]
    (tmp_path / "train.log").write_text("\n".join(said) + "\n")
    run = run_at(tmp_path / "train.log")
    (loss,) = (s for name, s in run.series.items() if name.endswith("loss"))
    assert (len(np.unique(loss.step)) == rows) is lines
