"""TREND001: a drift over nights, each threshold at its edge."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from runlens.model import Finding, Severity, Skip
from runlens.rules.nights.parts.creep import FEWEST, creep, onset
from runlens.rules.nights.parts.twin import twin_of
from runlens.rules.nights.slow_creep import SlowCreep
from runlens.rules.nights.unlike_twins import UnlikeTwins
from tests.synthetic.nights import Night

DAYS = 86_400.0


@lru_cache(maxsize=256)
def of(number, **faults):
    return twin_of(Night(number, points=120, seed=3, **faults).run())


def row(count, of_night):
    return [of(number, **of_night(number)) for number in range(1, count + 1)]


def said(twins):
    return [f for f in SlowCreep().beside(twins[-1], twins[:-1]) if isinstance(f, Finding)]


@pytest.mark.parametrize(
    ("field", "each", "what"),
    [("speed", -0.006, "speed"), ("loss", 0.007, "train_loss"), ("memory", 0.012, "memory"),
     ("heat", 1.2, "temperature"), ("scores", -0.004, "eval/piqa/acc_norm")],
)  # fmt: skip
def test_a_little_every_night_is_told_with_the_night_on_which_it_began(field, each, what):
    usual = 0.0 if field in ("heat", "scores") else 1.0
    twins = row(12, lambda n: {field: usual + each * max(n - 5, 0)})
    found = {f.evidence["what"]: f for f in said(twins)}
    assert what in found
    began = int(found[what].evidence["began"].removeprefix("night-"))
    assert abs(began - 6) <= 2
    assert found[what].severity is (Severity.WARNING if field in ("memory", "heat") else Severity.ERROR)


def test_no_single_one_of_those_nights_is_unlike_the_one_before_it():
    twins = row(9, lambda n: {"speed": 1.0 - 0.004 * max(n - 5, 0)})
    for at in range(6, 9):
        assert not [f for f in UnlikeTwins(last=1).beside(twins[at], twins[at - 1 : at]) if isinstance(f, Finding)]
    assert said(row(12, lambda n: {"speed": 1.0 - 0.004 * max(n - 5, 0)}))


@pytest.mark.parametrize("spread", (0.003, 0.01))
def test_healthy_nights_do_not_drift(spread):
    assert said(row(14, lambda n: {"spread": spread})) == []


def test_what_gets_better_is_no_creep():
    assert said(row(12, lambda n: {"speed": 1.0 + 0.01 * n, "loss": 1.0 - 0.01 * n})) == []


@pytest.mark.parametrize("count", (FEWEST - 1, FEWEST))
def test_fewer_than_six_nights_are_no_trend(count):
    twins = row(count, lambda n: {})
    skips = [s for s in SlowCreep().beside(twins[-1], twins[:-1]) if isinstance(s, Skip)]
    assert bool(skips) == (count < FEWEST)
    assert all(s.kind == "too-few-points" for s in skips)


@pytest.mark.parametrize(("wanted", "skips"), [(8, False), (9, True)])
def test_the_nights_that_must_be_known_are_a_setting(wanted, skips):
    twins = row(8, lambda n: {})
    told = list(SlowCreep(nights=wanted).beside(twins[-1], twins[:-1]))
    assert any(isinstance(s, Skip) for s in told) == skips


def test_what_was_accepted_as_the_new_normal_is_where_the_row_begins():
    twins = row(14, lambda n: {"speed": 0.95 if n > 6 else 1.0})
    assert "speed" in {f.evidence["what"] for f in said(twins)}
    twins[6] = replace(twins[6], accepted=frozenset({"speed"}))
    assert "speed" not in {f.evidence["what"] for f in said(twins)}


def test_what_changed_that_night_is_named():
    twins = row(12, lambda n: {"speed": 0.96 if n > 6 else 1.0})
    twins = [replace(t, config={"driver": "560" if i > 5 else "550", "run_name": i}) for i, t in enumerate(twins)]
    (found,) = [f for f in said(twins) if f.evidence["what"] == "speed"]
    assert found.evidence["changed"] == [["driver", "550", "560"]] and found.evidence["sudden"]
    assert "driver 550 -> 560" in found.message


@pytest.mark.parametrize(("age", "kept"), [(3.5, 3), (7.5, 7), (None, 9)])
def test_nights_that_are_too_old_do_not_count(age, kept):
    twins = row(10, lambda n: {})
    assert len(SlowCreep(twins=tuple(twins[:-1]), max_age=age).those_before(twins[-1])) == kept


def test_a_baseline_that_is_too_old_is_not_compared():
    run = Night(40, points=120, seed=3).run()
    (skip,) = UnlikeTwins(twins=tuple(row(5, lambda n: {})), max_age=30.0).check(run)
    assert skip.kind == "not-comparable" and "days old" in skip.reason


@pytest.mark.parametrize(("shift", "found"), [(0.0149, False), (0.0151, True)])
def test_the_floor_is_an_edge(shift, found):
    came = creep(np.r_[np.zeros(7), np.full(5, shift)] + 1e-6 * np.arange(12) % 3e-6, 0.015)
    assert (abs(came.shift) > came.bar) == found


@pytest.mark.parametrize("k", (3, 6, 9))
def test_the_first_night_of_a_step_and_of_a_ramp(k):
    at = np.arange(14.0)
    assert onset(np.where(at >= k, 1.0, 0.0)) == (k, True)
    assert onset(np.maximum(at - (k - 1), 0.0)) == (k, False)
