"""One line of each shape, read closely: which of its numbers is the step, and which is which metric."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from runlens.sources.text.frameworks import BAR, CLIENTS, COUNTED, DATA_WORK, HEADING, HEADS, KERAS, OF_EPOCHS, WITHOUT
from runlens.sources.text.groups import all_numbers, named_groups, split_of, without_bar, writer_of
from runlens.sources.text.pairs import Field, Place, are_measured, has_metric, pairs, place_of
from runlens.sources.text.phases import DONE, Words, split_headed, words_in
from runlens.sources.text.tables import STEP_OF_BOX, alone, boxed, headed
from runlens.sources.text.times import Stamp, find_stamp
from runlens.sources.text.words import (
    BARE,
    DROPPED,
    EPOCH,
    HELD_OUT,
    METRIC,
    PAIRED,
    ROUND,
    SETTING,
    SETTINGS,
    STEP,
    STEPS,
    environment,
)

Kind = Literal["row", "bar", "keras", "member", "box", "count", "epoch", "split", "opens"]

_LONGEST = 6000
"""Characters of a line that are read: the longest lines of metrics known have 4,000 (MoE load per layer)."""
_LONGEST_MEMBER = 1000
_TUNE = re.compile(r"^(?P<epoch>\d+)\|(?P<step>\d+)\|(?=Loss)")
_RANKED = tuple(re.compile(rf"(?:{words})$", re.IGNORECASE) for words in STEPS)
_HF_DICT = re.compile(
    r"^\{'(?:loss|eval_loss|train_runtime|eval_runtime|grad_norm|learning_rate|train_loss|num_tokens)'|>> \{'loss'"
)
_LOGGER = re.compile(r"\S*[\\/.:]\S*|\b(?:INFO|DEBUG|WARNING)\b")
_REST = re.compile(r"[A-Za-z]{3,}")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the numbers of the lines of one shape are."""

    kind: Kind
    fields: tuple[Field, ...] = ()
    step: Place | None = None
    """Of the whole run, as far as the line says."""
    it: Place | None = None
    """Within the epoch."""
    of: Place | None = None
    """Steps of the epoch, or of the whole run."""
    epoch: Place | None = None
    epochs: Place | None = None
    """How many epochs there will be."""
    sample: Place | None = None
    """Samples within the epoch, where the line counts these."""
    stamp: Stamp | None = None
    rank: Place | None = None
    fixed_rank: int = -1
    """The rank where it is part of a word, such as `default7`: each has a shape of its own; -1 where it is not."""
    clients: bool = False
    """Whether the ranks are clients of federated learning."""
    split: str = ""
    """`val` or `test` where the whole line is of held-out data."""
    framework: str = ""
    axis: str = ""
    """What the line calls its counter, where that is an episode or a step of an environment."""
    words: Words = ()
    """Words that it says of the stage of training."""
    heads: str = ""
    """`train`, `val` or `test` where it is a heading that says of which data the lines below are."""

    @property
    def counts(self) -> bool:
        """Whether its lines say how far training is."""
        return any(p is not None for p in (self.step, self.it, self.epoch, self.sample)) and self.kind != "count"


def parse(
    line: str, starts: Sequence[int], ends: Sequence[int], before: Callable[[], list[str]], called: str = ""
) -> Layout | None:
    """The layout of a line, or None if it is no line of metrics.

    Parameters
    ----------
    line : str
        One character a byte.
    starts, ends : sequence of int
        Where its numbers begin and end.
    before : callable
        The lines before it, the nearest first: tables name their columns above.
    called : str
        The metric that the file is named for, empty for none.
    """
    line = without_bar(line[:_LONGEST])
    if line.startswith("wandb: ") or DROPPED in line:  # the name of the run, a summary: what W&B says of itself
        return None
    if METRIC.search(line) is None and WITHOUT.search(line) is None and BARE.search(line) is None:
        return None
    if SETTINGS.search(line) is not None:
        return None
    numbers = {start: i for i, start in enumerate(starts) if start < _LONGEST and line[start] != " "}
    if not numbers:
        return None
    used: set[int] = set()
    stamp = find_stamp(line, numbers)
    if stamp is not None:
        used |= {i for start, i in numbers.items() if stamp.span[0] <= start < stamp.span[1]}
    rank = writer_of(line, numbers, used)
    clients = rank is None and (rank := writer_of(line, numbers, used, CLIENTS)) is not None
    at, fixed = (None, rank) if isinstance(rank, int) else (rank, -1)
    common = Layout("row", stamp=stamp, rank=at, fixed_rank=fixed, clients=clients, words=words_in(line))
    box = boxed(line, numbers, before)
    if box is not None:
        return replace(common, kind="box", fields=(box,), step=box.place if STEP_OF_BOX.search(box.name) else None)
    bar = BAR.search(line)
    if bar is not None:
        return _bar(line, numbers, ends, used, bar, common, before)
    layout = _row(line, numbers, ends, used, common, before)
    if layout is None or not layout.fields:
        return _of_table(common, alone(line, numbers, ends, called)) or layout
    return layout


