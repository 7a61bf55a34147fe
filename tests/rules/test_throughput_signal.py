"""The one rate that is judged, out of whatever a run logged about its speed."""

from __future__ import annotations

import numpy as np
import pytest

from runlens import roles
from runlens.model import Run, Series, Severity
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.parts.signal import flush_group, rate_signal, wall_signal
from runlens.rules.throughput.stall import Stall
from tests.synthetic.throughput import STEP, TOKENS, Noise, drop, log, step_seconds

N, AT = 2400, 1400


def seconds(fault=True, seed=0, n=N):
    took = step_seconds(n, Noise(0.005), np.random.default_rng(seed))
    if fault:
        drop(took, AT, n - 1, 0.06)
    return took


def logged(name, value, every=1, time=True, config=None, clock=None, **more):
    """A resolved run with a loss and one more series by its trainer's name."""
    step = np.arange(every, N + 1, every)
    clock = (1.7e9 + np.cumsum(seconds()) if clock is None else clock)[step - 1]
    clock = clock if time else np.full(len(step), np.nan)
    columns = {"train/loss": 3.0 * step**-0.1, name: value[step - 1], **{k: v[step - 1] for k, v in more.items()}}
    series = {n: Series(n, step, clock, v) for n, v in columns.items()}
    return roles.resolve(Run("r", "r", "r", series=series, config=config or {}))


def slow(run):
    """Where and by how much it fell; one finding and no other."""
    found = [f for rule in (ThroughputDrop(), ThroughputDrift(), Stall()) for f in rule.check(run)]
    assert [f.code for f in found] == ["TPUT001"], [f.message for f in found]
    return found[0].steps[0], found[0].evidence["percent"]


TOOK = seconds()
MEAN = {every: np.convolve(TOOK, np.ones(every) / every, "full")[:N] for every in (1, 10, 20)}


@pytest.mark.parametrize("every", [1, 10, 20])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokens_per_second", lambda s: TOKENS / s),
        ("train/tokens_per_sec_per_gpu", lambda s: TOKENS / s / 64),
        ("throughput(tps)", lambda s: TOKENS / s),
        ("train_samples_per_second", lambda s: 256 / s),
        ("throughput/device/samples_per_sec", lambda s: 4 / s),
        ("tflops", lambda s: 40 / s),
        ("mfu", lambda s: 0.042 / s),
        ("mfu(%)", lambda s: 4.2 / s),
        ("iteration-time", lambda s: s),
        ("elapsed_time_per_iteration_ms", lambda s: 1000 * s),
        ("perf/step_time_ms", lambda s: 1000 * s),
        ("steps_per_second", lambda s: 1 / s),
    ],
)
def test_every_way_of_logging_speed_is_judged_alike(name, value, every):
    at, percent = slow(logged(name, value(MEAN[every]), every))
    assert abs(at - AT) <= 2 * every + 5 and percent == pytest.approx(-6, abs=0.7)


@pytest.mark.parametrize("every", [1, 10, 20])
def test_tokens_over_wall_time(every):
    run = logged("consumed_tokens", np.arange(1.0, N + 1) * TOKENS, every)
    at, percent = slow(run)
    assert abs(at - AT) <= 2 * every + 5 and percent == pytest.approx(-6, abs=0.7)


def test_wall_time_alone():
    assert abs(slow(log(TOOK, form="wall"))[0] - AT) <= 5


@pytest.mark.parametrize("seed", range(3))
def test_a_mean_since_the_start_is_taken_apart(seed):
    """`train_tokens_per_second` of the HF Trainer: its step of 6 % shows as a slope of 2.6 %."""
    took = seconds(seed=seed)
    gone = np.cumsum(took)
    mean = np.arange(1, N + 1) * float(TOKENS) / gone
    run = logged("train/train_tokens_per_second", mean, 10, clock=1.7e9 + gone)
    at, percent = slow(run)
    assert abs(at - AT) <= 25 and percent == pytest.approx(-6, abs=1.5)


