"""Logs as the tools write them: rows of a made run to the bytes of a file."""

from __future__ import annotations

import csv
import datetime
import json
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

from benchmarks.reports.make import START, Log

Row = dict[str, float]


def rows(log: Log) -> Iterator[tuple[int, Row]]:
    """Index and values of each row; what was not logged there is left out."""
    for i in range(len(log.step)):
        yield i, {name: float(one.y[i]) for name, one in log.series.items() if not one.none[i]}


def _split(row: Row) -> list[Row]:
    """A row of training and one of evaluation, as trainers of Hugging Face log them."""
    evals = {name: value for name, value in row.items() if name.startswith("eval_")}
    return [part for part in ({k: v for k, v in row.items() if k not in evals}, evals) if part]


def _epoch(log: Log, i: int) -> float:
    return round(3 * float(log.step[i]) / log.last, 2)


def trainer_state(log: Log, folder: Path) -> None:
    """`trainer_state.json` of a finished run."""
    history = []
    for i, row in rows(log):
        history += [{"epoch": _epoch(log, i), **part, "step": int(log.step[i])} for part in _split(row)]
    state = {"global_step": int(log.step[-1]), "max_steps": log.last, "num_train_epochs": 3, "log_history": history}
    (folder / "trainer_state.json").write_text(json.dumps(state), "utf-8")


def hf_stdout(log: Log, folder: Path) -> None:
    """What a trainer of Hugging Face prints, with DeepSpeed's words where the loss scale falls."""
    lines = []
    before = None
    for i, row in rows(log):
        scale = row.pop("loss_scale", None)
        if scale is not None and before is not None and scale < before:
            when = datetime.datetime.fromtimestamp(log.clock[i], datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
            lines.append(
                f"[{when},018] [INFO] [loss_scaler.py:181:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. "
                f"Attempted loss scale: {before:.0f}, reducing to {scale:.0f}"
            )
        before = scale
        lines += [str({**part, "epoch": _epoch(log, i)}) for part in _split(row)]
    if before is None or before > 1:
        took = round(float(log.clock[-1] - START), 4)
        lines.append(str({"train_runtime": took, "train_loss": 1.0, "epoch": 3.0}))
    else:
        lines.append("Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.")
    (folder / "train.log").write_text("\n".join(lines) + "\n", "utf-8")


def jsonl(log: Log, folder: Path) -> None:
    """One JSON object a line, with `step` and a time."""
    with (folder / "metrics.jsonl").open("w", encoding="utf-8") as file:
        for i, row in rows(log):
            file.write(json.dumps({"step": int(log.step[i]), **row, "timestamp": round(log.clock[i], 3)}) + "\n")


def trainer_state_rows(log: Log, folder: Path) -> None:
    """Rows of a trainer in JSON lines, steps as they were logged."""
    with (folder / "trainer_log.jsonl").open("w", encoding="utf-8") as file:
        for i, row in rows(log):
            file.write(json.dumps({**row, "epoch": _epoch(log, i), "step": int(log.step[i])}) + "\n")


def wandb_rows(log: Log, folder: Path) -> None:
    """A history as W&B exports it."""
    with (folder / "history.jsonl").open("w", encoding="utf-8") as file:
        for i, row in rows(log):
            clock = {"_runtime": round(log.clock[i] - START, 3), "_timestamp": round(log.clock[i], 3)}
            file.write(json.dumps({"_step": int(log.step[i]), **clock, **row}) + "\n")


def _table(path: Path, head: list[str], body: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *body])


def _cell(row: Row, name: str) -> str:
    return f"{row[name]:.6g}" if name in row else ""


def table(log: Log, folder: Path) -> None:
    """A CSV of steps or epochs, with the seconds since the start."""
    names = list(log.series)
    head = [log.trouble.axis, "time", *names]
    body = (
        [str(log.step[i]), f"{log.clock[i] - START:.2f}", *(_cell(row, name) for name in names)] for i, row in rows(log)
    )
    _table(folder / "log.csv", head, body)


