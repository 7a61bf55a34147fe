"""Damaged logs: whatever is done to a file, RunLens finds what a plain reader finds, and counts the loss alike."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runlens.errors import NotALog
from runlens.sources import tensorboard
from runlens.sources.tfevents.decode import Decoder, Oddities
from runlens.sources.tfevents.frames import Frames
from tests.sources import tfevents_oracle as oracle
from tests.sources.tfevents_writer import (
    T0,
    content_tensor,
    float_tensor,
    frame,
    header,
    histogram,
    image,
    log,
    many,
    scalar,
    tensor,
    version,
    write,
)


def sample_events():
    """Every form of record, alike ones in long enough rows to be read as columns."""
    yield version()
    for step in range(12):
        yield scalar("loss", step * 40, 1.0 / (step + 1))
        yield scalar("grad", step * 40, float(step))
        yield many(step, {"a": step, "b": -step, "loss": 2.0})
        yield tensor("t2", step, float_tensor(step / 8), "scalars" if step == 0 else "")
        if step % 4 == 0:
            yield histogram(step)
            yield image(step, 300)
        yield tensor("f8", step, content_tensor(2, struct.pack("<d", step / 3)), "scalars")


LOG = log(sample_events())
REGULAR = log(scalar(tag, 200 + step, step / 7) for step in range(40) for tag in ("loss", "lr", "grad_norm"))
"""Nothing but the same three records again and again, so that the next ones are foreseen."""


def fast(data: bytes, segment: int) -> oracle.Plain:
    """The reader under test, in the oracle's terms."""
    decoder, odd = Decoder(), Oddities()
    decoder.store.begin_file()
    frames = Frames(io.BytesIO(data), len(data), segment)
    for part in frames:
        decoder.read(part, frames.damage, odd)
    tagged = decoder.store.finish(len(decoder.tags))
    found = oracle.Plain(records=frames.damage.records, lost=frames.damage.bytes)
    before = 0
    for tag, end in zip(decoder.tags, tagged.end[:, -1].tolist(), strict=True):
        rows = slice(before, end)
        points = zip(tagged.step[rows].tolist(), tagged.time[rows].tolist(), tagged.value[rows].tolist(), strict=True)
        if end > before:
            found.points[tag.name.decode()] = list(points)
        before = end
    return found


def flipped(data: bytes, at: int, bit: int) -> bytes:
    at %= max(len(data), 1)
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :] if data else data


def zeroed(data: bytes, at: int, size: int) -> bytes:
    at %= max(len(data), 1)
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


def cut_out(data: bytes, at: int, size: int) -> bytes:
    at %= max(len(data), 1)
    return data[:at] + data[at + size :]


def put_in(data: bytes, at: int, what: bytes) -> bytes:
    at %= max(len(data), 1)
    return data[:at] + what + data[at:]


place = st.integers(0, len(LOG))
one_damage = st.one_of(
    st.tuples(st.just(flipped), place, st.integers(0, 7)),
    st.tuples(st.just(zeroed), place, st.integers(1, 400)),
    st.tuples(st.just(cut_out), place, st.integers(1, 400)),
    st.tuples(st.just(put_in), place, st.binary(min_size=1, max_size=60)),
    st.tuples(st.just(put_in), place, st.sampled_from([LOG[:90], LOG[40:400], header(5), header(10**9), bytes(16)])),
    st.tuples(st.just(put_in), place, st.sampled_from([frame(b"\xff\xff\xff"), frame(b"")])),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([LOG, REGULAR]),
    st.lists(one_damage, min_size=1, max_size=5),
    place,
    st.sampled_from([64, 333, 4096, 1 << 20]),
)
@example(LOG, [(flipped, 0, 0)], len(LOG), 1 << 20)
@example(LOG, [(put_in, 0, header(10**9))], len(LOG), 64)
@example(LOG, [(zeroed, 100, 4000)], len(LOG), 64)
@example(LOG, [(put_in, 0, frame(b""))], len(LOG), 64)
@example(LOG, [(put_in, 0, header(0) + b"none")], len(LOG), 64)
def test_finds_and_counts_what_a_plain_reader_does(data, damage, keep, segment):
    for kind, at, what in damage:
        data = kind(data, at, what)
    data = data[: max(keep, 1)] if keep < len(LOG) // 4 else data
    plain, found = oracle.read(data), fast(data, segment)
    assert found.points.keys() == plain.points.keys()
    for tag, points in plain.points.items():
        np.testing.assert_array_equal(np.array(found.points[tag]), np.array(points), err_msg=tag)
    assert (found.records, found.lost) == (plain.records, plain.lost)


