"""The order of preference among the scores of a run, in one place: the first is the main score.

From the first question that tells two scores apart to the last, behind the user's word (`--metric eval_score=NAME`):

1. The metric by which the run itself chooses its best model (`metric_for_best_model` and what others call it).
2. A series on the training step, of the whole run: no twin on another x axis, none of one device, rank or client.
3. A score that moves, before one that is the same from first to last.
4. A score itself: no best so far, spread, interval, difference or rank among others; then no mean over weights or time
   (EMA, SWA), nor what is of single batches, beside the plain one.
5. Held-out data before training data; validation before a split that is not told, and that before the test set, which
   stands aside while a model is chosen; last what says of no split at all.
6. What the field reports first (`FIRST_REPORTED`): mAP before AP50 and before that of small objects, mIoU before pixel
   accuracy, WER before CER and accuracy, BLEU before accuracy, top-1 before top-5, F1 before its halves, FID before IS.
   Where fields differ (accuracy, F1, AUC) the kinds are equal, and what was logged first counts.
7. The whole before its parts: the mean over tasks or classes before one of them, and of one benchmark before its parts.
8. What was logged first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from runlens.model import RoleSeries
from runlens.roles.directions import same_metric
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import is_benchmark
from runlens.roles.names.take_apart import normalise

FIRST_REPORTED: tuple[frozenset[str], ...] = (
    frozenset({"core"}),
    frozenset({"mAP50-95", "mAP", "AP", "mean_average_precision", "panoptic_quality", "nds", "tracking", "keypoints"}),
    frozenset({"mAP50", "pose_error"}),
    frozenset({"iou", "dice"}),
    frozenset({"wer"}),
    frozenset({"cer", "cider", "fid"}),
    frozenset({"sacrebleu", "bleu", "equal_error_rate", "ndcg", "mrr", "psnr", "speech_quality"}),
    frozenset({"reward", "success_rate", "win_rate", "pass@1", "chrf", "comet", "rouge1", "rougeL", "rouge"}),
    frozenset(
        {
            "acc", "acc_norm", "exact_match", "top1", "f1", "auc", "mcc", "kappa", "correlation", "hits", "rmse", "mae",
            "mse", "r2", "attachment", "relative_error", "ssim", "signal_ratio", "mos", "min_dcf", "clip_score",
            "similarity", "surface_distance", "d2", "judged", "skill", "inception_score", "bertscore", "bleurt",
            "metricx", "codebleu", "meteor", "spice", "ter", "rouge2", "pass@k", "mc2", "surface_dice", "mean_score",
        }
    ),
    frozenset({"error_rate", "recall", "AR", "top5", "top10", "lpips", "mc1", "extractive_match", "token_acc"}),
    frozenset({"precision", "specificity", "mean_rank", "detection_error", "tracking_error", "acc_pmi"}),
)  # fmt: skip
"""Kinds of metrics from the most to the least telling; what stands in none of them comes after all."""
_RANK = {kind: place for place, kinds in enumerate(FIRST_REPORTED) for kind in kinds}
_LAST = len(FIRST_REPORTED)

_RECORD = re.compile(
    r"(?<![a-z])(best|record|highest|lowest|so_far|std\w*|stderr|sem|var|variance|ci\d*|interval|error_bars?|diff\w*"
    r"|delta|gap|change|improve\w*|rank_of|prev\w*|last_best|ranking|target|baseline|upper|lower)(?![a-z])"
    r"|(^|/)(max|min)_(val|valid|validation|test|eval|dev|acc\w*|f1|auc|dice|iou|psnr|map)(?![a-z])"
)
"""Words of a best so far, of a spread, and of what a score is held against."""
_EXTREME = re.compile(r"(?<![a-z])(max|min|median|q\d+|p\d\d)(?![a-z])")
"""Of what is earned: the luckiest and unluckiest of what a mean stands for."""
_AVERAGED = re.compile(
    r"(?<![a-z])(of_a_batch|ema|swa|teacher|smooth\w*|sma|running|moving|avg_model|averaged_model)(?![a-z])"
)
_VALIDATION = re.compile(r"(?<![a-z])(val|vali|valid|validation|dev|heldout|held_out|holdout)\d*(?![a-z])")
_TEST = re.compile(r"(?<![a-z])test(ing)?\d*(?![a-z])")
_VARIANT = re.compile(r"(75|_[sml]|small|medium|large|_r\d\d)$")
"""Of AP: at a high overlap, and of objects of one size."""
_BONUS = re.compile(r"curiosity|gail|(?<![a-z])rnd(?![a-z])|intrinsic|shap(ed|ing)|bonus")
"""Rewards that training adds of its own: what counts is what the environment pays."""
_RUNNING = re.compile(r"(?<![a-z])(avg|average|mean|cumulative|episodic|episode|ep)(?![a-z])")
_OF_ALL = re.compile(
    r"^(coco|coco_eval|pascal_voc|voc|lvis|ade20k|cityscapes|metrics?|test|eval|overall|accuracy|bbox|segm|core|all|total|global|a)?$"
)
"""Tasks that are names of data or of the whole."""
_MEAN = re.compile(r"(?<![a-z])(avg|average|averaged|mean|macro|overall|all|total|aggregate|m)(?![a-z])")
_SAME_STEPS = 5
"""Points from which on a series that is another's best so far is known to be one."""
_STILL = 8
"""Equal values from which on a score is a placeholder, where another one moves."""
_WORSE_FLAGS = frozenset({"secondary", "router"})


