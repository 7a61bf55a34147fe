"""Bounded work: long names, deep shapes, lines without an end, bombs and endless files cost little, and are told."""

from __future__ import annotations

import gzip
import json
import os

import numpy as np
import pytest
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from runlens.errors import ConfigError, NotALog, ReadError, RunLensError
from runlens.roles.names.reading import LONGEST, read_name
from runlens.sources import discover, read
from runlens.sources.table.forms import packed
from tests.sources import tfevents_writer as w


def test_a_name_that_is_text_is_not_understood():
    assert read_name("loss" + "_" * (LONGEST - 4)) is not None
    assert read_name("loss" + "_" * (LONGEST - 3)) is None


@pytest.mark.parametrize(("dims", "read_"), [((1,) * 254, 3), ((1,) * 255, 0), ((1, 2), 0), ((2**40,) * 200, 0)])
def test_the_shape_of_a_tensor_is_not_multiplied_out(dims, read_, tmp_path):
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in dims])
    proto = TensorProto(dtype=1, tensor_shape=shape, float_val=[2.5])
    w.write(tmp_path, [w.version(), *[w.tensor("t", i, proto, "scalars") for i in range(3)], w.scalar("lr", 1, 0.5)])
    run = read(discover(str(tmp_path))[0])
    assert len(run.series["t"]) == read_ if read_ else "t" not in run.series
    assert bool(run.notes) is not bool(read_)


@pytest.mark.parametrize("kind", [1, 9])
def test_a_large_tensor_is_passed_over_and_told(kind, tmp_path):
    values = {"float_val": [1.0] * 5000} if kind == 1 else {"int64_val": [1] * 5000}
    w.write(
        tmp_path, [w.version(), w.tensor("t", 1, TensorProto(dtype=kind, **values), "scalars"), w.scalar("lr", 1, 1.0)]
    )
    run = read(discover(str(tmp_path))[0])
    assert list(run.series) == ["lr"] and len(run.notes) == 1


def rows(n):
    return "".join(json.dumps({"step": i, "loss": 2.5}) + "\n" for i in range(n)).encode()


def test_a_bomb_is_read_up_to_a_limit_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 1 << 20)
    monkeypatch.setattr(packed, "RATIO", 50)
    (tmp_path / "history.jsonl.gz").write_bytes(gzip.compress(rows(1000) + b"\n" * (1 << 25)))
    run = read(discover(str(tmp_path / "history.jsonl.gz"))[0])
    assert len(run.series["loss"]) == 1000
    (note,) = run.notes
    assert note.kind == "truncated" and "unpacks to more than" in note.message


def test_a_document_that_is_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 1 << 20)
    monkeypatch.setattr(packed, "RATIO", 50)
    (tmp_path / "history.json.gz").write_bytes(gzip.compress(b'[{"step": 1, "loss": 2},' + b" " * (1 << 25)))
    with pytest.raises(ReadError, match="unpacks to more than"):
        read(discover(str(tmp_path / "history.json.gz"))[0])


def test_what_packs_well_and_what_is_small_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 1 << 12)
    draw = np.random.default_rng(0)
    text = "".join(json.dumps({"step": i, "loss": draw.random()}) + "\n" for i in range(3000))
    (tmp_path / "history.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    assert read(discover(str(tmp_path / "history.jsonl.gz"))[0]).notes == ()


def test_a_log_that_is_a_bomb_is_read_up_to_a_limit_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 1 << 20)
    monkeypatch.setattr(packed, "RATIO", 50)
    text = "".join(f"step {i} | loss: 2.5\n" for i in range(500)).encode()
    (tmp_path / "train.log.gz").write_bytes(gzip.compress(text + b"\n" * (1 << 25)))
    run = read(discover(str(tmp_path / "train.log.gz"))[0])
    assert len(run.series["loss"]) == 500
    assert any("unpacks to more than" in note.message for note in run.notes)


def test_a_line_without_an_end_is_cut_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "STRETCH", 1 << 12)
    monkeypatch.setattr(packed, "LONGEST_LINE", 1 << 14)
    (tmp_path / "history.jsonl").write_bytes(rows(100) + b"x" * (1 << 18))
    run = read(discover(str(tmp_path / "history.jsonl"))[0])
    assert len(run.series["loss"]) == 100
    assert any("a line of more than" in note.message for note in run.notes)


ENDLESS = ("/dev/zero", "/dev/urandom", "/dev/full")


@pytest.mark.parametrize("path", [p for p in ENDLESS if os.path.exists(p)])  # noqa: PTH110
def test_devices_are_refused_wherever_a_path_is_taken(path, tmp_path):
    from pathlib import Path

    from runlens import config
    from runlens.files import content_of, text_of
    from runlens.references.load import load

    for attempt in (discover, load):
        with pytest.raises((NotALog, ReadError, ConfigError)) as told:
            attempt(path)
        assert isinstance(told.value, RunLensError)
    for attempt in (config.load, text_of, content_of):
        with pytest.raises(ConfigError, match="no regular file"):
            attempt(Path(path))


@pytest.mark.skipif(not os.access("/proc/version", os.R_OK), reason="there is no /proc here")
def test_files_of_the_kernel_are_no_logs():
    with pytest.raises(NotALog, match="pipe, socket or device"):
        discover("/proc/version")


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no memory disk here")
def test_logs_on_the_memory_disk_are_read():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        (Path(folder) / "history.jsonl").write_bytes(rows(9))
        assert read(discover(f"{folder}/history.jsonl")[0]).points == 9


def test_pipes_are_refused_wherever_a_path_is_taken(tmp_path):
    from runlens import config
    from runlens.files import content_of, text_of
    from runlens.references.load import load

    pipe = tmp_path / "runlens.toml"
    os.mkfifo(pipe)
    for attempt in (discover, load):
        with pytest.raises((NotALog, ReadError, ConfigError)):
            attempt(str(pipe))
    for attempt in (config.load, text_of, content_of):
        with pytest.raises(ConfigError, match="no regular file"):
            attempt(pipe)
    with pytest.raises(ConfigError, match="no regular file"):
        config.load(start=tmp_path)
