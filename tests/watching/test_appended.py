"""Of logs that grow, in each form, a look says what a look at everything says, at random cuts of many runs."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from runlens import sources
from runlens.sources import carried
from runlens.stats.excursions import level, scan
from runlens.watching.unchanged import MOST_POINTS
from tests.sources import growing
from tests.sources import tfevents_writer as ev
from tests.sources import wandb_writer as wb
from tests.watching.test_unchanged import full_look_report
from tests.watching.world import START, World

ROWS = 4000
RULES = ("LOSS", "GRAD", "LR", "TPUT", "HW", "EVAL", "LOG")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(level, "SETTLES", 1024)
    monkeypatch.setattr(scan, "BLOCK", 1024)


def training(rng):
    """Rows of a training with faults: spikes that heal, losses that are no number, a drop of speed, a resume, a GPU
    that is hot for a while, a learning rate that jumps.
    """
    n = ROWS
    step = np.arange(n)
    loss = 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01, n)
    speed = 1e5 + rng.normal(0, 500, n)
    for at in rng.integers(500, n, 4):
        wide = int(rng.integers(1, 200))
        loss[at : at + wide] += 3 * np.exp(-np.arange(len(loss[at : at + wide])) / 30)
    speed[rng.integers(n // 2, n) :] *= 0.8
    if rng.random() < 0.5:
        loss[rng.integers(n // 2, n) :][:3] = np.nan
    time = START - n * 10.0 + 10.0 * np.cumsum(np.where(speed < 9e4, 1.25, 1.0))
    if rng.random() < 0.5:
        back = int(rng.integers(n // 2, n))
        step[back:] -= 100
        time[back:] += 900
    rate = np.minimum(np.arange(n) / 200, 1) * 3e-4 * 0.9997 ** np.arange(n)
    rate[rng.integers(n // 2, n) :][:40] *= rng.choice([1.0, 5.0, 0.0])
    norm = np.exp(rng.normal(0, 0.1, n))
    norm[rng.integers(n // 2, n) :][:3] *= rng.choice([1.0, 30.0])
    heat = 70 + rng.normal(0, 1, n)
    heat[rng.integers(n // 3, n) :][:60] += rng.choice([0.0, 18.0])
    columns = {"loss": loss, "grad_norm": norm, "tokens_per_second": speed, "lr": rate}
    columns |= {"tokens": (np.arange(n) + 1) * 4096.0, "gpu_temp": heat, "val_loss": loss + 0.1}
    return step, time, columns


def rows_of(rng):
    step, time, columns = training(rng)
    for i in range(ROWS):
        yield int(step[i]), float(time[i]), {name: float(value[i]) for name, value in columns.items()}


def json_lines(rng):
    rows = ({"step": step, "timestamp": time, **row} for step, time, row in rows_of(rng))
    return "run.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()


def csv(rng):
    lines = (",".join(map(repr, (step, time, *row.values()))) for step, time, row in rows_of(rng))
    names = "step,timestamp,loss,grad_norm,tokens_per_second,lr,tokens,gpu_temp,val_loss"
    return "run.csv", (names + "\n" + "\n".join(lines) + "\n").encode()


def event_file(rng):
    events = [ev.version(START)]
    for step, time, row in rows_of(rng):
        events += [ev.scalar(name, step, value, time) for name, value in row.items()]
    return "events.out.tfevents.1790000000.host.1.0", ev.log(events)


def wandb_file(rng):
    records = [wb.run_record("abc", "a run", int(START))]
    for step, time, row in rows_of(rng):
        cells = {**row, "_timestamp": time}
        records.append(wb.history({name: json.dumps(value) for name, value in cells.items()}, step))
    return "run-abc.wandb", wb.framed(records)


FORMS = {"jsonl": json_lines, "csv": csv, "events": event_file, "wandb": wandb_file}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_at_random_cuts_a_look_says_what_a_look_at_everything_says(tmp_path, form, seed):
    rng, world = np.random.default_rng(seed), World()
    name, content = FORMS[form](rng)
    path = tmp_path / "logs" / name
    path.parent.mkdir()
    watch = world.watch(path.parent if form in ("events", "wandb") else path, select=RULES)
    watch.lives.alone = True
    ends = [*np.sort(rng.integers(len(content) // 3, len(content), 7)).tolist(), len(content)]
    for end in ends:
        if form in ("jsonl", "csv") and rng.random() < 0.7:  # else in the middle of a line
            end = content.index(b"\n", end - 1) + 1
        with path.open("ab") as file:
            file.write(content[file.tell() : end])
        world.now += 60 * int(rng.integers(1, 60))
        report = watch.look()
        watch.lives.look(report.runs, world.now)
        full = full_look_report(watch)
        for one, other in zip(report.runs, full.runs, strict=True):  # as text, since evidence may hold NaN
            for field in fields(one):
                assert repr(getattr(one, field.name)) == repr(getattr(other, field.name)), field.name
    unchanged = watch.look.unchanged
    assert unchanged.carried[report.runs[0].run][1] is not None
    (kept,) = unchanged.memory[report.runs[0].run].values()
    assert kept.of(1).taken > 0


def test_runs_that_have_not_changed_for_longest_are_let_go(tmp_path, monkeypatch):
    from runlens.watching import unchanged

    monkeypatch.setattr(unchanged, "MOST_POINTS", 2500)
    world = World()
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.jsonl").write_text("".join(f'{{"step": {s}, "loss": 2.5}}\n' for s in range(1000)))
    watch = world.watch(tmp_path)
    watch.look()
    known = watch.look.unchanged
    assert list(known.points) == list(known.carried) == list(known.memory) == ["b/run", "c/run"]
    assert MOST_POINTS > 10_000_000
    (tmp_path / "b" / "run.jsonl").unlink()
    watch.look()
    assert known.carried.keys() | known.points.keys() | known.memory.keys() == {"c/run"}


def test_a_part_of_a_file_and_what_lies_in_a_store_are_read_whole(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(growing.json_lines(np.random.default_rng(0), 50, False))
    (ref,) = sources.discover(str(path))
    assert carried.carried(ref) is not None
    assert carried.carried(replace(ref, member="2")) is None
    assert carried.carried(replace(ref, copy_of="s3://bucket/run.jsonl")) is None
    assert carried.carried(replace(ref, source="text")) is None
