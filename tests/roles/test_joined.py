"""Results of a run's checkpoints become evals of the run, by step or by tokens."""

import numpy as np
import pytest

from runlens.errors import ConfigError
from runlens.model import Run, Series
from runlens.roles import resolve
from runlens.roles.joined import with_evals
from runlens.sources import discover, read
from tests.synthetic.results import answered, lm_eval


def training(tokens_per_step=1e6, last=1000, **more):
    step = np.arange(1, last + 1)
    none = np.full(last, np.nan)
    series = {"train/loss": Series("train/loss", step, none, 2 + 3 / np.sqrt(step))}
    if tokens_per_step:
        series["consumed_tokens"] = Series("consumed_tokens", step, none, step * tokens_per_step)
    series |= {name: Series(name, step[::100], none[::100], values) for name, values in more.items()}
    return resolve(Run("train", "train", "train", series=series))


def results(folder, *places):
    for i, place in enumerate(places):
        lm_eval(folder / place, {"hellaswag": answered(0.3 + 0.1 * i, 500, i)})
    (ref,) = discover(str(folder))
    return resolve(read(ref))


def test_steps_are_steps(tmp_path):
    run = with_evals(training(), results(tmp_path, "step100", "step900"))
    (eval_,) = run.every("eval_score")
    assert eval_.series.step.tolist() == [100, 900] and eval_.task == "hellaswag"
    assert run.placed["hellaswag/acc_stderr,none"].step.tolist() == [100, 900]
    assert run.measured["hellaswag/acc,none"].n_items == 500
    assert len(run.placed["train/loss"]) == 1000


def test_tokens_become_steps_by_the_runs_own(tmp_path):
    run = with_evals(training(), results(tmp_path, "100M-tokens", "900M-tokens"))
    assert run.every("eval_score")[0].series.step.tolist() == [100, 900]


def test_tokens_a_step_where_the_log_does_not_tell(tmp_path):
    evals = results(tmp_path, "100M-tokens", "900M-tokens")
    with pytest.raises(ConfigError, match="give --tokens-per-step"):
        with_evals(training(0), evals)
    assert with_evals(training(0), evals, 1e6).every("eval_score")[0].series.step.tolist() == [100, 900]


def test_a_name_that_the_run_has_logged_stays_its_own(tmp_path):
    run = with_evals(training(**{"hellaswag/acc,none": np.full(10, 0.1)}), results(tmp_path, "step100", "step900"))
    assert [r.series.name for r in run.every("eval_score")] == ["hellaswag/acc,none (results)", "hellaswag/acc,none"]
    assert run.placed["hellaswag/acc,none"].value[0] == 0.1


def test_results_of_another_run_or_of_no_place_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="are they of another run"):
        with_evals(training(), results(tmp_path / "far", "step5000", "step9000"))
    with pytest.raises(ConfigError, match="nothing tells the step"):
        with_evals(training(), results(tmp_path / "final", "model"))
