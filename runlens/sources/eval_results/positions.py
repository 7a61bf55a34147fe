"""Where in training a checkpoint stands, by the name of its folder, its model or its revision."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runlens.sources.bounds import FARTHEST

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}
_TOKENS = re.compile(
    r"(?<![a-z0-9.])(?:tokens?|tok)[-_=]?(\d+(?:\.\d+)?)([kmbgt]?)(?![a-z0-9])"
    r"|(?<![a-z0-9.])(\d+(?:\.\d+)?)([kmbgt])?[-_]?(?:tokens?|tok|toks)(?![a-z0-9]|[-_=]\d)"
)
_STEP = re.compile(
    r"(?<![a-z])(?:global[-_]?step|steps?|checkpoint|ckpt|iter(?:ation)?|ba)[-_=]?(\d+(?:\.\d+)?)(k|m)?(?![a-z0-9.]*\.(?!json))(?![a-z0-9])"
)
_BARE_AMOUNT = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)(b|t)(?![a-z0-9])")
_BARE_NUMBER = re.compile(r"^0*(\d+)$")

Place = tuple[float | None, float | None]
"""Step and tokens of a checkpoint, None for what is not told."""
NOWHERE: Place = (None, None)


def reached(amount: float) -> float | None:
    """Steps or tokens, None for more than any counter reaches and for NaN: nothing that can be placed."""
    return amount if abs(amount) < FARTHEST else None


def in_order(place: Place) -> tuple[float, float]:
    """What sorts places as training goes."""
    step, tokens = place
    return step or 0.0, tokens or 0.0


def position(names: Iterable[str]) -> Place:
    """Step and tokens that the names tell, the nearest name first.

    Parameters
    ----------
    names : iterable of str
        Such as `step3000`, `checkpoint-500`, `global_step1000`, `iter_0002000`, `stage1-step1000-tokens5B`,
        `TinyLlama-1.1B-intermediate-step-480k-1T`, or a bare number. A bare amount such as `1T` counts as tokens only
        after a step in the same name: alone it may be the model's size. A number that no counter reaches is none.

    Returns
    -------
    Place
    """
    step: float | None = None
    tokens: float | None = None
    for name in names:
        text = name.lower()
        if tokens is None and (found := _TOKENS.search(text)):
            number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
            tokens = reached(float(number) * _UNITS[unit or ""])
        if step is None and (found := _STEP.search(text)):
            step = reached(float(found[1]) * _UNITS[found[2] or ""])
            if tokens is None and (amount := _BARE_AMOUNT.search(text, found.end())):
                tokens = reached(float(amount[1]) * _UNITS[amount[2]])
        if step is None and tokens is None and (found := _BARE_NUMBER.match(text)):
            step = reached(float(found[1]))
    return step, tokens


def without_position(name: str) -> str:
    """What is left of a name without the step and the tokens that it tells; empty for a bare number."""
    if _BARE_NUMBER.match(name):
        return ""
    text = name
    step = _STEP.search(text.lower())
    if step and (amount := _BARE_AMOUNT.search(text.lower(), step.end())):
        text = text[: amount.start()] + text[amount.end() :]
    for pattern in (_TOKENS, _STEP):
        if found := pattern.search(text.lower()):
            text = text[: found.start()] + text[found.end() :]
    return re.sub(r"[-_.]{2,}", "-", text).strip("-_. ") if text != name else name
