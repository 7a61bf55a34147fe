"""An hour of a live run in each form: each incident is told once, none is lost, whatever refuses or restarts."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import watch_hour, watch_hour_forms
from tests.sources.wandb_at import server

__all__ = ["server"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def test_the_page_has_a_row_for_each_incident():
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text(encoding="utf-8")
    known = [one.what for crashes in (True, False) for one in watch_hour.incidents(Crashing(crashes))]
    assert [what for what in known if f"| {what} | " not in page] == []


@dataclass
class Crashing:
    crashes: bool
    hardware: bool = True
    late: float = 0.0


def right(hour):
    assert (hour.lost(), hour.doubled(), hour.without_cause()) == ([], [], [])


@pytest.mark.parametrize("form", watch_hour_forms.FORMS)
def test_each_incident_of_a_file_is_told_once_and_none_is_lost(tmp_path, form):
    right(watch_hour.live(watch_hour_forms.FORMS[form](tmp_path), tmp_path, seed=0))


def test_each_incident_of_a_run_at_wandb_is_told_once_and_none_is_lost(tmp_path, server):
    hour = watch_hour.live(watch_hour_forms.WandbServer(server), tmp_path, seed=0)
    right(hour)
    stall = next(one for one in watch_hour.incidents(hour.form) if one.what == "it stalls")
    told, _ = hour.first(stall)
    assert told - stall.onset < 900, "a watch that was begun anew, and read all samples, has seen nothing new"
