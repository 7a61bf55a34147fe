"""EVAL002 and EVAL004 in few evaluations, just below and just above each limit."""

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.parts.own import MOST, own_curves
from runlens.rules.evals.regression import EvalRegression
from tests.rules.saying import mark, run_of, said

HELD = np.array([0.49, 0.477, 0.431, 0.446, 0.411, 0.514, 0.543, 0.556])
"""Log odds of a lasting rise of 3.5: less than is asked, unless the training loss says the same."""


def evaluated(held, left, **others):
    """A training loss that falls along a line to so much of what it was, with evaluations every 100 steps."""
    n = len(held)
    step = np.arange(0, n * 100 + 1, 10)
    columns = {"loss": np.interp(step, [0, step[-1]], [1.0, left])}
    for name, value in {"eval/loss": held, **others}.items():
        columns[name] = np.full(len(step), np.nan)
        columns[name][np.searchsorted(step, np.arange(1, n + 1) * 100)] = value
    return run_of(columns, step=step)


@pytest.mark.parametrize(("left", "says"), [(0.58, "."), (0.48, "e")])
def test_less_proof_of_a_turn_is_asked_where_the_training_loss_fell_by_a_fifth(left, says):
    assert mark(Overfitting(), evaluated(HELD, left)) == says


@pytest.mark.parametrize(("latest", "says"), [(0.52, "."), (0.54, "e")])
def test_and_where_the_held_out_loss_rose_by_a_fifth(latest, says):
    held = np.where(np.arange(8) > 4, HELD * latest / HELD[-1], HELD)
    assert mark(Overfitting(), evaluated(held, 0.2)) == says


@pytest.mark.parametrize(
    ("held", "left", "says"),
    [
        ([0.5, 0.55, 0.6, 0.66], 0.3, "w"),
        ([0.5, 0.55, 0.6, 0.60], 0.3, "-"),  # the last one did not rise
        ([0.5, 0.54, 0.58, 0.63], 0.3, "-"),  # by less than 8 % at each
        ([0.7, 0.5, 0.6, 0.76], 0.3, "w"),
        ([0.7, 0.5, 0.6, 0.74], 0.3, "-"),  # two rose, by less than a half in all
        ([0.7, 0.5, 0.52, 0.9], 0.3, "-"),  # a jump of the last one is no course
        ([0.7, 0.6, 0.5, 0.9], 0.3, "-"),
        ([0.7, 0.5, 0.6, 0.76], 0.75, "-"),  # the training loss fell by less than a fifth meanwhile
    ],
)
def test_of_four_evaluations_each_one_since_the_best_must_say_so(held, left, says):
    assert mark(Overfitting(), evaluated(np.array(held), left)) == says


@pytest.mark.parametrize(
    ("last", "left", "says"),
    [
        ([1.0, 1.06, 1.13, 1.23], 0.5, "w"),
        ([1.0, 1.06, 1.13, 1.20], 0.5, "."),  # by less than a fifth in all
        ([1.0, 1.04, 1.13, 1.23], 0.5, "."),  # one rose by less than 5 %
        ([1.0, 1.12, 1.25], 0.5, "."),  # two are no more than a fall
        ([1.0, 1.06, 1.13, 1.23], 0.86, "."),
    ],
)
def test_of_more_the_last_three_may_say_so(last, left, says):
    held = np.concatenate([1.0 + 0.3 * np.arange(7, 0, -1) / 7 + 0.06 * (-1.0) ** np.arange(7), last])
    assert mark(Overfitting(), evaluated(held, left)) == says


def test_four_evaluations_that_turned_are_no_regression_besides():
    run = evaluated(np.array([0.5, 0.55, 0.6, 0.66]), 0.3)
    assert mark(EvalRegression(), run) == "."
    assert mark(Overfitting(patience=4), run) == "-"


def test_scores_decide_of_four_evaluations_too():
    better = evaluated(np.array([0.7, 0.5, 0.6, 0.76]), 0.3, **{"eval/wer": np.array([0.5, 0.3, 0.2, 0.1])})
    assert mark(Overfitting(), better) == "i"


