from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import AccessRefused, NotALog
from runlens.sources import discover, wandb_file
from runlens.sources import read as read_any
from tests.sources.wandb_writer import (
    BLOCK,
    config,
    exit_record,
    field,
    framed,
    history,
    metric,
    rows,
    run_record,
    stats,
    summary,
    write,
)

RUNS = Path(__file__).parents[2] / "fixtures" / "runs" / "wandb"


def read(path: Path):
    (ref,) = wandb_file.find(str(path))
    return wandb_file.read(ref)


def made(tmp_path: Path, *records: bytes, where: str = "offline-run-20260101_000000-abc", run_id: str = "abc"):
    return read(write(tmp_path / "wandb" / where / f"run-{run_id}.wandb", list(records)))


def test_history_becomes_series_over_step_and_time(tmp_path):
    run = made(tmp_path, *rows(5000), exit_record())
    loss = run.series["loss"]
    assert list(run.series) == ["loss"]
    assert loss.step.tolist() == list(range(5000))
    assert loss.time.tolist() == [1.7e9 + i for i in range(5000)]
    assert loss.value.tolist() == [1.0 + i / 1024 for i in range(5000)]


@pytest.mark.parametrize("nested", [False, True])
def test_old_and_new_keys_are_read_alike(tmp_path, nested):
    run = made(tmp_path, history({"train/loss": "2", "a.b": "3"}, 4, nested))
    assert {name: s.value.tolist() for name, s in run.series.items()} == {"a.b": [3.0], "train/loss": [2.0]}


def test_values_that_are_no_numbers_are_passed_over_and_non_finite_ones_kept(tmp_path):
    run = made(
        tmp_path,
        history({"loss": "NaN", "flag": "true", "text": '"hi"', "image": '{"_type":"image-file","size":5}'}, 0),
        history({"loss": "Infinity", "flag": "false", "none": "null", "list": "[1,2]"}, 1),
        history({"loss": "-Infinity", "flag": "true", "h": '{"_type":"histogram","values":[1]}'}, 2),
        history({"loss": '"NaN"'}, 3),
    )
    assert set(run.series) == {"loss", "flag"}
    assert np.array_equal(run.series["loss"].value, [math.nan, math.inf, -math.inf, math.nan], equal_nan=True)
    assert run.series["flag"].value.tolist() == [1.0, 0.0, 1.0]
    assert run.notes == ()


def test_rows_that_say_no_step_follow_the_one_before(tmp_path):
    run = made(tmp_path, history({"loss": "1", "_step": "5"}), history({"loss": "2"}), history({"loss": "3"}, 0))
    assert run.series["loss"].step.tolist() == [5, 6, 0]


def test_system_metrics_are_placed_on_the_step_of_their_time(tmp_path):
    run = made(
        tmp_path,
        stats(1700000000, 0, {"gpu.0.temp": "40"}),
        *rows(3, start=0),
        stats(1700000001, 500000000, {"gpu.0.temp": "50", "cpu": "7"}),
        stats(1700000099, 0, {"gpu.0.temp": "60"}),
    )
    temperature = run.series["system.gpu.0.temp"]
    assert temperature.step.tolist() == [0, 1, 2]
    assert temperature.time.tolist() == [1.7e9, 1700000001.5, 1700000099.0]
    assert temperature.value.tolist() == [40.0, 50.0, 60.0]
    assert run.series["system.cpu"].step.tolist() == [1]


def test_configuration_summary_name_and_start(tmp_path):
    run = made(
        tmp_path,
        run_record(name="first", start=1700000000, lr="0.1", model='{"layers":2}', _wandb="{}"),
        config({"lr": "0.2"}),
        run_record(name="second", start=1700000000, steps="10"),
        *rows(3),
        summary({"best": "1.5"}),
    )
    assert run.name == "second"
    assert run.config == {"lr": 0.2, "model": {"layers": 2}, "steps": 10}
    assert run.summary["best"] == 1.5
    assert run.summary["loss"] == 1.0 + 2 / 1024
    assert run.starts == (1.7e9,)
    assert run.read_at > 1.7e9


