"""How many test items a score rests on: from the values themselves, or from what is known of the benchmark."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from runlens.stats.distinct import distinct

ITEMS = MappingProxyType(
    {
        "arc_challenge": 1172,
        "arc_easy": 2376,
        "boolq": 3270,
        "commonsense_qa": 1221,
        "copa": 100,
        "drop": 9536,
        "gsm8k": 1319,
        "hellaswag": 10042,
        "humaneval": 164,
        "lambada": 5153,
        "lambada_openai": 5153,
        "lambada_standard": 5153,
        "logiqa": 651,
        "mbpp": 500,
        "mmlu": 14042,
        "openbook_qa": 500,
        "piqa": 1838,
        "race": 1045,
        "sciq": 1000,
        "siqa": 1954,
        "triviaqa": 17944,
        "truthfulqa": 817,
        "winogrande": 1267,
        "wsc": 104,
    }
)
"""Items of the split that lm-evaluation-harness 0.4 scores by default."""
UNKNOWN = 500
"""Taken where nothing is known: small, so that the noise is rather over- than underrated."""
_MOST = 20_000


def items_of(values: npt.NDArray[np.float64]) -> int:
    """The number of items that makes every value a whole number of right answers.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Fractions between 0 and 1 as logged, at least three that differ.

    Returns
    -------
    int
        The smallest such number up to 20,000; 0 if there is none, or if it is a power of ten, which only says that
        the values were rounded.
    """
    inside = distinct(values[(values > 0) & (values < 1)])
    if len(inside) < 3:
        return 0
    count = np.arange(10, _MOST + 1, dtype=np.float64)
    right = np.outer(count, inside[:16])
    whole = np.abs(right - np.rint(right)).max(axis=1) < count * 1e-7 + 1e-6  # float32 logs keep seven digits
    found = int(count[np.argmax(whole)]) if whole.any() else 0
    # by chance, k values are all whole within the tolerance t with probability (2 t)^k for each count tried
    chance = float(np.sum((2 * (count[count <= max(found, 10)] * 1e-7 + 1e-6)) ** len(inside[:16])))
    return 0 if found in (10, 100, 1000, 10_000) or chance > 1e-3 else found
