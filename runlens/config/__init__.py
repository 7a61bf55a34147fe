"""Settings: the nearest `runlens.toml` or `[tool.runlens]`, per-run overrides and flags, and where each comes from."""

from runlens.config.load import Config, load, parse
from runlens.config.plan import InForce, count_of_tokens, in_force, settings_for

__all__ = ["Config", "InForce", "count_of_tokens", "in_force", "load", "parse", "settings_for"]
