"""Wall times of tables: absolute or since the start, and in which unit."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.sources import table


def read(tmp_path, header, rows):
    path = tmp_path / "a.csv"
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    (ref,) = table.find(str(path))
    return table.read(ref)


@pytest.mark.parametrize(
    "name",
    [
        "walltime", "elapsed", "_runtime", "time_elapsed", "time/time_elapsed", "wall_time_sec", "time",
        "Relative Time (Wall)", "elapsed_time", "total_time", "elapsed_seconds", "train_time(s)",
    ],
)  # fmt: skip
def test_a_time_since_the_start_is_the_clock_of_the_run(tmp_path, name):
    run = read(tmp_path, f"step,loss,{name}", [(i, 2, 30.5 * i) for i in range(1, 20)])
    assert list(run.series) == ["loss"]
    assert run.series["loss"].time.tolist() == [30.5 * i for i in range(1, 20)]


def test_a_time_that_falls_and_rises_is_that_of_a_step(tmp_path):
    seconds = np.random.default_rng(0).normal(2.0, 0.1, 50).tolist()
    run = read(tmp_path, "step,loss,time", [(i, 2, t) for i, t in enumerate(seconds)])
    assert run.series["time"].value.tolist() == seconds
    assert np.isnan(run.series["loss"].time).all()


def test_a_constant_time_is_that_of_a_step(tmp_path):
    assert "time" in read(tmp_path, "step,loss,time", [(i, 2, 0.25) for i in range(50)]).series


@pytest.mark.parametrize(
    ("name", "written", "seconds"),
    [
        ("elapsed_ms", [1500.0 * i for i in range(1, 9)], 1.5),
        ("elapsed_minutes", [0.5 * i for i in range(1, 9)], 30.0),
        ("wall_time_hours", [0.25 * i for i in range(1, 9)], 900.0),
        ("elapsed_time", [f"0:{i:02d}:30" for i in range(1, 9)], 60.0),
        ("elapsed_time", [f"{i}m 30s" for i in range(1, 9)], 60.0),
        ("elapsed_time", [f"{i} days" + ", 2:00:00" for i in range(1, 9)], 86400.0),
    ],
)
def test_units_by_name_and_spelling(tmp_path, name, written, seconds):
    rows = [(i, 2, f'"{t}"') for i, t in enumerate(written)]
    assert np.allclose(np.diff(read(tmp_path, f"step,loss,{name}", rows).series["loss"].time), seconds)


def test_the_unit_by_the_data_where_seconds_cannot_be(tmp_path):
    """1,000 steps in 0.4 are hours: 1.4 s a step; with tokens, by what a second can hold."""
    run = read(tmp_path, "step,loss,walltime", [(1000 * i, 2, 0.4 * i) for i in range(1, 20)])
    assert np.allclose(np.diff(run.series["loss"].time), 1440.0)
    rows = [(1925 * i, 2e9 * i, 2, 0.87 * i) for i in range(1, 20)]
    run = read(tmp_path, "training_steps,training_tokens,loss,walltime", rows)
    assert np.allclose(np.diff(run.series["loss"].time), 3132.0)


def test_steps_of_an_environment_may_be_fast(tmp_path):
    run = read(tmp_path, "time/total_timesteps,train/loss,time/time_elapsed", [(8192 * i, 2, i) for i in range(1, 20)])
    assert np.allclose(np.diff(run.series["train/loss"].time), 1.0)


def test_milliseconds_by_the_data(tmp_path):
    run = read(tmp_path, "step,loss,elapsed", [(i, 2, 2.5e4 * i) for i in range(1, 20)])
    assert np.allclose(np.diff(run.series["loss"].time), 25.0)


def test_a_clock_that_starts_again_with_the_process_goes_on(tmp_path):
    rows = [(i, 2, 10.0 * i) for i in range(20)] + [(i, 2, 10.0 * (i - 15)) for i in range(15, 40)]
    time = read(tmp_path, "step,loss,elapsed", rows).series["loss"].time
    assert bool(np.all(np.diff(time) >= 0))
    assert np.allclose(np.diff(time)[:19], 10.0)
