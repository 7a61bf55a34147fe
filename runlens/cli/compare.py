"""`runlens compare RUN --reference REF...`: evals beside reference checkpoints, and the lag in tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.comparison.restart import Choice
    from runlens.model import Comparison, Reference, Run


def compare(
    run: o.OneRun,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            "--reference",
            "-r",
            metavar="REF",
            help="What to compare with, repeatable: shipped name, stored file, run, result folder or table "
            "[default: those of the configuration].",
            show_default=False,
        ),
    ] = None,
    evals: o.EvalResults = None,
    axis: o.Axis = None,
    tokens_per_step: o.TokensPerStep = None,
    total_tokens: o.TotalTokens = None,
    metric: o.Metric = None,
    exclude: o.Exclude = None,
    no_gitignore: o.NoGitignore = False,
    strict: o.Strict = False,
    format: o.PageOrJson = "terminal",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there instead of standard output.", show_default=False
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            metavar="FILE",
            help="Draw score over tokens, task by task, and the training curves beside a run's.",
            show_default=False,
        ),
    ] = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Lay a run over a reference: evals at the same tokens and the lag; loss, gradient norm and speed step by step.

    Exit code 0: not behind. 1: behind, and that persists or widens, or the training loss is above the
    reference's. 2: wrong use. 3: a reference could not be compared with.
    """
    from runlens import sources
    from runlens.cli.shared.one import OneRun
    from runlens.cli.shared.output import put
    from runlens.comparison.compare import compare as beside
    from runlens.comparison.restart import planned_tokens
    from runlens.comparison.training import training_of, with_training
    from runlens.config import as_told, load, settings_for
    from runlens.errors import ConfigError
    from runlens.files import save, spare
    from runlens.model import Severity
    from runlens.roles import resolve
    from runlens.roles.joined import with_evals
    from runlens.rules.evals.behind_reference import BehindReference

    configured = load(config)
    one = OneRun(configured, exclude or (), not no_gitignore, strict)
    ref = one.found(run)
    given = [*(reference or ()), *([evals] if evals else []), *([config] if config else [])]
    spare([file for file in (output, png) if file is not None], [ref.location, *ref.files, *given])
    flags = {
        "select": [BehindReference.code],
        "metrics": o.pairs(metric),
        "references": reference,
        "tokens_per_step": tokens_per_step,
        "total_tokens": total_tokens,
        "eval_results": [evals] if evals else None,
        "rules": o.axis_setting(axis),
    }
    settings = settings_for(ref, configured, flags)
    rule = next(r for r in settings.rules if isinstance(r, BehindReference))
    if not rule.references:
        raise ConfigError("give at least one --reference; `runlens reference list` shows the shipped ones")
    resolved = resolve(sources.read(as_told(ref, configured, flags)), settings.metrics, settings.directions)
    if settings.evals is not None:
        resolved = with_evals(resolved, settings.evals, settings.tokens_per_step)
    total = settings.total_tokens or planned_tokens(resolved)
    own = training_of(resolved)
    found = [
        with_training(beside(resolved, r, rule.axis, rule.tokens_per_step, rule.bar, total), own, r)
        for r in rule.references
    ]
    if png is not None:
        if not any(c.tasks or c.training for c in found):
            raise ConfigError(f"--png: nothing to draw: {found[0].why_not}")
        from runlens.render.figures.compare import render as drawn

        save(png, drawn(found))
    if format == "json":
        text = as_json(found, resolved, total)
    else:
        from runlens.cli.shared.page import look
        from runlens.render.pages.compare import render

        text = render(found, advised(found, resolved, total), **look(output))
        if hint := elsewhere(found, rule.references):
            text += f"{hint}\n"
    put(text, output)
    if any(Severity.ERROR in (c.severity, *(g.severity for g in c.training)) for c in found):
        raise typer.Exit(1)
    pairs = zip(found, rule.references, strict=True)
    one.leave(3 if any(c.why_not and not (c.training and not r.curves) for c, r in pairs) else 0)


def elsewhere(found: Sequence[Comparison], references: Sequence[Reference]) -> str:
    """Where evals that a shipped reference does not hold can be had; empty where all are held or none is shipped."""
    from runlens.comparison.match import NO_TASK
    from runlens.references.shipped import coverage_hint, shipped
    from runlens.roles.names.evals import parse_eval

    names = shipped()
    lacking = {
        parse_eval(name).task
        for comparison, reference in zip(found, references, strict=True)
        if reference.name.partition("@")[0] in names
        for name, why in comparison.unmatched
        if why == NO_TASK
    }
    return coverage_hint({task for task in lacking if re.fullmatch(r"[\w.-]+", task)})  # names come from strangers


def as_json(found: Sequence[Comparison], run: Run, total_tokens: float | None) -> str:
    """The comparisons as JSON, with the choice between restart and going on where it can be made."""
    import dataclasses
    import json

    from runlens.comparison.verdict import numbers, plain_numbers

    choices = [weighed(c, run, total_tokens) for c in found]
    data = {
        "schema": 1,
        "run": run.id,
        "total_tokens": total_tokens,
        "comparisons": [
            {**numbers(c), "restart_or_go_on": dataclasses.asdict(choice) if choice else None}
            for c, choice in zip(found, choices, strict=True)
        ],
    }
    return json.dumps(plain_numbers(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def advised(found: Sequence[Comparison], run: Run, total_tokens: float | None) -> list[str]:
    """Whether to restart, for each reference that the run is behind."""
    from runlens.comparison.restart import said
    from runlens.comparison.words import amount

    sentences = []
    for comparison in found:
        behind = [g for g in comparison.groups if g.behind]
        if not behind or comparison.axis != "tokens":
            continue
        choice = weighed(comparison, run, total_tokens)
        if choice is None:
            limit = behind[0].at / (1 - 1 / behind[0].factor)
            sentences.append(
                f"restart or go on? A restart pays if more than {amount(limit)} are planned; give --total-tokens for "
                "the arithmetic."
            )
        else:
            sentences.append(f"{'restart' if choice.restart else 'go on'}: {said(choice, behind[0].interval)}.")
    return sentences


def weighed(comparison: Comparison, run: Run, total_tokens: float | None) -> Choice | None:
    """The arithmetic for one reference; None where it does not arise or the total is not known."""
    from runlens.comparison.restart import weigh

    behind = [g for g in comparison.groups if g.behind]
    if not behind or comparison.axis != "tokens" or not total_tokens:
        return None
    return weigh(run, behind[0].factor, behind[0].at, total_tokens, behind[0].interval)
