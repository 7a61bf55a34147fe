"""Units after numbers, as data: which are multiplied in, which become part of a name, which are names themselves."""

from __future__ import annotations

import re

TIMES = {
    "us": "us", "ms": "ms", "msec": "ms", "s": "s", "sec": "s", "secs": "s", "seconds": "s", "min": "min",
    "mins": "min", "minutes": "min", "h": "h", "hr": "h", "hrs": "h", "hours": "h",
}  # fmt: skip
"""How units of time are written."""
TIMED = re.compile(r"(?<![a-z])(?:time|elapsed|duration)(?![a-z])", re.IGNORECASE)
"""Names of a time, in which a bare `m` is minutes and no million."""
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
PER_STEP = frozenset({"step", "it", "iter", "iteration", "batch"})
"""What a time may be the time of: `1.2 s/it`."""
STEPS_PER_SECOND = frozenset({"it/s", "it/sec", "step/s", "steps/s", "steps/sec", "iter/s", "iters/s", "batches/s"})
"""Rates whose inverse is the time of a step."""
MANY = {"K": 1e3, "k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
"""What a count with such a suffix is multiplied by."""
MEMORY = {f"{letter}{inner}B": (1024.0 if inner else 1000.0) ** power
          for power, letter in enumerate("KMGT", 1) for inner in ("", "i")} | {"kB": 1e3}  # fmt: skip
"""Bytes in each unit of memory."""
_TIME = r"(?:us|ms|msec|secs?|seconds|mins?|minutes|hrs?|hours|[smh])(?![A-Za-z/\d])"
_MEMORY = r"(?:[KMGT]i?|k)B(?![A-Za-z/])"
_FLOPS = r"[TGP]FLOP\w*(?:/s)?(?:/GPU)?"
_RATES = (
    r"(?:samples|tokens|tok|examples|images|imgs?|it|iters?|batch(?:es)?|frames|words|steps?|seqs?)/s(?:ec)?\w*(?:/gpu)?"
    r"|(?:ms|s|secs?)/(?:it|iter|iteration|step|batch)\b"
)
RATE = re.compile(rf"[ \t]?({_RATES})")
"""A rate, or the time of a step, after a number or its suffix: `12.5k tok/s`."""
UNIT = re.compile(
    r"(?P<attached>%(?: bf16)? MFU|%|/s(?:/[a-z]+)?|[KkMBGT](?![A-Za-z/])"
    rf"|{_MEMORY}|{_FLOPS}|[A-Za-z]+/[A-Za-z/]+|{_TIME})"
    rf"|[ \t](?P<apart>%|{_MEMORY}|{_FLOPS}|{_RATES}|(?:us|ms|msec|secs?|seconds|minutes|s)(?![A-Za-z/\d]))"
)
"""A unit after a number, glued to it or one blank away."""
NAMED_BY_UNIT = {
    "ms": "step time", "tok/s": "tok/s", "tokens/s": "tokens/s", "tokens/sec": "tokens/s", "samples/s": "samples/s",
    "samples/sec": "samples/s", "it/s": "it/s", "it/sec": "it/s", "steps/s": "it/s",
    "steps/sec": "it/s", "step/s": "it/s", "iter/s": "it/s", "iters/s": "it/s", "s/it": "step time",
    "img/s": "img/s", "images/s": "images/s", "examples/sec": "examples/s", "words/s": "words/s", "/s": "samples/s",
    "/s/gpu": "samples/s/gpu", "% MFU": "mfu", "% bf16 MFU": "mfu",
}  # fmt: skip
"""What a number without a name is, by its unit: `| 123.4 ms | 1234 tok/s |`."""
KEPT_UNITS = frozenset({"step_avg", "train_time"})
"""Times that are known by name and unit together (modded-nanogpt writes milliseconds): not turned into seconds."""
