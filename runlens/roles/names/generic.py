"""What a name says by patterns alone, without knowing the framework that wrote it."""

from __future__ import annotations

import re
from functools import lru_cache

from runlens.roles.names.claim import Claim
from runlens.roles.names.hardware_names import hardware_claim
from runlens.roles.names.pattern import EVAL, Pattern, compiled
from runlens.roles.names.patterns import PATTERNS
from runlens.roles.names.scope import scope_of_name
from runlens.roles.names.take_apart import Name, shape_of
from runlens.roles.names.traps import NEVER, TRAPS
from runlens.roles.units import unit_of_name

_EVAL = compiled(EVAL)
_PARAMETER = compiled(
    r"~(layers?|blocks?|h|encoder|decoder|transformer|model|module|embed\w*|attn|attention|mlp|wte|wpe|lm_head)[_/]?\d*[_/]"
    r"\w*(~\d+~|weight|bias|kernel|norm~|proj)|~(weight|bias|kernel)~$"
    r"|norms?/\w*(weight|bias|layers?|blocks?)"
)
_LOSS_WORD = r"(loss|losses|sumloss|cross_?entropy|nll|ce|xent)"
_PPL = compiled(r"ppl|perplexity|~pplx|~perp~")
_BPB = compiled(r"~bpb|bits_per_(byte|char|dim|token)|~bpc|~bpd")
_LOSS = compiled(rf"(?<![a-z]){_LOSS_WORD}(?![a-z])|[a-z]loss(?![a-z])")
_MAIN_LOSS = compiled(
    r"^(.*/)?((lm|ce|nll|gpt|train|training|tr|total|tot|overall|sum|reduced_train|contrastive|cross_entropy|crossentropy|xent|td|sft|running|"
    r"avg|average|global|mean|final|epoch|batch|step|language|next_token|ntp|clm|mlm|ctc|main"
    r"|log|raw|smoothed|smooth|model|"
    r"metric|iter|iteration|token|per_token|entropy|softmax|policy|pg|rnnt|reconstruction|mse"
    r"|diffusion|dpo|simple|per|nonpadding|target|all|tokens|out)_)*"
    rf"{_LOSS_WORD}(_(avg|average|mean|sum|all|overall|tot|global_avg|train(ing)?|tr|step|batch|total|per_\w+|ema|smoothed?|nats|bits))*$"
    rf"|loss(es)?/(train(ing)?/)?((train(ing)?|tr)_)?(total|mean|avg|out|current|average|train(ing)?|tr|lm_loss|lm|loss|step|epoch|iter|batch)$"
    rf"|loss\w*/(global_)?(avg|mean)_loss$"
    rf"|^loss\w*/\w*(total|policy|lm)\w*$"
)
_PART = compiled(
    r"~(box|cls|dfl|obj|bbox|mask|rpn|seg|kpt|pose|style|commit\w*|recon\w*|kld?|aux\w*|adv\w*|gan|disc\w*|gen\w*|g|d|actor|critic|value|(?<!cross_)entropy|ent|max|min|caption|sft|extra|ewm|reg\w*|penalty)_\w*loss"
    r"|loss_(box|cls|bbox|rpn|mask|obj|reg|seg)\w*|max_loss|ewm_loss"
)
_WORDY = compiled(r"^(.*/)?(train(ing)?)_((negative|overall|mean|average|total|log)_)*log_loss(_per_\w+)?$")
"""A loss of training that is told in many words: `Train Negative Overall Log-Loss per event`."""
_SHORT = compiled(r"(^|/)l_(g_|d_)?(pix\w*|percep\w*|style|fea\w*|gan|real|fake|total|edge|char\w*|freq|fft|ssim|tv)$")
"""How BasicSR and what grew from it name losses: `l_pix`, `l_g_gan`, `l_d_real`."""
_LETTER = compiled(
    r"^(.*/)?((train(ing)?|tr|val\w*|test|dev)_l(_(vae|total|tot|all|sum|elbo))?|l_(train(ing)?|tr|val\w*|test|dev))$"
)
"""A loss that is called `L` as in papers, of a split that is named: `train_L_vae`, `L_val`."""
_LETTER_PART = compiled(r"^(.*/)?(train(ing)?|tr|val\w*|test|dev)_l_[a-z]+$")
_CUT_SHORT = compiled(r"(^|/)(va|te|cv|vl)_loss$|(^|/|_)loss_(va|te|cv|vl)$")
"""Of held-out data, beside `tr_loss` or `loss_tr`."""
_NUMBERED = re.compile(r"(?<![^/])\d+_(?=[a-z])")
"""A number that only orders names: `train/1.train_loss`."""
_NO_LOSS = re.compile(r"timeLoss|TimeLoss|[Pp]acket[ _-]?[Ll]oss|[Hh]earing[ _-]?[Ll]oss|[Hh]eat[ _-]?[Ll]oss")
"""What simulators of traffic and networks count as lost: nothing that training lowers."""
_SETTING = compiled(
    r"~(loss|losses)_?\w*(weight|coef\w*|scale|lambda|factor|ratio)s?~|~(weight|coef\w*|lambda|scale)s?_?\w*loss(es)?$"
)
"""What a loss is multiplied by."""
_MEANS = re.compile(r"(?<![a-z])(avg|overall|ema|macro|smooth\w*|actual_avg|average)(?![a-z])")
_MEANS_OF_LOSS = re.compile(r"(?<![a-z])(avg|ema|macro|smooth\w*|actual_avg|average)(?![a-z])")
"""An overall loss is one of all its parts, where an overall rate is a mean since the start."""
_POLICY = compiled(r"~(pg|policy|actor)(_gradient)?_loss|^actor/(total|pg)")


