"""Metrics of evaluations by their names, and which way is better."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of metric."""

    name: str
    """Canonical name."""
    pattern: str
    """Its names at the end of a normalised name, as a regular expression."""
    direction: str
    """`up` if more is better, `down` if less is."""
    fraction: bool = False
    """Logged as 0-1 or 0-100, always held as 0-1 here."""
    alone: bool = False
    """With the name of a task before it, it says by itself that something was evaluated."""


_AT = r"(?:_?(?:at_)?k?\d*)"
"""A cut-off, such as `@10`, `_at_k` or `5`."""

KINDS = (
    Kind(
        "acc_norm",
        r"acc_norm|len_norm|acc_len_norm|length_normalized_acc(?:uracy)?"
        r"|normali[sz]ed_acc(?:uracy)?|acc(?:uracy)?_normali[sz]ed|accuracy_norm|norm_acc",
        "up", True, True,
    ),
    Kind("acc_pmi", r"pmi_dc|acc_mutual_info|acc_pmi", "up", True, True),
    Kind("token_acc", r"(?:mean_)?token_acc(?:uracy)?|next_token_accuracy", "up", True, True),
    Kind("calibration_error", r"(?:expected_|adaptive_|max_)?calibration_error|[amu]?ece", "down", False, True),
    Kind(
        "acc",
        r"(?:in_context_learning_)?(?:(?:multiple_choice|mc|lm|qa|multiclass|binary|categorical|"
        r"sparse_categorical|balanced|pixel|linear_probe|knn|zero_?shot)_)*acc(?:uracy|"
        r"uracies)?(?:_none)?"
        r"|correct|acc_all_stderr_free",
        "up", True, True,
    ),
    Kind("exact_match", r"(?:quasi_)?exact_match|em|qem", "up", True, True),
    Kind("extractive_match", r"extractive_match", "up", True, True),
    Kind("top1", r"(?:acc(?:uracy)?_?)?(?:at_?)?top_?1(?:_acc(?:uracy)?)?|acc_?(?:at_)?1", "up", True, True),
    Kind("top5", r"(?:acc(?:uracy)?_?)?(?:at_?)?top_?5(?:_acc(?:uracy)?)?|acc_?(?:at_)?5", "up", True, True),
    Kind("top10", r"(?:acc(?:uracy)?_?)?top_?10(?:_acc(?:uracy)?)?", "up", True, True),
    # text and translation
    Kind("bertscore", r"bert_?score(?:_(?:f1|p|r|precision|recall))?", "up"),
    Kind(
        "f1",
        r"(?:(?:macro|micro|weighted|avg|mean|token|span|entity)_)*f(?:_?beta|b_?1|_?measure|_?[0-9]{1,2}|"
        r"_?score)(?:_?score)?(?:_(?:macro|micro|weighted))?|h_?mean|(?:ents|sents|spans_\w+|cats_macro)_f",
        "up", True, True,
    ),
    Kind("sacrebleu", r"sacre_?bleu(?:_score)?", "up", False, True),
    Kind("codebleu", r"code_?bleu(?:_score)?", "up"),
    Kind("bleurt", r"bleurt(?:_?\d+)?(?:_score)?", "up"),
    Kind("metricx", r"metric_?x(?:_?\d+)?(?:_(?:score|qe))*", "down"),
    Kind("bleu", r"(?:avg_|corpus_|google_)?bleu(?:_?[1-4])?(?:_score)?", "up", False, True),
    Kind("chrf", r"chr_?f(?:_?\+*|_?pp|_?2)?(?:_score)?", "up", False, True),
    Kind("ter", r"ter", "down", False, True),
    Kind("rouge1", r"rouge_?1(?:_f\w*)?", "up", False, True),
    Kind("rouge2", r"rouge_?2(?:_f\w*)?", "up", False, True),
    Kind("rougeL", r"rouge_?l(?:_?sum)?(?:_f\w*)?", "up", False, True),
    Kind("rouge", r"rouge(?:_(?:avg|mean|score))?", "up"),
    Kind("meteor", r"meteor(?:_score)?", "up"),
    Kind("cider", r"cider(?:_?d)?(?:_score)?", "up"),
    Kind("spice", r"spider|spice", "up"),
    Kind("comet", r"(?:x|c)?_?comet(?:_?kiwi|_?score|_?da|_?\d+)*", "up"),
    # rank correlation and agreement
    Kind("kappa", r"(?:cohens?_|quadratic_|weighted_|quadratic_weighted_)*kappa(?:_score)?|qwk", "up"),
    Kind("mcc", r"mcc|matthews_corr\w*", "up", True, True),
    Kind(
        "correlation",
        r"(?:pearson|spearman|kendall|kendalls?_tau(?:_?[abc])?|concordance)(?:_?r|_?rho)?(?:_(?:corr\w*|coef\w*|cosine))*|"
        r"corr(?:elation)?(?:_coef\w*)?|(?:cosine|dot|euclidean|manhattan)_(?:pearson|spearman)|srcc|plcc|krcc|"
        r"lcc|ccc|pcc|rank_ic|c_?index|concordance_index",
        "up",
    ),
    Kind("d2", r"d2(?:_(?:tweedie|pinball|absolute_error|log_loss|brier))?(?:_score)?", "up"),
    Kind("r2", r"r_?2(?:_?score)?|r_?squared|explained_variance", "up"),
    Kind("attachment", r"(?:dep_)?[ul]as", "up", True),
    Kind("mc1", r"mc1", "up", True, True),
    Kind("mc2", r"mc2", "up", True, True),
    Kind("pass@1", r"pass_?1|pass_at_1", "up", True, True),
    Kind("pass@k", r"pass_(?:at_)?(?:k|\d+)|maj_(?:at_)?\d+|cons_(?:at_)?\d+", "up", True, True),
    # retrieval
    Kind("ndcg", rf"n?dcg{_AT}", "up"),
    Kind("mrr", rf"mrr{_AT}|mean_reciprocal_rank", "up"),
    Kind("hits", rf"hits?(?:_?ratio|_?rate)?{_AT}|hr(?:_at)?_?\d+", "up"),
    Kind("mean_rank", r"(?:mean|median|med|avg)_?r(?:ank)?", "down"),
    # speech
    Kind("wer", r"(?:mixed_|cp_?|norm(?:alized)?_|avg_)?wer(?:_norm\w*)?|word_error_rate", "down", True, True),
    Kind("cer", r"(?:norm(?:alized)?_|avg_)?cer(?:_norm\w*)?|char(?:acter)?_error_rate", "down", True, True),
    Kind(
        "error_rate",
        r"equal_error_rate|ber|bit_error_rate|balanced_error_rate|per|phone(?:me)?_error_rate|ler|mer|wil|ser|der|diarization_error_rate|jer|far|frr|"
        r"fpr(?:_?\d+)?|fnr|hter|acer|apcer|bpcer|(?:top_?\d_?)?err(?:or)?(?:_?rate)?|misclassification(?:_rate)?|"
        r"word_information_lost",
        "down",
    ),
    Kind("equal_error_rate", r"eer(?:_(?:percent|pct))?", "down"),
    Kind("miss_rate", r"miss_?rate", "down"),
    Kind("min_dcf", r"(?:min_?)?t?_?dcf|c_?avg", "down"),
    Kind("mos", r"(?:pred_|utm?|dns|n?isqa_)?_?mos(?:_\w+)?|utmos(?:_?v\d)?|nisqa", "up"),
    Kind("speech_quality", r"(?:wb_|nb_)?pesq(?:_?[wn]b)?|e?stoi|visqol|srmr|wip|word_information_preserved", "up"),
    Kind("signal_ratio", r"(?:scale_invariant_)?(?:si_?|c_?|u_?)?s[dianr]r_?(?:i|improvement)?", "up"),
    Kind("cepstral_distortion", r"mcd|mel_cepstral_distortion|lsd|log_spectral_dist(?:ance|ortion)", "down"),
    Kind("brier", r"brier(?:_score)?", "down", False, True),
    # likelihood
    Kind("word_ppl", r"word_(?:perplexity|ppl)", "down", False, True),
    Kind("byte_ppl", r"byte_perplexity|char_lvl_ppl", "down", False, True),
    Kind("bpb", r"bpb|bits_per_byte", "down", False, True),
    Kind("bpc", r"bpc|bits_per_char(?:acter)?", "down", False, True),
    Kind("bpd", r"bpd|bits_per_dim(?:ension)?", "down", False, True),
    Kind("ppl", r"(?:language_|avg_|mean_|eval_|pseudo_)*(?:ppl|pplx|perp|perplexity)", "down"),
    Kind("elbo", r"(?<!neg_)elbo", "up"),
    Kind("log_prob", r"log_soft_loss|log_?likelihood|log_?prob(?:ability)?", "up", False, True),
    Kind("prob", r"soft_loss|prob(?:ability)?", "up", True, True),
    Kind("log_loss", r"(?:(?:binary|multi|m)_?)?log_?loss|binary_crossentropy|deviance", "down"),
    Kind("ctc_loss", r"ctc_loss", "down", False, True),
    Kind(
        "loss",
        r"(?:language_)?cross_?entropy(?:_loss)?"
        r"|(?:(?:lm|ce|xe|xent|nll|gpt|macro|micro|avg|mean|total|val|generative|lm_model|eval_gpt|clip_val|dev)_)*loss"
        r"(?:_(?:ema|avg|mean))?|nll|ce|xe|x_?ent|bce|n(?:eg_)?elbo",
        "down",
    ),
    # detection, segmentation, tracking
    Kind("mAP50-95", r"m_?ap_?(?:at_?)?(?:0_)?50?_(?:0_)?95(?:_[a-z])?|m_?ap_?50_?95(?:_[a-z])?", "up", True, True),
    Kind("mAP50", r"m_?ap_?(?:at_?|0_)?50?(?:_[a-z])?", "up", True, True),
    Kind("mAP", r"(?:bbox_|segm_)?m_?ap(?:_?\d+|_?[sml]|_(?:small|medium|large))?", "up", True, True),
    Kind(
        "mean_average_precision",
        r"mean_average_precision|map_at_\d+|lrap|label_ranking_average_precision",
        "up", True, True,
    ),
    Kind(
        "AP",
        r"(?:bbox_|segm_|box_|mask_)?ap(?:_?\d+|_?[smlcrf])?|average_precision|auprc?|au_?prc|pr_auc",
        "up", True, True,
    ),
    Kind("AR", r"ar(?:_?\d+|_?[sml])?|average_recall", "up"),
    Kind("precision", rf"(?:(?:macro|micro|weighted|avg|mean)_)*(?:precision|prec)(?:_[a-z])?{_AT}|ppv", "up", True),
    Kind(
        "recall",
        rf"(?:(?:macro|micro|weighted|avg|mean)_)*recall(?:_[a-z])?{_AT}|(?:[tiv]2[tipv]_?)?r_?(?:at_)?(?:1|5|10|50|"
        rf"100)|(?:mean_)?r_?(?:mean|sum)|uar|tpr(?:_?\d+)?|sensitivity",
        "up", True,
    ),
    Kind("specificity", r"specificity|tnr|npv|youden\w*|g_?mean|informedness", "up"),
    Kind(
        "auc",
        r"(?:(?:macro|micro|roc|p|partial)_)*au(?:ro)?c(?:_roc|_pr|_score|_macro)?|rocauc|roc_auc(?:_score)?",
        "up", True,
    ),
    Kind(
        "iou",
        r"(?:m(?:ean)?|fw|g|d|c|h|s)?_?io_?u(?:_score)?|jaccard(?:_?(?:index|score|similarity))?|tanimoto",
        "up", True,
    ),
    Kind(
        "dice",
        r"(?:mean_|pseudo_|(?:mean_|ema_)?fg_|m)?dice(?:_?(?:score|coef\w*|similarity))*|dsc",
        "up", True, True,
    ),
    Kind("surface_dice", r"nsd|(?:normali[sz]ed_)?surface_dice(?:_score)?", "up"),
    Kind("panoptic_quality", r"pq|panoptic_quality", "up"),
    Kind("panoptic", r"s_?q|r_?q", "up"),
    Kind("tracking_error", r"id_?s_?w|i_dsw|id_?sw(?:itches)?|frag(?:mentations)?|mostly_lost", "down"),
    Kind("detection_error", r"fppi|lamr|log_average_miss_rate|mlamr", "down"),
    Kind("nds", r"nds|nuscenes_detection_score", "up"),
    Kind("tracking", r"(?:a|m|s|hi)ot[ap]|[ams]_?mot[ap]|hota|mot[ap]|idf_?1|deta|assa|mostly_tracked", "up"),
    Kind("keypoints", r"oks|pck_?h?(?:_?\d+)?|3dpck", "up"),
    Kind(
        "surface_distance",
        r"hd_?(?:95)?|hausdorff\w*|a?assd?|asd|nsd_error|chamfer(?:_?(?:distance|dist))?|emd|"
        r"earth_movers?_distance",
        "down",
    ),
    Kind(
        "pose_error",
        r"(?:pa_?|p_?|n_?)?mp_?jpe|m?pve|pve|epe|aepe|add_error|(?:min_?|avg_?)?[af]de(?:_?\d+)?|m_(?:ate|ase|aoe|ave|aae)|rotation_error|"
        r"translation_error|reprojection_error|l?rmsd|(?:fl|d1)_all",
        "down",
    ),
    # images, audio, video
    Kind("ssim", r"(?:ms_?|f|v)?ssim|fsim", "up"),
    Kind("vmaf", r"vmaf", "up"),
    Kind("psnr", r"(?:s_?)?psnr", "up"),
    Kind(
        "fid",
        r"(?:clean_?|s_?|sr_?)?fid(?:_?\d+k?)?(?:_full)?|f[vai]d|fad|kid|fvd|frechet\w*|cmmd",
        "down", False, True,
    ),
    Kind("inception_score", r"inception_score|isc?(?:_mean)?", "up"),
    Kind("lpips", r"lpips|dists|niqe|brisque|piqe", "down"),
    Kind(
        "clip_score",
        r"clip_?(?:score|sim\w*|i|t)|aesthetic(?:_score)?|image_?reward|pick_?score|hps(?:_?v2)?|musiq",
        "up",
    ),
    # regression and forecasting
    Kind("rmse", r"(?:norm(?:alized)?_|nr|n)?rmse?l?e?|root_mean_squared?_error|rms_?error", "down"),
    Kind("mse", r"n?mse|msle|mean_squared?_(?:log\w*_)?error|l2(?:_error)?", "down"),
    Kind("mae", r"n?mae|mean_absolute_error|l1(?:_error)?|med_?ae", "down"),
    Kind(
        "relative_error",
        r"s?w?mape|mase|mean_absolute_percentage_error|crps|abs_?rel|sq_?rel|si_?log|rel_?(?:l[12])?_?err(?:or)?|"
        r"pinball|quantile|m?wql|huber|poisson|tweedie|gamma_deviance|q_?like",
        "down", False, True,
    ),
    Kind(
        "distance",
        r"(?:(?:edit|levenshtein|cosine|wasserstein|mahalanobis|geodesic|l2)_)+dist(?:ance)?|ned|"
        r"kl_?div(?:ergence)?|js_?div(?:ergence)?",
        "down",
    ),
    Kind(
        "similarity",
        r"(?:(?:cosine|cos|edit|semantic|text|speaker)_)*sim(?:ilarity)?|tm_?score|p?_?l_?ddt|gdt(?:_?ts|_?ha)?|dock_?q|"
        r"sari|nli_score|squad_?f1|anls|vqa_score",
        "up",
    ),
    Kind(
        "harm",
        r"(?:\w+_)?toxicity|hallucination(?:_rate)?|violation(?:_rate)?s?|(?:\w+_)?regret|failure(?:_rate)?|"
        r"fail(?:_rate)?|collision(?:_rate)?s?|latency|asr_error|perplexity_gap",
        "down",
    ),
    # preferences, agents, games
    Kind(
        "judged",
        r"faithfulness|groundedness|helpfulness|harmlessness|(?:answer_|context_)?relevanc[ey]|coherence|fluency|"
        r"factuality|truthfulness|informativeness|depth_accuracy|delta_?[123]",
        "up",
    ),
    Kind("diversity", r"mauve|distinct_?\d", "up"),
    Kind(
        "clustering",
        r"a?nmi|ami|ari|adjusted_rand(?:_(?:index|score))?|v_measure|silhouette(?:_score)?|calinski_harabasz(?:_score)?|purity",
        "up",
    ),
    Kind("cluster_overlap", r"davies_bouldin(?:_(?:index|score))?", "down"),
    Kind("generated", r"validity|uniqueness|novelty", "up"),
    Kind("skill", r"csi|pod|n?nse|kge|crpss|ets|bss|hss|(?:\w+_)?skill(?:_score)?", "up"),
    Kind("win_rate", r"(?:lc_|length_controlled_)?win_?rate|(?:elo|trueskill)(?:_rating)?", "up", True, True),
    Kind(
        "success_rate",
        r"success(?:_rate)?|solve[dr]?(?:_rate)?|resolved(?:_rate)?|completion_rate|pass_rate|"
        r"compliance(?:_rate)?|spl",
        "up", True, True,
    ),
    Kind(
        "reward",
        r"(?:(?:mean|avg|average|ep|episode|episodic|eval|cumulative|total|norm(?:alized)?|"
        r"undiscounted)_)*(?:rew(?:ard)?|returns?|ep_?ret)(?:_mean|_avg)?",
        "up", False, True,
    ),
    Kind("core", r"core(?:_metric)?", "up", False, True),
    Kind("mean_score", r"(?:(?:avg|average|mean|overall|final|total|quality|global|macro|judge|main)_)*scores?", "up"),
)  # fmt: skip
"""In order: the first that fits the end of a name counts. Sources: torchmetrics, Hugging Face evaluate, pycocotools,
nuScenes, BEIR and MTEB, mir_eval, speech toolkits (ESPnet, SpeechBrain), XGBoost and LightGBM, lm-evaluation-harness
(its `higher_is_better` decides for its own)."""

