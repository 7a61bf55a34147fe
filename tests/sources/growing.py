"""Logs that grow in pieces, seeded, with all that makes a reader look twice; and whether two runs are the same."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np

from tests.sources import tfevents_writer as ev
from tests.sources import wandb_writer as wb

START = 1_800_000_000.0


def same(one, other):
    """Whether two runs hold the same, to the last bit."""
    assert list(one.series) == list(other.series)
    for name, a in one.series.items():
        b = other.series[name]
        for column in ("step", "time", "value"):
            left, right = getattr(a, column), getattr(b, column)
            assert left.dtype == right.dtype and left.tobytes() == right.tobytes(), (name, column)
    placed = ("step_metric", "axis_name", "x_is_step")
    for field in ("id", "name", "source", "state", "texts", "starts", "notes", "url", *placed):
        assert getattr(one, field) == getattr(other, field), field
    for field in ("config", "summary"):
        assert repr(dict(getattr(one, field))) == repr(dict(getattr(other, field))), field


def curve(step, rng):
    return 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01)


def _rows(rng, rows, odd):
    """Rows as dicts; with `odd`, one in some fifty is of another kind."""
    step, phase = 0, "warmup"
    for at in range(rows):
        row = {"step": step, "time": round(START + at * 2.0, 3), "loss": curve(step, rng), "lr": 3e-4}
        row["grad_norm"] = float(np.exp(rng.normal(0, 0.1)))
        step += 1
        if odd and rng.random() < 0.02:
            kind = rng.integers(7)
            if kind == 0:
                row["loss"] = [math.nan, math.inf, None][rng.integers(3)]
            elif kind == 1:
                row.pop("grad_norm")
            elif kind == 2:
                row["eval/loss"] = curve(step, rng)
            elif kind == 3:
                phase = ["warmup", "stable", "decay"][rng.integers(3)]
            elif kind == 4:
                step = max(step - int(rng.integers(200)), 0)
            elif kind == 5:
                row["note"] = ["ok", "a, b", 'he said "no"', "1,234"][rng.integers(4)]
            else:
                row.pop("step")
        if odd:
            row["phase"] = phase
        yield row


def json_lines(rng, rows, odd):
    """JSON lines, some of them damaged."""
    out = []
    for row in _rows(rng, rows, odd):
        if odd and rng.random() < 0.003:
            out.append([b"{broken\n", b"\n", b"[1, 2]\n", b"\0\0\0\n", b'{"step": 1, "step": 2}\n'][rng.integers(5)])
        if odd and rng.random() < 0.003:
            row["inner"] = {"a": 1.5, "b": {"c": 2}}
        out.append(json.dumps(row).encode() + b"\n")
    return b"".join(out)


def logged_lines(rng, rows, odd):
    """JSON objects behind the words of a logger."""
    out = [b"2027-01-15 08:00:00 | INFO | fairseq_cli.train | begin\n"]
    for row in _rows(rng, rows, odd):
        row.pop("time")
        where = b"valid" if odd and rng.random() < 0.02 else b"train_inner"
        out.append(b"2027-01-15 08:00:00 | INFO | " + where + b" | " + json.dumps(row).encode() + b"\n")
    return b"".join(out)


def table(rng, rows, odd):
    """A CSV, with rows that are too long or too short, quotes, and heads that come again."""
    names = ["step", "time", "loss", "lr", "grad_norm", *(["eval/loss", "phase", "note"] if odd else [])]
    out = io.StringIO()
    write = csv.DictWriter(out, names, restval="", extrasaction="ignore", lineterminator="\n")
    write.writeheader()
    for row in _rows(rng, rows, odd):
        write.writerow(row)
        if odd and rng.random() < 0.004:
            kind = rng.integers(5)
            text = ",".join(map(str, row.values()))
            if kind == 0:
                out.write(text[: len(text) // 2] + "\n")
            elif kind == 1:
                out.write(text + ",1,2,3,4\n" * int(rng.integers(1, 5)))
            elif kind == 2:
                write.writeheader()
            elif kind == 3:
                out.write('1,2,"an open quote\n')
            else:
                out.write("\n")
    return out.getvalue().encode()


def pieces(content, rng, count, first):
    """The ends of so many pieces; the first holds at least `first` bytes, and most end within a line."""
    ends = np.sort(rng.integers(first, len(content), count)).tolist()
    lines = [content.rfind(b"\n", 0, end) + 1 for end in ends]
    return [a if rng.random() < 0.7 else b for a, b in zip(ends, lines, strict=True)] + [len(content)]


def events(rng, rows, odd, first=0):
    """Records of an event file, a tag an event; with `odd`, other kinds between them, and damage."""
    out = [ev.version(ev.T0 + first)]
    for step in range(first, first + rows):
        out.append(ev.scalar("loss", step, curve(step, rng)))
        out.append(ev.scalar("lr", step, 3e-4))
        out.append(ev.many(step, {"grad_norm": float(rng.random()), "tokens": 1e3 * step}))
        if odd and rng.random() < 0.02:
            kind = rng.integers(7)
            out += [
                [ev.scalar("eval/loss", step, curve(step, rng))],
                [ev.scalar("loss", step, math.nan)],
                [ev.image(step)],
                [ev.session_start(step, ev.T0 + step)],
                [ev.tensor("tensor", step, ev.float_tensor(1.5), "scalars")],
                [ev.histogram(step)],
                [ev.hparams({"lr": 3e-4})],
            ][kind]
    content = bytearray(ev.log(out))
    for at in rng.integers(0, len(content), 3) if odd and rng.random() < 0.5 else ():
        content[at] ^= 1
    return bytes(content)


def wandb_records(rng, rows, odd, first=0):
    """Records of a `.wandb` file, with system metrics between them; with `odd`, rows of other kinds, and words."""
    out = [wb.run_record("abc", "a run", int(START), lr="0.0003"), wb.metric("loss", step="trainer/step")]
    for step in range(first, first + rows):
        row = {"loss": repr(curve(step, rng)), "grad_norm": repr(float(rng.random())), "_timestamp": repr(START + step)}
        row["trainer/step"] = str(2 * step)
        said = step
        if odd and rng.random() < 0.05:
            kind = rng.integers(6)
            if kind == 0:
                row["loss"] = ["NaN", "Infinity", "null", '"NaN"', '"word"', "1.5e400"][rng.integers(6)]
            elif kind == 1:
                row = {"eval/loss": "2.5", "_timestamp": row["_timestamp"]}
            elif kind == 2:
                row["phase"] = ['"warmup"', '"stable"'][rng.integers(2)]
            elif kind == 3:
                said = None
            elif kind == 4:
                out.append(wb.config({"seed": str(step)}))
            else:
                row["text"] = '"' + "x" * 40_000 + '"'  # a record over blocks
        out.append(wb.summary({key: value for key, value in row.items() if key != "text"}))
        out.append(wb.history(row, said))
        if step % 5 == 0:
            out.append(wb.stats(int(START) + step - 3 * (odd and step % 2), 0, {"gpu.0.temp": str(60 + step % 3)}))
    return wb.framed([*out, wb.exit_record(0)] if odd and rng.random() < 0.5 else out)
