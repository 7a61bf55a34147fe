"""The stored form of a reference: one JSON file, one curve a line: people can read it and git can compare it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.errors import NotALog
from runlens.model import Curve, Direction, Reference

KEY = "runlens_reference"
"""The first key of the file; its value is the version of the form."""
VERSION = 1


def is_stored(path: Path) -> bool:
    """True if a file begins as a stored reference does; False for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return f'"{KEY}"'.encode() in file.read(200)
    except OSError:
        return False


def dumps(reference: Reference) -> str:
    """The reference as text; `loads` gives it back to six significant digits (positions to nine)."""
    head = {
        KEY: VERSION,
        "name": reference.name,
        "axis": reference.axis,
        "tokens_per_step": reference.tokens_per_step,
        "source": reference.source,
        "licence": reference.licence,
        "citation": reference.citation,
        "settings": dict(reference.settings),
    }
    if reference.batch:
        head["batch"] = dict(reference.batch)
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False, default=str)}," for k, v in head.items()]
    curves = ",\n".join(f"    {json.dumps(_curve(c), ensure_ascii=False)}" for c in reference.curves)
    return "{\n" + "\n".join(lines) + '\n  "curves": [\n' + curves + "\n  ]\n}\n"


def loads(text: str, where: str) -> Reference:
    """A reference from its stored form.

    Parameters
    ----------
    text : str
    where : str
        Its name, for messages.

    Raises
    ------
    NotALog
        If the text is not that form, is of a later version, or its columns do not fit each other.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotALog(f"{where} is not a stored reference: it is no JSON ({type(error).__name__})") from error
    if not isinstance(data, Mapping) or KEY not in data:
        raise NotALog(f"{where} is not a stored reference: it has no {KEY!r}; write one with `runlens reference build`")
    if data[KEY] != VERSION:
        raise NotALog(f"{where} is a reference of form {data[KEY]!r:.60}; this RunLens reads form {VERSION}")
    try:
        axis = data["axis"]
        if axis not in ("tokens", "steps"):
            raise ValueError(f"axis is {axis!r}")
        per_step = data.get("tokens_per_step")
        return Reference(
            name=str(data["name"]),
            axis=axis,
            curves=tuple(_read(c) for c in data["curves"]),
            tokens_per_step=float(per_step) if per_step else None,
            source=str(data.get("source") or ""),
            licence=str(data.get("licence") or ""),
            citation=str(data.get("citation") or ""),
            settings=MappingProxyType(dict(data.get("settings") or {})),
            batch=MappingProxyType({str(k): float(v) for k, v in (data.get("batch") or {}).items()}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotALog(f"{where} is a damaged reference: {type(error).__name__}: {error}") from error


def _curve(curve: Curve) -> dict[str, Any]:
    form: dict[str, Any] = {"task": curve.task, "metric": curve.metric, "setting": curve.setting}
    form["direction"] = curve.direction
    if curve.n_items:
        form["n_items"] = curve.n_items
    if curve.name:
        form["name"] = curve.name
    if curve.conditions:
        form["conditions"] = dict(curve.conditions)
    form["at"] = [_digits(v, 9) if math.isfinite(v) else None for v in curve.at]
    form["value"] = [_digits(v, 6) for v in curve.value]
    if np.isfinite(curve.stderr).any():
        form["stderr"] = [_digits(v, 3) if math.isfinite(v) else None for v in curve.stderr]
    return form


def _digits(value: float, digits: int) -> float | int:
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def _read(form: Mapping[str, Any]) -> Curve:
    at = np.asarray([math.nan if v is None else v for v in form["at"]], dtype=np.float64)
    value = np.asarray(form["value"], dtype=np.float64)
    stderr = np.asarray(
        [math.nan if v is None else v for v in form.get("stderr") or [None] * len(at)], dtype=np.float64
    )
    if not len(at) == len(value) == len(stderr) or at.ndim != 1:
        raise ValueError(f"the columns of {form['task']!r} differ in length")
    ordered = bool(np.isfinite(at).all() and (np.diff(at) > 0).all()) or len(at) == 1
    if not (ordered and np.isfinite(value).all()):
        raise ValueError(f"the points of {form['task']!r} are not finite and in order")
    direction = form["direction"]
    if direction not in ("up", "down"):
        raise ValueError(f"direction of {form['task']!r} is {direction!r}")
    told = form.get("conditions") or {}
    made = curve_of(
        str(form["task"]), str(form["metric"]), str(form.get("setting") or ""), direction, at, value, stderr,
        int(form.get("n_items") or 0), str(form.get("name") or ""),
    )  # fmt: skip
    return replace(made, conditions=MappingProxyType({str(k): str(v) for k, v in told.items()})) if told else made


def curve_of(
    task: str,
    metric: str,
    setting: str,
    direction: str,
    at: npt.NDArray[np.float64],
    value: npt.NDArray[np.float64],
    stderr: npt.NDArray[np.float64],
    n_items: int = 0,
    name: str = "",
) -> Curve:
    """A curve from points in any order: sorted, non-finite ones dropped, the last of equal positions kept.

    A single point at NaN (a final model whose place nothing tells) is kept.
    """
    order = np.argsort(at, kind="stable")
    at, value, stderr = at[order], value[order], stderr[order]
    keep = (np.isfinite(at) | (len(at) == 1)) & np.isfinite(value)
    at, value, stderr = at[keep], value[keep], stderr[keep]
    last = np.append(at[1:] != at[:-1], True) if len(at) else np.zeros(0, dtype=bool)
    better: Direction = "down" if direction == "down" else "up"
    return Curve(task, metric, setting, better, at[last], value[last], stderr[last], n_items, name)
