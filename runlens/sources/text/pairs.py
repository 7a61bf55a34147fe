"""The `name: value`, `name=value` and `name value` pairs of one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
)
from runlens.sources.units import KEPT_UNITS, MANY, MEMORY, NAMED_BY_UNIT, PER_STEP, RATE, SECONDS, TIMED, TIMES, UNIT

_OPENERS = re.compile(r"(?:tensor\(|array\(|np\.float\d*\(|[\[({'\"\s])*$")
_QUOTED = re.compile(r"['\"]([^'\"]+)['\"]$")
_PARTS = re.compile(r"[|,;\t{}\[\]]| {2,}| [-\xb7] | -{2,} |: |=|\s>+\s|[\x80-\xff]+")
_WORDED = re.compile(
    rf"(?:[A-Za-z_][\w./-]*=['\"]?[A-Za-z][^\s=,;|'\"]*['\"]?|{STAGE.pattern}['\"]?)[ \t]+(?=[A-Za-z'\"])",
    re.IGNORECASE,
)
"""A name whose value is a word, before the next name: `phase=anneal loss=2.1`, `stage: warmup loss: 2.1`."""
_LEVEL = re.compile(r"^(?:INFO|WARNING|DEBUG|ERROR|NOTICE)\b[\s:>-]*")
_NAME = re.compile(r"[A-Za-z(][\w@./%+^()'\"*#&<>$-]*(?: [\w@./%+^()'*#&$-]+){0,6}")
_CLOSED = re.compile(r"^%?[)\]][.:,]?\s+(?=[A-Za-z])")
"""The end of a remark before a name: `TRAINING (phase 1). loss: 0.3`."""
_CLOCK = re.compile(r"(?::\d\d)+(?:[.,]\d+)?|/\d\d?/\d{4}(?!\d)(?:[ ,-]*\d\d(?::\d\d)+)?")
_SPEED = re.compile(r"(?<![a-z])(?:speed|throughput|thrput|rate|perf\w*|pace|velocity)$", re.IGNORECASE)
"""Names of a speed that leave it to the unit what is counted: `throughput: 12.5k tok/s`."""
_JUNK = " *-+#>.!~_/"
_DELIMITED = re.compile(r"\s*(?:$|[|,;)\]}(\t]|\s{2}|- )")
_LONGEST_NAME = 120
_HELD = re.compile(r"(?<![a-z])(val(id\w*)?|eval\w*|test\w*|dev|held[-_ ]?out)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its numbers, several where commas part thousands, and what they are multiplied by."""

    at: tuple[int, ...]
    scale: float = 1.0
    over: int = -1
    """The number that it is divided by, such as the 10000 of `9830/10000`; -1 for none."""
    decimals: int = -1
    """The number that stands after a decimal comma; -1 for none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One metric of a line."""

    name: str
    place: Place
    begin: int = 0
    """Where the pair begins and ends in the line, for what is left over."""
    end: int = 0
    split: str = ""
    guessed: bool = False
    """Whether it is called by its split alone, and taken for a loss."""


def place_of(line: str, start: int, numbers: dict[int, int], ends: Sequence[int]) -> Place:
    """The number that begins at `start`, with the groups of three digits that follow it after commas."""
    first = numbers[start]
    at, end = [first], ends[first]
    text = line[start:end].lstrip("+-")
    if text.isdigit() and len(text) <= 3 and text[0] != "0":
        while line[end : end + 1] == "," and end + 1 in numbers:
            following = numbers[end + 1]
            digits = line[end + 1 : ends[following]]
            whole = digits.split(".")[0]
            if len(whole) != 3 or not whole.isdigit():
                break
            at.append(following)
            end = ends[following]
    return Place(tuple(at))


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
    pending = ""
    for start, number in numbers.items():
        if line[start].isalpha() and line[ends[number] : ends[number] + 2].strip().isalpha():
            continue  # a name that holds the word: `number of nan iterations`
        gap = line[previous:start]
        name, rest, strong = _name(gap)
        section = _section(rest, section, split)
        previous = ends[number]
        if number in used or start < skip:
            previous = max(previous, skip)
            continue
        if _is_clock(line, start, ends[number]):
            skip = _after_clock(line, ends[number])
            previous = skip
            continue
        place = place_of(line, start, numbers, ends)
        end = ends[place.at[-1]]
        if strong and METRIC.search(name) and (after := _decimals(line, start, end, numbers, ends)) >= 0:
            place = replace(place, decimals=after)
            end = ends[after]
        skip = end
        unit, end = _unit(line, end)
        if (more := lasting(line, end, unit)) >= 0:
            previous = skip = more  # `1m 52s` is no number
            continue
        previous = end
        pending = name
        if not name:
            name = _by_unit(gap, unit)
        elif not strong and not (METRIC.search(name) or (not rest.strip(" |,;\t-") and _DELIMITED.match(line, end))):
            continue
        if not name or NEVER.search(name):
            continue
        if line[end : end + 1] == "/" and end + 1 in numbers:
            if not METRIC.search(name):
                continue
            place = replace(place, over=numbers[end + 1])
        name, place = _in_unit(name, place, unit)
        guessed = bare and strong and BARE.fullmatch(f"{name}=0.0") is not None
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
        own = section or (soft if name in out else "")
        full = _full(name, prefix, own)
        if full not in out:
            of = own or ("" if held is None else soft)
            out[full] = Field(full, place, start - len(pending), end, of, guessed)
    return tuple(out.values())


