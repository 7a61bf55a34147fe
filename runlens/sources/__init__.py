"""From the name of a run, as the user gives it, to a `Run`: discover (cheap), then read.

The sources themselves are in `runlens.sources.registry`. Names are loaded when they are first used, so that the words
of the registry cost nothing where only help is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runlens.sources.discovery import broken, discover, is_slow, read
    from runlens.sources.naming import unforeseen, unique, without_secrets
    from runlens.sources.unread import Search, in_one_sentence

__all__ = [
    "Search",
    "broken",
    "discover",
    "in_one_sentence",
    "is_slow",
    "read",
    "unforeseen",
    "unique",
    "without_secrets",
]

_HOME = {
    "Search": "unread",
    "broken": "discovery",
    "discover": "discovery",
    "in_one_sentence": "unread",
    "is_slow": "discovery",
    "read": "discovery",
    "unforeseen": "naming",
    "unique": "naming",
    "without_secrets": "naming",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'runlens.sources' has no attribute {name!r}")
    return getattr(import_module(f"runlens.sources.{_HOME[name]}"), name)
