"""RL001: the reward of a policy falls from its own best and stays, or its KL, entropy or responses run away."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.rl.parts.curriculum import made_harder
from runlens.rules.rl.parts.healed import came_back
from runlens.rules.rl.parts.one_answer import one_answer
from runlens.rules.rl.parts.short import FEWEST_SHORT, breaks, judged_short
from runlens.rules.rl.parts.signals import Signal, evaluated, every_reward, length_limit, measures, reward
from runlens.rules.rl.parts.signs import FELL, FEWEST, Limits, Reward, Sign, judged, of_evaluations, of_measure
from runlens.rules.rl.parts.standstill import learns_nothing, rated_by_itself
from runlens.rules.rl.parts.updates import ALONE, KINDS, grows_beside, jumped, of_update
from runlens.rules.rl.parts.words import LEARNS_NOTHING, WORDS, sentence

LOST_ALL = 0.8
"""Part of the progress from which a fall is an error by itself."""
MASSIVE = 100.0
"""Times its level before from which a KL is an error by itself."""


class CollapseEvidence(TypedDict):
    """The signs, and what they went from and to."""

    signs: list[str]
    """Such as `reward-fell`, the most telling first."""
    series: list[str]
    """The logged name of each."""
    onsets: list[int]
    """The step at which each set in."""
    before: list[float]
    after: list[float]
    progress_lost: float | None
    """Part of the progress of the reward from its start to its best; None where it made none, or did not fall."""
    coming_back: bool
    sudden: bool
    """The reward was lost within a fifth of the log; also where it did not fall."""
    reward_known: bool


@dataclass(frozen=True)
class PolicyCollapse(Rule[CollapseEvidence]):
    """The policy collapses: the reward falls from its own best and stays, or KL, entropy or lengths run away.

    What it does
    ------------
    In reinforcement learning alone, which its logged names tell, or a reward where no loss is logged. Holds the mean
    reward since its last fall against its best level before: a warning from `fall` of the progress made, an error from
    80 % where it was lost within a fifth of the log, or with another sign beside it. The fall must be deeper than any
    that the run made up again, than the noise, and last to the end of the log. Of 10 to 29 rewards only a fall to below
    the first ones, one that goes on from the first to the last, or one to half and less at once, is a finding, a
    warning; so is a reward of evaluations that lost 80 % beside one of training that holds, and one of which 80 % were
    gone for a tenth of the log before it came back. A rate of winning or success, or a score, is a reward where no
    other is logged. A KL that rises tenfold within a fifth of the log, to a level that no healthy run has, is a finding
    whatever the reward does. An entropy that dies or was dead from the first value on, and responses that stand at
    their limit or shrink to nothing, are findings where no reward gained or it fell: while one gains they do so by
    design. An entropy or responses that run away are signs beside a reward that fell. All signs are one finding. A task
    that was made harder explains a fall: `info`. Beside a reward that never rose an entropy is dead at twice `entropy`
    of its first level. A reward of 500 points or more that never rose above its first level, nor any other one, is a
    warning: the policy learns nothing; not that of a game of two, of answers, or one that stands near the highest that
    it ever was. Of one value below 0 all along 100 points and a million steps are enough. Where the loss of the value
    function grew tenfold meanwhile, no trend of the reward is enough, wherever it began. Of 10 to 29 rewards, one
    update that takes half of the progress while its KL leaps to 0.2 and five times the usual is a warning also where
    the reward came back. The reward of a game against
    itself whose rating is logged (`Self-play/ELO`) is 0 by design, and not judged.

    A KL that grew tenfold all along, to such a level, beside an entropy that died is a policy that says one thing: a
    finding whatever the reward does. What a reward lost within its first tenth, before it gained anything, is how an
    episode of the first kind went, and no fall.

    Updates are judged, too. That nearly all samples (80 %) of an update are clipped, for the last quarter of the log or
    for half of it anywhere, is a finding whatever the reward does. Where it gained nothing or fell, so are: half of the
    samples clipped for a quarter of the log; a KL of updates that leaps tenfold, to 1 or more, and comes back; a spread
    of actions of four times its first, or of `entropy` of it; an explained variance that falls to nothing; a loss of
    the value function beyond all that a return can be; groups of equal rewards, which have no advantages, for the last
    quarter of the log.

    Why it matters
    --------------
    A collapsed policy seldom comes back by itself, and all further rollouts are wasted. KL, entropy and length move
    before the reward does.

    What to do
    ----------
    Go back to the last checkpoint before the first sign; of a policy that never learnt there is none: look at the scale
    of rewards, exploration and the environment. Lower the learning rate or the number of updates a batch,
    raise the KL coefficient or clip tighter, add an entropy bonus or raise the temperature, and look at what the
    policy writes or does there: a reward that can be fooled will be.

    Settings
    --------
    fall : part of the progress made from which a lower reward is a finding.
    kl : multiple of its highest level before from which a KL explodes.
    entropy : part of its first level below which an entropy, or a spread of actions, is dead.
    length : multiple of its longest level before from which a response, or an entropy, runs away.
    lasting : share of the log for which the reward must have been lower at the end.

    References
    ----------
    TRL, "Training FAQ": a summed KL between 0 and 10 is healthy. Spinning Up and Stable-Baselines3: target KL of an
    update 0.01 to 0.05. Cui et al. 2025 (arXiv 2505.22617): entropy falls to near zero while the reward saturates.
    Gao et al. 2022 (arXiv 2210.10760): over-optimised rewards. DAPO (arXiv 2503.14476): entropy and response length as
    the measures to watch, and groups of equal rewards. Schulman et al. 2017 (arXiv 1707.06347): what is clipped.
    Stable-Baselines3, "Logger": clip fraction, spread of actions and explained variance. Mann 1945, Kendall 1975: the
    trend of few points.
    """

    code = "RL001"
    name = "policy-collapse"
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.LOSS, place=4)
    figure = Figure()
    advice = Advice(
        "investigate",
        (
            "Go back to the last checkpoint before the first sign, with a lower rate or fewer updates a batch.",
            "Raise the KL coefficient, clip tighter, or stop an update early at a target KL.",
            "Add an entropy bonus or raise the sampling temperature where the entropy died.",
            "Read what the policy writes or does after it: a reward that can be fooled will be.",
        ),
        (
            "Stable-Baselines3: target_kl",
            "DAPO (arXiv 2503.14476): clip-higher and overlong reward shaping",
            "Cui et al. 2025 (arXiv 2505.22617): entropy collapse",
        ),
    )
    headline = "policy collapse"

    fall: float = 0.5
    kl: float = 10.0
    entropy: float = 0.05
    length: float = 3.0
    lasting: float = 0.1

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for all signs."""
        rewards = _judged_reward(run)
        if not rl_sign(run.placed, run.axis_name) and (rewards is None or run.role("train_loss") is not None):
            yield self.skip("nothing says that this is reinforcement learning", kind="missing-role")
            return
        limits = Limits(self.fall, self.kl, self.entropy, self.length, self.lasting)
        every = [signal for signal in measures(run) if len(signal.value) >= FEWEST]
        others = [signal for signal in every if signal.kind not in KINDS]
        updates = [signal for signal in every if signal.kind in KINDS]
        known = judged(rewards, limits) if rewards is not None and len(rewards.value) >= FEWEST else None
        if known is not None and known.fell is None and not known.gained and _another_gained(run, rewards, limits):
            known = replace(known, gained=True, flat=False)
        few = rewards is not None and FEWEST_SHORT <= len(rewards.value) < FEWEST
        short = _of_few(rewards, run, limits) if rewards is not None and few else []
        if known is None and not short and not any(one.kind in ALONE for one in every):
            if rating := rated_by_itself(run):
                yield self.skip(f"a game against itself earns 0 by design: {rating} tells", kind="not-applicable")
            else:
                yield self.skip(f"fewer than {FEWEST} points of a reward or KL were logged", kind="too-few-points")
            return
        most = length_limit(run)
        found = [of_measure(signal, limits, known, most) or jumped(signal, limits, known) for signal in others]
        found += [*(of_update(signal, limits, known) for signal in updates), *one_answer(others, limits)]
        if known is not None and known.fell is not None:
            found.append(known.fell)
        elif short:
            found += short
        else:
            found += _of_other_rewards(run, rewards, limits)
            if rewards is not None and not any(found):
                grew = grows_beside(rewards, updates, known)
                found.append(learns_nothing(run, rewards, others, limits, bool(grew)))
                found += grew if found[-1] is not None else []
        if signs := [sign for sign in found if sign is not None]:
            yield self._finding(run, signs, known)

    def _finding(self, run: Run, signs: list[Sign], known: Reward | None) -> Finding:
        order = list(WORDS)
        signs = sorted(signs, key=lambda sign: (order.index(sign.name), sign.steps[0]))
        signs = [next(sign for sign in signs if sign.name == name) for name in dict.fromkeys(s.name for s in signs)]
        first, last = min(sign.steps[0] for sign in signs), max(sign.steps[1] for sign in signs)
        worst = signs[0]
        fell, trained = worst.name in FELL, worst.name == "reward-fell"
        lost = fell or worst.name == "reward-came-back"
        harder = made_harder(run, *worst.steps) if lost else ""
        massive = any(sign.name == "kl-exploded" and sign.after >= MASSIVE * sign.before for sign in signs)
        if lost and (harder or (fell and worst.over)) and len(signs) == 1:
            severity = Severity.INFO
        elif massive or (trained and ((worst.sudden and worst.share >= LOST_ALL) or len(signs) > 1)):
            severity = Severity.ERROR
        else:
            severity = Severity.WARNING
        return self.finding(
            severity,
            worst.metric,
            (first, last),
            sentence(signs, harder),
            {
                "signs": [sign.name for sign in signs],
                "series": [sign.metric for sign in signs],
                "onsets": [sign.steps[0] for sign in signs],
                "before": [sign.before for sign in signs],
                "after": [sign.after for sign in signs],
                "progress_lost": worst.share if lost and math.isfinite(worst.share) else None,
                "coming_back": fell and worst.over,
                "sudden": worst.sudden,
                "reward_known": known is not None,
            },
            " ".join(LEARNS_NOTHING.measures)
            if worst.name == "reward-stood"
            else "Go back to the last checkpoint before the first sign; look at the KL, the entropy and its rollouts.",
        )

    @classmethod
    def words(cls, finding: Finding) -> str:
        """A policy that never rose did not collapse."""
        return "policy that learns nothing" if cls._stood(finding) else super().words(finding)

    @classmethod
    def advised(cls, finding: Finding) -> Advice | None:
        """Where nothing was learnt there is no checkpoint to go back to."""
        return LEARNS_NOTHING if cls._stood(finding) else super().advised(finding)

    @classmethod
    def _stood(cls, finding: Finding) -> bool:
        return cls.evidence_of(finding).get("signs", [""])[0] == "reward-stood"


