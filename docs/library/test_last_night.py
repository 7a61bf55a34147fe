"""A nightly gate in pytest: the run passes, learns what it must, and is as fast as it was.

RUN=logs/nightly pytest docs/library/test_last_night.py
"""

from __future__ import annotations

import os

import pytest

import runlens

RUN = os.environ.get("RUN", "fixtures/runs/ref_small_s0")


@pytest.fixture(scope="module")
def report() -> runlens.Report:
    """Read and judged once for all tests."""
    return runlens.check(RUN, requirements=["eval_loss<=4"])


def test_nothing_is_wrong_with_the_run(report: runlens.Report) -> None:
    """No finding fails it."""
    assert report.passed, report  # a failure prints about ten lines: what was found, and what to do


def test_the_loss_was_judged_at_all(report: runlens.Report) -> None:
    """A run without a loss would pass for want of anything to judge."""
    (run,) = report.runs
    assert "LOSS001" in run.checked and "train_loss" in run.roles


@pytest.mark.parametrize("family", ["TPUT", "RES"])
def test_neither_speed_nor_a_resume_is_even_noted(report: runlens.Report, family: str) -> None:
    """Stricter than the gate: a note is too much."""
    assert [f.message for f in report.findings if f.code.startswith(family)] == []
