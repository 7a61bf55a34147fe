"""LOG001 on tables: the share of a judged series that was not read decides."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Note, Run, Series
from runlens.roles import resolve
from runlens.rules.log.unreadable import UnreadableData


def run_with(*notes):
    step = np.arange(100)
    series = {
        name: Series(name, step, np.full(100, np.nan), 3.0 - step / 100)
        for name in ("loss", "train/lr", "some_counter")
    }
    return resolve(Run("a", "a", "a.csv", series=series, notes=notes))


def findings(*notes):
    return [(f.severity.value, f.metric) for f in UnreadableData().check(run_with(*notes))]


@pytest.mark.parametrize(
    ("share", "severity"),
    [(0.0099, "info"), (0.01, "warning"), (0.1999, "warning"), (0.2, "error"), (0.5, "error"), (1.0, "error")],
)
def test_a_judged_series_is_graded_by_its_share(share, severity):
    assert findings(Note("unsupported", "x", 5, series="loss", share=share)) == [(severity, "loss")]


def test_what_nothing_is_judged_by_is_told_in_one_line():
    notes = [Note("unsupported", f"{name} is odd", 5, series=name, share=0.5) for name in ("some_counter", "text", "b")]
    (told,) = UnreadableData().check(run_with(*notes))
    assert (told.severity.value, told.evidence["records"]) == ("info", 15)
    assert told.message == "some_counter is odd, and the like of 2 other series by which nothing is judged"


def test_a_metric_of_which_nothing_was_read_is_an_error():
    assert findings(Note("unsupported", "x", 5, series="val_loss", share=1.0)) == [("error", "val_loss")]


def test_a_guess_is_a_note():
    assert findings(Note("guessed", "the x axis is a guess")) == [("info", "")]


def test_what_is_alike_in_judged_series_is_one_finding():
    """Rows that end early lack a cell of every later column."""
    notes = [Note("unsupported", f"9 cells of {n!r} are missing", 9, series=n, share=0.3) for n in ("loss", "train/lr")]
    (told,) = UnreadableData().check(run_with(*notes))
    assert (told.severity.value, told.metric, told.evidence["records"]) == ("error", "loss", 18)
    assert told.message == "9 cells of 'loss' are missing, and the like of 1 other series"
    other = Note("unsupported", "2 cells of 'train/lr' are missing", 2, series="train/lr", share=0.3)
    assert findings(notes[0], other) == [("error", "loss"), ("error", "train/lr")]
