"""Reference curves: reading, building, storing and shipping them."""

from runlens.references.build import build
from runlens.references.load import load
from runlens.references.shipped import shipped
from runlens.references.store import dumps, loads

__all__ = ["build", "dumps", "load", "loads", "shipped"]
