"""Numbers that say their unit themselves, in the cells of tables and on the lines of console logs."""

import json

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.table.units import quantity

ROWS = 40
STEP = np.arange(ROWS) * 10
LOSS = 3 - np.arange(ROWS) * 0.03
VALUE = 1.2 + np.arange(ROWS) % 3 / 10


def table(folder, column, cells):
    rows = "".join(f"{s},{loss:.3f},{cell}\n" for s, loss, cell in zip(STEP, LOSS, cells, strict=True))
    (folder / "log.csv").write_text(f"step,loss,{column}\n" + rows)
    return resolve(read(discover(str(folder / "log.csv"))[0]))


def console(folder, pairs):
    (folder / "train.log").write_text(
        "".join(f"step {s}: loss {x:.3f} {pair}\n" for s, x, pair in zip(STEP, LOSS, pairs, strict=True))
    )
    return resolve(read(discover(str(folder / "train.log"))[0]))


@pytest.mark.parametrize(
    ("column", "unit", "name", "times"),
    [
        ("iter_time", "s", "iter_time", 1),
        ("iter_time", "ms", "iter_time", 1e-3),
        ("iter_time_ms", "ms", "iter_time_ms", 1),
        ("pace", " s/it", "pace (s/it)", 1),
        ("pace", " ms/step", "pace (s/it)", 1e-3),
        ("speed", " it/s", "speed (it/s)", 1),
        ("throughput", "k tok/s", "throughput (tok/s)", 1e3),
        ("throughput", "_samples/s", "throughput (samples/s)", 1),
        ("tokens_per_sec", "k tok/s", "tokens_per_sec", 1e3),
        ("tokens_seen", "M", "tokens_seen", 1e6),
        ("mem", "GB", "mem (GB)", 1),
        ("mem_gb", " GB", "mem_gb", 1),
        ("val_acc", "%", "val_acc", 1e-2),
        ("val_acc_pct", "%", "val_acc_pct", 1),
    ],
)
def test_a_cell_with_its_unit_is_a_number_of_it(tmp_path, column, unit, name, times):
    run = table(tmp_path, column, [f"{v:.1f}{unit}" for v in VALUE])
    np.testing.assert_allclose(run.series[name].value, VALUE * times)
    assert not run.notes and not run.texts


@pytest.mark.parametrize(
    ("column", "unit", "role", "expected"),
    [
        ("pace", " s/it", "step_time", VALUE),
        ("pace", "ms/step", "step_time", VALUE / 1e3),
        ("speed", " it/s", "step_time", 1 / VALUE),
        ("throughput", "k tok/s", "tokens_per_second", VALUE * 1e3),
        ("speed", " img/s", "samples_per_second", VALUE),
        ("mem", "GB", "gpu_memory", VALUE * 1e9),
    ],
)
def test_the_unit_tells_the_part_that_a_name_leaves_open(tmp_path, column, unit, role, expected):
    run = table(tmp_path, column, [f"{v:.1f}{unit}" for v in VALUE])
    np.testing.assert_allclose(run.role(role).series.value, expected, rtol=1e-9)
    told = console(tmp_path, [f"{column}: {v:.1f}{unit}" for v in VALUE])
    np.testing.assert_allclose(told.role(role).series.value, expected, rtol=1e-9)


def test_records_say_units_as_cells_do(tmp_path):
    rows = [{"step": int(s), "loss": x, "speed": f"{v:.1f} s/it"} for s, x, v in zip(STEP, LOSS, VALUE, strict=True)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = resolve(read(discover(str(tmp_path / "log.jsonl"))[0]))
    np.testing.assert_allclose(run.role("step_time").series.value, VALUE)


def test_a_bar_that_turns_its_rate_over_is_one_rate(tmp_path):
    cells = [f"{1 / v:.6f}it/s" if i % 2 else f"{v:.1f}s/it" for i, v in enumerate(VALUE)]
    run = table(tmp_path, "speed", cells)
    np.testing.assert_allclose(run.series["speed (s/it)"].value, VALUE, rtol=1e-5)
    run = table(tmp_path, "step_time", [f"{v:.1f} it/s" for v in VALUE])
    np.testing.assert_allclose(run.role("step_time").series.value, 1 / VALUE)


def test_one_column_may_change_its_prefix_and_no_more(tmp_path):
    run = table(tmp_path, "mem", ["900MB", *["1.3GB"] * (ROWS - 1)])
    np.testing.assert_allclose(run.role("gpu_memory").series.value, [9e8, *[1.3e9] * (ROWS - 1)])
    run = table(tmp_path, "mem", ["900MB", "3 tok/s", *["910MB"] * (ROWS - 2)])
    assert len(run.series["mem (MB)"]) == ROWS - 1
    assert [n.series for n in run.notes] == ["mem (MB)"]


@pytest.mark.parametrize("text", ["1.2", "7 apples", "resnet50", "3d", "1e-3", "", "12.5 k tok/s x", "5 / 8", "ms"])
def test_other_words_are_no_units(text):
    assert quantity(text) is None


def test_the_size_of_a_model_is_a_word(tmp_path):
    run = table(tmp_path, "size", ["7B", "13B"] * (ROWS // 2))
    assert run.texts["size"] == ("7B", "13B")


def test_a_number_named_by_its_unit_alone(tmp_path):
    lines = [f"| {v:.1f} s/it | {v * 10:.1f}k tok/s" for v in VALUE]
    run = console(tmp_path, lines)
    np.testing.assert_allclose(run.role("step_time").series.value, VALUE)
    np.testing.assert_allclose(run.role("tokens_per_second").series.value, VALUE * 1e4)


def test_a_share_with_its_name_behind_it_is_no_rate(tmp_path):
    run = console(tmp_path, [f"| {v * 30:.1f}% bf16 MFU | {v:.1f} ms" for v in VALUE])
    np.testing.assert_allclose(run.role("mfu").series.value, VALUE * 0.3, rtol=1e-3)
