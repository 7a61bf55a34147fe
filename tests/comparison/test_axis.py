"""Tokens where both sides know them, else steps where a step is the same; what cannot be compared is no pass."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.axis import choose, same_step
from runlens.comparison.compare import compare
from runlens.judging.gate import run_verdict
from runlens.judging.one import Settings, judge_run
from runlens.model import Reference, Severity
from runlens.rules.evals.behind_reference import BehindReference
from tests.synthetic.evals import TOKENS_PER_STEP, eval_run, simulated_curve, simulated_loss, simulated_reference

AT = np.linspace(3e10, 3e11, 10)
BATCH = {"global_batch_size": 512, "seq_length": 4096}
DEVICE = {"micro": 4, "accumulation": 8, "gpus": 64, "sequence": 2048}
OVER_STEPS = replace(simulated_loss(AT), at=AT / TOKENS_PER_STEP)


def run(lag=1.0, config=None, tokens=True):
    made = eval_run([simulated_loss(AT, lag)])
    roles = made.roles if tokens else {k: v for k, v in made.roles.items() if k != "tokens"}
    return replace(made, roles=roles, config=config or {})


def reference(axis="steps", **more):
    curve = OVER_STEPS if axis == "steps" else simulated_loss(AT)
    return Reference("healthy", axis, (curve,), **more)


@pytest.mark.parametrize(
    ("own", "theirs", "axis"),
    [
        (run(), reference("tokens"), "tokens"),
        (run(), reference(tokens_per_step=TOKENS_PER_STEP), "tokens"),
        (run(tokens=False), reference(lineage=True), "steps"),
        (run(), reference(lineage=True), "steps"),
        (run(tokens=False, config=BATCH), reference(batch={"batch": 512.0, "sequence": 4096.0}), "steps"),
        (run(tokens=False), reference("tokens", tokens_per_step=TOKENS_PER_STEP, lineage=True), "steps"),
    ],
)
def test_the_axis_is_the_one_on_which_both_mean_the_same(own, theirs, axis):
    found = choose(own, theirs)
    assert found.axis == axis and not found.why_not
    assert bool(found.why) == (axis == "steps")
    assert compare(own, theirs).groups


def test_steps_are_said_where_nobody_asked_for_them():
    found = compare(run(1.8, tokens=False), reference(lineage=True))
    assert found.verdict == "behind" and found.axis == "steps"
    assert "at the same steps, since the run does not tell its tokens and they are runs of one job" in found.sentence


@pytest.mark.parametrize(
    ("own", "theirs", "words"),
    [
        (run(tokens=False), reference(), "the run's tokens are not known; give --tokens-per-step, or --axis steps"),
        (run(), reference(), "does not tell its tokens per step"),
        (run(tokens=False, config=BATCH), reference(batch={"batch": 256.0, "sequence": 4096.0}), "--tokens-per-step"),
    ],
)
def test_no_common_axis_is_undecided_and_says_what_to_give(own, theirs, words):
    assert words in compare(own, theirs).why_not
    report = judge_run(own, Settings((BehindReference(references=(theirs,)),)))
    assert [s.kind for s in report.skips] == ["not-comparable"]
    assert run_verdict(report, Severity.ERROR) == "undecided"
    assert compare(own, theirs, "steps").verdict == "level"


def test_a_run_without_evals_beside_a_reference_is_undecided():
    bare = replace(run(), roles={"tokens": run().roles["tokens"]})
    report = judge_run(bare, Settings((BehindReference(references=(reference("tokens"),)),)))
    assert report.verdict == "undecided" and report.skips[0].kind == "not-comparable"
    unasked = judge_run(bare, Settings((BehindReference(),)))
    assert unasked.skips[0].kind == "missing-role"


def test_what_every_earlier_run_of_the_job_logged_must_be_logged_again():
    tasks = ("hellaswag", "piqa")
    theirs = simulated_reference(tasks, AT, np.random.default_rng(0))
    own = eval_run([simulated_curve("hellaswag", AT)])
    report = judge_run(own, Settings((BehindReference(references=(replace(theirs, lineage=True),)),)))
    assert "nothing that can be compared with PIQA acc" in report.skips[0].reason and report.verdict == "undecided"
    assert judge_run(own, Settings((BehindReference(references=(theirs,)),))).verdict == "pass"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"batch": 512, "sequence": 2048}, {"batch": 512, "sequence": 2048}, True),
        ({"batch": 512, "sequence": 2048}, {"batch": 512, "sequence": 4096}, False),
        ({"batch": 512}, {"batch": 512}, False),
        (DEVICE, dict(DEVICE), True),
        ({"micro": 4, "gpus": 64, "sequence": 2}, {"micro": 4, "gpus": 32, "sequence": 2}, False),
        ({}, {}, False),
    ],
)  # fmt: skip
def test_a_step_is_the_same_if_batch_and_sequence_are(one, other, same):
    assert bool(same_step(one, other)) is same
