"""Figures and pages of any float that a log can hold: denormals, the largest, and ranges over the whole axis."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.judging.one import Settings, judge_run
from runlens.model import Report, Run, Series
from runlens.render import png, render
from runlens.roles import resolve
from runlens.rules.loss.non_finite import NonFiniteLoss

N = 60
TINY, LARGE = 5e-324, 1.7e308


def values(kind):
    base = 2.0 + np.exp(-np.arange(N) / 20.0)
    return {
        "denormal": base * 3 * TINY,
        "tiny": base * 1e-310,
        "large": base * 5e307,
        "both": np.where(np.arange(N) % 2, TINY, LARGE),
        "signs": np.where(np.arange(N) % 2, -LARGE, LARGE),
        "zero": np.zeros(N),
        "one large": np.where(np.arange(N) == 30, LARGE, base),
        "one negative": np.where(np.arange(N) == 30, -LARGE, base),
    }[kind]


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # far outside the axis, as it should be
@pytest.mark.parametrize("name", ["train/loss", "grad_norm", "tokens_per_second", "learning_rate"])
@pytest.mark.parametrize("kind", ["denormal", "tiny", "large", "both", "signs", "zero", "one large", "one negative"])
def test_pages_and_figures_survive_any_float(kind, name):
    step, time = np.arange(N), 1.76e9 + np.arange(N)
    series = {"train/loss": Series("train/loss", step, time, 2.0 + np.exp(-step / 20.0))}
    series[name] = Series(name, step, time, values(kind))
    run = judge_run(resolve(Run("r", "r", "r", series=series)), Settings((NonFiniteLoss(),)))
    report = Report("0", "2026-01-01T00:00:00Z", "pass", 0, (run,))
    assert png.render(report, 0).startswith(b"\x89PNG")
    for format in ("terminal", "html", "markdown", "json"):
        assert render(report, format)
