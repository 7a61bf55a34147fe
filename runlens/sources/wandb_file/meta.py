"""What a `.wandb` file says about the run beside its history: configuration, summary, metrics defined, start, end."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from runlens.model import State
from runlens.sources.wandb_file.records import CONFIG, EXIT, METRIC, RUN, SUMMARY
from runlens.sources.wandb_file.wire import fields, seconds, signed, text
from runlens.sources.wandb_shape import Defined

INTERRUPTED = 255
"""Exit code that W&B itself writes where Ctrl-C ended the run (`ExitHooks.exc_handler`; 1 for other exceptions)."""


@dataclass(slots=True)
class Meta:
    """Grows with each record; where records repeat, the last one wins."""

    run_id: str = ""
    name: str = ""
    project: str = ""
    entity: str = ""
    host: str = ""
    start: float = math.nan
    """Wall time of the start, s since the epoch."""
    config: dict[str, object] = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    defined: list[Defined] = field(default_factory=list)
    exit_code: int | None = None
    """None while no exit was written: the run goes on, or was killed."""

    def add(self, kind: int, message: bytes) -> None:
        """Take one record of a kind that is about the run.

        Raises
        ------
        ValueError
            The bytes are no message.
        """
        if kind == RUN:
            self._run(message)
        elif kind == CONFIG:
            update(self.config, message)
        elif kind == SUMMARY:
            update(self.summary, message)
        elif kind == METRIC:
            self._metric(message)
        elif kind == EXIT:
            self.exit_code = 0
            for number, value in fields(message):
                if number == 1:
                    self.exit_code = signed(value)

    @property
    def state(self) -> State:
        """A file without an exit says nothing: the run was killed, or goes on.

        Nor does one that somebody ended by hand: that is no crash, and not all of the run.
        """
        if self.exit_code is None or self.exit_code == INTERRUPTED:
            return "unknown"
        return "finished" if self.exit_code == 0 else "crashed"

    def _run(self, message: bytes) -> None:
        for number, value in fields(message):
            if number == 1:
                self.run_id = text(value)
            elif number == 2:
                self.entity = text(value)
            elif number == 3:
                self.project = text(value)
            elif number == 4 and isinstance(value, bytes):
                update(self.config, value)
            elif number == 5 and isinstance(value, bytes):
                update(self.summary, value)
            elif number == 8:
                self.name = text(value)
            elif number == 13:
                self.host = text(value)
            elif number == 17 and isinstance(value, bytes):
                self.start = seconds(value)

    def _metric(self, message: bytes) -> None:
        name = glob = step = ""
        index = 0
        for number, value in fields(message):
            if number == 1:
                name = text(value)
            elif number == 2:
                glob = text(value)
            elif number == 4:
                step = text(value)
            elif number == 5:
                index = signed(value)
        if not step and 1 <= index <= len(self.defined):
            step = self.defined[index - 1].name
        self.defined.append(Defined(name, glob, step))


def update(target: dict[str, object], message: bytes) -> None:
    """Apply a ConfigRecord or SummaryRecord: `update` items set keys (nested ones inside dicts), `remove` ones delete.

    A value that is no JSON is kept as its text.
    """
    for number, content in fields(message):
        if number not in (1, 2) or not isinstance(content, bytes):
            continue
        path: list[str] = []
        value: object = None
        for inner, part in fields(content):
            if inner in (1, 2):
                path.append(text(part))
            elif inner == 16:
                raw = text(part)
                try:
                    value = json.loads(raw)
                except ValueError:
                    value = raw
        if not path:
            continue
        at = target
        for step in path[:-1]:
            below = at.get(step)
            if not isinstance(below, dict):
                below = at[step] = {}
            at = below
        if number == 1:
            at[path[-1]] = value
        else:
            at.pop(path[-1], None)