def test_the_copies_of_rows_among_the_summaries_are_read_once(tmp_path):
    records = []
    for i in range(200):
        items = {"loss": str(i), "comment": f'"row {i % 10} with some words to make it long enough"', "_step": str(i)}
        records += [summary({"_wandb.runtime": str(i)}), summary(items), history(items, i)]
    run = made(tmp_path, summary({"best": "7", "loss": "-1"}), *records[:300], summary({"early": "3"}), *records[300:])
    assert run.summary["loss"] == 199
    assert run.summary["early"] == 3
    assert run.summary["comment"] == "row 9 with some words to make it long enough"
    assert run.summary["best"] == 7
    again = made(tmp_path, *records, summary({"loss": "0.5"}), exit_record())
    assert again.summary["loss"] == 0.5, "what the user set at the end stands"


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([exit_record()], "finished"),
        ([exit_record(0)], "finished"),
        ([exit_record(1)], "crashed"),
        ([exit_record(255)], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_exit_record_says_how_it_ended(tmp_path, records, state):
    assert made(tmp_path, *rows(3), *records).state == state


@pytest.mark.parametrize(
    "defined",
    [
        [metric("global_step"), metric(glob="*", step="global_step")],
        [metric("global_step"), metric("loss", index=1)],
        [metric("other"), metric("loss", step="global_step"), metric(glob="*", step="other")],
    ],
)
def test_define_metric_names_the_step(tmp_path, defined):
    records = [history({"loss": "1", "global_step": str(10 * i)}, i) for i in range(5)]
    assert made(tmp_path, *defined, *records).step_metric == "global_step"


def test_a_step_metric_that_was_never_logged_is_none(tmp_path):
    assert made(tmp_path, metric(glob="*", step="missing"), *rows(3)).step_metric == ""


def test_attempts_of_one_run_are_stitched_in_order_of_their_start(tmp_path):
    write(tmp_path / "wandb/offline-run-20260102_000000-abc/run-abc.wandb", [*rows(5, start=3), exit_record()])
    write(tmp_path / "wandb/offline-run-20260101_000000-abc/run-abc.wandb", rows(6))
    write(tmp_path / "wandb/offline-run-20260101_000000-xyz/run-xyz.wandb", rows(2))
    refs = discover(str(tmp_path))
    assert [r.id for r in refs] == ["abc", "xyz"]
    run = read_any(refs[0])
    assert run.series["loss"].step.tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7]
    assert len(run.series["loss"].attempts()) == 2
    assert run.starts == (1.7e9, 1.7e9 + 3)
    assert run.state == "finished"


def test_a_call_counter_that_begins_anew_is_carried_on(tmp_path):
    def attempt(first: int, count: int) -> list[bytes]:
        return [history({"loss": "1", "train/global_step": str(first + 10 * i)}, i) for i in range(count)]

    write(tmp_path / "wandb/offline-run-20260101_000000-abc/run-abc.wandb", attempt(10, 6))
    write(tmp_path / "wandb/offline-run-20260102_000000-abc/run-abc.wandb", attempt(50, 4))
    (ref,) = discover(str(tmp_path))
    run = read_any(ref)
    assert run.series["loss"].step.tolist() == list(range(10))
    assert run.series["train/global_step"].value.tolist() == [10, 20, 30, 40, 50, 60, 50, 60, 70, 80]


def test_a_run_that_began_again_from_nothing_keeps_its_steps(tmp_path):
    write(tmp_path / "wandb/offline-run-20260101_000000-abc/run-abc.wandb", rows(4))
    write(tmp_path / "wandb/offline-run-20260102_000000-abc/run-abc.wandb", rows(3))
    (ref,) = discover(str(tmp_path))
    assert read_any(ref).series["loss"].step.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_a_live_file_has_a_torn_tail_and_no_note(tmp_path):
    whole = framed(rows(2000))
    path = tmp_path / "run-abc.wandb"
    for end in range(2 * BLOCK - 200, 2 * BLOCK + 200, 7):
        path.write_bytes(whole[:end])
        run = read(path)
        assert run.notes == ()
        n = len(run.series["loss"])
        assert run.series["loss"].value.tolist() == [1.0 + i / 1024 for i in range(n)]


