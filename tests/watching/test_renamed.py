"""A second training in the log that is watched: the first is called otherwise, and nothing is told twice or lost."""

import json
from dataclasses import replace

import numpy as np
import pytest

from runlens.watching.life import Watched
from runlens.watching.renamed import followed, renamed
from tests.render.reports import fixed
from tests.sources import tfevents_writer as ev
from tests.watching.world import START, World

ROWS = 400


def losses(seed, bad=None):
    rng = np.random.default_rng(seed)
    loss = 2 + 4 * (np.arange(ROWS) + 20.0) ** -0.3 + rng.normal(0, 0.01, ROWS)
    if bad is not None:
        loss[bad : bad + 3] = np.nan
    return loss


def event_files(folder, number, loss, first, last):
    at = START + number * 10_000.0
    path = folder / f"events.out.tfevents.{int(at)}.host.1.{number}"
    head = [] if path.exists() else [ev.version(at)]
    with path.open("ab") as file:
        file.write(ev.log([*head, *(ev.scalar("loss", s, float(loss[s]), at + 10.0 * s) for s in range(first, last))]))


def json_lines(folder, number, loss, first, last):
    with (folder / "run.jsonl").open("a") as file:
        for s in range(first, last):
            row = {"step": s, "loss": float(loss[s]), "timestamp": START + number * 10_000.0 + 10.0 * s}
            file.write(json.dumps(row) + "\n")


FORMS = {"events": event_files, "jsonl": json_lines}


def trained(world, watch, folder, write, number, loss, pieces=8):
    """Train with a look after each piece."""
    for a, b in zip(range(0, ROWS, ROWS // pieces), range(ROWS // pieces, ROWS + 1, ROWS // pieces), strict=True):
        write(folder, number, loss, a, b)
        world.now = START + number * 10_000.0 + 10.0 * b
        watch._look()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_told_of_the_first_training_is_told_once(tmp_path, form, restarted):
    world, folder, state = World(), tmp_path / "logs", tmp_path / "state.json"
    folder.mkdir()
    name = folder if form == "events" else folder / "run.jsonl"
    channels = {"test": lambda message: world.err.append("sent")}

    def begun():
        made = world.watch(name, select=("LOSS003", "LOSS001", "LOG004", "LOG006"), state=state, channels=channels)
        made.told.load()
        return made

    FORMS[form](folder, 0, losses(0), 0, 1)
    watch = begun()
    trained(world, watch, folder, FORMS[form], 0, losses(0, bad=150))
    first = [run.run for run in watch.report.runs]
    if restarted:
        watch.told.save()
        watch = begun()
    for number in (1, 2):
        trained(world, watch, folder, FORMS[form], number, losses(number, bad=200))
    names = [run.run for run in watch.report.runs]
    assert len(first) == 1 and names == [f"{first[0]}/{k}" for k in (1, 2, 3)]
    told = world.lines("LOSS003")
    assert len(told) == 3, told
    assert [sum(str(step) in line for line in told) for step in (150, 200)] == [1, 2]
    assert not world.lines("gone") and not world.lines("not there any more")
    for run in names[:2]:
        assert not [line for line in world.lines("LOG004") if f" {run} " in line], "it was over, and did not stall"
    assert set(watch.lives.runs) == set(names)
    assert {incident.run for incident in watch.told.incidents.known.values()} <= set(names)


def run(name, source="logs"):

    return replace(fixed().runs[0], run=name, source=source)


def test_only_the_first_of_what_stands_in_its_place_is_the_run():
    old = Watched(0.0, last=run("logs"))
    reports = [run("logs/2"), run("logs/3"), run("other/1")]
    assert renamed({"logs": old}, reports) == {"logs": "logs/2"}  # number 1 was given up
    assert renamed({"logs": old}, [*reports, run("logs")]) == {}, "it is there"
    assert renamed({"logs": old}, [run("logs/2", "elsewhere")]) == {}
    assert renamed({"logs": old, "logs/2": Watched(0.0, last=run("logs/2"))}, [run("logs/2")]) == {}, "known before"
    assert renamed({"logs": Watched(0.0, restored=True)}, [run("logs/1")]) == {"logs": "logs/1"}
    assert renamed({}, [run("logs/1")]) == {}


def test_all_but_the_last_of_several_trainings_are_over():
    assert followed({"a/1", "a/2", "a/3", "b/1", "c", "d/x"}) == {"a/1", "a/2"}
    assert followed({"a/2", "a/10"}) == {"a/2"}
    assert followed(set()) == set()
