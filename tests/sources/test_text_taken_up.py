"""Lines of a console log that say that training goes on from a checkpoint: the pause before is a resume, no stall."""

import numpy as np
import pytest

from runlens.model import Severity
from runlens.roles import resolve
from runlens.rules.throughput.stall import Stall
from runlens.sources import discover, read

SAID = (
    "[11/16 04:45:00] d2.engine.train_loop INFO: Starting training from iteration 400",
    "Resuming training from checkpoints/last.pt",
    "2024-01-02 - INFO - resumed epoch: 4, iter: 400",
    "Restored all states from the checkpoint at logs/last.ckpt",
    "  Continuing training from checkpoint, will skip to saved global_step",
)


def log(said, pause=1800):
    """800 steps of a second, a pause after the first 400, and a line at its end."""
    lines = []
    for i in range(800):
        if i == 400:
            lines.append(said)
        at = np.datetime64("2024-01-02T00:00:00") + np.timedelta64(i + pause * (i >= 400), "s")
        lines.append(f"{str(at).replace('T', ' ')} INFO step {i} loss {2 + 3 / (1 + i):.4f}")
    return "\n".join(lines) + "\n"


def judged(tmp_path, text):
    path = tmp_path / "train.log"
    path.write_text(text)
    run = resolve(read(discover(str(path))[0]))
    return run, [f for f in Stall().check(run) if hasattr(f, "severity")]


@pytest.mark.parametrize("said", SAID)
def test_a_pause_at_which_training_was_taken_up_again(tmp_path, said):
    run, (one,) = judged(tmp_path, log(said))
    assert len(run.starts) == 2
    assert one.severity is Severity.INFO and one.evidence["at_resume"]


@pytest.mark.parametrize(
    "said", ["Starting training from iteration 0", "the resume of this talk", "saving a checkpoint"]
)
def test_other_lines_leave_it_a_stall(tmp_path, said):
    run, (one,) = judged(tmp_path, log(said))
    assert len(run.starts) == 1
    assert one.severity is Severity.ERROR and not one.evidence["at_resume"]


def test_a_line_before_the_first_step_is_its_first_start(tmp_path):
    run, (one,) = judged(tmp_path, SAID[1] + "\n" + log("nothing"))
    assert len(run.starts) == 1 and one.severity is Severity.ERROR


@pytest.mark.parametrize(("pause", "every", "starts"), [(599, 10, 1), (601, 10, 2), (1499, 300, 1), (1501, 300, 2)])
def test_a_counter_that_begins_anew_after_a_long_pause_is_a_start(tmp_path, pause, every, starts):
    n = np.arange(54)
    loss = 2.0 * np.exp(-n / 12) + 0.2 + np.random.default_rng(1).normal(0, 0.01, 54)
    at = np.datetime64("2024-01-02T00:00:00") + (n * every + np.where(n >= 30, pause - every, 0))
    rows = zip(at, [*range(1, 31), *range(1, 25)], loss, strict=True)
    text = "".join(f"{str(t).replace('T', ' ')} INFO Epoch {epoch} loss {v:.4f}\n" for t, epoch, v in rows)
    run, _ = judged(tmp_path, text)
    assert run.step_range() == (1, 54)
    assert len(run.starts) == starts
