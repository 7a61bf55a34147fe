"""Runs in an object store (`s3://`, `gs://`, …), listed and fetched through fsspec."""

from __future__ import annotations

import re

from runlens.errors import NoRunFound
from runlens.model import RunRef
from runlens.sources import tensorboard
from runlens.sources.naming import printable
from runlens.sources.tfevents import files

_NOT_STORES = {"http", "https", "wandb", "file", "local"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://")


def parse(text: str) -> str | None:
    """The name itself where it is an address of an object store, such as `s3://bucket/logs`, or None."""
    scheme = _SCHEME.match(text.lower())
    return text if scheme is not None and scheme[1] not in _NOT_STORES else None


def at(address: str, **filters: object) -> list[RunRef]:
    """The runs below an address of an object store: event files, read through fsspec. No filters are known here.

    Each call looks anew, so that a watch sees what was written since.

    Raises
    ------
    NoRunFound
        No event file is there.
    """
    files.look_again(address)
    refs = tensorboard.find(address)
    if not refs:
        raise NoRunFound(f"no event file is at {printable(address)}; in an object store RunLens reads TensorBoard logs")
    return refs
