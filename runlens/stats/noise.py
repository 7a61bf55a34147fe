"""How far the points of a falling curve scatter, which neither its slope nor its spikes may enter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from runlens.stats.robust import Floats
from runlens.stats.rolling import centred_median, shifted, trailing_mean, trailing_median

WINDOW = 256
"""Points on each side that noise is taken from: its median is then known within 7 %."""
FEWEST = 4
"""Points that tell of noise."""
YOUNG = 64
"""With fewer points behind, the bend of the decay itself is no noise."""
STEEP = 1024
"""With more points behind no descent is steep: a power law falls by 1 / t a point, far less than points scatter."""
CLEAR = 1.5
"""A blow-up rises by so many standard deviations of its own noise, and so much had been gained before."""
TAIL = 32
"""The noise of the last points is that of so many together: of fewer it cannot be told."""
RUN_THROUGH = 0.3
"""A centred median that hits more than this share of the points runs through them, as it does on a descent, whatever
they scatter: noise is then taken from second differences, which no slope enters (but every spike three times). Of white
noise it hits one point in nine."""
SMOOTH = 9
"""Noise is taken about a centred median of so many points, which follows any descent and any hump that is longer."""
REACH = WINDOW + SMOOTH // 2
"""Points on each side that the noise at a point depends on."""
ROUGH_TO_SIGMA = 1.71
"""Standard deviation of Gaussian noise over the median distance to its centred median of `SMOOTH` (simulated)."""
BEND_TO_ROUGH = 1.4826 / (1.2247 * ROUGH_TO_SIGMA)
"""Second differences of Gaussian noise have sqrt(1.5) times its deviation."""


def noise(y: Floats, lost: Floats, behind: int, ends: bool) -> Floats:
    """Robust standard deviation at each point of a curve that falls and may leave its level.

    The larger of that of the points before and of those to come. At a blow-up the former alone, because the noise of
    an excursion is no excuse for it.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        A stretch of the curve; NaN are left out.
    lost : ndarray of float64, shape (n,)
        By how much the curve is about to lose half of its progress, 0 where it is not.
    behind : int
        Points of the curve before the stretch.
    ends : bool
        Whether the curve ends where the stretch does.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where fewer than 4 points tell.
    """
    n = len(y)
    rough = np.abs(y - centred_median(y, SMOOTH))
    past, coming = _before_and_after(rough, ends)
    age = behind + np.arange(n)
    steep = min(n, STEEP - behind)
    if steep > 0:
        part = slice(0, min(n, steep + WINDOW))
        ends = ends and steep == n
        bent = _before_and_after(_second_differences(y[part]), ends)
        passed = _before_and_after(np.where(np.isnan(rough[part]), np.nan, rough[part] == 0), ends, trailing_mean)
        for side, bend, share in zip((past, coming), bent, passed, strict=True):
            run_through = share[:steep] > RUN_THROUGH
            side[:steep][run_through] = np.fmax(side[:steep], bend[:steep])[run_through]
        young = min(steep, max(0, YOUNG - behind))  # the first steps of a decay bend too much to tell noise from it
        past[:young] = np.fmin(past[:young], bent[0][:young])
    larger = np.fmax(past, coming)
    with np.errstate(invalid="ignore"):
        blowup = lost > CLEAR * ROUGH_TO_SIGMA * larger
    sigma = ROUGH_TO_SIGMA * np.where(blowup & np.isfinite(past), past, larger)
    # a level from few points is uncertain by itself
    return np.asarray(sigma * np.sqrt(1.0 + FEWEST / np.maximum(age, 1)))


def _before_and_after(
    rough: Floats, ends: bool, average: Callable[[Floats, int, int], Floats] = trailing_median
) -> tuple[Floats, Floats]:
    """Averages of a roughness over the points before each, and over those to come.

    Where the curve `ends` the latter is that of the last points together: what little is left says less.
    """
    n, wide = len(rough), WINDOW
    trailing = average(rough, wide, FEWEST)
    past, coming = shifted(trailing, 1), shifted(trailing, -wide)
    rest = slice(max(0, n - wide), n)  # what lies before the last full window
    coming[rest] = shifted(average(rough[rest][::-1], wide, FEWEST)[::-1], -1)
    if ends:
        tail = min(TAIL, n // 3)
        coming[n - tail :] = coming[max(n - tail - 1, 0)]
    return past, coming


def _second_differences(y: Floats) -> Floats:
    """Distance of each point from the middle of its neighbours, which no slope enters, on the scale of `SMOOTH`."""
    bend = np.full(y.shape, np.nan)
    bend[1:-1] = np.abs(y[1:-1] - 0.5 * (y[2:] + y[:-2])) * BEND_TO_ROUGH
    return bend