@lru_cache(maxsize=8192)
def _first(shape: str) -> Pattern | None:
    """The first pattern that fits, before losses and scores; every layer of a model has one shape."""
    for pattern in TRAPS:
        if pattern.fits(shape):
            return pattern
    if NEVER.fits(shape):
        return NEVER
    for pattern in PATTERNS:
        if pattern.fits(shape):
            return pattern
    return None


def generic_claim(name: Name, eval_dir: bool = False) -> Claim | None:
    """What the patterns say of a name, or None if it is not understood.

    Parameters
    ----------
    name : Name
        The name, taken apart.
    eval_dir : bool
        True if the run's folder is named for held-out data (Keras and fairseq log one folder for each split).
    """
    if name.raw.startswith("("):
        return None  # a line of a model that was printed: `(norm): LayerNorm(…)`
    hardware = hardware_claim(name)
    if hardware is not None:
        return hardware
    normal = name.normal
    held_out = eval_dir or bool(_EVAL.search(normal))
    pattern = _first(shape_of(normal))
    if pattern is not None:
        flags = set(pattern.flags)
        if pattern.role == "other":
            flags.add("known")
        if pattern.role in ("grad_norm", "param_norm") and (_PARAMETER.search(normal) or normal.count("/") >= 3):
            flags.add("per-parameter")
        if held_out and pattern.role not in ("other", "tokens", "step", "epoch", "samples"):
            flags.add("secondary")
        return _claim(name, pattern.role, pattern.id, flags, pattern.confidence, held_out)
    if "stderr" in normal:
        return _claim(name, "other", "stderr", {"known"}, 0.8, held_out)
    if _PPL.search(normal):
        return _claim(name, "perplexity", "perplexity", set(), 0.8, held_out)
    return None


def may_be_loss(name: Name) -> bool:
    """Whether a name holds a word for a loss: cheap, before `loss_claim`."""
    normal = name.normal
    return "loss" in normal or any(p.search(normal) for p in (_LOSS, _BPB, _SHORT, _LETTER, _LETTER_PART))


def loss_claim(name: Name, eval_dir: bool = False) -> Claim | None:
    """The reading of a name that holds a loss, or None."""
    normal = _NUMBERED.sub("", name.normal)
    held_out = eval_dir or bool(_EVAL.search(normal) or _CUT_SHORT.search(normal))
    if _BPB.search(normal):
        return _claim(name, "eval_loss", "bits-per-byte", set(), 0.8, True)
    if _SHORT.search(normal):
        total = normal.endswith("l_total") and not held_out
        return _claim(name, "train_loss" if total else "other", "loss-component", {"part"}, 0.6, held_out)
    if _LETTER.search(normal):
        return _claim(name, "eval_loss" if held_out else "train_loss", "letter-loss", set(), 0.6, held_out)
    if _LETTER_PART.search(normal):
        return _claim(name, "other", "loss-component", {"part"}, 0.6, held_out)
    if not _LOSS.search(normal):
        return None
    if _SETTING.search(normal):
        return _claim(name, "other", "loss-setting", {"known"}, 0.7, held_out)
    if _NO_LOSS.search(name.raw):
        return _claim(name, "other", "no-loss", {"known"}, 0.6, held_out)
    if held_out:
        flags = {"sum"} if re.search(r"^eval/total_loss$|sum", normal) else set()
        return _claim(name, "eval_loss", "eval-loss", flags, 0.8, True)
    if _POLICY.search(normal):
        return _claim(name, "train_loss", "policy-loss", {"part"}, 0.6, False)
    if not _WORDY.search(normal) and (_PART.search(normal) or not _MAIN_LOSS.search(normal)):
        return _claim(name, "other", "loss-component", {"part"}, 0.6, False)
    return _claim(name, "train_loss", "train-loss", set(), 0.8, False)


def _claim(name: Name, role: str, rule: str, flags: set[str], confidence: float, held_out: bool) -> Claim:
    if re.search(_MEANS_OF_LOSS if role in ("train_loss", "eval_loss") else _MEANS, name.normal):
        flags = flags | {"smoothed"}
    return Claim(
        role,
        unit_of_name(role, name),
        scope_of_name(role, name),
        name.axis,
        frozenset(flags),
        "eval" if held_out and role not in ("tokens", "step", "epoch", "samples") else "train",
        name.device,
        confidence,
        f"pattern {rule}",
        "pattern",
        rule,
    )
