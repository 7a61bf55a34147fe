"""When a watch ends, and with which exit code."""

import pytest

from runlens.errors import ConfigError
from runlens.model import Report
from runlens.watching.ends import exit_code, moment_of, seconds_of
from runlens.watching.life import Life, Lives, Watched


def lives(*found):
    return Lives(runs={str(n): Watched(0, life=life) for n, life in enumerate(found)})


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ((Life.FINISHED, Life.GOING, Life.QUIET), 1),
        ((Life.FINISHED, Life.STALLED), 5),
        ((Life.GONE, Life.STALLED), 6),
        ((Life.GONE, Life.CRASHED, Life.STALLED), 4),
    ],
)
def test_how_runs_ended_comes_before_what_was_found(found, code):
    assert exit_code(Report("1", "now", "fail", 1, ()), lives(*found)) == code


def test_a_watch_that_read_nothing_could_not_judge():
    assert exit_code(None, lives()) == 3


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("12h", 43200), ("1.5d", 129600), ("2 W", 1209600)]
)
def test_lengths_of_time(text, seconds):
    assert seconds_of(text, "--idle") == seconds


@pytest.mark.parametrize("text", ["", "12", "h", "-1h", "0h", "1y", "1h 5m"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(ConfigError, match="--idle takes a length of time"):
        seconds_of(text, "--idle")


def test_moments():
    now = 1_766_000_000.0
    assert moment_of("12h", "--until", now) == now + 43200
    assert moment_of("2025-12-24T18:00", "--until", now) == 1766599200
    assert moment_of("2025-12-24T19:00+01:00", "--until", now) == 1766599200
    with pytest.raises(ConfigError, match="lies in the past"):
        moment_of("2024-12-24", "--until", now)
    with pytest.raises(ConfigError, match="is neither"):
        moment_of("soon", "--until", now)
    with pytest.raises(ConfigError, match="a length of time"):
        moment_of("0h", "--until", now)
