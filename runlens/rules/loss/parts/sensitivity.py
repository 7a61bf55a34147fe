"""What counts as an incident of the loss: one measure for all rules that look for incidents or ask about them."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.stats.excursions.search import Sensitivity


@dataclass(frozen=True)
class LossSensitivity:
    """How much a loss must change to be an incident, and within how many steps it recovers.

    The settings of LOSS001 are where it comes from, whichever rules are chosen: a rise that is no spike to LOSS001 is
    none to be counted by LOSS002, and excuses no level of LOSS004. The sources of the values stand on LOSS001's page.
    """

    sigmas: float = 6.0
    """Smallest change in standard deviations of the noise."""
    rise: float = 0.03
    """Smallest change as a share of the old level."""
    fast: int = 500
    """Steps within which a recovery is fast (`stats.excursions.outcome.limits` scales it for short runs)."""
    slow: int = 5000
    """Steps within which a recovery is expected at all."""

    def of_curve(self, grain: float) -> Sensitivity:
        """What to search a curve with that was rounded to steps of `grain`, in its unit."""
        return Sensitivity(self.sigmas, self.rise, grain=grain)


USUAL = LossSensitivity()
"""Where no settings say otherwise."""
