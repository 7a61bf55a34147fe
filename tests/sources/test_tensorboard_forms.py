"""Every form in which writers log a scalar, each equal to protobuf: simple values, many in an event, tensors."""

from __future__ import annotations

import struct

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tests.sources import tfevents_oracle as oracle
from tests.sources.tfevents_compare import assert_equal_to_protobuf, read
from tests.sources.tfevents_writer import (
    T0,
    content_tensor,
    float_tensor,
    frame,
    many,
    scalar,
    tensor,
    typed_tensor,
    version,
    write,
)


def test_simple_values_one_in_an_event(tmp_path):
    names = ["loss", "lr", "a/much/longer/tag/name", "x" * 300, ""]
    events = [scalar(tag, step, step * 0.5 - 3) for step in range(400) for tag in names]
    run = assert_equal_to_protobuf(write(tmp_path, [version(), *events]))
    assert set(run.series) == set(names)


def test_many_values_in_an_event(tmp_path):
    events = [many(step, {f"m{k}": step + k for k in range(30)}) for step in range(200)]
    run = assert_equal_to_protobuf(write(tmp_path, [version(), *events]))
    assert len(run.series) == 30


def test_the_same_tag_twice_in_an_event(tmp_path):
    events = []
    for step in range(50):
        event = scalar("loss", step, step)
        event.summary.value.add(tag="loss", simple_value=step + 0.5)
        events.append(event)
    run = assert_equal_to_protobuf(write(tmp_path, events))
    assert run.series["loss"].value[:4].tolist() == [0, 0.5, 1, 1.5]


def test_tensors_whose_plugin_is_named_in_the_first_event_only(tmp_path):
    events = [tensor(t, s, float_tensor(s / 8), "scalars" if s == 0 else "") for s in range(300) for t in ("a", "bc")]
    assert_equal_to_protobuf(write(tmp_path, [version(), *events]))


def test_tags_with_one_checksum_are_told_apart(tmp_path):
    # The generator of CRC-32C (33 bits, its lowest first): two messages that differ by it have the same checksum.
    generator = ((0x82F63B78 << 1) | 1).to_bytes(5, "little")
    first = bytes(b ^ 0x05 for b in b"AAAAA")
    second = bytes(a ^ b for a, b in zip(first, generator, strict=True))
    events = []
    for step in range(300):
        for tag in (first, second):
            payload = scalar("?????", step, step / 4).SerializeToString().replace(b"?????", tag)
            events.append(payload)
    assert masked_crc32c(events[0]) == masked_crc32c(events[1])
    assert events[0] != events[1]
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(b"".join(map(frame, events)))
    run = read(path)
    assert [len(series) for series in run.series.values()] == [300, 300]
    assert set(run.series) == {tag.decode("utf-8", "backslashreplace") for tag in (first, second)}


def test_what_one_run_taught_does_not_leak_into_the_next(tmp_path):
    one = write(tmp_path / "one", [scalar(tag, step, 1.0) for step in range(99) for tag in ("loss", "only here")])
    two = write(tmp_path / "two", [scalar("loss", step, 2.0) for step in range(99)])
    for path, names in ((one, {"loss", "only here"}), (two, {"loss"}), (one, {"loss", "only here"})):
        assert set(assert_equal_to_protobuf(path).series) == names


