"""The grammar of `--require`: `hellaswag>=0.55@1T`, `eval_loss<=2.3`, `mmlu>=ref-0.01`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runlens.errors import ConfigError
from runlens.model import Direction

_FORM = re.compile(
    r"^\s*(?P<name>.*?[^=<>!~\s])\s*(?P<sign>>=|<=|>|<)(?![=<>])\s*(?P<bound>[^@]+?)\s*(?:@\s*(?P<when>.+?)\s*)?$",
    re.DOTALL,
)
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ABSOLUTE = re.compile(rf"^(?P<number>[+-]?{_NUMBER})\s*(?P<percent>%)?$")
_RELATIVE = re.compile(rf"^ref\s*(?:(?P<sign>[+-])\s*(?P<number>{_NUMBER})\s*(?P<percent>%)?)?$")
_WHEN = re.compile(r"^(?P<number>\d+(?:\.\d+)?(?:[eE]\+?\d+)?)\s*(?P<unit>[kKmMbBtT]?)\s*(?P<what>steps?|tokens?)?$")
_STEPS_BELOW = 1e6
"""A number without a word is steps below this (`@10k`), and tokens from it on (`@600B`): a training passes a million
tokens within its first steps."""
_FACTOR = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_HELP = "write it as 'hellaswag>=0.55@1T', 'eval_loss<=2.3' or 'mmlu>=ref-0.01'"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One bound on one eval."""

    text: str
    """As the user wrote it."""
    name: str
    """Task, role or logged name."""
    sign: str
    """`>=`, `<=`, `>` or `<`."""
    bound: float
    """The bound, or what is added to the reference's score."""
    relative: bool
    """True if the bound is the reference's score at the same tokens, plus `bound`."""
    percent: bool
    """True if `bound` was given in per cent."""
    at: float | None
    """From these tokens or steps on, or None: always."""
    unit: Literal["tokens", "steps"]

    def holds(self, value: float, bound: float) -> bool:
        """Whether a value meets the bound."""
        return _SIGNS[self.sign](value, bound)

    def beside(self, level: float, direction: Direction) -> float:
        """The bound where a reference stands at `level`: per cent are points of a score, but a share of a loss."""
        if self.percent and direction == "down":
            return level * (1 + self.bound)
        return level + self.bound

    def clash(self, value: float, direction: Direction) -> str:
        """Why bound and value cannot be on one scale (a fraction against per cent), or empty."""
        if self.relative or direction == "down":
            return ""
        if 0 <= value <= 1 and 1.5 < self.bound <= 100:
            return f"it is a fraction, {value:.4g}; write {self.bound:g}% or {self.bound / 100:g}"
        if self.percent and value > 1.5:
            return f"it is no fraction but {value:.4g}; write {100 * self.bound:g} without %"
        return ""


def parse_requirement(text: str) -> Requirement:
    """Read one requirement.

    Parameters
    ----------
    text : str
        `NAME SIGN BOUND[@WHEN]`: the name of a task, a role (`eval_loss`) or a logged metric; one of >=, <=, >, <; a
        number (`0.55`, `55%`), or `ref` with an optional difference; tokens (`1T`, `600B`) or steps (`50k steps`,
        `50k`) from which on it is due.

    Raises
    ------
    ConfigError
        If it is no such sentence.
    """
    found = _FORM.match(text)
    if not found:
        raise ConfigError(f"requirement {text!r} has no comparison; {_HELP}")
    relative = _RELATIVE.match(found["bound"])
    parts = relative or _ABSOLUTE.match(found["bound"])
    if not parts:
        raise ConfigError(f"requirement {text!r}: {found['bound']!r} is no number and no ref; {_HELP}")
    percent = bool(parts["percent"])
    bound = float(parts["number"] or 0) / (100 if percent else 1)
    bound = -bound if relative and relative["sign"] == "-" else bound
    at: float | None = None
    unit: Literal["tokens", "steps"] = "tokens"
    if found["when"]:
        when = _WHEN.match(found["when"])
        if not when:
            raise ConfigError(f"requirement {text!r}: {found['when']!r} is no number of tokens or steps; {_HELP}")
        at = float(when["number"]) * _FACTOR[when["unit"].upper()]
        counted = (when["what"] or ("step" if at < _STEPS_BELOW else "token")).startswith("step")
        unit = "steps" if counted else "tokens"
    return Requirement(text.strip(), found["name"], found["sign"], bound, bool(relative), percent, at, unit)
