"""Configuration that a trainer prints before it begins: dumps of arguments, namespaces, and sentences with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MOST = 5000
"""Lines and settings that are read at most: the longest dump known, Megatron's, has 700."""
_DOTTED = re.compile(r"(?:^|\s)(?P<key>[A-Za-z_]\w*) \.{3,} (?P<value>\S.*?)\s*$")
_PAIR = re.compile(
    r"^\s*(?:\S+ )?['\"]?(?P<key>[A-Za-z_][\w./-]*)['\"]?\s*[:=]\s*(?P<value>[^\s:={\[(][^={}]*?|[\[(].*)[,;]?\s*$"
)
_NAMESPACE = re.compile(
    r"(?:Namespace|args?|[Cc]onfig|\w+Arguments|\w+Args|\w+Config)\s*[(:{=]+\s*(?P<inside>.*\w\s*[=:].*)"
)
_INSIDE = re.compile(r"['\"]?(?P<key>[A-Za-z_]\w*)['\"]?\s*[=:]\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s,()\[\]{}]+)")
_NUMBER = re.compile(r"[-+]?\d[\d_,]*(\.\d*)?([eE][-+]?\d+)?|[-+]?\.\d+([eE][-+]?\d+)?")
SENTENCES = (
    ("global_batch_size", r"[Tt]otal train batch size.*?= ([\d,]+)"),
    ("gradient_accumulation_steps", r"[Gg]radient [Aa]ccumulation steps = ([\d,]+)"),
    ("max_steps", r"[Tt]otal optimization steps = ([\d,]+)"),
    ("num_train_epochs", r"[Nn]um [Ee]pochs = ([\d.,]+)"),
    ("train_samples", r"[Nn]um examples = ([\d,]+)"),
    ("world_size", r"using world size: (\d+)|setting number of (?:GPUs|devices) to (\d+)"),
    ("global_batch_size", r"global batch size (\d+)"),
    ("seq_length", r"sequence length (\d+)"),
    ("max_steps", r"total steps (\d+)"),
    ("tokens_per_iteration", r"tokens per iteration will be: ([\d,]+)"),
    ("world_size", r"[Ii]nitializing distributed: GLOBAL_RANK: \d+, MEMBER: \d+/(\d+)"),
)
"""Sentences of Megatron-LM, the HF Trainer, torchtitan, nanoGPT and Lightning that state a setting."""
_SENTENCES = tuple((key, re.compile(pattern)) for key, pattern in SENTENCES)
_PREFIX = re.compile(r"^\s*(?:\[?(?:default|rank)?\d+\]?:|\[[^\]]*\]|\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+|INFO|-|\|)\s*")


def preamble(text: bytes, config: dict[str, object]) -> None:
    """Add to `config` what the lines before the first line of metrics say; the first word on a key stays."""
    for key, value in settings(text.decode("utf-8", "replace").splitlines()):
        if len(config) >= _MOST:
            return
        config.setdefault(key, value)


def settings(lines: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Settings in the order in which lines state them; what is none is passed over."""
    for number, line in enumerate(lines):
        if number >= _MOST or len(line) > 20_000:
            continue
        for key, sentence in _SENTENCES:
            found = sentence.search(line)
            if found is not None:
                yield key, _value(next(g for g in found.groups() if g))
        dotted = _DOTTED.search(line)
        if dotted is not None:
            yield dotted["key"], _value(dotted["value"])
            continue
        inside = _NAMESPACE.search(line)
        if inside is not None:
            for found in _INSIDE.finditer(inside["inside"]):
                yield found["key"], _value(found["value"])
            continue
        bare = _PREFIX.sub("", line)
        pair = _PAIR.match(bare)
        if pair is not None and len(bare) < 200 and (" " not in pair["value"] or pair["value"][0] in "[("):
            yield pair["key"], _value(pair["value"])


def _value(text: str) -> object:
    """A number, a flag, None, or the text as it stands."""
    text = text.strip().strip("'\"")
    if _NUMBER.fullmatch(text):
        digits = text.replace(",", "").replace("_", "")
        return float(digits) if any(c in digits for c in ".eE") else int(digits)
    return {"True": True, "False": False, "true": True, "false": False, "None": None, "null": None}.get(text, text)
