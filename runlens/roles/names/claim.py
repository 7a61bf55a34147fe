"""What one name says about its series, before any of its values is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.model import Origin, Scope, Split


@dataclass(frozen=True, slots=True)
class Claim:
    """A reading of one logged name."""

    role: str
    """One of `runlens.roles.ROLES`."""
    unit: str = ""
    """Unit as logged, such as `ms`, `GiB` or `bits`; empty if the name does not say."""
    scope: Scope = "unknown"
    axis: str = ""
    """What the x axis counts if not training steps: `samples`, `tokens`, `flops`, `micro-batches`, `epochs`,
    `env-steps`, `seconds` or `wall` (no x axis but wall time)."""
    flags: frozenset[str] = frozenset()
    """`secondary`, `running-mean`, `smoothed`, `per-parameter`, `part`, `sum`, `free`, `bus`, `hbm`, `code`, `soft`,
    `lifetime`, `bare` (a score whose name tells neither a benchmark nor held-out data), `unsplit` (nor a task),
    `split-word` (a split and nothing else), `known` (a name understood to
    be of no use to a rule)."""
    split: Split = "train"
    device: str = ""
    confidence: float = 0.7
    why: str = ""
    """For people; code asks `origin` and `by`."""
    origin: Origin = ""
    by: str = ""
    """Which table or pattern: the framework's or the pattern's name."""
    base: str = ""
    """The name without x-axis suffix, device and forks; empty if it is the name itself."""
