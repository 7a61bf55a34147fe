"""What the scores logged beside a held-out loss say of the stretch in which it rose: they decide."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.comparison.noise import upward
from runlens.model import Run
from runlens.roles.names.evals import is_benchmark
from runlens.rules.evals.parts.classes import by_class, traded
from runlens.rules.evals.parts.overfit import held_out_loss, part_of_loss
from runlens.rules.evals.parts.own import roles_by_name, scatter_of
from runlens.stats.robust import median

Course = Literal["improved", "still-improved", "held", "worsened"]
"""`still-improved`: only a score of the same predictions as the loss (an accuracy) improved, and the run does not
choose its best model by it: the loss has turned all the same, and the score gains less and less."""
SAME_PREDICTIONS = frozenset(
    {"acc", "token_acc", "top1", "top5", "top10", "f1", "auc", "precision", "recall", "AP", "mcc"}
)
WEIGHED = frozenset({"f1", "auc", "mcc"})
"""Scores in which a class counts for more than its share of the samples."""
CLEAR = 2.0
"""Standard errors by which a score must move: the loss has spoken already, and scores are only asked which way."""
LEAST = 0.01
"""And this share of its level."""
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def scores_since(run: Run, curves: tuple[RunCurve, ...], step: int) -> tuple[Course, str] | None:
    """How the scores went since a step at which the held-out loss was best.

    Parameters
    ----------
    run : Run
    curves : tuple of RunCurve
        Its evals over steps.
    step : int
        The best checkpoint of the loss.

    Returns
    -------
    (course, logged name) or None
        None where no score was logged on both sides of the step, where the direction of none is known by more than its
        own course, or where the run chooses its best model by the loss. The metric that the run chooses its best model
        by is asked alone; of several others the one that moved by the most standard errors is named, and one that
        worsened outweighs those that improved. Benchmarks (HellaSwag beside a validation loss) measure something else
        than the loss and are not asked.
    """
    chosen = best_model_metric(run, curves)
    known = roles_by_name(run)
    scores = [
        c
        for c in curves
        if not (held_out_loss(c) or part_of_loss(c))
        and not is_benchmark(c.curve.task)
        and known[c.curve.name].direction_from != "course"
    ]
    single, of_all = by_class(curves)
    scores = [c for c in scores if c.curve.name in of_all or (c.curve.name not in single and not of_all)]
    single, _ = traded(scores)  # a precision or recall is bought with the other one
    scores = [c for c in scores if c.curve.name not in single]
    if chosen is not None:
        if held_out_loss(chosen):
            return None
        scores = [chosen]
    moves = sorted((move, c.curve.name) for c in scores if (move := _moved(c, step)) is not None)
    if not moves:
        return None
    if moves[0][0] < -1.0:
        return "worsened", moves[0][1]
    best, name = moves[-1]
    if best <= 1.0:
        return "held", name
    own = chosen is not None or any(move > 1.0 and known[n].metric_kind not in SAME_PREDICTIONS for move, n in moves)
    return ("improved" if own else "still-improved"), name


def weighed_better(curves: tuple[RunCurve, ...], fell: list[RunCurve], step: int) -> str:
    """The logged name of a score that weighs the classes (F1, AUC, MCC) and improved since a step.

    Empty if there is none, or if anything but accuracies fell.

    A model that answers with the commonest class has the accuracy of its share: it falls when the model begins to tell
    the classes apart.
    """
    if any(c.curve.metric not in ("acc", "top1") or is_benchmark(c.curve.task) for c in fell):
        return ""
    moves = [
        (move, c.curve.name) for c in curves if c.curve.metric in WEIGHED and (move := _moved(c, step)) is not None
    ]
    best, name = max(moves, default=(0.0, ""))
    return name if best > 1.0 else ""


def best_model_metric(run: Run, curves: tuple[RunCurve, ...]) -> RunCurve | None:
    """The eval by which a Hugging Face run chooses its best model, named or told by its value; None if neither."""
    name, _ = run.configured.best_metric()
    if name:
        flat = {c.curve.name.replace("/", "_").removeprefix("eval_"): c for c in curves}
        if (found := flat.get(name.replace("/", "_").removeprefix("eval_"))) is not None:
            return found
    value, where = run.config.get("best_metric"), str(run.config.get("best_model_checkpoint") or "")
    at = _CHECKPOINT.search(where)
    if not isinstance(value, float | int) or isinstance(value, bool) or at is None:
        return None
    for own in curves:
        raw = run.placed.get(own.curve.name)
        if raw is not None and bool(np.any((raw.step == int(at[1])) & np.isclose(raw.value, value, rtol=1e-9))):
            return own
    return None


def _moved(own: RunCurve, step: int) -> float | None:
    """How far a score went up (better) since a step, in units of what counts as clear; None if not known."""
    up, after = upward(own.curve), own.step > step
    if int(after.sum()) < 2 or bool(after.all()):
        return None
    before, size = float(up[~after][-1]), min(3, int(after.sum()))
    clear = max(CLEAR * scatter_of(own) * np.sqrt(1 + 1 / size), LEAST * abs(before))
    return (median(up[after][-size:]) - before) / clear if clear > 0 else None
