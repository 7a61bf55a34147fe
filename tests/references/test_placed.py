"""An evaluation of one checkpoint, moved to where that checkpoint stands."""

from __future__ import annotations

import numpy as np

from runlens import roles
from runlens.comparison.curves import run_curves
from runlens.model import Run, Series
from runlens.references.placed import placed


def test_scores_and_their_logged_errors_move_together():
    at, clock = np.array([0]), np.array([1.7e9])
    values = {"eval/piqa_acc": 0.71, "eval/piqa_acc_stderr": 0.01}
    series = {name: Series(name, at, clock, np.array([value])) for name, value in values.items()}
    moved = placed(roles.resolve(Run("r", "r", "r", series=series, config={"global_step": 5000})))
    assert moved is not None
    run, tokens = moved
    (one,) = run_curves(run, "steps").curves
    assert (one.step.tolist(), tokens) == ([5000], None)
    assert (one.curve.value.tolist(), one.curve.stderr.tolist()) == ([0.71], [0.01])
    assert run.series["eval/piqa_acc_stderr"].step.tolist() == [0], "what was read stays as it was"
