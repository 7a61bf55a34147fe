"""What was written beside a run's log: its GPUs, and the evals of its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlens.errors import RunLensError
from runlens.model import Failure, Run
from runlens.roles.joined import with_evals

if TYPE_CHECKING:
    from runlens.judging.one import Settings

Joined = tuple[Run, tuple[Failure, ...]]
"""The run with what could be joined, and why something could not."""


def with_hardware_of(run: Run, settings: Settings) -> Joined:
    """The run as read, with the GPUs of a log of nvidia-smi, or of a Prometheus server."""
    if not settings.hardware:
        return run, ()
    from runlens.sources.hardware import with_hardware

    try:
        return with_hardware(run, settings.hardware), ()
    except RunLensError as error:
        return run, (Failure("read", str(error)),)


def with_evals_of(run: Run, settings: Settings) -> Joined:
    """The resolved run with the evals of its result files."""
    if settings.evals is None:
        return run, ()
    try:
        return with_evals(run, settings.evals, settings.tokens_per_step), ()
    except RunLensError as error:
        return run, (Failure("read", str(error)),)
