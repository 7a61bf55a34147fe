"""Names of evaluation results over harnesses and trainers."""

from __future__ import annotations

import pytest

from runlens.roles import canonical_task, parse_eval


@pytest.mark.parametrize(
    ("name", "task", "kind", "setting", "direction"),
    [
        ("hellaswag", "hellaswag", "score", "", "up"),
        ("eval/downstream/hellaswag_len_norm", "hellaswag", "acc_norm", "", "up"),
        ("lm-eval/hellaswag/acc_norm", "hellaswag", "acc_norm", "", "up"),
        ("eval/downstream/hellaswag (length-normalized accuracy)", "hellaswag", "acc_norm", "", "up"),
        ("leaderboard|arc:challenge|25/acc_norm", "arc_challenge", "acc_norm", "25-shot", "up"),
        ("metrics/hellaswag/10-shot/InContextLearningMultipleChoiceAccuracy", "hellaswag", "acc", "10-shot", "up"),
        ("gsm8k/exact_match,strict-match", "gsm8k", "exact_match", "strict-match", "up"),
        ("arc_easy/acc,none", "arc_easy", "acc", "", "up"),
        ("eval/codechoice_accuracy", "codechoice", "acc", "", "up"),
        ("codechoice/acc", "codechoice", "acc", "", "up"),
        ("eval/codechoice/acc_norm", "codechoice", "acc_norm", "", "up"),
        ("eval/downstream/codechoice (accuracy)", "codechoice", "acc", "", "up"),
        ("eval/downstream/arc_easy (soft loss)", "arc_easy", "prob", "", "up"),
        ("eval/downstream/arc_easy (log soft loss)", "arc_easy", "log_prob", "", "up"),
        ("eval/downstream/arc_easy (BPB)", "arc_easy", "bpb", "", "down"),
        ("eval/downstream_bpb/mmlu_stem_bpb", "mmlu_stem", "bpb", "", "down"),
        ("eval/paloma/c4_en/bpb", "paloma/c4_en", "bpb", "", "down"),
        ("eval/lm/val/CE loss", "", "loss", "", "down"),
        ("lm loss validation", "", "loss", "", "down"),
        ("lm loss validation ppl", "", "ppl", "", "down"),
        ("validation_metrics/loss", "", "loss", "", "down"),
        ("lambada_openai/perplexity", "lambada_openai", "ppl", "", "down"),
        ("val_wer", "", "wer", "", "down"),
        ("eval_top1", "", "top1", "", "up"),
        ("hendrycksTest-virology/acc_norm", "mmlu_virology", "acc_norm", "", "up"),
        ("val-core/openai/gsm8k/acc/mean@8", "openai/gsm8k", "acc", "mean@8", "up"),
        ("test/accuracy", "test", "acc", "", "up"),
        ("validation/accuracy", "", "acc", "", "up"),
        ("metrics/mAP50-95(B)", "", "mAP50-95", "", "up"),
        ("eval/something/odd", "something/odd", "score", "", None),
    ],
)
def test_a_result_is_read(name, task, kind, setting, direction):
    found = parse_eval(name)
    assert (found.task, found.metric_kind, found.setting, found.direction) == (task, kind, setting, direction)
    assert found.split == "eval"


def test_training_accuracy_is_no_evaluation():
    assert parse_eval("train/accuracy").split == "train"
    assert parse_eval("eval/accuracy").prefixed
    assert not parse_eval("hellaswag/acc").prefixed


@pytest.mark.parametrize("spelling", ["ARC-c", "arc_challenge", "ARC-Challenge", "arc:challenge", "ai2_arc/challenge"])
def test_one_task_has_one_name(spelling):
    assert canonical_task(spelling.replace(":", "_")) == "arc_challenge"


@pytest.mark.parametrize(
    ("spelling", "task"),
    [("HellaSwag", "hellaswag"), ("Obqa", "openbook_qa"), ("WinoGrande", "winogrande"), ("my_task", "my_task")],
)
def test_papers_spell_tasks_in_their_own_way(spelling, task):
    assert canonical_task(spelling) == task
