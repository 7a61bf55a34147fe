"""The questions that a config answers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from runlens.run_config import spellings as said
from runlens.run_config.leaves import leaves
from runlens.run_config.spellings import Spelling

Parts = tuple[str, ...]
Kind = Literal["bf16", "fp16", "fp32"]

_DURATION = re.compile(r"([\d_.]+(?:e\+?\d+)?)\s*(ba|tok|t|steps?|tokens?)?", re.IGNORECASE)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("bf16", re.compile(r"bf16|bfloat16")),
    ("fp16", re.compile(r"fp16|(?<![a-z])f(loat)?16|^16(-(mixed|true))?$|^half$|mixed_float16")),
    ("fp32", re.compile(r"fp32|(?<![a-z])f(loat)?32|^32(-true)?$|^float$|^full$")),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A number that a config says."""

    value: float
    """Positive and finite."""
    key: str
    """The entry that says it, as the config spells it: `tokens.sequence_length`; several joined by ` x `."""


@dataclass(frozen=True, slots=True)
class Precision:
    """In which numbers the model computes."""

    kind: Kind
    key: str
    value: object
    """The entry itself, such as `bf16-mixed` or True."""


class RunConfig:
    """A config, taken apart once; each question walks no further than its own names.

    Parameters
    ----------
    config : mapping
        Nested or flat, as logged or as a report carries it; may be empty.

    Notes
    -----
    Every answer is None, or empty, where the config does not tell: `-1`, `auto` and null are no numbers, numbers in a
    text are. Where two entries have one name, the outer one counts, then the one that stands first.
    """

    def __init__(self, config: Mapping[str, object]) -> None:
        self._ends: dict[str, list[tuple[Parts, str, object]]] = {}
        for key, value in leaves(config):
            parts = tuple(re.split(r"[./]", key.lower().replace("-", "_")))
            self._ends.setdefault(parts[-1], []).append((parts, key, value))
        for group in self._ends.values():
            group.sort(key=lambda entry: len(entry[0]))

    # the plan

    def planned_steps(self, at_least: float = 1) -> Told | None:
        """Optimizer steps that are planned; plans below `at_least`, such as the steps done, are passed over."""
        whole = (told for told in self._numbers(said.STEPS) if told.value >= at_least and told.value.is_integer())
        told = next(whole, None) or self._duration("steps")
        if told is None and (samples := self.first(said.SAMPLES)) and (batch := self.batch_samples()):
            told = Told(samples.value // batch.value, f"{samples.key} / {batch.key}")
        return told if told is not None and told.value >= at_least else None

    def planned_tokens(self) -> Told | None:
        """Tokens that are planned, where the config says so in tokens."""
        return self.first(said.TOKENS) or self._duration("tokens")

    def planned_epochs(self) -> Told | None:
        """Passes over the data that are planned."""
        return self.first(said.EPOCHS)

    # the batch

    def batch_samples(self) -> Told | None:
        """Samples of one optimizer step of the whole run: told, or the product of what is told of one device."""
        told = self.first(said.BATCH)
        return told or self._product(self.micro_batch(), self.accumulation(), self.data_parallel())

    def batch_tokens(self) -> Told | None:
        """Tokens of one optimizer step of the whole run: told, or samples times sequence length."""
        return self.first(said.BATCH_TOKENS) or self._product(self.batch_samples(), self.sequence_length())

    def micro_batch(self) -> Told | None:
        """Samples of one forward pass of one device."""
        return self.first(said.MICRO)

    def accumulation(self) -> Told | None:
        """Forward passes of one device for each optimizer step."""
        return self.first(said.ACCUMULATION)

    def sequence_length(self) -> Told | None:
        """Tokens of one sample; the longest, where samples are not packed."""
        return self.first(said.SEQUENCE)

    # the devices

    def gpus(self) -> Told | None:
        """Devices of the whole run."""
        if not self._ends:
            return None
        told = self.first(said.WORLD)
        for names in said.NODES:
            told = told or self._product(*(self.first((Spelling(name),)) for name in names))
        split = [self.first(names) for names in said.MODEL_PARALLEL]
        if told is None and all(split[:2]) and (data := self.first(said.DATA_PARALLEL)):
            told = self._product(data, *(part for part in split if part))
        return told or self.first(said.COUNTED)

    def data_parallel(self) -> Told | None:
        """Copies of the model that train side by side."""
        if told := self.first(said.DATA_PARALLEL):
            return told
        world = self.first(said.WORLD)
        shared = math.prod(part.value for names in said.MODEL_PARALLEL if (part := self.first(names)))
        return Told(world.value / shared, world.key) if world and world.value % shared == 0 else None

    def precision(self) -> Precision | None:
        """The half precision that a switch, autocast or the weights have, in this order; else fp32 if that is said."""
        found = [*self._switches(), *self._typed()] if self._ends else []
        return next((p for p in found if p.kind != "fp32"), found[0] if found else None)

    # the rest

    def checkpoint_interval(self) -> Told | None:
        """Steps from one checkpoint to the next; None where they are written by epochs, or not at all."""
        by_steps = self.text("save_strategy") not in ("no", "epoch", "best")
        told = self.first(said.CHECKPOINTS if by_steps else said.CHECKPOINTS[1:])
        return told if told is not None and told.value >= 1 else None

    def guard(self) -> tuple[str, object] | None:
        """An entry that turns on QK-norm or z-loss, as (key, value)."""
        entries = (entry for name in said.GUARDS for entry in self._values(name))
        return next(
            (entry for entry in entries if entry[1] not in (None, False, 0, "", "None", "False", "false")), None
        )

    def best_metric(self) -> tuple[str, bool | None]:
        """The metric by which the best model is chosen, and whether greater is better (Hugging Face, fairseq).

        Returns
        -------
        (str, bool or None)
            An empty name where none is chosen. None where the config does not tell the direction: the Trainer then
            takes names that end in `loss` as better the lower, all others as better the higher.
        """
        told = (v for name in said.GREATER for _, v in self._values(name) if isinstance(v, bool))
        return next(filter(None, map(self.text, said.BEST)), "").lstrip("+-"), next(told, None)

    def framework(self) -> str:
        """The tool whose names these are, by the name that RunLens's table of metrics has for it; empty if unknown."""
        for framework, names in said.FRAMEWORKS if self._ends else ():
            if all(any(True for _ in self._values(name)) for name in names):
                return framework.split(" (")[0]
        return ""

    def text(self, name: str) -> str:
        """The text that stands under a name; empty if there is none."""
        return next((value for _, value in self._values(name) if isinstance(value, str)), "")

    def first(self, names: Iterable[Spelling], above: float = 0.0) -> Told | None:
        """The first of these names that holds a finite number above `above`."""
        return next(self._numbers(names, above), None)

    def _numbers(self, names: Iterable[Spelling], above: float = 0.0) -> Iterator[Told]:
        for spelling in names if self._ends else ():  # most tables have no config, and some 200 names are asked for
            for key, value in self._meant(spelling):
                number = _number(value)
                if number is not None and number > above:
                    yield Told(number, key)

    def _meant(self, spelling: Spelling) -> Iterator[tuple[str, object]]:
        """The entries of a name, if what stands beside lets them mean it."""
        there = (value for name in spelling.beside for _, value in self._values(name))
        wanting = spelling.beside and not any(v not in (None, False, 0, "", "False", "false") for v in there)
        if not wanting and not any(True for name in spelling.never for _ in self._values(name)):
            yield from self._values(spelling.name)

    def _values(self, name: str) -> Iterator[tuple[str, object]]:
        """All entries whose name ends so, the outermost first."""
        end = tuple(name.split("."))
        for parts, key, value in self._ends.get(end[-1], ()):
            if parts[-len(end) :] == end:
                yield key, value

    def _product(self, *parts: Told | None) -> Told | None:
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return Told(math.prod(part.value for part in known), " x ".join(part.key for part in known))

    def _duration(self, unit: Literal["steps", "tokens"]) -> Told | None:
        for key, value in self._values(said.DURATION):
            found = _DURATION.fullmatch(str(value).strip())
            number = _number(found[1]) if found else None
            of = "tokens" if found and (found[2] or "").lower() in ("t", "tok", "token", "tokens") else "steps"
            if number and of == unit:
                return Told(number, key)
        units = (str(value).lower().rpartition(".")[2] for _, value in self._values(f"{said.DURATION}.unit"))
        return self.first((Spelling(f"{said.DURATION}.value"),)) if unit in units else None

    def _switches(self) -> Iterator[Precision]:
        names: Sequence[Kind] = ("bf16", "fp16")
        for kind in names:
            for key, value in (*self._values(kind), *self._values(f"{kind}.enabled")):
                if value is True or str(value).lower() == "true":
                    yield Precision(kind, key, value)

    def _typed(self) -> Iterator[Precision]:
        entries = [entry for spelling in said.PRECISION for entry in self._meant(spelling)]
        listed = {spelling.name.split(".")[-1] for spelling in said.PRECISION}
        for end, group in self._ends.items():
            if end not in listed and re.search(r"dtype|precision", end):  # a number there may be one of digits shown
                entries += [(key, value) for _, key, value in group if not str(value).isdigit()]
        for key, value in entries:
            *above, name = re.split(r"[./]", key.lower())
            kind = next((kind for kind, pattern in _KINDS if pattern.search(str(value).lower())), None)
            aside = any(part in name for part in said.OTHER_TYPES) or any(part in said.OTHER_PARTS for part in above)
            if kind is not None and not aside:
                yield Precision(kind, key, value)


def _number(value: object) -> float | None:
    """A finite number, also one in a text or alone in a list; None for everything else, booleans too."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip("[]() ") if isinstance(value, str) else value)  # a report holds lists as texts
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
