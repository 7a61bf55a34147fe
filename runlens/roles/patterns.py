"""Names of frameworks never seen: ordered patterns over the normalised name, the first that fits wins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from runlens.roles.claim import Claim
from runlens.roles.hardware_names import hardware_claim
from runlens.roles.names import Name, shape_of
from runlens.roles.scope import scope_of_name
from runlens.roles.units import unit_of_name


def _compile(pattern: str) -> re.Pattern[str]:
    """`~` stands for the edge of a word, where a word is letters and digits (`_` and `/` part words)."""
    return re.compile(pattern.replace("~", r"(?:(?<![a-z0-9])|(?![a-z0-9]))"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One rule: a name that fits plays the role."""

    id: str
    role: str
    regex: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    flags: frozenset[str] = frozenset()
    confidence: float = 0.7


def P(  # noqa: N802 - one letter keeps the table readable
    role: str, regex: str, unless: str = "", flags: str = "", confidence: float = 0.7, id: str = ""
) -> Pattern:
    """A pattern; `role` may carry a suffix after `:` that names the rule."""
    role, _, name = role.partition(":")
    return Pattern(
        id or name or role, role, _compile(regex), _compile(unless) if unless else None,
        frozenset(flags.split(",") if flags else ()), confidence,
    )  # fmt: skip


EVAL = r"~(eval|evals|evaluation|evaluator|valid\d*|validation|val|test|dev|heldout|held_out|holdout)~"
_EVAL = _compile(EVAL)
_PARAMETER = _compile(
    r"~(layers?|blocks?|h|encoder|decoder|transformer|model|module|embed\w*|attn|attention|mlp|wte|wpe|lm_head)[_/]?\d*[_/]"
    r"\w*(~\d+~|weight|bias|kernel|norm~|proj)|~(weight|bias|kernel)~$|norms?/\w*(weight|bias|layers?|blocks?)"
)
_LOSS_WORD = r"(loss|losses|cross_?entropy|nll|ce|xent)"
_COUNT = r"(~(num|n|total|consumed|seen|cumulative|processed|trained|input|train|global)_)*"

TRAPS = (
    P("tflops", r"per_device_tflops_per_sec"),
    P("other:trap-work", r"~(total_(training_)?(log_)?[gptez]?flop\w*|total_petaflops|gflops)$|per_device_tflops$", r"per_sec|_per_gpu"),
    P("other:trap-batches", r"~bps~|batch(es)?_per_sec|steps_per_sec|~ups~|updates_per_sec|iterations?_per_sec|~it_s$"),
    P("batch_size:trap-per-step", r"total_num_tokens$|progress/tokens$|global_valid_tok(en)?s$|total_weights$|tokens_this_|num_step_tokens|per_device_tokens$|num_label_tokens$|~global_tokens$|runtime_info/text_tokens"),
    P("tokens:trap-train-in-val", r"^val(id)?/(num_total_tokens|train_tokens)$"),
    P("other:trap-elapsed", r"^(train/)?train_(loss|runtime|steps_per_second)$", r"^train_loss$"),
    P("other:trap-lr-fork", r"^lr_\w+?_(momentum|betas?)$|~lrm~|logit_scale"),
    P("weight_decay", r"^lr_\w+?_weight_decay$"),
    P("other:trap-step-part", r"(forward|backward|optimi?z?e?r?|fwd|bwd|sync|optim_step|val(idation)?_step|eval\w*)_(time|timing)|elapsed_time_ms_\w+|step_(train|inference|sync)$|^timing\w*/(?!step$|train/total_step|step_total)\w+$|^timers?/", r"iteration_time|tokens|samples|seqs|examples|per_sec"),
    P("tokens_per_second", r"^(kt/s|current_throughput_token_per_gpu_per_sec)$"),
    P("step_time", r"^(time/step|timing_s/step|time/step_total|train/time_s|time/step_time)$"),
    P("step", r"^(time|batch)/batch(es|_step)?$"),
    P("samples", r"^time/samples?$"),
    P("tokens", r"^time/tokens?$"),
    P("step", r"steps_vs_(samples|tokens)/y_steps_x_"),
    P("samples", r"steps_vs_samples/y_samples|^samples_vs_steps$"),
    P("tokens", r"steps_vs_tokens/y_tokens"),
)  # fmt: skip

