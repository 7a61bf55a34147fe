"""What every hardware rule advises."""

from __future__ import annotations

DRAIN = "Drain the node that ails and resume on another; keep it out until it passes a burn-in."
