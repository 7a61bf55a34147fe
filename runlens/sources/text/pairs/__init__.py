"""The `name: value`, `name=value` and `name value` pairs of one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from runlens.sources.text.pairs.place import Field, Place, decimals_of, place_of
from runlens.sources.text.pairs.twofold import (
    AFTER_COUNTER,
    COUNTED,
    before_counter,
    second_number,
    total_number,
    two_names,
)
from runlens.sources.text.pairs.units import PARTS, by_unit, in_unit, unit_of
from runlens.sources.text.phases import STAGE
from runlens.sources.text.times import lasting
from runlens.sources.text.words import (
    BARE,
    HELD_OUT,
    MEASURED,
    METRIC,
    NEVER,
    PROSE,
    RENAMED,
    RENAMED_OF,
    STATED,
    TRAINING,
    spaced,
)

__all__ = ["Field", "Place", "are_measured", "has_metric", "pairs", "place_of"]

_OPENERS = re.compile(r"(?<![\[({'\"\s])(?:tensor\(|array\(|np\.float\d*\(|[\[({'\"\s])+$")
_QUOTED = re.compile(r"['\"]([^'\"]+)['\"]$")
_WORDED = re.compile(
    rf"(?:[A-Za-z_][\w./-]*=['\"]?[A-Za-z][^\s=,;|'\"]*['\"]?|{STAGE.pattern}['\"]?)[ \t]+(?=[A-Za-z'\"])",
    re.IGNORECASE,
)
"""A name whose value is a word, before the next name: `phase=anneal loss=2.1`, `stage: warmup loss: 2.1`."""
_LEVEL = re.compile(r"^(?:INFO|WARNING|DEBUG|ERROR|NOTICE)\b(?::[\w.]+:)?[\s:>*-]*")
_NAME = re.compile(r"[A-Za-z(][\w@./%+^()'\"*#&<>$-]*(?: [\w@./%+^()'*#&$-]+){0,6}")
_CLOSED = re.compile(r"^%?[)\]][.:,]?\s+(?=[A-Za-z])")
"""The end of a remark before a name: `TRAINING (phase 1). loss: 0.3`."""
_CLOCK = re.compile(r"(?::\d\d)+(?:[.,]\d+)?|/\d\d?/\d{4}(?!\d)(?:[ ,-]*\d\d(?::\d\d)+)?")
_PLACE = re.compile(r"\d+\)")
"""How the place in a program ends that a logger tells in brackets: `(trainer:672)`."""
_JUNK = " *-+#>.!~_/"
_DECIMALS = re.compile(r"\d\.\d\d")
_DELIMITED = re.compile(r"\s*(?:$|[|,;)\]}(\t]|\s{2}|- )")
_LONGEST_NAME = 120
_OF_LOOP = re.compile(r"\[ *\d+ */ *\d+ *\]")
_SO_FAR = re.compile(r" ?\( *(?P<mean>[-+]?\d[\d.e+-]*|nan)\)")
"""The mean of all batches so far, behind that of one: `Test: [240/242] Loss 4.6884 (6.4444)`. At the end of a loop over
held-out data it is the result."""
_HELD = re.compile(r"(?<![a-z])(val(id\w*)?|eval\w*|test\w*|dev|held[-_ ]?out)(?![a-z])", re.IGNORECASE)


def pairs(
    line: str,
    numbers: dict[int, int],
    ends: Sequence[int],
    used: set[int],
    prefix: str,
    split: str,
    framework: str = "",
) -> tuple[Field, ...]:
    """The metrics of a line, in order, each name once.

    Parameters
    ----------
    line : str
    numbers : dict of int to int
        Where each number begins, in order.
    ends : sequence of int
        Where each ends.
    used : set of int
        Numbers that are a step, an epoch or a time.
    prefix : str
        Put before each name, such as `train_inner/`; `hf` as the HF Trainer does when it sends a row to trackers.
    split : str
        `val` or `test` where the whole line is of held-out data.
    """
    out: dict[str, Field] = {}
    section, soft, previous, skip = split, "", 0, -1
    bare = MEASURED.search(line) is None
    pending = told = ""
    of_loop = bool(split) and _OF_LOOP.search(line) is not None
    for start, number in numbers.items():
        if line[start].isalpha() and line[ends[number] : ends[number] + 2].strip().isalpha():
            continue  # a name that holds the word: `number of nan iterations`
        gap = line[previous:start]
        name, rest, strong = _name(gap)
        counter = number in used and start >= skip
        section = _section(gap if counter else rest, section, split)  # `VALIDATION step 5 - loss 2.1`
        previous = ends[number]
        if number in used or start < skip:
            previous = max(previous, skip)
            told = before_counter(gap) if start >= skip else ""
            continue
        if _is_clock(line, start, ends[number]):
            skip = _after_clock(line, ends[number])
            previous = skip
            continue
        place = place_of(line, start, numbers, ends)
        end = ends[place.at[-1]]
        if of_loop and (mean := _SO_FAR.match(line, end)) is not None and mean.start("mean") in numbers:
            place = place_of(line, mean.start("mean"), numbers, ends)
            end = mean.end()
        if strong and METRIC.search(name) and (after := decimals_of(line, start, end, numbers, ends)) >= 0:
            place = replace(place, decimals=after)
            end = ends[after]
        skip = end
        unit, end = unit_of(line, end)
        if (more := lasting(line, end, unit)) >= 0:
            previous = skip = more  # `1m 52s` is no number
            continue
        previous = end
        if told and not name and AFTER_COUNTER.fullmatch(gap):
            name, _, strong = _name(f"{told}: ")
        told, pending = "", name
        if not name:
            name = by_unit(gap, unit)
        elif not strong and not (METRIC.search(name) or (not rest.strip(" |,;\t-") and _DELIMITED.match(line, end))):
            continue
        if not name or NEVER.search(name):
            continue
        if gap.endswith(f"({name}:") and _PLACE.fullmatch(line[start : end + 1]) and not METRIC.search(name):
            continue
        both = two_names(name)
        if both is not None and (behind := second_number(line, end, numbers)) >= 0:
            second = place_of(line, behind, numbers, ends)
            its_unit, end = unit_of(line, ends[second.at[-1]])
            for (called, of), one, its in zip(both, (place, second), (unit, its_unit or unit), strict=True):
                called, one = in_unit(called, one, its)
                out.setdefault(f"{prefix}{called}", Field(f"{prefix}{called}", one, start - len(name), end, of))
            previous = skip = end
            continue
        total = (
            end + 1 if line[end : end + 1] == "/" else total_number(line, end, numbers) if COUNTED.search(name) else -1
        )
        if total in numbers:
            if not METRIC.search(name):
                continue
            place = replace(place, over=numbers[total])
        name, place = in_unit(name, place, unit)
        guessed = bare and strong and (framework == "CatBoost" or BARE.fullmatch(f"{name}=0.0") is not None)
        guessed = guessed and name not in ("total", "best")
        if guessed:
            name = f"{name} loss"
        for pattern, new in RENAMED:
            name = pattern.sub(new, name)
        name = RENAMED_OF.get(framework, {}).get(name, name)
        held = _HELD.search(name)
        if held is not None:
            soft = "test" if held[0].lower().startswith("test") else "val"
        elif TRAINING.search(name):
            soft = ""
        trained = not split and TRAINING.search(spaced(name)) is not None
        own = "" if trained else section or (soft if name in out else "")
        full = _full(name, prefix, own)
        if full not in out:
            of = own or ("" if held is None else soft)
            begin = max(line.rfind(pending, 0, start), 0) if pending else start
            out[full] = Field(full, place, begin, end, of, guessed)
    return tuple(out.values())


def has_metric(fields: Sequence[Field]) -> bool:
    """Whether a line that names these numbers is one of metrics."""
    return any(METRIC.search(spaced(f.name)) for f in fields)


def are_measured(line: str, fields: Sequence[Field]) -> bool:
    """Whether numbers by names that nobody knows are those of a measurement: several, each with decimals.

    `[epoch 3] fg-x=0.4549 mBO=0.2224` is a row, `online epoch # 3 [batchSize = 128]` is a heading.
    """
    return len(fields) > 1 and all(_DECIMALS.search(line, f.begin, f.end) for f in fields)


def _name(gap: str) -> tuple[str, str, bool]:
    """The name that the text before a number ends in, what is before the name, and whether `:` or `=` parts them."""
    body = _OPENERS.sub("", gap)
    strong = body.endswith((":", "="))
    if strong:
        body = body[:-1].rstrip()
    elif len(body) == len(gap) or not gap[len(body) :].isspace():
        return "", gap, False
    quoted = _QUOTED.search(body)
    if quoted is not None and strong:
        return quoted[1][:_LONGEST_NAME], body[: quoted.start()], True
    worded = _last(_WORDED, body)
    last = PARTS.split(body if worded is None else body[worded.end() :])[-1]
    rest = body[: len(body) - len(last)]
    last = _CLOSED.sub("", _LEVEL.sub("", last.strip(_JUNK + "'\"")))
    if strong and ":" in last:
        rest, last = rest + last[: last.rindex(":") + 1], last[last.rindex(":") + 1 :].strip(_JUNK)
    before, _, inside = last.rpartition("(")
    if ")" not in inside and (HELD_OUT.fullmatch(before.strip()) or TRAINING.fullmatch(before.strip())):
        rest, last = f"{rest}{before}(", inside  # `Val (loss: 0.5, acc: 0.8)`
    if not strong:
        last = " ".join(STATED.sub("", last).strip("'\"").split(" ")[-3:])
        if PROSE.search(last):
            return "", gap, False
    found = _NAME.fullmatch(last)
    if found is None or len(last) > _LONGEST_NAME:
        return "", body, False
    return last.strip("()") if last.count("(") != last.count(")") else last, rest, strong


def _section(rest: str, section: str, split: str) -> str:
    """The split that the words before a name say, or the one so far."""
    if split:
        return split
    held, training = _last(HELD_OUT, rest), _last(TRAINING, rest)
    if held is not None and (training is None or training.start() < held.start()):
        return "test" if held[0].lower().startswith("test") else "val"
    return "" if training is not None else section


def _last(words: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in words.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found


def _is_clock(line: str, start: int, end: int) -> bool:
    """Whether a number begins a duration, a time of day or a date, such as `1:20:33` or `02/05/2018`."""
    return line[start:end].isdigit() and _CLOCK.match(line, end) is not None


def _after_clock(line: str, end: int) -> int:
    found = _CLOCK.match(line, end)
    return found.end() if found else end


def _full(name: str, prefix: str, split: str) -> str:
    """The name as a tracker would know it."""
    if prefix == "hf":
        held_out = name.startswith(("eval_", "test_"))
        return f"{name[:4]}/{name[5:]}" if held_out else f"train/{name}"
    if split and not _HELD.search(name):
        return f"{prefix or split + '/'}{name}"
    return f"{prefix}{name}"
