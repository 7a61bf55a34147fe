"""Where a value stands in a line, and which metric it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its numbers, several where commas part thousands, and what they are multiplied by."""

    at: tuple[int, ...]
    scale: float = 1.0
    over: int = -1
    """The number that it is divided by, such as the 10000 of `9830/10000`; -1 for none."""
    decimals: int = -1
    """The number that stands after a decimal comma; -1 for none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One metric of a line."""

    name: str
    place: Place
    begin: int = 0
    """Where the pair begins and ends in the line, for what is left over."""
    end: int = 0
    split: str = ""
    guessed: bool = False
    """Whether it is called by its split alone, and taken for a loss."""
    behind: bool = False
    """Whether it names no split, and is taken for one of held-out data because it stands behind such a metric."""


def place_of(line: str, start: int, numbers: dict[int, int], ends: Sequence[int]) -> Place:
    """The number that begins at `start`, with the groups of three digits that follow it after commas."""
    first = numbers[start]
    at, end = [first], ends[first]
    text = line[start:end].lstrip("+-")
    if text.isdigit() and len(text) <= 3 and text[0] != "0":
        while line[end : end + 1] == "," and end + 1 in numbers:
            following = numbers[end + 1]
            digits = line[end + 1 : ends[following]]
            whole = digits.split(".")[0]
            if len(whole) != 3 or not whole.isdigit():
                break
            at.append(following)
            end = ends[following]
    return Place(tuple(at))


def decimals_of(line: str, start: int, end: int, numbers: dict[int, int], ends: Sequence[int]) -> int:
    """The digits after a decimal comma (`Loss: 47,8365`), -1 for none: three of them are a group, and more numbers
    after further commas a list.
    """
    after = numbers.get(end + 1, -1) if line[end : end + 1] == "," else -1
    if after < 0 or not line[start:end].lstrip("+-").isdigit():
        return -1
    digits = line[end + 1 : ends[after]]
    whole = line[start:end].lstrip("+-")
    if not digits.isdigit() or line[ends[after] : ends[after] + 1] == "," or (len(digits) == 3 and whole != "0"):
        return -1
    return after
