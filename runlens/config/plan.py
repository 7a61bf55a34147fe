"""From the layers of settings (defaults, earlier runs, file, per-run overrides, flags) to what a run is judged by."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runlens.config.beside import below, evals_of, hardware_of, states_below
from runlens.config.load import Config
from runlens.config.rule_settings import INJECTED, check_settings
from runlens.config.tokens import count_of_tokens
from runlens.errors import ConfigError, did_you_mean
from runlens.judging.baseline import Known
from runlens.judging.limits import Limits
from runlens.judging.one import Settings
from runlens.model import Direction, Reference, RunRef, Severity
from runlens.model.twin import Twin
from runlens.roles.names.evals import parse_eval
from runlens.roles.vocabulary import ROLES
from runlens.rules.evals.parts.require import parse_requirement
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.loss.spike import LossSpike
from runlens.rules.select import select

if TYPE_CHECKING:
    from runlens.sources.unread import Search

DEFAULTS: Mapping[str, Any] = {
    "select": None,
    "ignore": [],
    "fail_on": "error",
    "references": [],
    "twins": [],
    "requirements": [],
    "eval_results": [],
    "hardware": None,
    "tokens_per_step": None,
    "total_tokens": None,
    "metrics": {},
    "evals": {},
    "limits": dataclasses.asdict(Limits()),
    "x": None,
    "rules": {},
    "baseline": None,
    "exclude": [],
    "gitignore": True,
    "strict": False,
    "nights": None,
    "jobs": 1,
}


COMMAND_LINE = "command line"
Given = tuple[tuple[str, tuple[tuple[str, int, int, int], ...]], ...]
"""Names, and the states of the files that they stand for: what is read again once it has changed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Learned:
    """What earlier good runs say of a run: it counts for less than anything that the user says."""

    origin: str = "earlier runs"
    rules: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    """Settings of rules, by code."""
    references: tuple[Reference, ...] = ()
    """References for the evals, beside those of the user."""
    twins: tuple[Twin, ...] = ()
    """Runs that this one should equal, beside those of the user."""


NOTHING_LEARNED = Learned()


@dataclasses.dataclass(frozen=True, slots=True)
class InForce:
    """The settings in force for one run, and where each comes from."""

    values: Mapping[str, Any]
    origin: Mapping[str, str]
    """Dotted key to `default`, the file's path, the file's path with the pattern, or `command line`."""

    def severities(self) -> dict[str, Severity]:
        """Code to the severity that the settings give its findings."""
        return {code: Severity(s["severity"]) for code, s in self.values["rules"].items() if "severity" in s}


def in_force(
    config: Config, flags: Mapping[str, Any], run_id: str | None = None, learned: Learned = NOTHING_LEARNED
) -> InForce:
    """Lay the settings over each other: defaults, what was learned, file, overrides that match the run, command line.

    Tables (`metrics`, `rules`) are merged key by key; everything else is replaced whole. Flags that are None or
    empty do not count as given.
    """
    file = str(config.path)
    layers: list[tuple[str, Mapping[str, Any]]] = [
        ("default", DEFAULTS),
        (learned.origin, {"rules": learned.rules}),
        (file, config.values),
    ]
    if run_id is not None:
        own = (config.runs[at] for at in _overrides(config, run_id))
        layers += [(f"{file} [[runs]] match = {override['match']!r}", override) for override in own]
    layers.append((COMMAND_LINE, {k: v for k, v in flags.items() if v not in (None, [], (), {})}))
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, layer in layers:
        for key, value in layer.items():
            if key == "match":
                continue
            if key in ("metrics", "evals", "limits"):
                values[key] = {**values.get(key, {}), **value}
                origin.update({f"{key}.{one}": name for one in value})
            elif key == "rules":
                merged = dict(values.get(key, {}))
                for code, settings in value.items():
                    merged[code] = {**merged.get(code, {}), **settings}
                    origin.update({f"rules.{code}.{setting}": name for setting in settings})
                values[key] = merged
            else:
                values[key] = value
                origin[key] = name
    return InForce(values, origin)


def _overrides(config: Config, run_id: str) -> tuple[int, ...]:
    """Places of the per-run overrides that match a run."""
    return tuple(at for at, one in enumerate(config.runs) if fnmatch.fnmatchcase(run_id, str(one["match"])))


