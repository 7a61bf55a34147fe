"""Cells whose comma may be a decimal sign or set thousands apart: told by all the numbers of their column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

_UNSURE = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_DECIMAL = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_SMALL = re.compile(r"loss|norm|ppl|perplexity|nll|bpb|bpc|error|acc|score|reward|return|kl", re.IGNORECASE)
"""What is a few units rather than thousands, as `_decimal_comma` of a table's dialect takes for granted as well."""

Sign = Literal["decimal", "thousands", "unknown"]


@dataclass(slots=True)
class Commas:
    """The cells with a comma of one column, until it is known what the comma means."""

    rows: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    grouped: bool = False
    """Whether a cell sets thousands apart beyond doubt, such as `1,234.5`."""
    decimal: bool = False
    """Whether a cell holds a decimal comma beyond doubt, such as `2,34`."""

    def branch(self) -> Commas:
        """The same, to be added to without a change of this."""
        return Commas(list(self.rows), list(self.texts), self.grouped, self.decimal)

    def takes(self, row: int, text: str) -> bool:
        """Keep a cell whose comma another cell must explain; False for one that says itself what it means."""
        if _UNSURE.fullmatch(text):
            pass
        elif _GROUPED.fullmatch(text):
            self.grouped = True
            return False
        elif _DECIMAL.fullmatch(text):
            self.decimal = True
        else:
            return False
        self.rows.append(row)
        self.texts.append(text)
        return True

    def sign(self, name: str, others: npt.NDArray[np.float64]) -> Sign:
        """What the comma means.

        Parameters
        ----------
        name : str
            The column.
        others : ndarray of float64, shape (n,)
            Its numbers that need no explanation.

        Returns
        -------
        {"decimal", "thousands", "unknown"}
            A program writes all numbers of a column in one way. One that writes `9.8` writes no `9,809`, with whichever
            sign: two programs wrote that column, and nothing tells what the second meant.
        """
        known = others[np.isfinite(others)]
        pointed = bool(np.any((known != np.floor(known)) & (np.abs(known) < 1000)))
        if self.decimal:
            return "unknown" if self.grouped or pointed else "decimal"
        if self.grouped:
            return "thousands"
        if pointed:
            return "unknown"
        return "decimal" if not len(known) and _SMALL.search(name) else "thousands"

    def numbers(self, sign: Sign) -> list[float]:
        """The cells as numbers, once the sign is known."""
        other = "." if sign == "decimal" else ""
        return [float(text.replace(",", other)) for text in self.texts]
