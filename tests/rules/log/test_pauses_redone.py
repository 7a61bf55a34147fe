"""LOG002: what was redone counts the training and not the pause until somebody started it again."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding
from runlens.rules.log.restart import Restart
from tests.rules.saying import START, run_of


def hours_lost(step: list[int], time: np.ndarray) -> list[float]:
    run = run_of({"train_loss": np.linspace(3, 2, len(step))}, step=step, time=START + time)
    found = [f for f in Restart().check(run) if isinstance(f, Finding)]
    return [f.evidence["redone_hours"] for f in found if f.evidence.get("redone_hours") is not None]


@pytest.mark.parametrize(("pause", "seconds"), [(0.0, 3.0), (59.0, 62.0), (61.0, 3.0), (7200.0, 3.0)])
def test_a_pause_between_two_aborted_starts_was_no_training(pause: float, seconds: float) -> None:
    """Launches log 0, 1, then 1, 2 after a pause, then go on from 0: 0 to 2 were redone, three points of a second."""
    step = [0, 1, 1, 2, *range(100)]
    time = np.cumsum(np.r_[0.0, 1.0, 1.0 + pause, 1.0, 30.0, np.ones(99)])
    assert hours_lost(step, time) == pytest.approx([seconds / 3600])


def test_a_whole_attempt_is_counted_whole() -> None:
    step = [*range(50), *range(20, 100)]
    assert hours_lost(step, np.arange(len(step), dtype=float)) == pytest.approx([29 / 3600])
