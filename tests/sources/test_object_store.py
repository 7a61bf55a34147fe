"""Addresses of object stores: which names are such, and what is said where nothing is there."""

from __future__ import annotations

import pytest

from runlens.errors import ConfigError, NoRunFound
from runlens.sources import discover, object_store, read
from tests.sources.tfevents_writer import scalar, version, write


@pytest.mark.parametrize("text", ["s3://bucket/logs", "gs://b", "memory://x", "S3://Bucket/Logs", "abfs+x://c/d"])
def test_addresses_of_object_stores(text):
    assert object_store.parse(text) == text


@pytest.mark.parametrize(
    "text", ["logs", "wandb://a/b", "https://wandb.ai/a/b", "file:///tmp/x", "://x", "team/project", ""]
)
def test_other_names_are_none(text):
    assert object_store.parse(text) is None


def test_runs_of_an_object_store_are_found_and_read_and_take_no_filters(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/store/a/events.out.tfevents.1.h", write(tmp_path, [version(), scalar("loss", 1, 2.0)]).read_bytes())
    memory.mkdir("/bare")
    try:
        (ref,) = discover("memory://store")
        assert (ref.id, read(ref).series["loss"].value.tolist()) == ("a", [2.0])
        with pytest.raises(ConfigError, match="filters"):
            discover("memory://store", state=["finished"])
        with pytest.raises(NoRunFound, match="no event file is at 'memory://bare'"):
            discover("memory://bare")
    finally:
        memory.rm("/store", recursive=True)
        memory.rm("/bare", recursive=True)