WANDERS = np.array([0.951, 0.844, 0.626, 0.64, 0.509, 0.486, 0.554, 0.528, 0.555, 0.579])
TURNS = np.array([0.93, 0.86, 0.665, 0.568, 0.577, 0.538, 0.517, 0.6, 0.68, 0.72])


@pytest.mark.parametrize(("held", "without", "says"), [(WANDERS, "w", "."), (TURNS, "w", "w")])
def test_a_fall_in_few_evaluations_needs_the_whole_curve_to_speak_for_it(monkeypatch, held, without, says):
    """Beside a training loss that stands still, so that it is no overfitting."""
    assert mark(EvalRegression(), evaluated(held, 1.0)) == says
    monkeypatch.setattr("runlens.rules.evals.parts.decline.ODDS", 0.0)
    monkeypatch.setattr("runlens.rules.evals.regression.is_noise", lambda decline: False)
    assert mark(EvalRegression(), evaluated(held, 1.0)) == without


@pytest.mark.parametrize(("n", "severity"), [(8, Severity.INFO), (9, Severity.WARNING)])
def test_one_first_value_alone_is_no_level_while_scores_hold(n, severity):
    held, acc = np.full(n, 0.0305), np.full(n, 0.9942)
    held[0] = 0.0241
    (finding,) = said(EvalRegression(), evaluated(held, 1.0, **{"eval/accuracy": acc}))
    assert finding.severity is severity


def test_of_many_evaluations_the_first_is_kept():
    held = np.where(np.arange(300) == 0, 12.7, 22.0 + np.sin(np.arange(300)))
    run = evaluated(held, 0.6)
    (own,) = own_curves(run)
    assert own.curve.value[0] == 12.7 and len(own.step) <= MOST
    assert mark(EvalRegression(), run) in "we" or mark(Overfitting(), run) in "we"


def test_map_decides_and_not_the_precision_that_it_weighs():
    at = np.arange(60)
    held = 6.0 + 3.0 * np.exp(-at / 5.0) + 0.03 * np.maximum(at - 20, 0)
    scores = {"metrics/mAP50(B)": 0.6 * (1 - np.exp(-at / 6.0)), "metrics/precision(B)": 0.3 + 0.005 * at}
    assert mark(Overfitting(), evaluated(held, 0.3, **scores)) == "w"
    assert mark(Overfitting(), evaluated(held, 0.3, **{"metrics/precision(B)": scores["metrics/precision(B)"]})) in "iw"


def healed(n=40, first=22, long=6, lost=0.8, name="eval/acc"):
    """A score that found its level at once, fell for a while and is back."""
    score = 0.2 + 0.5 * (1 - np.exp(-np.arange(n) / 2.0))
    score[first : first + long] -= 0.5 * lost
    return evaluated(np.linspace(2.0, 1.0, n), 0.3, **{name: score})


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (healed(long=5), "w"),
        (healed(long=4), "."),
        (healed(n=60, first=30, long=5), "."),
        (healed(lost=0.45), "w"),
        (healed(lost=0.37), "."),
        (healed(n=20, first=10, long=3), "w"),
        (healed(n=19, first=10, long=3), "."),
        (healed(first=8, long=8), "i"),
        (healed(name="eval/precision"), "w"),
    ],
)
def test_a_collapse_of_a_score_that_healed_is_a_warning_where_it_cost_a_tenth_of_the_run(run, says):
    assert mark(EvalRegression(), run) == says


def test_precision_alone_does_not_tell_of_one_beside_map():
    run = healed()
    steady = 0.2 + 0.5 * (1 - np.exp(-np.arange(40) / 2.0))
    both = evaluated(np.linspace(2.0, 1.0, 40), 0.3, **{
        "metrics/precision(B)": run.placed["eval/acc"].value, "metrics/mAP50(B)": steady,
    })  # fmt: skip
    assert mark(EvalRegression(), both) == "i"


