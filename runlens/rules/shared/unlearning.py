"""Whether a run unlearns: what it is to forget gets worse on purpose."""

from __future__ import annotations

import re
from functools import lru_cache

from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.run_config.leaves import leaves

_FORGOTTEN = re.compile(r"(?<![a-z])(forget|forgotten|unlearn(ed|ing)?|erased?)(?![a-z])(?!_(gate|bias|rate))")
"""Words of what is to be forgotten; the forget gate of an LSTM is none."""
_KEPT = re.compile(r"(?<![a-z])(retain(ed)?|retention|remain(ing)?|keep|kept|utility)(?![a-z])")
"""Words of what is to be kept."""
_ASCENT = re.compile(
    r"(?<![a-z])(unlearn(ing)?|(grad(ient)?_?)ascent|neg_?grad(ient)?|grad_?diff|(sim_?)?npo|rmu)(?![a-z])"
)
"""What a config calls the ways of it: gradient ascent and difference, negative preference optimisation, RMU."""
_WAY = re.compile(r"(?<![a-z])(method|algo(rithm)?|loss(_type|_fn|_name)?|task|mode|objective|trainer|unlearn\w*)$")
"""Keys of a config whose value says the way."""


@lru_cache(maxsize=4096)  # the runs of a fleet log the same names
def is_forgotten(name: str) -> bool:
    """Whether a series measures what is to be forgotten, by its name."""
    plain = normalise(name)
    return bool(_FORGOTTEN.search(plain)) and not _KEPT.search(plain)


@lru_cache(maxsize=4096)
def is_kept(name: str) -> bool:
    """Whether a series measures what is to be kept, by its name."""
    return bool(_KEPT.search(normalise(name)))


def unlearning_sign(run: Run) -> str:
    """What says that a run unlearns, in words, or empty.

    The name of a series (`forget_loss`), or an entry of its config that names a way of it (`method: gradient_ascent`).
    """
    return run.once("unlearning", lambda: _sign(run))


def _sign(run: Run) -> str:
    if name := min((n for n in run.placed if is_forgotten(n)), default=""):
        return name
    for key, value in leaves(run.config):
        way = isinstance(value, str) and _WAY.search(normalise(key.rpartition(".")[2]))
        if way and _ASCENT.search(normalise(str(value))):
            return f"{key}: {value}"
    return ""