@pytest.mark.parametrize("what", [b"", header(9), frame(scalar("x", 1, 2.0).SerializeToString())])
def test_a_header_in_the_torn_tail_of_a_regular_log_is_found(what):
    data = REGULAR[:-20] + what
    plain, found = oracle.read(data), fast(data, 4096)
    assert found.points == plain.points
    assert (found.records, found.lost) == (plain.records, plain.lost)


@pytest.mark.parametrize("bit", range(8))
def test_every_single_flipped_byte_costs_at_most_the_records_that_it_touches(bit):
    whole = sum(len(p) for p in oracle.read(LOG).points.values())
    for at in range(bit, 1200, 8):
        found = fast(flipped(LOG, at, bit), 1 << 20)
        assert found.records == 1, at
        assert whole - sum(len(p) for p in found.points.values()) <= 3, at


def test_a_flipped_bit_in_a_tag_is_damage_and_no_new_tag(tmp_path):
    events = [version(), *(scalar("loss", step, 1.0) for step in range(300))]
    data = bytearray(log(events))
    at = data.rindex(b"loss")
    data[at] ^= 1
    (tmp_path / "events.out.tfevents.1.h").write_bytes(data)
    run = tensorboard.read(tensorboard.find(str(tmp_path))[0])
    assert set(run.series) == {"loss"}
    assert len(run.series["loss"]) == 299
    (note,) = run.notes
    assert (note.kind, note.records, note.bytes_total) == ("damaged", 1, len(data))
    assert note.bytes_unread == len(frame(events[-1].SerializeToString()))
    assert "1 damaged record in events.out.tfevents.1.h" in note.message


@pytest.mark.parametrize("cut", [1, 4, 5, 20, 40, 57])
def test_a_torn_tail_is_no_damage(tmp_path, cut):
    path = write(tmp_path, [version(), *(scalar("loss", step, 1.0) for step in range(20))])
    path.write_bytes(path.read_bytes()[:-cut])
    run = tensorboard.read(tensorboard.find(str(path))[0])
    assert len(run.series["loss"]) == 20 - 1 - (cut > 50)
    assert run.notes == ()


class Changing(io.BytesIO):
    """A file that a writer changes while it is read."""

    def __init__(self, data: bytes, change) -> None:
        super().__init__(data)
        self.change = change

    def readinto(self, buffer):
        filled = super().readinto(buffer[:1000])
        self.change(self)
        return filled


def points_of(stream, size):
    decoder, odd = Decoder(), Oddities()
    decoder.store.begin_file()
    frames = Frames(stream, size, 500)
    for part in frames:
        decoder.read(part, frames.damage, odd)
    return len(decoder.store.finish(len(decoder.tags)).step), frames


def test_a_file_that_grows_while_it_is_read_is_read_to_where_it_ended():
    whole = log(scalar("loss", step, 1.0) for step in range(100))
    size = 4000

    def grow(stream):
        at = stream.tell()
        stream.seek(0, 2)
        stream.write(whole[stream.tell() : stream.tell() + 300])
        stream.seek(at)

    found, frames = points_of(Changing(whole[:size], grow), size)
    assert found == len(oracle.read(whole[:size]).points["loss"])
    assert frames.damage.bytes == 0


