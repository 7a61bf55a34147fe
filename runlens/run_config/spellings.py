"""What training tools call the things that a config says, as data: the name, and who writes it.

A name with dots stands for the end of a nested name: `tokens.train_steps` is that of nanotron, `train_steps` anybody's.
Case and hyphens do not count (`train-iters` of GPT-NeoX is `train_iters`). Of several names of one thing the first that
holds a usable value counts, so those that say one thing alone stand before those that may say another.
"""

from __future__ import annotations

from typing import NamedTuple


class Spelling(NamedTuple):
    """One name, and what must or must not stand beside it for it to mean that."""

    name: str
    beside: tuple[str, ...] = ()
    """One of these must be there, and not be false, zero or empty."""
    never: tuple[str, ...] = ()
    """None of these may be there, whatever its value."""


S = Spelling
HF = ("per_device_train_batch_size", "num_train_epochs", "total_flos")
"""Signs of the HF Trainer and its children (TRL, LLaMA-Factory, ms-swift, axolotl)."""

STEPS = (
    S("max_steps"),  # HF Trainer and its children (-1: by epochs), Lightning and NeMo (trainer.), litgpt (train.)
    S("train_iters"),  # Megatron-LM, GPT-NeoX (train-iters), ms-swift with Megatron
    S("tokens.train_steps"),  # nanotron
    S("training.steps"),  # torchtitan
    S("total_training_steps"),  # verl (trainer.)
    S("max_train_steps"),  # accelerate and diffusers examples
    S("num_train_steps"),  # Levanter (trainer.)
    S("max_iters"),  # nanoGPT, MMEngine (train_cfg.)
    S("max_update"),  # fairseq (optimization.)
    S("train_steps"),  # T5X, DeepSpeed examples
    S("num_iterations"),  # nanochat, modded-nanogpt, llm.c
    S("training_steps"),
    S("num_training_steps"),  # DeepSpeed schedulers, HF examples
    S("total_train_steps"),
    S("train_iterations"),
    S("total_steps"),  # Lingua's scheduler, one-cycle schedules
)
"""Optimizer steps that are planned."""
SAMPLES = (S("train_samples", never=("rampup_batch_size",)),)  # Megatron-LM, in place of train_iters
EPOCHS = (
    S("num_train_epochs"),  # HF Trainer and its children, accelerate examples
    S("max_epochs"),  # Lightning and NeMo (trainer.), MMEngine
    S("num_epochs"),  # axolotl, fairseq-like
    S("total_epochs"),  # verl (trainer.)
    S("epochs"),  # timm, Keras (params.), Ultralytics, torchtune
)
TOKENS = (
    S("total_tokens"),
    S("train_tokens"),  # Megatron-DeepSpeed (train-tokens)
    S("total_train_tokens"),
    S("max_train_tokens"),
    S("train.max_tokens"),  # litgpt; bare max_tokens is the batch of fairseq
    S("num_train_tokens"),
    S("training_tokens"),
    S("target_tokens"),
    S("token_budget"),
)
"""Tokens that are planned."""
DURATION = "max_duration"
"""Composer, llm-foundry and OLMo: `24000ba`, `65e9tok`, `2ep`, `5e12T`, or steps; OLMo-core: a value and its unit."""

BEST = (
    "metric_for_best_model",  # HF Trainer
    "best_checkpoint_metric",  # fairseq (checkpoint.)
    "valid_metric",  # RecBole
    "validation_metric",  # AllenNLP: +accuracy, -loss
    "eval_metric",  # timm, boosting
    "monitor",  # callbacks of Lightning and Keras
)
"""The metric by which the best model is chosen."""
GREATER = ("greater_is_better", "maximize_best_checkpoint_metric")

