"""Zip archives of trackers, and what is raised over one that cannot be read."""

from __future__ import annotations

import zipfile
from pathlib import Path

from runlens.sources.table.forms.packed import BROKEN

MAGIC = b"PK\x03\x04"
FAULTS = (*BROKEN, zipfile.BadZipFile, RuntimeError, UnicodeError)
"""What is raised over an archive that cannot be read: it breaks off, is damaged, is encrypted or packed in a way that
`zipfile` does not know (both a RuntimeError), or its names are in no code that it says."""


def has(head: bytes, path: Path, wanted: set[str]) -> bool:
    """Whether a file is an archive that holds these files."""
    if not head.startswith(MAGIC):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return wanted <= set(archive.namelist())
    except (*FAULTS, OSError):
        return False