def lightning_csv(log: Log, folder: Path) -> None:
    """`metrics.csv` of Lightning's CSVLogger."""
    names = [name for name in log.series if name not in ("epoch", "step")]
    head = ["epoch", "step", *names]

    def body() -> Iterator[list[str]]:
        for i, row in rows(log):
            epoch = int(row.get("epoch", log.step[i]))
            yield [str(epoch), str(log.step[i]), *(_cell(row, name) for name in names)]

    _table(folder / "metrics.csv", head, body())


def ultralytics(log: Log, folder: Path) -> None:
    """`results.csv` of Ultralytics."""
    names = list(log.series)
    body = (
        [str(log.step[i]), f"{log.clock[i] - START:.4f}", *(f"{row[name]:.5f}" for name in names)]
        for i, row in rows(log)
    )
    _table(folder / "results.csv", ["epoch", "time", *names], body)


def sb3(log: Log, folder: Path) -> None:
    """The boxes that Stable-Baselines3 prints."""
    lines = []
    for i, row in rows(log):
        known = {**row, "time/iterations": i + 1, "time/time_elapsed": int(log.clock[i] - START)}
        known["time/total_timesteps"] = int(log.step[i])
        lines.append("-" * 43)
        for group in ("rollout", "time", "train"):
            lines.append(f"| {group + '/':<24}|{'':<14}|")
            for name, value in known.items():
                if name.startswith(group + "/"):
                    lines.append(f"|    {name.split('/')[1]:<21}| {_short(value):<13}|")
        lines.append("-" * 43)
    (folder / "train.log").write_text("\n".join(lines) + "\n", "utf-8")


def _short(value: float) -> str:
    return f"{value:d}" if isinstance(value, int) else f"{value:.3g}"


class _Missing(dict[str, object]):
    """Values of a line; asking for one that was not logged is a fault of the record."""


def text(log: Log, folder: Path) -> None:
    """Lines of a console log by the record's own template."""
    trouble = log.trouble
    lines = []
    for i, row in rows(log):
        when = datetime.datetime.fromtimestamp(log.clock[i], datetime.UTC)
        known: dict[str, object] = {
            **row,
            "step": int(log.step[i]),
            "last": log.last,
            "epoch": int(3 * i / len(log.step)),
            "clock": when.strftime("%H:%M:%S"),
            "day": when.strftime("%Y-%m-%d"),
        }
        for name, template in trouble.parts.items():
            whole = all(part in known for part in log.series if "{" + part + ":" in template)
            known[name] = template.format_map(known) if whole else ""
        lines.append(trouble.line.format_map(known))
    (folder / "train.log").write_text("\n".join(lines) + "\n", "utf-8")


def tfevents(log: Log, folder: Path) -> None:
    """Event files of TensorBoard, a new one at a resume."""
    cuts = [0, *([log.resumed] if log.resumed else []), len(log.step)]
    every = dict(rows(log))
    for k, (first, end) in enumerate(pairwise(cuts)):
        path = folder / f"events.out.tfevents.{int(log.clock[first])}.host.{k}"
        with path.open("wb") as file:
            writer = RecordWriter(file)
            writer.write(Event(wall_time=log.clock[first], file_version="brain.Event:2").SerializeToString())
            for i in range(first, end):
                event = Event(wall_time=log.clock[i], step=int(log.step[i]))
                for name, value in every[i].items():
                    event.summary.value.add(tag=name, simple_value=value if math.isfinite(value) else math.nan)
                writer.write(event.SerializeToString())


FORMS: dict[str, Callable[[Log, Path], None]] = {
    "csv": table,
    "hf_stdout": hf_stdout,
    "jsonl": jsonl,
    "lightning_csv": lightning_csv,
    "sb3": sb3,
    "text": text,
    "tfevents": tfevents,
    "trainer_state": trainer_state,
    "trainer_state_rows": trainer_state_rows,
    "ultralytics": ultralytics,
    "wandb_rows": wandb_rows,
}


def write(log: Log, folder: Path) -> Path:
    """The run's file or folder, written as its tool does."""
    folder.mkdir(parents=True)
    FORMS[log.trouble.form](log, folder)
    found = sorted(folder.iterdir())
    return found[0] if len(found) == 1 else folder
