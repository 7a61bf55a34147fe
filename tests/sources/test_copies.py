"""Tables that say over again what event files beside them say: one run, judged once."""

import json
import weakref

import numpy as np
import pytest

from runlens.sources import discover, read
from runlens.sources.halves.copies import repeats, without_copies
from runlens.sources.unread import Search
from tests.sources.tfevents_writer import T0, scalar, version, write

EPOCHS = 20
TAGS = ("train/box_loss", "val/box_loss", "metrics/mAP50(B)", "lr/pg0")


def curves(n=EPOCHS, seed=0, tags=TAGS):
    rng = np.random.default_rng(seed)
    fall = np.exp(-np.arange(n) / 8) + rng.normal(0, 0.02, n)
    return {tag: (k + 1) * (0.2 + fall) for k, tag in enumerate(tags)}


def events(folder, held, first=1, at=T0):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        scalar(tag, first + i, float(v), at + 10 * i) for i in range(len(next(iter(held.values())))) for tag, v in
        ((t, c[i]) for t, c in held.items())
    ]  # fmt: skip
    write(folder, [version(at), *rows], name=f"events.out.tfevents.{int(at)}.host.1.0")


def table(path, held, first=1, digits=5):
    lines = ["epoch," + ",".join(f"   {tag}" for tag in held)]
    for i in range(len(next(iter(held.values())))):
        lines.append(f"{first + i}," + ",".join(f"{c[i]:.{digits}g}" for c in held.values()))
    path.write_text("\n".join(lines) + "\n")


def found(folder):
    search = Search()
    return sorted(ref.id for ref in discover(str(folder), search=search)), search.notes


@pytest.mark.parametrize("digits", [4, 5, 8])
def test_results_beside_event_files_are_judged_once(tmp_path, digits):
    events(tmp_path / "exp", curves())
    table(tmp_path / "exp" / "results.csv", curves(), digits=digits)
    ids, notes = found(tmp_path)
    assert ids == ["exp"]
    assert len(notes) == 1 and "results.csv" in notes[0] and "'exp'" in notes[0]
    assert len(discover(str(tmp_path / "exp" / "results.csv"))) == 1  # named, it is judged


def test_appended_trainings_of_both_forms_are_judged_once(tmp_path):
    """detectron2 keeps event files and `metrics.json` of every launch in one folder."""
    tags = ("total_loss", "loss_cls", "lr")
    lines = []
    for k in range(3):
        held = curves(seed=k, tags=tags)
        events(tmp_path / "output", held, at=T0 + 1000 * k)
        lines += [json.dumps({"iteration": 1 + i, **{t: float(c[i]) for t, c in held.items()}}) for i in range(EPOCHS)]
    (tmp_path / "output" / "metrics.json").write_text("\n".join(lines) + "\n")
    ids, notes = found(tmp_path)
    assert ids == ["output/1", "output/2", "output/3"] and len(notes) == 1


def test_many_are_said_in_one_sentence(tmp_path):
    for k in range(4):
        events(tmp_path / f"exp{k}", curves(seed=k))
        table(tmp_path / f"exp{k}" / "results.csv", curves(seed=k))
    ids, notes = found(tmp_path)
    assert ids == [f"exp{k}" for k in range(4)]
    assert len(notes) == 1 and notes[0].startswith("4 logs, such as ")


def test_a_folder_of_many_runs_is_compared_with_few_of_them_in_memory(tmp_path):
    for k in range(30):
        events(tmp_path / f"exp{k:02}", curves(seed=k))
        table(tmp_path / f"exp{k:02}" / "results.csv", curves(seed=k))
    refs = [ref for path in sorted(tmp_path.glob("*/*")) for ref in discover(str(path))]
    held, most = [], 0

    def reading(ref):
        nonlocal most
        run = read(ref)
        held.append(weakref.ref(run.series[TAGS[0]].value))
        most = max(most, sum(one() is not None for one in held))
        return run

    kept, _ = without_copies(refs, reading)
    assert len(kept) == 30 and len(held) == 60 and most <= 20


