"""Scores whose names say of no split: of held-out data or of training, by what else is logged and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from runlens.model import Series
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.take_apart import normalise
from runlens.roles.names.unsplit import is_of_all
from runlens.roles.numbers import rank_order

ENOUGH = 20
"""Points of a training loss from which on it is no table of epochs, in which evals stand in each row."""
SPARSE = 0.5
"""Share of the points of the training loss up to which a score is one of evaluations, which are rarer than steps."""
TOGETHER = 0.9
"""Share of the points of a score that stand at steps of the training loss where it is logged with it."""
FALLS = 0.3
"""Rank correlation from which on a series is known to rise, or to fall."""
FEWEST = 4
"""Values from which that says anything: three fall in order one time in six by chance."""
_OF_A_HEAD = re.compile(r"(fast|mask|keypoint|cascade)_rcnn/|rpn/|roi_heads?/")
"""How detectron2 names what it logs of each batch: evaluations come as `bbox/AP`."""
_TRAIN = re.compile(r"(?<![a-z])(train(ing)?|tr|trn)(?![a-z])")


def with_splits(claims: Mapping[str, Claim], series: Mapping[str, Series]) -> dict[str, Claim]:
    """The claims, with scores of no told split as what they are: `eval_score`, or `train_score` for those of training.

    Parameters
    ----------
    claims : mapping
        Logged name to what it says; the flag `bare` marks scores whose names tell neither a benchmark nor held-out
        data, `unsplit` those of them that name no task either.
    series : mapping
        Logged name to series, as read.

    Returns
    -------
    dict
        A score with a task is of training where it is logged wherever a training loss of `ENOUGH` points is
        (detectron2's `fast_rcnn/cls_accuracy`). One that names nothing is of held-out data where

        - its kind is measured over a whole set (FID, mAP, BLEU) or nothing is called a training loss;
        - a twin of its kind is called one of training (`train_acc` beside `acc`), or the training loss is told from a
          held-out one, and no score of its kind has a split (fastai's `train_loss`, `valid_loss`, `accuracy`);
        - it is logged at most half as often as the training loss.

        It is of training beside a held-out score of its kind (Keras' `acc` beside `val_acc`), and else of a split that
        nothing tells, which no rule judges.
    """
    claims = _split_words(claims, series)
    bare = [name for name, claim in claims.items() if claim.role == "eval_score" and "bare" in claim.flags]
    if not bare:
        return dict(claims)
    losses = [name for name, claim in claims.items() if claim.role == "train_loss"]
    longest = max(losses, key=lambda name: len(series[name]), default="")
    loss = series[longest] if longest else None
    told_loss = bool(_TRAIN.search(normalise(longest))) and any(c.role == "eval_loss" for c in claims.values())
    kinds = _kinds_by_split(claims)
    out = dict(claims)
    for name in bare:
        claim, kind = claims[name], parse_eval(claims[name].base or name).metric_kind
        of_all, twin = is_of_all(kind, name), kind in kinds["eval"]
        if "unsplit" in claim.flags:
            held_out = of_all or told_loss or kind in kinds["train"] or loss is None
            rare = loss is not None and len(series[name]) <= SPARSE * len(loss)
            if twin:
                out[name] = _aside(claim, f"{kind} beside that of held-out data")
            elif not held_out and not rare:
                out[name] = _aside(claim, f"{kind} of a split that is not told, logged as often as the training loss")
        elif not of_all and loss is not None and _OF_A_HEAD.match(normalise(name)):
            out[name] = _aside(claim, "a score of the boxes that a head of the model is trained on")
        elif not of_all and (twin or not told_loss) and loss is not None and _beside(series[name], loss):
            out[name] = _aside(claim, "a score of training batches: it is logged wherever the training loss is")
    return out


def _split_words(claims: Mapping[str, Claim], series: Mapping[str, Series]) -> dict[str, Claim]:
    """The claims, with what is called for its split alone as losses where they fall: `train: 26.1, valid: 18.4`."""
    words = {name: claim for name, claim in claims.items() if "split-word" in claim.flags}
    falls = [name for name in words if _order(series[name]) < -FALLS]
    if not falls or any(_order(series[name]) > FALLS for name in words):
        return dict(claims)
    taken = {claim.role for claim in claims.values()}
    out = dict(claims)
    for name, claim in words.items():
        role = "train_loss" if claim.split == "train" else "eval_loss"
        if role in taken:
            del out[name]
        else:
            out[name] = replace(claim, role=role, why=f"{claim.why}; it falls", by="split")
    return out


def _order(series: Series) -> float:
    """Rank correlation of values with their order; 0 of fewer than `FEWEST`."""
    value = series.value[np.isfinite(series.value)]
    if len(value) < FEWEST or np.ptp(value) == 0.0:
        return 0.0
    return rank_order(value)


def _kinds_by_split(claims: Mapping[str, Claim]) -> dict[str, frozenset[str]]:
    """The kinds of the scores whose names say that they are of held-out data, and of training."""
    told: dict[str, set[str]] = {"eval": set(), "train": set()}
    for name, claim in claims.items():
        if claim.role == "train_score":
            told["train"].add(parse_eval(claim.base or name).metric_kind)
        elif claim.role == "eval_score" and "bare" not in claim.flags:
            told["eval"].add(parse_eval(claim.base or name).metric_kind)
    return {split: frozenset(kinds) for split, kinds in told.items()}


def _aside(claim: Claim, why: str) -> Claim:
    return replace(claim, role="train_score", split="train", confidence=0.6, why=why, origin="pattern", by="")


def _beside(series: Series, loss: Series) -> bool:
    """Whether a score is logged wherever a training loss is that is no table of a few epochs."""
    often = len(loss) >= ENOUGH and len(series) >= SPARSE * len(loss)
    return often and float(np.mean(np.isin(series.step, loss.step))) >= TOGETHER
