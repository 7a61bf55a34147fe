"""Steps, dips and ramps in a short series that may wander by itself: generalised least squares, one shape at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats, median
from runlens.stats.wander import Whitening, whitening

Kind = Literal["step", "box", "ramp"]
KNOTS = 20
"""Places between which boxes and ramps are tried; steps are tried at every block."""

BEYOND = 2.0
"""Times the range of a series that no shape fitted to it alone exceeds, so that nothing need be fitted to a series that
moves less than `least` over this. The largest is a ramp of 1.53 times: series of 8 to 150 points, every noise."""
CLOSE = 1e-6
"""Share of a size, and log likelihood, by which a quick look may be off."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A change of level by `size`: from block `start` on (step), up to `end` (box), or spread between them (ramp)."""

    kind: Kind
    start: int
    end: int
    size: float
    gain: float
    """Log likelihood that it brought when it was taken in, the noise fitted anew with and without it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Dictionary:
    kinds: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    columns: Floats
    """(n, p): each shape with size 1."""
    power: Floats
    """(g, p): squared lengths of the whitened shapes."""
    unit: Floats
    """(g, n): the whitened constant at length 1."""
    free: Floats
    """(g, p): squared lengths of what of the whitened shapes is no constant."""
    divisor: Floats
    """(g, p): `free`, as `_dividing` makes it of it."""
    even: Floats
    odd: Floats
    """(g, n / 2, n / 2): the inverse of each correlation matrix, by which a series is whitened and held against blocks,
    as it acts on series that are the same read backwards, and on those that turn their sign (see `_precise`)."""
    unit_blocks: Floats
    """(g, n): how far the whitened constant goes along each whitened block."""

    def along(self, white: Floats, matrices: Floats) -> Floats:
        """(g, p): how far a whitened series, shape (g, n), goes along each whitened shape."""
        return _of_shapes(_of_blocks(white, matrices), self.kinds, self.start, self.end)


_KINDS: tuple[Kind, ...] = ("step", "box", "ramp")


@lru_cache(maxsize=4)
def _dictionary(n: int) -> _Dictionary:
    knots = np.linspace(0, n, min(n, KNOTS) + 1).astype(np.int64)
    i, j = (knots[k] for k in np.triu_indices(len(knots), 1))
    inner = (i > 0) & (j < n)
    ramps = j - i >= 3
    start = np.concatenate([np.arange(1, n), i[inner], i[ramps]])
    end = np.concatenate([np.full(n - 1, n), j[inner], j[ramps]])
    kinds = np.repeat([0, 1, 2], [n - 1, int(inner.sum()), int(ramps.sum())])
    t = np.arange(n)[:, None]
    slope = np.clip((t + 0.5 - start) / np.maximum(end - start, 1), 0.0, 1.0)
    columns = np.where(kinds == 2, slope, ((t >= start) & (t < end)).astype(np.float64))
    matrices = whitening(n).matrices
    white = _of_shapes(matrices.transpose(0, 2, 1), kinds, start, end)
    unit, power = _unit(np.einsum("gij->gi", matrices)), np.einsum("gpn,gpn->gp", white, white)
    unit_blocks = _of_blocks(unit, matrices)
    free = power - _of_shapes(unit_blocks, kinds, start, end) ** 2
    even, odd = _halves(np.stack([matrix.T @ matrix for matrix in matrices]))
    return _Dictionary(kinds, start, end, columns, power, unit, free, _dividing(free, power), even, odd, unit_blocks)


def _halves(precision: Floats) -> tuple[Floats, Floats]:
    """Matrices of stationary noise, which are the same from both ends, by what they do to even and to odd series."""
    n = precision.shape[1]
    half, backwards = n // 2, precision[:, :, ::-1]
    even = precision[:, : n - half, : n - half].copy()
    even[:, :, :half] += backwards[:, : n - half, :half]
    return even, precision[:, :half, :half] - backwards[:, :half, :half]


def _precise(book: _Dictionary, y: Floats) -> Floats:
    """(g, n): what the inverse of each correlation matrix makes of a series.

    Half of each matrix is enough, and to fetch it from memory is most of the cost: 1.4 MB for 98 blocks. BLAS takes no
    threads for such small ones.
    """
    n, half = len(y), len(y) // 2
    mean, turned = 0.5 * (y + y[::-1]), 0.5 * (y - y[::-1])
    out = np.empty((len(book.even), n))
    out[:, : n - half] = book.even @ mean[: n - half]
    out[:, n - half :] = out[:, half - 1 :: -1]
    odd = book.odd @ turned[:half]
    out[:, :half] += odd
    out[:, n - half :] -= odd[:, ::-1]
    return out


def _of_shapes(
    of_blocks: Floats, kinds: npt.NDArray[np.int64], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> Floats:
    """What each shape amounts to, from what a block alone does: steps are running sums of blocks, ramps of steps.

    Parameters
    ----------
    of_blocks : ndarray of float64, shape (g, n, ...)
    kinds, start, end : ndarray, shape (p,)
        Ramps last.

    Returns
    -------
    ndarray of float64, shape (g, p, ...)
        No product is needed: the cost grows with g (n + p).
    """
    n = of_blocks.shape[1]
    steps = np.zeros((len(of_blocks), n + 2, *of_blocks.shape[2:]))
    np.add.accumulate(of_blocks[:, ::-1], axis=1, out=steps[:, n - 1 :: -1])
    sums = np.zeros_like(steps)
    np.add.accumulate(steps[:, n::-1], axis=1, out=sums[:, n::-1])
    flat = int(np.searchsorted(kinds, 2))
    i, j = start[flat:], end[flat:]
    out = np.empty((len(of_blocks), len(kinds), *of_blocks.shape[2:]))
    np.subtract(steps.take(start[:flat], 1), steps.take(end[:flat], 1), out=out[:, :flat])
    pairs = sums[:, :-1] + sums[:, 1:]
    ramps = np.subtract(pairs.take(i, 1), pairs.take(j, 1), out=out[:, flat:])
    ramps /= (2.0 * (j - i)).reshape(-1, *[1] * (of_blocks.ndim - 2))
    return out


def _dividing(free: Floats, power: Floats) -> Floats:
    """Squared lengths to divide by: infinite where next to nothing is left of a shape, which then has no size."""
    return np.where(free > 1e-6 * power, free, np.inf)


def _of_blocks(white: Floats, matrices: Floats) -> Floats:
    """(g, n): how far a whitened series goes along each whitened block."""
    return np.asarray(np.einsum("gij,gi->gj", matrices, white))  # no BLAS: see `shapes`


def _unit(vectors: Floats) -> Floats:
    """Vectors of length 1, shape (g, n)."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def shapes(y: Floats, least: float, gain: float, most: int = 8) -> tuple[list[Shape], Floats]:
    """Changes of level that the series' own wander does not explain.

    A constant plus steps, boxes and ramps is fitted by generalised least squares under white noise plus a wander
    of unknown share and memory (`wander.whitening`). Shapes are taken in one by one, the most likely first, as long as
    the profile likelihood over all noises rises by `gain`: a step that is no larger than what the series does all the
    time brings nothing, because a noise that wanders explains it as well.

    Parameters
    ----------
    y : ndarray of float64, shape (n,), finite, n >= 8
        Blocks of the log rate. The cost grows with n squared: keep n near 100.
    least : float
        Least absolute size of a shape.
    gain : float
        Log likelihood that each must bring.
    most : int
        Shapes at most.

    Returns
    -------
    (shapes, level)
        The shapes sorted by start, with their jointly fitted sizes; and the fitted level at each block, shape (n,).
    """
    n = len(y)
    if BEYOND * np.ptp(y) < least:
        return [], np.full(n, np.mean(y))
    book, noise = _dictionary(n), whitening(n)
    centred = y - median(y)
    if not _may_gain(centred, book, noise, least, gain):
        return [], np.full(n, median(y) + np.mean(centred))
    white = np.einsum("gij,j->gi", noise.matrices, centred)  # no BLAS: its threads cost more than such small products
    chosen: list[int] = []
    gains: list[float] = []
    orthogonal: list[Floats] = []
    residual, free, divisor = white, book.free, book.divisor
    likelihood, last = -np.inf, book.unit
    while True:
        if chosen:
            last = np.einsum("gij,j->gi", noise.matrices, book.columns[:, chosen[-1]])
            for q in orthogonal:
                last = last - (q * last).sum(axis=1, keepdims=True) * q
            last = _unit(last)
            free = free - book.along(last, noise.matrices) ** 2
            divisor = _dividing(free, book.power)
        orthogonal.append(last)
        residual = residual - (last * residual).sum(axis=1, keepdims=True) * last
        squares = np.maximum((residual * residual).sum(axis=1), 1e-12 * n)
        now = float((-0.5 * n * np.log(squares) - noise.log_det).max())
        if chosen:
            gains.append(now - likelihood)
        likelihood = now
        if len(chosen) == most:
            break
        along = book.along(residual, noise.matrices)
        size = along / divisor
        at = np.flatnonzero((np.abs(size) >= least) & (divisor < np.inf))
        of, shape = np.divmod(at, along.shape[1])
        left = np.maximum(squares[of] - size.ravel()[at] * along.ravel()[at], 1e-12 * n)
        reached = -0.5 * n * np.log(left) - noise.log_det[of]
        if reached.max(initial=-np.inf) - likelihood < gain:
            break
        best = int(shape[reached == reached.max()].min())
        chosen.append(best)
    return _fitted(centred, chosen, gains, book, median(y))