NEVER = P(
    "other:never",
    r"stderr|_std_?err|~std$|_std_|~hd_|_threshold$|~(min|max|median|var|q\d+|p\d\d)$|~eta~|~eta_|remaining|histogram|fdiff|_epoch_avg|_(lower|upper)_95"
    r"|~mtp_|~lb_?loss|load_?balanc|~aux_?loss|~moe_|indexer|value_loss|~vf_|^critic/(?!(lr|grad_norm|learning_rate)$)|(?<!cross_)~entropy(?!_per)|~(approx_|ref_|policy_)?kl~|kl_(loss|div)"
    r"|nan_count|~masked~|_in_epoch|logits?/|logps/|log_probs|~advantages?~|~margins?~"
    r"|rewards?/(chosen|rejected|accuracies|margins)|advantage|explained_var|noise_scale|runtime$|~uptime~|percentage$|progress$"
    r"|skipped|max_(attention_)?logits?|acceptance_rate|num_zeros|zeros?_(grad|std)|packing|hp_metric|preempt"
    r"|accumulated_(submission|eval|logging)_time|total_duration|(elapsed|total|wall|train|eval|val)_?(ed)?_?(time|hours|seconds)$|num_examples$|ema_decay|clip_range|exploration"
    r"|(response|prompt|completions?|seq\w*|mean|ep)_?len|length|clipped_ratio|importance_sampling|_ratio$|eos_token|badput|goodput",
    r"tokens?_per|tok_|tps|step_time|iter_time|clip_(frac|ratio)|clipfrac|_len_norm|length_normalized|samples_per|iteration_time|total_step_time|zero_one|max_(memory|mem|alloc|reserved|active)|mem|loss_per|train_loss$|success|cross_ent|~tgs|total_tokens|consumed_tok|avg_loss$",
)  # fmt: skip

