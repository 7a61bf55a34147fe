"""How the signs of a policy that collapses are told."""

from __future__ import annotations

from runlens.model.words import percent
from runlens.rules.meaning import Advice
from runlens.rules.rl.parts.signs import FELL, Name, Sign

LEARNS_NOTHING = Advice(
    "investigate",
    (
        "Look whether rewards are ever earned, and at their scale.",
        "Look at the environment: whether an action changes what is observed, and when an episode ends.",
        "Raise exploration, and look at the learning rate.",
        "Try it on a task that is known to be learnt.",
    ),
)
SLOW = 0.05
"""Share of its steps up to the end within which a change is one step; of a longer one both ends are said."""

WORDS: dict[Name, str] = {
    "reward-fell": "the reward fell from {} to {}",
    "eval-reward-fell": "the reward of evaluations fell from {} to {}",
    "reward-came-back": "the reward fell from {} to {}",
    "kl-exploded": "the KL rose from {} to {}",
    "kl-jumped": "the KL of an update leapt from {} to {}",
    "entropy-died": "the entropy fell from {} to {}",
    "entropy-dead": "the entropy is {1} from its first value on: the policy tries nothing else",
    "entropy-exploded": "the entropy rose from {} to {}",
    "updates-clipped": "the share of samples that are clipped rose from {} to {}",
    "always-clipped": "{1} of the samples are clipped from the start on: each update goes too far",
    "spread-ran-away": "the spread of actions rose from {} to {}",
    "spread-died": "the spread of actions fell from {} to {}",
    "value-ran-away": "the loss of the value function rose from {} to {}",
    "value-lost": "the explained variance fell from {} to {}",
    "no-contrast": "the rewards of a group came to be all equal, which leaves nothing to learn from,",
    "never-contrast": "the rewards of a group are all equal from the first value on: nothing to learn from",
    "length-ran-away": "responses grew from {} to {} tokens",
    "length-at-limit": "responses came to stand at their limit, from {} to {}",
    "length-died": "responses shrank from {} to {} tokens",
    "reward-stood": "the reward never rose above its first level by more than noise: {} in the first tenth of the log, "
    "{} in the last; the policy learns nothing",
    "value-grew": "the loss of the value function grew from {} to {} all along",
}
STANDING: frozenset[Name] = frozenset(
    {"entropy-dead", "always-clipped", "never-contrast", "reward-stood", "value-grew"}
)
"""What is so from the first value on."""


def sentence(signs: list[Sign], harder: str) -> str:
    """The message of a finding.

    Parameters
    ----------
    signs : list of Sign
        The most telling first.
    harder : str
        The logged name of a difficulty that rose before a fall, or empty.
    """
    worst = signs[0]
    text = _at(worst)
    if worst.name in FELL:
        if worst.share < 1.0:
            text += f", {percent(worst.share)} of the progress it had made"
        text += f", {_ending(worst)}"
        if worst.name == "eval-reward-fell":
            text += "; that of training did not fall"
    elif worst.name == "reward-came-back":
        text += f", and half of its progress was back after step {worst.steps[1]:,}"
        if worst.ends is not None:
            lost = "it was lost again, and " if worst.over else ""
            text += f"; {lost}the run ends at {worst.ends:.4g}"
    if harder:
        text += f"; {harder} was raised there"
    return "; ".join([text, *map(_at, signs[1:])])


def _ending(fell: Sign) -> str:
    if fell.over:
        return "and is coming back"
    return "and stays there" if fell.sudden else "bit by bit, and does not come back"


def _at(sign: Sign) -> str:
    before, after = f"{sign.before:.4g}", f"{sign.after:.4g}"
    if sign.name == "reward-stood" and before == after:
        return f"the reward stood at {before} from the first tenth of the log to the last: the policy learns nothing"
    said = WORDS[sign.name].format(before, after)
    if sign.name in STANDING:
        return said
    if sign.reached is not None and sign.reached - sign.steps[0] > SLOW * (sign.steps[1] - sign.steps[0]):
        return f"{said}, half of the way by step {sign.steps[0]:,} and all of it by {sign.reached:,}"
    return f"{said} at step {sign.steps[0]:,}"
