"""EVAL002 and EVAL004 beside the parts of a held-out loss, and beside scores that stood still."""

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from runlens.rules.shared.unlearning import is_forgotten, unlearning_sign
from tests.synthetic import held_out as kinds

EVERY, EVALS = 200, 24


def logged(seed, whole=None, **columns):
    """A training loss at every tenth step and evals, resolved by their names; `whole` is the total held-out loss."""
    rng = np.random.default_rng(seed)
    step, at = np.arange(0, EVERY * EVALS + 1, 10), EVERY * np.arange(1, EVALS + 1)
    made = {"train/loss": (step, 0.5 + 3.0 * (step + 60.0) ** -0.3)}
    if whole is not None:
        made["val/loss"] = (at, whole)
    made |= {name.replace("__", "/"): (at, values) for name, values in columns.items()}
    series = {
        name: Series(name, x, 1.7e9 + 0.3 * x, np.asarray(y) * np.exp(0.004 * rng.standard_normal(len(x))))
        for name, (x, y) in made.items()
    }
    return resolve(Run("r", "r", "r", series=series))


def falling():
    return 1.0 + 2.0 * np.exp(-np.arange(EVALS) / 5.0)


def turned(by=0.9):
    return falling() + by * np.clip(np.arange(EVALS) - 12, 0, None) / 12


def told(run):
    return [(f.code, f.severity.value) for rule in (EvalRegression(), Overfitting()) for f in _findings(rule, run)]


def _findings(rule, run):
    return [f for f in rule.check(run) if hasattr(f, "severity") and f.severity.rank]


@pytest.mark.parametrize("seed", range(5))
def test_a_part_that_rises_while_the_whole_falls_is_information(seed):
    run = logged(seed, falling(), val__loss_bbox_3=turned(), val__loss_giou=turned(), val__loss_ce=falling())
    assert told(run) == []
    (finding,) = (f for f in EvalRegression().check(run) if f.metric.startswith("val/loss_"))
    assert "while the whole, val/loss, did not" in finding.message and len(finding.evidence["evals"]) == 2


@pytest.mark.parametrize("seed", range(5))
def test_a_part_without_a_whole_is_judged_by_itself(seed):
    assert told(logged(seed, None, val__loss_bbox_3=turned(1.6))) == [("EVAL002", "warning")]


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_that_turned_is_told_once_and_its_parts_with_it(seed):
    assert told(logged(seed, turned(1.6), val__loss_bbox=turned(1.6))) == [("EVAL004", "error")]


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_no_scores_that_decide(seed):
    better = 0.9 * np.exp(-np.arange(EVALS) / 8.0) + 0.05
    run = logged(seed, turned(1.6), val__loss_bbox=turned(1.6), val__wer=better)
    assert told(run) == []
    (finding,) = Overfitting().check(run)
    assert "val/wer improved" in finding.message


@pytest.mark.parametrize(("lost", "severity"), [(0.15, []), (0.3, ["warning"])])
def test_a_loss_that_lost_little_while_its_score_held_is_information(lost, severity):
    """Without a training loss EVAL004 cannot speak; a quarter of all progress is the edge."""
    rise = np.where(np.arange(EVALS) >= 20, lost * 2.0, 0.0)
    run = logged(0, falling() + rise, val__accuracy=np.minimum(0.4 + 0.1 * np.arange(EVALS), 0.8))
    run = resolve(Run("r", "r", "r", series={n: s for n, s in run.series.items() if n != "train/loss"}))
    assert [f.severity.value for f in _findings(EvalRegression(), run)] == severity


def test_a_loss_made_of_a_score_is_better_when_lower():
    run = logged(0, None, val__loss_giou=falling(), val__giou=1.0 - falling() / 4)
    ways = {r.series.name: r.direction for role in ("eval_loss", "eval_score") for r in run.every(role)}
    assert ways == {"val/loss_giou": "down", "val/giou": "up"}
    assert told(run) == []


def labels(seed, fallen, overall=None, kinds=("precision", "recall", "f1")):
    """Scores of twelve labels that rise, the first `fallen` of which lose all of it after half of the run."""
    rng, up = np.random.default_rng(seed), 0.2 + 0.6 * (1 - np.exp(-np.arange(EVALS) / 5.0))
    lost = np.where(np.arange(EVALS) >= 14, 0.45, 0.0)
    made = {f"eval__T{i:02d}_{kind}": up - lost * (i < fallen) for i in range(12) for kind in kinds}
    if overall is not None:
        made["eval__overall_f1"] = up - overall * lost
    return logged(int(rng.integers(99)), None, **made)


@pytest.mark.parametrize(
    ("fallen", "overall", "severity"),
    [(2, 0.0, []), (4, None, []), (5, None, ["error"]), (2, 1.0, ["error"])],
)
def test_single_classes_that_fall_are_information_while_the_whole_does_not(fallen, overall, severity):
    run = labels(1, fallen, overall)
    assert [f.severity.value for f in _findings(EvalRegression(), run)] == severity


