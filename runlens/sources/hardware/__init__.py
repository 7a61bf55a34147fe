"""What was measured beside a run's log: logs of `nvidia-smi`, and Prometheus servers."""

from __future__ import annotations

from pathlib import Path

from runlens.model import Run
from runlens.sources.hardware.prometheus.address import Address, is_prometheus

__all__ = ["Address", "is_prometheus", "with_hardware"]


def with_hardware(run: Run, name: str) -> Run:
    """A run, as it was read, with what stands at a name: the address of a server, or a file.

    Raises
    ------
    ConfigError, ReadError
        It makes no sense, cannot be read, or does not belong to the run.
    """
    if is_prometheus(name):
        from runlens.sources.hardware.prometheus.beside import with_prometheus

        return with_prometheus(run, name)
    from runlens.sources.hardware.nvidia_smi import with_nvidia_smi

    return with_nvidia_smi(run, Path(name))