PATTERNS = (
    # counters
    P("other", r"^(eval|val\w*|test)/(num_)?(samples|tokens|examples|batches)$"),
    P("epoch", r"(^|/)(\w*current_|train(ing)?_|num_)?epochs?$|^epoch/epoch$", r"~per_epoch"),
    P("other:token-scores", r"^train\w*/(\w+_)?token_acc|tokens?_len|token_in_"),
    P("step_time", r"train_speed_s_it|(^|[/_])s_?(/|_per_)it(er)?$|timing/step_total$"),
    P("world_size", r"~world_?size|~(num|n)_(gpus|devices|ranks|accelerators)~"),
    # rates before counters: `tokens_per_second` holds `tokens`
    P("batch_size", r"tokens?_per_(step|batch|iter\w*|update)|~(wpb|bsz)$|batch_?size|samples_in_batch|samples_per_(step|batch)"),
    P("tokens_per_second", r"(tok|toks|tokens?|words?|items|char\w*)(_per)?(_(gpu|device|replica|core|chip|rank))?(_per|/|_)(s|sec|second)s?~|(tok|tokens?)_per_(gpu|device|core|chip)_per_(s|sec)"
      r"|~(tps|wps|tgs|tok_s|toks_s|tgs_\w+|k?t/s)(_per)?(_(gpu|device|\d+))?~|tok/s|tokens/s|tokens?_sec~|token_throughput|tokens_throughput|train_per_sec_per_gpu|~tps_"),
    P("samples_per_second", r"(samples?|examples?|seqs?|sequences?|images?|imgs?|frames?|env_steps|utterances?|pairs?|rows?)(_per(_gpu|_device)?_|/|_)(s|sec|second)s?~|~(fps|sps|ips)$|img/sec"),
    P("other:rate", r"(bytes|files|requests|updates|shards|docs?)_per_s"),
    P("mfu", r"~(mfu|hfu|mfu_step|learner_mfu)~|flops?_util\w*|fp_utilization|model_flops_util"),
    P("tflops", r"[tgp]?flop/?s?_?(per|/)_?s(ec\w*)?|~[tgp]?flops?(ps)?(_per_(gpu|device|sec\w*))*~|flops_ps|~flop_?s_p_?s~|hardware_tflops|model_tflops", r"~total~"),
    P("tokens", rf"^(?!.*(per|this|batch|step)).*~(\w+_)?{_COUNT}tok(en)?s?(_(seen|consumed|total|count|processed|trained|trainable|so_far|b|m))*$|consumed_tok|tokens/(total|trainable|seen)$|tokens?_seen|seen_tok|[gmb]_?tokens$",
      r"(max|min|mean|avg|pad\w*|label|text|generated|completion|prompt|new|dataset_)_tok|tokens?_(acc|len)"),
    P("samples", rf"~{_COUNT}(samples?|examples?|sequences|images|episodes?|instances|env_steps|timesteps)(_(seen|consumed|total|count|processed))*$", r"skipped|masked"),
    P("step", r"(^|/)((global|iteration|grpo|collection|outer|inner|train(ing|er)?|optimi[sz]er|current|num|update|grad(ient)?|n)_)*(steps?|iter(ation)?s?|updates?|batch_idx)$"),
    # optimiser
    P("loss_scale", r"loss_?scale|grad_?scaler?~|~scaler~|amp_scale"),
    P("weight_decay", r"weight_?decay|~wd~"),
    P("other", r"learner_scale|gradient_scale"),
    P("clip_fraction", r"clip_?(frac\w*|ratio)|clipping_(rate|frac\w*)|~did_clip|~grad\w*_clipp?ed|frac\w*_clipped|^clip$|/clip$", r"completion|response|truncat|importance"),
    P("z_loss", r"~z_?loss"),
    P("other:update-norm", r"(update|step|delta|moment\w*|variance|activation|act|input|output|pre_clip|hidden|logits?)s?_?(l[12]_)?/?norm|norm/?_?(update|delta)|l2_updates|grad_norm_exp_avg"),
    P("param_norm", r"~(param\w*|weights?)_?(l2_?)?(/|_)?norms?|l2_(norm/)?params?|~(p_?norm|wnorm)~|pnorm_|weight_l2|parameter_norms|norm/(of_)?params?|model_norm"),
    P("grad_norm:per-parameter", r"(^|/)optim\w*/grad/", flags="per-parameter"),
    P("other:update-norm", r"(^|/)optim\w*/(step|update)/"),
    P("grad_norm", r"~(raw_|global_|total_|actor_|critic_|mean_|max_)*g(rad(ient)?s?)?_?(l2_)?(total_|global_)?norms?|grad(ient)?s?/(l2_)?norm|l2_(norm/)?grads?|grad_[\d_inf]+_norm|~gnorm|norms?/grad|norm_(of_)?grad(ient)?s?~|norm_g~|~grad(ient)?_magnitude"),
    P("learning_rate", r"(^|/|_)lr(_|/|$)|~learning_rate|~lr_?\d*~|~lr_|lr/", r"momentum|schedule_step|~lrm~|multiplier|~lr_(mult|scale)"),
    # speed
    P("data_time", r"data(_?load(ing|er)?)?_?(time|wait|duration|s$)|data_loading_s|loading_time|dataloader_(time|wait)|~fetch_time|data_wait"),
    P("checkpoint_time", r"(checkpoint|ckpt)\w*_?(time|duration|secs?|seconds|s$)|save_(ckpt|checkpoint|time|duration)|time/save"),
    P("step_time", r"(step|iter(ation)?s?|batch|update)_?(time|duration|timing|latency|wall_?clock|secs?|seconds|ms)~|~(sec\w*|s|ms|time|duration)_per_(step|iter\w*|batch|update)|~(dt|dt_ms|step_ms|iter_ms|s_it|s_iter|ms_per_step|step_s|step_avg)$|end_to_end|elapsed_\w*per_iter|time_per_|step_time|^time$|/time_per|(^|throughput/)duration$|time/total_step",
      EVAL + r"|per_token|per_sample|~step_(per|train)"),
    # memory
    P("gpu_memory", r"~(gpu|cuda|vram|device|hbm|max|peak|alloc\w*|reserv\w*|active|free)_?\w*(mem|memory|vram|gb_free)|(mem|memory|vram)\w*[_/]?\w*(alloc|reserv|active|peak|free|used|usage|max|gib|gb~)|gb_(free|allocated|reserved)|alloc\w*_bytes|reserved_bytes|peak_(gb|gib|mem)|reserved_mem|^mem$|^(train/)?memory(_gib|_gb|_mb)?$|max_(active|reserved|allocated)|^vram|memory_gib",
      r"cpu|host|retr|ooms|count|power|process|ram~|disk|temp|utilization$|^layer|/qkv/"),
    P("host_memory", r"(cpu|host|process|~ram|rss)\w*[_/]?\w*(mem|rss|ram)|~rss|rss_?mb"),
)  # fmt: skip