def settings_for(
    ref: RunRef | str,
    config: Config,
    flags: Mapping[str, Any],
    *,
    learned: Learned = NOTHING_LEARNED,
    known: tuple[Known, ...] = (),
    chart_points: int = 400,
    quiet_points: int = 400,
    debug: bool = False,
) -> Settings:
    """What one run is judged by.

    Parameters
    ----------
    ref : RunRef or str
        The run, or its id.
    config : Config
    flags : mapping
        What was given on the command line, by the names of the settings.
    learned : Learned
        What earlier runs say.
    known : tuple of Known
        Known findings that have not expired.
    chart_points, quiet_points : int
        As in `Settings`.
    debug : bool
        As in `Settings`.

    Raises
    ------
    ConfigError
        For unknown codes, settings, references or requirements.
    """
    run_id = ref if isinstance(ref, str) else ref.id
    force = in_force(config, flags, run_id, learned)
    values = force.values
    for role in values["metrics"]:
        if role not in ROLES:
            raise ConfigError(f"there is no role {role!r}; {did_you_mean(role, ROLES)}")
    folder = folder_of(force, config, "references")
    given: dict[str, Any] = {
        "references": (*_references(_given(values["references"], folder), Path.cwd()), *learned.references),
        "twins": (*_twins(_given(values["twins"], config.folder), Path.cwd()), *learned.twins),
        "requirements": tuple(values["requirements"]),
        "tokens_per_step": values["tokens_per_step"],
        "total_tokens": count_of_tokens(values["total_tokens"]) if values["total_tokens"] else None,
    }
    # whichever rules are chosen, LOSS001 says what a spike is to those that count spikes or ask about them
    of_spikes: dict[str, Any] = _checked(LossSpike.code, values)
    given["sensitivity"] = LossSpike(**of_spikes).sensitivity
    of_surges: dict[str, Any] = _checked(GradientSurge.code, values)
    given["surge"] = GradientSurge(**{**of_surges, "sensitivity": given["sensitivity"]})
    rules = []
    for rule in select(values["select"], values["ignore"]):
        fields = {f.name for f in dataclasses.fields(rule)}
        injected = {k: given[k] for k in INJECTED if k in fields and given[k]}
        rules.append(rule(**{**injected, **_checked(rule.code, values)}))
    return Settings(
        rules=tuple(rules),
        metrics=values["metrics"],
        directions=_directions(values),
        fail_on=Severity(values["fail_on"]),
        severities=force.severities(),
        evals=evals_of(values["eval_results"], folder_of(force, config, "eval_results"), run_id),
        hardware=hardware_of(values["hardware"], folder_of(force, config, "hardware")),
        tokens_per_step=values["tokens_per_step"],
        total_tokens=given["total_tokens"],
        known=known,
        chart_points=chart_points,
        quiet_points=quiet_points,
        limits=Limits(**values["limits"]),
        debug=debug,
    )


def folder_of(force: InForce, config: Config, key: str) -> Path:
    """Where paths of a setting begin: here for those of the command line, else at the configuration."""
    return Path() if force.origin[key] == COMMAND_LINE else config.folder


def _directions(values: Mapping[str, Any]) -> dict[str, Direction]:
    """Logged name of an eval to the way that is better: as the sign of a requirement tells it, or `[evals]` says it."""
    asked = (parse_requirement(text) for text in values["requirements"])
    signs: dict[str, Direction] = {
        r.name: "up" if r.sign.startswith(">") else "down" for r in asked if parse_eval(r.name).direction is None
    }
    return {
        **signs,
        **{name: "up" if said["higher_is_better"] else "down" for name, said in values["evals"].items()},
    }


def _checked(code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one rule, checked; what checks them is loaded only where there are some."""
    own = values["rules"].get(code)
    return check_settings(code, own) if own else {}


def looked_for(search: Search, config: Config, flags: Mapping[str, Any]) -> Search:
    """The search with what the settings say of which files count; what was given with it counts for more."""
    values = in_force(config, flags).values
    search.exclude = search.exclude or values["exclude"]
    search.gitignore = search.gitignore and bool(values["gitignore"])
    return search


def as_told(ref: RunRef, config: Config, flags: Mapping[str, Any]) -> RunRef:
    """The run with what the settings say of how to read it, so far as its source obeys them."""
    return _as_told(ref, in_force(config, flags, ref.id).values["x"])


def ways(
    refs: Sequence[RunRef], config: Config, flags: Mapping[str, Any], make: Callable[[RunRef], Settings]
) -> list[tuple[RunRef, Settings]]:
    """Each run `as_told`, with what it is judged by as `make` gives it: made once for all runs of a fleet that no
    override tells apart, since it takes 0.4 ms.
    """
    made: dict[tuple[int, ...], tuple[Settings, str | None]] = {}
    out = []
    for ref in refs:
        key = _overrides(config, ref.id)
        if key not in made or made[key][0].evals is not None:  # results may be those of one run, by its name
            made[key] = make(ref), in_force(config, flags, ref.id).values["x"]
        settings, x = made[key]
        out.append((_as_told(ref, x), settings))
    return out


def _as_told(ref: RunRef, x: str | None) -> RunRef:
    if not x:
        return ref
    from runlens.sources.registry import SOURCES

    obeyed = any(source.name == ref.source and "x" in source.options for source in SOURCES)
    return dataclasses.replace(ref, options=dataclasses.replace(ref.options, x=x)) if obeyed else ref


def _given(specs: Sequence[str], folder: Path) -> Given:
    """Each name once, as it stands for something here, with the states of its files."""
    names = dict.fromkeys(below(folder, spec) for spec in specs)
    return tuple((name, states_below(name)) for name in names)


@functools.lru_cache(maxsize=32)
def _references(given: Given, here: Path) -> tuple[Reference, ...]:
    """Those that were named, each read once as its files are; `here` is the working folder, which names are of."""
    if not given:
        return ()
    from runlens.references import load
    from runlens.references.bands import bands  # loads what compares evals, which other users of references do not need

    return bands([load(name) for name, _ in given])


@functools.lru_cache(maxsize=32)
def _twins(given: Given, here: Path) -> tuple[Twin, ...]:
    """The runs that were named as twins, each read once as its files are."""
    if not given:
        return ()
    from runlens import roles, sources
    from runlens.rules.nights.parts.twin import twin_of

    return tuple(twin_of(roles.resolve(sources.read(ref), {})) for name, _ in given for ref in sources.discover(name))