def test_files_that_are_as_they_were_are_not_read_again(tmp_path):
    for k in range(2):
        events(tmp_path / f"exp{k}", curves(seed=k))
        table(tmp_path / f"exp{k}" / "results.csv", curves(seed=k))
    refs = [ref for path in sorted(tmp_path.glob("*/*")) for ref in discover(str(path))]
    asked = []

    def reading(ref):
        asked.append(ref.location)
        return read(ref)

    first = without_copies(refs, reading)
    assert len(asked) == 4 and len(first[0]) == 2
    assert without_copies(refs, reading) == first and len(asked) == 4
    table(tmp_path / "exp0" / "results.csv", curves(seed=2))
    kept, _ = without_copies(refs, reading)
    assert len(asked) == 6 and len(kept) == 3


def other(held):
    return {tag: np.roll(curve, 3) * 1.01 for tag, curve in held.items()}


@pytest.mark.parametrize(
    ("logged", "tabled"),
    [
        (curves(), other(curves())),  # another training with the same names
        (curves(), curves(tags=("loss", "acc"))),  # other names
        (curves(10), curves(20)),  # longer than the event files: they may be cut
        (curves(), curves(tags=TAGS[:1])),  # one curve alone tells too little
    ],
    ids=["other values", "other names", "longer", "one curve"],
)
def test_what_the_event_files_do_not_say_stays_a_run(tmp_path, logged, tabled):
    events(tmp_path / "exp", logged)
    table(tmp_path / "exp" / "results.csv", tabled)
    ids, notes = found(tmp_path)
    assert ids == ["exp", "exp/results"] and notes == []


@pytest.mark.parametrize(("moved", "same"), [(2, True), (3, False)])
def test_nine_tenths_of_the_values_make_a_copy(moved, same, tmp_path):
    held = curves(tags=("loss", "score"))
    changed = {tag: curve.copy() for tag, curve in held.items()}
    for curve in changed.values():
        curve[:moved] *= 1.7
    events(tmp_path, held)
    table(tmp_path / "results.csv", changed, digits=9)
    (events_ref,) = discover(str(next(tmp_path.glob("*tfevents*"))))
    (table_ref,) = discover(str(tmp_path / "results.csv"))
    assert repeats(read(table_ref), read(events_ref)) is same


def test_a_checkpoints_state_is_that_of_the_run_below(tmp_path):
    held = curves(tags=("train/loss", "train/learning_rate"))
    events(tmp_path / "out" / "runs" / "May01", held)
    rows = [
        {"step": 1 + i, "loss": float(held["train/loss"][i]), "learning_rate": float(held["train/learning_rate"][i])}
        for i in range(EPOCHS // 2)
    ]
    state = tmp_path / "out" / "checkpoint-10" / "trainer_state.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"global_step": 10, "log_history": rows, "max_steps": 20}))
    assert found(tmp_path)[0] == ["out/runs/May01"]


def monitor(path, began, episodes=30, length=20):
    rows = [f"{i / 10},{length},{10.0 * (i + 1)}" for i in range(episodes)]
    path.write_text(f'#{{"t_start": {began}, "env_id": "Cart"}}\nr,l,t\n' + "\n".join(rows) + "\n")


@pytest.mark.parametrize(("began", "ids"), [(T0, ["PPO_1"]), (T0 + 5000, ["PPO_1", "monitor"])])
def test_a_monitor_belongs_to_the_training_of_its_time(tmp_path, began, ids):
    events(tmp_path / "PPO_1", curves(tags=("rollout/ep_rew_mean", "train/loss")))
    monitor(tmp_path / "monitor.csv", began)
    assert found(tmp_path)[0] == ids


def test_a_monitor_beside_one_table_of_progress_is_of_that_training(tmp_path):
    monitor(tmp_path / "0.monitor.csv", T0)
    (tmp_path / "progress.csv").write_text(
        "total/steps,rollout/return,train/loss_critic\n"
        + "".join(f"{2000 * i},{i / 10},{9 - i}\n" for i in range(1, 9))
    )
    ids, notes = found(tmp_path)
    assert ids == ["progress"] and "episodes of the training" in notes[0]
    (run,) = [read(ref) for ref in discover(str(tmp_path))]
    assert run.axis_name == "total/steps" and run.series["rollout/return"].step[-1] == 16000
