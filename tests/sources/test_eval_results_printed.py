"""Results of DCLM, and tables that lm-evaluation-harness printed, kept as Markdown."""

import json

import numpy as np
import pytest

from runlens.comparison.curves import run_curves
from runlens.errors import ConfigError, NotALog
from runlens.references import load
from runlens.roles import resolve
from runlens.sources import discover, read
from tests.synthetic.results import answered, lm_eval

NEW = """Some words before.

hf (pretrained=org/model,revision=step3000), gen_kwargs: (None), limit: {limit}, num_fewshot: None, batch_size: 8
|     Tasks     |Version|Filter|n-shot| Metric |   |Value |   |Stderr|
|---------------|------:|------|-----:|--------|---|-----:|---|-----:|
|arc_easy       |      1|none  |     0|acc     |↑  |0.6561|±  |0.0097|
|               |       |none  |     0|acc_norm|↑  |{acc_norm}|±  |0.0101|
|gsm8k          |      3|flexible-extract|5|exact_match|↑|0.4200|±|0.0490|
| - wikitext    |      2|none  |     0|word_perplexity|↓|12.5|±|N/A|
|lambada_openai |      1|none  |     0|acc     |↑  |N/A   |±  |N/A   |

|Groups|Version|Filter|n-shot|Metric|   |Value |   |Stderr|
|------|------:|------|-----:|------|---|-----:|---|-----:|
|arc   |      1|none  |      |acc   |↑  |0.5   |±  |0.0097|
"""
OLD = """|    Task     |Version| Metric |Value |   |Stderr|
|-------------|------:|--------|-----:|---|-----:|
|arc_challenge|      0|acc     |0.5427|_  |0.0146|
|             |       |acc_norm|0.5478|_  |0.0145|
"""


def the_run(path):
    (ref,) = discover(str(path))
    return resolve(read(ref))


