"""TARGETS: every reader, and what it is fuzzed by."""

from __future__ import annotations

from tests.fuzz.harness import Target
from tests.fuzz.targets import (
    cells,
    delimited,
    documents,
    joined,
    jsonlines,
    judged,
    left,
    own_files,
    pages,
    printed,
    records,
    results,
    tables,
    text,
    tfevents,
    trackers,
    values,
    wandb_file,
    words,
)

TARGETS: dict[str, Target] = {
    **tfevents.TARGETS,
    **wandb_file.TARGETS,
    **pages.TARGETS,
    **delimited.TARGETS,
    **tables.TARGETS,
    **joined.TARGETS,
    **jsonlines.TARGETS,
    **documents.TARGETS,
    **text.TARGETS,
    **trackers.TARGETS,
    **own_files.TARGETS,
    **left.TARGETS,
    **judged.TARGETS,
}
SMALL: dict[str, Target] = {
    **cells.TARGETS,
    **values.TARGETS,
    **records.TARGETS,
    **printed.TARGETS,
    **words.TARGETS,
    **results.TARGETS,
}
"""Those whose cases hold many small inputs, each held against the judge."""
TARGETS |= SMALL