BATCH_TOKENS = (
    S("data_loader.global_batch_size"),  # OLMo-core: its batches are counted in tokens
    S("total_batch_size", beside=("device_batch_size",)),  # nanochat
    S("tokens_per_step"),
    S("batch_size_in_tokens"),
    S("global_batch_size_tokens"),
    S("tokens_per_batch"),
)
"""Tokens of one optimizer step of the whole run."""
BATCH = (
    S("global_batch_size", never=("data_loader.global_batch_size",)),  # Megatron-LM, NeMo, torchtitan, litgpt
    S("global_train_batch_size"),  # Composer, llm-foundry, OLMo
    S("total_train_batch_size"),  # HF examples
    S("total_batch_size", never=("device_batch_size",)),  # accelerate examples
    S("effective_batch_size"),
    S("global_batch_size_to_train_on"),  # MaxText
    S("train_batch_size", never=HF),  # DeepSpeed, GPT-NeoX, Levanter, verl; that of one process under the HF Trainer
)
"""Samples of one optimizer step of the whole run. `batch_size` alone may be that of one rank, and is not here."""
_ACCUMULATED = ("gradient_accumulation_steps", "grad_accum_steps", "grad_acc_steps")
MICRO = (
    S("per_device_train_batch_size"),  # HF Trainer, TRL, LLaMA-Factory, ms-swift
    S("train_micro_batch_size_per_gpu"),  # DeepSpeed, GPT-NeoX
    S("micro_batch_size"),  # Megatron-LM, NeMo, nanotron (tokens.), litgpt (train.), axolotl
    S("device_train_microbatch_size"),  # Composer, llm-foundry, OLMo
    S("training.local_batch_size"),  # torchtitan
    S("device_batch_size"),  # nanochat
    S("per_device_batch_size"),  # MaxText
    S("micro_batch_size_per_gpu"),  # verl's SFT
    S("ppo_micro_batch_size_per_gpu"),  # verl (actor_rollout_ref.actor.)
    S("batch_size", beside=_ACCUMULATED),  # nanoGPT, timm, Lingua
    S("train_batch_size", beside=HF),  # trainer_state.json
)
"""Samples of one forward pass of one device."""
ACCUMULATION = (
    S("gradient_accumulation_steps", never=("max_iters",)),  # HF Trainer, DeepSpeed, GPT-NeoX; of all ranks in nanoGPT
    S("batch_accumulation_per_replica"),  # nanotron (tokens.)
    S("accumulate_grad_batches"),  # Lightning and NeMo (trainer.)
    S("device_train_grad_accum"),  # OLMo
    S("grad_accum_steps"),  # timm
    S("grad_acc_steps"),  # Lingua
    S("update_freq"),  # fairseq (optimization.), a list of one
)
"""Forward passes of one device for each optimizer step."""
SEQUENCE = (
    S("seq_length"),  # Megatron-LM, GPT-NeoX (seq-length), NeMo 2 (data.)
    S("seq_len"),  # torchtitan (training.), Lingua (data.)
    S("sequence_length"),  # nanotron (tokens.), OLMo-core (dataset.)
    S("max_seq_len"),  # llm-foundry, nanochat
    S("max_seq_length"),  # TRL before 0.13, litgpt (train.)
    S("max_sequence_length"),  # OLMo (model.), OLMo-core (train_module.)
    S("sequence_len"),  # axolotl
    S("block_size"),  # nanoGPT, HF examples
    S("context_length"),
    S("encoder_seq_length"),  # NeMo 1 (model.)
    S("max_target_length"),  # MaxText
    S("model_max_length"),
    S("cutoff_len"),  # LLaMA-Factory
    S("max_length", beside=("packing",)),  # TRL, ms-swift; without packing HF models say 20, for generation
)
"""Tokens of one sample."""

WORLD = (
    S("world_size"),  # Megatron-LM, timm; WORLD_SIZE of the environment
    S("global_num_gpus"),  # GPT-NeoX
    S("distributed_world_size"),  # fairseq (distributed_training.)
)
NODES = (
    ("devices", "num_nodes"),  # Lightning and NeMo (trainer.), litgpt
    ("n_gpus_per_node", "nnodes"),  # verl (trainer.)
    ("gpus_per_node", "num_nodes"),  # NeMo-RL (cluster.)
    ("num_gpus_per_node", "num_nodes"),
    ("nproc_per_node", "nnodes"),  # ms-swift, torchrun
)
"""Devices of a node and number of nodes, where both are told."""
COUNTED = (S("num_gpus"), S("n_gpus"), S("num_devices"), S("ngpus"))
"""Perhaps those of one node: after all others."""
DATA_PARALLEL = (
    S("data_parallel_size"),  # Megatron-LM
    S("parallelism.dp"),  # nanotron
)
MODEL_PARALLEL = (
    (
        S("tensor_model_parallel_size"),
        S("model_parallel_size"),
        S("parallelism.tp"),
    ),  # Megatron-LM, NeMo; NeoX; nanotron
    (S("pipeline_model_parallel_size"), S("pipe_parallel_size"), S("parallelism.pp")),
    (S("context_parallel_size"), S("parallelism.cp")),
)
"""By how many devices one copy of the model is shared, each way."""

