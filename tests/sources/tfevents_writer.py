"""Writes event files for tests with tensorboard's own protobuf and checksum, so that they judge RunLens's."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.hparams import plugin_data_pb2

T0 = 1.79e9
"""Wall time at which test logs begin, s since the epoch."""


def frame(payload: bytes) -> bytes:
    """A TFRecord."""
    return header(len(payload)) + payload + struct.pack("<I", masked_crc32c(payload))


def header(length: int) -> bytes:
    """The first 12 bytes of a TFRecord."""
    size = struct.pack("<Q", length)
    return size + struct.pack("<I", masked_crc32c(size))


def log(events: Iterable[Event]) -> bytes:
    """The content of an event file."""
    return b"".join(frame(e.SerializeToString()) for e in events)


def write(folder: Path, events: Iterable[Event], name: str = "events.out.tfevents.1790000000.host.1.0") -> Path:
    """An event file in a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(log(events))
    return path


def version(time: float = T0) -> Event:
    """The event that every writer begins a file with."""
    return Event(wall_time=time, file_version="brain.Event:2")


def scalar(tag: str, step: int, value: float, time: float | None = None) -> Event:
    """As torch's SummaryWriter logs: one simple value in an event."""
    made = Event(wall_time=T0 + step if time is None else time, step=step)
    made.summary.value.add(tag=tag, simple_value=value)
    return made


def many(step: int, values: dict[str, float]) -> Event:
    """As TensorFlow 1 and Keras log: all values of a step in one event."""
    made = Event(wall_time=T0 + step, step=step)
    for tag, value in values.items():
        made.summary.value.add(tag=tag, simple_value=value)
    return made


def tensor(tag: str, step: int, proto: TensorProto, plugin: str = "") -> Event:
    """As TensorFlow 2 logs: a tensor, with the plugin named in the first event of a tag."""
    made = Event(wall_time=T0 + step, step=step)
    value = made.summary.value.add(tag=tag, tensor=proto)
    if plugin:
        value.metadata.plugin_data.plugin_name = plugin
    return made


def float_tensor(value: float, shape: tuple[int, ...] = ()) -> TensorProto:
    """A float32 tensor of one element in its typed field."""
    return TensorProto(dtype=1, tensor_shape=_shape(shape), float_val=[value])


def content_tensor(kind: int, content: bytes, shape: tuple[int, ...] = ()) -> TensorProto:
    """A tensor as raw bytes."""
    return TensorProto(dtype=kind, tensor_shape=_shape(shape), tensor_content=content)


def typed_tensor(kind: int, field: str, value: float, shape: tuple[int, ...] = ()) -> TensorProto:
    """A tensor with one value in the named typed field."""
    return TensorProto(dtype=kind, tensor_shape=_shape(shape), **{field: [value]})


def _shape(shape: tuple[int, ...]) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shape])


def image(step: int, size: int = 3000, tag: str = "sample") -> Event:
    """An image summary of `size` bytes of noise."""
    made = Event(wall_time=T0 + step, step=step)
    noise = np.random.default_rng(step).integers(0, 256, size, dtype=np.uint8).tobytes()
    made.summary.value.add(tag=tag, image=Summary.Image(height=8, width=8, colorspace=3, encoded_image_string=noise))
    return made


def histogram(step: int, tag: str = "weights") -> Event:
    """A histogram summary as torch writes it."""
    made = Event(wall_time=T0 + step, step=step)
    histo = made.summary.value.add(tag=tag).histo
    histo.min, histo.max, histo.num, histo.sum, histo.sum_squares = -1.0, 1.0, 100.0, float(step), 30.0
    histo.bucket_limit.extend(np.linspace(-1, 1, 12 + step % 5))
    histo.bucket.extend(np.zeros(12 + step % 5))
    return made


def session_start(step: int, time: float) -> Event:
    """TensorFlow 1's mark of a (re)start."""
    return Event(wall_time=time, step=step, session_log=SessionLog(status=SessionLog.START))


def hparams(values: dict[str, object], time: float = T0) -> Event:
    """What torch's `add_hparams` and Keras's callback write."""
    start = plugin_data_pb2.SessionStartInfo()
    for key, value in values.items():
        if isinstance(value, bool):
            start.hparams[key].bool_value = value
        elif isinstance(value, str):
            start.hparams[key].string_value = value
        elif isinstance(value, list):
            start.hparams[key].list_value.extend(value)
        elif isinstance(value, dict):
            start.hparams[key].struct_value.update(value)
        elif value is None:
            start.hparams[key].null_value = 0
        else:
            start.hparams[key].number_value = value
    made = Event(wall_time=time)
    entry = made.summary.value.add(tag="_hparams_/session_start_info")
    entry.metadata.plugin_data.plugin_name = "hparams"
    entry.metadata.plugin_data.content = plugin_data_pb2.HParamsPluginData(
        version=0, session_start_info=start
    ).SerializeToString()
    return made
