"""TARGETS: every reader, and what it is fuzzed by."""

from __future__ import annotations

from tests.fuzz.harness import Target
from tests.fuzz.targets import (
    delimited,
    documents,
    jsonlines,
    judged,
    own_files,
    pages,
    text,
    tfevents,
    trackers,
    wandb_file,
)

TARGETS: dict[str, Target] = {
    **tfevents.TARGETS,
    **wandb_file.TARGETS,
    **pages.TARGETS,
    **delimited.TARGETS,
    **jsonlines.TARGETS,
    **documents.TARGETS,
    **text.TARGETS,
    **trackers.TARGETS,
    **own_files.TARGETS,
    **judged.TARGETS,
}
