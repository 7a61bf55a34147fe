"""What must change no verdict: the order of series, the clock's zero, where steps are counted from, another metric, the
scale of a loss, a log written twice, in what form and in how many files it is written.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from runlens import roles
from runlens.judging.check import Settings, judge_run
from runlens.model import Run, Series
from runlens.rules import RULES
from runlens.sources import discover, read
from tests.sources import tfevents_writer as w
from tests.synthetic.anything import anything
from tests.synthetic.training import healthy

SETTINGS = Settings(tuple(rule() for rule in RULES))
SEEDS = range(0, 42, 3)
FAR = 10**6
"""A step that is beyond the end of every one of these runs by far."""


def raw(seed):
    """The run of a seed, without a plan, which a shift of the steps would make another plan."""
    made = anything(seed)
    config = {key: value for key, value in made.config.items() if key != "max_steps"}
    return Run(
        "run", "run", "run", made.state, config=config, series=dict(made.series), notes=made.notes,
        starts=made.starts, read_at=made.read_at,
    )  # fmt: skip


def said(run, back=0):
    found = judge_run(roles.resolve(run), SETTINGS)
    assert not found.failures
    where = [(f, (f.steps[0] - back, f.steps[1] - back) if f.steps else None) for f in found.findings]
    return sorted((f.code, f.severity.value, f.metric, steps) for f, steps in where)


def changed(run, step=lambda s: s, time=lambda t: t, value=lambda name, v: v):
    series = {n: Series(n, step(s.step), time(s.time), value(n, s.value)) for n, s in run.series.items()}
    return replace(run, series=series)


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_order_nor_clock_nor_scale_nor_other_metrics_matter(seed):
    run = raw(seed)
    before = said(run)
    assert said(replace(run, series=dict(reversed(list(run.series.items()))))) == before
    later = changed(run, time=lambda t: t + 86400.0 * 11)
    later = replace(later, starts=tuple(s + 86400.0 * 11 for s in run.starts), read_at=run.read_at + 86400.0 * 11)
    assert said(later) == before
    longest = max(run.series.values(), key=len)
    noise = np.random.default_rng(seed).random(len(longest))
    other = Series("zz/something_else", longest.step, longest.time, noise)
    assert said(replace(run, series={**run.series, other.name: other})) == before
    for names, factor in ((("loss", "eval_loss"), 2.0), (("grad_norm",), 4.0)):
        assert said(changed(run, value=lambda n, v, k=names, f=factor: v * f if n in k else v)) == before


@pytest.mark.parametrize("seed", SEEDS)
def test_where_steps_are_counted_from_does_not_matter(seed):
    run = raw(seed)
    assert said(changed(run, step=lambda s: s + FAR), back=FAR) == said(run)


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed != 39])
def test_a_log_that_was_written_twice_says_the_same_and_is_told(seed):
    run = raw(seed)
    twice = replace(
        run,
        series={
            n: Series(n, np.repeat(s.step, 2), np.repeat(s.time, 2), np.repeat(s.value, 2))
            for n, s in run.series.items()
        },
    )
    found = said(twice)
    assert ("LOG001", "info", "", None) in found
    found.remove(("LOG001", "info", "", None))
    assert found == said(run)


def test_a_few_repeated_points_are_left_as_they_are():
    run = raw(0)
    again = np.arange(len(run.series["loss"]) + 3).clip(max=len(run.series["loss"]) - 1)
    series = {n: s.take(again.clip(max=len(s) - 1)) for n, s in run.series.items()}
    assert roles.resolve(replace(run, series=series)).points == sum(map(len, series.values()))


def rows_of(seed, n=400):
    columns = healthy(seed, n)
    columns["loss"][150:156] *= 2.5  # a spike that recovers
    columns["grad_norm"][149:156] *= 9.0
    return [
        {"step": int(s), "time": float(t), "loss": float(a), "grad_norm": float(g), "lr": float(r)}
        for s, t, a, g, r in zip(*(columns[k] for k in ("step", "time", "loss", "grad_norm", "lr")), strict=True)
    ]


def as_csv(rows):
    return "\n".join([",".join(rows[0]), *(",".join(map(repr, row.values())) for row in rows)]) + "\n"


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


FORMS = {
    "history.csv": as_csv,
    "semicolons.csv": lambda rows: as_csv(rows).replace(",", ";").replace(".", ","),
    "history.jsonl": as_lines,
    "history.json": json.dumps,
    "columns.json": lambda rows: json.dumps({key: [row[key] for row in rows] for key in rows[0]}),
    "history.tsv": lambda rows: as_csv(rows).replace(",", "\t"),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_form_of_a_log_does_not_matter(seed, tmp_path):
    rows = rows_of(seed)
    found = {}
    for name, written in FORMS.items():
        (tmp_path / name).write_text(written(rows))
        found[name] = said(read(discover(str(tmp_path / name))[0]))
    assert len({repr(one) for one in found.values()}) == 1, found
    assert any(code == "LOSS001" for code, *_ in found["history.csv"])


@pytest.mark.parametrize("cut", [1, 80, 250, 399])
def test_in_how_many_event_files_a_run_is_written_does_not_matter(cut, tmp_path):
    events = [
        w.scalar(tag, row["step"], row[tag], row["time"]) for row in rows_of(3) for tag in ("loss", "grad_norm", "lr")
    ]
    w.write(tmp_path / "one", events)
    w.write(tmp_path / "two", events[: 3 * cut], "events.out.tfevents.1790000000.host.1.0")
    w.write(tmp_path / "two", events[3 * cut :], "events.out.tfevents.1790009000.host.1.1")
    one, two = (said(read(discover(str(tmp_path / name))[0])) for name in ("one", "two"))
    assert one == [finding for finding in two if finding[0] != "LOG002"]  # another file may be another start


@pytest.mark.parametrize("end", [240, 300, 400])
def test_what_was_over_long_ago_is_said_of_every_prefix(end, tmp_path):
    (tmp_path / "history.jsonl").write_text(as_lines(rows_of(4)[:end]))
    found = said(read(discover(str(tmp_path / "history.jsonl"))[0]))
    assert [steps[0] for code, _, _, steps in found if code == "LOSS001"] == [150]
