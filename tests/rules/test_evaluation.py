"""EVAL001 on a real pair (a planted parallel-seed fault) and on simulated ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runlens import roles, sources
from runlens.model import Finding, Reference, Severity, Skip
from runlens.references import load
from runlens.rules.evals.behind_reference import BehindReference
from tests.synthetic.evals import eval_run, simulated_curve, simulated_loss, simulated_reference

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"
TOKENS = np.geomspace(2e9, 3e11, 20)


@pytest.fixture(scope="module")
def bug():
    (ref,) = sources.discover(str(RUNS / "tp_bug_small"))
    return roles.resolve(sources.read(ref), {})


@pytest.fixture(scope="module")
def healthy():
    return load(str(RUNS / "ref_small_s0"))


def only(run, keep):
    """The run with these of its eval roles."""
    return replace(run, roles={k: v for k, v in run.roles.items() if k in keep or not k.startswith("eval")})


def test_the_parallel_seed_bug_shows_on_the_validation_loss(bug, healthy):
    (finding,) = BehindReference(references=(healthy,)).check(bug)
    assert finding.severity is Severity.ERROR and finding.metric == "validation/lm_loss"
    assert 1.2 < finding.evidence["lag_factor"] < 1.45 and finding.evidence["from_start"]
    assert finding.evidence["lag_interval"][0] > 1.1
    assert finding.evidence["tokens_behind"] == pytest.approx(1e7, rel=0.2)
    assert "2 scores on 600 items by themselves would not prove it" in finding.message
    assert finding.steps == (200, 2600)


def test_the_accuracies_alone_do_not_prove_it(bug, healthy):
    assert list(BehindReference(references=(healthy,)).check(only(bug, ("eval_score",)))) == []


def test_the_reference_beside_itself_is_silent(healthy):
    (ref,) = sources.discover(str(RUNS / "ref_small_s0"))
    run = roles.resolve(sources.read(ref), {})
    assert list(BehindReference(references=(healthy,)).check(run)) == []


def test_without_a_reference_it_says_how_to_give_one(bug):
    (said,) = BehindReference().check(bug)
    assert isinstance(said, Skip) and "--reference" in said.reason


def test_each_reference_is_judged_by_itself(bug, healthy):
    said = list(BehindReference(references=(healthy, load("pythia-1.4b"))).check(bug))
    assert [type(s) for s in said] == [Finding, Skip]
    assert said[1].reason.startswith("pythia-1.4b: no eval of the run could be compared")


def test_the_smallest_lag_is_a_setting(bug, healthy):
    assert list(BehindReference(references=(healthy,), least=1.5).check(bug)) == []
    (small,) = BehindReference(references=(healthy,), factor=1.5).check(bug)
    assert small.severity is Severity.WARNING, "proven, and how far is another question"


def test_a_lag_that_is_shown_as_the_limit_has_reached_it(healthy, bug):
    (found,) = BehindReference(references=(healthy,), factor=1.01).check(bug)
    shown = round(found.evidence["lag_factor"], 2)
    severities = [
        next(iter(BehindReference(references=(healthy,), factor=factor).check(bug))).severity
        for factor in (shown, round(shown + 0.01, 2))
    ]
    assert severities == [Severity.ERROR, Severity.WARNING]


def test_many_scores_are_said_in_one_sentence():
    rng = np.random.default_rng(1)
    tasks = ("hellaswag", "arc_easy", "piqa", "winogrande", "sciq")
    reference = simulated_reference(tasks, TOKENS, rng)
    run = eval_run([simulated_curve(t, np.linspace(3e10, 3e11, 10), 2.5) for t in tasks])
    (finding,) = BehindReference(references=(reference,)).check(run)
    assert "and 2 more" in finding.message and " x) behind" in finding.message and "stand where" in finding.message
    assert finding.evidence["tasks_compared"] == 5 and len(finding.evidence["tasks"]) == 5
    assert finding.help


def test_a_lag_is_a_warning_when_new_and_an_error_when_it_stays():
    at = np.linspace(3e10, 3e11, 10)
    reference = Reference("healthy", "tokens", (simulated_loss(TOKENS),))

    def severity(trailing):
        late = np.where(np.arange(10) >= 10 - trailing, 2.5, 1.0)
        return BehindReference(references=(reference,), last=1, fewest=1).check(eval_run([simulated_loss(at, late)]))

    (new,), (stays,) = severity(1), severity(2)
    assert (new.severity, new.evidence["persists"]) == (Severity.WARNING, False)
    assert (stays.severity, stays.evidence["persists"]) == (Severity.ERROR, True)
