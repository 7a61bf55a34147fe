"""Options that several commands share, said once, in the sections that their help shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from runlens.cli.shared import completing
from runlens.render import named as formats_named
from runlens.sources.registry import forms

OUTPUT = "Output"
JUDGING = "What is judged, and how"
GATE = "What fails"
EVALS = "Evals"
WANDB = "Runs at W&B"
AFTER = "Afterwards"


def option(*names: str, metavar: str | None = None, help: str, section: str, **more: Any) -> Any:
    """An option that shows no default of its own, in a section of the help."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=False, rich_help_panel=section, **more)


def _tokens(text: str) -> float:
    """A number of tokens such as `2M`, or a typing error."""
    from runlens.config.tokens import count_of_tokens
    from runlens.errors import ConfigError

    try:
        return count_of_tokens(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help=f"{forms()[0].upper()}{forms()[1:]}.",
        show_default=False,
    ),
]
RunsOrHere = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN...]",
        help=f"{forms()[0].upper()}{forms()[1:]}; - is a log on standard input [default: the folder you are in].",
        show_default=False,
    ),
]
OneRun = Annotated[
    str, typer.Argument(metavar="RUN", help="The run, in any form that `check` takes.", show_default=False)
]

Output = Annotated[
    Path | None,
    option("--output", "-o", metavar="FILE", help="Write there instead of standard output.", section=OUTPUT),
]
Format = Annotated[
    str,
    option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{formats_named()}; or parquet, into the folder of -o [default: terminal].",
        section=OUTPUT,
        autocompletion=completing.formats,
    ),
]
"""Any form of a report; `runlens.cli.shared.output.destinations` refuses others."""
PageOrJson = Annotated[Literal["terminal", "json"], typer.Option("--format", "-f", help="What to write.")]
Formats = Annotated[
    list[str] | None,
    option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{formats_named()}; or parquet, into the folder of -o [default: terminal].",
        section=OUTPUT,
        autocompletion=completing.formats,
    ),
]
"""The same where several can be given by mistake: the last one would win without a word."""
Color = Annotated[
    Literal["auto", "always", "never"],
    option("--color", help="Colour on the page [default: auto: on a terminal].", section=OUTPUT),
]
ExitZero = Annotated[
    bool, option("--exit-zero", help="Exit 0 also where a run fails (not where it could not be judged).", section=GATE)
]
Png = Annotated[
    Path | None,
    option("--png", metavar="FILE", help="Draw the timeline of the run with its findings.", section=OUTPUT),
]

Quiet = Annotated[
    bool, option("--quiet", "-q", help="Show no progress while runs are fetched and judged.", section=OUTPUT)
]

Select = Annotated[
    list[str] | None,
    option(
        "--select",
        metavar="CODES",
        help="Rules to judge by, such as LOSS,TPUT001; repeatable.",
        section=JUDGING,
        autocompletion=completing.codes,
    ),
]
Ignore = Annotated[
    list[str] | None,
    option(
        "--ignore",
        metavar="CODES",
        help="Rules to leave out; repeatable.",
        section=JUDGING,
        autocompletion=completing.codes,
    ),
]
Metric = Annotated[
    list[str] | None,
    option("--metric", metavar="ROLE=NAME", help="The logged metric that plays a role; repeatable.", section=JUDGING),
]
X = Annotated[
    str | None,
    option(
        "--x", metavar="COLUMN", help="Of a table: the column that is the x axis, if not the usual.", section=JUDGING
    ),
]
Exclude = Annotated[
    list[str] | None,
    option(
        "--exclude",
        metavar="GLOB",
        help="Pass over files and folders of this name, or path below the RUN; repeatable.",
        section=JUDGING,
    ),
]
NoGitignore = Annotated[
    bool,
    option("--no-gitignore", help="Read what .gitignore files in a folder leave out, too.", section=JUDGING),
]
ShowFiles = Annotated[
    bool,
    option("--show-files", help="Only say which files make which run, and which are left out and why.", section=OUTPUT),
]
Strict = Annotated[
    bool,
    option("--strict", help="Exit 3 if a file looked like a log and was not read.", section=GATE),
]
ConfigPath = Annotated[
    Path | None,
    option(
        "--config",
        metavar="FILE",
        help="Settings [default: the nearest runlens.toml or [tool.runlens]].",
        section=JUDGING,
    ),
]
Jobs = Annotated[
    int | None,
    option("--jobs", "-j", metavar="N", help="Runs judged at once; -1 takes every core [default: 1].", section=JUDGING),
]
Engine = Annotated[
    str,
    option(
        "--engine",
        metavar="ENGINE",
        help="Who judges many runs: local, dask://HOST:PORT or ray://HOST:PORT [default: local].",
        section=JUDGING,
    ),
]
Keep = Annotated[
    Path | None,
    option(
        "--keep",
        metavar="DIR",
        help="Keep verdicts there; unchanged runs are not judged again, and a sweep that was broken off goes on.",
        section=JUDGING,
    ),
]

