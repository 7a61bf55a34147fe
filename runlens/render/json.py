"""The JSON report, schema 1: what every other output can be made from again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from runlens.errors import NotALog
from runlens.model import Report, RoleLine, RunReport, Skip
from runlens.render.words import guess

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = 1
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_EXACT = 2.0**53
_NOTHING: Mapping[str, object] = MappingProxyType({})
_FEW = 16
"""Numbers below which looking at them one by one is faster than making an array of them."""
_string = json.encoder.encode_basestring_ascii
_SIMPLE: dict[type, Callable[[Any], str]] = {
    str: _string,
    int: repr,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
"""Types that JSON knows as they are, and how it writes them."""
_SHARED = frozenset({Skip, RoleLine})
"""What the runs of a fleet say alike: its text is kept."""
_encoded = json.JSONEncoder(allow_nan=False).encode


def render(report: Report) -> str:
    r"""The report as JSON text, ending in a newline.

    Plain ASCII (everything else as `\u` escapes), so that a hostile name can do nothing to a terminal or an encoding.
    Lists of numbers stand on one line. Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity".
    """
    return "".join(parts(report))


def parts(report: Report) -> Iterator[str]:
    """What `render` gives, a run at a time: of 10,000 runs no more than one is held twice."""
    head = to_dict(replace(report, runs=()))
    before, _, after = _text(head, "").rpartition("[]")
    yield before + ("[" if report.runs else "[]")
    for at, run in enumerate(report.runs):
        yield f"{',' if at else ''}\n    {text_of_run(run, '    ')}"
    yield ("\n  ]" if report.runs else "") + after + "\n"


def parse(text: str | bytes, where: str = "the text") -> Report:
    """The report of a text made by `render`, equal to the one that went in.

    Fields that this version does not know are passed over; fields that an older version did not write take their
    defaults. In `evidence`, the strings "NaN", "Infinity" and "-Infinity" are read as numbers.

    Parameters
    ----------
    text : str or bytes
        Bytes are what a file holds, which may turn out to be no text.
    where : str
        What to call the text in an error, such as its file.

    Raises
    ------
    NotALog
        If the text is no RunLens report, is damaged, or has a schema newer than 1.
    """
    from pydantic import ValidationError

    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotALog(f"{where} is no RunLens report: it is not JSON ({error}).") from None
    if not isinstance(raw, dict) or "schema" not in raw or not isinstance(raw.get("runs"), list):
        raise NotALog(f"{where} is no RunLens report: give the output of `runlens check RUN --format json`.")
    if raw["schema"] != SCHEMA:
        raise NotALog(
            f"{where} has report schema {raw['schema']!r:.60}, and this RunLens reads schema {SCHEMA}: "
            "render it with the version that made it, or a newer one."
        )
    tool = raw.get("tool")
    raw["version"] = tool.get("version") if isinstance(tool, dict) else None
    for finding in _findings(raw["runs"]):
        finding["evidence"] = _numbers(finding.get("evidence", {}))
    for run in raw["runs"]:
        if isinstance(run, dict) and "config" in run:
            run["config"] = _numbers(run["config"])
    try:
        report = _validator().validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]).replace("version", "tool.version")
        raise NotALog(f"{where} is no RunLens report of schema {SCHEMA}: {place}: {first['msg']}.") from None
    for at, run in enumerate(report.runs):
        if fault := _fault(run):
            raise NotALog(f"{where} is no RunLens report of schema {SCHEMA}: runs.{at}.{fault}.")
    return report


@cache
def _validator() -> TypeAdapter[Report]:
    """Made once: it takes a hundred times as long as checking a small report."""
    from pydantic import TypeAdapter

    return TypeAdapter(Report)


def _fault(run: RunReport) -> str:
    """What no renderer could draw, where it stands and why; empty if all is well."""
    for at, chart in enumerate(run.charts):
        columns = {"values": chart.values, "tokens": chart.tokens, "low": chart.low, "high": chart.high}
        for name, column in columns.items():
            if len(column) != len(chart.steps) and (column or name == "values"):
                return f"charts.{at}.{name}: {len(column)} numbers for {len(chart.steps)} steps"
        if any(b < a for a, b in pairwise(chart.steps)):
            return f"charts.{at}.steps: they must not fall"
    spans = [run.steps, *(f.steps for f in run.findings), *(i.steps for i in run.incidents)]
    spans += [(c.steps[0], c.steps[-1]) for c in run.charts if c.steps]
    numbers = [step for span in spans if span for step in span]
    return "steps: a step is beyond 64 bits" if any(abs(step) >= 2**63 for step in numbers) else ""


def to_dict(report: Report) -> dict[str, Any]:
    """The report as plain dicts, lists, strings and finite numbers, with the keys of schema 1."""
    plain = _plain(replace(report, runs=()))
    version = plain.pop("version")
    del plain["runs"]
    return {
        "schema": SCHEMA,
        "tool": {"name": "runlens", "version": version},
        **plain,
        "runs": [run_dict(run) for run in report.runs],
    }


def run_dict(run: RunReport) -> dict[str, Any]:
    """One run's part of the report, as plain values."""
    return {**_plain(run), "guess": guess(run)}


