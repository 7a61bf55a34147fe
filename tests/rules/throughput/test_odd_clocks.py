"""Timers that are means or sums, launches in one log, columns with gaps: a slowdown is told, and nothing else."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from benchmarks.kinds import is_near, loud
from tests.synthetic.odd_clocks import FAULTS, HEALTHY


@pytest.mark.parametrize("kind", FAULTS)
def test_a_slowdown_is_told_where_it_begins(kind: str) -> None:
    make, codes = FAULTS[kind]
    for seed in range(3):
        run, onset = make(np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert onset is not None and any(is_near(run, one, onset) for one in loud(run, codes))


@pytest.mark.parametrize("kind", HEALTHY)
def test_without_one_nothing_is_told(kind: str) -> None:
    for seed in range(3):
        run, _ = HEALTHY[kind](np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert loud(run, ("TPUT", "LOG", "RES")) == []
