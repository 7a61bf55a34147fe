"""RunLens: the linter and health gate for ML training runs."""

__version__ = "0.1.0"