def text_of_run(
    run: RunReport, indent: str | None = None, *, head: Mapping[str, object] = _NOTHING, without: Collection[str] = ()
) -> str:
    """The text of `run_dict`, with `head` before it and without some fields; on one line where there is no indent."""
    told = {name: getattr(run, name) for name in _names(RunReport) or () if name not in without}
    return _text({**head, **told, "guess": guess(run)}, indent)


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of the report."""
    text = resources.files("runlens.render").joinpath("schema/report-1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _findings(runs: list[Any]) -> list[dict[str, Any]]:
    groups = [run.get("findings") for run in runs if isinstance(run, dict)]
    return [f for group in groups if isinstance(group, list) for f in group if isinstance(f, dict)]


def _plain(value: Any) -> Any:
    """`value` as JSON knows it; whole floats as integers, which is what tokens and steps are to a reader."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if (names := _names(kind)) is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if hasattr(value, "items"):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        kinds = set(map(type, value))
        if kinds == {float} and len(value) >= _FEW:
            return _floats(value)
        return list(value) if kinds <= _SIMPLE.keys() else [_plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return [_plain(v) for v in value]
    return str(value)


_FIELDS: dict[type, tuple[str, ...] | None] = {}


def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass, looked up once; None for any other type."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in fields(kind)) if is_dataclass(kind) else None
    return _FIELDS[kind]


def _floats(values: Sequence[float]) -> list[Any]:
    """What `_plain` says of each, in one pass: charts are most of a report, and few of their values are special."""
    array = np.array(values)
    special = np.flatnonzero(~np.isfinite(array) | ((np.trunc(array) == array) & (np.abs(array) < _EXACT)))
    plain: list[Any] = list(values)
    for at in special.tolist():
        plain[at] = _plain(plain[at])
    return plain


def _numbers(value: Any) -> Any:
    """`value` with the three strings for non-finite numbers turned into numbers, at any depth."""
    if isinstance(value, str):
        return _NON_FINITE.get(value, value)
    if isinstance(value, list):
        return [_numbers(v) for v in value]
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return value


def _text(value: Any, indent: str | None) -> str:
    """JSON of what `_plain` says of a value; on one line where there is no indent.

    Indented, every list that holds no list or dict stands on one line (charts have thousands of numbers).
    """
    kind = type(value)
    if (scalar := _SIMPLE.get(kind)) is not None:
        return scalar(value)
    if kind is float and math.isfinite(value):
        return repr(_plain(value))
    if (kind is tuple or kind is dict) and not value:
        return "[]" if kind is tuple else "{}"
    return _shared(value, indent) if kind in _SHARED else _unshared(value, indent)


@lru_cache(maxsize=4096)
def _shared(value: Skip | RoleLine, indent: str | None) -> str:
    return _unshared(value, indent)


def _unshared(value: Any, indent: str | None) -> str:
    kind = type(value)
    inner = None if indent is None else indent + "  "
    if (names := _names(kind)) is not None:
        return _joined([f'"{name}": {_text(getattr(value, name), inner)}' for name in names], "{}", indent)
    if kind is tuple and value and all(map(is_dataclass, value)):
        return _joined([_text(v, inner) for v in value], "[]", indent)
    if kind is dict and value and set(map(type, value)) == {str}:
        return _joined([f"{_string(k)}: {_text(v, inner)}" for k, v in value.items()], "{}", indent)
    plain = _plain(value)
    if isinstance(plain, dict) and plain:
        return _joined([f"{_string(k)}: {_text(v, inner)}" for k, v in plain.items()], "{}", indent)
    if isinstance(plain, list) and not {list, dict}.isdisjoint(map(type, plain)):
        return _joined([_text(v, inner) for v in plain], "[]", indent)
    return repr(plain) if type(plain) is float else _encoded(plain)


def _joined(rows: list[str], brackets: str, indent: str | None) -> str:
    """What stands between two brackets; a row a line, further in than they are, where there is an indent."""
    if indent is None:
        return f"{brackets[0]}{', '.join(rows)}{brackets[1]}"
    between = f",\n{indent}  "
    return f"{brackets[0]}\n{indent}  {between.join(rows)}\n{indent}{brackets[1]}"
