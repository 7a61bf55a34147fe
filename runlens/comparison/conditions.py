"""Whether two evals were measured in the same way: compared before their scores are."""

from __future__ import annotations

from collections.abc import Mapping

HARNESS = "harness"
ITEMS = "items"
CHAT = "chat template"
NO_TEMPLATE = "none"
ALL = "all"
_OF_ONE_HARNESS = frozenset({"task version", "prompt", "system instruction", "few shots as turns"})
"""Conditions that two harnesses write each in their own way."""


def differ(run: Mapping[str, str], reference: Mapping[str, str]) -> str:
    """The first condition in which two evals differ, in words; empty if they were measured in the same way.

    What one side does not tell is not held against the other, but for a limit: a score of the first ten items is no
    score of the benchmark.
    """
    same = run.get(HARNESS) == reference.get(HARNESS)
    for name in (ITEMS, "task version", "prompt", CHAT, "system instruction", "few shots as turns"):
        if name in _OF_ONE_HARNESS and not same:
            continue
        own, other = run.get(name), reference.get(name)
        if name == ITEMS and ((own or ALL) != (other or ALL)):
            return f"the run's was measured on {_items(own)} items, the reference's on {_items(other)}"
        if own is None or other is None or own == other:
            continue
        if name == CHAT and not same and NO_TEMPLATE not in (own, other):
            continue
        if name == "prompt":
            return "the prompts differ: their text, delimiters, split or few-shot examples are not the same"
        return f"the run's {name} is {own}, the reference's {other}"
    return ""


def assumed(run: Mapping[str, str], reference: Mapping[str, str]) -> tuple[str, ...]:
    """What is to be said where two evals are compared all the same."""
    own, other = run.get(HARNESS), reference.get(HARNESS)
    notes = (
        [f"measured by {own}, the reference by {other}: prompts may differ"] if own and other and own != other else []
    )
    for side, mine, theirs in (("the reference", run, reference), ("the run", reference, run)):
        if mine.get(CHAT, NO_TEMPLATE) != NO_TEMPLATE and CHAT not in theirs and theirs:
            notes.append(f"{side} does not tell its chat template")
    return tuple(notes)


def _items(told: str | None) -> str:
    return told or ALL
