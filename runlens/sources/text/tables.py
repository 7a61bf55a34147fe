"""Numbers whose names stand in a line above, in a box, or in the name of the file: Stable Baselines, fastai."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from runlens.sources.text.pairs import Field, Place, place_of
from runlens.sources.text.words import METRIC, NEVER

_BOX = re.compile(
    r"^\s*\|\s+(?P<name>[A-Za-z][\w /.()%-]*?)\s+\|\s+(?P<value>[-+]?[\d.][\d.eE+-]*|nan|-?inf)\s+\|\s*$", re.IGNORECASE
)
_SECTION = re.compile(r"^\s*\|\s+(?P<name>[\w ]+)/\s+\|\s+\|\s*$")
_BAR = re.compile(r"\d+%(?:\||\s+[\x80-\xff]{2})")
_CELL = re.compile(r"\S+")
_COUNTERS = re.compile(r"^(epochs?|iter(ation)?s?|steps?|it|itn|batch|n_updates|#|(?-i:E))$", re.IGNORECASE)
_EPOCHS = re.compile(r"epoch|itn$|(?-i:E)$", re.IGNORECASE)
"""Those counters that are epochs: spaCy's table heads them `E`, and `Itn` before its third version."""
_WIDE = re.compile(r"\S+(?: \S+)*")
"""A cell of a table that is set apart by two blanks and more: `E    #       LOSS TOK2VEC  LOSS NER  ENTS_F`."""
STEP_OF_BOX = re.compile(r"timesteps$|^(?:TotalEnvInteracts|TimestepsSoFar|DiagnosticsCumSteps|EnvSteps)$")
"""What a box calls the steps of the environment: Stable Baselines, Spinning Up, baselines, rlpyt."""
_LOGGED = re.compile(r"\s*\[?\d[\d:., /T-]*\d\]?(?: - \S+ -)? *\[?(?:INFO|DEBUG)\]?(?: *-)?:? ")
_FEWEST, _MOST = 3, 30
_RENAMED = {"box": "train/box_loss", "obj": "train/obj_loss", "cls": "train/cls_loss", "total": "train/total_loss"}
"""Columns of YOLOv5 and YOLOv7, and what they call them in TensorBoard."""
_RESULTS = re.compile(r"^\s*\d+/\d+\s+[\d.]+G(?:\s+[\d.naife+-]+){12,13}\s*$")
_COLUMNS = (
    *("epoch", "gpu_mem", "box", "obj", "cls", "total", "labels", "img_size"),
    *("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"),
    *("val/box_loss", "val/obj_loss", "val/cls_loss"),
)
"""What `results.txt` of YOLOv5 and YOLOv7 does not say: its columns; the total is missing in some versions."""


def boxed(line: str, numbers: dict[int, int], before: Callable[[], list[str]]) -> Field | None:
    """The metric of a line of a box, such as `|    ep_len_mean     | 20.1     |`, with the section that heads it."""
    found = _BOX.match(line)
    if found is None or found.start("value") not in numbers:
        return None
    if _COUNTERS.match(found["name"]):
        return None  # rollouts, beside the timesteps that are the x axis
    section = ""
    if line.startswith("|  "):  # deeper than a heading
        for above in before():
            heading = _SECTION.match(above)
            if heading is not None:
                section = f"{heading['name']}/"
                break
            if not above.startswith("|"):
                break
    return Field(f"{section}{found['name']}", Place((numbers[found.start("value")],)))


