"""Logs of tensorboard's own writer and of real training runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from runlens.sources import tensorboard
from tests.sources import tfevents_oracle as oracle

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"


def written(folder, summaries):
    """Log summaries through tensorboard's writer, one event each."""
    writer = EventFileWriter(str(folder))
    for step, summary in enumerate(summaries):
        writer.add_event(Event(wall_time=1.79e9 + step, step=step, summary=summary))
    writer.close()
    (ref,) = tensorboard.find(str(folder))
    return tensorboard.read(ref)


def test_summaries_of_the_scalar_plugin(tmp_path):
    run = written(tmp_path, [scalar_pb(tag, s / 4, "what it is") for s in range(50) for tag in ("loss", "acc")])
    assert set(run.series) == {"loss", "acc"}
    np.testing.assert_array_equal(run.series["loss"].value, np.arange(50) / 4)
    np.testing.assert_array_equal(run.series["acc"].step, np.arange(1, 100, 2))
    assert len(run.starts) == 1


def test_texts_and_histograms_are_passed_over(tmp_path):
    others = [histogram_pb("h", np.arange(9.0) * s, buckets=1) for s in range(4)] + [text_pb("note", "hello")]
    run = written(tmp_path, [*others, scalar_pb("a", 1.0)])
    assert set(run.series) == {"a"}
    assert run.notes == ()


def test_hyperparameters_of_the_plugin(tmp_path):
    run = written(tmp_path, [hparams_pb({"lr": 0.5, "name": "x"}, trial_id="t"), scalar_pb("a", 1.0)])
    assert run.config == {"lr": 0.5, "name": "x"}


@pytest.mark.parametrize("name", ["ref_small_s0", "lr_bump", "restart_clean", "gpu_drop6", "tp_bug_small"])
def test_real_runs_equal_protobuf_point_for_point(name):
    (ref,) = tensorboard.find(str(RUNS / name))
    run = tensorboard.read(ref)
    points: dict[str, list[tuple[int, float, float]]] = {}
    for file in ref.files:
        for tag, found in oracle.read(Path(file).read_bytes()).points.items():
            points.setdefault(tag, []).extend(found)
    assert run.series.keys() == points.keys()
    for tag, expected in points.items():
        series = run.series[tag]
        np.testing.assert_array_equal(np.stack([series.step, series.time, series.value], 1), np.array(expected))
    assert run.notes == ()
    assert len(run.starts) == len(ref.files)
