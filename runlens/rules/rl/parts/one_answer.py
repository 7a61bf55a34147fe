"""A policy that comes to say one thing, and earns by it: its KL goes beyond all bounds while its entropy dies."""

from __future__ import annotations

import numpy as np

from runlens.rules.rl.parts.course import Blocks, medians, stays
from runlens.rules.rl.parts.signals import Signal
from runlens.rules.rl.parts.signs import ALIVE, LEVEL, Limits, Sign, sign_of


def one_answer(signals: list[Signal], limits: Limits) -> list[Sign]:
    """A KL against the reference that grew all along to where no healthy run has it, and an entropy that died of it.

    Either may be by design where the reward gains: the two together are not (Gao et al. 2022, arXiv 2210.10760), so
    they count whatever the reward does.

    Parameters
    ----------
    signals : list of Signal
        Each of `signs.FEWEST` points or more.
    limits : Limits
    """
    far = [sign for signal in signals if signal.kind in ("kl", "summed-kl") and (sign := _far(signal, limits))]
    dead = [sign for signal in signals if signal.kind == "entropy" and (sign := _dead(signal, limits))]
    return [*far[:1], *dead[:1]] if far and dead else []


def _far(signal: Signal, limits: Limits) -> Sign | None:
    blocks = medians(signal.value)
    first = float(np.median(blocks.smooth[: blocks.share(0.25)]))
    least = max(LEVEL[signal.kind], limits.kl * first)
    return sign_of("kl-exploded", signal, blocks, stays(blocks, first, least))


def _dead(signal: Signal, limits: Limits) -> Sign | None:
    if signal.value.min() < -ALIVE and signal.value.max() > ALIVE:  # a differential entropy
        return None
    blocks = medians(signal.value)
    size = Blocks(np.abs(blocks.level), blocks.first)
    first = float(np.median(size.level[: size.share(0.1)]))
    found = stays(size, first, limits.entropy * first) if first >= ALIVE else None
    return sign_of("entropy-died", signal, size, found)
