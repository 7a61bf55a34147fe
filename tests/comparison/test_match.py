import numpy as np
import pytest

from runlens.comparison.curves import RunCurve
from runlens.comparison.match import match, rescaled
from runlens.model import Curve

AT = np.array([1e9, 2e9, 3e9])


def curve(task="piqa", metric="acc", setting="", direction="up", name="", value=(0.5, 0.6, 0.7)):
    return Curve(task, metric, setting, direction, AT, np.array(value), np.full(3, np.nan), 0, name or f"eval/{task}")


def run(*curves):
    return tuple(RunCurve(c, np.arange(1, 4)) for c in curves)


@pytest.mark.parametrize(
    ("own", "other", "note"),
    [
        (curve(setting="0-shot"), curve(setting="0-shot"), ""),
        (curve(), curve(setting="5-shot"), "the run does not tell its few-shot setting; taken for 5-shot"),
        (curve(setting="5-shot"), curve(), "the reference does not tell its few-shot setting; taken for 5-shot"),
        (curve(metric="score"), curve(metric="acc_norm"), "the run does not tell its metric; taken for acc_norm"),
        (curve("", "loss", direction="down"), curve("", "loss", direction="down"), "same data and tokenizer"),
    ],
)
def test_what_fits_is_matched_and_what_was_assumed_is_noted(own, other, note):
    (pair,) = match(run(own), (other,)).pairs
    assert bool(pair.notes) == bool(note) and (not note or any(note in n for n in pair.notes))


@pytest.mark.parametrize(
    ("own", "others", "why"),
    [
        (curve("mmlu"), [curve()], "no such task"),
        (curve(setting="5-shot"), [curve(setting="0-shot")], "the run's is 5-shot, the reference's 0-shot"),
        (curve(), [curve(setting="0-shot"), curve(setting="5-shot")], "does not tell its few-shot setting"),
        (curve(metric="acc"), [curve(metric="acc_norm")], "the run's is acc, the reference has acc_norm"),
        (curve(metric="score"), [curve(), curve(metric="f1")], "does not tell its metric"),
        (curve(), [curve(direction="down")], "do not agree which way is better"),
    ],
)
def test_what_does_not_fit_stays_apart_and_says_why(own, others, why):
    found = match(run(own), tuple(others))
    assert not found.pairs and any(why in text for _, text in found.unmatched)


def test_curves_that_differ_in_name_alone_are_a_band():
    (pair,) = match(run(curve()), (curve(name="a"), curve(name="b"))).pairs
    assert len(pair.members) == 2


def test_what_only_the_reference_has_is_listed():
    found = match(run(curve()), (curve(), curve("mmlu", setting="5-shot")))
    assert ("mmlu (acc 5-shot)", "only the reference has it") in found.unmatched


def test_one_curve_of_the_reference_is_compared_once():
    found = match(run(curve(name="a"), curve(name="b")), (curve(),))
    assert len(found.pairs) == 1 and "already compared" in found.unmatched[0][1]


@pytest.mark.parametrize(
    ("own", "other", "factor"),
    [((0.5, 0.6, 0.7), (50, 60, 70), 0.01), ((50, 60, 70), (0.5, 0.6, 0.7), 100.0), ((0.5,) * 3, (0.9,) * 3, 1.0)],
)
def test_scales_of_unknown_scores_are_brought_together(own, other, factor):
    found, note = rescaled(curve(metric="score", value=own), curve(metric="score", value=other))
    assert found == factor and bool(note) == (factor != 1)
    assert rescaled(curve("", "loss", value=own), curve("", "loss", value=other))[0] == 1.0
