"""Where the series of a run stand now: what gauges show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latest:
    """The last value of one series."""

    role: str
    metric: str
    """Logged name."""
    unit: str
    value: float
    """In `unit`; of hardware the last finite one, else the last write, which may be NaN or infinite."""
    step: int
    """Training step of it."""
    time: float | None = None
    """Wall time of it, s since the epoch; None where not known."""
    device: str = ""
    """As in `RoleSeries.device`, such as `node1 gpu 3`; empty for the run as a whole."""
    kind: str = ""
    """As in `RoleSeries.metric_kind`: `acc_norm` of an eval, `hbm` of a temperature."""
    task: str = ""
    """Of evals: the canonical task."""
    setting: str = ""
    """Of evals: such as `5-shot`."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the run stands behind (or ahead of) a reference now, whether or not that is a finding."""

    reference: str
    group: str
    """`scores` or `losses`."""
    axis: str
    """`tokens` or `steps`."""
    factor: float
    """Tokens (or steps) that the run needed over those at which the reference stood there; below 1 is ahead."""
    interval: tuple[float, float]
    """95 % interval of the factor."""
    at: float
    """The run's last checkpoint that was compared, in tokens or steps."""

    @property
    def behind(self) -> float:
        """Tokens (or steps) behind at that checkpoint; negative is ahead."""
        return self.at - self.at / self.factor
