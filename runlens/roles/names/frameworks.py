"""Which framework wrote a run, by the names that only it uses."""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from runlens.roles.names.table import table
from runlens.roles.names.take_apart import normalise

_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Names that give a framework away."""

    framework: str
    """As in the table."""
    every: tuple[str, ...] = ()
    """All of these names; one that ends in `*` is a beginning."""
    some: tuple[str, ...] = ()
    """And at least one of these, if any is given."""
    never: tuple[str, ...] = ()
    """And none of these."""


def F(  # noqa: N802 - one letter keeps the table readable
    framework: str, every: str = "", some: str = "", never: str = ""
) -> Fingerprint:
    """A fingerprint from names separated by `;`."""
    parts = (tuple(p for p in text.split(";") if p) for text in (every, some, never))
    return Fingerprint(framework, *parts)


FINGERPRINTS = (
    F("nanotron (v0.4, SmolLM1-era)", "lm_loss;elapsed_time_per_iteration_ms"),
    F("nanotron", "lm_loss", "time_per_iteration_ms;model_tflops_per_gpu;consumed_tokens"),
    F(
        "Megatron-Bridge (NeMo 25.x)",
        "lm loss",
        "throughput/tflops/device;time/tokens;throughput/device/tokens_per_sec",
    ),
    F("Megatron-LM (swiss-ai/Apertus fork)", "", "tokens-per-sec-per-GPU;TFLOPs-per-GPU"),
    F(
        "Megatron-DeepSpeed (Microsoft)",
        "",
        "optimizer/weight_l2;optimizer/variance_l2;throughput/elapsed_ms_per_iteration;loss/lm loss",
    ),
    F("Megatron-DeepSpeed (BigScience/BLOOM)", "lm-loss-training/*"),
    F("Megatron-LM", "lm loss"),
    F("NeMo ASR", "train_loss;training_batch_wer"),
    F("NeMo ASR", "val_wer"),
    F(
        "NeMo 2 (nemo.lightning)",
        "reduced_train_loss",
        "train_step_timing in s;throughput/*;TFLOPS_per_GPU;tps;tokens_per_sec_per_gpu;time/*;num_zeros_in_grad"
        ";max_memory_reserved",
    ),
    F("NeMo 1 (megatron_gpt_model)", "reduced_train_loss"),
    F("NeMo-RL", "", "timing/train/total_step_time;performance/train_flops_per_gpu;ray/ray_step;ray/node.*"),
    F("NeMo Automodel", "", "num_label_tokens"),
    F("NeMo Automodel", "tps;tps_per_gpu"),
    F(
        "TRL (SFT/DPO/GRPO/KTO/Reward)",
        "",
        "train/num_tokens;train/rewards/*;train/mean_token_accuracy;train/completions/*;eval/rewards/*",
    ),
    F("axolotl", "", "train/ppl;train/tokens/*;train/memory/max_active (GiB)"),
    F("ms-swift", "", "train/train_speed(s/it);train/memory(GiB);train/MFU"),
    F("Unsloth Studio", "", "train/peak_gb"),
    F("Unsloth Studio", "train/tokens_per_sec;train/num_tokens"),
    F("LLaMA-Factory", "", "current_steps;train/effective_tokens_per_sec"),
    F("torchtitan", "loss_metrics/global_avg_loss"),
    F("flame (flash-linear-attention)", "optimizer/lr;optimizer/grad_norm"),
    F(
        "torchtune",
        "loss;lr",
        "tokens_per_second_per_gpu;peak_memory_active;peak_memory_alloc",
        "tokens_per_step;trained_tokens",
    ),
    F("torchtune", "", "approx_policy_kl;log_probs/chosen"),
    F("picotron", "loss", "trained_tokens;tokens_per_step"),
    F("litgpt", "iter_time"),
    F("litgpt", "device/items_per_sec"),
    F("TinyLlama (lit-gpt)", "", "metric/train_loss"),
    F("LLM360 Amber", "", "speed(#tok/s/gpu)"),
    F("OLMo-core", "", "train/CE loss;throughput/device/TPS;optim/total grad norm;gpu_memory/GPU active mem (GiB)"),
    F("OLMo", "", "train/CrossEntropyLoss;optim/total_grad_norm"),
    F(
        "Levanter",
        "",
        "run_progress;throughput/gflops_per_second;throughput/hook_time;optim/skip_step/*;lm_eval/averages/*",
    ),
    F(
        "MaxText",
        "learning/*",
        "perf/step_time_seconds;learning/lm_loss;learning/raw_grad_norm;learning/current_learning_rate;perf/per_device_tflops_per_sec",
    ),
    F(
        "llm-foundry",
        "",
        "metrics/train/LanguageCrossEntropy;metrics/eval/LanguageCrossEntropy;icl/metrics/*;loss/train/total_fdiff",
    ),
    F(
        "MosaicML Composer",
        "",
        "loss/train/total;time/batch_in_epoch;time/token_in_epoch;trainer/device_train_microbatch_size;max_gpu_temperature_C_rank_*",
    ),
    F("DeepSpeed monitor", "Train/Samples/*"),
    F("DeepSpeed monitor (<= v0.18.2)", "Train_Samples_*"),
    F("GPT-NeoX", "", "runtime/iteration_time;runtime/flops_per_sec_per_gpu;train/lm_loss"),
    F("metaseq (OPT)", "", "train_inner/ewm_loss;train_inner/cuda_gb_allocated;cuda_gb_allocated;ewm_loss"),
    F("fairseq", "", "train_inner/*"),
    F("fairseq", "valid/loss;valid/ppl", "valid/wps;valid/wpb;valid/bsz"),
    F("fairseq", "gnorm", "wps;ups;wpb"),
    F("open_lm", "", "train/optim_step_time;valid/loss_tokens_lower_95;valid/train_tokens"),
    F("open_clip", "", "train/logit_scale;val/clip_val_loss;val/imagenet-zeroshot-val-top1"),
    F("timm", "train_loss;eval_top1"),
    F("Keras TensorBoard callback", "", "epoch_loss;batch_loss;evaluation_loss_vs_iterations"),
    F("W&B Keras WandbMetricsLogger", "", "epoch/epoch;batch/batch_step"),
    F("stable-baselines3", "", "rollout/ep_rew_mean;rollout/ep_len_mean;train/policy_gradient_loss"),
    F("CleanRL", "", "charts/SPS;charts/episodic_return;losses/td_loss"),
    F("Ultralytics YOLO", "", "train/box_loss;val/box_loss;metrics/mAP50(B);model/GFLOPs;metrics/mAP50-95(B);lr/pg*"),
    F("ROLL (Alibaba)", "", "system/tps_gpu;system/global_step;actor/ppo_ratio_clipfrac;time/step_total"),
    F("verl", "actor/pg_loss", "", "system/tps_gpu;system/global_step;actor/total_loss"),
    F(
        "verl",
        "",
        "actor/pg_clipfrac;perf/time_per_step;timing_s/*;critic/score/mean;perf/max_memory_allocated_gb;global_seqlen/*",
    ),
    F("verl", "", "train/total_tokens(B);val-core/*"),
    F("verl (<= 2026-01 fsdp_sft_trainer)", "", "train/lr(1e-3);train/time(s)"),
    F(
        "OpenRLHF",
        "",
        "train/gpt_loss;eval/eval gpt_loss;train/actor_lr;train/actor_grad_norm;train/ppo_clip_ratio;train/loss_mean"
        ";train/timing/ppo_train",
    ),
    F("prime-rl", "", "loss/mean;perf/throughput_per_gpu;progress/num_tokens;progress/total_tokens"),
    F("slime", "", "perf/actor_train_tflops;perf/actor_train_tok_per_s;train/lr-pg_*"),
    F("open-instruct (Tulu)", "training_step;episode"),
    F(
        "open-instruct (Tulu)",
        "",
        "per_device_tps;learner_tokens_per_second_step;learner_tokens_per_second_overall;total_tokens_this_log_period;policy/clipfrac_avg",
    ),
    F("nanochat", "", "train/lrm;core_metric;train/tok_per_sec"),
    F("nanoGPT", "iter;train/loss;val/loss"),
    F("modded-nanogpt", "val_loss;train_time;step_avg"),
    F("llm.c", "trl", "tel;norm"),
    F("Meta lingua", "", "loss/out;speed/curr_iter_time;memory/power_draw"),
    F("RWKV-LM", "", "kt/s;Gtokens;Mtokens"),
    F(
        "T5X",
        "",
        "loss_per_nonpadding_target_token;timing/target_tokens_per_second_per_core;cross_ent_loss_per_all_target_tokens",
    ),
    F("big_vision", "", "l2_grads;training_loss;img/sec/core"),
    F("axlearn", "", "average_step_time;learner/gradient_norm;model/cross_entropy_loss;learner/gradient_scale"),
    F("InternEvo (InternLM)", "", "tgs (tokens/gpu/second);tgs/last_tgs_1;num_consumed_tokens;inf_nan_skip_batches"),
    F("xtuner v1", "", "runtime_info/tgs;runtime_info/text_tokens;runtime_info/approximate_total_consumed_tokens"),
    F("trlX", "", "policy/clipfrac;losses/total_loss;learning_rate_group_*;rollout_scores/mean"),
    F("DINOv2", "", "last_layer_lr;current_batch_size"),
    F(
        "fms-fsdp",
        "",
        "current throughput (token per gpu per sec);overall throughput (token per gpu per sec);token seen",
    ),
    F("EasyLM", "gradient_norm;param_norm", "loss"),
    F("detectron2", "total_loss;data_time", "time;eta_seconds"),
    F("MMEngine", "loss;data_time;time"),
    F("ColossalAI (applications)", "Loss;Learning Rate"),
    F("accelerate (examples)", "train_loss", "train_total_peak_memory"),
    F("accelerate (examples)", "train_loss;accuracy;epoch"),
    F(
        "HF transformers Trainer",
        "",
        "train/global_step;train/num_input_tokens_seen;train/total_flos;train/train_runtime",
        "train/step;train/tok_per_sec",
    ),
    F("HF transformers Trainer", "train/loss;train/learning_rate", "train/epoch;train/grad_norm", "charts/SPS"),
    F(
        "XGBoost",
        "",
        "train-rmse;train-logloss;train-mlogloss;train-mae;train-error;train-merror;train-rmsle;train-mape",
    ),
    F(
        "LightGBM",
        "",
        "training_l1;training_l2;training_rmse;training_binary_logloss;training_multi_logloss;training_binary_error;training_multi_error"
        ";training's l1;training's l2;training's rmse;training's binary_logloss;training's multi_logloss",
    ),
    F("PyTorch Lightning", "", "trainer/global_step;hp_metric;DeviceStatsMonitor.*;lr-*"),
)
"""In order: the first one that fits names the run; later ones that fit add their names to the table looked up."""


def recognise(names: Collection[str]) -> tuple[str, ...]:
    """The frameworks whose fingerprint is among the names, the most telling first.

    Parameters
    ----------
    names : collection of str
        All logged names of a run, as logged.
    """
    return _recognised(tuple(names))


@lru_cache(maxsize=8)  # the runs of a fleet log the same names
def _recognised(logged: tuple[str, ...]) -> tuple[str, ...]:
    names = dict.fromkeys(logged)
    text = "\n" + "\n".join(names)
    found = dict.fromkeys(f.framework for f in FINGERPRINTS if _fits(f, names, text))
    return tuple(framework for framework in found if _has_two(framework, names))


def _has_two(framework: str, names: Collection[str]) -> bool:
    """Whether two names at least are of a framework, since one alone (`iter_time`) may be anybody's.

    One of four words and more (`metrics/eval/LanguageCrossEntropy`) is nobody else's. A run that logged a single name
    cannot show more.
    """
    known = table()[framework]
    own = list(islice((n for n in names if known.find(n) is not None), 2))
    return len(own) >= min(2, len(names)) or any(len(_WORD.findall(normalise(n))) >= 4 for n in own)


def _fits(print_: Fingerprint, names: Container[str], text: str) -> bool:
    """Whether a fingerprint is among the names; `text` holds one name a line, for the beginnings."""

    def there(key: str) -> bool:
        return f"\n{key[:-1]}" in text if key.endswith("*") else key in names

    return (
        all(map(there, print_.every))
        and (not print_.some or any(map(there, print_.some)))
        and not any(map(there, print_.never))
    )