def test_damage_is_told_and_the_rest_is_read(tmp_path):
    whole = bytearray(framed(rows(3000)))
    whole[BLOCK + 1000] ^= 4
    path = tmp_path / "run-abc.wandb"
    path.write_bytes(whole)
    run = read(path)
    (note,) = run.notes
    assert note.kind == "damaged"
    assert note.records == 1
    assert 0 < note.bytes_unread < 200
    assert note.bytes_total == len(whole)
    assert len(run.series["loss"]) == 2999
    assert set(range(3000)) - set(run.series["loss"].step.tolist()) != set()


def test_records_that_are_no_messages_are_counted(tmp_path):
    bad = [b"\xff" * 20, field(2, b"\x0a\x7f"), field(3, b"\x0a\x7f"), field(17, b"\x0f")]
    run = made(tmp_path, *rows(3), *bad, field(8, b"an artifact"), field(77, b"of the future"))
    (note,) = run.notes
    assert (note.kind, note.records) == ("unsupported", 4)
    assert len(run.series["loss"]) == 3


def test_a_record_that_goes_on_as_no_message_is_counted_whatever_it_begins_with(tmp_path):
    """Its first field was believed: a row whose length was damaged came out as a row without values."""
    sound = history({"loss": "1.5", "_step": "7"}, 7)
    short = b"\x12\x05" + sound[2:]  # the row ends within its first key
    behind = field(8, b"an artifact") + b"\x0a\x7f"
    run = made(tmp_path, *rows(3), short, behind)
    assert [(note.kind, note.records) for note in run.notes] == [("unsupported", 2)]
    assert len(run.series["loss"]) == 3
    beside = sound + field(16, field(4, b"slot"))  # what stands beside it may come last
    assert made(tmp_path / "b", *rows(3), beside).series["loss"].value[-1] == 1.5


def test_hostile_numbers_of_keys_and_sizes_do_not_hurt(tmp_path):
    wide = history({f"k{i}": str(i) for i in range(3000)}, 0)
    long = history({"x" * 5000: "1", "loss": "9" * 400}, 1)
    run = made(tmp_path, wide, long, *rows(10, start=2, pad=40000))
    assert len(run.series) == 3002
    assert run.series["loss"].value[0] == math.inf
    assert len(run.series["loss"]) == 11


def test_an_empty_file_is_a_run_without_points(tmp_path):
    path = tmp_path / "run-abc.wandb"
    path.write_bytes(b"")
    run = read(path)
    assert (run.points, run.notes, run.state) == (0, (), "unknown")


def test_what_is_no_wandb_file_is_refused(tmp_path):
    path = tmp_path / "run-abc.wandb"
    path.write_bytes(b"\x89PNG\r\n" * 10)
    with pytest.raises(NotALog, match="no W&B run file"):
        read(path)


def test_no_permission_is_said(tmp_path, monkeypatch):
    (ref,) = wandb_file.find(str(write(tmp_path / "run-abc.wandb", rows(2))))

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AccessRefused, match="no permission"):
        wandb_file.read(ref)


def test_both_parsers_of_numbers_give_the_same_run(tmp_path, monkeypatch):
    path = next(RUNS.glob("gpu_drop6/*/*.wandb"))
    plain = read(path)
    monkeypatch.setattr(wandb_file.attempt, "LARGE", 0)
    quick = read(path)
    assert list(plain.series) == list(quick.series)
    for name, series in plain.series.items():
        assert series.value.tobytes() == quick.series[name].value.tobytes()
        assert series.step.tobytes() == quick.series[name].step.tobytes()


def test_the_shipped_runs_are_whole():
    (ref,) = discover(str(RUNS / "lr_bump"))
    run = read_any(ref)
    assert (run.name, run.state, run.notes) == ("lr_bump", "finished", ())
    assert run.series["loss_metrics/global_avg_loss"].step.tolist() == list(range(2600))
    assert run.points == 15769
    assert run.config["seq_len"] == 256
