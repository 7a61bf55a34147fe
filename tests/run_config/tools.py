"""Configs as training tools write them, cut down to what RunLens asks about, and the answers."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """One tool's config and what it says; what is not named is not said."""

    config: dict[str, Any]
    told: dict[str, float]
    """Question to number."""
    precision: str = ""
    framework: str = ""


TOOLS: dict[str, Case] = {
    "HF Trainer": Case(
        {
            "max_steps": 20000, "num_train_epochs": 3.0, "per_device_train_batch_size": 8, "train_batch_size": 8,
            "gradient_accumulation_steps": 4, "save_steps": 500, "save_strategy": "steps", "bf16": True, "fp16": False,
            "max_length": 20, "torch_dtype": "float32", "half_precision_backend": "auto",
        },
        {"planned_steps": 20000, "planned_epochs": 3, "micro_batch": 8, "accumulation": 4, "checkpoint_interval": 500},
        "bf16",
        "HF transformers Trainer",
    ),
    "HF Trainer by epochs": Case(
        {
            "max_steps": -1, "num_train_epochs": 3, "per_device_train_batch_size": 8, "gradient_accumulation_steps": 1,
            "save_steps": 500, "save_strategy": "epoch", "bf16": False, "fp16": True, "torch_dtype": "bfloat16",
        },
        {"planned_epochs": 3, "micro_batch": 8, "accumulation": 1},
        "fp16",
        "HF transformers Trainer",
    ),
    "trainer_state.json": Case(
        {"max_steps": 1000, "num_train_epochs": 2, "train_batch_size": 4, "total_flos": 1e15, "save_steps": 100},
        {"planned_steps": 1000, "planned_epochs": 2, "micro_batch": 4, "checkpoint_interval": 100},
    ),
    "TRL": Case(
        {
            "max_steps": 800, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 8, "packing": True,
            "max_length": 4096, "dataset_text_field": "text", "bf16": True,
        },
        {"planned_steps": 800, "micro_batch": 2, "accumulation": 8, "sequence_length": 4096},
        "bf16",
        "TRL",
    ),
    "LLaMA-Factory": Case(
        {"cutoff_len": 2048, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 8, "fp16": "True"},
        {"sequence_length": 2048, "micro_batch": 1, "accumulation": 8},
        "fp16",
        "LLaMA-Factory",
    ),
    "ms-swift": Case(
        {
            "max_length": 8192, "packing": True, "truncation_strategy": "delete", "per_device_train_batch_size": 1,
            "gradient_accumulation_steps": 16, "torch_dtype": "bfloat16", "nproc_per_node": 8, "nnodes": 2,
        },
        {"sequence_length": 8192, "micro_batch": 1, "accumulation": 16, "gpus": 16},
        "bf16",
        "ms-swift",
    ),
    "axolotl": Case(
        {
            "sequence_len": 4096, "micro_batch_size": 2, "gradient_accumulation_steps": 4, "num_epochs": 3,
            "bf16": "auto", "fp16": None, "max_steps": None, "save_steps": 250,
        },
        {
            "sequence_length": 4096, "micro_batch": 2, "accumulation": 4, "planned_epochs": 3,
            "checkpoint_interval": 250,
        },
        "",
        "axolotl",
    ),
    "Megatron-LM": Case(
        {
            "train_iters": 500000, "global_batch_size": 1024, "micro_batch_size": 2, "seq_length": 4096,
            "world_size": 256, "data_parallel_size": 64, "tensor_model_parallel_size": 4,
            "pipeline_model_parallel_size": 1, "params_dtype": "torch.bfloat16", "bf16": True, "fp16": False,
            "save_interval": 1000, "accumulate_allreduce_grads_in_fp32": True, "fp16_lm_cross_entropy": False,
        },
        {
            "planned_steps": 500000, "batch_samples": 1024, "batch_tokens": 1024 * 4096, "micro_batch": 2,
            "sequence_length": 4096, "gpus": 256, "data_parallel": 64, "checkpoint_interval": 1000,
        },
        "bf16",
        "Megatron-LM",
    ),
    "Megatron-LM by samples": Case(
        {"train_samples": 1_000_000, "train_iters": None, "global_batch_size": 500, "seq_length": 2048},
        {"planned_steps": 2000, "batch_samples": 500, "batch_tokens": 500 * 2048, "sequence_length": 2048},
    ),
    "NeMo 1": Case(
        {
            "trainer": {
                "max_steps": 100000, "devices": 8, "num_nodes": 16, "precision": "bf16", "accumulate_grad_batches": 1,
            },
            "model": {
                "global_batch_size": 512, "micro_batch_size": 4, "encoder_seq_length": 2048,
                "tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 1,
            },
            "exp_manager": {"exp_dir": "out"},
        },
        {
            "planned_steps": 100000, "batch_samples": 512, "batch_tokens": 512 * 2048, "micro_batch": 4,
            "accumulation": 1, "sequence_length": 2048, "gpus": 128,
        },
        "bf16",
        "NeMo 1",
    ),
    "NeMo 2": Case(
        {
            "trainer": {"max_steps": 5000, "devices": 8, "num_nodes": 1, "plugins": {"precision": "bf16-mixed"}},
            "data": {"global_batch_size": 256, "micro_batch_size": 1, "seq_length": 8192},
        },
        {
            "planned_steps": 5000, "batch_samples": 256, "batch_tokens": 256 * 8192, "micro_batch": 1,
            "sequence_length": 8192, "gpus": 8,
        },
        "bf16",
    ),
    "nanotron": Case(
        {
            "tokens": {
                "train_steps": 2_000_000, "micro_batch_size": 3, "batch_accumulation_per_replica": 1,
                "sequence_length": 4096, "val_check_interval": -1,
            },
            "parallelism": {"dp": 192, "tp": 2, "pp": 1, "expert_parallel_size": 1},
            "model": {"dtype": "bfloat16"},
            "optimizer": {"accumulate_grad_in_fp32": True},
            "checkpoints": {"checkpoint_interval": 2000},
        },
        {
            "planned_steps": 2_000_000, "micro_batch": 3, "accumulation": 1, "data_parallel": 192, "gpus": 384,
            "sequence_length": 4096, "batch_samples": 576, "batch_tokens": 576 * 4096, "checkpoint_interval": 2000,
        },
        "bf16",
        "nanotron",
    ),
    "torchtitan": Case(
        {
            "training": {
                "steps": 10000, "local_batch_size": 1, "global_batch_size": -1, "seq_len": 8192, "dtype": "float32",
                "mixed_precision_param": "bfloat16", "mixed_precision_reduce": "float32",
            },
            "parallelism": {"data_parallel_shard_degree": -1, "tensor_parallel_degree": 1},
            "checkpoint": {"interval": 500},
        },
        {"planned_steps": 10000, "micro_batch": 1, "sequence_length": 8192, "checkpoint_interval": 500},
        "bf16",
        "torchtitan",
    ),
    "OLMo-core": Case(
        {
            "data_loader": {"global_batch_size": 4_194_304},
            "dataset": {"sequence_length": 4096},
            "train_module": {
                "rank_microbatch_size": 16384, "max_sequence_length": 4096,
                "dp_config": {"param_dtype": "bfloat16", "reduce_dtype": "float32"},
            },
            "trainer": {"max_duration": {"value": 5_000_000_000_000, "unit": "tokens"}},
        },
        {"planned_tokens": 5e12, "batch_tokens": 4_194_304, "sequence_length": 4096},
        "bf16",
        "OLMo-core",
    ),
    "OLMo": Case(
        {
            "max_duration": "739_328", "global_train_batch_size": 2048, "device_train_microbatch_size": 2,
            "model": {"max_sequence_length": 4096}, "precision": "amp_bf16", "device_train_grad_accum": 4,
        },
        {
            "planned_steps": 739_328, "batch_samples": 2048, "batch_tokens": 2048 * 4096, "micro_batch": 2,
            "accumulation": 4, "sequence_length": 4096,
        },
        "bf16",
        "OLMo",
    ),
    "llm-foundry": Case(
        {
            "max_duration": "65e9tok", "global_train_batch_size": 256, "device_train_microbatch_size": 4,
            "max_seq_len": 2048, "precision": "amp_fp16",
        },
        {
            "planned_tokens": 65e9, "batch_samples": 256, "batch_tokens": 256 * 2048, "micro_batch": 4,
            "sequence_length": 2048,
        },
        "fp16",
        "llm-foundry",
    ),
    "GPT-NeoX": Case(
        {
            "train-iters": 143000, "train_batch_size": 1024, "train_micro_batch_size_per_gpu": 16,
            "gradient_accumulation_steps": 2, "seq-length": 2048, "global_num_gpus": 64, "num_gpus": 8,
            "pipe-parallel-size": 1, "model-parallel-size": 2, "fp16": {"enabled": True, "loss_scale": 0},
        },
        {
            "planned_steps": 143000, "batch_samples": 1024, "batch_tokens": 1024 * 2048, "micro_batch": 16,
            "accumulation": 2, "sequence_length": 2048, "gpus": 64, "data_parallel": 32,
        },
        "fp16",
        "GPT-NeoX",
    ),
    "DeepSpeed": Case(
        {
            "train_batch_size": 256, "train_micro_batch_size_per_gpu": 8, "gradient_accumulation_steps": 4,
            "bf16": {"enabled": True}, "fp16": {"enabled": False}, "communication_data_type": "fp32",
        },
        {"batch_samples": 256, "micro_batch": 8, "accumulation": 4},
        "bf16",
    ),
    "DeepSpeed under the HF Trainer": Case(
        {
            "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "world_size": 16,
            "deepspeed": {"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto"},
        },
        {"micro_batch": 4, "accumulation": 2, "gpus": 16, "data_parallel": 16, "batch_samples": 128},
        "",
        "HF transformers Trainer",
    ),
    "Lightning": Case(
        {
            "trainer": {
                "max_steps": 30000, "max_epochs": None, "devices": 4, "num_nodes": 2, "precision": "16-mixed",
                "accumulate_grad_batches": 2,
            },
            "callbacks": {"every_n_train_steps": 1000},
        },
        {"planned_steps": 30000, "gpus": 8, "accumulation": 2, "checkpoint_interval": 1000},
        "fp16",
        "PyTorch Lightning",
    ),
    "litgpt": Case(
        {
            "train": {
                "max_tokens": 3_000_000_000_000, "global_batch_size": 512, "micro_batch_size": 4, "max_steps": None,
                "max_seq_length": 2048, "save_interval": 1000,
            },
            "devices": 4, "num_nodes": 1, "precision": "bf16-true",
        },
        {
            "planned_tokens": 3e12, "batch_samples": 512, "micro_batch": 4, "sequence_length": 2048, "gpus": 4,
            "batch_tokens": 512 * 2048, "checkpoint_interval": 1000,
        },
        "bf16",
        "litgpt",
    ),
    "timm": Case(
        {
            "epochs": 300, "batch_size": 128, "grad_accum_steps": 2, "world_size": 8, "amp": True,
            "amp_dtype": "float16", "model_ema": False,
        },
        {
            "planned_epochs": 300, "micro_batch": 128, "accumulation": 2, "gpus": 8, "data_parallel": 8,
            "batch_samples": 2048,
        },
        "fp16",
        "timm",
    ),
    "timm without amp": Case({"amp": False, "amp_dtype": "float16", "epochs": 5}, {"planned_epochs": 5}),
    "nanoGPT": Case(
        {
            "max_iters": 600000, "batch_size": 12, "gradient_accumulation_steps": 40, "block_size": 1024,
            "dtype": "bfloat16",
        },
        {"planned_steps": 600000, "micro_batch": 12, "sequence_length": 1024},
        "bf16",
        "nanoGPT",
    ),
    "nanochat": Case(
        {
            "num_iterations": 5400, "total_batch_size": 524288, "device_batch_size": 32, "max_seq_len": 2048,
            "save_every": 1000,
        },
        {
            "planned_steps": 5400, "batch_tokens": 524288, "micro_batch": 32, "sequence_length": 2048,
            "checkpoint_interval": 1000,
        },
    ),
    "verl": Case(
        {
            "data": {"train_batch_size": 1024},
            "trainer": {"total_training_steps": 290, "n_gpus_per_node": 8, "nnodes": 4, "save_freq": 20},
            "actor_rollout_ref": {
                "actor": {
                    "strategy": "fsdp", "ppo_micro_batch_size_per_gpu": 4,
                    "fsdp_config": {"model_dtype": "float32"},
                },
                "rollout": {"dtype": "bfloat16"},
            },
        },
        {
            "planned_steps": 290, "batch_samples": 1024, "micro_batch": 4, "gpus": 32, "checkpoint_interval": 20,
        },
        "fp32",
        "verl",
    ),
    "Levanter": Case(
        {"trainer": {"num_train_steps": 25000, "train_batch_size": 512, "mp": "p=f32,c=bfloat16"}},
        {"planned_steps": 25000, "batch_samples": 512},
        "bf16",
    ),
    "fairseq": Case(
        {
            "optimization": {"max_update": 100000, "update_freq": [8]},
            "dataset": {"max_tokens": 4096},
            "distributed_training": {"distributed_world_size": 16},
            "checkpoint": {"save_interval_updates": 5000},
            "common": {"fp16": True},
        },
        {"planned_steps": 100000, "accumulation": 8, "gpus": 16, "data_parallel": 16, "checkpoint_interval": 5000},
        "fp16",
        "fairseq",
    ),
    "MaxText": Case(
        {
            "per_device_batch_size": 6, "max_target_length": 8192, "global_batch_size_to_train_on": 96,
            "dtype": "bfloat16",
        },
        {"micro_batch": 6, "sequence_length": 8192, "batch_samples": 96, "batch_tokens": 96 * 8192},
        "bf16",
    ),
    "Lingua": Case(
        {"data": {"batch_size": 8, "seq_len": 4096}, "grad_acc_steps": 2},
        {"micro_batch": 8, "accumulation": 2, "sequence_length": 4096},
    ),
    "Keras": Case(
        {"epochs": 30, "batch_size": 64, "dtype_policy": "mixed_float16"}, {"planned_epochs": 30}, "fp16"
    ),
}  # fmt: skip