def in_order(
    group: Sequence[RoleSeries], claims: Mapping[str, Claim], logged: Sequence[str], best: str = ""
) -> list[RoleSeries]:
    """The scores of a run, the main one first.

    Parameters
    ----------
    group : sequence of RoleSeries
        Of the role `eval_score` or `train_score`.
    claims : mapping
        Logged name to what its name says.
    logged : sequence of str
        All names in the order in which the run logged them.
    best : str
        The metric by which the run chooses its best model, as its config calls it; empty if it does not tell.
    """
    if len(group) < 2:
        return list(group)
    place = {name: i for i, name in enumerate(logged)}
    plain = {r.series.name: normalise(r.series.name) for r in group}
    records = _records(group)
    still = frozenset(plain[r.series.name] for r in group if len(r.series) >= _STILL and not np.ptp(r.series.value) > 0)
    short = min((r.task.count("/") for r in group), default=0)

    def key(r: RoleSeries) -> tuple[float, ...]:
        name = plain[r.series.name]
        claim = claims.get(r.series.name)
        earned = r.metric_kind == "reward"
        return (
            0.0 if r.origin == "user" else 1.0,
            0.0 if same_metric(r.series.name, best) else 1.0,
            _apart(r, claim),
            1.0 if name in still else 0.0,
            2.0 if name in records or _RECORD.search(name) or (earned and _EXTREME.search(name)) else
            1.0 if _AVERAGED.search(name) else 0.0,
            0.0 if r.split == "eval" else 1.0,
            _split(name, claim),
            1.0 if earned and _BONUS.search(name) else 0.0,
            _reported(r.metric_kind, name),
            _part(r, name, short),
            0.0 if not earned or _RUNNING.search(name) else 1.0,
            float(place.get(r.series.name, len(place))),
        )  # fmt: skip

    return sorted(group, key=key)


def _apart(r: RoleSeries, claim: Claim | None) -> float:
    """Of one device or rank, on another x axis, or set aside by its framework's table."""
    if claim is not None and (claim.flags & _WORSE_FLAGS or claim.axis in ("samples", "tokens", "flops")):
        return 2.0
    if r.series.name.startswith("evaluation_") and r.series.name.endswith("_vs_iterations"):
        return 2.0  # Keras' evaluations on the x axis of its batches, beside the same ones by epoch
    return 1.0 if r.device or r.scope == "per_rank" else 0.0


def _split(name: str, claim: Claim | None) -> float:
    """0 for validation, 1 for a split that is not told but held out, 2 for the test set, 3 for what may be either."""
    if _VALIDATION.search(name):
        return 0.0
    return 2.0 if _TEST.search(name) else 3.0 if claim is not None and "bare" in claim.flags else 1.0


def _reported(kind: str, name: str) -> float:
    rank = float(_RANK.get(kind, _LAST))
    if kind in ("mAP", "AP", "AR", "tracking", "keypoints") and _VARIANT.search(name):
        return rank + 1.5
    if kind == "AP" and name.endswith("50"):
        return rank + 1.0
    if kind == "mean_score" and name == "score":
        return rank - 0.5  # of the whole, whatever it is made of: spaCy, and scripts for a competition
    if kind == "attachment" and name.endswith("uas"):
        return rank + 0.5
    if kind == "recall" and name.endswith(("mean", "sum")):
        return float(_RANK["ndcg"]) - 0.5
    if kind in ("recall", "hits") and any(c.isdigit() for c in name):
        return float(_RANK["ndcg"])  # of a list with a cut-off: no half of a score
    return rank


def _part(r: RoleSeries, name: str, short: int) -> float:
    """0 for the whole or a mean over all, 1 for a task, more for a part of one."""
    if _OF_ALL.match(r.task) or _MEAN.search(r.task):
        return 0.0
    known = is_benchmark(r.task.split("/")[-1])
    return 1.0 + (r.task.count("/") - short) + (0.5 if known and _of_family(r.task) else 0.0)


def _of_family(task: str) -> bool:
    return "_" in task and task.split("_")[0] in ("mmlu", "gpqa", "bbh", "agieval", "mgsm", "cmmlu", "ceval", "blimp")


def _records(group: Sequence[RoleSeries]) -> frozenset[str]:
    """Normalised names of series that are, at each of their steps, the best that another came to so far."""
    rising: dict[bytes, list[str]] = {}
    best: set[bytes] = set()
    for r in group:
        value = r.series.value
        if len(value) < _SAME_STEPS or r.direction is None:
            continue
        so_far = (np.maximum if r.direction == "up" else np.minimum).accumulate(value)
        told = r.series.step.tobytes() + so_far.astype(np.float32).tobytes()
        if np.array_equal(value, so_far):
            rising.setdefault(told, []).append(normalise(r.series.name))
        else:
            best.add(told)
    return frozenset(name for told in best for name in rising.get(told, ()))