FailOn = Annotated[
    str | None,
    option(
        "--fail-on",
        metavar="SEVERITY",
        help="Lowest that fails: info, warning or error [default: error].",
        section=GATE,
    ),
]

References = Annotated[
    list[str] | None,
    option(
        "--reference",
        metavar="REF",
        help="Shipped name, run, result folder or table; repeatable.",
        section=EVALS,
        autocompletion=completing.references,
    ),
]
EvalResults = Annotated[
    str | None,
    option(
        "--evals",
        metavar="FOLDER",
        help="Results of lm-eval, lighteval or OLMES of the run's checkpoints, joined by step or tokens.",
        section=EVALS,
    ),
]
Require = Annotated[
    list[str] | None,
    option("--require", metavar="RULE", help="What to reach, as 'hellaswag>=0.55@1T'; repeatable.", section=EVALS),
]
Axis = Annotated[
    Literal["auto", "tokens", "steps"] | None,
    option(
        "--axis",
        help="Compare at the same tokens or steps [default: auto: tokens where both sides tell them, else steps where "
        "a step is the same].",
        section=EVALS,
    ),
]
TokensPerStep = Annotated[
    float | None,
    option(
        "--tokens-per-step",
        metavar="N",
        help="Tokens of one step, such as 2M, where the log does not tell.",
        section=EVALS,
        parser=_tokens,
    ),
]
TotalTokens = Annotated[
    str | None,
    option("--total-tokens", metavar="N", help="Tokens planned for the run, such as 3T.", section=EVALS),
]

Filter = Annotated[
    str | None, option("--filter", metavar="JSON", help="Of a project: a MongoDB-style filter.", section=WANDB)
]
State = Annotated[
    list[str] | None,
    option("--state", metavar="STATE", help="Of a project: only runs in this state; repeatable.", section=WANDB),
]
Tag = Annotated[
    list[str] | None,
    option("--tag", metavar="TAG", help="Of a project: only runs with this tag; repeatable.", section=WANDB),
]
Limit = Annotated[
    int | None,
    option("--limit", metavar="N", help="Of a project: at most so many runs, the newest.", section=WANDB, min=1),
]
Refresh = Annotated[bool, option("--refresh", help="Fetch again what is in the cache.", section=WANDB)]
NoCache = Annotated[bool, option("--no-cache", help="Neither read nor write the cache.", section=WANDB)]

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def axis_setting(axis: str | None) -> dict[str, dict[str, str]]:
    """`--axis` as settings of rules; empty if it was not given."""
    if not axis:
        return {}
    from runlens.rules.evals.behind_reference import BehindReference

    return {BehindReference.code: {"axis": axis}}


def listed(given: list[str] | None) -> list[str]:
    """Comma-separated values of a repeatable option, as one list."""
    return [part.strip() for text in given or [] for part in text.split(",") if part.strip()]


def pairs(given: list[str] | None) -> dict[str, str]:
    """`ROLE=NAME` values as a mapping.

    Raises
    ------
    ConfigError
        If one has no `=` or an empty side.
    """
    from runlens.errors import ConfigError

    found = {}
    for text in given or []:
        role, sign, name = text.partition("=")
        if not (sign and role.strip() and name.strip()):
            raise ConfigError(f"--metric {text!r} must be ROLE=NAME, such as train_loss=my/loss")
        found[role.strip()] = name.strip()
    return found
