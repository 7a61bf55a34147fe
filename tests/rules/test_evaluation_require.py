"""EVAL005: what was required of an eval, and what happens when it cannot be judged."""

from pathlib import Path

import pytest

from runlens import roles, sources
from runlens.errors import ConfigError
from runlens.model import Skip
from runlens.references import load
from runlens.rules.evals.requirement import RequirementMissed

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"


@pytest.fixture(scope="module")
def run():
    (ref,) = sources.discover(str(RUNS / "tp_bug_small"))
    return roles.resolve(sources.read(ref), {})


@pytest.fixture(scope="module")
def healthy():
    return load(str(RUNS / "ref_small_s0"))


def said(run, *requirements, **settings):
    return list(RequirementMissed(requirements=requirements, **settings).check(run))


def test_what_is_met_is_silent(run):
    assert said(run, "codechoice>=0.7", "eval_loss<=2.4", "validation/lm_loss<2.4", "textchoice>=50%@30M") == []


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("codechoice>=0.75", "is 0.7317 ± 0.018 at step 2,600, below the required 0.75"),
        ("eval_loss<=2.3", "above the required 2.3"),
        ("codechoice>=0.75@30M", "at step 1,800"),
        ("codechoice>=0.75@2000 steps", "at step 2,000"),
        ("codechoise>=0.5", "did you mean codechoice"),
        ("codechoice>=73", "write 73% or 0.73"),
        ("codechoice>=0.5@1M", "has no checkpoint up to 1.00 M tokens"),
    ],
)
def test_what_is_missed_says_by_how_much_or_why(run, requirement, words):
    (finding,) = said(run, requirement)
    assert finding.severity.value == "error" and words in finding.message and requirement in finding.message
    assert finding.evidence and finding.help


def test_what_is_not_due_yet_is_not_judged(run):
    (skip,) = said(run, "codechoice>=0.9@1T")
    assert isinstance(skip, Skip) and "is not due: the run is at 42.6 M tokens" in skip.reason


def test_a_bound_beside_a_reference_is_taken_at_the_same_tokens(run, healthy):
    assert said(run, "codechoice>=ref-0.05", "eval_loss<=ref+5%", references=(healthy,)) == []
    (finding,) = said(run, "eval_loss<=ref+0.01", references=(healthy,))
    assert "(ref_small_s0, 2.265, at the same point)" in finding.message


def test_a_reference_without_the_eval_cannot_make_a_gate_green(run):
    (finding,) = said(run, "codechoice>=ref-0.05", references=(load("pythia-1.4b"),))
    assert "has no such eval" in finding.message


def test_one_of_two_references_is_enough(run, healthy):
    found = said(run, "codechoice>=ref-0.05", references=(load("pythia-1.4b"), healthy))
    assert [type(f) for f in found] == [Skip]


def test_wrong_use_is_told_before_any_run_is_read():
    with pytest.raises(ConfigError, match="add --reference"):
        RequirementMissed(requirements=("mmlu>=ref-0.01",))
    with pytest.raises(ConfigError, match="has no comparison"):
        RequirementMissed(requirements=("mmlu",))


def test_without_a_requirement_nothing_is_judged(run):
    (skip,) = said(run)
    assert isinstance(skip, Skip) and "--require" in skip.reason


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        ("lm_loss<=2.6", True),
        ("lm_loss<=1.0", False),
        ("grad_norm<50", True),
        ("lr>=1", False),
        ("train_loss<=2.6", True),
    ],
)
def test_every_logged_series_can_be_required_by_name_or_role(run, requirement, met):
    name = requirement.split("<")[0].split(">")[0]
    assert name in run.placed or name in run.roles
    assert (said(run, requirement) == []) is met
