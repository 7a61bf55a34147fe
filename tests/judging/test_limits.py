"""What one run may cost: it is cut, or given up in a sentence, and the others are judged."""

from __future__ import annotations

import signal
import sys
import time

import numpy as np
import pytest

from runlens.config import load, settings_for
from runlens.errors import ConfigError
from runlens.judging.check import judge
from runlens.judging.limits import Limits, cut
from runlens.judging.one import Settings
from runlens.model import Run, RunRef, Series

REF = RunRef("made", "logs/a", "a")


def made(names=3, points=20):
    step = np.arange(points)
    series = {f"m{i}": Series(f"m{i}", step[i:], step[i:] + 1.7e9, 1.0 / (1 + step[i:])) for i in range(names)}
    return Run("a", "a", "logs/a", series=series)


def test_as_many_names_as_may_be_are_kept_and_more_are_told():
    assert cut(made(3), Limits(names=3)).notes == ()
    run = cut(made(4), Limits(names=3))
    (note,) = run.notes
    assert (list(run.series), note.kind, note.records) == (["m0", "m1", "m2"], "left-out", 1)
    assert "1 of 4 series" in note.message and "'m3'" in note.message and "[limits]" in note.message


@pytest.mark.parametrize(("most", "verdict"), [(57, True), (56, False)])
def test_more_points_than_may_be_are_not_judged(most, verdict):
    report = judge(REF, Settings((), limits=Limits(points=most)), lambda _: made(3))
    assert bool(report.failures) is not verdict
    if not verdict:
        assert "57 points, more than the limit of 56" in report.failures[0].message


def forever(_):
    while True:
        time.sleep(0.01)


def test_a_run_that_takes_too_long_is_given_up():
    report = judge(REF, Settings((), limits=Limits(seconds=0.05)), forever)
    assert report.verdict == "undecided" and "'logs/a' was given up" in report.failures[0].message
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert judge(REF, Settings(()), lambda _: made()).failures == ()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may hold")
def test_a_run_that_needs_too_much_memory_is_given_up():
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    large = Settings((), limits=Limits(memory=0.25))
    report = judge(REF, large, lambda _: made(names=int(np.ones(1 << 28).sum())))
    assert "more memory than the limit of 0.25 GB" in report.failures[0].message
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert judge(REF, large, lambda _: made()).failures == ()


def test_limits_are_settings(tmp_path):
    path = tmp_path / "runlens.toml"
    path.write_text('[limits]\nnames = 7\n[[runs]]\nmatch = "big/*"\n[runs.limits]\nseconds = 9\n')
    config = load(path)
    assert settings_for("small", config, {}).limits == Limits(names=7)
    assert settings_for("big/a", config, {}).limits == Limits(names=7, seconds=9.0)
    for wrong in ("names = 0", "seconds = -1", "minutes = 3"):
        path.write_text(f"[limits]\n{wrong}\n")
        with pytest.raises(ConfigError, match="limits"):
            load(path)
