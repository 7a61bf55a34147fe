"""What was logged and which series plays which role: one run as a page, before anything is judged."""

from __future__ import annotations

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from runlens.model import RoleSeries, Run
from runlens.model.words import percent, role_words
from runlens.render.console import Page
from runlens.render.ends import ends
from runlens.render.sparkline import BLOCKS, RAMP, line_of
from runlens.render.text import amount, clock, duration, named, number, plural, steps, visible
from runlens.render.words import guess_of

WIDTH = 100
_NARROWEST = 60
_MOST = 24
"""Series of one role that are shown each on a line of its own."""
_NAMES = 40
"""Names listed of those that play no part."""
_WORDS = 4
"""Words listed of a series of words."""
_EACH = ("eval_score", "eval_loss", "perplexity")
"""Roles of which every series is shown, because each is a task of its own."""
_LEVEL = frozenset(
    {"tokens_per_second", "samples_per_second", "step_time", "tflops", "mfu", "data_time", "checkpoint_time"}
    | {"gpu_temperature", "gpu_power", "gpu_utilization", "gpu_clock", "batch_size", "world_size"}
)
"""Roles that have a usual value and no course."""
_UNITS = {"": "", "1": "", "fraction": "", "ppl": "", "epochs": " epochs", "C": " °C"}
MAIN = (
    "train_loss",
    "eval_loss",
    "eval_score",
    "grad_norm",
    "learning_rate",
    "tokens",
    "tokens_per_second",
    "step_time",
)
"""Roles whose absence is said."""


def render(run: Run, *, width: int | None = None, color: bool = False, unicode: bool = True) -> str:
    """The page as text.

    Parameters
    ----------
    run : Run
        Resolved; series without a role are listed as not understood.
    width : int, optional
        Columns; kept between 60 and 160. 100 if None.
    color : bool
        Whether to write ANSI colours.
    unicode : bool
        False for an output that is not UTF-8: only ASCII is written.

    Returns
    -------
    str
        Ends in a newline; no line ends in spaces.
    """
    page = Page(width, WIDTH, _NARROWEST, color, unicode)
    for part in _page(run, page.width, BLOCKS if unicode else RAMP):
        page.console.print(part)
    return page.text()


def _page(run: Run, width: int, blocks: str) -> list[Text | Table | Group]:
    title = named(run.id) if run.id.endswith(run.name) else f"{named(run.id)} ({named(run.name)})"
    head = Text(title, style="bold").append(f"  {_facts(run)}", style="not bold")
    page: list[Text | Table | Group] = [head, Text()]
    if any(role != "other" for role in run.roles):
        page += [_roles(run, width, blocks), Text()]
    if guess := guess_of({role: group[0] for role, group in run.roles.items()}):
        page.append(Text(guess, style="yellow"))
    missing = [role_words(role) for role in MAIN if role not in run.roles]
    if missing:
        page.append(_listed("No series for", missing, "", "yellow"))
    other = [r.series.name for r in run.every("other")]
    if other:
        page.append(_listed("Understood, without a role of their own", [named(n) for n in other], "", "bright_black"))
    if run.texts:
        said = [f"{named(name)} ({_words(words)})" for name, words in run.texts.items()]
        page.append(_listed("Words", said, "", "bright_black"))
    unknown = not_understood(run)
    if unknown:
        hint = "; give one a role with --metric ROLE=NAME"
        page.append(_listed("Not understood", [named(n) for n in unknown], hint, "yellow"))
    page += [Text(f"{note.kind}: {visible(note.message)}", style="red") for note in run.notes]
    return page


def not_understood(run: Run) -> list[str]:
    """Names of the series that no role was found for, in the order logged."""
    known = {r.series.name for group in run.roles.values() for r in group}
    return [name for name in run.series if name not in known and name not in run.texts]


def _words(words: tuple[str, ...]) -> str:
    """The words of a series, in the order in which they were first said."""
    more = f" and {len(words) - _WORDS:,} more" if len(words) > _WORDS else ""
    return ", ".join(visible(word, 40) for word in words[:_WORDS]) + more


def _facts(run: Run) -> str:
    """What the run is, in a line: framework, devices, points, steps, tokens, times, starts, state."""
    facts = [visible(run.framework)] if run.framework else []
    if run.hardware_count:
        facts.append(plural(run.hardware_count, "GPU"))
    facts.append(f"{len(run.series):,} series, {plural(run.points, 'point')}")
    span = run.step_range()
    if span is not None:
        facts.append(f"steps {steps(span)}{_by(run)}")
        tokens = float(run.tokens_at([span[1]])[0])
        times = run.time_at(np.array(span))
        if np.isfinite(tokens):
            facts.append(f"{amount(tokens)} tokens")
        if bool(np.isfinite(times).all()) and clock(float(times[0])):
            facts.append(f"{clock(float(times[0]))} UTC, {duration(float(times[1] - times[0]))}")
    if len(run.starts) > 1:
        facts.append(plural(len(run.starts), "start"))
    understood = run.summary.get("lines_understood")
    if isinstance(understood, float):
        facts.append(f"{percent(understood)} of the lines of metrics understood")
    facts.append(f"state {run.state}")
    return " · ".join(facts)