_PPL = _compile(r"ppl|perplexity|~pplx")
_BPB = _compile(r"~bpb|bits_per_(byte|char|dim|token)|~bpc|~bpd")
_LOSS = _compile(rf"(?<![a-z]){_LOSS_WORD}(?![a-z])|[a-z]loss(?![a-z])")
_MAIN_LOSS = _compile(
    r"^(.*/)?((lm|ce|nll|gpt|train|training|total|reduced_train|contrastive|cross_entropy|crossentropy|xent|td|sft|running|"
    r"avg|average|global|mean|final|epoch|batch|step|language|next_token|ntp|clm|mlm|ctc|main|log|raw|smoothed|smooth|model|"
    r"metric|iter|iteration|token|per_token|entropy|softmax|policy|pg|rnnt|reconstruction|mse|diffusion|dpo|simple|per|nonpadding|target|all|tokens|out)_)*"
    rf"{_LOSS_WORD}(_(avg|average|mean|global_avg|train(ing)?|step|total|per_\w+|ema|smoothed?))*$|loss/(train/)?(total|mean|avg|out|train|lm_loss|lm)$|loss\w*/(global_)?(avg|mean)_loss$|^loss\w*/\w*(total|policy|lm)\w*$"
)
_PART = _compile(
    r"~(box|cls|dfl|obj|bbox|mask|rpn|seg|kpt|pose|style|commit\w*|recon\w*|kld?|aux\w*|adv\w*|gan|disc\w*|gen\w*|g|d|actor|critic|value|(?<!cross_)entropy|ent|max|min|caption|sft|extra|ewm|reg\w*|penalty)_\w*loss|loss_(box|cls|bbox|rpn|mask|obj|reg|seg)\w*|max_loss|ewm_loss"
)
_POLICY = _compile(r"~(pg|policy|actor)(_gradient)?_loss|^actor/(total|pg)")


@lru_cache(maxsize=8192)
def _first(shape: str) -> Pattern | None:
    """The first pattern that fits, before losses and scores; every layer of a model has one shape."""
    for pattern in TRAPS:
        if _fits(pattern, shape):
            return pattern
    if _fits(NEVER, shape):
        return NEVER
    for pattern in PATTERNS:
        if _fits(pattern, shape):
            return pattern
    return None


def _fits(pattern: Pattern, normal: str) -> bool:
    return bool(pattern.regex.search(normal)) and not (pattern.unless and pattern.unless.search(normal))


def generic_claim(name: Name, eval_dir: bool = False) -> Claim | None:
    """What the patterns say of a name, or None if it is not understood.

    Parameters
    ----------
    name : Name
        The name, taken apart.
    eval_dir : bool
        True if the run's folder is named for held-out data (Keras and fairseq log one folder for each split).
    """
    hardware = hardware_claim(name)
    if hardware is not None:
        return hardware
    normal = name.normal
    held_out = eval_dir or bool(_EVAL.search(normal))
    pattern = _first(shape_of(normal))
    if pattern is not None:
        flags = set(pattern.flags)
        if pattern.role == "other":
            flags.add("known")
        if pattern.role in ("grad_norm", "param_norm") and (_PARAMETER.search(normal) or normal.count("/") >= 3):
            flags.add("per-parameter")
        if held_out and pattern.role not in ("other", "tokens", "step", "epoch", "samples"):
            flags.add("secondary")
        return _claim(name, pattern.role, pattern.id, flags, pattern.confidence, held_out)
    if "stderr" in normal:
        return _claim(name, "other", "stderr", {"known"}, 0.8, held_out)
    if _PPL.search(normal):
        return _claim(name, "perplexity", "perplexity", set(), 0.8, held_out)
    return None


def loss_claim(name: Name, eval_dir: bool = False) -> Claim | None:
    """The reading of a name that holds a loss, or None."""
    normal = name.normal
    held_out = eval_dir or bool(_EVAL.search(normal))
    if _BPB.search(normal):
        return _claim(name, "eval_loss", "bits-per-byte", set(), 0.8, True)
    if not _LOSS.search(normal):
        return None
    if held_out:
        flags = {"sum"} if re.search(r"total_loss|sum", normal) else set()
        return _claim(name, "eval_loss", "eval-loss", flags, 0.8, True)
    if _POLICY.search(normal):
        return _claim(name, "train_loss", "policy-loss", {"part"}, 0.6, False)
    if _PART.search(normal) or not _MAIN_LOSS.search(normal):
        return _claim(name, "other", "loss-component", {"part"}, 0.6, False)
    return _claim(name, "train_loss", "train-loss", set(), 0.8, False)


def _claim(name: Name, role: str, rule: str, flags: set[str], confidence: float, held_out: bool) -> Claim:
    if re.search(r"(?<![a-z])(avg|overall|ema|macro|smooth\w*|actual_avg|average)(?![a-z])", name.normal):
        flags = flags | {"smoothed"}
    return Claim(
        role,
        unit_of_name(role, name),
        scope_of_name(role, name),
        name.axis,
        frozenset(flags),
        "eval" if held_out and role not in ("tokens", "step", "epoch", "samples") else "train",
        name.device,
        confidence,
        f"pattern {rule}",
    )
