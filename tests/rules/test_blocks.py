"""Long series are worked on in blocks: what is found must not depend on their size, nor take much memory."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runlens.judging.one import Settings, judge_run
from runlens.model import RoleSeries, Run, Series
from runlens.rules import RULES
from runlens.rules.throughput.parts.signal import rate_signal
from runlens.stats import blocks, decimate, rolling, spans
from runlens.stats.excursions import level, scan, spikescore
from runlens.stats.excursions import search as excursions

ALL = Settings(rules=tuple(rule() for rule in RULES))
HELD = 46
"""Bytes a point that judging may hold at once, where a point logs four metrics: 32 of a run of ten million steps, and
blocks and tables of one size for all."""


def made(seed, n, quiet=False):
    """A run of four metrics, with faults of every kind but for a quiet one."""
    rng = np.random.default_rng(seed)
    step, time = np.arange(n), 1.7e9 + 0.5 * np.arange(n)
    share = step / n
    loss = (2.0 + 8.0 * (1.0 + share / 0.002) ** -0.6) * np.exp(0.02 * rng.standard_normal(n))
    norm = np.exp(0.1 * rng.standard_normal(n))
    rate = 3e-4 * np.minimum(1.0, share / 0.01) * (0.55 + 0.45 * np.cos(np.pi * share))
    speed = 1e6 * (1.0 + 0.01 * rng.standard_normal(n))
    if not quiet:
        for at, length in zip(rng.integers(n // 20, n, 6), (1, 3, 30, 300, 900, 2500), strict=True):
            part = slice(at, at + length)
            loss[part] *= rng.uniform(1.2, 2.0)
            norm[part] *= 6.0
        rate[slice(*np.sort(rng.integers(n // 10, n, 2)))] *= 4.0
        speed[rng.integers(n // 4, n) :] *= 0.9
        speed[:: int(rng.integers(200, 900))] *= 0.2
        time[rng.integers(n // 2, n) :] -= 300.0
        time[rng.integers(n // 2, n) :] += 4e7
        again = int(rng.integers(n // 2, n))
        step[again:] -= int(rng.integers(1, n // 20))
        loss[rng.integers(n // 2, n)] = np.nan
    columns = {"train_loss": loss, "grad_norm": norm, "learning_rate": rate, "tokens_per_second": speed}
    series = {role: Series(role, step, time, value) for role, value in columns.items()}
    units = {"tokens_per_second": "tokens/s"}
    return Run(
        "r", "r", "r", series=series, roles={k: (RoleSeries(k, s, units.get(k, "1")),) for k, s in series.items()}
    )


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), size=st.integers(2048, 1 << 15))
def test_what_is_found_does_not_depend_on_the_size_of_blocks(monkeypatch, seed, size):
    n = 70_000
    with monkeypatch.context() as patch:
        expected = judge_run(made(seed, n), ALL)
        for module in (spans, blocks, decimate, rolling):
            patch.setattr(module, "AT_ONCE", size)
        for module, name in ((level, "CHUNK"), (scan, "BLOCK"), (excursions, "MOST_AHEAD"), (spikescore, "CHUNK")):
            patch.setattr(module, name, size)
        got = judge_run(made(seed, n), ALL)
    assert not expected.failures and len({f.code for f in expected.findings}) >= 5
    assert repr(got) == repr(expected)


def test_judging_takes_little_beside_the_run():
    n = 1_000_000
    run = made(0, n, quiet=True)
    judge_run(made(1, n, quiet=True), ALL)  # tables for this number of blocks, which all runs share
    tracemalloc.start()
    report = judge_run(run, ALL)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not report.failures and held < HELD * n


def test_what_was_worked_out_on_a_run_goes_with_it():
    run = made(1, 5000)
    assert len(judge_run(run, ALL).findings) > 3
    signal = rate_signal(run)
    assert signal is not None and rate_signal(run) is signal
    gone = [weakref.ref(run.series["train_loss"].value), weakref.ref(signal.log)]
    del run, signal
    gc.collect()
    assert [one() for one in gone] == [None, None]
