"""What no log knows and a postmortem needs: lines that people fill in.

After the example postmortem of Beyer, Jones, Petoff, Murphy (eds), "Site Reliability Engineering", O'Reilly 2016,
appendix D, and chapter 15.
"""

from __future__ import annotations

FIELDS: tuple[tuple[str, str], ...] = (
    ("Status", "open, mitigated or resolved; since when"),
    ("Authors", ""),
    ("Impact", "which plans, models, people and budgets it touched"),
    ("Trigger", "what set it off: a commit, a node, a batch, a setting"),
    ("Root cause", "as confirmed, and how; the likely ones stand above"),
    ("Detection", "who or what noticed, when, and how long after it began"),
    ("Resolution", "what was done, when, and how it was verified"),
    ("What went well", ""),
    ("What went badly", ""),
    ("Where luck helped", ""),
)
"""Heading, and what belongs there."""
