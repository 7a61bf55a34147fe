"""Console logs: reading in stretches, what is kept and what is left, restarts, ranks, and files that are no log."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import Run
from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.text.gather import gather
from runlens.sources.text.stretches import stretches
from tests.sources.text_samples import MADE


def of(text: str | bytes, folder: Path, name: str = "train.log") -> Run:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (ref,) = discover(str(path))
    return read(ref)


def lines(*losses: float | str, first: int = 1) -> list[str]:
    return [f"step {i} | loss: {loss} | lr: 1e-3" for i, loss in enumerate(losses, first)]


def test_nan_and_infinities_are_kept_however_they_are_written(tmp_path):
    run = of("\n".join(lines("nan", "NaN", "NAN", "inf", "-inf", "Infinity", "-Infinity", 1.5)), tmp_path)
    np.testing.assert_array_equal(run.series["loss"].value, [np.nan] * 3 + [np.inf, -np.inf, np.inf, -np.inf, 1.5])


def test_a_restart_stays_in_the_order_written(tmp_path):
    run = of("\n".join([*lines(5, 4, 3, 2), "Resuming from checkpoint", *lines(3.1, 2.1, first=3)]), tmp_path)
    np.testing.assert_array_equal(run.series["loss"].step, [1, 2, 3, 4, 3, 4])
    np.testing.assert_array_equal(run.series["loss"].value, [5, 4, 3, 2, 3.1, 2.1])


def test_each_start_has_its_time(tmp_path):
    rows = [f"2024-05-01 12:00:{i:02d} step {s} loss {5 - i / 10}" for i, s in enumerate([1, 2, 3, 2, 3, 4])]
    run = of("\n".join(rows), tmp_path)
    assert len(run.starts) == 2
    assert run.starts[1] - run.starts[0] == 3.0


@pytest.mark.parametrize("name", ["megatron", "hf_stdout", "keras_3", "olmo", "stable_baselines", "ultralytics"])
@pytest.mark.parametrize("size", [101, 1000, 1 << 22])
def test_where_the_stretches_end_changes_nothing(name, size):
    made = MADE[name]().text.encode() + b"\n"
    pieces, whole = gather(stretches(io.BytesIO(made), size)), gather(stretches(io.BytesIO(made), 1 << 30))
    assert (pieces.lines, pieces.used, pieces.strange) == (whole.lines, whole.used, whole.strange)
    for layout, parts in whole.parts.items():
        of_names = [f.name for f in layout.fields]
        same = [
            (
                np.concatenate([p.line for p in ps]),
                [np.concatenate([p.values[i] for p in ps]) for i in range(len(of_names))],
            )
            for o, ps in pieces.parts.items()
            if [f.name for f in o.fields] == of_names and o.kind == layout.kind
        ]
        line = np.concatenate([p.line for p in parts])
        assert any(np.isin(line, other).all() for other, _ in same)


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_text_in_other_codes_reads_alike(code, tmp_path):
    run = of("\r\n".join(lines(3, 2.5, 2)).encode(code), tmp_path)
    np.testing.assert_array_equal(run.series["loss"].value, [3, 2.5, 2])


def test_packed_logs_are_read(tmp_path):
    run = of(gzip.compress("\n".join(lines(3, 2.5, 2)).encode()), tmp_path, "train.log.gz")
    assert run.id == "train"
    np.testing.assert_array_equal(run.series["loss"].value, [3, 2.5, 2])


def test_ranks_that_print_the_same_metric_are_apart(tmp_path):
    rows = [f"[rank{r}]: step: {i} loss: {3 - i / 10 if r == 0 else 'nan'}" for i in range(5) for r in range(2)]
    run = of("\n".join(rows), tmp_path)
    np.testing.assert_array_equal(run.series["loss"].value, [3, 2.9, 2.8, 2.7, 2.6])
    assert np.isnan(run.series["loss/rank_1"].value).all()
    np.testing.assert_array_equal(run.series["loss/rank_1"].step, range(5))


def test_a_torn_last_line_of_a_live_log_is_left_for_the_next_time(tmp_path):
    whole = "\n".join(lines(3.25, 2.75, 2.5)) + "\n"
    assert len(of(whole + "step 4 | loss: 2.", tmp_path).series["loss"]) == 3
    assert len(of(whole + "step 4 | loss: 2.25 | lr: 1e-3", tmp_path).series["loss"]) == 4


def test_what_is_around_the_lines_of_metrics_is_no_series(tmp_path):
    noise = [
        "2024-05-01 11:00:00 INFO loading /data/run-3/shard_0001.bin (1.5 GB, 3 parts)",
        "lr: 0.0003",
        "model: {'layers': 12, 'width': 768}",
        'Traceback (most recent call last):\n  File "train.py", line 12, in main',
        "UserWarning: version 2.1.0 of torch; 0.5 of memory used",
        "Loading checkpoint shards: 100%|##########| 4/4 [00:03<00:00,  1.20it/s]",
    ]
    run = of("\n".join(noise + lines(3, 2.5, 2, 1.5) + noise), tmp_path)
    assert set(run.series) == {"loss", "lr"}
    assert len(run.series["loss"]) == len(run.series["lr"]) == 4
    assert run.config["lr"] == 0.0003


def test_validation_loops_leave_their_last_word_alone(tmp_path):
    rows = []
    for epoch in range(3):
        rows += [f"Epoch: [{epoch}][{i}/10] Loss {3 - epoch:.4f} (9.9)" for i in range(0, 10, 5)]
        rows += [f"Test: [{i}/4] Loss {i:.4f} ({epoch + 0.5:.4f})" for i in range(4)]
    run = resolve(of("\n".join(rows), tmp_path))
    np.testing.assert_array_equal(run.series["test/Loss"].value, [0.5, 1.5, 2.5])  # of all batches
    np.testing.assert_array_equal(run.series["test/Loss"].step, [5, 15, 25])
    np.testing.assert_array_equal(run.series["Loss"].step, [0, 5, 10, 15, 20, 25])


def test_a_word_that_validation_uses_too_is_another_series(tmp_path):
    rows = []
    for epoch in range(4):
        rows += [f"Epoch: [{epoch}/9] Iter:[{i}/20], Loss: 2.5" for i in (0, 10)]
        rows.append("Loss: 0.985, MeanIU:  0.4960")
    run = of("\n".join(rows), tmp_path)
    assert set(run.series["Loss"].value) == {2.5}
    assert set(run.series["summary/Loss"].value) == {0.985}


def test_hugging_face_says_at_the_end_that_it_is_done(tmp_path):
    run = resolve(of(MADE["hf_stdout"]().text, tmp_path))
    assert run.state == "finished"
    assert run.summary["train/train_runtime"] == 60.5
    assert "train/train_runtime" not in run.series


@pytest.mark.parametrize(
    ("tail", "state"),
    [
        ("Traceback (most recent call last):\nRuntimeError: NCCL error", "crashed"),
        ("slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2024-05-01T12:00:00 DUE TO TIME LIMIT ***", "crashed"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "crashed"),
        ('Traceback (most recent call last):\n  File "train.py", line 1\nKeyboardInterrupt', "unknown"),
        ("ValueError: x\n\nDuring handling:\nTraceback (most recent call last):\nKeyboardInterrupt", "unknown"),
        ("KeyboardInterrupt\nTraceback (most recent call last):\nRuntimeError: NCCL error", "crashed"),
        ("slurmstepd: error: *** JOB 12 CANCELLED AT 2024 ***\nKeyboardInterrupt", "crashed"),
        ("slurmstepd-n1.cluster: error: *** JOB 12 ON n1 CANCELLED AT 2024-05-01T12:00:00 ***", "crashed"),
        ("[after training is done] datetime: 2024-05-01 12:00:00", "finished"),
        ("saving checkpoint to /x", "unknown"),
    ],
)
def test_the_end_of_the_log_says_how_it_ended(tail, state, tmp_path):
    assert of("\n".join(lines(3, 2, 1)) + f"\n{tail}\n", tmp_path).state == state


def test_a_traceback_before_a_resume_is_no_crash(tmp_path):
    text = "\n".join([*lines(3, 2), "Traceback (most recent call last):", "RuntimeError: x", *lines(2, 1, first=2)])
    assert of(text + "\n", tmp_path).state == "unknown"


# Files that are no log


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no log that RunLens knows"),
        ("\n\n  \n", "no log that RunLens knows"),
        ("Once upon a time there were 3 bears.\n" * 50, r"none of its 50 lines of text names a step or an epoch"),
        ("epoch 3 loss: 2.5\n", "none of its 1 lines of text is one of a series"),
    ],
)
def test_what_is_no_log_is_refused_in_a_sentence(text, says, tmp_path):
    with pytest.raises(NotALog, match=says):
        of(text, tmp_path)


def test_a_log_that_is_hardly_understood_is_refused_and_an_example_named(tmp_path):
    strange = [f"[{i}] acc (0.5{i} of all) err <0.4{i}> {'x' * i}" for i in range(40)]
    with pytest.raises(NotALog, match=r"of 43 lines of .* only 3 are understood, too few to judge by; others are like"):
        of("\n".join(strange + lines(3, 2, 1)), tmp_path)
    run = of("\n".join(strange[:3] + lines(*np.linspace(3, 1, 40))), tmp_path)
    assert run.summary["lines_understood"] == round(40 / 43, 4)
    assert "93 % of 43 lines of metrics" in run.notes[0].message
    run = of("\n".join(strange[:2] + lines(*np.linspace(3, 1, 40))), tmp_path)
    assert run.notes == (), "95 % and more is no note"


def test_binary_and_closed_files_are_refused(tmp_path):
    with pytest.raises(NotALog, match="no log that RunLens knows"):
        of(bytes(range(256)) * 20, tmp_path)
    (ref,) = discover(str(_written(tmp_path / "a.log", "\n".join(lines(3, 2)))))
    (tmp_path / "a.log").unlink()
    with pytest.raises(ReadError, match=r"a\.log' cannot be read"):
        read(ref)


def test_no_permission_is_said(tmp_path, monkeypatch):
    (ref,) = discover(str(_written(tmp_path / "a.log", "\n".join(lines(3, 2)))))
    _written(tmp_path / "a.log", "\n".join(lines(3, 2, 1)))  # so that it must be opened again
    monkeypatch.setattr(Path, "open", _refuse)
    with pytest.raises(AccessRefused, match=r"no permission to read .*ask its owner"):
        read(ref)


def _refuse(*_: object) -> None:
    raise PermissionError


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_names_in_a_log_are_hostile_and_stay_what_they_are(tmp_path):
    run = of("\n".join(f"step {i} | <b>loss</b>: 2.5 | loss: {3 - i / 10}" for i in range(4)), tmp_path)
    assert "loss" in run.series
    assert len(run.series["loss"]) == 4


def test_beside_a_fuller_log_of_the_run_a_console_log_is_none_of_its_own(tmp_path):
    _written(tmp_path / "train.log", "\n".join(lines(3, 2, 1)))
    assert [r.source for r in discover(str(tmp_path))] == ["text"]
    (tmp_path / "vis_data").mkdir()
    _written(tmp_path / "vis_data" / "scalars.jsonl", '{"step": 1, "loss": 3}\n{"step": 2, "loss": 2}\n')
    assert [r.source for r in discover(str(tmp_path))] == ["table"]
    _written(tmp_path / "other.log", "\n".join(lines(3, 2, 1)))
    assert sorted(r.source for r in discover(str(tmp_path))) == ["table", "text", "text"], (
        "two runs that are told apart"
    )


def test_a_packed_log_that_breaks_off_is_read_so_far_and_told(tmp_path):
    draw = np.random.default_rng(0)
    whole = gzip.compress("\n".join(f"step {i} | loss: {v:.6f}" for i, v in enumerate(draw.random(20_000))).encode())
    (tmp_path / "train.log.gz").write_bytes(whole[: len(whole) // 2])
    (ref,) = discover(str(tmp_path / "train.log.gz"))
    run = read(ref)
    assert 5_000 < len(run.series["loss"]) < 15_000
    (note,) = [n for n in run.notes if n.kind == "truncated"]
    assert "breaks off after" in note.message


def test_a_number_written_in_another_way_is_a_row_like_the_others(tmp_path):
    """numpy 2 prints `np.float64(2.3)` in a dict where the metric was left an array."""
    rows = [f"{{'loss': np.float64({2 + i / 9:.4f}), 'grad_norm': 1.5, 'epoch': {i / 90:.2f}}}" for i in range(20)]
    rows += [f"{{'loss': {1 + i / 9:.4f}, 'grad_norm': nan, 'epoch': {(i + 20) / 90:.2f}}}" for i in range(20)]
    (tmp_path / "train.log").write_text("\n".join(rows) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    assert read(ref).series["train/loss"].step.tolist() == list(range(40))


def test_a_step_that_is_the_same_in_every_epoch_is_no_axis(tmp_path):
    said = "Epoch {} | Training | Elapsed Time: 2:40:01 | Steps: 6275 | Loss: {:.6f}"
    lines = [said.format(epoch, 9 - epoch / 9) for epoch in range(4, 24)]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    assert read(ref).series["Loss"].step.tolist() == list(range(4, 24))


def test_bars_that_are_hardly_drawn_do_not_say_the_steps(tmp_path):
    """Two buffered streams in one file: hundreds of rows stand between two bars."""
    rows = [
        f"{{'loss': {3 - i / 200:.4f}, 'grad_norm': 1.5, 'learning_rate': 1e-05, 'epoch': {i / 300:.2f}}}"
        for i in range(300)
    ]
    bars = {
        100: " 33%|###       | 100/300 [01:00<02:00,  1.7it/s]",
        200: " 66%|######    | 200/300 [02:00<01:00,  1.7it/s]",
    }
    lines = [line for i, row in enumerate(rows) for line in ([bars[i], row] if i in bars else [row])]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    assert read(ref).series["train/loss"].step.tolist() == list(range(300))


def test_what_wandb_says_of_itself_is_no_metric(tmp_path):
    rows = [f"step {i} loss: {3 - i / 90:.4f}" for i in range(40)]
    own = "wandb: Syncing run large-InfoNCE-bs=8-ep=5-lr=1e-5--12000"
    (tmp_path / "train.log").write_text("\n".join([own, *rows, own.replace("Syncing", "View"), own]) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    assert list(read(ref).series) == ["loss"]


def test_headings_of_epochs_with_nothing_that_is_understood_are_no_crash(tmp_path):
    lines = [text for e in range(30) for text in (f"Epoch {e}/30", "απώλεια: 0.8881, ακρίβεια: 66.07%")]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ref,) = discover(str(tmp_path / "train.log"))
    with pytest.raises(NotALog):
        read(ref)


@pytest.mark.parametrize(
    "first",
    ["Run args: {'epochs': 2000, 'lr': 0.001}", "Namespace(epochs=2000, lr=0.001)", "config: {lr: 0.001, epoch: 2000}"],
)
def test_settings_in_one_line_are_no_row(tmp_path, first):
    rows = [f"Epoch {i}/2000 train_loss={1 / i:.4f} val_loss={2 / i:.4f} lr=0.001" for i in range(1, 12)]
    run = of("\n".join([first, *rows]) + "\n", tmp_path)
    assert run.series["train_loss"].step.tolist() == list(range(1, 12)) and int(run.series["lr"].step.max()) == 11


def test_a_remark_in_brackets_before_a_name_is_none_of_it(tmp_path):
    rows = [f"ITER {i} TRAINING (phase 1). loss_vae: {3 / i:.4f}; loss_recon: {2 / i:.4f}" for i in range(1, 12)]
    run = of("\n".join(rows) + "\n", tmp_path)
    assert {"loss_vae", "loss_recon"} <= run.series.keys()
    assert resolve(run).role("train_loss").series.name == "loss_vae"


def test_dates_with_points_between_their_parts_are_dates_beyond_midnight_too(tmp_path):
    lines = [
        f"2023.01.{18 + hour // 24:02d} {hour % 24:02d}:15:30 [Epoch: {hour - 17:02d}] loss: {9.5 - hour / 10}"
        for hour in range(18, 31)
    ]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    loss = read(ref).series["loss"]
    assert loss.step.tolist() == list(range(1, 14))
    assert np.diff(loss.time).tolist() == [3600.0] * 12
    assert datetime.fromtimestamp(loss.time[0], UTC) == datetime(2023, 1, 18, 18, 15, 30, tzinfo=UTC)
