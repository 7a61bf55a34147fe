"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="TensorBoard folder or file, W&B offline folder, entity/project/run_id, or a table with a step column.",
        show_default=False,
    ),
]
OneRun = Annotated[
    str, typer.Argument(metavar="RUN", help="The run, in any form that `check` takes.", show_default=False)
]
ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Configuration file [default: the nearest runlens.toml or [tool.runlens]].", show_default=False
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", help="Rule codes or prefixes to judge by, comma-separated.", show_default=False),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Rule codes or prefixes to leave out, comma-separated.", show_default=False),
]
Metric = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="ROLE=NAME", help="The logged metric that plays a role.", show_default=False),
]
References = Annotated[
    list[str] | None,
    typer.Option(
        "--reference", help="Reference for evals: shipped name, run, result folder or table.", show_default=False
    ),
]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", help="What an eval must reach, such as 'hellaswag>=0.55@1T'.", show_default=False),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", help="Lowest severity that fails: info, warning or error [default: error].", show_default=False
    ),
]
TokensPerStep = Annotated[
    float | None,
    typer.Option("--tokens-per-step", help="Tokens of one step, where the log does not tell.", show_default=False),
]
TotalTokens = Annotated[
    str | None, typer.Option("--total-tokens", help="Tokens planned for the run, such as 3T.", show_default=False)
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", help="Runs judged at once; -1 takes every core.", show_default=False)
]
Filter = Annotated[
    str | None, typer.Option("--filter", help="W&B project: a MongoDB-style filter in JSON.", show_default=False)
]
State = Annotated[
    list[str] | None, typer.Option("--state", help="W&B project: only runs in this state.", show_default=False)
]
Tag = Annotated[
    list[str] | None, typer.Option("--tag", help="W&B project: only runs with this tag.", show_default=False)
]
Limit = Annotated[
    int | None, typer.Option("--limit", help="W&B project: at most so many runs, the newest.", show_default=False)
]
Refresh = Annotated[bool, typer.Option("--refresh", help="W&B: fetch again what is in the cache.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="W&B: neither read nor write the cache.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


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
