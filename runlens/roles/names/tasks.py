"""Benchmarks and metrics by their names: what harnesses, papers and trainers call them."""

from __future__ import annotations

from types import MappingProxyType

TASKS = MappingProxyType(
    {
        "agieval": (),
        "anli": (),
        "arc_challenge": ("arc_c", "ai2_arc_challenge", "arcc"),
        "arc_easy": ("arc_e", "ai2_arc_easy", "arce"),
        "bbh": ("big_bench_hard", "bigbench_hard"),
        "blimp": (),
        "boolq": ("bool_q",),
        "cnn_dailymail": ("cnndm",),
        "cola": (),
        "commonsense_qa": ("csqa", "commonsenseqa"),
        "copa": (),
        "coqa": (),
        "drop": (),
        "gpqa": (),
        "gsm8k": (),
        "hellaswag": ("hella_swag", "hs"),
        "humaneval": ("human_eval", "openai_humaneval"),
        "ifeval": ("if_eval",),
        "jeopardy": (),
        "lambada": (),
        "lambada_openai": ("lambada_open_ai",),
        "lambada_standard": (),
        "logiqa": (),
        "math": ("hendrycks_math",),
        "mathqa": (),
        "mbpp": (),
        "medmcqa": (),
        "mmlu": ("hendrycks_test",),
        "mmlu_pro": (),
        "mnli": (),
        "mrpc": (),
        "multirc": (),
        "natural_questions": ("nq", "nq_open", "naturalqs", "natural_qs"),
        "openbook_qa": ("obqa", "openbookqa"),
        "paws": (),
        "piqa": ("physical_iqa",),
        "prost": (),
        "qnli": (),
        "qqp": (),
        "race": (),
        "record": (),
        "rte": (),
        "sciq": (),
        "siqa": ("social_iqa", "socialiqa"),
        "squad": (),
        "squad_v2": ("squad2",),
        "sst2": ("sst_2",),
        "storycloze": ("story_cloze",),
        "swag": (),
        "triviaqa": ("trivia_qa",),
        "truthfulqa": ("truthful_qa",),
        "webqs": ("web_questions",),
        "wic": (),
        "wikitext": ("wikitext_2", "wikitext_103", "wiki_text"),
        "winograd": (),
        "winogrande": ("wino_grande",),
        "wsc": (),
        "wsc273": (),
        "xcopa": (),
        "xstorycloze": ("x_storycloze",),
        "xwinograd": (),
    }
)
"""Canonical task to its other names (normalised; underscores do not count)."""

