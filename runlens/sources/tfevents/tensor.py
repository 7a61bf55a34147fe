"""A `TensorProto` that holds one number: where it stands, or what it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runlens.sources.tfevents import wire
from runlens.sources.tfevents.wire import BYTES, FIXED32, FIXED64, VARINT, Field, Message


@dataclass(frozen=True, slots=True)
class Number:
    """One logged number."""

    value: float
    at: int = -1
    """Where its bytes stand in the record, or -1 if they are of variable length or left out."""
    form: str = ""
    """How they are written: a key of `FORMS`, empty if `at` is -1."""


FORMS = {"f2": 2, "f4": 4, "f8": 8, "bf": 2, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "u2": 2, "u4": 4, "u8": 8}
"""Little-endian forms of fixed width, with their bytes; `bf` is bfloat16, the upper half of a float32."""

_STRUCT = {"f2": "<e", "f4": "<f", "f8": "<d", "i1": "<b", "i2": "<h", "i4": "<i", "i8": "<q"}
_STRUCT |= {"u1": "<B", "u2": "<H", "u4": "<I", "u8": "<Q"}

# Values of tensorflow.DataType: (form in tensor_content, number of the typed field, form there or "" for varints)
_TYPES = {
    1: ("f4", 5, "f4"),  # DT_FLOAT
    2: ("f8", 6, "f8"),  # DT_DOUBLE
    3: ("i4", 7, ""),  # DT_INT32
    4: ("u1", 7, ""),  # DT_UINT8
    5: ("i2", 7, ""),  # DT_INT16
    6: ("i1", 7, ""),  # DT_INT8
    9: ("i8", 10, ""),  # DT_INT64
    10: ("u1", 11, ""),  # DT_BOOL
    14: ("bf", 13, ""),  # DT_BFLOAT16
    17: ("u2", 7, ""),  # DT_UINT16
    19: ("f2", 13, ""),  # DT_HALF
    22: ("u4", 16, ""),  # DT_UINT32
    23: ("u8", 17, ""),  # DT_UINT64
}


_TEXT, _TEXT_FIELD = 7, 8
"""`DT_STRING`, and the field of its values."""
_DEEPEST = 254
"""Dimensions of a tensor, as TensorFlow's own `TensorShape` limits them."""


def number_of(message: Message, start: int, end: int) -> Number | None:
    """The number in the `TensorProto` at `message[start:end]`.

    Returns
    -------
    Number or None
        None unless the tensor holds exactly one element (of whatever rank) of a real numeric type.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    kind, single = 0, True
    content: Field | None = None
    typed: dict[int, list[Field]] = {}
    for field in wire.fields(message, start, end):
        if field.number == 1 and field.kind == VARINT:
            kind = wire.varint(message, field.start, field.end)[0]
        elif field.number == 2 and field.kind == BYTES:
            single &= _is_single(message, field)
        elif field.number == 4 and field.kind == BYTES:
            content = field
        else:
            typed.setdefault(field.number, []).append(field)
    if kind not in _TYPES or not single:
        return None
    in_content, number, in_field = _TYPES[kind]
    if content is not None and content.end > content.start:
        if content.end - content.start != FORMS[in_content]:
            return None
        return fixed(message, content.start, in_content)
    if in_field:
        return _typed_fixed(message, typed.get(number, []), in_field)
    return _typed_varint(message, typed.get(number, []), in_content)


def text_of(message: Message, start: int, end: int) -> bytes | None:
    """The one text in the `TensorProto` at `message[start:end]`; None for numbers, and for several texts.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    kind, found = 0, []
    for field in wire.fields(message, start, end):
        if field.number == 1 and field.kind == VARINT:
            kind = wire.varint(message, field.start, field.end)[0]
        elif field.number == _TEXT_FIELD and field.kind == BYTES:
            found.append(bytes(message[field.start : field.end]))
    return found[0] if kind == _TEXT and len(found) == 1 else None


def _is_single(message: Message, shape: Field) -> bool:
    """Whether all dimensions are 1; those of unknown rank and of one beyond `_DEEPEST` are not."""
    rank = 0
    for field in wire.fields(message, shape.start, shape.end):
        if field.number == 2 and field.kind == BYTES:
            size = 0
            for part in wire.fields(message, field.start, field.end):
                if part.number == 1 and part.kind == VARINT:
                    size = wire.signed(wire.varint(message, part.start, part.end)[0])
            rank += 1
            if size != 1 or rank > _DEEPEST:
                return False
        elif field.number == 3 and field.kind == VARINT and wire.varint(message, field.start, field.end)[0]:
            return False
    return True


def fixed(message: Message, at: int, form: str) -> Number:
    """The number of the given form at `at`."""
    if form == "bf":
        return Number(float(struct.unpack("<f", b"\0\0" + bytes(message[at : at + 2]))[0]), at, form)
    return Number(float(struct.unpack_from(_STRUCT[form], message, at)[0]), at, form)


def _typed_fixed(message: Message, parts: list[Field], form: str) -> Number | None:
    width = FORMS[form]
    held = [p for p in parts if p.kind in (BYTES, FIXED32 if width == 4 else FIXED64) and p.end > p.start]
    if not held:
        return Number(0.0)  # TensorFlow leaves a tensor of zeros empty
    return fixed(message, held[0].start, form) if len(held) == 1 and held[0].end - held[0].start == width else None


def _typed_varint(message: Message, parts: list[Field], form: str) -> Number | None:
    values = []
    for part in parts:
        at = part.start
        while part.kind in (BYTES, VARINT) and at < part.end:
            value, at = wire.varint(message, at, part.end)
            values.append(value)
            if len(values) > 1:
                return None
    if not values:
        return Number(0.0)
    width = FORMS[form]
    raw = (values[0] & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    return Number(fixed(raw, 0, form).value)
