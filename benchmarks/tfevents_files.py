"""Large event files, made quickly and the same each time: whole steps as rows of bytes, varying parts filled in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from runlens.sources.tfevents.crc32c import mask, of_rows

TAGS = (
    *("train/loss", "train/grad_norm", "train/learning_rate", "train/tokens_per_second", "train/num_input_tokens_seen"),
    *("perf/step_time", "perf/mfu", "gpu.0.temp", "gpu.0.powerWatts", "gpu.0.memoryAllocatedBytes"),
    *(f"layers.{k}.grad_norm" for k in range(10)),
)
START = 1.79e9
STEP_SECONDS = 0.25
_MARK = 1234.5678  # a value whose bytes show where values stand in an example


def torch(step: int) -> list[Event]:
    """One event for each scalar, as torch's SummaryWriter writes them."""
    events = []
    for tag in TAGS:
        event = Event(wall_time=START, step=step)
        event.summary.value.add(tag=tag, simple_value=_MARK)
        events.append(event)
    return events


def tf2(step: int) -> list[Event]:
    """Rank-0 tensors, with the plugin named at the first step only, as `tf.summary.scalar` writes them."""
    events = []
    for tag in TAGS:
        event = Event(wall_time=START, step=step)
        value = event.summary.value.add(tag=tag)
        value.tensor.dtype = 1
        value.tensor.tensor_shape.CopyFrom(TensorShapeProto())
        value.tensor.float_val.append(_MARK)
        if step == 0:
            value.metadata.plugin_data.plugin_name = "scalars"
        events.append(event)
    return events


def many(step: int) -> list[Event]:
    """All scalars of a step in one event, as TensorFlow 1 and Keras write them."""
    event = Event(wall_time=START, step=step)
    for tag in TAGS:
        event.summary.value.add(tag=tag, simple_value=_MARK)
    return [event]


def mixed(step: int) -> list[Event]:
    """A bit of each, and every hundredth step a histogram."""
    events = [*torch(step)[:8], *tf2(step)[8:14]]
    event = Event(wall_time=START, step=step)
    for tag in TAGS[14:]:
        event.summary.value.add(tag=tag, simple_value=_MARK)
    events.append(event)
    if step and step % 100 == 0:
        histogram = Event(wall_time=START, step=step)
        histo = histogram.summary.value.add(tag="weights").histo
        histo.bucket_limit.extend(np.linspace(-1, 1, 30))
        histo.bucket.extend(np.arange(30.0) + step % 7)
        events.append(histogram)
    return events


STYLES: dict[str, Callable[[int], list[Event]]] = {"torch": torch, "tf2": tf2, "many": many, "mixed": mixed}


def write(path: Path, style: str, points: int, seed: int = 0) -> None:
    """An event file of `points` scalars (a whole number of steps of `len(TAGS)`)."""
    rng = np.random.default_rng(seed)
    steps = points // len(TAGS)
    with path.open("wb") as file:
        file.write(_framed(Event(wall_time=START, file_version="brain.Event:2").SerializeToString()))
        first = 0
        while first < steps:
            behind = min(steps, _next_length(first), first + 20_000)
            if style == "mixed":
                behind = min(behind, first + 1 if first % 100 == 0 else first - first % 100 + 100)
            file.write(_rows(STYLES[style](first), np.arange(first, behind), rng).tobytes())
            first = behind


def _next_length(step: int) -> int:
    """The next step whose varint is longer."""
    return next(limit for limit in (1, *(1 << 7 * k for k in range(1, 10))) if limit > step)


def _rows(events: list[Event], steps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One row of records for each step, shape (steps, bytes)."""
    mark = np.float32(_MARK).tobytes()
    rows = np.tile(np.frombuffer(b"".join(_framed(e.SerializeToString()) for e in events), np.uint8), (len(steps), 1))
    at = 0
    for number, event in enumerate(events):
        payload = event.SerializeToString()
        start, behind = at + 12, at + 12 + len(payload)
        clock = START + (steps + (number + 1) / (len(events) + 1)) * STEP_SECONDS
        rows[:, start + 1 : start + 9] = clock.astype("<f8").view(np.uint8).reshape(-1, 8)
        size = max(1, -(-int(steps[0]).bit_length() // 7)) if steps[0] else 0
        for k in range(size):
            rows[:, start + 10 + k] = (steps >> 7 * k & 0x7F) | (0x80 if k < size - 1 else 0)
        place = payload.find(mark)
        while place >= 0:
            value = rng.standard_normal(len(steps)).astype("<f4")
            rows[:, start + place : start + place + 4] = value.view(np.uint8).reshape(-1, 4)
            place = payload.find(mark, place + 4)
        crc = mask(of_rows(rows[:, start:behind]))
        rows[:, behind : behind + 4] = crc.astype("<u4").view(np.uint8).reshape(-1, 4)
        at = behind + 4
    return rows


def _framed(payload: bytes) -> bytes:
    size = len(payload).to_bytes(8, "little")
    return size + masked_crc32c(size).to_bytes(4, "little") + payload + masked_crc32c(payload).to_bytes(4, "little")
