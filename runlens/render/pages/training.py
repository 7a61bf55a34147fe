"""The training curves of a run beside those of its reference, for the page of `runlens compare`."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from runlens.model import Severity
from runlens.model.training import TrainingGap
from runlens.render.text import named, visible

_SIGN = MappingProxyType(
    {Severity.ERROR: ("✖", "bold red"), Severity.WARNING: ("!", "bold yellow"), Severity.INFO: ("•", "")}
)
_LEVEL = ("✔", "bold green")
_ROLES = MappingProxyType(
    {
        "train_loss": "training loss",
        "grad_norm": "gradient norm",
        "tokens_per_second": "tokens per second",
        "samples_per_second": "samples per second",
        "step_time": "time of a step",
    }
)


def head_of(gaps: Sequence[TrainingGap]) -> Text:
    """The verdict of the worst curve: `✖ APART`, `! APART` or `✔ LEVEL`."""
    worst = max((g.severity for g in gaps if g.severity is not None), key=lambda s: s.rank, default=None)
    sign, style = _SIGN[worst] if worst is not None else _LEVEL
    return Text(f"{sign} {'APART' if worst is not None else 'LEVEL'}", style=style)


def show(console: Console, gaps: Sequence[TrainingGap], left_out: Sequence[tuple[str, str]]) -> None:
    """Print a line for each curve, with its notes, and one for each that could not be compared."""
    if not gaps and not left_out:
        return
    first = gaps[0].steps if gaps else None
    where = f", from step {first[0]:,} to {first[1]:,}" if first else ""
    console.print(Padding(Text(f"Training{where}:", style="bold"), (0, 0, 0, 2)))
    for gap in gaps:
        sign, style = _SIGN[gap.severity] if gap.severity is not None else _LEVEL
        line = Text(f"{sign} ", style=style)
        line.append(visible(gap.sentence[:1].upper() + gap.sentence[1:]) + ".", style="not bold")
        console.print(Padding(line, (0, 0, 0, 4)))
        names = named(gap.metric)
        if gap.metric != gap.reference_metric:
            names = f"{names} beside {named(gap.reference_metric)}"
        console.print(Padding(Text(visible("; ".join((names, *gap.notes))), style="dim"), (0, 0, 0, 6)))
    for role, why in left_out:
        console.print(Padding(Text(f"Not compared: {_ROLES[role]}: {visible(why)}", style="dim"), (0, 0, 0, 4)))
    console.print()