TENSORS = {
    "float": float_tensor(1.5),
    "float, shape [1]": float_tensor(1.5, (1,)),
    "float, shape [1, 1]": float_tensor(1.5, (1, 1)),
    "double": typed_tensor(2, "double_val", 0.1),
    "int32": typed_tensor(3, "int_val", -7),
    "uint8": typed_tensor(4, "int_val", 200),
    "int16": typed_tensor(5, "int_val", -300),
    "int8": typed_tensor(6, "int_val", -3),
    "int64": typed_tensor(9, "int64_val", -(2**40)),
    "bool": typed_tensor(10, "bool_val", True),
    "bfloat16": typed_tensor(14, "half_val", 0x3FC0),
    "uint16": typed_tensor(17, "int_val", 60000),
    "half": typed_tensor(19, "half_val", 0x3E00),
    "uint32": typed_tensor(22, "uint32_val", 2**31 + 5),
    "uint64": typed_tensor(23, "uint64_val", 2**60),
    "float content": content_tensor(1, struct.pack("<f", 0.1)),
    "double content, shape [1]": content_tensor(2, struct.pack("<d", 0.1), (1,)),
    "half content": content_tensor(19, struct.pack("<e", 0.1)),
    "bfloat16 content": content_tensor(14, b"\xc0\x3f"),
    "int32 content": content_tensor(3, struct.pack("<i", -5)),
    "int64 content": content_tensor(9, struct.pack("<q", -5)),
    "uint8 content": content_tensor(4, b"\xfe"),
    "int8 content": content_tensor(6, b"\xfe"),
    "int16 content": content_tensor(5, struct.pack("<h", -5)),
    "uint16 content": content_tensor(17, b"\xfe\xff"),
    "bool content": content_tensor(10, b"\x01"),
}
# What protobuf's own helper (`make_ndarray`) does not know, or knows only with TensorFlow.
EXPECTED = {
    "uint32": 2.0**31 + 5,
    "uint64": 2.0**60,
    "bool": 1.0,
    "bfloat16": 1.5,
    "half": 1.5,
    "bfloat16 content": 1.5,
    "bool content": 1.0,
}


@pytest.mark.parametrize("name", TENSORS)
@pytest.mark.parametrize("count", [1, 40])
def test_tensors_of_every_real_type_alone_and_in_columns(tmp_path, name, count):
    path = write(tmp_path, [version(), *(tensor("x", s, TENSORS[name], "scalars") for s in range(count))])
    run = read(path)
    wanted = EXPECTED.get(name)
    if wanted is None:
        wanted = oracle.read(path.read_bytes()).points["x"][0][2]
    assert run.series["x"].value.tolist() == [wanted] * count


def test_a_typed_tensor_of_zero_may_be_left_empty(tmp_path):
    zero = float_tensor(0.0)
    del zero.float_val[:]
    assert read(write(tmp_path, [tensor("x", 1, zero, "scalars")])).series["x"].value.tolist() == [0.0]


def test_scalars_by_name_that_are_no_real_number_are_said(tmp_path):
    pair = content_tensor(1, bytes(8), (2,))
    text = typed_tensor(7, "string_val", b"hello")
    events = [scalar("loss", 1, 1.0), tensor("pair", 1, pair, "scalars"), tensor("pair", 2, pair), tensor("t", 1, text)]
    run = read(write(tmp_path, [version(), *events]))
    assert set(run.series) == {"loss"}
    (note,) = run.notes
    assert (note.kind, note.records) == ("unsupported", 2)
    assert "'pair'" in note.message


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "cc", "dd", "eee"]),
            st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 300), st.just(0)),
            st.floats(width=32),
            st.floats(),
            st.sampled_from(["simple", "tensor", "double", "many"]),
        ),
        max_size=60,
    ),
    st.integers(1, 3),
)
def test_any_mix_equals_protobuf(tmp_path_factory, rows, repeat):
    events = []
    places = [(tag, step) for tag, step, *_ in rows * repeat]
    places += [("z", step) for _, step, _, _, form in rows * repeat if form == "many"]
    at_zero = {tag for tag, _ in places} - {tag for tag, step in places if step}
    assume(all(sum(tag == one for tag, _ in places) < 8 for one in at_zero))  # those are counted, and told
    for tag, step, value, time, form in rows * repeat:
        if form == "many":
            event = many(0, {tag: value, "z": value})
        elif form == "simple":
            event = scalar(tag, 0, value)
        else:
            proto = float_tensor(value) if form == "tensor" else typed_tensor(2, "double_val", value)
            event = tensor(tag, 0, proto)
        event.step, event.wall_time = step, time
        events.append(event)
    assert_equal_to_protobuf(write(tmp_path_factory.mktemp("mix"), [version(), *events]))


@pytest.mark.parametrize("step", [0, 1, 127, 128, 16383, 16384, 2**31, 2**62, -1, -5, -(2**63)])
def test_steps_of_every_size(tmp_path, step):
    run = read(write(tmp_path, [scalar("loss", step, float(k), T0) for k in range(7)]))
    assert run.series["loss"].step.tolist() == [step] * 7
