"""Names of evaluation results over harnesses and trainers."""

from __future__ import annotations

import pytest

from runlens.roles import canonical_task, parse_eval
from runlens.roles.names.reading import read_name


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
        ("test/pesq", "test", "speech_quality", "", "up"),
        ("val/t2i_r@1", "", "recall", "", "up"),
        ("eval/all/avg_score", "all", "mean_score", "", "up"),
        ("dev_ce", "", "loss", "", "down"),
        ("valid/xent", "", "loss", "", "down"),
        ("test_xe_loss", "test", "loss", "", "down"),
        ("val_loss_ema", "", "loss", "", "down"),
        ("eval/neg_elbo", "", "loss", "", "down"),
        ("val/elbo", "", "elbo", "", "up"),
        ("eval/bits_per_dim", "", "bpd", "", "down"),
        ("val/perp", "", "ppl", "", "down"),
        ("mmlu_overall", "mmlu_overall", "score", "", "up"),
        ("mmlu_humanities", "mmlu_humanities", "score", "", "up"),
        ("gpqa_diamond", "gpqa_diamond", "score", "", "up"),
        ("mmlu_stem_std", "mmlu_stem_std", "score", "", None),
        ("aime_2024", "aime24", "score", "", "up"),
        ("eval/pcc", "", "correlation", "", "up"),
        ("val/nsd", "", "surface_dice", "", "up"),
        ("val/lsd", "", "cepstral_distortion", "", "down"),
        ("val/nrmse", "", "rmse", "", "down"),
        ("eval/wql", "", "relative_error", "", "down"),
        ("val/nmi", "", "clustering", "", "up"),
        ("val/davies_bouldin", "", "cluster_overlap", "", "down"),
        ("test/cavg", "test", "min_dcf", "", "down"),
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


UP = [
    "acc@1",
    "accuracies",
    "auprc",
    "AP50",
    "bertscore",
    "bleurt",
    "BLEU",
    "c-index",
    "chrF++",
    "CIDEr",
    "clip_score",
    "codebleu",
    "cohen_kappa",
    "comet",
    "dice",
    "dnsmos",
    "estoi",
    "f1_macro",
    "HOTA",
    "hits@10",
    "IDF1",
    "jaccard",
    "kappa",
    "macro_f1",
    "map@10",
    "mAP50",
    "MCC",
    "meteor",
    "mIoU",
    "MOTA",
    "mrr@10",
    "ndcg@10",
    "NDS",
    "pass@1",
    "pearson",
    "pearson_cosine",
    "pesq",
    "PQ",
    "precision@5",
    "psnr",
    "qwk",
    "r2",
    "R@1",
    "recall@100",
    "roc_auc",
    "rouge",
    "rougeLsum",
    "sensitivity",
    "si-sdr",
    "specificity",
    "spearmanr",
    "ssim",
    "stoi",
    "success_rate",
    "tm_score",
    "top5",
    "utmos",
    "win_rate",
    "score",
    "mean_reward",
    "episodic_return",
]
DOWN = [
    "abs_rel",
    "brier_score",
    "CER",
    "chamfer_distance",
    "crps",
    "DER",
    "ECE",
    "edit_distance",
    "EER",
    "epe",
    "error_rate",
    "fad",
    "FID",
    "fvd",
    "hd95",
    "kid",
    "lpips",
    "mae",
    "mape",
    "MCD",
    "mean_rank",
    "minDCF",
    "mpjpe",
    "mse",
    "nll",
    "per",
    "perplexity",
    "RMSE",
    "TER",
    "top1_err",
    "toxicity",
    "WER",
]


@pytest.mark.parametrize(("names", "direction"), [(UP, "up"), (DOWN, "down")])
@pytest.mark.parametrize("prefix", ["eval/", "val/", "test/", "valid_"])
def test_usual_metrics_say_which_way_is_better(names, direction, prefix):
    wrong = {n: parse_eval(prefix + n).direction for n in names if parse_eval(prefix + n).direction != direction}
    assert wrong == {}
    unread = {n: c and (c.role, c.split) for n in names if not _is_eval(c := read_name(prefix + n, {prefix + n}))}
    assert unread == {}


def _is_eval(claim):
    return claim is not None and claim.role in ("eval_score", "eval_loss", "perplexity") and claim.split == "eval"


@pytest.mark.parametrize(
    "name", ["val/count", "eval/num_samples", "val/frequency", "eval/batch_size", "eval/runtime", "val/temperature"]
)
def test_counts_frequencies_and_settings_are_no_scores(name):
    claim = read_name(name, {name})
    assert claim is None or claim.role != "eval_score"


@pytest.mark.parametrize(
    "name",
    [
        "eval/ppl", "eval_perplexity", "val/perplexity", "validation/ppl", "lm loss validation ppl", "test/ppl",
        "eval/val_perplexity", "valid_ppl", "val_ppl", "dev/perplexity", "eval/c4/perplexity", "validation_perplexity",
        "validation/lm_loss_ppl",
    ],
)  # fmt: skip
def test_a_perplexity_is_of_the_split_that_its_name_says(name):
    claim = read_name(name, {name, "train/loss"})
    assert (claim.role, claim.split) == ("perplexity", "eval")
    training = read_name("train/ppl", {"train/ppl"})
    assert (training.role, training.split) == ("perplexity", "train")
