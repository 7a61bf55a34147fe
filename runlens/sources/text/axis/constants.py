"""Numbers called a step that are none: `Train batches[  100] | loss 5.54` says how many batches a mean is of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.text.rows import Rows

Floats = npt.NDArray[np.float64]

FEWEST = 3
"""Lines of one form that say one and the same step, and steps that another form must say beside them."""


def moving(rows: Rows) -> Floats:
    """The steps that lines say, NaN for those of a form that says one and the same while another form counts on.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    step = rows.counters["step"].copy()
    own = [at[np.isfinite(step[at])] for at in rows.where]
    many = [len(np.unique(step[at])) for at in own]
    if max(many, default=0) >= FEWEST:
        for at, kinds in zip(own, many, strict=True):
            if kinds == 1 and len(at) >= FEWEST:
                step[at] = np.nan
    return step
