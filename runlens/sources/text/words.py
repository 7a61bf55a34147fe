"""What the words on console lines mean, as data: counters, splits, metrics, and what is never a metric."""

from __future__ import annotations

import re

_END = r"(?![A-Za-z0-9_/])(?:['\"]|\](?=[ \t]))?[ \t]*[:=#]?[ \t]*[\[({'\"]*[ \t]*"
"""After a counter's word and before its number: `step 5`, `step: 5`, `'step': 5`, `Step [5/10]`, `epoch: {5/10}`."""
STEPS = (
    r"num_updates|global_step/max_steps|global[ _-]?steps?|optimi[sz]er[ _]steps?|train(?:ing)?[ _]steps?"
    r"|current_steps|completed step",
    r"(?:total|num)[ _]timesteps|timesteps?",
    r"iterations?|iters?|itr|it|tick",
    r"steps?|updates?|up\.|num_steps|cur_step"
    r"|(?:(?:global|communication|comm|training|federated)[ _.])*rounds?(?:[ _](?:num(?:ber)?|no|idx|index|id))?|s",
    r"batch(?:es)?|mini-?batch|batch[ _](?:idx|id|index)|trial|sample",
)
"""Words for the step; those of an earlier line are believed before those of a later one."""
STEP = re.compile(
    rf"(?<![A-Za-z0-9_/.])(?<![A-Za-z0-9_]-)(?P<word>{'|'.join(STEPS)}){_END}(?P<step>\d+(?:,\d{{3}})*(?:\.0+)?)(?!\.?\d)"
    r"(?!(?:[mu]?s|sec|m|min|h)(?![A-Za-z]))"  # `Step: 61ms` is how long it took
    r"(?P<suffix>[kKM](?![A-Za-z]))?(?:[ \t]*(?:/|of|\|)[ \t]*(?P<of>\d+))?",
    re.IGNORECASE,
)
"""The step of a line: one of the words, then a whole number, and perhaps how many there will be."""
EPOCH = re.compile(
    r"(?<![A-Za-z0-9_/])(?<!num )(?<!max )(?<!total )(?<!success )(?<!successful )"
    r"(?:(?:(?:meta[ _-])?epochs?(?:\(/\d+\)|[ _](?:num|no|idx|index|id))?|ep\.?|episodes?)"
    rf"{_END}|epoch\.?(?=\d))(?P<epoch>\d+(?:\.\d+)?)(?:[ \t]*(?:/|of)[ \t]*(?P<epochs>\d+))?",
    re.IGNORECASE,
)
_OF_AN_ENVIRONMENT = re.compile(r"episodes?|(?:(?:total|num)[ _])?timesteps?|sample", re.IGNORECASE)
ROUND = re.compile(r"(?<![a-z])round(?![a-z])", re.IGNORECASE)
"""What federated learning counts: in each, clients train on their own and a server puts together what they learnt."""
_ALONE = r"(?<![\w/.\\-])({words})(?![\w/\\-]|\.\w)"
HELD_OUT = re.compile(
    _ALONE.format(
        words="val(?:id(?:at(?:ion|ing|e))?)?|eval(?:uat(?:ion|ing|e))?|test(?:ing)?|dev|held[-_ ]?out"
        r"|cross-?val(?:idation)?|cv(?= info| loss)"
    ),
    re.IGNORECASE,
)
"""A word that says that what follows was measured on held-out data."""
TRAINING = re.compile(_ALONE.format(words="train(?:ing)?|train_inner"), re.IGNORECASE)
_METRICS = (
    r"loss(?:es)?|l_(?:g_|d_)?(?:pix|percep|style|fea|gan|total)|nll|log.?likelihood|cost|entropy|xent|bce|elbo|kl|logloss"
    r"|mlogloss|trl|tel",
    r"err(?:or)?|rmse|mse|mae|mape|l[12]|huber|quantile",
    r"ppl|perplexity|bpb|bpc|wer|cer|eer|bleu|pk|windiff|ade|fde|mpjpe",
    r"acc(?:uracy)?\d*|auc|f1|prec(?:ision)?|recall|top|map|iou|miou|dice|mcc|ap(?:50|75)?|r2|gini|ndcg|psnr|ssim|fid|score"
    r"|ari|nmi|energy|objective|hd95|hausdorff|assd|kappa|corr(?:elation)?|pearson|spearman|jaccard|dsc|specificity"
    r"|sensitivity|lpips|mrr|hits?|elo|ccc|srcc|plcc|si-?sdr|pesq|stoi|rouge\w*|meteor|cider|chrf|brier|ece|crps",
    r"reward|return",
    r"lr|l\.r\.?|learning.rate|grad|gnorm|norm",
    r"tok|tokens|samples|throughput|tps|mfu|tflops?|tflop/s/gpu|time",
)
_JOINED = (
    r"(?-i:(?<![\w.])[DG](?:_[a-z]{1,8})?(?=[ \t]*[:=]|$))|cross_?entropy|(?<!time)(?<=[a-z])(?:loss|acc|ppl)(?![a-z])"
)
METRIC = re.compile(rf"(?<![a-z])({'|'.join(_METRICS)})(?![a-z])|{_JOINED}", re.IGNORECASE)
"""Words of which a line of metrics has at least one."""
MEASURED = re.compile(rf"(?<![a-z])({'|'.join(_METRICS[:5])})(?![a-z])|{_JOINED}", re.IGNORECASE)
"""Those among them for what a model is measured by, and no rate, norm or speed."""
SCORE = re.compile(rf"(?<![a-z])(?:{_METRICS[2]}|{_METRICS[3]})(?![a-z])", re.IGNORECASE)
"""Those that are no loss, rate or speed: scores, mostly."""
LOSS = re.compile(
    r"(?<![a-z])(loss|l_(?:g_)?(?:pix|total)|trl|tel|nll|rmse|mse|mae|logloss|error|cost|l2|l1|perplexity|ppl)(?![a-z])|[a-z]loss(?![a-z])",
    re.IGNORECASE,
)
LOSS_ALONE = re.compile(r"(?:train(?:ing)?[/_ ])?loss", re.IGNORECASE)
"""What the loss of the training as a whole is called."""
BARE = re.compile(
    r"(?<![\w/.-])(?P<name>train(?:ing)?|val(?:id(?:ation)?)?|held[-_]?out)['\"]?[ \t]*[:=][ \t]*\d*\.\d", re.IGNORECASE
)
"""A split and a number on a line that names nothing measured: `step 200  train=2.3038  val=2.2490  lr=0.001`."""
DROPPED = "(User provided step: "
"""What W&B warns of where it takes no more points of a step: the number is none of the log's."""
SETTINGS = re.compile(
    r"\bNamespace\(|(?:\b(?:True|False|None)\b.*){3}"
    r"|\b(?i:args|arguments|config|configuration|hparams|settings)\s*[:=]?\s*\{\s*['\"]?\w+['\"]?\s*:"
)
"""What a line of printed settings holds, whatever else: three flags, a namespace of Python, or a dictionary that calls
itself so."""
NO_DESCENT = re.compile(
    r"(?<![a-z])(?:[dgvq]f?\d?|dis\w*|gen\w*|adv\w*|critic\d?|actor|policy|value|pg|td)[_ ]?loss(?![a-z])"
    r"|loss[_ ]?(?:[dg]|dis\w*|gen\w*|adv\w*|gan)(?![a-z])",
    re.IGNORECASE,
)
"""Losses that do not fall as training goes on: of adversaries, and of reinforcement learning."""
STRANGE = re.compile(rf"(?:{METRIC.pattern})[a-z_0-9]*['\"]?[ \t]*[:=(\[ ][ \t]*[\[(]*[-+]?\d*\.\d", re.IGNORECASE)
"""A metric and a number with a decimal point: what a line that was not understood may have wanted to say."""
BEST = re.compile(r"(?<![a-z])(?:best|saved|saving|improved|total time)(?![a-z])", re.IGNORECASE)
"""Words of lines that say again what an earlier one said."""
PAIRED = re.compile(
    r"[\w)%\]'\"][ \t]*[:=][ \t]*[\[({'\"]*(?:tensor\(|np\.float\d*\()?[-+]?(?:\.?\d|nan|inf)"
    rf"|(?:{METRIC.pattern})[\w)@]*[ \t]+(?:is[ \t]+)?[-+]?(?:\d|nan|inf)",
    re.IGNORECASE,
)
"""A name and a number: what a line without a step needs at the least."""
STATED = re.compile(r" (?:so far )?(?:is|was|reached)$", re.IGNORECASE)
"""Between a name and its number in a sentence: `val loss is 0.03`."""
PROSE = re.compile(
    r"(?:^| )(?:of|to|is|at|in|on|from|for|the|a|an|than|by|with|and|or|after|before|be|was|were|are|reached|over|under"
    r"|about|only|this|that|next|last|every)$",
    re.IGNORECASE,
)
"""Words after which a number is part of a sentence."""
NEVER = re.compile(
    r"^(?:eta|eta_seconds|remaining(?:[ _]time)?|percentage|elapsed_time|global_step/max_steps|since|took|total time"
    r"|current time|time ?stamp|now|date(?:time)?"
    r"|v_num|version|pid|port|seed|line|id|args?|wall|max_epochs?|total_epochs?"
    r"|not in top|rank|local_rank|global_rank|gpu|cuda|device|host|node|[dptec]p|py|cpp)$"
    r"|\.(?:py|cc|cpp|cu)$|/[\w.]*\.h$|(?:^|[ _-])best(?:$|[ _-])",
    re.IGNORECASE,
)
"""Numbers that a line of metrics names and that are no measurement, or say again what an earlier line said."""
SETTING = re.compile(r"\s*(?:\w+=[^=,]*,|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+: ?\S+)\s*$")
"""A whole line of printed settings: of a dataclass (`max_grad_norm=1.0,`) or of yacs (`GRAD_NORM_CLIP: 5.0`)."""

