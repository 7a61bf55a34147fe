"""Columns that grow look by look, and what is worked out of them: of points that were there it is worked out once.

A reader that keeps a log's columns (`Grown`) hands out views of them. Whoever asks one of these functions for something
of such a view gets what was found at the look before with the new points taken in; of any other array all of it is
worked out. Both are the same to the last bit, so nobody needs to know which it was, and a check that reads a log once
pays nothing. What is found is kept as long as the column is.
"""

from runlens.growing.column import Grown, part_of
from runlens.growing.folds import all_finite, counted, equal, every, folded, greatest, least, rises, some_finite
from runlens.growing.maps import blocks, chosen, differences, mapped, once, pieces, places, total
from runlens.growing.middle import by_rank, median
from runlens.growing.order import last_writes, taken

__all__ = [
    "Grown", "all_finite", "blocks", "by_rank", "chosen", "counted", "differences", "equal", "every", "folded",
    "greatest", "last_writes", "least", "mapped", "median", "once", "part_of", "pieces", "places", "rises",
    "some_finite", "taken", "total",
]  # fmt: skip
