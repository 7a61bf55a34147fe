"""`runlens show RUN`: what was logged, and which series plays which role."""

from __future__ import annotations

from runlens.cli.shared import options as o


def show(
    run: o.OneRun,
    metric: o.Metric = None,
    x: o.X = None,
    format: o.PageOrJson = "terminal",
    output: o.Output = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Show the logged series of a run, the roles they play and why, and those that were not understood."""
    from runlens import sources
    from runlens.cli.shared.output import put
    from runlens.config import as_told, load, settings_for
    from runlens.errors import ConfigError
    from runlens.model import ReadOptions
    from runlens.roles import resolve

    given = o.pairs(metric)
    refs = sources.discover(run, options=ReadOptions(x=x or ""))
    if len(refs) > 1:
        some = ", ".join(ref.location for ref in refs[:5]) + (", …" if len(refs) > 5 else "")
        raise ConfigError(f"{run} holds {len(refs):,} runs; name one of them: {some}")
    settings = load(config)
    flags = {"metrics": given, "x": x}
    judged = settings_for(refs[0], settings, flags)
    resolved = resolve(sources.read(as_told(refs[0], settings, flags)), judged.metrics, judged.directions)
    if format == "json":
        from runlens.render.pages.show_json import render as as_json

        text = as_json(resolved)
    else:
        from runlens.cli.shared.page import look
        from runlens.render.pages.show import render

        text = render(resolved, **look(output))
    put(text, output)