CHECKPOINTS = (
    S("save_steps"),  # HF Trainer and its children
    S("save_interval"),  # Megatron-LM
    S("checkpoint_interval"),  # nanotron (checkpoints.)
    S("checkpoint.interval"),  # torchtitan
    S("every_n_train_steps"),  # Lightning's ModelCheckpoint
    S("save_freq"),  # verl (trainer.)
    S("save_interval_updates"),  # fairseq (checkpoint.)
    S("ckpt_interval"),
    S("save_every"),  # nanochat
    S("checkpoint_every"),  # Lingua
)
"""Steps from one checkpoint to the next."""
GUARDS = ("qk_norm", "qk_layernorm", "use_qk_norm", "qk_norm_type", "z_loss", "z_loss_multiplier", "zloss")
"""What keeps a loss from diverging (Megatron-LM `qk_layernorm`, OLMo-core `z_loss_multiplier`)."""

PRECISION = (
    S("precision"),  # Lightning and NeMo (trainer.: bf16-mixed), litgpt, Composer (amp_bf16), GPT-NeoX
    S("mixed_precision"),  # accelerate
    S("mixed_precision_param"),  # torchtitan (training.)
    S("autocast_precision"),  # OLMo-core (train_module.)
    S("amp_dtype", beside=("amp", "use_amp")),  # timm: its default is there though amp is off
    S("dtype_policy"),  # Keras: mixed_bfloat16
    S("compute_dtype"),
    S("trainer.mp"),  # Levanter: p=f32,c=bfloat16
    S("params_dtype"),  # Megatron-LM
    S("param_dtype"),  # OLMo-core (dp_config.), FSDP
    S("torch_dtype"),  # HF models
    S("dtype"),  # nanoGPT, nanotron (model.), torchtune
)
"""In which the model computes, the likeliest name first."""
OTHER_TYPES = ("reduce", "grad", "cache", "optim", "eval", "logit", "infer", "buffer", "float8", "fp8")
"""Parts of names of another type: of sums over devices, of caches, of the optimizer."""
OTHER_PARTS = ("rollout", "ref", "generation", "inference", "optim", "optimizer", "eval")
"""Sections of a config whose types are not those of the model that trains (verl's `rollout` only generates)."""

STEP_SERIES = (
    "train/global_step", "trainer/global_step", "training/global_step", "training_step", "global_step",
    "iteration_step", "train_step", "train/step", "iter", "step", "time/batch", "batch/batch_step", "num_updates",
    "train_inner/num_updates",
    "current_steps", "iteration", "system/global_step",
)  # fmt: skip
"""Names under which the training step is logged as a series, in the order in which they are believed."""
STEP_AT = tuple(
    map(S, ("global_step", "train_step", "training_step", "checkpoint_step", "ckpt_step", "step", "iteration", "iter"))
)
"""Where the config or the summary of an evaluation says at which step its checkpoint was taken."""
TOKENS_AT = tuple(
    map(S, ("consumed_tokens", "train_tokens", "training_tokens", "tokens_seen", "total_tokens_seen", "tokens"))
)
"""The same in tokens."""
CHECKPOINT_NAMES = (
    "checkpoint",
    "ckpt",
    "revision",
    "model",
    "model_name",
    "model_path",
    "model_args",
    "pretrained",
    "load",
)
"""Where it names that checkpoint."""

FRAMEWORKS = (
    ("nanotron", ("tokens.batch_accumulation_per_replica",)),
    ("GPT-NeoX", ("train_micro_batch_size_per_gpu", "pipe_parallel_size")),
    ("NeMo 1 (megatron_gpt_model)", ("tensor_model_parallel_size", "exp_manager.exp_dir")),
    ("Megatron-LM", ("tensor_model_parallel_size", "train_iters")),
    ("torchtitan", ("training.seq_len", "training.steps")),
    ("OLMo-core", ("data_loader.global_batch_size", "train_module.rank_microbatch_size")),
    ("OLMo", ("global_train_batch_size", "device_train_microbatch_size", "model.max_sequence_length")),
    ("llm-foundry", ("global_train_batch_size", "device_train_microbatch_size", "max_seq_len")),
    ("verl", ("actor_rollout_ref.actor.strategy",)),
    ("fairseq", ("dataset.max_tokens", "optimization.max_update")),
    ("litgpt", ("train.global_batch_size", "train.micro_batch_size")),
    ("LLaMA-Factory", ("cutoff_len", "per_device_train_batch_size")),
    ("axolotl", ("sequence_len", "micro_batch_size")),
    ("ms-swift", ("truncation_strategy", "per_device_train_batch_size")),
    ("TRL", ("dataset_text_field", "per_device_train_batch_size")),
    ("HF transformers Trainer", ("per_device_train_batch_size",)),
    ("nanoGPT", ("block_size", "max_iters")),
    ("timm", ("amp_dtype", "model_ema", "batch_size")),
    ("PyTorch Lightning", ("trainer.accumulate_grad_batches", "trainer.max_steps")),
)
"""Frameworks with the names that together are only theirs, the most particular first."""