@pytest.mark.parametrize("name", ["val_loss", "val_loss_graph"])
def test_the_main_held_out_loss_is_judged_whatever_its_name_says_besides(name):
    at = np.arange(20)
    held = 0.5 + np.where(at < 8, (8 - at) / 16, (at - 8) / 24)
    step = np.arange(0, 2001, 10)
    column = np.full(len(step), np.nan)
    column[np.searchsorted(step, (at + 1) * 100)] = held
    run = run_of({name.replace("val", "train"): np.interp(step, [0, 2000], [1.0, 0.3]), name: column}, step=step)
    assert run.role("eval_loss").series.name == name
    assert mark(Overfitting(), run) == "e"


@pytest.mark.parametrize(("ends", "says"), [(0.34, "."), (0.43, "e")])
def test_an_eval_that_ends_worse_than_it_began_needs_no_progress(ends, says):
    """A word error rate that falls by less than its noise could, and then rises bit by bit."""
    wer = np.concatenate([np.linspace(0.335, 0.325, 5), np.linspace(0.325, ends, 20)])
    assert mark(EvalRegression(), evaluated(np.linspace(2.0, 1.0, 25), 0.3, **{"eval/wer": wer})) == says


def noisy(kind, n, seed, noise):
    """Evaluations that are level or fall, or that turn after a third of them, under so much noise."""
    rng = np.random.default_rng([seed, n])
    at = np.arange(n) / (n - 1)
    y = {"level": 0.0 * at, "falls": np.exp(-6.0 * at), "turns": -at + 2.5 * np.clip(at - 0.35, 0.0, None)}[kind]
    return evaluated(np.exp(y + noise * rng.standard_normal(n)), 0.3)


@pytest.mark.parametrize("rule", [Overfitting(), EvalRegression()])
@pytest.mark.parametrize("kind", ["level", "falls"])
@pytest.mark.parametrize("n", [5, 8, 12])
def test_few_evaluations_that_scatter_have_not_turned(rule, kind, n):
    """Those that rise at each of three evaluations in a row are told all the same (`turned_in_each`)."""
    assert sum(mark(rule, noisy(kind, n, seed, 0.15)) in "we" for seed in range(60)) <= 2


@pytest.mark.parametrize("n", [8, 12, 20])
def test_those_that_turn_are_told_in_noise(n):
    assert sum(mark(Overfitting(), noisy("turns", n, seed, 0.1)) in "we" for seed in range(30)) >= 25


def test_what_is_not_sure_is_said_to_be_so():
    found = [f for s in range(300) for f in said(Overfitting(), noisy("level", 8, s, 0.2)) or () if not f.severity.rank]
    assert found and all("scatter too much" in f.message for f in found)


@pytest.mark.parametrize(("value", "quoted"), [(0.05, 0.4), (0.4, 0.4)])
def test_the_training_loss_is_quoted_by_its_level(value, quoted):
    """The last batch was an easy one."""
    n = 12
    held = np.exp(-np.minimum(np.arange(n), 4) * 0.2 + 0.1 * np.clip(np.arange(n) - 4, 0, None))
    train = np.linspace(0.95, 0.4, n)
    train[-2:] = 0.4
    train[-1] = value
    run = run_of({"train/loss": train, "eval/loss": held}, step=np.arange(1, n + 1) * 100)
    (found,) = said(Overfitting(), run)
    assert found.evidence["train_after"] == pytest.approx(quoted)


@pytest.mark.parametrize(
    ("beside", "says"), [({}, "w"), ({"eval/accuracy": 0.5}, "i"), ({"eval/mAP": 0.5}, "i"), ({"eval/wer": 0.5}, "w")]
)
def test_a_miss_rate_is_bought_with_false_alarms(beside, says):
    up = 0.01 * np.arange(40)
    others = {name: level - up if name == "eval/wer" else level + up for name, level in beside.items()}
    miss = 0.3 + 0.5 * np.exp(-np.arange(40) / 2.0)
    miss[22:28] += 0.4
    assert (
        mark(EvalRegression(), evaluated(np.linspace(2.0, 1.0, 40), 0.3, **{"eval/miss_rate": miss}, **others)) == says
    )
