"""Scores and errors whose names say of no split: of an evaluation, or what training lowers, by what else is logged."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from runlens.model import Split
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.pattern import EVAL, compiled
from runlens.roles.names.take_apart import Name, normalise, take_apart
from runlens.roles.names.unsplit import BY_ROW, rows_are_no_course

_HELD_OUT = compiled(EVAL)
_OF_A_CLASSIFIER = compiled(r"^(.*/)?((macro|micro|avg|mean|weighted)_)*(precision|recall|f_?(1|score)(_?score)?)$")
_FEWEST_SCORES = 2
_OF_ALL_SAMPLES = frozenset({"auc", "iou", "AP"})
"""Kinds that are worked out over many samples at once, so seldom of the batches that are trained on."""
_MAY_BE_OF_ALL = compiled(r"^(\w+[_/])?(au(ro)?c|roc_auc|auc_roc|au?prc?|ap|average_precision|m?io_?u)(_score)?$")
_SPLIT = compiled(r"(?<![a-z])(train(ing)?|val(id\w*)?|test|eval\w*|dev)(?![a-z])")

_LONE_SCORE = re.compile(r"((avg|average|mean|final|overall)_)?scores?")
_OF_SPACY = re.compile(r"^((ents|sents|spans_\w+|cats)_[fpr]|(tag|pos|morph|lemma)_acc|dep_[ul]as)$")
"""Scores of the parts of a pipeline, of which `SCORE` is the weighted mean."""
_SPLIT_WORD = re.compile(r"train(ing)?|learn|val|vali|valid|validation|test|dev")

LONE_ERROR = re.compile(r"(train(ing)?[/_])?((avg|average|mean|total|sum|batch|epoch)_)*(rmse|mse|mae|error|err)")
"""An error of training, or of no split."""
_ERRORS = re.compile(r"(?<![a-z])(rmse|mse|mae|error|err)(?![a-z])")
_ANOTHER = re.compile(r"loss|reward|return|cost|nll|entropy|(?<![a-z])(ppl|perplexity|bce|ce)(?![a-z])")


@lru_cache(maxsize=4)  # of the names of one run it is asked for each of them
def lone_error(names: tuple[str, ...]) -> str:
    """The one error of training or of no split, normalised, of a run that names nothing else that training may lower:
    what a network written by hand prints is what it minimises. Empty if none is, or several are.
    """
    normal = [take_apart(s).normal for s in names]
    errors = [n for n in normal if _ERRORS.search(n)]
    alone = len(errors) == 1 and LONE_ERROR.fullmatch(errors[0]) is not None
    return errors[0] if alone and not any(map(_ANOTHER.search, normal)) else ""


def split_word(name: Name, siblings: Collection[str]) -> Claim | None:
    """What is called for its split alone (`Train`, `Valid`), where two splits are: a score, or a loss if it falls."""
    if not _SPLIT_WORD.fullmatch(name.normal):
        return None
    normal = [normalise(s) for s in siblings]
    words = {s for s in normal if _SPLIT_WORD.fullmatch(s)}
    if len(words) < _FEWEST_SCORES:
        return None
    role = "train_score" if name.normal.startswith(("train", "learn")) else "eval_score"
    why = "called for its split, beside another"
    flags = frozenset({"split-word"})
    split: Split = "train" if role == "train_score" else "eval"
    return Claim(role, "", "global", name.axis, flags, split, "", 0.5, why, "task", base=name.base)


def lone_score(name: Name, siblings: Collection[str]) -> Claim | None:
    """A score of an evaluation, though its name says of no split.

    Either it stands beside other scores where nothing tells of training, or it is called `score` beside a held-out
    loss, or it is made over many samples (AUC, AP, IoU) and no name has its kind with a split.
    """
    only = bool(_LONE_SCORE.fullmatch(name.normal)) and not any(map(_tells_more, siblings))
    beside = name.normal == "score" and any(_goes_with_score(s) for s in map(normalise, siblings))
    lone = bool(_MAY_BE_OF_ALL.search(name.normal)) and _is_of_all(name, tuple(siblings))
    alone = bool(_OF_A_CLASSIFIER.search(name.normal)) and _are_scores_alone(tuple(siblings))
    if not beside and not alone and not lone and not only:
        return None
    told = "beside a held-out loss or other scores" if beside else "where no loss and no split is named"
    told = "that no name of a split has" if lone and not alone and not beside else told
    why = f"{parse_eval(name.base).metric_kind} {told}"
    flags = frozenset({"bare"} if only else ())
    return Claim("eval_score", "", "global", name.axis, flags, "eval", "", 0.5, why, "task", base=name.base)


def _is_of_all(name: Name, names: tuple[str, ...]) -> bool:
    """Whether a score is made over many samples, and no name has its kind with a split: else it is of training."""
    own = parse_eval(name.base)
    if own.metric_kind not in _OF_ALL_SAMPLES or own.task or rows_are_no_course(names):
        return False
    splits = [s for s in names if _SPLIT.search(normalise(s)) and _MAY_BE_OF_ALL.search(normalise(s))]
    return all(parse_eval(take_apart(s).base).metric_kind != own.metric_kind for s in splits)


def _goes_with_score(normal: str) -> bool:
    return bool(_OF_SPACY.search(normal) or ("loss" in normal and _HELD_OUT.search(normal)))


@lru_cache(maxsize=4)  # as above
def _are_scores_alone(names: tuple[str, ...]) -> bool:
    """Whether several of a run's names are scores of a classifier, and none tells of training."""
    scores = sum(1 for s in names if _OF_A_CLASSIFIER.search(normalise(s)))
    return scores >= _FEWEST_SCORES and not any(map(_tells_more, names))


def _tells_more(raw: str) -> bool:
    """Whether a name is of training or of a split, or says that rows are thresholds or classes: no course in time."""
    normal = normalise(raw)
    return "loss" in normal or bool(_SPLIT.search(normal) or BY_ROW.search(normal))