def _row(
    line: str, numbers: dict[int, int], ends: Sequence[int], used: set[int], layout: Layout,
    before: Callable[[], list[str]],
) -> Layout | None:  # fmt: skip
    prefix, split = "", ""
    named: tuple[Field, ...] = ()
    keras = KERAS.match(line)
    if keras is not None:
        layout = replace(layout, kind="keras", framework="Keras")
        layout = _with_groups(layout, keras, numbers, ends, used)
    else:
        for head in HEADS:
            found = head.pattern.search(line) if head.has in line else None
            if found is not None and all_numbers(found, numbers):
                layout = _with_groups(replace(layout, framework=head.framework), found, numbers, ends, used)
                split = split_of(found.groupdict().get("split") or "")
                named = named_groups(found, numbers)
                if head.framework == "fairseq" and found.groupdict().get("split"):
                    prefix = f"{found['split']}/"
                if head.opens:
                    layout = replace(layout, kind="opens")
                break
    layout = _with_words(layout, line, numbers, ends, used)
    if not prefix and _HF_DICT.search(line):
        prefix = "hf"
    counted = COUNTED.match(line)
    if counted is not None and not (layout.step or layout.it or layout.epoch) and counted.start("step") in numbers:
        layout = replace(layout, step=Place((numbers[counted.start("step")],)), rank=None)
        used.add(numbers[counted.start("step")])
    placed = layout.step or layout.it or layout.epoch or layout.sample
    after = layout.stamp.span[1] if layout.stamp is not None else 0
    if not placed and (len(line) - after > _LONGEST_MEMBER or PAIRED.search(line, after) is None):
        return _of_table(layout, headed(line, numbers, ends, before))
    fields = (*named, *pairs(line, numbers, ends, used, prefix, split, layout.framework))
    if layout.kind == "opens":
        return replace(layout, fields=fields if has_metric(fields) else ())
    if not fields and not placed and (table := headed(line, numbers, ends, before)) is not None:
        return _of_table(layout, table)
    if not fields:
        if layout.epoch is None and layout.step is not None and ROUND.search(line):
            layout = replace(layout, epoch=layout.step, step=None, epochs=layout.of, of=None, axis="round")
        bare = layout.epoch is not None and len(_REST.findall(DONE.sub("", line))) <= 2
        return replace(layout, kind="epoch", heads=split_headed(line)) if bare else None
    unknown = not layout.framework and not has_metric(fields)
    if unknown and not (layout.epoch is not None and are_measured(line, fields) and _whole(line, fields, layout.stamp)):
        heads = layout.epoch is not None and len(_REST.findall(DONE.sub("", line))) <= 3
        return replace(layout, kind="epoch") if heads else None  # `online epoch # 3 [batchSize = 128]`
    if any(f.name.endswith("train_runtime") for f in fields):
        layout, placed = replace(layout, kind="member", epoch=None), None  # the HF Trainer's last word
    elif not placed:
        if prefix != "hf" and not layout.framework and not _whole(line, fields, layout.stamp):
            return None
        if SETTING.match(line):
            return None
        layout = replace(layout, kind="member")
    everything = all(f.split for f in fields)
    return replace(layout, fields=fields, split=split or (fields[0].split if everything else ""))


def _of_table(layout: Layout, found: tuple[tuple[Field, ...], Place | None, Place | None] | None) -> Layout | None:
    if found is None:
        return None
    fields, epoch, step = found
    return replace(layout, kind="row", fields=fields, epoch=epoch, step=step)