def _judged_reward(run: Run) -> Signal | None:
    """The reward of training; that of evaluations where it alone has the points that a course takes.

    None in a game against itself that is rated (ML-Agents' `Self-play/ELO`): what one side wins the other loses.
    """
    if rated_by_itself(run):
        return None
    trained = reward(run)
    held_out = evaluated(run, trained) if trained is not None and len(trained.value) < FEWEST else None
    return held_out if held_out is not None and len(held_out.value) >= FEWEST else trained


def _of_few(rewards: Signal, run: Run, limits: Limits) -> list[Sign]:
    """What few rewards tell: a fall that is sure, or an update that broke the policy."""
    fell = judged_short(rewards)
    return [fell] if fell is not None else breaks(rewards, measures(run), limits)


def _another_gained(run: Run, rewards: Signal | None, limits: Limits) -> bool:
    """Whether another reward of training gained: that of single steps may not show what an episode earns."""
    others = [one for one in every_reward(run, (False,)) if rewards is None or one.metric != rewards.metric]
    return any(judged(one, limits).gained for one in others if len(one.value) >= FEWEST)


def _of_other_rewards(run: Run, rewards: Signal | None, limits: Limits) -> list[Sign | None]:
    """What a reward that holds at the end lost before, and what evaluations lost beside it."""
    if rewards is None:
        return []
    held_out = evaluated(run, rewards)
    lost = of_evaluations(held_out, limits) if held_out is not None and len(held_out.value) >= FEWEST else None
    return [lost, came_back(rewards, limits) if len(rewards.value) >= FEWEST else None]
