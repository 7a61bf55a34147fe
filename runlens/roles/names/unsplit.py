"""Scores whose names say of no split, and what their kind tells: measured on batches, or on all samples at once."""

from __future__ import annotations

import re
from functools import lru_cache

from runlens.roles.names.evals import EvalName
from runlens.roles.names.pattern import compiled
from runlens.roles.names.take_apart import Name, normalise

OF_ALL_SAMPLES = frozenset(
    {
        "fid", "inception_score", "mAP50-95", "mAP50", "mAP", "mean_average_precision", "AP", "AR", "panoptic_quality",
        "nds", "tracking", "keypoints", "bleu", "sacrebleu", "chrf", "ter", "rouge1", "rouge2", "rougeL", "rouge",
        "meteor", "cider", "spice", "comet", "bleurt", "bertscore", "codebleu", "ndcg", "mrr", "hits", "mean_rank",
        "equal_error_rate", "min_dcf", "pass@1", "pass@k", "core", "success_rate", "win_rate", "speech_quality", "vmaf",
        "panoptic", "attachment", "clustering", "surface_distance", "surface_dice", "mos",
    }
)  # fmt: skip
"""Kinds that are worked out over a whole set: nobody measures them on the batches that are trained on."""
ON_BATCHES = frozenset(
    {
        "acc", "acc_norm", "exact_match", "top1", "top5", "top10", "token_acc", "f1", "mcc", "kappa", "correlation",
        "r2", "wer", "cer", "error_rate", "precision", "recall", "specificity", "iou", "dice", "auc", "psnr", "ssim",
        "lpips", "signal_ratio", "pose_error", "relative_error", "clip_score", "similarity", "rmse", "mae", "mse",
        "brier", "calibration_error",
    }
)  # fmt: skip
"""Kinds that trainers print of each batch as well as of an evaluation."""
SCORES = OF_ALL_SAMPLES | ON_BATCHES
"""Kinds that are scores whatever they are measured on."""
_TOO_SHORT = re.compile(
    r"(^|/)(ter|per|ler|mer|ser|der|jer|far|frr|wil|is|isc|ap|ar|ari|ami|hd|emd|ned|asd|fad|kid|mr|medr|r2|r_2|hits?"
    r"|correct|err|error|em|poisson|huber|pinball|quantile|gamma_deviance|l1|l2|mse|mae|rmse|success|sr|acc_?\d+|[psr]q|[ul]as)$"
)
"""Words that mean something else where nothing says that an evaluation is told of (`per`, `is`, `error`, `l1`)."""
_BESIDE_OTHERS = re.compile(
    r"(^|/)(is|ap|ar|ari|ami|em|precision|recall|prec|hits?|acc_?[15]|[psr]q|ter|hd|mae|rmse|mse|[ul]as|mr)$"
)
"""Those of them that are known by another score beside them."""
_HALF = re.compile(r"(^|/)(precision|recall|prec)$")
_OF_ALL = re.compile(r"(avg|average|averaged|mean|overall|total|global|final|accuracy|acc)$")
BY_ROW = compiled(r"(^|/)(thresholds?|thr|cut_?off|confidence|support|class(es)?|labels?)$")
"""What a table has a row for each of, where its rows are no points in time."""
_NO_SCORE = re.compile(
    r"threshold|(?<![a-z])(weight|coef\w*|scale|lr|min|max|num|n|count|target|loss|time|noise|drop\w*|reward|grad\w*|mask"
    r"|dof|lin|ang|linear|angular)(?![a-z])"
)


def is_unsplit(name: Name, result: EvalName) -> bool:
    """Whether a name is that of a score, though it names neither a task nor a split: `Acc@1`, `mIoU`, `NDCG@10`."""
    kind = result.metric_kind
    if kind not in OF_ALL_SAMPLES and kind not in ON_BATCHES:
        return False
    if result.task and not is_of_all(kind, name.normal) and not _OF_ALL.match(result.task):
        return False  # what ends in a word of a metric is often another: `EpisodesSoFar`, `G_L1`
    if _HALF.search(name.normal):
        return False  # a precision may be that of numbers
    return not (name.normal.count("/") > 1 or _NO_SCORE.search(name.normal) or _TOO_SHORT.search(name.normal))


@lru_cache(maxsize=8)  # of the names of one run it is asked for each of them
def rows_are_no_course(names: tuple[str, ...]) -> bool:
    """Whether names say that rows are thresholds or classes, not points in time."""
    return any(BY_ROW.search(normalise(name)) for name in names)


def is_of_all(kind: str, name: str) -> bool:
    """Whether a kind is measured over a whole set; a recall is where it has a cut-off, such as `R@1`."""
    return kind in OF_ALL_SAMPLES or (kind == "recall" and any(c.isdigit() for c in name))


def is_of_a_pair(name: Name) -> bool:
    """Whether a short word is that of a score where another score stands beside it: `IS` beside `FID`."""
    return bool(_BESIDE_OTHERS.search(name.normal))