def _bar(
    line: str, numbers: dict[int, int], ends: Sequence[int], used: set[int], bar: re.Match[str], layout: Layout,
    before: Callable[[], list[str]],
) -> Layout | None:  # fmt: skip
    layout = replace(layout, kind="bar")
    if HEADING.search(described := line[: bar.start()]) or DATA_WORK.match(described):
        return None
    inside = {i for start, i in numbers.items() if bar.start() <= start < bar.end()}
    layout = _with_groups(layout, bar, numbers, ends, used)
    if "epoch" in (bar["unit"] or ""):
        layout = replace(layout, epoch=layout.it, epochs=layout.of, it=None, of=None)
    used |= inside
    tune = _TUNE.match(described)
    held_out = HELD_OUT.search(described)
    if held_out and METRIC.search(described, 0, held_out.start()):
        held_out = None  # one of the metrics that stand before the bar, no name of it
    if tune is not None:
        layout = replace(_with_groups(layout, tune, numbers, ends, used), it=None, framework="torchtune")
    elif not held_out:
        table = headed(described, numbers, ends, before)
        if table is not None:
            return replace(layout, kind="keras", fields=table[0], epoch=table[1] or layout.epoch)  # means so far, too
    layout = _with_words(layout, line, numbers, ends, used, bars=True)
    if layout.epoch is None and not held_out and (found := OF_EPOCHS.search(described)) is not None:
        at, last = (numbers.get(found.start(name)) for name in ("epoch", "epochs"))
        if at is not None and last is not None:
            layout = replace(layout, epoch=Place((at,)), epochs=Place((last,)))
            used |= {at, last}
    split = split_of(held_out[0] if held_out else "")
    hf = "hf" if "{'" in line[bar.end() :] and _HF_DICT.search(line[line.index("{'", bar.end()) :]) else ""
    fields = pairs(line, numbers, ends, used, hf, split)
    if not has_metric(fields):
        return None if held_out or not _plain(described, layout) else replace(layout, kind="count")
    return replace(layout, fields=fields, split=split)


def _plain(described: str, layout: Layout) -> bool:
    """Whether a bar without metrics may count training steps: it has no name, or one that says so."""
    return not _REST.search(described) or layout.epoch is not None or "train" in described.lower()


def _with_groups(
    layout: Layout, found: re.Match[str], numbers: dict[int, int], ends: Sequence[int], used: set[int]
) -> Layout:
    """The layout with the counters that the groups of a pattern name; their numbers are used up."""
    got: dict[str, Place] = {}
    for name in ("step", "it", "of", "epoch", "sample"):
        if found.groupdict().get(name) is not None and found.start(name) in numbers:
            got[name] = place_of(found.string, found.start(name), numbers, ends)
    used |= {i for start, i in numbers.items() if found.start() <= start < found.end()}
    return replace(layout, **got)  # type: ignore[arg-type]


def _with_words(
    layout: Layout, line: str, numbers: dict[int, int], ends: Sequence[int], used: set[int], bars: bool = False
) -> Layout:
    """The layout with the step and the epoch that words such as `iter` and `epoch` name."""
    best: tuple[int, re.Match[str]] | None = None
    for found in STEP.finditer(line):
        number = numbers.get(found.start("step"))
        if number is None or number in used:
            continue
        order = next(i for i, words in enumerate(_RANKED) if words.match(found["word"]))
        if best is None or order < best[0]:
            best = (order, found)
    counted = layout.step is not None or layout.it is not None or layout.sample is not None
    if best is not None and (best[0] == 0 if counted or bars else True):
        found = best[1]
        step = place_of(line, found.start("step"), numbers, ends)
        if found["suffix"]:
            step = replace(step, scale=1e3 if found["suffix"] in "kK" else 1e6)
        of = (
            place_of(line, found.start("of"), numbers, ends)
            if found["of"] and found.start("of") in numbers
            else layout.of
        )
        layout = replace(
            layout, step=step, of=of, it=None if best[0] == 0 else layout.it, axis=environment(found["word"])
        )
        used |= {i for start, i in numbers.items() if found.start("step") <= start < found.end()}
    if layout.epoch is None:
        for found in EPOCH.finditer(line):
            number = numbers.get(found.start("epoch"))
            if number is not None and number not in used:
                last = numbers.get(found.start("epochs")) if found["epochs"] else None
                epochs, axis = None if last is None else Place((last,)), layout.axis or environment(found[0])
                layout = replace(layout, epoch=Place((number,)), epochs=epochs, axis=axis)
                used |= {i for start, i in numbers.items() if found.start("epoch") <= start < found.end()}
                break
    return layout


def _whole(line: str, fields: tuple[Field, ...], stamp: Stamp | None) -> bool:
    """Whether a line is nothing but pairs: one without a step is believed only then."""
    begin = stamp.span[1] if stamp is not None else 0
    left = _LOGGER.sub("", line[begin : min(f.begin for f in fields)])
    tail = line[max(f.end for f in fields) :]
    return len(_REST.findall(left)) <= 3 and len(_REST.findall(tail)) <= 2