def headed(
    line: str, numbers: dict[int, int], ends: Sequence[int], before: Callable[[], list[str]]
) -> tuple[tuple[Field, ...], Place | None, Place | None] | None:
    """The metrics of a line of bare numbers under a heading that names as many columns; its epoch; its step.

    Returns
    -------
    tuple or None
        None unless the heading holds a word for a metric.
    """
    text = _plain(line).rstrip(" :|")
    piped = text.count("|") >= _FEWEST - 1
    cells = _cells(text, piped)
    if not _FEWEST <= len(cells) <= _MOST or sum(start in numbers for start, _ in cells) < len(cells) - 1:
        return None
    known = [" ".join(_COLUMNS if len(cells) == len(_COLUMNS) else (c for c in _COLUMNS if c != "total"))]
    for above in known if _RESULTS.match(line) else before():
        heading = _plain(_BAR.split(above)[0]).rstrip(" :|")
        names = [name.strip() for _, name in _cells(heading, piped or "|" in heading)]
        names = _WIDE.findall(heading) if len(names) > len(cells) else names
        if len(names) != len(cells) or not all(map(_is_word, names)):
            continue
        if not METRIC.search(" ".join(names)) and not _COUNTERS.match(names[0]):
            continue
        fields, epoch, step = [], None, None
        group = "metrics/" if names[0].lower() == "class" else ""
        for name, (start, _) in zip(names, cells, strict=True):
            if start not in numbers:
                continue
            place = place_of(line, start, numbers, ends)
            if _COUNTERS.match(name):
                epoch, step = (place, step) if _EPOCHS.match(name) else (epoch, place)
            elif not NEVER.search(name):
                name = _RENAMED.get(name, name) if names[0].lower() == "epoch" else name
                held = "val" if group or (names[:2] == ["E", "#"] and not name.lower().startswith("loss")) else ""
                name = f"val/{name}" if held and not group else f"{group}{name}"
                fields.append(Field(name, place, start, ends[place.at[-1]], held))
        return (tuple(fields), epoch, step) if fields else None
    return None


_ALONE = re.compile(
    r"\s*(?:(?P<word>epochs?|iter(?:ation)?s?|steps?|batch)[ :#]*)?(?P<step>\d+)(?:[\s:,;=|]+|\s*->\s*)"
    r"(?P<value>[-+]?(?:\d+\.\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf)\s*$",
    re.IGNORECASE,
)


def alone(
    line: str, numbers: dict[int, int], ends: Sequence[int], called: str
) -> tuple[tuple[Field, ...], Place | None, Place | None] | None:
    """The metric that the file is named for (`called`) of a line of a step and a number alone, such as `epoch 3  0.25`
    or `3: 0.25`; its epoch; its step. None for any other line.
    """
    found = _ALONE.match(line) if called else None
    if found is None or found.start("step") not in numbers or found.start("value") not in numbers:
        return None
    step = place_of(line, found.start("step"), numbers, ends)
    fields = (Field(called, Place((numbers[found.start("value")],)), found.start("value"), found.end("value")),)
    of_epochs = (found["word"] or "").lower().startswith("epoch")
    return fields, step if of_epochs else None, None if of_epochs else step


_COPYPASTE = re.compile(
    rb"copypaste: Task: ([\w-]+)\n(.*copypaste: )([\w-]+(?:,[\w-]+)+)\n(.*copypaste: )([-\w.]+(?:,[-\w.]+)+)(?=\n)"
)


def copypasted(text: bytes) -> bytes:
    """A stretch of lines in which detectron2's scores stand behind their names, which it prints in the lines above."""
    return _COPYPASTE.sub(_with_names, text) if b"copypaste: Task: " in text else text


def _with_names(found: re.Match[bytes]) -> bytes:
    task, first, named, second, told = found.groups()
    names, values = named.split(b","), told.split(b",")
    if len(names) != len(values):
        return found[0]
    pairs = b" ".join(b"val/%s/%s=%s" % (task, name, value) for name, value in zip(names, values, strict=True))
    return b"copypaste: Task: %s\n%s%s\n%s%s" % (task, first, named, second, pairs)


def _cells(text: str, piped: bool) -> list[tuple[int, str]]:
    """Where each cell of a line begins, and what it says."""
    if not piped:
        return [(found.start(), found[0]) for found in _CELL.finditer(text)]
    out, at = [], 0
    for cell in text.strip("\n").split("|"):
        inner = cell.lstrip()
        if inner.strip():
            out.append((at + len(cell) - len(inner), inner.strip()))
        at += len(cell) + 1
    return out


def _plain(line: str) -> str:
    """The line, blank where a logger tells the time and the level before a table."""
    found = _LOGGED.match(line)
    return line if found is None else " " * found.end() + line[found.end() :]


def _is_word(cell: str) -> bool:
    return cell == "#" or (any(c.isalpha() for c in cell) and not cell[0].isdigit())
