"""What lines between two trainings of one log say: how the first ended, and what the second is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from runlens.sources.appended import Between
from runlens.sources.text.ends import FINISHED, begun, crashed
from runlens.sources.text.settings import settings
from runlens.sources.text.words import METRIC

_NUMBERED = (
    r"fold|run|seed|trial|experiment|exp|repeat|repetition|replicate|subject|split|config|combination|grid point|client"
)
_NAMED = (
    r"model|data ?set|method|optimi[sz]er|architecture|backbone|algorithm|task|target|class|learning[ _]rate|lr"
    r"|batch[ _]size|hidden(?:[ _](?:size|dim))?|dropout|weight[ _]decay|params?|parameters|hyper-?parameters?"
)
_WORDS = re.compile(
    rf"(?<![\w/.-])(?:(?P<number>{_NUMBERED})[ _]*(?:no\.?|number|id|idx)?[ ]*[:=#_-]?[ ]*(?P<which>\d{{1,5}})(?![\w.])"
    rf"|(?P<name>{_NAMED})['\"]?[ ]*[:=][ ]*['\"({{\[]*(?P<what>[\w./+-]+))",
    re.IGNORECASE,
)
"""`Fold 3/5`, `Training fold 3`, `run: 2`, `model = resnet18`, `lr=0.01`."""
_ENDED = re.compile(rb"early[- ]?stopp(?:ed|ing)(?! counter| patience|:)|stopp(?:ed|ing) early", re.IGNORECASE)
_OF_THE_LAUNCH = re.compile(
    r"time|date|dir|path|file|log|out|name|(?<![a-z])id(?![a-z])|pid|port|host|gpu|device|cuda|version|memory|elapsed"
    r"|resum|start|init|load|ckpt|checkpoint|begin|epoch|step|iter|best|eta|wandb|total|save",
    re.IGNORECASE,
)
"""Settings that differ from one launch to the next of the same training, and what is no setting."""
_A_RATE = re.compile(r"(?:base_|init_|max_)?(?:lr|learning_?rate)", re.IGNORECASE)
_LONGEST = 300
_DUMPED = 5
"""Settings stated again, as they were, that are a dump of the arguments of a program that was begun again."""


def between(pieces: Sequence[Sequence[str]]) -> list[Between]:
    """What each stretch of lines says, beside the one before it.

    Parameters
    ----------
    pieces : sequence of sequence of str
        The lines before each training, those before the first one first.

    Returns
    -------
    list of Between
        One for each but the first.
    """
    out = []
    told: dict[str, str] = {}
    stated: dict[str, object] = {}
    for k, lines in enumerate(pieces):
        own, where = _told(lines)
        config = dict(settings(lines))
        if k:
            new = [key for key, value in own.items() if _is_new(key, value, told)]
            at = min((where[key] for key in new), default=len(lines))
            again = sum(key in stated and stated[key] == value and _is_setting(key) for key, value in config.items())
            other = bool(new) or any(
                key in stated and stated[key] != value and _is_setting(key) for key, value in config.items()
            )
            text = "\n".join(lines).encode("utf-8", "replace")
            out.append(
                Between(
                    ended=FINISHED.search(text) is not None or _ENDED.search(text) is not None,
                    crashed=crashed(text),
                    names_another=other,
                    launched=again >= _DUMPED or bool(begun(text)),
                    title="".join(lines[at : at + 1]).strip(),
                    above=len(lines) - at,
                    config=config,
                    text=text,
                )
            )
        told |= own
        stated |= config
    return out


def _told(lines: Iterable[str]) -> tuple[dict[str, str], dict[str, int]]:
    """What lines name, the first word on each, and which line names it."""
    found: dict[str, str] = {}
    where: dict[str, int] = {}
    for number, line in enumerate(lines):
        if len(line) > _LONGEST or line.startswith("wandb:"):
            continue
        for said in _WORDS.finditer(line):
            key = (said["number"] or said["name"]).lower()
            if key not in found:
                found[key], where[key] = said["which"] or said["what"], number
    return found, where


def _is_new(key: str, value: str, told: Mapping[str, str]) -> bool:
    """Whether a name is another than that of the training before; the number of a fold that had none counts."""
    if key in told:
        return told[key] != value
    return re.fullmatch(_NUMBERED, key) is not None and key not in ("seed", "config", "exp")


def _is_setting(key: str) -> bool:
    if _A_RATE.fullmatch(key):
        return True
    return METRIC.search(key) is None and _OF_THE_LAUNCH.search(key) is None
