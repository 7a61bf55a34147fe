"""MOE001 at the edge of each of its thresholds, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from runlens.model import Finding, Severity, Skip
from runlens.rules.moe.expert_imbalance import ExpertImbalance
from tests.synthetic.training import healthy

N = 400
Values = npt.NDArray[np.float64]


def said(series: dict[str, Values], n: int = N, config: dict[str, object] | None = None) -> list[Finding | Skip]:
    """What the rule says of a healthy run of `n` points that logs these besides."""
    columns = healthy(303, n)
    columns.update(series)
    return list(ExpertImbalance().check(columns.run(**(config or {}))))


def found(series: dict[str, Values], n: int = N, config: dict[str, object] | None = None) -> list[Finding]:
    return [one for one in said(series, n, config) if isinstance(one, Finding)]


def step(before: float, after: float, since: int = N // 2, n: int = N) -> Values:
    return np.where(np.arange(n) < since, before, after).astype(float)


def test_a_run_without_experts_is_not_judged() -> None:
    (skip,) = said({})
    assert isinstance(skip, Skip) and skip.kind == "missing-role"


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("moe/max_expert_load", 0.74, 0.76),
        ("router/max_frac_mean", 0.74, 0.76),
        ("moe/max_vio", 2.95, 3.05),
        ("train/load imbalance", 3.95, 4.05),
        ("moe/expert_utilization_max", 3.95, 4.05),
    ],
)
def test_a_load_is_judged_at_its_limit(name: str, below: float, above: float) -> None:
    even = 0.2 if "load" in name or "frac" in name else 1.0
    even = max(even, 1.0) if "imbalance" in name or "utilization" in name else even
    assert found({name: step(even, below)}) == []
    (finding,) = found({name: step(even, above)})
    assert finding.severity is Severity.WARNING and finding.metric == name
    assert finding.steps is not None and abs(finding.steps[0] - N // 2) <= 1 and finding.steps[1] == N - 1


def test_one_expert_that_takes_all_is_an_error() -> None:
    (nearly,) = found({"moe/max_expert_load": step(0.2, 0.94)})
    (all_,) = found({"moe/max_expert_load": step(0.2, 0.96)})
    assert (nearly.severity, all_.severity) == (Severity.WARNING, Severity.ERROR)
    assert "96 % of the tokens" in all_.message


@pytest.mark.parametrize(("since", "told"), [(N - N // 10 + 5, 0), (N - N // 10 - 5, 1)])
def test_it_must_last_a_tenth_of_the_log(since: int, told: int) -> None:
    assert len(found({"moe/max_expert_load": step(0.2, 0.9, since)})) == told


def test_uneven_first_steps_are_normal_and_a_long_stretch_that_is_over_is_info() -> None:
    at = np.arange(N)
    assert found({"moe/max_expert_load": np.where(at < N // 5, 0.99, 0.2)}) == []
    (finding,) = found({"moe/max_expert_load": np.where(at < N // 3, 0.99, 0.2)})
    assert finding.severity is Severity.INFO and "and no longer" in finding.message


def test_a_batch_of_one_kind_is_no_collapse() -> None:
    load = np.full(N, 0.2)
    load[::10] = 1.0
    assert found({"moe/max_expert_load": load}) == []


@pytest.mark.parametrize(("n", "kind"), [(19, Skip), (20, Finding)])
def test_few_points_are_not_judged(n: int, kind: type) -> None:
    (one,) = said({"moe/max_expert_load": np.full(n, 0.99)}, n)
    assert isinstance(one, kind)


def test_what_is_not_finite_is_left_out() -> None:
    load = step(0.2, 0.96)
    load[::7] = np.nan
    assert len(found({"moe/max_expert_load": load})) == 1
    assert found({"moe/max_expert_load": np.full(N, np.nan)}) == []


def test_values_that_cannot_be_what_the_name_says_are_not_judged() -> None:
    assert found({"moe/max_expert_load": step(900.0, 4000.0)}) == []
    assert found({"moe/load_imbalance": step(0.1, 0.5)}) == []
    assert found({"eval/moe/max_expert_load": step(0.2, 0.99)}) == []
    assert found({"moe/load_balancing_loss_coef": step(0.001, 0.01)}) == []


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"num_experts": 64, "moe_router_topk": 2}, 4 * 2 / 64),
        ({"num_local_experts": 8, "num_experts_per_tok": 2}, 0.75),
        ({"num_experts": 4, "moe_router_topk": 2}, 0.95),
        ({"num_experts": 64}, 0.75),
    ],
)
def test_a_fair_share_in_the_config_sets_the_limit(config: dict[str, object], limit: float) -> None:
    assert found({"moe/max_expert_load": step(limit / 5, limit - 0.01)}, config=config) == []
    (finding,) = found({"moe/max_expert_load": step(limit / 5, min(limit + 0.01, 1.0))}, config=config)
    assert finding.evidence["limit"] == pytest.approx(limit)


@pytest.mark.parametrize("name", ["moe/layer_3/expert_{}_tokens", "tokens_per_expert/{}", "router.expert_load.{}"])
def test_loads_of_all_experts_are_held_against_a_fair_share(name: str) -> None:
    rest = 100.0
    for times, told in ((3.9, 0), (4.1, 1)):
        heavy = times * rest * 7 / (8 - times)  # of eight, so that it has so many times the mean
        loads = {name.format(i): step(rest, heavy if i == 5 else rest) for i in range(8)}
        assert len(found(loads)) == told
    assert found(loads)[0].metric == name.format(5)
    lacking = {key: value for key, value in loads.items() if key != name.format(2)}
    assert found(lacking) == [], "of some experts alone no mean is known"


@pytest.mark.parametrize(("after", "told"), [(1.45, 0), (1.55, 1)])
@pytest.mark.parametrize("name", ["moe/load_balancing_loss", "train/moe_aux_loss", "load_balancing_loss_layer_3"])
def test_the_balancing_loss_tells_where_no_load_is_logged(name: str, after: float, told: int) -> None:
    assert len(found({name: step(1.0, after)})) == told
    assert found({name: step(1.0, after), "moe/max_expert_load": np.full(N, 0.2)}) == [], "the load itself decides"


def test_a_balancing_loss_that_falls_or_starts_at_nothing_says_nothing() -> None:
    assert found({"moe/load_balancing_loss": np.linspace(4.0, 1.0, N)}) == []
    assert found({"moe/load_balancing_loss": np.linspace(0.0, 1.0, N)}) == []
    for points, told in ((4, 0), (12, 1)):  # the median over 9 points takes 4 of them
        assert len(found({"moe/load_balancing_loss": step(1.0, 2.0, points)})) == told


def test_layers_are_one_finding_that_counts_them() -> None:
    layers = {f"moe/layer_{i}/max_vio": step(0.3, 9.0 if i < 3 else 0.3) for i in range(12)}
    (finding,) = found(layers)
    assert "by 3 of 12 series" in finding.message
    assert finding.evidence["series"] == [f"moe/layer_{i}/max_vio" for i in range(3)]


@pytest.mark.parametrize(("level", "told"), [(0.81, 0), (0.79, 1), (0.1, 1)])
def test_a_balancing_loss_cannot_be_below_one(level: float, told: int) -> None:
    assert len(found({"load_balancing_loss": step(1.02, level)})) == told
    assert not found({"load_balancing_loss": step(1.02, level, since=N - 39)})  # a tenth of the log
    assert len(found({"load_balancing_loss": step(1.02, level, since=N - 41)})) == told


@pytest.mark.parametrize(("before", "told"), [(0.97, 0), (0.99, 1), (1.14, 1), (1.16, 0)])
def test_only_a_balancing_loss_that_stood_at_one_is_held_to_it(before: float, told: int) -> None:
    assert len(found({"load_balancing_loss": step(before, 0.5)})) == told
    assert len(found({"load_balancing_loss": step(before, 0.5, since=41)})) == told
    assert not found({"load_balancing_loss": step(before, 0.5, since=38)})
