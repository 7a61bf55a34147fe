"""Lists of numbers as Python and numpy print them: `loss: [2.5, …]`, `{'loss': […], 'val_loss': […]}`, `[2.5 2.4 …]`.

They are what a script writes with `str(history)` or `print(losses, file=…)` at the end of a training.
"""

from __future__ import annotations

import re

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)"
_CELLS = rf"(?P<cells>{_NUMBER}(?:[,\s]+{_NUMBER}){{4,}})[,\s]*"
_OPEN = r"(?:np\.)?(?:array\(|tensor\()?\["
_NAMED = re.compile(rf"['\"]?(?P<name>[A-Za-z_][\w./-]*(?: [\w./-]+){{0,3}})['\"]?\s*[:=]\s*{_OPEN}\s*{_CELLS}\]")
"""A name and its list of five numbers and more: fewer are settings, such as the widths of layers."""
_ALONE = re.compile(rf"\s*{_OPEN}\s*{_CELLS}(?:\]\)?\s*$|$)")
_BEGINS = re.compile(rf"\s*(?:\{{\s*)?['\"]?[A-Za-z_][\w ./-]{{0,100}}['\"]?\s*[:=]\s*{_OPEN}\s*[-+.\dni]")
_CUT = re.compile(rf"['\"]?[A-Za-z_][\w ./-]{{0,100}}['\"]?\s*[:=]\s*{_OPEN}[-+.\deEnaif,\s]*$")
_REST = re.compile(r"dtype=\w+|[^A-Za-z\d]+|device=\S+")
"""What may stand between lists: signs, and what tells the kind of their numbers."""


def lists_in(text: str) -> dict[str, list[float]] | list[float] | None:
    r"""The lists by name, or the only one that has none; None where the text holds anything else.

    Parameters
    ----------
    text : str
        All of a file, or its beginning: a last list that is cut is passed over.

    Examples
    --------
    >>> lists_in("{'loss': [3.0, 2.0, 1.5, 1.2, nan]}")
    {'loss': [3.0, 2.0, 1.5, 1.2, nan]}
    >>> lists_in("[3. 2. 1.5\n 1.2 1.1]")
    [3.0, 2.0, 1.5, 1.2, 1.1]
    >>> lists_in("betas: [0.9, 0.99]")
    """
    alone = _ALONE.match(text)
    if alone is not None:
        return _numbers(alone["cells"])
    if not _BEGINS.match(text):
        return None
    found = {one["name"]: _numbers(one["cells"]) for one in _NAMED.finditer(text)}
    rest = _CUT.sub("", _NAMED.sub("", text))
    return found if found and not _REST.sub("", rest) else None


def _numbers(cells: str) -> list[float]:
    return [float(cell) for cell in re.split(r"[,\s]+", cells) if cell]
