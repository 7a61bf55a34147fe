"""JSON documents, trainer states and parquet: rows in, rows out, or one sentence."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random

from runlens import sources
from runlens.errors import NotALog
from runlens.sources import table
from tests.fuzz.damage import any_number, damaged
from tests.fuzz.harness import Lost, Outcome

_TOKENS = (b"PAR1", b"\xff" * 9, bytes(8), b"\x15\x00", b"\x19\x00", b"\x80" * 10)


def of_document(draw: Random, folder: Path) -> Outcome:
    """A history as one JSON document: sound in half of the cases, damaged in the others."""
    losses = [any_number(draw) if draw.random() < 0.1 else i / 7 for i in range(draw.choice((4, 30)))]
    rows = [{"step": i, "loss": value, "lr": 0.1} for i, value in enumerate(losses)]
    document: object = draw.choice(
        (
            rows,
            {"history": rows, "config": {"lr": 0.1}},
            {"loss": losses, "lr": [0.1] * len(losses)},
            {"columns": ["step", "loss"], "data": [[r["step"], r["loss"]] for r in rows]},
            {str(r["step"]): r for r in rows},
            {"log_history": rows, "global_step": 9},
        )
    )
    text = json.dumps(document, indent=draw.choice((None, 1, 2)))
    sound = draw.random() < 0.5
    run = _read(folder / "history.json", text.encode() if sound else damaged(draw, text.encode(), most=2))
    if sound:
        found = next((run.series[n] for n in ("loss", "train/loss") if n in run.series), None)
        values = [repr(v) for v in found.value.tolist()] if found is not None else []
        if values != [repr(float(v)) for v in losses]:
            raise Lost(f"{values[:5]} … of {losses[:5]} …: {text[:500]}")
    return "told" if run.notes else "read"


def of_trainer_state(draw: Random, folder: Path) -> Outcome:
    """The Trainer's own file, damaged."""
    rows = [{"step": i, "epoch": i / 9, "loss": i / 7, "grad_norm": 1.0} for i in range(20)]
    raw = json.dumps({"log_history": rows, "global_step": 20, "max_steps": 20}, indent=2).encode()
    return "told" if _read(folder / "trainer_state.json", damaged(draw, raw, most=2)).notes else "read"


def of_parquet(draw: Random, folder: Path) -> Outcome:
    """Columns of any kind and name; damage in half of the cases, whose values nothing can tell from true ones."""
    import pyarrow
    from pyarrow import parquet

    n = draw.choice((3, 40))
    losses = [None if draw.random() < 0.1 else any_number(draw) if draw.random() < 0.1 else i / 7 for i in range(n)]
    kind = draw.choice((pyarrow.float64(), pyarrow.float64(), pyarrow.string()))
    told = losses if kind == pyarrow.float64() else [None if v is None else repr(v) for v in losses]
    columns = [
        (
            "step",
            pyarrow.array(
                range(n), draw.choice((pyarrow.int64(), pyarrow.int32(), pyarrow.uint8(), pyarrow.float32()))
            ),
        ),
        ("loss", pyarrow.array(told, kind)),
        ("lr" if draw.random() < 0.8 else "loss", pyarrow.array([0.1] * n)),
        ("text", pyarrow.array(["a"] * n)),
        ("list", pyarrow.array([[1.0]] * n)),
    ]
    held = pyarrow.Table.from_arrays([c for _, c in columns], names=[name for name, _ in columns])
    sink = io.BytesIO()
    checked = draw.random() < 0.5
    packing = draw.choice(("none", "snappy", "zstd", "gzip"))
    parquet.write_table(
        held, sink, compression=packing, write_page_checksum=checked, row_group_size=draw.choice((7, 1000))
    )
    sound = draw.random() < 0.5
    run = _read(folder / "history.parquet", sink.getvalue() if sound else damaged(draw, sink.getvalue(), _TOKENS))
    if sound:
        found = run.series.get("loss")
        values = [repr(v) for v in found.value.tolist()] if found is not None else []
        if values != [repr(float(v)) for v in losses if v is not None]:
            raise Lost(f"{values[:5]} … of {losses[:5]} …")
    return "told" if run.notes else "read"


def _read(path: Path, data: bytes):  # type: ignore[no-untyped-def]
    path.write_bytes(data)
    refs = sources.discover(str(path)) if path.suffix == ".json" else table.find(str(path))
    if not refs:
        raise NotALog("no table")
    return sources.read(refs[0])


TARGETS = {"json": of_document, "trainer-state": of_trainer_state, "parquet": of_parquet}
