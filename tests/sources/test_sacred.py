"""Sacred's folders: curves of both files, states, settings, and what cannot be read is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import ReadError
from runlens.sources import discover, read

VALUES = np.array([3.0, 2.5, np.nan, np.inf, -np.inf, 1.0])
STEPS = 10 * np.arange(6)
TIMES = 1_700_000_000.0 + np.arange(6)


def written(time: float) -> str:
    """A time as sacred writes it: UTC, without a zone."""
    return datetime.fromtimestamp(time, UTC).replace(tzinfo=None).isoformat()


def curve(steps=STEPS, times=TIMES, values=VALUES) -> dict[str, list]:
    return {
        "steps": [int(s) for s in steps],
        "timestamps": [written(t) for t in times],
        "values": [float(v) for v in values],
    }


def sacred_run(folder: Path, metrics: object, info: object = None, status: str = "COMPLETED") -> Path:
    folder.mkdir(parents=True)
    about = {"experiment": {"name": "tiny"}, "status": status, "start_time": written(TIMES[0]), "host": {"ENV": {}}}
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "config.json").write_text(json.dumps({"lr": 0.1, "net": {"layers": 2}}))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "info.json").write_text(json.dumps(info or {}))
    return folder


def test_every_point_of_both_files_is_read(tmp_path):
    wrapped = [{"dtype": "float64", "py/object": "numpy.float64", "value": float(v)} for v in VALUES]
    info = {"return_mean": wrapped, "return_mean_T": STEPS.tolist(), "test_return": [1.0, 2.0], "note": ["a", "b"]}
    sacred_run(tmp_path / "1", {"train.loss": curve()}, info)
    (run,) = [read(ref) for ref in discover(str(tmp_path))]
    assert (run.id, run.name, run.state, run.starts) == ("1", "tiny", "finished", (TIMES[0],))
    assert dict(run.config) == {"lr": 0.1, "net": {"layers": 2}}
    assert set(run.series) == {"train.loss", "return_mean"}
    for series in run.series.values():
        np.testing.assert_array_equal(series.value, VALUES)
        np.testing.assert_array_equal(series.step, STEPS)
    np.testing.assert_allclose(run.series["train.loss"].time, TIMES)
    assert np.isnan(run.series["return_mean"].time).all()
    (note,) = run.notes
    assert (note.records, "test_return" in note.message, "note" in note.message) == (1, True, False)


@pytest.mark.parametrize(
    ("status", "state"),
    [("RUNNING", "running"), ("FAILED", "crashed"), ("INTERRUPTED", "crashed"), ("QUEUED", "unknown")],
)
def test_how_a_run_ended_is_kept(tmp_path, status, state):
    sacred_run(tmp_path / "1", {"loss": curve()}, status=status)
    assert read(discover(str(tmp_path))[0]).state == state


def test_points_without_a_number_or_a_step_are_counted(tmp_path):
    bad = curve()
    bad["values"][2] = "three"
    bad["steps"].pop()
    sacred_run(tmp_path / "1", {"loss": bad, "lr": curve()})
    run = read(discover(str(tmp_path))[0])
    assert run.series["loss"].step.tolist() == [0, 10, 30, 40]
    assert [(n.kind, n.records) for n in run.notes] == [("damaged", 2)]
    assert run.notes[0].message.endswith("are no numbers or lack a step: 'loss'")


def test_a_folder_of_runs_or_one_of_its_files_can_be_named(tmp_path):
    for name in ("1", "2"):
        sacred_run(tmp_path / "sacred" / name, {"loss": curve()}, {"return": [1.0], "return_T": [0]})
    (tmp_path / "sacred" / "_sources").mkdir()
    assert [r.id for r in discover(str(tmp_path))] == ["sacred/1", "sacred/2"]
    for name in ("sacred/1", "sacred/1/metrics.json", "sacred/1/info.json"):
        (ref,) = discover(str(tmp_path / name))
        assert set(read(ref).series) == {"loss", "return"}


def test_a_table_of_metrics_without_a_record_of_the_run_is_none_of_sacreds(tmp_path):
    rows = [{"step": i, "loss": 3.0 - i / 10} for i in range(10)]
    (tmp_path / "metrics.json").write_text(json.dumps(rows))
    (tmp_path / "run.json").write_text("{}")
    (ref,) = discover(str(tmp_path))
    assert (ref.source, len(read(ref).series["loss"])) == ("table", 10)


@pytest.mark.parametrize("content", ['{"loss": {"steps": [0, 1', "[]x", "[" * 100_000])
def test_a_file_that_was_cut_off_is_said(tmp_path, content):
    folder = sacred_run(tmp_path / "1", {"loss": curve()})
    (folder / "config.json").write_text(content)
    with pytest.raises(ReadError, match=r"config.json' is no JSON"):
        read(discover(str(tmp_path))[0])
