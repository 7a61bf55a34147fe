"""One decision for all processes of a training: a rank that stops alone leaves the others waiting for it."""

from __future__ import annotations

import sys


def agreed(stop: bool) -> bool:
    """What the first process decided, in every process; `stop` itself where there is but one.

    Every process must ask at the same point of the training. PyTorch is asked only if the training has loaded it.
    """
    torch = sys.modules.get("torch")
    processes = getattr(torch, "distributed", None)
    if processes is None or not (processes.is_available() and processes.is_initialized()):
        return stop
    told = [stop]
    processes.broadcast_object_list(told, src=0)
    return told[0]
