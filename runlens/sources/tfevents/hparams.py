"""Hyperparameters as TensorBoard's `hparams` plugin stores them: protobuf in the plugin data of a summary."""

from __future__ import annotations

from runlens.sources.tfevents import wire
from runlens.sources.tfevents.wire import BYTES, FIXED64, VARINT

_SESSION_START = 3  # field of HParamsPluginData
_DEPTH = 32  # of nested structs and lists: deeper ones are no hyperparameters


def config_of(content: bytes) -> dict[str, object]:
    """Hyperparameters in one `HParamsPluginData` message; empty if it is not the start of a session.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    config: dict[str, object] = {}
    for part in wire.fields(content):
        if part.number == _SESSION_START and part.kind == BYTES:
            config |= _map(content, part.start, part.end, 0)
    return config


def _map(message: bytes, start: int, end: int, depth: int) -> dict[str, object]:
    """A `map<string, google.protobuf.Value>` that is field 1 of its message."""
    found: dict[str, object] = {}
    for entry in wire.fields(message, start, end):
        if entry.number == 1 and entry.kind == BYTES:
            key, value = "", None
            for part in wire.fields(message, entry.start, entry.end):
                if part.number == 1 and part.kind == BYTES:
                    key = _text(message, part.start, part.end)
                elif part.number == 2 and part.kind == BYTES:
                    value = _value(message, part.start, part.end, depth)
            found[key] = value
    return found


def _value(message: bytes, start: int, end: int, depth: int) -> object:
    """A `google.protobuf.Value`: null, number, string, bool, struct or list."""
    value: object = None
    if depth > _DEPTH:
        return value
    for part in wire.fields(message, start, end):
        if part.number == 2 and part.kind == FIXED64:
            value = wire.double(message, part.start)
        elif part.number == 3 and part.kind == BYTES:
            value = _text(message, part.start, part.end)
        elif part.number == 4 and part.kind == VARINT:
            value = bool(wire.varint(message, part.start, part.end)[0])
        elif part.number == 5 and part.kind == BYTES:
            value = _map(message, part.start, part.end, depth + 1)
        elif part.number == 6 and part.kind == BYTES:
            value = [
                _value(message, item.start, item.end, depth + 1)
                for item in wire.fields(message, part.start, part.end)
                if item.number == 1 and item.kind == BYTES
            ]
        elif part.number == 1 and part.kind == VARINT:
            value = None
    return value


def _text(message: bytes, start: int, end: int) -> str:
    return message[start:end].decode("utf-8", "backslashreplace")
