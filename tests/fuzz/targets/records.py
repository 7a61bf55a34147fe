"""Records of binary logs under right checksums, some hundred broken ones in a file: protobuf is the judge of each."""

from __future__ import annotations

import json
import struct
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from runlens.sources import wandb_file
from tests.fuzz.edit import bytes_edited
from tests.fuzz.harness import Lost, Outcome
from tests.fuzz.targets import tfevents
from tests.sources import tfevents_oracle as oracle
from tests.sources import tfevents_writer as w
from tests.sources import wandb_writer

_ROWS = 200
_WIRE = (
    b"\xff" * 10, b"\x80" * 11 + b"\x01", b"\x0a\xff\xff\xff\xff\x0f", b"\x2a\x00", b"\x12", b"\x12\x00",
    b"\x08\x96\x01", b"\x0a\x00", b"\x15\x00\x00\xc0\x7f", b"\x7f", b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x82\x01\x03NaN", b"\x0b", b"\x0c",
)  # fmt: skip
"""Pieces of the wire format: long and endless varints, lengths beyond the end, groups, empty fields, odd numbers."""


def of_events(draw: Random, folder: Path) -> Counter[Outcome]:
    """Each event of a file changed in one place."""
    sound = _events(draw)
    messages = [bytes_edited(draw, message, _WIRE) for message in sound]
    messages[0] = sound[0]
    changed = sum(new != old for new, old in zip(messages, sound, strict=True))
    broken = sum(not tfevents.is_message(message) for message in messages)
    said = tfevents.compared(b"".join(map(_framed, messages)), folder, broken > 0, exact=False)
    return Counter({"told": broken, "read": changed - broken}) if said else Counter()


def _events(draw: Random) -> list[bytes]:
    """Scalars of every form, a row of alike ones after the other."""
    out = [w.version()]
    tags = ("loss", "lr", "é")
    for step in range(_ROWS // 4):
        value = draw.random() * 10.0 ** draw.randint(-6, 6)
        out.append(w.scalar(tags[step % 3], step, value))
        out.append(w.many(step, {"a": value, "b": -value}))
        out.append(w.tensor("t", step, w.float_tensor(value), "scalars"))
        out.append(w.tensor("f8", step, w.content_tensor(2, struct.pack("<d", value)), "scalars"))
    return [one.SerializeToString() for one in out]


def _framed(message: bytes) -> bytes:
    size = struct.pack("<Q", len(message))
    return size + struct.pack("<I", oracle.crc(size)) + message + struct.pack("<I", oracle.crc(message))


@cache
def _record() -> Any:
    from wandb.proto.wandb_internal_pb2 import Record

    return oracle.any_text(Record)


def of_wandb(draw: Random, folder: Path) -> Counter[Outcome]:
    """Each row of a W&B file changed in one place."""
    payloads = [
        bytes_edited(draw, wandb_writer.history({"loss": repr(1 + i / 1024), "_step": str(i)}, i), _WIRE)
        for i in range(_ROWS)
    ]
    payloads.append(wandb_writer.history({"loss": "0.5", "_step": str(_ROWS)}, _ROWS))
    path = folder / "run-abc.wandb"
    path.write_bytes(wandb_writer.framed(payloads, number=False))
    (ref,) = wandb_file.find(str(path))
    run = wandb_file.read(ref)
    found = Counter(map(repr, run.series["loss"].value.tolist()))
    counts: Counter[Outcome] = Counter()
    odd = missing = 0
    for payload in payloads[:-1]:
        values = _losses(payload)
        if values is None:
            odd += 1
            continue
        for value in values:
            missing += not found[value]
            found[value] -= bool(found[value])
        counts["read"] += 1
    left = +(found - Counter({"0.5": 1}))
    if left.total() > odd:
        raise Lost(f"{left} stand in no row that protobuf reads, and {odd} are none for it")
    refused = sum(_is_refused(payload) for payload in payloads)
    told = sum(note.records for note in run.notes)
    others = sum(len(series) for name, series in run.series.items() if name != "loss")
    if told + left.total() + others < refused + missing:  # what another reader refuses may be read
        raise Lost(f"{told} of {refused} and {missing} rows told, {left.total()} and {others} read: {run.notes}")
    counts["told"] += odd
    return counts


def _losses(payload: bytes) -> list[str] | None:
    """The losses of a row by protobuf, None where a reader may see something else, such as fields that come twice."""
    try:
        record = _record().FromString(payload)
    except Exception:  # noqa: BLE001 - its error differs from one implementation to the other
        return None
    if record.SerializeToString() != payload or record.WhichOneof("record_type") not in ("history", None):
        return None
    out = []
    for item in record.history.item:
        if b".".join((*([item.key] if item.key else ()), *item.nested_key)) != b"loss":
            continue
        try:
            value = json.loads(item.value_json)
        except ValueError:
            return None
        if isinstance(value, (int, float)):
            out.append(repr(float(value)))
        elif value is not None:
            return None
    return out


def _is_refused(payload: bytes) -> bool:
    try:
        _record().FromString(payload)
    except Exception:  # noqa: BLE001
        return True
    return False


TARGETS = {"records-tfevents": of_events, "records-wandb": of_wandb}