METRICS = (
    (
        "acc_norm",
        r"acc_norm|len_norm|acc_len_norm|length_normalized_acc(?:uracy)?"
        r"|normali[sz]ed_acc(?:uracy)?|acc(?:uracy)?_normali[sz]ed|accuracy_norm|norm_acc",
    ),
    ("acc_pmi", r"pmi_dc|acc_mutual_info|acc_pmi"),
    ("token_acc", r"(?:mean_)?token_acc(?:uracy)?|next_token_accuracy"),
    ("calibration_error", r"(?:expected_)?calibration_error|ece"),
    (
        "acc",
        r"(?:in_context_learning_)?(?:(?:multiple_choice|mc|lm|qa|multiclass|binary|categorical|sparse_categorical|balanced)_)*acc(?:uracy|uracies)?(?:_none)?"
        r"|correct|acc_all_stderr_free",
    ),
    ("exact_match", r"(?:quasi_)?exact_match|em|qem"),
    ("extractive_match", r"extractive_match"),
    ("top1", r"(?:acc(?:uracy)?_?)?top_?1(?:_acc(?:uracy)?)?"),
    ("top5", r"(?:acc(?:uracy)?_?)?top_?5(?:_acc(?:uracy)?)?"),
    ("f1", r"(?:macro_|micro_)?f1(?:_score)?"),
    ("sacrebleu", r"sacrebleu"),
    ("bleu", r"bleu(?:_?4)?(?:_score)?"),
    ("chrf", r"chrf"),
    ("ter", r"ter"),
    ("rouge1", r"rouge_?1"),
    ("rouge2", r"rouge_?2"),
    ("rougeL", r"rouge_?l(?:sum)?"),
    ("mcc", r"mcc|matthews_corr\w*"),
    ("mc1", r"mc1"),
    ("mc2", r"mc2"),
    ("pass@1", r"pass_?1|pass_at_1"),
    ("pass@k", r"pass_(?:at_)?(?:k|\d+)"),
    ("wer", r"wer"),
    ("cer", r"cer"),
    ("brier", r"brier(?:_score)?"),
    ("word_ppl", r"word_perplexity"),
    ("byte_ppl", r"byte_perplexity|char_lvl_ppl"),
    ("bpb", r"bpb|bits_per_byte"),
    ("bpc", r"bpc|bits_per_char(?:acter)?"),
    ("ppl", r"(?:language_|avg_)?(?:ppl|perplexity)"),
    ("log_prob", r"log_soft_loss|log_?likelihood|log_?prob(?:ability)?"),
    ("prob", r"soft_loss|prob(?:ability)?"),
    ("ctc_loss", r"ctc_loss"),
    (
        "loss",
        r"(?:language_)?cross_?entropy(?:_loss)?"
        r"|(?:(?:lm|ce|nll|gpt|macro|micro|avg|mean|total|val|generative|lm_model|eval_gpt|clip_val|dev)_)*loss"
        r"|nll",
    ),
    ("mAP50-95", r"m_?ap_?50_?95(?:_[a-z])?"),
    ("mAP50", r"m_?ap_?50(?:_[a-z])?"),
    ("mAP", r"(?:bbox_|segm_)?m_?ap"),
    ("AP", r"ap(?:_?\d+|_?[sml])?"),
    ("precision", r"precision(?:_[a-z])?"),
    ("recall", r"recall(?:_[a-z])?"),
    ("auc", r"(?:roc_)?au(?:ro)?c(?:_roc)?"),
    ("iou", r"m?_?iou"),
    ("dice", r"dice(?:_score)?"),
    ("ssim", r"ssim"),
    ("psnr", r"psnr"),
    ("fid", r"fid"),
    ("rmse", r"rmse"),
    ("mse", r"mse"),
    ("mae", r"mae"),
    ("abs_rel", r"abs_rel"),
    ("win_rate", r"win_?rate"),
    ("success_rate", r"success(?:_rate)?"),
    ("reward", r"(?:mean_)?(?:ep_)?rew(?:ard)?(?:_mean)?|episodic_return"),
    ("core", r"core(?:_metric)?"),
    ("mean_average_precision", r"mean_average_precision"),
)
"""Canonical kind of metric and the pattern of its names at the end of a normalised name; the first that fits counts."""

WORSE_WHEN_HIGHER = frozenset(
    {
        "loss", "ctc_loss", "ppl", "word_ppl", "byte_ppl", "bpb", "bpc", "wer", "cer", "ter", "brier",
        "calibration_error", "rmse", "mse", "mae", "abs_rel", "fid",
    }
)  # fmt: skip
"""Kinds of which less is better (lm-evaluation-harness `higher_is_better`; the others by what they measure)."""

FRACTIONS = frozenset(
    {
        "acc", "acc_norm", "acc_pmi", "token_acc", "exact_match", "extractive_match", "top1", "top5", "f1", "mcc",
        "mc1", "mc2",
        "pass@1", "pass@k", "wer", "cer", "mAP", "mAP50", "mAP50-95", "AP", "precision", "recall", "auc", "iou",
        "dice", "win_rate", "success_rate", "prob", "mean_average_precision",
    }
)  # fmt: skip
"""Kinds that are shares: logged as 0-1 or 0-100, always held as 0-1 here."""

NAMESPACES = MappingProxyType(
    {
        "metrics": False,
        "metric": False,
        "validation_metrics": True,
        "eval_metrics": True,
        "downstream": True,
        "downstream_bpb": True,
        "downstream_ce_loss": True,
        "in_loop": True,
        "icl": True,
        "eval_only": True,
        "eval_gauntlet": True,
        "benchmark": True,
        "benchmarks": True,
        "leaderboard": True,
        "harness": True,
        "lm": False,
        "val_core": True,
        "val_aux": True,
        "val_correct": True,
        "lm_loss_validation": True,
        "lm_loss_training": False,
        "samples": False,
        "score": False,
        "epoch": False,
        "custom": False,
        "extended": False,
        "original": False,
        "helm": True,
    }
)
"""Path segments that are namespaces, no part of a task; True if they say that what follows is an evaluation."""