WORSE_WHEN_HIGHER = frozenset(kind.name for kind in KINDS if kind.direction == "down")
"""Kinds of which less is better."""

FRACTIONS = frozenset(kind.name for kind in KINDS if kind.fraction)
"""Kinds that are shares: logged as 0-1 or 0-100, always held as 0-1 here."""

FIRST = frozenset(
    {
        "acc", "acc_norm", "exact_match", "top1", "top5", "f1", "auc", "bertscore", "bleurt", "metricx", "sacrebleu",
        "bleu", "chrf", "ter", "rouge1", "rouge2", "rougeL", "rouge", "meteor", "cider", "comet", "kappa", "mcc",
        "correlation", "r2", "ndcg", "mrr", "wer", "cer", "min_dcf", "mos", "speech_quality", "signal_ratio",
        "cepstral_distortion", "brier", "calibration_error", "word_ppl", "ppl", "bpb", "mAP", "mAP50", "mAP50-95",
        "iou", "dice", "tracking", "keypoints", "surface_distance", "pose_error", "ssim", "psnr", "vmaf", "fid",
        "lpips", "rmse", "mse", "mae", "relative_error", "similarity", "win_rate", "pass@1", "equal_error_rate",
        "panoptic_quality", "attachment", "precision", "recall", "AP", "success_rate", "skill", "miss_rate",
    }
)  # fmt: skip
"""Kinds whose names are words of nothing else, so that they count before a word of their own too: `wer_ortho`."""

WITH_A_TASK = frozenset(kind.name for kind in KINDS if kind.alone)
"""Kinds whose names, behind a task's, say that something was evaluated; the others need a word for held-out data."""
