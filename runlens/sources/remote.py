"""Runs in an object store (`s3://`, `gs://`, …), listed and fetched through fsspec."""

from __future__ import annotations

import re

from runlens.errors import NoRunFound
from runlens.model import RunRef
from runlens.sources.naming import printable

_NOT_STORES = {"http", "https", "wandb", "file", "local"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://")


def is_object_store(name: str) -> bool:
    """Whether the name is an address of an object store, such as `s3://bucket/logs`."""
    scheme = _SCHEME.match(name.lower())
    return scheme is not None and scheme[1] not in _NOT_STORES


def find(name: str) -> list[RunRef]:
    """The runs below an address of an object store: event files, read through fsspec.

    Raises
    ------
    NoRunFound
        No event file is there.
    """
    from runlens.sources import tensorboard

    refs = tensorboard.find(name)
    if not refs:
        raise NoRunFound(f"no event file is at {printable(name)}; in an object store RunLens reads TensorBoard logs")
    return refs
