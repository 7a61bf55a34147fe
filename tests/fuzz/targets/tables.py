"""Tables that an adversary damaged in a known way: each loss is read as it stands, or is counted."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.fuzz.adversary.cells import CELLS
from tests.fuzz.adversary.judge import held, written
from tests.fuzz.adversary.sheet import FORMS
from tests.fuzz.adversary.texts import TEXTS
from tests.fuzz.harness import Outcome

KINDS = {kind: [form for form in FORMS if kind in CELLS or form != "parquet"] for kind in (*CELLS, *TEXTS)}
"""Each kind of damage, and the forms in which it can be done."""


def of_damage(draw: Random, folder: Path) -> Outcome:
    """One kind of damage to one table in one form, read and judged."""
    kind = draw.choice(list(KINDS))
    return held(*written(draw, kind, draw.choice(KINDS[kind]), folder))


TARGETS = {"tables-damaged": of_damage}
