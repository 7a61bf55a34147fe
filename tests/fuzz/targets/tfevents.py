"""Event files: whatever is done to the bytes or to the messages, what protobuf reads is what is read."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

from runlens.errors import NotALog
from runlens.sources import tensorboard
from runlens.sources.tfevents import event
from runlens.sources.tfevents.wire import WireError
from tests.fuzz.damage import any_number, damaged
from tests.fuzz.harness import Lost, Outcome
from tests.sources import tfevents_oracle as oracle
from tests.sources import tfevents_writer as w

_TAGS = ("loss", "lr", "grad_norm", "train/loss", "é", "x" * 40)
_EVENT = oracle.any_text()
_NAME = "events.out.tfevents.1790000000.host.1.0"


def _events(draw: Random) -> list[bytes]:
    """The messages of a file, in rows of alike ones so that they are read as columns."""
    out = [w.version().SerializeToString()]
    tags = draw.sample(_TAGS, draw.randint(1, 3))
    kinds = draw.choices(
        ("scalar", "many", "tensor", "content", "image", "histogram", "start"), (9, 3, 3, 2, 1, 1, 1), k=2
    )
    every = draw.choice((1, 1, 10, 1 << 33))
    for i in range(draw.choice((3, 12, 40))):
        step = i * every - (5 if draw.random() < 0.02 else 0)
        for kind in kinds:
            value = any_number(draw) if draw.random() < 0.3 else i / 7
            if kind == "scalar":
                made = [w.scalar(tag, step, _single(value)) for tag in tags]
            elif kind == "many":
                made = [w.many(step, dict.fromkeys(tags, _single(value)))]
            elif kind == "tensor":
                made = [w.tensor(tags[0], step, w.float_tensor(_single(value)), "scalars" if i == 0 else "")]
            elif kind == "content":
                made = [w.tensor("f8", step, w.content_tensor(2, struct.pack("<d", value)), "scalars")]
            elif kind == "image":
                made = [w.image(abs(step), 300)]
            elif kind == "histogram":
                made = [w.histogram(step)]
            else:
                made = [w.session_start(step, w.T0 + step)]
            out += [one.SerializeToString() for one in made]
    return out


def _single(value: float) -> float:
    """As float32 holds it: beyond its range protobuf would refuse it."""
    return value if abs(value) < 3e38 or value != value else 1e38


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Damage to the file."""
    whole = b"".join(w.frame(message) for message in _events(draw))
    tokens = (w.header(5), w.header(10**9), w.frame(b""), w.frame(b"\xff\xff"), bytes(16), whole[:90], b"\xff" * 9)
    data = damaged(draw, whole, tokens)
    return compared(data, folder, bool(oracle.read(data, _EVENT).lost), exact=True)


def of_messages(draw: Random, folder: Path) -> Outcome:
    """Messages of any content under a right checksum: the writer was broken, not the disk."""
    messages = _events(draw)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(messages))
        tokens = (
            b"\xff" * 10,
            b"\x80" * 11 + b"\x01",
            b"\x0a\xff\xff\xff\xff\x0f",
            b"\x2a\x00",
            b"\x12",
            messages[at][:9],
        )
        messages[at] = damaged(draw, messages[at], tokens, 2)
    broken = not all(map(is_message, messages))
    return compared(b"".join(w.frame(message) for message in messages), folder, broken, exact=False)


def is_message(message: bytes) -> bool:
    """Whether what a scalar needs of a message can be read: within an image or a histogram RunLens does not look."""
    try:
        event.parse(message)
    except WireError:
        return False
    return True


def compared(data: bytes, folder: Path, broken: bool, exact: bool) -> Outcome:
    (folder / _NAME).write_bytes(data)
    plain = oracle.read(data, _EVENT)
    try:
        (ref,) = tensorboard.find(str(folder))
        run = tensorboard.read(ref)
    except NotALog:
        if plain.points:
            raise Lost(f"{sum(map(len, plain.points.values()))} points refused") from None
        raise
    found = {tag: _columns(series) for tag, series in run.series.items()}
    expected = {tag: [tuple(map(repr, point)) for point in points] for tag, points in plain.points.items()}
    for tag in plain.others:  # a tensor of another plugin is no scalar, whatever it holds
        found.pop(_named(tag), None)
        expected.pop(_named(tag), None)
    if not exact:  # what protobuf refuses for the sake of something else in the message is read all the same
        told = " ".join(note.message for note in run.notes if note.kind == "unsupported")
        expected = {tag: points for tag, points in expected.items() if repr(tag) not in told}
        found = {tag: _within(found.get(tag, []), points) for tag, points in expected.items()}
    if found != expected:
        raise Lost(f"read {_short(found, expected)}")
    if broken and not any(note.kind == "damaged" for note in run.notes):
        raise Lost("a record was lost in silence")
    return "told" if run.notes else "read"


def _named(tag: str | bytes) -> str:
    return tag.decode("utf-8", "backslashreplace") if isinstance(tag, bytes) else tag


def _within(points: list, expected: list) -> list:  # type: ignore[type-arg]
    """Those of the expected points that were read, in the order read."""
    out, left = [], iter(expected)
    wanted = next(left, None)
    for point in points:
        if point == wanted:
            out.append(point)
            wanted = next(left, None)
    return out


def _columns(series):  # type: ignore[no-untyped-def]
    points = zip(series.step.tolist(), series.time.tolist(), series.value.tolist(), strict=True)
    return [tuple(map(repr, point)) for point in points]


def _short(found: dict, expected: dict) -> str:  # type: ignore[type-arg]
    for tag in {*found, *expected}:
        mine, theirs = found.get(tag, []), expected.get(tag, [])
        if mine != theirs:
            at = next(
                (i for i, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs))
            )
            both = f"{mine[at : at + 2]} and {theirs[at : at + 2]}"
            return f"{tag!r}: {len(mine)} points, protobuf {len(theirs)}; from {at}: {both}"
    return "the same"


TARGETS = {"tfevents-bytes": of_bytes, "tfevents-messages": of_messages}
