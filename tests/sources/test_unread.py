"""What a folder leaves out: said with a reason, and never for a file that is no log."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runlens import sources
from runlens.errors import NoRunFound
from runlens.sources.unread import Search, in_one_sentence
from tests.sources.tfevents_writer import scalar, version, write

GOOD = "step,loss\n" + "".join(f"{i},{2 + 1 / (i + 1)}\n" for i in range(20))


def put(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def searched(folder, *exclude):
    search = Search(exclude=exclude)
    refs = sources.discover(str(folder), search=search)
    left = {os.path.relpath(one.path, folder): one.reason for one in search.unread}
    return sorted(ref.id for ref in refs), left


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("b/metrics.csv", "", "empty"),
        ("b/train_log.csv", "no table\n", "no table"),
        ("b/history.csv", "phase,loss\na,1.0\nb,0.9\n", "--x"),
        ("b/metrics.csv", "step,bananas\n1,2\n2,3\n", "no metric"),
        ("b/dev_results.csv", "epoch,steps,bananas\n0.1,30,0.9\n0.2,60,0.8\n", "no metric"),
        ("b/train.log", "hello\nworld\n", "no line"),
        ("b/evaluation.json", '{"eval_metrics": {"tasks": {"piqa": 0.8, "copa": 0.9}}, "uuid": "1"}', "one row"),
        ("b/log.txt", "\x01\x02\x03" * 50, "neither"),
    ],
)
def test_what_looks_like_a_log_is_named_with_its_reason(tmp_path, name, content, words):
    put(tmp_path, a__metrics_dot_csv=GOOD)
    (tmp_path / "b").mkdir()
    (tmp_path / name).write_text(content)
    ids, left = searched(tmp_path)
    assert ids == ["a/metrics"]
    assert list(left) == [name] and words in left[name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.csv", "text,label\nhello,1\nbye,0\n"),
        ("prompts.jsonl", '{"prompt": "a", "answer": "b"}\n' * 5),
        ("README.txt", "how to train\n"),
        ("requirements.txt", "numpy\n"),
        ("debug.log", "started\n"),
        ("config.json", '{"learning_rate": 0.1}'),
        ("all_results.json", '{"train_loss": 1.0, "epoch": 3.0}'),
        ("label.json", '{"cfg": {"lr": 0.002, "batch": 32, "steps": 1600}, "tokens": 6553600}'),
        ("metrics.csv.md5", "d41d8cd9"),
        ("notes.md", "train.log"),
        ("log.txt", ""),
    ],
)
def test_other_files_are_left_alone_without_a_word(tmp_path, name, content):
    put(tmp_path, a__metrics_dot_csv=GOOD)
    (tmp_path / name).write_text(content)
    assert searched(tmp_path) == (["a/metrics"], {})


def test_copies_and_companions_are_not_left_out(tmp_path):
    rows = "".join(json.dumps({"step": i, "loss": 1.0 / (i + 1), "lr": 0.1}) + "\n" for i in range(20))
    put(tmp_path, w__vis_data__scalars_dot_json=rows, w__vis_data__20260101_dot_json=rows)
    write(tmp_path / "tb", [version(), *(scalar("loss", s, 1.0) for s in range(9))])
    (tmp_path / "tb" / "events.out.tfevents.1790000000.host.1.0.meta").write_bytes(b"x")
    assert searched(tmp_path) == (["tb", "w"], {})


def test_a_text_beside_a_fuller_log_is_not_missed(tmp_path):
    write(tmp_path / "a", [version(), scalar("loss", 1, 1.0)])
    put(tmp_path, a__train_dot_log="hello\n", b__train_dot_log="hello\n")
    assert list(searched(tmp_path)[1]) == ["b/train.log"]


def test_a_table_of_something_else_hides_no_console_log(tmp_path):
    lines = "".join(f"step {i}: loss {2 + 1 / (i + 1):.4f}, lr 0.1\n" for i in range(40))
    put(tmp_path, train_dot_log=lines, data_dot_csv="text,label\nhello,1\nbye,0\n")
    assert searched(tmp_path) == (["train"], {})
    put(tmp_path, metrics_dot_csv=GOOD)
    assert searched(tmp_path) == (["metrics"], {})


def test_a_folder_of_nothing_but_unread_logs_says_what_is_there(tmp_path):
    put(tmp_path, train_dot_log="hello\n")
    with pytest.raises(NoRunFound, match=r"train.log.*no line"):
        sources.discover(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_text_that_may_not_be_opened_is_named(tmp_path):
    put(tmp_path, a_dot_csv=GOOD, train_dot_log="x")
    (tmp_path / "train.log").chmod(0)
    assert "Permission" in searched(tmp_path)[1]["train.log"]


def test_a_file_over_which_a_source_fails_is_named(tmp_path, monkeypatch):
    from runlens.sources import text

    def claims(head, path):
        raise RecursionError

    monkeypatch.setattr(text, "claims", claims)
    put(tmp_path, a_dot_csv=GOOD, train_dot_log="x")
    assert "RecursionError" in searched(tmp_path)[1]["train.log"]
    with pytest.raises(RecursionError):
        sources.discover(str(tmp_path), search=Search(debug=True))


@pytest.mark.parametrize("pattern", ["old", "old/", "old/*", "*/run*", "**/run.csv", "run.csv", "./old", "o?d/run.csv"])
def test_what_is_excluded_is_passed_over(tmp_path, pattern):
    put(tmp_path, new_dot_csv=GOOD, old__run_dot_csv=GOOD)
    write(tmp_path / "old" / "run", [version(), scalar("loss", 1, 1.0)])
    everything = ["new", "old/run", "run"]
    assert len(searched(tmp_path, "other", "ol")[0]) == len(everything)
    ids, _ = searched(tmp_path, pattern)
    assert "new" in ids and len(ids) == (2 if pattern.endswith("run.csv") else 1)


def test_an_excluded_event_file_is_no_part_of_its_run(tmp_path):
    write(tmp_path, [version(), scalar("loss", 1, 1.0)], "events.out.tfevents.1.h")
    write(tmp_path, [version(), scalar("loss", 2, 1.0)], "events.out.tfevents.2.h.broken")
    search = Search(exclude=("*.broken",))
    (ref,) = sources.discover(str(tmp_path), search=search)
    assert [Path(file).name for file in ref.files] == ["events.out.tfevents.1.h"]


def test_a_virtual_environment_is_passed_over(tmp_path):
    put(tmp_path, a_dot_csv=GOOD, tools__pyvenv_dot_cfg="home = x", tools__lib__b_dot_csv=GOOD)
    assert searched(tmp_path) == (["a"], {})


def test_the_sentence_names_the_first_and_counts_the_rest(tmp_path):
    search = Search()
    assert in_one_sentence(search.unread) == ""
    for i in range(5):
        search.leave(tmp_path / f"{i}.log", "it is empty")
    said = in_one_sentence(search.unread)
    assert said.startswith("5 files looked like logs") and "2.log" in said and "3.log" not in said
    assert said.endswith("and 2 more (--show-files names them)")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("history.json", "[" * 100_000, "it is nested too deep"),
        ("train_log.json", '[{"a" 1}, {"b"', "it is no whole JSON"),
        ("settings.json", '{"lr": ', ""),  # not named like a log
        ("metrics.json", '{"loss": 2.5}', ""),  # results at the end
        ("metrics.json", "", ""),
        ("history.json", '["' + "x" * 70_000, ""),  # the beginning does not tell
    ],
)
def test_a_document_that_is_named_like_a_log_and_is_broken_is_named(name, content, reason, tmp_path):
    (tmp_path / "good.csv").write_text("step,loss\n" + "".join(f"{i},{i}.5\n" for i in range(9)))
    (tmp_path / name).write_text(content)
    search = Search()
    sources.discover(str(tmp_path), search=search)
    assert [one.reason for one in search.unread] == ([reason] if reason else [])


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "good.csv").write_text("step,loss\n" + "".join(f"{i},{i}.5\n" for i in range(9)))
    (tmp_path / "history.csv").symlink_to("gone.csv")
    (tmp_path / "notes.txt").symlink_to("gone.txt")
    search = Search()
    assert [ref.id for ref in sources.discover(str(tmp_path), search=search)] == ["good"]
    assert [(one.path, one.reason) for one in search.unread] == [
        (str(tmp_path / "history.csv"), "it is a link that leads nowhere")
    ]


def test_words_of_a_tokenizer_and_answers_of_an_evaluation_are_no_runs(tmp_path):
    words = {"<s>": 0, "loss": 1, "step": 2, "acc": 3} | {f"w{i}": i for i in range(4, 9000)}
    (tmp_path / "vocab.json").write_text(json.dumps(words))
    answers = [{"sample": f"s{i}", "said": "walk", "label": "run", "right": i % 2 == 0} for i in range(800)]
    results = {"args": {"fps": 2.0}, "overall": {"accuracy": 0.5, "total": 800}, "answers": answers}
    for name, indent in (("eval_finetuned.json", 2), ("eval_small.json", None)):
        few = results if indent else {**results, "answers": answers[:4]}
        (tmp_path / name).write_text(json.dumps(few, indent=indent))
    (tmp_path / "history.json").write_text(json.dumps({"loss": [3 - i / 10 for i in range(20)]}))
    search = Search()
    assert [ref.id for ref in sources.discover(str(tmp_path), search=search)] == ["history"]
    assert {Path(one.path).name for one in search.unread} >= {"eval_finetuned.json", "eval_small.json"}


def test_what_a_detector_found_in_pictures_is_no_run(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("".join(f'{{"step": {i}, "loss": {3 - i / 9}}}\n' for i in range(9)))
    boxes = [{"image_id": i, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.9 - i / 99} for i in range(30)]
    (tmp_path / "coco_instances_results.json").write_text(json.dumps(boxes))
    assert [ref.id for ref in sources.discover(str(tmp_path))] == ["metrics"]
