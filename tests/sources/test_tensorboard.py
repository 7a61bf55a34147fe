"""What a run's event files mean: what is kept, what is passed over, which files make up a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event, TaggedRunMetadata

from runlens.model import RunRef
from runlens.sources import tensorboard
from tests.sources.tfevents_compare import assert_equal_to_protobuf, read
from tests.sources.tfevents_writer import (
    T0,
    float_tensor,
    frame,
    histogram,
    hparams,
    image,
    log,
    scalar,
    session_start,
    tensor,
    version,
    write,
)

# ---- what is kept


def test_nan_infinity_and_duplicates_are_kept_in_order(tmp_path):
    values = [1.0, math.nan, math.inf, -math.inf, 2.0, 2.0]
    steps = [1, 2, 3, 4, 4, 4]
    run = read(write(tmp_path, [scalar("loss", s, v) for s, v in zip(steps, values, strict=True)]))
    assert run.series["loss"].step.tolist() == steps
    np.testing.assert_array_equal(run.series["loss"].value, values)


def test_steps_that_go_back_in_one_file_are_two_attempts(tmp_path):
    steps = [*range(100), *range(60, 90)]
    run = read(write(tmp_path, [scalar("loss", s, 1.0, T0 + k) for k, s in enumerate(steps)]))
    assert run.series["loss"].step.tolist() == steps
    assert [len(a) for a in run.series["loss"].attempts()] == [100, 30]


def test_points_after_a_nan_wall_time_are_read(tmp_path):
    times = [T0, math.nan, math.inf, T0 + 3, 0.0]
    run = read(write(tmp_path, [scalar("loss", k, float(k), t) for k, t in enumerate(times)]))
    np.testing.assert_array_equal(run.series["loss"].time, times)


@pytest.mark.parametrize("tag", ["Verlust/ö", "损失", "a\x00b\x1b[31m", "../../etc", "<b>", " "])
def test_tags_of_any_text(tmp_path, tag):
    assert set(read(write(tmp_path, [scalar(tag, 1, 1.0)])).series) == {tag}


def test_tags_that_are_no_utf8_are_escaped_and_kept_apart(tmp_path):
    def renamed(event):
        return frame(event.SerializeToString().replace(b"\x0a\x01A", b"\x0a\x01\xff"))

    data = b"".join(renamed(scalar("A", s, 1.0)) for s in range(30)) + log([scalar("\\xff", 1, 2.0)])
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(data)
    run = read(path)
    assert {name: len(series) for name, series in run.series.items()} == {"\\xff": 30, "\\xff'": 1}
    assert run.notes == ()


# ---- what is passed over


def test_images_histograms_and_graphs_are_passed_over(tmp_path):
    graph = Event(wall_time=T0, graph_def=b"\x0a\x03abc" * 100)
    meta = Event(wall_time=T0, tagged_run_metadata=TaggedRunMetadata(tag="t", run_metadata=b"x"))
    events = [version(), graph, meta]
    for step in range(30):
        events += [image(step, 40_000 if step % 10 == 0 else 500), histogram(step), scalar("loss", step, 1.0)]
    run = assert_equal_to_protobuf(write(tmp_path, events))
    assert set(run.series) == {"loss"}


def test_a_record_larger_than_a_segment(tmp_path):
    events = [version(), scalar("loss", 1, 1.0), image(1, 3_000_000), scalar("loss", 2, 2.0), image(2, 5_000_000)]
    run = assert_equal_to_protobuf(write(tmp_path, [*events, scalar("loss", 3, 3.0)]))
    assert run.series["loss"].value.tolist() == [1.0, 2.0, 3.0]


def test_a_summary_that_mixes_an_image_and_scalars(tmp_path):
    mixed = image(7)
    mixed.summary.value.add(tag="loss", simple_value=0.5)
    run = read(write(tmp_path, [version(), mixed, scalar("loss", 8, 0.25)]))
    assert run.series["loss"].step.tolist() == [7, 8]


def test_a_single_number_of_another_plugin_is_no_scalar(tmp_path):
    events = [tensor("h", s, float_tensor(1.0), "histograms" if s == 0 else "") for s in range(30)]
    run = read(write(tmp_path, [*events, scalar("loss", 1, 1.0)]))
    assert set(run.series) == {"loss"}


# ---- files of a run


@pytest.mark.parametrize("content", [b"", log([version()]), log([version()])[:20], b"\x18\x00"])
def test_empty_and_header_only_files_are_a_run_without_series(tmp_path, content):
    (tmp_path / "events.out.tfevents.1790000000.host").write_bytes(content)
    run = read(tmp_path)
    assert run.series == {}
    assert run.notes == ()
    assert run.starts == ()


def test_files_are_read_by_the_time_in_the_name_then_by_name(tmp_path):
    for name, step in {
        "events.out.tfevents.999.b": 1,
        "events.out.tfevents.1000.a": 2,
        "events.out.tfevents.1000.b.v2": 3,
        "old.tfevents": 4,
    }.items():
        write(tmp_path, [scalar("loss", step, 1.0, T0 + 100 * step)], name)
    assert read(tmp_path).series["loss"].step.tolist() == [1, 2, 3, 4]


def test_a_restart_is_kept_whole_and_marked(tmp_path):
    write(tmp_path, [version(T0), *(scalar("loss", s, 1.0, T0 + s) for s in range(1, 101))], "e.tfevents.1.h")
    later = T0 + 500
    write(tmp_path, [version(later), *(scalar("loss", s, 2.0, later + s) for s in range(61, 121))], "e.tfevents.2.h")
    run = read(tmp_path)
    series = run.series["loss"]
    assert series.step.tolist() == [*range(1, 101), *range(61, 121)]
    assert [len(a) for a in series.attempts()] == [100, 60]
    assert run.starts == (T0, later)
    assert series.latest().value.tolist() == [1.0] * 60 + [2.0] * 60


def test_a_session_start_in_a_running_file_is_a_start_and_the_first_one_is_not(tmp_path):
    events = [version(T0), session_start(0, T0 + 0.5), *(scalar("loss", s, 1.0) for s in range(1, 50))]
    events += [session_start(30, T0 + 100), *(scalar("loss", s, 1.0, T0 + 100 + s) for s in range(30, 60))]
    run = read(write(tmp_path, events))
    assert run.starts == (T0, T0 + 100)
    assert len(run.series["loss"]) == 79


def test_a_file_that_was_opened_and_never_used_is_no_start(tmp_path):
    write(tmp_path, [version(), scalar("loss", 1, 1.0)], "e.tfevents.1.h")
    write(tmp_path, [version(T0 + 50)], "e.tfevents.2.h.profile-empty")
    assert read(tmp_path).starts == (T0,)


def test_two_writers_of_different_tags_are_one_start(tmp_path):
    write(tmp_path, [version(T0), *(scalar("loss", s, 1.0) for s in range(100))], "e.tfevents.1.h")
    write(tmp_path, [version(T0 + 1), *(scalar("gpu", s, 2.0) for s in range(100))], "e.tfevents.2.h")
    run = read(tmp_path)
    assert run.starts == (T0,)
    assert [len(s.attempts()) for s in run.series.values()] == [1, 1]


def test_two_writers_who_share_the_steps_of_a_tag_are_merged_by_wall_time(tmp_path):
    write(tmp_path, [version(T0), *(scalar("loss", s, 1.0) for s in range(0, 100, 2))], "e.tfevents.1.h")
    write(tmp_path, [version(T0), *(scalar("loss", s, 2.0) for s in range(1, 100, 2))], "e.tfevents.2.h")
    run = read(tmp_path)
    assert run.series["loss"].step.tolist() == list(range(100))
    assert run.series["loss"].value[:4].tolist() == [1.0, 2.0, 1.0, 2.0]


def test_two_jobs_that_log_into_one_folder_are_kept_apart(tmp_path):
    write(tmp_path, [version(T0), *(scalar("loss", s, 1.0, T0 + s) for s in range(100))], "e.tfevents.1.h")
    write(tmp_path, [version(T0), *(scalar("loss", s, 2.0, T0 + 40 + s) for s in range(120))], "e.tfevents.2.h")
    run = read(tmp_path)
    assert set(run.series) == {"loss", "loss (writer 2)"}
    assert run.series["loss"].value.tolist() == [2.0] * 120
    assert run.series["loss (writer 2)"].value.tolist() == [1.0] * 100
    assert run.points == 220
    assert len(run.starts) == 1


def test_a_restart_on_a_machine_whose_clock_is_behind_is_a_restart(tmp_path):
    write(tmp_path, [version(T0), *(scalar("loss", s, 1.0, T0 + s) for s in range(200))], "e.tfevents.1.h")
    back = T0 + 197
    write(
        tmp_path, [version(back), *(scalar("loss", s, 2.0, back + s - 99) for s in range(100, 300))], "e.tfevents.2.h"
    )
    run = read(tmp_path)
    assert run.series["loss"].step.tolist() == [*range(200), *range(100, 300)]
    assert len(run.starts) == 2


# ---- a run as a whole


def test_identity_and_reading_time_of_a_run(tmp_path):
    write(tmp_path / "exp7", [version(), scalar("loss", 1, 1.0)])
    (ref,) = tensorboard.find(str(tmp_path / "exp7"))
    run = tensorboard.read(ref)
    assert (run.id, run.name, run.state, run.source) == ("exp7", "exp7", "unknown", str(tmp_path / "exp7"))
    assert run.read_at > T0 - 1e9
    again = tensorboard.read(RunRef("tensorboard", str(tmp_path / "exp7"), "exp7"))
    assert again.points == run.points == 1


def test_hyperparameters_are_the_config(tmp_path):
    values = {"lr": 0.001, "opt": "adam", "bias": True, "n": None, "dims": [1.0, "x"], "net": {"depth": 3.0}}
    run = read(write(tmp_path, [version(), hparams(values), scalar("loss", 1, 1.0)]))
    assert run.config == values
    assert run.notes == ()


def test_broken_hyperparameters_are_said(tmp_path):
    event = hparams({"lr": 1.0})
    event.summary.value[0].metadata.plugin_data.content = b"\xff\xff"
    run = read(write(tmp_path, [version(), event, scalar("loss", 1, 1.0)]))
    assert run.config == {}
    assert run.notes[0].kind == "unsupported"


def test_tens_of_thousands_of_tags_keep_their_points(tmp_path):
    events = [scalar(f"layer.{k:05d}", step, k + step / 4) for step in range(2) for k in range(3000)]
    run = assert_equal_to_protobuf(write(tmp_path, events))
    assert len(run.series) == 3000
