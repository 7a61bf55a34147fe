"""One checkpoint: a gap beside what twins, seeds or the same items say of chance."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.answers import Disagreement
from runlens.comparison.compare import beside, compare
from runlens.comparison.curves import RunCurve, RunCurves
from runlens.model import Curve, Reference, Severity
from tests.synthetic.evals import TOKENS_PER_STEP, eval_run

AT = np.array([1e11])
NAN = np.array([np.nan])


def score(task, value, items=5000, name=""):
    return Curve(task, "acc", "", "up", AT, np.array([value]), NAN, items, name or f"eval/{task}/acc")


def loss(value, name="val"):
    return Curve("", "loss", "", "down", AT, np.array([value]), NAN, 0, name)


def against(own, *members):
    return compare(eval_run(own), Reference("nights", "tokens", tuple(members), TOKENS_PER_STEP))


def nights(value, spread=0.001):
    return [loss(value * (1 + spread * d), f"night {i}") for i, d in enumerate((-1, 0, 1, 0.5, -0.5))]


@pytest.mark.parametrize(("worse", "severity"), [(1.0, None), (1.005, None), (1.05, Severity.ERROR), (0.95, None)])
def test_a_loss_at_the_end_of_a_night(worse, severity):
    found = against([loss(2.5 * worse)], *nights(2.5))
    assert found.severity is severity and not found.groups
    (point,) = found.at_one[0].points
    assert point.yardstick == "5 references" and point.worse == pytest.approx(2.5 * (worse - 1), abs=0.002)


def test_what_lies_between_is_a_warning():
    found = against([loss(2.5 * 1.018)], *nights(2.5, 0.0002))
    assert found.severity is Severity.WARNING and "at this one checkpoint" in found.sentence


def test_nights_that_differ_widen_what_counts_as_chance():
    assert against([loss(2.5 * 1.02)], *nights(2.5, 0.02)).severity is None


def test_healthy_nights_are_rarely_flagged():
    rng = np.random.default_rng(8)
    said = [
        against([loss(2.5 * (1 + 0.005 * rng.standard_normal()))],
                *[loss(2.5 * (1 + 0.005 * rng.standard_normal()), f"n{i}") for i in range(5)]).severity
        for _ in range(200)
    ]  # fmt: skip
    assert sum(s is not None for s in said) <= 2


def test_one_score_of_many_is_no_proof():
    tasks = ("hellaswag", "piqa", "arc_easy", "sciq", "boolq")
    members = [score(t, 0.6, name="ref") for t in tasks]
    one = [score(t, 0.6 - 0.15 * (t == "sciq")) for t in tasks]
    every = [score(t, 0.57) for t in tasks]
    assert against(one, *members).severity is None
    assert against(every, *members).severity is Severity.ERROR


def own(*curves):
    return RunCurves(tuple(RunCurve(replace(c, at=NAN), np.zeros(1, dtype=np.int64)) for c in curves), (), "final")


def test_final_models_are_compared_on_the_items_they_share():
    reference = Reference("base", "tokens", (replace(score("hellaswag", 0.560, 10_042), at=NAN),))
    run = own(score("hellaswag", 0.550, 10_042))
    few, many = Disagreement(10_042, 150, 250), Disagreement(10_042, 2_000, 2_100)
    key = ("hellaswag", "acc", "")
    proven = beside("run", run, reference, answers={key: few})
    chance = beside("run", run, reference, answers={key: many})
    assert proven.at_one[0].behind and proven.at_one[0].points[0].p == pytest.approx(6e-7, rel=0.5)
    assert proven.severity is Severity.WARNING, "one point is proven, and is no error"
    assert "the same 10,042 items (McNemar), p = " in proven.sentence
    assert not chance.at_one[0].behind and chance.at_one[0].points[0].p == pytest.approx(0.12, abs=0.02)


def test_mcnemar_is_exact():
    assert Disagreement(100, 3, 3).p == pytest.approx(1.0)
    assert Disagreement(100, 0, 10).p == pytest.approx(2 * 0.5**10)
    assert Disagreement(100, 0, 0).p == 1.0
    assert Disagreement(400, 10, 90).deviation == pytest.approx(10 / 400)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_none_or_all_right_is_no_certainty(level):
    there = 0.002 if level == 0 else 0.998
    found = beside(
        "run", own(score("math", level, 500)), Reference("base", "steps", (replace(score("math", there), at=NAN),))
    )
    assert abs(found.at_one[0].points[0].sigmas) < 2


def test_a_side_with_no_item_right_does_not_say_how_sure_the_gap_is():
    from runlens.comparison.compare import compare
    from runlens.model import Curve, Reference
    from tests.synthetic.evals import eval_run

    def curve(share):
        return Curve("gsm8k", "acc", "", "up", np.array([1e9]), np.array([share]), np.array([np.nan]), 500, "gsm8k/acc")

    for own, other in ((0.0, 0.02), (0.02, 0.0)):
        (found,) = compare(eval_run([curve(own)]), Reference("r", "tokens", (curve(other),))).at_one
        assert abs(found.points[0].sigmas) < 6


def test_a_reference_of_one_checkpoint_is_held_against_the_run_s_at_that_place():
    from runlens.comparison.compare import compare
    from runlens.model import Curve, Reference
    from tests.synthetic.evals import eval_run

    def curve(at, value):
        at, value = np.array(at), np.array(value)
        return Curve("piqa", "acc", "", "up", at, value, np.full(len(at), np.nan), 2000, "piqa/acc")

    run = eval_run([curve([1e9, 2e9, 3e9, 4e9], [0.5, 0.55, 0.6, 0.65])])
    (found,) = compare(run, Reference("r", "tokens", (curve([2e9], [0.56]),))).at_one
    assert found.points[0].value == 0.55 and abs(found.at / 2e9 - 1) < 0.001
    (found,) = compare(run, Reference("r", "tokens", (curve([4e9], [0.66]),))).at_one
    assert found.points[0].value == 0.65
