"""Settings: the nearest `runlens.toml` or `[tool.runlens]`, per-run overrides and flags, and where each comes from."""

from runlens.config.load import Config, load, parse
from runlens.config.plan import InForce, Learned, as_told, in_force, looked_for, settings_for, ways
from runlens.config.tokens import count_of_tokens

__all__ = [
    "Config",
    "InForce",
    "Learned",
    "as_told",
    "count_of_tokens",
    "in_force",
    "load",
    "looked_for",
    "parse",
    "settings_for",
    "ways",
]
