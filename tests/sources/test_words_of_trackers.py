"""Words such as a phase in W&B's files and in event files, kept as those of tables are."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.worded import LONGEST, MOST
from tests.sources import wandb_writer as wandb
from tests.sources.test_words import ROWS, STEPS, says_its_phases


def wandb_run(folder, rows, *, configured=(), name="run-abc.wandb"):
    records = [wandb.run_record(**dict(configured))]
    for i, row in enumerate(rows):
        items = {k: v if isinstance(v, str) and k.startswith("raw") else json.dumps(v) for k, v in row.items()}
        records.append(wandb.history({**items, "_step": str(i), "_timestamp": repr(1.7e9 + i)}, i))
    return wandb.write(folder / name, records)


def of(path):
    (ref,) = discover(str(path))
    return read(ref)


def phases(row):
    return {k: v for k, v in row.items() if k != "step"}


def test_of_a_wandb_file(tmp_path):
    run = of(wandb_run(tmp_path, map(phases, ROWS)))
    says_its_phases(run)
    np.testing.assert_array_equal(run.series["phase"].time, 1.7e9 + np.arange(STEPS))
    assert "phase" not in resolve(run).placed or not any(
        r.series.name == "phase" for group in resolve(run).roles.values() for r in group
    )


@pytest.mark.parametrize("odd", [{"n": {"a": 1.0}}, {"raw": " 2.5 "}])
def test_of_rows_of_a_wandb_file_that_are_read_one_by_one(tmp_path, odd):
    """Older clients log a dict as one item, and blanks may stand around a value."""
    says_its_phases(of(wandb_run(tmp_path, [{**phases(r), **odd} for r in ROWS])))


def test_of_a_dict_in_a_wandb_file(tmp_path):
    rows = [{"loss": r["loss"], "data": {"phase": r["phase"], "deep": {"size": i}}} for i, r in enumerate(ROWS)]
    says_its_phases(of(wandb_run(tmp_path, rows)), "data.phase")


def test_words_of_a_wandb_file_in_segments(tmp_path, monkeypatch):
    """A file is read in pieces; words go on through all of them."""
    many = [{"loss": 1.0, "phase": "a" if i % 1000 < 500 else "b", "pad": "x" * 90} for i in range(40_000)]
    run = of(wandb_run(tmp_path, many))
    np.testing.assert_array_equal(run.series["phase"].value, np.arange(40_000) % 1000 >= 500)
    np.testing.assert_array_equal(run.series["phase"].step, np.arange(40_000))
    assert run.config["pad"] == "x" * 90


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["warm", "cool"] * 20, ("warm", "cool")),
        (['é\n"', "b"] * 20, ('é\n"', "b")),
        (["NaN", 1.0] * 20, None),
        (["NaN", "Infinity"] * 20, None),
        (["a", 1.0] * 20, None),
        ([f"n{i % MOST}" for i in range(3 * MOST)], tuple(f"n{i}" for i in range(MOST))),
        ([f"n{i % (MOST + 1)}" for i in range(3 * MOST)], None),
        (["x" * LONGEST, "y"] * 20, ("x" * LONGEST, "y")),
        (["x" * (LONGEST + 1), "y"] * 20, None),
        (["x" * 5000, "y"] * 20, None),
        ([f"row {i}" for i in range(40)], None),
    ],
)
def test_which_words_of_a_wandb_file_are_kept(tmp_path, values, kept):
    run = of(wandb_run(tmp_path, [{"loss": 1.0, "note": v} for v in values]))
    assert run.texts.get("note") == kept
    assert len(run.series["loss"]) == len(values)


def test_one_word_all_along_is_configuration_and_the_run_s_own_comes_first(tmp_path):
    rows = [{"loss": 1.0, "optimizer": "adamw", "net": "small"} for _ in range(9)]
    run = of(wandb_run(tmp_path, rows, configured={"net": '{"value": "large"}'}))
    assert run.config["optimizer"] == "adamw" and run.config["net"] != "small"
    assert set(run.series) == {"loss"}


def test_attempts_of_a_wandb_run_number_their_words_together(tmp_path):
    for i, words in enumerate((["a", "b"], ["c", "b"])):
        folder = tmp_path / "wandb" / f"offline-run-2026010{i}_000000-abc"
        wandb_run(folder, [{"loss": 1.0, "phase": words[j // 5]} for j in range(10)])
    run = of(tmp_path / "wandb")
    assert run.texts == {"phase": ("a", "b", "c")}
    np.testing.assert_array_equal(run.series["phase"].value, np.repeat([0, 1, 2, 1], 5))


# event files


def text_of_torch(tag, text, metadata=True):
    """As torch's and tensorboardX's `add_text`: a suffix, shape (1,), and metadata with each value."""
    tensor = TensorProto(dtype="DT_STRING", string_val=[text.encode()])
    tensor.tensor_shape.dim.add(size=1)
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")) if metadata else None
    return Summary(value=[Summary.Value(tag=f"{tag}/text_summary", metadata=plugin, tensor=tensor)])


def text_of_tf2(tag, text, metadata=True):
    summary = text_pb(tag, text)
    if not metadata:
        summary.value[0].ClearField("metadata")
    return summary


def events(folder, summaries):
    writer = EventFileWriter(str(folder))
    for step, summary in summaries:
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=summary))
    writer.close()
    return of(folder)


def told(make, rows=ROWS):
    for i, row in enumerate(rows):
        yield row["step"], scalar_pb("loss", row["loss"])
        yield row["step"], make("phase", row["phase"], metadata=i == 0 or make is text_of_torch)


@pytest.mark.parametrize("make", [text_of_torch, text_of_tf2])
def test_of_event_files(tmp_path, make):
    run = events(tmp_path / "exp", told(make))
    says_its_phases(run)
    np.testing.assert_array_equal(run.series["phase"].time, 1.7e9 + np.arange(STEPS))


def test_of_a_split_of_event_files(tmp_path):
    events(tmp_path / "train", told(text_of_tf2))
    events(tmp_path / "val", [(s, scalar_pb("loss", 1.0)) for s in range(3)])
    run = of(tmp_path)
    assert list(run.texts) == ["train/phase"] and {"train/loss", "val/loss"} <= set(run.series)


@pytest.mark.parametrize("kind", ["sentence", "other plugin", "lone", "several"])
def test_texts_of_event_files_that_are_no_words(tmp_path, kind):
    """Prompts and model cards, graphs that Keras writes as texts, a description, and a table of words."""
    if kind == "sentence":
        texts = [(s, text_pb("note", f"{'word ' * 30}{s}")) for s in range(9)]
    elif kind == "lone":
        texts = [(0, text_pb("note", "hello")), (1, text_pb("other", "x"))]
    else:
        texts = [(s, text_pb("note", "ab"[s % 2])) for s in range(9)]
        for _, summary in texts:
            if kind == "several":
                summary.value[0].tensor.string_val.append(b"c")
            else:
                summary.value[0].metadata.plugin_data.plugin_name = "graph_keras_model"
    run = events(tmp_path, [(0, scalar_pb("loss", 1.0)), *texts])
    assert set(run.series) == {"loss"} and not run.texts and not run.notes
    assert ("note" in run.config) is False


def test_words_among_the_numbers_of_a_key_are_said(tmp_path):
    rows = [{"loss": 2 - i / 50, "lr": "warm" if i in (3, 7) else 1e-3, "phase": "a"} for i in range(STEPS)]
    run = of(wandb_run(tmp_path, rows))
    assert len(run.series["lr"]) == STEPS - 2
    (note,) = run.notes
    assert (note.kind, note.records, note.series) == ("unsupported", 2, "lr")
    assert note.message == "2 values of 'lr' (5 %) are words among numbers and left out"


def test_sentences_among_the_numbers_of_a_key_are_counted_too(tmp_path):
    rows = [{"loss": 2 - i / 50, "lr": 1e-3 if i % 4 else f"{i} {'x' * LONGEST}"} for i in range(STEPS)]
    run = of(wandb_run(tmp_path, rows))
    assert [(n.records, n.series) for n in run.notes] == [(STEPS // 4, "lr")]


def test_numbers_in_quotes_are_no_words(tmp_path):
    rows = [{"loss": 2 - i / 50, "lr": "NaN" if i == 3 else 1e-3} for i in range(STEPS)]
    run = of(wandb_run(tmp_path, rows))
    assert len(run.series["lr"]) == STEPS and not run.notes


def test_tags_that_differ_in_the_suffix_of_writers_keep_their_own(tmp_path):
    (tmp_path / "a").mkdir()
    writer = EventFileWriter(str(tmp_path / "a"))
    for i in range(STEPS):
        for tag, word in (
            ("phase", f"p{i // 20}"),
            ("phase/text_summary", f"q{i // 10}"),
            ("lr/text_summary", f"r{i // 20}"),
        ):
            writer.add_event(Event(step=i, wall_time=1.7e9 + i, summary=text_pb(tag, word)))
        writer.add_event(
            Event(step=i, wall_time=1.7e9 + i, summary=Summary(value=[Summary.Value(tag="lr", simple_value=0.1)]))
        )
    writer.close()
    run = of(tmp_path)
    assert run.texts == {
        "phase": ("p0", "p1"),
        "phase/text_summary": ("q0", "q1", "q2", "q3"),
        "lr/text_summary": ("r0", "r1"),
    }
    assert len(run.series["lr"]) == STEPS