def test_a_file_that_is_cut_while_it_is_read_has_a_torn_tail_and_its_new_size():
    whole = log(scalar("loss", step, 1.0) for step in range(100))
    found, frames = points_of(Changing(whole, lambda stream: stream.truncate(2500)), len(whole))
    assert found == len(oracle.read(whole[:2500]).points["loss"])
    assert (frames.damage.bytes, frames.size) == (0, 2500)


def test_a_zero_filled_hole_costs_only_what_it_covers(tmp_path):
    events = [version(), *(scalar("loss", step, float(step)) for step in range(1, 400))]
    path = write(tmp_path, events)
    data = path.read_bytes()
    path.write_bytes(zeroed(data, 4096, 4096))
    run = tensorboard.read(tensorboard.find(str(path))[0])
    kept = len(run.series["loss"])
    assert (
        399 - kept
        == oracle.read(data).points["loss"].__len__() - oracle.read(path.read_bytes()).points["loss"].__len__()
    )
    assert run.series["loss"].step[-1] == 399
    (note,) = run.notes
    assert 4096 <= note.bytes_unread <= 4096 + 2 * 64


def test_a_gigantic_length_is_never_allocated(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    path = write(tmp_path, [version(), scalar("loss", 1, 1.0)])
    rest = log([scalar("loss", 2, 2.0)])
    for length in (2**31 - 1, 2**40, 2**63, 2**64 - 1):
        path.write_bytes(log([version(), scalar("loss", 1, 1.0)]) + header(length) + b"x" * 100 + rest)
        tracemalloc.start()
        run = tensorboard.read(tensorboard.find(str(path))[0])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert run.series["loss"].value.tolist() == [1.0, 2.0]
        assert run.notes[0].bytes_unread == 112
        assert peak < 20e6


def test_a_damaged_file_beside_a_sound_one_is_named(tmp_path):
    write(tmp_path, [version(), scalar("loss", 1, 1.0)], "events.out.tfevents.10.a")
    (tmp_path / "events.out.tfevents.20.b").write_bytes(b"not an event file at all, but some text")
    run = tensorboard.read(tensorboard.find(str(tmp_path))[0])
    assert run.series["loss"].value.tolist() == [1.0]
    assert "events.out.tfevents.20.b" in run.notes[0].message
    assert run.notes[0].bytes_unread == 39


@pytest.mark.parametrize("content", [b"some text that is no log, long enough for a header", bytes(5000)])
def test_a_file_without_one_sound_record_is_no_log(tmp_path, content):
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(content)
    with pytest.raises(NotALog, match=r"events\.out\.tfevents\.1\.h .* no sound record"):
        tensorboard.read(tensorboard.find(str(path))[0])


def test_a_sound_record_that_is_no_event_is_counted(tmp_path):
    path = write(tmp_path, [version(), scalar("loss", 1, 1.0)])
    path.write_bytes(path.read_bytes() + frame(b"\xff\xff\xff") + log([scalar("loss", 2, 2.0, T0)]))
    run = tensorboard.read(tensorboard.find(str(path))[0])
    assert run.series["loss"].value.tolist() == [1.0, 2.0]
    assert (run.notes[0].records, run.notes[0].bytes_unread) == (1, 19)


def test_many_damaged_records_are_found_out_in_bulk(tmp_path):
    data = bytearray(log([version(), *(scalar("loss", 1000 + step, 1.0) for step in range(3000))]))
    size = len(frame(scalar("loss", 1000, 1.0).SerializeToString()))
    first = len(log([version()]))
    for record in range(0, 3000, 3):
        data[first + record * size + 14] ^= 0x55
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(data)
    run = tensorboard.read(tensorboard.find(str(path))[0])
    assert len(run.series["loss"]) == 2000
    assert run.notes[0].records == 1000
    assert run.notes[0].bytes_unread == 1000 * size
