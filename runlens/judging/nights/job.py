"""The job that a run is a night of: its name without what changes from night to night."""

from __future__ import annotations

import re

_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T_\- ]?[0-2]\d[-_:h]?[0-5]\d(?:[-_:m]?[0-5]\d)?Z?)?(?!\d)"
)
_COUNTED = re.compile(r"(?i)(?<![a-z])((?:night(?:ly)?|day|week|run|build|job|version|attempt)[-_.# ]?)\d+(?![\da-z])")
"""A word that counts nights, and its number. `lr3e4`, `seed1` and `exp2` tell experiments apart and are kept."""
_LONG_NUMBER = re.compile(r"(?<![\da-z.])\d{5,}(?![\da-z.])")
_HASH = re.compile(r"(?i)(?<![\da-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}(?![\da-z])")
_WANDB = re.compile(r"^(?=[a-z0-9]*\d[a-z])[a-z0-9]{8}$")
"""The id that W&B gives a run: eight of a-z and 0-9, here with a digit before a letter, as no word has."""


def job_of(run: str) -> str:
    """The run's id with `*` for what names the night: a date, a count of nights or builds, a job number, a hash.

    Parameters
    ----------
    run : str
        Such as `nightly-3b/2026-11-16` or `team/project/3x8k2p9q`.

    Returns
    -------
    str
        A shell-style pattern that the ids of other nights of the job fit, such as `nightly-3b/*`; the id itself where
        nothing in it names a night.
    """
    parts = run.split("/")
    last = "*" if parts[-1].isdecimal() or _WANDB.match(parts[-1]) else _of_part(parts[-1])
    text = re.sub(r"\*(?:[-_. ]?\*)+", "*", "/".join([*map(_of_part, parts[:-1]), last]))
    return text if text.strip("*/") else run


def _of_part(part: str) -> str:
    escaped = part.replace("[", "?").replace("]", "?")
    for pattern, put in ((_DATE, "*"), (_COUNTED, r"\1*"), (_LONG_NUMBER, "*"), (_HASH, "*")):
        escaped = pattern.sub(put, escaped)
    return escaped
