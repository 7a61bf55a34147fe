"""GRAD005 at the edge of each of its thresholds, and what it leaves alone."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.kinds import is_near, loud
from runlens.config import parse, settings_for
from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.gradient.climb import GradientClimb
from tests.synthetic.gradients import FAULTS, HEALTHY

N = 1000
T = np.arange(N)
Values = npt.NDArray[np.float64]


def said(norm: Values, loss: Values | None = None, rule: GradientClimb | None = None) -> list[Finding | Skip]:
    n = len(norm)
    step = np.arange(n)
    rng = np.random.default_rng(3)
    columns = {"train/loss": 2.0 + 0.01 * rng.standard_normal(n) if loss is None else loss, "train/grad_norm": norm}
    series = {name: Series(name, step, np.full(n, np.nan), value) for name, value in columns.items()}
    return list((rule or GradientClimb()).check(resolve(Run("g", "g", "g", series=series))))


def found(norm: Values, loss: Values | None = None, rule: GradientClimb | None = None) -> list[Finding]:
    return [one for one in said(norm, loss, rule) if isinstance(one, Finding)]


def climb(times: float, by: int = 700, n: int = N) -> Values:
    """From 1 at 15 % of the log to so many times that, slowly, by a step."""
    wave = 0.001 * np.sin(np.arange(n))  # so that it stands at no limit
    return wave + np.interp(np.arange(n), [0, 0.15 * n, by, n], [0.0, 0.0, np.log(times), np.log(times)])


def test_few_points_are_not_judged() -> None:
    (skip,) = said(np.exp(climb(100, 70, 99)))
    assert isinstance(skip, Skip) and skip.kind == "too-few-points"


@pytest.mark.parametrize(("times", "told"), [(9.5, 0), (10.5, 1)])
def test_a_norm_climbs_by_ten_times(times: float, told: int) -> None:
    findings = found(np.exp(climb(times)))
    assert len(findings) == told
    for one in findings:
        assert one.severity is Severity.WARNING and one.evidence["kind"] == "climb"
        assert one.message.startswith("The gradient norm climbed from 1 to 10.5 (10.5 times) by step ")
        assert one.message.endswith("and stays there; the loss does not come down meanwhile")


@pytest.mark.parametrize(("by", "told"), [(740, 1), (790, 0)])
def test_it_stays_for_a_quarter_of_the_log(by: int, told: int) -> None:
    assert len(found(np.exp(climb(10.5, by)))) == told


@pytest.mark.parametrize(("before", "told"), [(4.5, 0), (3.5, 1)])
def test_a_norm_that_comes_back_to_where_it_began_did_not_climb(before: float, told: int) -> None:
    norm = np.exp(climb(12.0))
    norm[:150] = before
    assert len(found(norm)) == told


@pytest.mark.parametrize(("fell", "told"), [(0.015, 1), (0.03, 0)])
def test_the_loss_tells_whether_anything_is_learnt(fell: float, told: int) -> None:
    loss = np.interp(T, [0, 600, N], [3.0, 2.0, 2.0]) * (1.0 - fell * np.clip((T - 740) / 200, 0.0, 1.0))
    assert len(found(np.exp(climb(20.0)), loss)) == told


@pytest.mark.parametrize(("times", "judged"), [(20.0, False), (5.0, True)])
def test_a_climb_that_no_loss_can_weigh_is_not_judged(times: float, judged: bool) -> None:
    every = said(np.exp(climb(times)), np.full(N, np.nan))
    assert [one.kind for one in every if isinstance(one, Skip)] == ([] if judged else ["missing-role"])
    assert not any(isinstance(one, Finding) for one in every)
    assert all("no training loss tells" in one.reason for one in every if isinstance(one, Skip))


@pytest.mark.parametrize(("multiple", "told"), [(3.0, 0), (30.0, 1)])
def test_what_grad002_warns_of_is_for_its_settings_to_say(multiple: float, told: int) -> None:
    norm = np.where(T < 300, 1.0, 20.0) * np.exp(0.05 * np.sin(T))
    config = parse({"rules": {"GRAD002": {"multiple": multiple}}})
    (rule,) = (rule for rule in settings_for("r", config, {}).rules if isinstance(rule, GradientClimb))
    assert len(found(norm, rule=rule)) == told


def test_a_norm_that_rises_at_once_is_left_to_grad002() -> None:
    assert found(np.where(T < 300, 1.0, 20.0) * np.exp(0.05 * np.sin(T))) == []


def cut(since: int = 500, share: float = 1.0, before: float = 0.0) -> Values:
    norm = 0.5 + 0.2 * np.sin(T)
    norm[100 * before > T % 100] = 1.0
    norm[since:] = np.where(np.arange(N - since) % 50 < 50 * share, 1.0, 0.7)
    return norm


@pytest.mark.parametrize(
    ("norm", "told"),
    [(cut(share=0.88), 0), (cut(share=0.92), 1), (cut(760), 0), (cut(740), 1), (cut(90), 0), (cut(110), 1),
     (cut(before=0.56), 0), (cut(before=0.44), 1), (np.where(T < 500, 0.5 + T % 9 / 20, 1.0), 0)],
)  # fmt: skip
def test_norms_that_are_cut_off_in_every_step(norm: Values, told: int) -> None:
    findings = found(norm)
    assert [one.evidence["kind"] for one in findings] == told * ["cut-off"]
    assert all("cut off at 1;" in one.message for one in findings)


@pytest.mark.parametrize(
    ("rule", "below", "above"),
    [
        (GradientClimb(multiple=30.0), np.exp(climb(29.0)), np.exp(climb(31.0))),
        (GradientClimb(lasting=0.4), np.exp(climb(10.5, 640)), np.exp(climb(10.5, 590))),
        (GradientClimb(settle=0.3), cut(290), cut(310)),
    ],
)
def test_a_setting_moves_its_edge(rule: GradientClimb, below: Values, above: Values) -> None:
    assert found(below, rule=rule) == [] and len(found(above, rule=rule)) == 1


def test_a_long_log_is_judged_by_some_of_its_norms() -> None:
    (finding,) = found(np.exp(climb(20.0, 42_000, 60_000)))
    assert finding.steps is not None and finding.steps[1] == 59_996


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_are_found(kind: str) -> None:
    make, codes = FAULTS[kind]
    for seed in range(6):
        run, onset = make(np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert any(onset is None or is_near(run, one, onset) for one in loud(run, codes))


@pytest.mark.parametrize("kind", HEALTHY)
def test_what_looks_like_them_is_left_alone(kind: str) -> None:
    for seed in range(6):
        run, _ = HEALTHY[kind](np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert loud(run, ("GRAD",)) == []
