"""TREND002: a run beside its twins, each threshold at its edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.nights.parts.twin import FEWEST, twin_of
from runlens.rules.nights.unlike_twins import UnlikeTwins
from tests.synthetic.training import healthy

N = 600


def night(seed, loss=1.0, norm=1.0, evals=("eval/loss", "eval/hellaswag/acc_norm"), points=N, since=0):
    columns = healthy(seed, N)
    columns["loss"][since:] *= loss
    columns["grad_norm"] *= norm
    series = {k: Series(k, columns["step"][:points], columns["time"][:points], v[:points])
              for k, v in columns.items() if k not in ("step", "time")}  # fmt: skip
    at = np.arange(99, points, 100)
    for name in evals:
        series[name] = Series(name, columns["step"][at], columns["time"][at], columns.level[at])
    return resolve(Run(f"night{seed}", f"night{seed}", "r", series=series))


def said(run, *twins, **settings):
    rule = UnlikeTwins(twins=tuple(twin_of(t) for t in twins or [night(s) for s in range(5)]), **settings)
    return [f for f in rule.check(run) if isinstance(f, Finding)]


@pytest.mark.parametrize("seed", range(10, 22))
def test_a_night_like_the_others_is_silent(seed):
    assert said(night(seed)) == []


@pytest.mark.parametrize(
    ("times", "severity"),
    [(1.012, None), (1.025, Severity.ERROR), (1.05, Severity.ERROR), (0.985, None), (0.95, Severity.INFO)],
)
def test_a_loss_beyond_its_floor_counts(times, severity):
    found = said(night(30, loss=times))
    assert [f.severity for f in found] == ([severity] if severity else [])
    if severity:
        assert found[0].evidence["share"] == pytest.approx(times - 1.0, abs=0.005)
        assert found[0].evidence["what"] == "train_loss" and len(found[0].evidence["twins"]) == 5


@pytest.mark.parametrize(("times", "found"), [(1.25, False), (1.4, True), (3.0, True), (0.8, False), (0.6, True)])
def test_a_norm_beyond_three_tenths_counts(times, found):
    assert [f.evidence["what"] for f in said(night(31, norm=times))] == ["grad_norm"] * found


@pytest.mark.parametrize(("times", "found"), [(1.044, False), (1.05, True)])
def test_beside_a_single_twin_the_floor_is_more_than_twice_as_high(times, found):
    assert bool(said(night(32, loss=times), night(1))) == found


def test_the_spread_of_the_twins_is_the_yardstick():
    wide = [night(s, loss=1.0 + 0.05 * (s - 2)) for s in range(5)]
    assert said(night(33, loss=1.1), *wide) == []
    assert said(night(33, loss=1.6), *wide) != []


def test_the_step_from_which_two_curves_part_is_told():
    (one,) = said(night(34, loss=1.2, since=300))
    assert abs(one.steps[0] - 300) <= 30


@pytest.mark.parametrize(
    ("evals", "severity"),
    [((), Severity.ERROR), (("eval/loss",), Severity.WARNING), (("eval/loss", "eval/hellaswag/acc_norm"), None)],
)
def test_evals_that_did_not_come_are_told(evals, severity):
    found = said(night(35, evals=evals))
    assert [f.severity for f in found] == ([severity] if severity else [])
    assert all(f.evidence["what"] == "evals" and f.evidence["missing"] for f in found)


@pytest.mark.parametrize(("points", "found"), [(566, True), (573, False)])
def test_a_run_must_come_to_nineteen_twentieths_of_its_twins(points, found):
    assert [f.evidence["what"] for f in said(night(36, points=points))] == ["length"] * found


def test_a_run_that_is_still_going_is_not_short_and_its_evals_may_come():
    assert said(replace(night(37, points=200, evals=()), state="running")) == []


def test_without_twins_nothing_was_asked():
    (skip,) = UnlikeTwins().check(night(38))
    assert isinstance(skip, Skip) and skip.kind == "not-asked"


@pytest.mark.parametrize("points", (FEWEST - 1, FEWEST))
def test_a_curve_of_few_points_is_no_twins(points):
    assert ("train_loss" in twin_of(night(39, points=points, evals=())).curves) == (points >= FEWEST)