def _may_gain(centred: Floats, book: _Dictionary, noise: Whitening, least: float, gain: float) -> bool:
    """Whether the first shape may be taken in; the cost of asking is two thirds of that of fitting it.

    The same likelihoods through the inverses of the correlation matrices, which are gone through once and not twice.
    Rounding makes of them what differs by far less than `CLOSE`.
    """
    n = len(centred)
    blocks = _precise(book, centred)
    constant = np.einsum("gi,i->g", book.unit_blocks, centred)
    along = _of_shapes(blocks - constant[:, None] * book.unit_blocks, book.kinds, book.start, book.end).ravel()
    size = along / book.divisor.ravel()
    at = np.flatnonzero(np.abs(size) >= least * (1.0 - CLOSE))  # a hundredth of them, and often none
    if not len(at):
        return False
    of = at // book.divisor.shape[1]
    squares = np.maximum(np.einsum("gi,i->g", blocks, centred) - constant**2, 1e-12 * n)
    left = np.maximum(squares[of] - size[at] * along[at], 1e-12 * n)
    now, reached = -0.5 * n * np.log(squares) - noise.log_det, -0.5 * n * np.log(left) - noise.log_det[of]
    return float(reached.max()) - float(now.max()) >= gain - CLOSE


def _fitted(
    centred: Floats, chosen: list[int], gains: list[float], book: _Dictionary, middle: float
) -> tuple[list[Shape], Floats]:
    """The chosen shapes with the sizes that fit best together, by plain least squares."""
    n = len(centred)
    if not chosen:
        return [], np.full(n, middle + np.mean(centred))
    design = np.column_stack([np.ones(n), book.columns[:, chosen]])
    size = np.linalg.lstsq(design, centred, rcond=None)[0]
    out = [
        Shape(_KINDS[book.kinds[c]], int(book.start[c]), int(book.end[c]), float(s), g)
        for c, s, g in zip(chosen, size[1:], gains, strict=True)
    ]
    return sorted(out, key=lambda s: (s.start, s.end)), middle + design @ size