def has_metric(fields: Sequence[Field]) -> bool:
    """Whether a line that names these numbers is one of metrics."""
    return any(METRIC.search(f.name.replace("_", " ").replace("/", " ").replace("-", " ")) for f in fields)


def _decimals(line: str, start: int, end: int, numbers: dict[int, int], ends: Sequence[int]) -> int:
    """The digits after a decimal comma (`Loss: 47,8365`), -1 for none: three of them are a group, and more numbers
    after further commas a list.
    """
    after = numbers.get(end + 1, -1) if line[end : end + 1] == "," else -1
    if after < 0 or not line[start:end].lstrip("+-").isdigit():
        return -1
    digits = line[end + 1 : ends[after]]
    whole = line[start:end].lstrip("+-")
    if not digits.isdigit() or line[ends[after] : ends[after] + 1] == "," or (len(digits) == 3 and whole != "0"):
        return -1
    return after


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
    last = _PARTS.split(body if worded is None else body[worded.end() :])[-1]
    rest = body[: len(body) - len(last)]
    last = _CLOSED.sub("", _LEVEL.sub("", last.strip(_JUNK + "'\"")))
    if strong and ":" in last:
        rest, last = rest + last[: last.rindex(":") + 1], last[last.rindex(":") + 1 :].strip(_JUNK)
    if not strong:
        last = " ".join(STATED.sub("", last).split(" ")[-3:])
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


def _unit(line: str, end: int) -> tuple[str, int]:
    """The unit after a number, and where the text after it goes on."""
    found = UNIT.match(line, end)
    if found is None:
        return "", end
    unit = found["attached"] or found["apart"]
    rate = RATE.match(line, found.end()) if unit in MANY else None
    return (unit, found.end()) if rate is None else (f"{unit} {rate[1]}", rate.end())


def _by_unit(gap: str, unit: str) -> str:
    """The name of a number that has none, by its unit; empty if it stays without."""
    if not unit or _PARTS.split(gap)[-1].strip(" |,;\t-(["):
        return ""
    if unit.endswith("/step") and unit[:-5] in TIMES:
        return "time/step"
    return NAMED_BY_UNIT.get(unit) or NAMED_BY_UNIT.get(unit.rpartition(" ")[2], "")


def _in_unit(name: str, place: Place, unit: str) -> tuple[str, Place]:
    """Times in seconds, shares as fractions, 2.05K as 2050; a unit that stays becomes part of the name."""
    many, _, rate = unit.partition(" ")
    if many in MANY and rate:
        place, unit = replace(place, scale=place.scale * MANY[many]), rate
    length, _, step = unit.partition("/")
    length = "min" if length == "m" and TIMED.search(name) else length
    timed = TIMES.get(length) if not step or step in PER_STEP else None
    if timed and name not in KEPT_UNITS:
        name = f"{name} time" if name.lower() in ("cost", "costs") else name  # no cost that training lowers
        name = f"{name} (s/it)" if step and _SPEED.search(name) else name
        return name, replace(place, scale=place.scale * SECONDS[timed])
    memory = re.search(r"(?<![a-z])(mem|memory|gpu_mem|vram|alloc\w*|reserved)", name, re.IGNORECASE)
    if unit in MANY and not memory:
        return name, replace(place, scale=place.scale * MANY[unit])
    if unit.startswith("%"):
        return name, replace(place, scale=place.scale * 0.01)
    if unit in MANY or unit in MEMORY:
        shown = unit if len(unit) > 1 else f"{unit}B"
        return (name if shown.lower() in name.lower() else f"{name} ({shown})"), place
    if unit and "flop" in unit.lower() and "flop" not in name.lower():
        return f"{name} ({unit})", place
    if RATE.fullmatch(unit) and _SPEED.search(name):
        return f"{name} ({unit})", place
    return name, place


def _full(name: str, prefix: str, split: str) -> str:
    """The name as a tracker would know it."""
    if prefix == "hf":
        held_out = name.startswith(("eval_", "test_"))
        return f"{name[:4]}/{name[5:]}" if held_out else f"train/{name}"
    if split and not _HELD.search(name):
        return f"{prefix or split + '/'}{name}"
    return f"{prefix}{name}"
