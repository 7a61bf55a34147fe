"""Names of frameworks never seen: patterns over the normalised name, in the order in which they are tried."""

from __future__ import annotations

from runlens.roles.names.pattern import EVAL, P

_COUNT = r"(~(num|n|total|consumed|seen|cumulative|processed|trained|input|train|global)_)*"

PATTERNS = (
    P("train_loss:cost", r"^((train(ing)?|batch)[/_])?costs?$", confidence=0.6),
    # counters
    P("other", r"^(eval|val\w*|test)/(num_)?(samples|tokens|examples|batches)$"),
    P("epoch", r"(^|/)(\w*current_|train(ing)?_|num_)?epochs?$|^epoch/epoch$", r"~per_epoch|loss(es)?/(\w*_)?epoch$"),
    P("other:token-scores", r"^train\w*/(\w+_)?token_acc|tokens?_len|token_in_"),
    P(
        "step_time",
        r"train_speed_s_it|(^|[/_])s_?(/|_per_)it(er)?$|timing/step_total$"
        r"|(^|/)(time|timings?|timers?|secs?|seconds|ms|duration)/(it|iter|iteration|step|update)$",
    ),
    P("world_size", r"~world_?size|~(num|n)_(gpus|devices|ranks|accelerators)~"),
    # rates before counters: `tokens_per_second` holds `tokens`
    P(
        "batch_size",
        r"tokens?_per_(step|batch|iter\w*|update)|~batch_tok(en)?s~|tok(en)?s_in_batch|~(wpb|bsz|g?bs)$|~global_batch$|batch_?size|samples_in_batch"
        r"|samples_per_(step|batch)",
    ),
    P(
        "tokens_per_second",
        r"(tok|toks|tokens?|words?|items|char\w*)(_per)?(_(gpu|device|replica|core|chip|rank))?(_per|/|_)(s|sec|second)s?~"
        r"|(tok|tokens?)_per_(gpu|device|core|chip)_per_(s|sec)"
        r"|~(tps|wps|tgs|tok_s|toks_s|tgs_\w+|k?t/s)(_per)?(_(gpu|device|\d+))?~|tok/s|tokens/s"
        r"|tok(en)?s?/(gpu|device|chip)/(s|sec|second)~|tokens?_sec~|token_throughput|tokens_throughput|train_per_sec_per_gpu|~tps_",
    ),
    P(
        "samples_per_second",
        r"(samples?|examples?|seqs?|sequences?|images?|imgs?|frames?|env_steps|utterances?|pairs?|rows?)(_per(_gpu|_device)?_|/|_)(s|sec|second)s?~"
        r"|~(fps|sps|ips)$|img/sec",
    ),
    P("other:rate", r"(bytes|files|requests|updates|shards|docs?)_per_s"),
    P("mfu", r"~(mfu|hfu|mfu_step|learner_mfu)~|flops?_util\w*|fp_utilization|model_flops_util"),
    P(
        "tflops",
        r"[tgp]?flop/?s?_?(per|/)_?s(ec\w*)?|~[tgp]?flops?(ps)?(_per_(gpu|device|sec\w*))*~"
        r"|flops_ps|~flop_?s_p_?s~|hardware_tflops|model_tflops",
        r"~total~",
    ),
    P(
        "tokens",
        rf"^(?!.*(per|this|batch|step)).*~(\w+_)?{_COUNT}tok(en)?s?(_(seen|consumed|total|count|processed|trained|trainable|so_far|b|m|k|billions?|millions?))*$"
        rf"|consumed_tok|tokens/(total|trainable|seen)$|tokens?_seen|seen_tok|[gmb]_?tokens$",
        r"(max|min|mean|avg|pad\w*|label|text|generated|completion|prompt|new|dataset_|unique|vocab|eval\w*|val\w*|test|dev)_tok"
        r"|tokens?_(acc|len)",
    ),
    P(
        "samples",
        rf"~{_COUNT}(samples?|examples?|sequences|images|episodes?|instances|env_steps|timesteps)(_(seen|consumed|total|count|processed))*$",
        r"skipped|masked",
    ),
    P(
        "step",
        r"(^|/)((global|iteration|grpo|collection|outer|inner|train(ing|er)?|optimi[sz]er|current|num|update|grad(ient)?|n)_)*(steps?|iter(ation)?s?|updates?|batch_idx)$",
        r"loss/(step|iter)$",
    ),
    # optimiser
    P("loss_scale", r"loss_?scale(?!d)|grad_?scaler?~|~scaler~|amp_scale"),
    P("weight_decay", r"weight_?decay|~wd~"),
    P("other", r"learner_scale|gradient_scale"),
    P("other", r"cardinality_error"),  # DETR: how many boxes were told, "for logging purposes only"
    P(
        "clip_fraction",
        r"clip_?(frac\w*|ratio)|clipping_(rate|frac\w*)|~did_clip|~grad\w*_clipp?ed"
        r"|frac\w*_clipped|^clip$|/clip$",
        r"completion|response|truncat|importance|norm_clipp?ed",
    ),
    P("z_loss", r"~z_?loss"),
    P(
        "other:update-norm",
        r"(update|step|delta|moment\w*|variance|activation|act|input|output|pre_clip|hidden|logits?)s?_?(l[12]_)?/?norm"
        r"|norm/?_?(update|delta)|l2_updates|grad_norm_exp_avg",
    ),
    P(
        "param_norm",
        r"~(param\w*|weights?)_?(l2_?)?(/|_)?norms?|~(param\w*|weights?)/((l2|total|global)_)+norm|l2_(norm/)?params?|~(p_?norm|wnorm)~|pnorm_"
        r"|weight_l2|parameter_norms|norm/(of_)?params?|model_norm",
    ),
    P("grad_norm:per-parameter", r"(^|/)optim\w*/grad/", flags="per-parameter"),
    P("other:update-norm", r"(^|/)optim\w*/(step|update)/"),
    P(
        "grad_norm",
        r"~(raw_|global_|total_|actor_|critic_|mean_|max_)*g(rad(ient)?s?)?_?(l2_)?(total_|global_)?norms?"
        r"|grad(ient)?s?/((pre|before|un)_?clip(ped|ping)?/|raw/)?((l2|total|global)_)*norm|l2_(norm/)?grads?"
        r"|grad_[\d_inf]+_norm|~gnorm|norms?/grad"
        r"|norm_(of_)?grad(ient)?s?~|norm_g~|^norm$|^grad(ient)?$|~grad(ient)?_magnitude|~grad(ient)?s?_l2~|~l2_grad(ient)?s?~",
    ),
    P(
        "learning_rate",
        r"(^|/|_)lrs?(_|/|$)|~learning_rate|~lr_?\d*~|~lr_|lr/",
        r"momentum|schedule_step|~lrm~|multiplier|~lr_?(mult|scale|decay|gamma|step|patience|factor|policy|range|find"
        r"|type|drop|ratio|coef\w*|update|epochs?)|learning_rate_(decay|curve|mult\w*|scale|step\w*|warmup\w*)"
        r"|decay_(lr|learning)|(min|max|final|end|initial|init)_(lr|learning_rate)~",
    ),
    # speed
    P(
        "data_time",
        r"data(_?load(ing|er)?)?_?(time|wait|duration|s$)|data_loading_s|loading_time"
        r"|dataloader_(time|wait)|~fetch_time|data_wait|~r(ead)?_?time~",
    ),
    P(
        "checkpoint_time",
        r"(checkpoint|ckpt)\w*_?(time|duration|secs?|seconds|s$)"
        r"|save_(ckpt|checkpoint|time|duration)|time/save",
    ),
    P(
        "step_time",
        r"(step|iter(ation)?s?|batch|update)_?(time|duration|timing|latency|wall_?clock|secs?|seconds|ms)~"
        r"|~(sec\w*|s|ms|time|duration)_per_(step|iter\w*|batch|update)"
        r"|~(dt|dt_ms|step_ms|iter_ms|s_it|s_iter|ms_per_step|step_s|step_avg|itime)$|end_to_end"
        r"|elapsed_\w*per_iter|time_per_|step_time|^time(_s|_ms)?$|/time_per|(^|throughput/)duration$"
        r"|time/total_step",
        EVAL + r"|per_token|per_sample|~step_(per|train)",
    ),
    # memory
    P(
        "gpu_memory",
        r"~(gpu|cuda|vram|device|hbm|max|peak|alloc\w*|reserv\w*|active|free)_?\w*(mem|memory|vram|gb_free)"
        r"|(mem|memory|vram)\w*[_/]?\w*(alloc|reserv|active|peak|free|used|usage|max|gib|gb~)"
        r"|gb_(free|allocated|reserved)|alloc\w*_bytes|reserved_bytes|peak_(gb|gib|mem)"
        r"|reserved_mem|^mem(_gib|_gb|_mib|_mb)?$|^(train/)?memory(_gib|_gb|_mb)?$|max_(active|reserved|allocated)"
        r"|^vram|memory_gib",
        r"cpu|host|retr|ooms|count|power|process|ram~|disk|temp|utilization$|^layer|/qkv/",
    ),
    P(
        "host_memory",
        r"(cpu|host|process|~ram|rss)\w*[_/]?\w*(mem|rss|ram)|~rss|rss_?mb|cpu_vms?_percent|^system/(memory|ram)(_percent)?~",
    ),
)
