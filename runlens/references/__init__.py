"""Reference curves: reading, building, storing and shipping them."""

from runlens.references.build import build
from runlens.references.combine import combine
from runlens.references.load import load
from runlens.references.shipped import shipped
from runlens.references.store import dumps, loads

__all__ = ["build", "combine", "dumps", "load", "loads", "shipped"]