def _by(run: Run) -> str:
    """What the steps are by the log's own word, where that is another than a step."""
    if run.counts_lines:
        return " by lines"
    plain = run.axis_name.strip("_ ").lower().removeprefix("global_")
    return "" if plain in ("", "step", "steps") else f" by {visible(run.axis_name, 40)}"


def _roles(run: Run, width: int, blocks: str) -> Table:
    table = Table(
        box=None, expand=True, show_header=True, header_style="bright_black", padding=(0, 2, 0, 0), pad_edge=False
    )
    cells = width // 4
    table.add_column("role", no_wrap=True)
    table.add_column("series, values and why", overflow="fold", ratio=1)
    table.add_column("over the steps", no_wrap=True, min_width=cells)
    span = run.step_range() or (0, 1)
    span = (span[0], max(span[1], span[0] + 1))
    for role, group in run.roles.items():
        if role == "other":
            continue
        shown = [r for r in group if role in _EACH][:_MOST] or list(group[:1])
        for i, r in enumerate(shown):
            name = Text(role_words(role) if i == 0 else "", style="bold")
            table.add_row(name, _described(r), Text(_drawn(r, span, cells, blocks), style="blue"))
        rest = list(group[len(shown) :])
        if rest:
            table.add_row(Text(), Text(_also(rest), style="bright_black"), Text())
    return table


def _described(r: RoleSeries) -> Text:
    """Name, then in the next line its values, what it measures, how sure that is, and why."""
    text = Text(named(r.series.name)).append(f"\n{figures(r)}")
    what = [r.task, r.metric_kind, r.setting, r.device, {"per_gpu": "per GPU", "per_rank": "per rank"}.get(r.scope, "")]
    if r.direction and r.role == "eval_score":
        what.append("higher is better" if r.direction == "up" else "lower is better")
    told = ", ".join(visible(w, 60) for w in what if w)
    return text.append(
        f" · {told + ' · ' if told else ''}{percent(r.confidence)}, {visible(r.why, 300)}", style="bright_black"
    )


def _also(rest: list[RoleSeries]) -> str:
    """The alternates or other devices, as many as a line or two holds."""
    devices = [r.device for r in rest]
    if all(devices) and len(set(devices)) == len(rest):
        shown = ", ".join(visible(d, 40) for d in devices[:8])
        return f"also {shown}{f' and {len(rest) - 8:,} more' if len(rest) > 8 else ''}"
    shown = ", ".join(named(r.series.name) for r in rest[:4])
    return f"also {shown}{f' and {len(rest) - 4:,} more' if len(rest) > 4 else ''}"


def figures(r: RoleSeries) -> str:
    """First and last finite value, or the usual one of what has no course, with the unit; and what is not finite."""
    value = r.series.value
    finite = value[np.isfinite(value)]
    lost = len(value) - len(finite)
    if len(finite) == 0:
        return f"{len(value):,} values, none finite" if len(value) else "no values"
    scale, unit = (1e9, " GB") if r.unit == "bytes" else (1.0, _UNITS.get(r.unit, f" {visible(r.unit, 20)}"))
    show = amount if float(np.max(np.abs(finite))) / scale >= 1e5 else lambda v: number(v, 3)
    if r.role in _LEVEL:
        text = f"about {show(float(np.median(finite)) / scale)}{unit}"
    else:
        # Where the last write of every step is not finite, the earlier ones are all that is known.
        levels = ends(r.series.latest().value, r.role) or ends(finite, r.role)
        text = " → ".join(show(level / scale) for level in levels or ()) + unit
    return f"{text}, {lost:,} not finite" if lost else text


def _drawn(r: RoleSeries, span: tuple[int, int], cells: int, blocks: str) -> str:
    series = r.series.latest()
    if len(series) == 0:
        return ""
    inside = (series.step >= span[0]) & (series.step <= span[1])
    return line_of(series.step[inside].astype(np.float64), series.value[inside], r.role, span, cells, blocks)


def _listed(title: str, names: list[str], hint: str, style: str) -> Text:
    """A title, its count and names, and what is left out."""
    text = Text(f"{title} ({len(names):,}): ", style=style)
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return text.append(", ".join(names[:_NAMES]) + more + hint, style="default")