def printed(tmp_path, text, name="model.md"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return the_run(path)


def values(run):
    return {name: float(series.value[-1]) for name, series in run.series.items() if "_stderr" not in name}


def test_a_printed_table_says_what_its_result_file_does(tmp_path):
    run = printed(tmp_path, NEW.format(limit="None", acc_norm="0.5926"))
    assert values(run) == {
        "arc_easy/acc,none": 0.6561, "arc_easy/acc_norm,none": 0.5926, "gsm8k/exact_match,flexible-extract": 0.42,
        "wikitext/word_perplexity,none": 12.5,
    }  # fmt: skip
    assert run.series["arc_easy_stderr/acc,none" if "arc_easy_stderr/acc,none" in run.series else
                      "arc_easy/acc_stderr,none"].value == pytest.approx([0.0097])  # fmt: skip
    parts = {part.series.name: part for part in run.every("eval_score") + run.every("perplexity")}
    assert parts["gsm8k/exact_match,flexible-extract"].setting.endswith("5-shot")
    assert parts["wikitext/word_perplexity,none"].direction == "down"
    assert run.step_range() == (3000, 3000), "the model's revision tells the step"


def test_a_limit_in_the_line_before_the_table_is_a_condition(tmp_path):
    said = {}
    for limit in ("None", "100.0"):
        run = printed(tmp_path, NEW.format(limit=limit, acc_norm="0.5926"))
        said[limit] = run.measured["arc_easy/acc,none"].conditions["items"]
    assert said == {"None": "all", "100.0": "the first 100"}


@pytest.mark.parametrize("cell", ["nan", "-inf"])
def test_a_score_that_is_printed_as_no_number_is_left_out(tmp_path, cell):
    run = printed(tmp_path, NEW.format(limit="None", acc_norm=cell))
    assert sorted(values(run)) == [
        "arc_easy/acc,none", "gsm8k/exact_match,flexible-extract", "wikitext/word_perplexity,none",
    ]  # fmt: skip


def test_a_table_of_an_older_harness(tmp_path):
    run = printed(tmp_path, OLD, "a-model.md")
    assert values(run) == {"arc_challenge/acc": 0.5427, "arc_challenge/acc_norm": 0.5478} and run.unplaced


@pytest.mark.parametrize(("value", "revision"), [("0.1", "step3000"), ("0.5926", "step4000")])
def test_tables_of_several_models_in_one_file_are_refused(tmp_path, value, revision):
    other = NEW.format(limit="None", acc_norm=value).replace("step3000", revision)
    with pytest.raises(NotALog, match="keep each model's tables in a file"):
        printed(tmp_path, NEW.format(limit="None", acc_norm="0.5926") + "\n" + other)


def test_a_training_log_that_ends_with_a_table_is_a_log(tmp_path):
    steps = "".join(f"step {i} loss {3 / (i + 1) + 2:.4f}\n" for i in range(0, 400, 10))
    run = printed(tmp_path, steps + OLD, "train.log")
    assert [part.series.name for part in run.every("train_loss")] == ["loss"]


def test_other_tables_of_markdown_are_none_of_its_business(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("|Task|Owner|\n|---|---|\n|arc_easy|me|\n", "utf-8")
    with pytest.raises(Exception, match=r"notes\.md"):
        discover(str(path))


def test_a_printed_table_is_a_reference_and_compares_with_a_result_file(tmp_path):
    (tmp_path / "model.md").write_text(OLD, "utf-8")
    reference = load(str(tmp_path / "model.md"))
    assert {(c.task, c.metric, float(c.value[0])) for c in reference.curves} == {
        ("arc_challenge", "acc", 0.5427), ("arc_challenge", "acc_norm", 0.5478),
    }  # fmt: skip


def dclm(path, scores, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    metrics = {"icl": scores, "downstream_perpexity": {"copa": 0.97}, "perplexity": 2.62}
    path.write_text(
        json.dumps({"name": "heavy", "uuid": "a", "model": "open_lm_1b", "eval_metrics": metrics, "Core": 0.3, **more})
    )


def test_scores_of_dclm_with_their_form(tmp_path):
    dclm(tmp_path / "evaluation_a_heavy.json", {"hellaswag_zeroshot": 0.69, "gsm8k_cot": 0.1, "arc_easy": 0.7})
    run = the_run(tmp_path)
    assert values(run) == {
        "hellaswag_zeroshot/acc": 0.69, "gsm8k_cot/acc": 0.1, "arc_easy/acc": 0.7, "copa/loss": 0.97,
        "held_out/loss": 2.62,
    }  # fmt: skip
    parts = {part.series.name: part for part in run.every("eval_score")}
    assert (parts["hellaswag_zeroshot/acc"].task, parts["hellaswag_zeroshot/acc"].setting) == ("hellaswag", "0-shot")
    assert run.measured["arc_easy/acc"].conditions["harness"] == "DCLM"


def test_trainings_of_one_architecture_are_runs_of_their_own(tmp_path):
    for name in ("c4-open_lm_1b-seed=124-tokens=28795904000_heavy", "rpj-open_lm_1b-seed=124-tokens=28795904000_heavy"):
        dclm(tmp_path / f"evaluation_{name}.json", {"arc_easy": 0.7})
    refs = discover(str(tmp_path))
    assert len(refs) == 2
    (curve, *_) = run_curves(resolve(read(refs[0]))).curves
    assert curve.curve.at == pytest.approx([28_795_904_000]), "the seed is no number of tokens"


def test_one_checkpoint_whose_tokens_its_name_tells_is_a_reference(tmp_path):
    dclm(tmp_path / "evaluation_a-tokens=28795904000_heavy.json", {"arc_easy": 0.7})
    reference = load(str(tmp_path))
    assert reference.axis == "tokens" and np.unique([c.at[0] for c in reference.curves]) == [28_795_904_000]


def test_a_model_without_scores_is_left_out_of_a_band_with_its_reason(tmp_path):
    for seed, model in enumerate(("first", "second")):
        lm_eval(tmp_path / model, {"arc_easy": answered(0.7, 100, seed)}, model=f"org/{model}", samples=False)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "results_2025-01-01T00-00-00.json").write_text(
        json.dumps({"results": {"arc_easy": {"acc,none": "N/A"}}, "versions": {"arc_easy": 1}, "n-shot": {}})
    )
    reference = load(str(tmp_path))
    assert reference.settings["members"] == ["first", "second"]
    assert ["holds a score" in text for text in reference.settings["left out"]] == [True]


def test_final_models_and_checkpoints_in_one_folder_are_told_apart_in_few_words(tmp_path):
    for i in range(5):
        dclm(tmp_path / f"evaluation_final-{'abcde'[i]}_heavy.json", {"arc_easy": 0.7})
    dclm(tmp_path / "evaluation_x-tokens=28795904000_heavy.json", {"arc_easy": 0.7})
    with pytest.raises(ConfigError, match=r"over no known place: .* and 2 more; over tokens: .*; give final models"):
        load(str(tmp_path))
