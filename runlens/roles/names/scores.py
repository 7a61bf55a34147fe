"""What a name says of a score: of held-out data, of training, or of a split that it does not tell."""

from __future__ import annotations

import re
from collections.abc import Collection

from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import EvalName, is_benchmark, parse_eval
from runlens.roles.names.metrics import WITH_A_TASK
from runlens.roles.names.pattern import EVAL, compiled
from runlens.roles.names.scope import scope_of_name
from runlens.roles.names.take_apart import Name, take_apart
from runlens.roles.names.unsplit import SCORES, is_of_a_pair, is_unsplit, rows_are_no_course

_HELD_OUT = compiled(EVAL)
PARTS_OF_LOSS = frozenset(
    {
        "rec", "reco", "recon", "recons", "reconstruction", "kl", "kld", "kl_div", "mse", "bce", "ce", "l1", "l2",
        "mel", "reg", "box", "cls", "obj", "dfl", "bbox", "mask", "commit", "vq", "percep", "perceptual", "lpips",
        "pde", "bc", "ic", "data", "physics", "contrastive", "distill", "kd", "dice", "focal", "ctc", "att", "aux",
    }
)  # fmt: skip
"""What the parts of a loss are called where no name says `loss`: two of them make `total` their sum."""
_TELLING = frozenset(
    {
        "success_rate", "core", "top1", "top5", "wer", "cer", "fid", "bleu", "sacrebleu", "chrf", "rouge1", "rouge2",
        "rougeL", "pass@1", "pass@k", "mAP", "mAP50", "mAP50-95",
    }
)  # fmt: skip
"""Kinds that nobody measures on training data."""
_UNDER_EVAL_BUT_NO_SCORE = re.compile(
    r"time|runtime|took(?![a-z])|elapsed|duration|per_second|_sec(?![a-z])|(?<![a-z])(n|num|number|total)_|count|frequency|(?<![a-z])freq|steps?(?![a-z])"
    r"|epoch|/samples|_std|threshold|(?<![a-z])(every|interval|period|patience|only)(?![a-z])|(?<![a-z])(lr|size|length|len|step|iter\w*|batch\w*|tokens?|temperature|weight|scale|seed"
    r"|memory|mem|min|max|std|var|median|norm|grad\w*|coef\w*|lambda|beta|alpha|entropy|kl|logits?)(?![a-z])"
)
"""Words of counts, constants, frequencies, times and settings: what holds one and no metric's name is no score."""
_UNMISTAKABLE = re.compile(r"^(eval|evals|evaluation|validation|valid|val|test|dev)[/_].*(acc|accuracy|accuracies)$")
_OF_PIXELS = re.compile(r"[a-z]_maps?$")
_STATISTIC = re.compile(r"std|stderr|(?<![a-z])(min|max|var)(?![a-z])")
_TOLD_WITHIN = SCORES | {"reward", "mean_score"}
"""Kinds of which a word for held-out data anywhere in the name is believed: `AverageTestEpRet`."""


def plain_score(name: Name) -> Claim | None:
    """A score that says itself that it was measured on held-out data, such as `eval/rewards/accuracies`.

    Looked at before the patterns, some of which take such words for what training logs under the same names.
    """
    if not _UNMISTAKABLE.search(name.normal) or _STATISTIC.search(name.normal):
        return None
    result = parse_eval(name.base)
    return score_claim(name, result, (), False) if result.prefixed and result.metric_kind in WITH_A_TASK else None


def score_claim(name: Name, result: EvalName, siblings: Collection[str], eval_dir: bool) -> Claim | None:
    """A claim to be a score, if the name looks like one.

    Parameters
    ----------
    name : Name
    result : EvalName
        What `parse_eval` makes of it.
    siblings : collection of str
        The other names of the run: a short word such as `IS` is a score where another stands beside it.
    eval_dir : bool
        The run's folder is one of held-out data.
    """
    normal, kind = name.normal, result.metric_kind
    if result.split == "train" and not (result.prefixed or eval_dir):
        return _of_training(kind)
    if kind == "mAP" and not result.prefixed and _OF_PIXELS.search(name.raw):
        return None  # an image: `iou_shrink_map`
    told = result.prefixed or eval_dir or normal.startswith(("metrics/", "core_metric", "cur_metric"))
    if kind == "score":
        scored = result.prefixed and result.task not in ("", *PARTS_OF_LOSS)
        if not scored or _UNDER_EVAL_BUT_NO_SCORE.search(normal):
            return None
        confidence = 0.75 if result.direction else 0.5
        why, flags = "name of a held-out split", frozenset[str]()
        return Claim("eval_score", "", "global", name.axis, flags, "eval", name.device, confidence, why, "task")
    told = told or bool(kind in _TOLD_WITHIN and _HELD_OUT.search(normal))
    with_task = kind in WITH_A_TASK and bool(result.task)
    bare = not (told or is_benchmark(result.task))
    unsplit = bare and not with_task and (is_unsplit(name, result) or _has_company(name, kind, siblings))
    if unsplit and rows_are_no_course(tuple(siblings)):
        return None
    if not (told or with_task or unsplit):
        return None
    flags = frozenset(f for f, has in (("bare", bare), ("unsplit", unsplit)) if has)
    why = f"{kind} of {result.task or ('held-out data' if told else 'a split that is not told')}"
    confidence = 0.8 if told else 0.6 if unsplit else 0.7
    scope = scope_of_name("eval_score", name)
    return Claim("eval_score", "", scope, name.axis, flags, "eval", name.device, confidence, why, "task")


def _of_training(kind: str) -> Claim | None:
    """Of a name that says that it was measured on training data."""
    if kind == "score":
        return None
    why = f"{kind} on training data"
    if kind in SCORES:
        return Claim("train_score", split="train", confidence=0.7, why=why, origin="pattern")
    return Claim("other", flags=frozenset({"known"}), confidence=0.6, why=why, origin="pattern")


def _has_company(name: Name, kind: str, siblings: Collection[str]) -> bool:
    """Whether a word too short to be known by itself stands beside another score: `IS` beside `FID`."""
    if kind not in SCORES or not is_of_a_pair(name):
        return False
    others = (take_apart(other) for other in siblings if other != name.raw)
    return any(is_of_a_pair(other) or is_unsplit(other, parse_eval(other.base)) for other in others)
