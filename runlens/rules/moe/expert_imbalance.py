"""MOE001: few experts take the tokens of a mixture of experts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.moe.parts.loads import Kind, Load, fair_share, loads
from runlens.rules.shared.panels import TRAINING
from runlens.stats.robust import Floats, median
from runlens.stats.rolling import centred_median

FEWEST = 20
"""Logged points below which no load is judged: routers are uneven for their first steps."""
WINDOW = 50
"""The load is smoothed by a median over this part of the log (at least 5 points): a batch of one kind of text is
uneven by nature."""
EVEN = 0.5
"""From this fair share on, such as two of four experts, `multiple` says nothing, and only `all` counts."""

NEAR, STOOD = 1.25, 0.02
"""A balancing loss has a lowest level if this share of the log lies so near to it: one whose coefficient is raised from
zero has none, and says nothing of the router."""


LEAST, STANDS, SHARE = (0.98, 1.15), 0.8, 0.1
"""A balancing loss stands at 1 if this share of the log lies between these: the least of Switch's, where loads are
even, and what balanced runs keep to. Below four fifths of it no load is even: the loss is no measure any more."""


class ImbalanceEvidence(TypedDict):
    """How uneven the loads are, and since when."""

    kind: Kind
    level: float
    """Median since the first step of the finding."""
    limit: float
    lowest: float
    """Lowest level of the run before."""
    to_the_end: bool
    fair_share: float | None
    series: list[str]
    """All that show it, such as one a layer, the worst first."""


@dataclass(frozen=True, slots=True)
class _Uneven:
    """One measure that stood above its limit."""

    load: Load
    limit: float
    level: float
    lowest: float
    steps: tuple[int, int]
    to_the_end: bool
    below: bool = False
    """True if it stood below the least that it can be."""


@dataclass(frozen=True)
class ExpertImbalance(Rule[ImbalanceEvidence]):
    """Few experts of a mixture take most of the tokens.

    What it does
    ------------
    Reads how the router shares out the tokens: the share of the most loaded expert, its load as a multiple of a fair
    share (the largest violation plus one, or the loads of all experts), or, where no load is logged, the loss that
    balances them. A warning when the load stays above its limit for the last tenth of the log and more, an error when
    one expert takes all; `info` when it was so for a quarter of the run and is over. A warning also when a balancing
    loss that stood at 1, which is the least it can be, falls below it by a fifth and stays there.

    Why it matters
    --------------
    The loss looks healthy: a mixture whose router has collapsed trains as a dense model of one expert's size, with all
    others idle, and the evals show it weeks later.

    What to do
    ----------
    Check that the balancing loss is added to the loss, its coefficient and the precision of the router. A router
    seldom comes back by itself: rewind to before the collapse, or restart if that was at the start of the run.

    Settings
    --------
    share : share of the tokens from which one expert takes too many, unless the config tells the fair share.
    all : share of the tokens from which one expert takes all.
    multiple : multiple of a fair share from which an expert takes too many.
    rise : multiple of its own lowest level from which the balancing loss says so.
    lasting : share of the log for which it must have been so at the end.

    References
    ----------
    Switch Transformer (arXiv 2101.03961, section 2.2): the balancing loss is 1 where all loads are equal and the number
    of experts where one takes all. Wang et al. 2024 (arXiv 2408.15664): largest violations of 0.04 to 0.7 in runs
    that were balanced by a loss or a bias, so that 4 times a fair share is beyond all of them. A share of 0.75 is three
    times that of the other expert of two, and more where there are more experts. NVIDIA/Megatron-LM issue 1545: sigmoid
    gates below the epsilon of their normaliser bring the balancing loss below 1 without any balance.
    """

    code = "MOE001"
    name = "expert-imbalance"
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.INSIDE, place=3, extent=Extent.ONSET)
    figure = Figure(beside=TRAINING)
    advice = Advice(
        "investigate",
        (
            "Check that the balancing loss is added to the loss that is trained, and its coefficient (0.01 in Switch).",
            "Compute the router in fp32, and add a z-loss on its logits.",
            "Rewind to before the collapse; restart if that was at the start of the run.",
        ),
        (
            "Switch Transformer (arXiv 2101.03961), section 2.2: coefficient 0.01",
            "ST-MoE (arXiv 2202.08906), section 3: router z-loss 0.001",
            "Wang et al. 2024 (arXiv 2408.15664): a bias on each expert in place of the loss",
        ),
    )
    settles = False

    share: float = 0.75
    all: float = 0.95
    multiple: float = 4.0
    rise: float = 1.5
    lasting: float = 0.1

    @classmethod
    def shown(cls, finding: Finding, run: Run) -> tuple[str, ...]:
        """All measures that show it, the worst first."""
        return tuple(dict.fromkeys((finding.metric, *cls.evidence_of(finding)["series"])))

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for what all measures of one kind show."""
        known = loads(run)
        if not known:
            yield self.skip("no load of experts was logged", kind="missing-role")
            return
        if any(load.kind != "auxiliary-loss" for load in known):
            known = [load for load in known if load.kind != "auxiliary-loss"]
        long = [load for load in known if len(load.value) >= FEWEST]
        if not long:
            yield self.skip(f"fewer than {FEWEST} points of the experts' load were logged", kind="too-few-points")
            return
        fair = fair_share(run)
        for kind in dict.fromkeys(load.kind for load in long):
            mine = [load for load in long if load.kind == kind]
            uneven = [found for load in mine if (found := self._uneven(load, fair)) is not None]
            if uneven:
                uneven.sort(key=lambda one: (not one.to_the_end, -one.level / one.limit))
                yield self._finding(uneven, len(mine), fair)

    def _limit(self, load: Load, smooth: Floats, fair: float | None) -> float:
        """Level from which a measure is uneven."""
        if load.kind == "multiple":
            return self.multiple
        if load.kind == "auxiliary-loss":
            lowest = float(smooth.min())
            stood = np.count_nonzero(smooth <= NEAR * lowest) >= max(STOOD * len(smooth), 5)
            return self.rise * lowest if lowest > 0 and stood else np.inf
        if fair is None:
            return self.share
        return self.all if fair >= EVEN else min(self.share, self.multiple * fair)

    def _uneven(self, load: Load, fair: float | None) -> _Uneven | None:
        n = len(load.value)
        smooth = centred_median(load.value, max(n // WINDOW, 5))
        lowest = float(smooth.min())
        if load.kind == "auxiliary-loss" and (found := self._impossible(load, smooth)) is not None:
            return found
        limit = self._limit(load, smooth, fair)
        below = np.flatnonzero(smooth < limit)
        edges = np.concatenate([[-1], below, [n]])
        lengths = np.diff(edges) - 1
        open_, longest = int(lengths[-1]), int(np.argmax(lengths))
        if open_ >= max(self.lasting * n, FEWEST / 2):
            first, last = n - open_, n - 1
        elif lengths[longest] >= max(0.25 * n, FEWEST) and load.kind != "auxiliary-loss":  # that one falls by design
            first = int(edges[longest]) + 1
            last = first + int(lengths[longest]) - 1
        else:
            return None
        steps = int(load.step[first]), int(load.step[last])
        return _Uneven(load, limit, median(load.value[first : last + 1]), lowest, steps, last == n - 1)

    def _impossible(self, load: Load, smooth: Floats) -> _Uneven | None:
        """A balancing loss that stood at its least, 1, and ends below it."""
        n = len(smooth)
        stood = np.flatnonzero((smooth >= LEAST[0]) & (smooth <= LEAST[1]))
        if len(stood) < max(SHARE * n, FEWEST):
            return None
        high = np.flatnonzero(smooth >= STANDS)
        first = int(high[-1]) + 1
        if n - first < max(self.lasting * n, FEWEST / 2):
            return None
        steps = int(load.step[first]), int(load.step[-1])
        return _Uneven(load, STANDS, median(load.value[first:]), float(smooth.min()), steps, True, below=True)

    def _finding(self, uneven: list[_Uneven], measured: int, fair: float | None) -> Finding:
        worst = uneven[0]
        first, last = worst.steps
        since = f"since step {first:,}" if worst.to_the_end else f"from step {first:,} to {last:,}, and no longer"
        where = f", by {len(uneven)} of {measured} series" if measured > 1 else ""
        if worst.load.kind == "share":
            text = f"one expert takes {percent(worst.level)} of the tokens {since}{where}"
        elif worst.load.kind == "multiple":
            text = f"the most loaded expert takes {worst.level:.3g} times its fair share of the tokens {since}{where}"
        elif worst.below:
            text = (
                f"the loss that balances the experts stands at {worst.level:.3g} {since}, and cannot be less than 1 "
                f"while it measures their loads{where}: the router has found a way round it"
            )
        else:
            text = (
                f"the loss that balances the experts stands at {worst.level:.3g} {since}, "
                f"{worst.level / worst.lowest:.2g} times its lowest level{where}: their loads drift apart"
            )
        takes_all = worst.load.kind == "share" and worst.level >= self.all
        severity = Severity.ERROR if takes_all else Severity.WARNING
        return self.finding(
            severity if worst.to_the_end else Severity.INFO,
            worst.load.metric,
            worst.steps,
            text,
            {
                "kind": worst.load.kind,
                "level": worst.level,
                "limit": worst.limit,
                "lowest": worst.lowest,
                "to_the_end": worst.to_the_end,
                "fair_share": fair,
                "series": [one.load.metric for one in uneven],
            },
            "Look at the load of each expert in each layer, at the balancing loss and at its coefficient.",
        )