RENAMED = (
    (re.compile(r"^(.*lm[ _]loss) value$"), r"\1"),
    (re.compile(r"^(.*lm[ _]loss)[ _](?:PPL|ppl)(?: value)?$"), r"\1 ppl"),
    (re.compile(r"^throughput per GPU \(TFLOP/s/GPU\)$"), "TFLOP/s per GPU"),
    (re.compile(r"^(\w+)'s (.+)$"), r"\1_\2"),
    (re.compile(r"(?<![a-z])va(?:ildat|lidt|liat|ldat)ion(?![a-z])", re.IGNORECASE), "validation"),
    (re.compile(r"^time \(data\)$"), "step_time"),
    (
        re.compile(
            r"^(\w+) (?:on|of) (?:the )?(train(?:ing)?|eval(?:uation)?|val(?:idation)?|test)[ -]?(?:set|data|split)$",
            re.I,
        ),
        r"\2 \1",
    ),
    (re.compile(r"^gloabl batch size$"), "global batch size"),
    (re.compile(r"^CROSSVAL (.+)$"), r"validation \1"),
    (re.compile(r"^CV info (?:cv_)?(.+)$"), r"validation \1"),
    (re.compile(r"^L\.r\.?$"), "learning rate"),
    (re.compile(r"^(?:avg_)?batch_cost$"), "batch_time"),
    (re.compile(r"^(?:avg_)?(?:reader|data)_cost$"), "data_time"),
    (re.compile(r"^(?:Train|Eval) (\w\S*/\S+)$"), r"\1"),
)
"""Names of console lines that differ from what the same framework sends to a tracker."""
_BETWEEN_WORDS = str.maketrans("_/", "  ")
RENAMED_OF = {
    "ESPnet": {"iter_time": "data_time", "train_time": "step_time"},
    "StyleGAN": {"time": "elapsed time"},
    "MatConvNet": {"Hz objective": "objective_loss"},
    "Torch7": {"top1": "last batch, 1", "top5": "last batch, 5"},
    "CatBoost": {"total": "elapsed time"},
    "Torch7's errors": {"Err": "loss", "top1": "top1 error", "top5": "top5 error"},
    "Marian": {"Time": "time between two lines"},
    "WeNet's evaluation": {"loss": "batch loss", "history loss": "loss"},
}
"""Names that mean something else in one framework than in all others."""


def spaced(name: str) -> str:
    """A logged name with blanks between its words, as on a line: `val/top_1` -> `val top 1`."""
    return name.translate(_BETWEEN_WORDS)


def environment(word: str) -> str:
    """What a counter is called, where that is an episode, a step of an environment or a sample; else empty."""
    found = _OF_AN_ENVIRONMENT.match(word)
    return found[0].lower() if found is not None else ""
