"""The x axis of a table is found out, and rows that do not say their place are placed or told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.model import ReadOptions
from runlens.sources import table


def read(path, x=""):
    (ref,) = table.find(str(path))
    if x:
        import dataclasses

        ref = dataclasses.replace(ref, options=ReadOptions(x=x))
    return table.read(ref)


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    return path


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def steps(run, name="loss"):
    return run.series[name].step.tolist()


@pytest.mark.parametrize(
    ("axis", "places"),
    [
        ("training_steps", [10, 20, 30]), ("current_steps", [10, 20, 30]), ("iter", [10, 20, 30]),
        ("num_updates", [10, 20, 30]), ("total_timesteps", [2048, 4096, 6144]), ("time/total_timesteps", [1, 2, 3]),
        ("Progress/kimg", [0, 4, 8]), ("batch", [1, 2, 3]), ("Episode", [1, 2, 3]), ("epoch", [0, 1, 2]),
        ("Epoch Number", [1, 2, 3]), ("round", [1, 2, 3]), ("training_tokens", [1000, 2000, 3000]),
        ("step_number", [1, 2, 3]), ("total/steps", [2000, 4000, 6000]),
        ("TimestepsSoFar", [1024, 2048, 3072]), ("EpisodesSoFar", [12, 21, 33]),
    ],
)  # fmt: skip
def test_axes_by_their_usual_names(tmp_path, axis, places):
    run = read(put(tmp_path, "a.csv", f"{axis},loss\n" + "".join(f"{p},{i}.5\n" for i, p in enumerate(places))))
    assert steps(run) == places
    assert list(run.series) == ["loss"]
    assert run.notes == ()


@pytest.mark.parametrize("written", ["{}/400", "{}/ 400", "{} of 400", "step {}", "{}"])
def test_places_in_text(tmp_path, written):
    rows = [{"global_step/max_steps": written.format(i), "loss": 3 - i} for i in (2, 4, 6)]
    assert steps(read(put(tmp_path, "a.jsonl", lines(*rows)))) == [2, 4, 6]


@pytest.mark.parametrize(
    ("header", "rows", "found"),
    [
        ("epoch,step,loss", "0,10,3;0,20,2;1,30,1", [10, 20, 30]),
        ("iteration,train_steps,loss", "1,300,3;2,300,2;3,300,1", [1, 2, 3]),
        ("step,total_steps,loss", "10,99,3;20,99,2;30,99,1", [10, 20, 30]),
        ("total_steps,epoch,loss", "99,1,3;99,2,2;99,3,1", [1, 2, 3]),
        ("epoch,update,num_updates,loss", "1,.1,10,3;1,.2,20,2;1,.3,30,1", [10, 20, 30]),
        (",loss", "0,3;1,2;2,1", [0, 1, 2]),
    ],
)
def test_the_column_that_tells_most_is_the_axis(tmp_path, header, rows, found):
    assert steps(read(put(tmp_path, "a.csv", header + "\n" + rows.replace(";", "\n") + "\n"))) == found


def test_a_column_that_is_named_is_the_axis(tmp_path):
    path = put(tmp_path, "a.csv", "step,seen tokens,loss\n1,512,3\n2,1024,2\n3,1536,1\n")
    run = read(path, "Seen Tokens")
    assert steps(run) == [512, 1024, 1536]
    assert sorted(run.series) == ["loss", "step"]
    with pytest.raises(
        NotALog, match="has no column 'tokens' to be the x axis: there is none; it has 'step', 'seen tok"
    ):
        read(path, "tokens")


def test_rows_are_counted_where_no_column_is_an_axis_and_it_is_said(tmp_path):
    run = read(put(tmp_path, "a.csv", "loss,accuracy\n3,0.1\n2,0.2\n1,0.3\n"))
    assert steps(run) == [0, 1, 2]
    (note,) = run.notes
    assert note.kind == "guessed"
    assert note.message.endswith("no column is one, so rows were counted; name another with --x COLUMN")


def test_iterations_of_each_epoch_are_continued(tmp_path):
    rows = [{"mode": "train", "epoch": e, "iter": i, "loss": 5 - e - i / 100} for e in (1, 2, 3) for i in (50, 100)]
    rows.insert(2, {"mode": "val", "epoch": 1, "iter": 7, "mAP": 0.1})
    rows.insert(5, {"mode": "val", "epoch": 2, "iter": 7, "mAP": 0.2})
    run = read(put(tmp_path, "20230101.log.json", lines({"env_info": "x", "seed": 3}, *rows)))
    assert steps(run) == [50, 100, 150, 200, 250, 300]
    assert (steps(run, "val/mAP"), run.config["seed"]) == ([100, 200], 3)
    assert "begins again with each 'epoch' and was continued" in run.notes[0].message


def test_batches_counted_from_0_are_continued(tmp_path):
    text = "epoch,batch,loss\n" + "".join(f"{e},{b},{3 - e}\n" for e in range(3) for b in range(4))
    assert steps(read(put(tmp_path, "a.csv", text))) == list(range(12))


def test_a_restart_is_no_new_epoch(tmp_path):
    places = [(0, 10), (0, 20), (1, 30), (1, 40), (0, 20), (1, 30), (1, 40), (2, 50)]
    text = "epoch,step,loss\n" + "".join(f"{e},{s},1\n" for e, s in places)
    assert steps(read(put(tmp_path, "a.csv", text))) == [s for _, s in places]


def test_evaluations_that_carry_the_epoch_as_step_stand_where_they_were_written(tmp_path):
    rows = []
    for epoch in range(1, 5):
        rows += [{"loss": 2.0, "time": 0.1, "data_time": 0.0, "epoch": epoch, "iter": s, "step": s}
                 for s in (100 * epoch - 50, 100 * epoch)]  # fmt: skip
        rows.append({"coco/bbox_mAP": 0.1 * epoch, "time": 0.1, "step": epoch})
    run = read(put(tmp_path, "scalars.json", lines(*rows)))
    assert steps(run) == [50, 100, 150, 200, 250, 300, 350, 400]
    assert steps(run, "coco/bbox_mAP") == [100, 200, 300, 400]
    assert run.notes == ()


def test_a_key_that_changes_in_mid_file_is_followed(tmp_path):
    rows = [{"step" if i < 60 else "global_step": i, "loss": 3.0} for i in range(100)]
    run = read(put(tmp_path, "a.jsonl", lines(*rows)))
    assert (steps(run), list(run.series), run.notes) == (list(range(100)), ["loss"], ())


def test_rows_without_a_step_among_others_are_placed_and_told(tmp_path):
    rows = [{"step": 10 * i, "loss": 3.0} if i % 4 else {"loss": 3.0} for i in range(1, 101)]
    run = read(put(tmp_path, "a.jsonl", lines(*rows)))
    assert steps(run) == [10 * i for i in range(1, 101)]
    (note,) = run.notes
    assert (note.series, note.share, note.records) == ("loss", 0.25, 25)
    assert "are in rows that say no step and were placed between their neighbours" in note.message


def test_the_half_of_a_run_whose_key_nobody_knows_is_kept_in_order_and_told(tmp_path):
    rows = [{"step" if i < 50 else "der_schritt_name": 10 * i, "loss": 3.0} for i in range(100)]
    run = read(put(tmp_path, "a.jsonl", lines(*rows)))
    assert steps(run) == [10 * i for i in range(100)]
    assert [(note.series, note.share) for note in run.notes] == [("loss", 0.5)]


def test_rows_of_an_evaluation_need_no_step(tmp_path):
    rows = [row for i in range(1, 6) for row in ({"step": i, "loss": 3.0, "lr": 1}, {"eval_loss": 2.0})]
    run = read(put(tmp_path, "a.jsonl", lines(*rows)))
    assert (steps(run, "eval_loss"), run.notes) == ([1, 2, 3, 4, 5], ())


def test_epochs_with_fractions_are_numbered(tmp_path):
    run = read(put(tmp_path, "a.jsonl", lines(*({"epoch": i / 10, "loss": 3.0} for i in range(30)))))
    assert steps(run) == list(range(30))


def test_a_column_of_splits_makes_series_of_each(tmp_path):
    text = "epoch,phase,loss,acc\n" + "".join(
        f"{e},{p},{e + (p == 'val')},0.5\n" for e in range(3) for p in ("train", "val")
    )
    run = read(put(tmp_path, "a.csv", text))
    assert run.series["loss"].value.tolist() == [0, 1, 2]
    assert run.series["val/loss"].value.tolist() == [1, 2, 3]
    assert steps(run, "val/loss") == [0, 1, 2]


def test_a_long_table_has_a_series_for_each_metric(tmp_path):
    text = "step,metric,value\n" + "".join(f"{s},loss,{s}.5\n{s},lr,0.1\n" for s in range(3))
    run = read(put(tmp_path, "a.csv", text))
    assert {name: s.value.tolist() for name, s in run.series.items()} == {"loss": [0.5, 1.5, 2.5], "lr": [0.1] * 3}
    assert np.array_equal(run.series["lr"].step, [0, 1, 2])


@pytest.mark.parametrize(("falls", "axis"), [(9, "steps"), (11, "episode")])
def test_steps_that_go_up_and_down_are_those_of_an_episode(tmp_path, falls, axis):
    steps, last = [], 0
    for row in range(101):
        last = last - 1 if row and row <= falls * 2 and row % 2 == 0 else last + 5
        steps.append(last)
    rows = "".join(f"{e},{s},{e / 10}\n" for e, s in enumerate(steps))
    (tmp_path / "log.csv").write_text("episode,steps,reward\n" + rows)
    reward = table.read(table.find(str(tmp_path / "log.csv"))[0]).series["reward"]
    np.testing.assert_array_equal(reward.step, np.arange(101) if axis == "episode" else steps)


def test_a_rate_with_its_unit_is_a_number(tmp_path):
    rows = "".join(f"{s},{2 - s / 50},{30 + s}.5_samples/s,{s}.2 it/s\n" for s in range(30))
    (tmp_path / "log.csv").write_text("step,loss,throughput,speed\n" + rows)
    run = table.read(table.find(str(tmp_path / "log.csv"))[0])
    np.testing.assert_allclose(run.series["throughput (samples/s)"].value, np.arange(30) + 30.5)
    np.testing.assert_allclose(run.series["speed (it/s)"].value, np.arange(30) + 0.2)


def test_a_step_within_the_epoch_stands_back_for_a_global_one(tmp_path):
    rows = [(e, s, e * 500 + s - 1, 3 / (1 + e * 500 + s)) for e in range(5) for s in range(100, 600, 100)]
    (tmp_path / "loss.csv").write_text(
        "epoch,step,global_step,loss\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)
    )
    (ref,) = table.find(str(tmp_path / "loss.csv"))
    np.testing.assert_array_equal(table.read(ref).series["loss"].step, [row[2] for row in rows])


def test_one_column_without_a_head_is_what_its_file_is_called(tmp_path):
    for name in ("loss.csv", "numbers.csv"):
        (tmp_path / name).write_text("".join(f"{3 / (1 + i):.8e}\n" for i in range(200)))
    run = table.read(table.find(str(tmp_path / "loss.csv"))[0])
    assert list(run.series) == ["loss"] and len(run.series["loss"]) == 200
    with pytest.raises(NotALog, match="no column that is known"):
        table.read(table.find(str(tmp_path / "numbers.csv"))[0])
