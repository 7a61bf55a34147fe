"""How a run ended, and where it was taken up again, by what was printed between its lines of metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runlens.model import State

TAIL = 1 << 16
"""Bytes after the last line of metrics that are looked at: a traceback of many ranks has some tens of kB."""
_RAISED = rb"^Traceback \(most recent call last\)|^[\w.]*(?:Error|Exception): "
_STOPPED = rb"Signals\.SIG|Exited with exit code [1-9]"
CRASHED = re.compile(
    _RAISED + rb"|CUDA out of memory|OutOfMemoryError"
    rb"|slurmstepd(?:-[\w.-]+)?: error: .*(?:CANCELLED|TIME LIMIT|oom)"
    rb"|srun: error: .*(?:Exited|Killed|Terminated)|^Killed\s*$"
    rb"|Segmentation fault|ChildFailedError|" + _STOPPED,
    re.MULTILINE,
)
_LAST = 4096
"""Bytes at the end of a log without metrics in which a crash stands that ended it: what was caught is long before."""
_OF_A_TRAINING = re.compile(
    rb"train|torch|tensorflow|keras|\bjax|CUDA|NCCL|deepspeed|accelerate|lightning", re.IGNORECASE
)
"""Tools and words of a training: another program's traceback is none of ours."""
_BY_HAND = re.compile(_RAISED + rb"|(KeyboardInterrupt|bdb\.BdbQuit)", re.MULTILINE)
"""A traceback, and what ended it."""
_SCHEDULER = re.compile(rb"slurmstepd(?:-[\w.-]+)?: error|srun: error|" + _STOPPED)
"""Who else may have sent the same signal."""
FINISHED = re.compile(
    rb"after training is done|training (?:is )?(?:completed?|finished|done|ended)|finished training|done training"
    rb"|`Trainer\.fit` stopped|Total training time|epochs completed in|Training time \d",
    re.IGNORECASE,
)
_TAKEN_UP = re.compile(
    rb"starting training from iteration [1-9]|resum(?:ed|ing)(?: training| state| states| run| model)? (?:from|at)\b"
    rb"|resumed epoch: \d|restor(?:ed|ing) (?:all )?states from the checkpoint|continuing training from checkpoint"
)
"""What detectron2, mmcv, Lightning, the HF Trainer and hand-written loops print when they go on from a checkpoint."""
_HINTS = (b"starting training from", b"resum", b"restor", b"continuing training")
"""One of these stands wherever such words do: most text holds none, which is found 15 times as fast."""


_BEGUN = re.compile(
    rb"^(?:[^\n]{0,80}\bNamespace\([^\n]*=|(?:[^A-Za-z\n]{0,40}(?:INFO|DEBUG)?[^A-Za-z\n]{0,10}"
    rb"(?:[Ss]tart(?:ing)?|START(?:ING)?|[Bb]egin(?:ning)?) (?:the )?(?:[Tt]rain(?:ing)?|TRAIN(?:ING)?)"
    rb"[^A-Za-z0-9\n]*$))",
    re.MULTILINE,
)
"""What a program prints once, before its first step: its arguments, or that training starts and no more."""
_BEGUN_HINTS = (b"Namespace(", b"tart", b"TART", b"egin")


def begun(text: bytes) -> list[int]:
    """Where a text says that a training begins: bytes from its beginning."""
    return [said.start() for said in _BEGUN.finditer(text)] if any(hint in text for hint in _BEGUN_HINTS) else []


def taken_up(text: bytes) -> list[int]:
    """Where a text says that training goes on from a checkpoint: bytes from its beginning."""
    text = text.lower()
    return [said.start() for said in _TAKEN_UP.finditer(text)] if any(hint in text for hint in _HINTS) else []


def state_of(tail: bytes, once: Mapping[str, object]) -> State:
    """Crashed or finished where the end of the log says so, else unknown: a log may still be written.

    Parameters
    ----------
    tail : bytes
        What was printed after the last line of metrics, at least its end.
    once : mapping
        Results that were printed once: the HF Trainer writes `train_runtime` last of all.
    """
    if "train/train_runtime" in once or FINISHED.search(tail):
        return "finished"
    return "crashed" if crashed(tail) else "unknown"


def crashed(text: bytes) -> bool:
    """Whether a text tells of a crash, and not of somebody who had seen enough."""
    return CRASHED.search(text) is not None and not _by_hand(text)


def before_a_step(tail: bytes) -> bool:
    """Whether a log without a row of metrics ends with the crash of a training.

    Parameters
    ----------
    tail : bytes
        All of it, or its last `TAIL` bytes.
    """
    return crashed(tail[-_LAST:]) and not FINISHED.search(tail) and _OF_A_TRAINING.search(tail) is not None


def _by_hand(tail: bytes) -> bool:
    """Whether Ctrl-C is the last that a log tells of its end: somebody had seen enough, and that is no crash."""
    told = [found[1] for found in _BY_HAND.finditer(tail)]
    return bool(told) and told[-1] is not None and not _SCHEDULER.search(tail)
