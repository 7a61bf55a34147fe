"""`runlens show RUN`: what was logged, and which series plays which role."""

from __future__ import annotations

from runlens.cli.shared import options as o


def show(
    run: o.OneRun,
    metric: o.Metric = None,
    x: o.X = None,
    exclude: o.Exclude = None,
    no_gitignore: o.NoGitignore = False,
    strict: o.Strict = False,
    format: o.PageOrJson = "terminal",
    output: o.Output = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Show the logged series of a run, the roles they play and why, and those that were not understood."""
    from runlens import sources
    from runlens.cli.shared.one import OneRun
    from runlens.cli.shared.output import put
    from runlens.config import as_told, load, settings_for
    from runlens.model import ReadOptions
    from runlens.roles import resolve

    given = o.pairs(metric)
    settings = load(config)
    one = OneRun(settings, exclude or (), not no_gitignore, strict)
    ref = one.found(run, ReadOptions(x=x or ""))
    flags = {"metrics": given, "x": x}
    judged = settings_for(ref, settings, flags)
    resolved = resolve(sources.read(as_told(ref, settings, flags)), judged.metrics, judged.directions)
    if format == "json":
        from runlens.render.pages.show_json import render as as_json

        text = as_json(resolved)
    else:
        from runlens.cli.shared.page import look
        from runlens.render.pages.show import render

        text = render(resolved, **look(output))
    put(text, output)
    one.leave()
