"""How soon a fault is found while a run goes on, by rule and by how much history there was before it.

Run as `python -m benchmarks.watch_delays [--seeds N] [ROWS…]`: a run that logs a row every ten seconds, healthy for so
many rows, and then with one fault. It is judged after 1, 2, 3, … rows behind the onset, farther apart the later, as a
watch does with all that is there. Prints the rows between the onset and the first finding at warning or above, and the
same as time; what is found before the onset, in the last look at the healthy run, is counted as false. A watch adds
half its `--interval` on average, and what the log itself holds back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.tables import table
from runlens import roles
from runlens.config import parse, settings_for
from runlens.judging.one import judge_run
from runlens.model import Run, Series, Severity
from runlens.render.text import duration

EVERY = 10.0
"""Seconds between two rows."""
START = 1_800_000_000.0
ROWS = (1_000, 10_000, 100_000)
LOOKS = tuple(sorted({int(n) for n in np.geomspace(1, 2_000, 40)}))
"""Rows behind the onset after which it is looked."""

Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]


@dataclass(frozen=True)
class Fault:
    """One kind of fault, and the rule that is to tell it."""

    code: str
    what: str
    happens: Callable[[Columns, Floats], None]
    """Changes the columns behind the onset in place; takes the rows since then, 0 for the first."""
    pace: float = 1.0
    """Rows in the time in which there was one before: the clock goes with the rate that is logged."""


def _set(name: str, value: Callable[[Floats, Floats], Floats]) -> Callable[[Columns, Floats], None]:
    def happens(columns: Columns, since: Floats) -> None:
        columns[name][-len(since) :] = value(columns[name][-len(since) :], since)

    return happens


FAULTS = (
    Fault("LOSS003", "the loss is NaN", _set("loss", lambda x, t: x * np.nan)),
    Fault("LOSS001", "the loss doubles, and stays", _set("loss", lambda x, t: 2 * x)),
    Fault("LOSS001", "the loss climbs by 1 % a row", _set("loss", lambda x, t: x * 1.01 ** np.minimum(t, 120))),
    Fault("GRAD001", "the gradient norm is infinite", _set("grad_norm", lambda x, t: x + np.inf)),
    Fault("LR001", "the learning rate is 3 times as high", _set("lr", lambda x, t: 3 * x)),
    Fault("TPUT001", "10 % slower from one row to the next", _set("tokens_per_second", lambda x, t: 0.9 * x), 0.9),
    Fault("TPUT001", "4 % slower", _set("tokens_per_second", lambda x, t: 0.96 * x), 0.96),
    Fault("HW001", "a GPU at 97 C", _set("gpu.0.temperature.gpu", lambda x, t: x + 27)),
    Fault("HW004", "XID 79", _set("DCGM_FI_DEV_XID_ERRORS.0", lambda x, t: x + 79)),
)


def healthy(rows: int, rng: np.random.Generator) -> Columns:
    """The columns of a run that nothing is wrong with."""
    step = np.arange(rows, dtype=np.float64)
    return {
        "loss": 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.02, rows),
        "grad_norm": 0.3 * np.exp(rng.normal(0, 0.1, rows)),
        "lr": np.full(rows, 3e-4),
        "tokens_per_second": 1e5 + rng.normal(0, 500, rows),
        "gpu.0.temperature.gpu": 70 + np.round(rng.normal(0, 1, rows)),
        "DCGM_FI_DEV_XID_ERRORS.0": np.zeros(rows),
    }


def delay(fault: Fault, rows: int, seed: int) -> tuple[int | None, bool]:
    """Rows behind the onset at the first finding (None if there is none), and whether there was one before."""
    columns = healthy(rows + LOOKS[-1], np.random.default_rng(seed))
    time = START + EVERY * np.append(np.arange(rows), rows - 1 + np.arange(1, LOOKS[-1] + 1) / fault.pace)
    if _found(fault, {name: one[:rows] for name, one in columns.items()}, time):
        return None, True
    fault.happens(columns, np.arange(LOOKS[-1], dtype=np.float64))
    for look in LOOKS:
        if _found(fault, {name: one[: rows + look] for name, one in columns.items()}, time):
            return look, False
    return None, False


def _found(fault: Fault, columns: Columns, time: Floats) -> bool:
    length = len(columns["loss"])
    step, time = np.arange(length), time[:length]
    series = {name: Series(name, step, time, value) for name, value in columns.items()}
    run = roles.resolve(Run("r", "r", "r", "running", series=series, read_at=float(time[-1]) + EVERY), {})
    report = judge_run(run, settings_for("r", parse({}), {"select": [fault.code]}, chart_points=0))
    return any(f.code == fault.code and f.severity.rank >= Severity.WARNING.rank for f in report.findings)


def delays(rows: Sequence[int], seeds: int) -> str:
    """The table as Markdown."""
    lines: list[tuple[str, ...]] = []
    false = 0
    for fault in FAULTS:
        cells = []
        for length in rows:
            found = [delay(fault, length, seed) for seed in range(seeds)]
            false += sum(before for _, before in found)
            known = sorted(look for look, _ in found if look is not None)
            missed = sum(look is None and not before for look, before in found)
            median = known[len(known) // 2] if known else None
            cells.append(
                (f"{median:,} ({duration(median * EVERY)})" if median else "–")
                + (f", {missed} missed" if missed else "")
            )
        lines.append((fault.code, fault.what, *cells))
    heads = ("rule", "fault", *(f"{length:,} rows before" for length in rows))
    return f"{table('Rows behind the onset', lines, heads)}\n{false} found before the onset\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=list(ROWS))
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    sys.stdout.write(delays(given.rows, given.seeds))


if __name__ == "__main__":
    main()
