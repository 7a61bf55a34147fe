"""EVAL001 on real models: healthy seeds are silent, a parallel seed fault is proven early, small ones may be."""

import numpy as np
import pytest

from runlens.comparison.compare import compare
from runlens.model import Severity
from tests.synthetic.evals import eval_run
from tests.synthetic.seeds import HEALTHY, PER_STEP, band, cut, of_kind

SEEDS = ["h0", "h4", "h11"]
OTHERS = [name for name in of_kind(HEALTHY) if name not in SEEDS]


def beside(name, share=1.0, seeds=SEEDS, group="", **more):
    return compare(eval_run(cut(name, share, group), name, PER_STEP), band(seeds), **more)


@pytest.mark.parametrize("share", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("name", OTHERS)
def test_a_healthy_seed_is_silent(name, share):
    assert beside(name, share).severity is None


@pytest.mark.parametrize("share", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("name", of_kind("parallel seeds"))
def test_parallel_seeds_are_proven_from_half_of_the_run_on(name, share):
    found = beside(name, share)
    assert found.severity is not None and found.groups[0].interval[0] > 1
    assert "standard deviations of your 3 references" in found.sentence


def test_the_lag_at_the_end_is_that_of_the_end():
    """Where the healthy seeds' mean stood at the run's last loss, by hand: 1.2 to 1.3 x before the end."""
    for name in of_kind("parallel seeds"):
        (group,) = [g for g in beside(name, group="losses").groups if g.group == "losses"]
        at = cut(name, 1.0)[0].at
        loss = cut(name, 1.0)[0].value[-3:].mean()
        healthy = np.mean([cut(seed, 1.0)[0].value for seed in of_kind(HEALTHY)], axis=0)
        stood = np.interp(-loss, -healthy, at)
        assert group.factor == pytest.approx(at[-2] / stood, rel=0.12)


@pytest.mark.parametrize("kind", ["bf16 weights", "3 % of labels random", "8 % of labels random", "weight decay 0.5"])
def test_other_faults_are_proven_by_the_end(kind):
    assert all(beside(name).severity is not None for name in of_kind(kind))


@pytest.mark.parametrize(
    "kind", ["learning rate x 0.25", "1 M tokens repeated", "initialisation 0.1", "weight decay 2"]
)
def test_a_large_fault_is_an_error_at_a_quarter(kind):
    for name in of_kind(kind):
        found = beside(name, 0.25)
        assert found.severity is Severity.ERROR
        assert all(g.interval[1] > 1.02 * g.interval[0] for g in found.groups), "no interval is a point"


def test_one_seed_as_reference_is_enough_for_the_parallel_seed_fault_at_the_end():
    said = [beside(name, seeds=[seed]).severity for name in of_kind("parallel seeds") for seed in SEEDS]
    assert sum(s is not None for s in said) >= 0.8 * len(said)


def test_where_a_trend_leads_is_told_at_a_quarter():
    (name,) = of_kind("8 % of labels random")
    early = beside(name, 0.3)
    (group,) = [g for g in early.groups if g.group == "losses"]
    assert group.factor < 1.25 and group.projected is None
    found = beside(name, 0.3, total_tokens=36e6)
    (group,) = [g for g in found.groups if g.group == "losses"]
    assert group.projected is not None and 1.25 < group.projected.factor < 1.9, "1.6 x in the end"
    assert found.severity is Severity.ERROR
