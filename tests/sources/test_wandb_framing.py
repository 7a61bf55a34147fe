from __future__ import annotations

import struct
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.errors import NotALog
from runlens.sources.wandb_file import framing as wandb_framing
from runlens.sources.wandb_file.framing import BLOCK, SEGMENT, Damage, segments
from tests.sources.wandb_writer import MAGIC, field, framed


def read(path: Path) -> tuple[list[bytes], Damage]:
    damage = Damage()
    found = []
    for segment in segments(path, damage):
        got = [segment.raw[a:b] for a, b in zip(segment.start.tolist(), segment.stop.tolist(), strict=True)]
        found += [got[i] for i in segment.place.argsort().tolist()]
    return found, damage


def records(count: int, size: int) -> list[bytes]:
    return [field(30, f"{i}:".encode() + b"y" * (size + i % 13)) for i in range(count)]


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [0, 1, 100, 4000, BLOCK - 40, BLOCK, 3 * BLOCK + 5])
def test_records_of_any_size_come_back_in_order(tmp_path, size):
    what = records(400 if size < BLOCK else 30, size)
    assert read(put(tmp_path / "a.wandb", framed(what, number=False))) == (what, Damage())


def test_records_that_span_segments(tmp_path):
    what = [*records(10, 100), field(30, b"z" * (2 * SEGMENT + 77)), *records(10, 100)]
    assert read(put(tmp_path / "a.wandb", framed(what, number=False))) == (what, Damage())


def test_a_record_that_leaves_exactly_a_header_or_less(tmp_path):
    for spare in range(10):
        first = field(30, b"a" * (BLOCK - 7 - 7 - 4 - spare))
        what = [first, field(30, b"second"), field(30, b"third")]
        assert read(put(tmp_path / "a.wandb", framed(what, number=False))) == (what, Damage()), spare


def test_every_truncation_is_a_torn_tail_and_no_damage(tmp_path):
    what = [*records(3, 50), field(30, b"w" * (BLOCK + 900)), *records(3, 50)]
    whole = framed(what, number=False)
    ends = [*range(400), *range(BLOCK - 20, BLOCK + 40), *range(len(whole) - 400, len(whole) + 1)]
    for end in ends:
        found, damage = read(put(tmp_path / "a.wandb", whole[:end]))
        assert found == what[: len(found)], end
        assert damage == Damage(), end
    assert found == what


def test_one_flipped_bit_costs_one_record(tmp_path):
    what = records(400, 90)
    whole = framed(what, number=False)
    for at in range(BLOCK + 100, BLOCK + 220):
        bad = bytearray(whole)
        bad[at] ^= 1 << at % 8
        found, damage = read(put(tmp_path / "a.wandb", bytes(bad)))
        lost = [w for w in what if w not in found]
        assert [w for w in what if w in found] == found
        assert 1 <= len(lost) <= 2, (at, len(lost))
        assert damage.records >= 1
        assert damage.bytes >= 90


def test_a_hole_of_zeros_costs_what_stood_there(tmp_path):
    what = records(2000, 90)
    whole = bytearray(framed(what, number=False))
    whole[BLOCK + 500 : BLOCK + 3000] = bytes(2500)
    found, damage = read(put(tmp_path / "a.wandb", bytes(whole)))
    assert 2500 <= damage.bytes <= 2800
    assert 24 <= len(what) - len(found) <= 30
    assert found[-1] == what[-1]


def test_a_lost_block_costs_its_records_and_those_that_reach_into_it(tmp_path):
    what = records(2000, 90)
    whole = bytearray(framed(what, number=False))
    whole[BLOCK : 2 * BLOCK] = bytes(range(256)) * (BLOCK // 256)
    found, damage = read(put(tmp_path / "a.wandb", bytes(whole)))
    assert BLOCK <= damage.bytes <= BLOCK + 400
    assert BLOCK // 110 <= len(what) - len(found) <= BLOCK // 90
    assert found[0] == what[0] and found[-1] == what[-1]


def test_a_first_joins_only_what_begins_the_next_block(tmp_path):
    def chunk(kind: int, piece: bytes) -> bytes:
        return struct.pack("<IHB", crc32(bytes([kind]) + piece), len(piece), kind) + piece

    data = MAGIC + chunk(2, b"begun") + chunk(4, b"-ended in the same block") + chunk(1, b"whole")
    found, damage = read(put(tmp_path / "a.wandb", data))
    assert found == [b"whole"]
    assert damage.records == 2


@pytest.mark.parametrize("data", [b"", MAGIC[:3], MAGIC, MAGIC + b"\x00" * 3])
def test_files_cut_before_their_first_record_are_empty(tmp_path, data):
    assert read(put(tmp_path / "a.wandb", data)) == ([], Damage())


def test_another_file_is_refused(tmp_path):
    with pytest.raises(NotALog, match="wrong header"):
        read(put(tmp_path / "a.wandb", b"SQLite format 3\x00" * 100))


def one_by_one(buffer, base):
    """In place of `_walk_blocks`: every block is odd, so that the plain walk reads all of them."""
    none = np.empty(0, np.int64)
    return none, none, none, np.ones(-(-len(buffer) // BLOCK), np.bool_)


WHAT = [*records(150, 90), field(30, b"long" * (BLOCK // 2)), *records(150, 90), field(30, b""), *records(150, 60)]
WHOLE = framed(WHAT, number=False)
PLACE = st.integers(len(MAGIC), len(WHOLE))
DAMAGE = st.one_of(
    st.tuples(st.just("flip"), PLACE, st.integers(0, 7)),
    st.tuples(st.just("zero"), PLACE, st.sampled_from([1, 7, 100, 5000, BLOCK])),
    st.tuples(st.just("cut"), PLACE, st.sampled_from([1, 7, 100, 5000])),
    st.tuples(st.just("put"), PLACE, st.sampled_from([1, 7, 100, 5000])),
    st.tuples(st.just("end"), PLACE, st.just(0)),
)


def hurt(data: bytes, kind: str, at: int, how: int) -> bytes:
    if at >= len(data):
        return data
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << how]) + data[at + 1 :]
    if kind == "zero":
        return data[:at] + bytes(len(data[at : at + how])) + data[at + how :]
    if kind == "cut":
        return data[:at] + data[at + how :]
    return data[:at] + (bytes(range(256)) * 20)[:how] + data[at:] if kind == "put" else data[:at]


@settings(max_examples=60, deadline=None)
@given(st.lists(DAMAGE, min_size=1, max_size=4), st.sampled_from([1, 2, 96]))
def test_blocks_side_by_side_are_what_each_is_by_itself_whatever_is_damaged(tmp_path_factory, damage, blocks):
    data = WHOLE
    for kind, at, how in damage:
        data = hurt(data, kind, at, how)
    path = put(tmp_path_factory.mktemp("damaged") / "a.wandb", data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wandb_framing, "SEGMENT", blocks * BLOCK)
        found, lost = read(path)
        patch.setattr(wandb_framing, "_walk_blocks", one_by_one)
        assert read(path) == (found, lost)
    whole = iter(WHAT)
    assert all(record in whole for record in found), "what is read was written, in that order"
    assert lost.bytes <= len(data)


@pytest.mark.parametrize("kind", ["flip", "zero"])
def test_damage_is_not_believed_to_be_larger_than_the_records_that_it_touches(tmp_path, kind):
    for at in range(BLOCK - 300, BLOCK + 300, 11):
        found, lost = read(put(tmp_path / "a.wandb", hurt(WHOLE, kind, at, 3)))
        assert len(WHAT) - len(found) <= 2, at
        assert lost.records >= 1, at
