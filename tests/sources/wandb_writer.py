"""Writes `.wandb` files for tests, in every form that clients have used and in some that none has."""

from __future__ import annotations

import struct
from pathlib import Path
from zlib import crc32

BLOCK = 32768
MAGIC = b":W&B\xe1\xbe\x00"


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def count(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def item(number: int, keys: list[str] | str, json: str, nested: bool = True) -> bytes:
    keys = [keys] if isinstance(keys, str) else keys
    key = b"".join(field(2 if nested else 1, k.encode()) for k in keys)
    return field(number, key + field(16, json.encode()))


def history(items: dict[str, str], step: int | None = None, nested: bool = True) -> bytes:
    body = b"".join(item(1, key, value, nested) for key, value in items.items())
    place = b"" if step is None else field(2, count(1, step) if step else b"")
    return field(2, body + place)


def stats(seconds: int, nanos: int, items: dict[str, str]) -> bytes:
    stamp = count(1, seconds) + (count(2, nanos) if nanos else b"")
    return field(7, field(2, stamp) + b"".join(item(3, k, v, nested=False) for k, v in items.items()))


def summary(items: dict[str, str]) -> bytes:
    return field(3, b"".join(item(1, k, v) for k, v in items.items()))


def config(items: dict[str, str]) -> bytes:
    return field(5, b"".join(item(1, k, v, nested=False) for k, v in items.items()))


def metric(name: str = "", glob: str = "", step: str = "", index: int = 0) -> bytes:
    body = (field(1, name.encode()) if name else b"") + (field(2, glob.encode()) if glob else b"")
    body += (field(4, step.encode()) if step else b"") + (count(5, index) if index else b"")
    return field(12, body)


def run_record(run_id: str = "abc", name: str = "", start: int = 0, **configured: str) -> bytes:
    body = field(1, run_id.encode()) + field(4, b"".join(item(1, k, v, nested=False) for k, v in configured.items()))
    body += (field(8, name.encode()) if name else b"") + (field(17, count(1, start)) if start else b"")
    return field(17, body)


def exit_record(code: int | None = None) -> bytes:
    return field(18, b"" if code is None else count(1, code))


def framed(records: list[bytes], number: bool = True) -> bytes:
    """The file of these records; each gets its number, and a mailbox, before it."""
    out = bytearray(MAGIC)
    for i, payload in enumerate(records, 1):
        data = (count(1, i) + (field(16, field(4, b"slot")) if i % 3 == 0 else b"") if number else b"") + payload
        first = True
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                room = BLOCK
            piece, data = data[: room - 7], data[room - 7 :]
            kind = (1 if first else 4) if not data else (2 if first else 3)
            out += struct.pack("<IHB", crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
            if not data:
                break
    return bytes(out)


def write(path: Path, records: list[bytes], number: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(framed(records, number))
    return path


def rows(count_: int, start: int = 0, pad: int = 0) -> list[bytes]:
    """History rows with a loss that names its step; `pad` bytes of text lengthen each."""
    text = {"note": '"' + "x" * pad + '"'} if pad else {}
    return [
        history({"loss": repr(1.0 + i / 1024), "_step": str(i), "_timestamp": repr(1.7e9 + i), **text}, i)
        for i in range(start, start + count_)
    ]