def test_wall_times_of_a_writer_that_flushes_in_bursts_are_no_stalls():
    n = 10 * N
    clock = 1.7e9 + np.cumsum(seconds(fault=False, n=n))
    step = np.arange(1, n + 1)
    late = clock[(step + 49) // 50 * 50 - 1] + 1e-4 * (step % 50)
    loss = Series("train/loss", step, late, 3.0 * step**-0.1)
    run = roles.resolve(Run("r", "r", "r", series={"train/loss": loss}))
    assert flush_group(late) == 100
    assert [f.message for rule in (ThroughputDrop(), ThroughputDrift(), Stall()) for f in rule.check(run)] == []
    assert np.median(rate_signal(run).rate) == pytest.approx(1 / STEP, rel=0.02)


@pytest.mark.parametrize(("slower", "explained"), [(2.0, True), (2.4, False)])
def test_a_restart_on_half_of_the_gpus_explains_half_of_the_rate_and_no_more(slower, explained):
    took = seconds(fault=False)
    took[AT:] *= slower
    step = np.concatenate([np.arange(1, AT + 1), np.arange(AT - 99, N - 99)])
    clock = 1.7e9 + np.cumsum(took) + np.where(np.arange(N) >= AT, 600.0, 0.0)
    gpus = np.where(np.arange(N) >= AT, 32.0, 64.0)
    columns = {"train/loss": 3.0 * step**-0.1, "tokens_per_second": TOKENS / took, "world_size": gpus}
    run = roles.resolve(Run("r", "r", "r", series={n: Series(n, step, clock, v) for n, v in columns.items()}))
    (finding,) = ThroughputDrop().check(run)
    assert finding.evidence["at_resume"] and "began at a resume" in finding.message
    assert any(t["role"] == "world_size" for t in finding.evidence["ties"])
    assert finding.evidence["explained_by_ranks"] is explained
    assert finding.severity is (Severity.INFO if explained else Severity.WARNING)


@pytest.mark.parametrize("timer", [True, False], ids=["step time logged", "tokens counted"])
def test_a_copied_history_costs_what_the_run_cost(timer):
    """`wandb sync` and converters stamp all points within a second: the trainer's own timer tells the hours."""
    more = {"iteration-time": TOOK} if timer else {"consumed_tokens": np.arange(1.0, N + 1) * TOKENS}
    real = logged("tokens_per_second", TOKENS / TOOK, **more)
    copied = logged("tokens_per_second", TOKENS / TOOK, clock=1.7e9 + 1e-4 * np.arange(N), **more)
    hours = [next(iter(ThroughputDrop().check(run))).evidence["hours_lost"] for run in (real, copied)]
    assert hours[1] == pytest.approx(hours[0], rel=0.03)
    assert hours[0] == pytest.approx((N - AT) * STEP * (1 / 0.94 - 1) / 3600, rel=0.05)


@pytest.mark.parametrize("gpus", [1, 8, 64])
def test_a_rate_of_one_gpu_under_a_plain_name_costs_no_more_than_the_run_lasted(gpus):
    """Tokens over such a rate are the hours of one GPU doing it all: the clock tells how long a step took."""
    slow, tokens = (
        100.0,
        np.arange(1.0, N + 1) * TOKENS,
    )  # seconds a step, and not the tenth of one that a copy could take
    clock = 1.7e9 + slow * np.cumsum(TOOK)
    run = logged("tokens_per_second", TOKENS / TOOK / slow / gpus, clock=clock, consumed_tokens=tokens)
    (finding,) = ThroughputDrop().check(run)
    lost = slow * (N - AT) * STEP * (1 / 0.94 - 1) / 3600
    assert finding.evidence["hours_lost"] == pytest.approx(lost, rel=0.05)


def test_the_signal_is_made_once_and_not_for_another_run_with_the_same_times():
    run = log(TOOK, form="step time")
    assert rate_signal(run) is rate_signal(run)
    step = np.arange(1, N + 1)
    grown = Series(
        "tokens", step, run.role("train_loss").series.time, np.cumsum(np.where(step > AT, 2.0, 1.0) * TOKENS)
    )
    counted = run.role("train_loss").__class__("tokens", grown, "tokens")
    other = Run("r", "r", "r", roles={**run.roles, "tokens": (counted,)})
    assert rate_signal(other).unit == "tokens/s" and rate_signal(run).unit == "steps/s"


def test_evals_between_steps_show_in_the_clock_and_not_in_the_logged_rate():
    took = seconds(fault=False)
    run = log(took, Noise(evaluate=200))
    assert np.max(1 / wall_signal(run).rate) > 2.0
    assert [f for rule in (ThroughputDrop(), ThroughputDrift(), Stall()) for f in rule.check(run)] == []


def test_no_speed_is_none():
    loss = Series("train/loss", np.arange(50), np.full(50, np.nan), np.ones(50))
    assert rate_signal(roles.resolve(Run("r", "r", "r", series={"train/loss": loss}))) is None
