"""The runs of a file that holds several trainings: what each is called, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runlens.errors import NotALog
from runlens.model import Note, RunRef
from runlens.sources.appended.trainings import Trainings
from runlens.sources.naming import printable

_NAMED = 5
"""Trainings that were given up and are named one by one."""


def of_one_file(ref: RunRef, held: Trainings) -> list[RunRef]:
    """The runs that a file stands for: its trainings without those that were given up for the next one.

    One that is left alone keeps the name of the file.
    """
    if len(held.begins) < 2:
        return [ref]
    if len(held.runs) == 1:
        return [replace(ref, member=str(held.runs[0] + 1))]
    return _named(ref, held.runs)


def every_one(ref: RunRef, held: Trainings) -> list[RunRef]:
    """All trainings of a file by number; none if it holds but one."""
    return _named(ref, range(len(held.begins))) if len(held.begins) > 1 else []


def _named(ref: RunRef, numbers: Sequence[int]) -> list[RunRef]:
    return [replace(ref, id=f"{ref.id}/{k + 1}", member=str(k + 1)) for k in numbers]


def number_of(ref: RunRef, held: Trainings, where: str) -> int:
    """Which training a reference means, counted from 0: the last, where it names none.

    Raises
    ------
    NotALog
        There is none of that number: the log was changed since it was found.
    """
    if not ref.member:
        return len(held.begins) - 1
    if not (ref.member.isdecimal() and 1 <= int(ref.member) <= len(held.begins)):
        raise NotALog(f"{where} holds no run number {printable(ref.member)}; it was changed while it was being read")
    return int(ref.member) - 1


def told(held: Trainings, number: int, where: str) -> list[Note]:
    """What is said of a run that stands among others in a file, and of steps that were counted on."""
    notes = []
    if len(held.begins) > 1:
        said = f"{where} holds {len(held.begins)} trainings, one after another, told apart where the step begins anew"
        own = held.between.get(number)
        title = f", below {printable(own.title, 80)}" if own is not None and own.title else ""
        notes.append(Note("guessed", f"{said}; this is number {number + 1}{title}"))
        if held.left and number == held.runs[-1]:
            shown = [f"{k + 1} ({why})" for k, why in list(held.left.items())[:_NAMED] if k != number]
            more = f" and {len(held.left) - _NAMED} more" if len(held.left) > _NAMED else ""
            if shown:
                one = "was" if len(held.left) == 1 else "were"
                said = f"of the trainings in {where} number {', '.join(shown)}{more} {one} given up for the next one"
                how = f"#{next(iter(held.left)) + 1} after the name of the file names it"
                notes.append(Note("guessed", f"{said} and not judged; {how}"))
    if held.on:
        times = "once" if len(held.on) == 1 else f"{len(held.on)} times"
        said = f"the step in {where} begins anew {times} while the loss goes on"
        notes.append(Note("guessed", f"{said}: it was counted on, as one training"))
    return notes