def test_a_score_that_stands_alone_under_its_name_is_no_class():
    """Benchmarks of unknown names have one score each: one of twelve that falls is a model that forgets."""
    run = labels(1, 2, None, kinds=("acc",))
    assert [f.severity.value for f in _findings(EvalRegression(), run)] == ["error"]


def test_a_loss_that_lost_all_is_a_warning_while_its_accuracy_improves():
    rise = np.where(np.arange(EVALS) >= 12, 1.6, 0.0)
    run = logged(0, falling() + rise, val__accuracy=0.3 + 0.5 * np.arange(EVALS) / EVALS)
    run = resolve(Run("r", "r", "r", series={n: s for n, s in run.series.items() if n != "train/loss"}))
    (finding,) = _findings(EvalRegression(), run)
    assert finding.severity.value == "warning" and "while val/accuracy improved" in finding.message


@pytest.mark.parametrize(("whole", "severity"), [("metrics__mAP50", []), (None, ["error"]), ("fallen", ["error"])])
def test_a_precision_that_falls_while_map_rises_is_information(whole, severity):
    """A detector that names few things names them well."""
    up = 0.2 + 0.6 * (1 - np.exp(-np.arange(EVALS) / 5.0))
    precision = np.where(np.arange(EVALS) < 8, up, 0.35)
    columns = {"metrics__precision": precision, "metrics__recall": up}
    if whole:
        columns["metrics__mAP50"] = precision if whole == "fallen" else up
    assert [f.severity.value for f in _findings(EvalRegression(), logged(3, None, **columns))] == severity


@pytest.mark.parametrize(("makes", "told_of"), [(kinds.detector, 1), (kinds.detector, 3)])
def test_terms_of_a_held_out_loss_are_judged_by_their_sum(makes, told_of):
    for total in (False, True):
        run, onset = makes(np.random.default_rng(7), told_of, total)
        found = list(_findings(Overfitting(), run))
        assert [f.severity.rank > 0 for f in found] == [True] * (onset is not None)
        assert all(("Sum of" in f.message) != total for f in found)


def test_a_loss_without_a_twin_in_training_is_a_loss_of_its_own():
    run = logged(0, None, val__news_loss=turned(1.6), val__code_loss=falling())
    assert told(run) == [("EVAL004", "error")]


def test_what_is_to_be_forgotten_is_not_judged_and_the_page_says_so():
    run = logged(0, None, forget_test__loss=turned(3.0), val__accuracy=1.2 - turned(0.4) / 3.0)
    assert told(run) == []
    (skipped,) = (s for s in EvalRegression().check(run) if not hasattr(s, "severity") and "forgotten" in s.reason)
    assert "forget_test/loss" in skipped.reason


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("PPO/Episode/cumulative_success_rate", 0),
        ("eval/cum_win_rate", 0),
        ("eval/success_rate", 1),
        ("eval/cumulative_accuracy", 1),  # of tasks learnt one after the other
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_rate_of_all_episodes_since_the_first_settles_and_does_not_fall(name, says, seed):
    won = np.ones(50)
    won[30:] = np.random.default_rng(seed).random(20) < 0.6
    rate = np.cumsum(won) / np.arange(1, 51)
    step = np.arange(50)
    run = resolve(Run("r", "r", "r", series={name: Series(name, step, 1.7e9 + step, rate)}))
    assert run.role("eval_score") is not None
    said = list(EvalRegression().check(run))
    assert len([f for f in said if hasattr(f, "severity")]) == says
    assert says or "since the first" in said[0].reason


@pytest.mark.parametrize(
    ("name", "forgotten"),
    [
        ("forget_loss", True),
        ("eval/forget_acc", True),
        ("retain_forget_gap", False),
        ("lstm/forget_gate", False),
        ("forgetting", False),
        ("unlearned_rouge", True),
    ],
)
def test_which_names_are_of_what_is_to_be_forgotten(name, forgotten):
    assert is_forgotten(name) is forgotten


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"method": "gradient_ascent"}, True),
        ({"trainer": {"unlearn_method": "NPO"}}, True),
        ({"method": "sft"}, False),
        ({"output": "runs/gradient_ascent"}, False),
    ],
)
def test_a_config_says_that_a_run_unlearns(config, says):
    assert bool(unlearning_sign(Run("r", "r", "r", config=config))) is says


def test_what_a_policy_earns_is_left_to_rl001():
    run, _ = kinds.earns(np.random.default_rng(3))
    assert run.role("eval_score") is None and run.role("reward").series.name == "RawAverageReturn"
    assert told(run) == []
    earned = run.role("reward").series
    beside = {"eval/mean_reward": Series("eval/mean_reward", earned.step, earned.time, earned.value)}
    run = resolve(Run("r", "r", "r", series={**run.series, **beside}))
    (skipped,) = (s for s in EvalRegression().check(run) if not hasattr(s, "severity"))
    assert "eval/mean_reward; RL001 judges" in skipped.reason and told(run) == []


def test_short_lines_of_an_actor_critic_are_no_training_loss():
    run, _ = kinds.actor_critic(np.random.default_rng(3))
    assert run.role("train_loss") is None
    others = {name: series for name, series in run.series.items() if name != "E"}
    assert resolve(Run("r", "r", "r", series=others)).role("train_loss") is not None
