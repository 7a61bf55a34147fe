"""Names that lie, and names that are never what they look like: looked at before the patterns."""

from __future__ import annotations

from runlens.roles.names.pattern import P

TRAPS = (
    P("tflops", r"per_device_tflops_per_sec"),
    P(
        "other:trap-work",
        r"~(total_(training_)?(log_)?[gptez]?flop\w*|total_petaflops|gflops)$|per_device_tflops$",
        r"per_sec|_per_gpu",
    ),
    P(
        "other:trap-batches",
        r"~bps~|batch(es)?_per_sec|steps_per_sec|~ups~|updates_per_sec|iterations?_per_sec|~it_s$"
        r"|~(it|iters?|steps?|batch(es)?)/s(ec)?~$",
    ),
    P(
        "batch_size:trap-per-step",
        r"total_num_tokens$|progress/tokens$|global_valid_tok(en)?s$|total_weights$|tokens_this_"
        r"|num_step_tokens|per_device_tokens$|num_label_tokens$|~global_tokens$"
        r"|runtime_info/text_tokens",
    ),
    P("tokens:trap-train-in-val", r"^val(id)?/(num_total_tokens|train_tokens)$"),
    P("other:trap-elapsed", r"^(train/)?train_(loss|runtime|steps_per_second)$", r"^train_loss$"),
    P("other:trap-lr-fork", r"^lr_\w+?_(momentum|betas?)$|~lrm~|logit_scale"),
    P(  # legged_gym's `Episode/rew_dof_acc`, Isaac Lab's `Episode_Reward/dof_acc_l2`: an acceleration, no accuracy
        "other:trap-reward-term",
        r"(^|/)rew_\w+$|^episode_rewards?/\w+$|(^|[/_])(dof|lin|ang)_acc(_l\d)?$",
        r"(^|_)(mean|max|min|total|sum)$|^episode_rewards?/rewards?$",
    ),
    P("weight_decay", r"^lr_\w+?_weight_decay$"),
    P(
        "other:trap-step-part",
        r"(forward|backward|optimi?z?e?r?|fwd|bwd|sync|optim_step|val(idation)?_step|eval\w*)_(time|timing)"
        r"|~(forward|backward|fwd|bwd)(_\w+)?_(ms|us|s|secs?|seconds)~"
        r"|elapsed_time_ms_\w+|step_(train|inference|sync)$"
        r"|^timing\w*/(?!step$|train/total_step|step_total)\w+$|^timers?/",
        r"iteration_time|tokens|samples|seqs|examples|per_sec",
    ),
    P("tokens_per_second", r"^(kt/s|current_throughput_token_per_gpu_per_sec)$"),
    P("step_time", r"^(timer|time/step|timing_s/step|time/step_total|train/time_s|time/step_time)$"),
    P("step", r"^(time|batch)/batch(es|_step)?$"),
    P("samples", r"^time/samples?$"),
    P("tokens", r"^time/tokens?$"),
    P("step", r"steps_vs_(samples|tokens)/y_steps_x_"),
    P("samples", r"steps_vs_samples/y_samples|^samples_vs_steps$"),
    P("tokens", r"steps_vs_tokens/y_tokens"),
)


NEVER = P(
    "other:never",
    r"stderr|_std_?err|~std$|_std_|~hd_|_threshold$|~(min|max|median|var|q\d+|p\d\d)$|~eta~"
    r"|~eta_|remaining|histogram|fdiff|_epoch_avg|_(lower|upper)_95"
    r"|~mtp_|~lb_?loss|load_?balanc|~aux_?loss|~moe_|indexer|value_loss|~vf_"
    r"|^critic/(?!(lr|grad_norm|learning_rate)$)|(?<!cross_)~entropy(?!_per)"
    r"|~(approx_|ref_|policy_)?kl~|kl_(loss|div)"
    r"|nan_count|~masked~|_in_epoch|logits?/|logps/|log_probs|~advantages?~|~margins?~"
    r"|rewards?/(chosen|rejected|accuracies|margins)|advantage|explained_var|noise_scale"
    r"|runtime$|~uptime~|percentage$|progress$"
    r"|skipped|max_(attention_)?logits?|acceptance_rate|num_zeros|zeros?_(grad|std)|packing"
    r"|hp_metric|preempt"
    r"|accumulated_(submission|eval|logging)_time|total_duration"
    r"|(elapsed|total|wall|train|eval|val)_?(ed)?_?(time|hours|seconds)$|num_examples$"
    r"|ema_decay|clip_range|exploration"
    r"|(response|prompt|completions?|seq\w*|mean|ep)_?len|length|clipped_ratio"
    r"|importance_sampling|_ratio$|eos_token|badput|goodput",
    r"tokens?_per|tok_|tps|step_time|iter_time|clip_(frac|ratio)|clipfrac|_len_norm"
    r"|length_normalized|samples_per|iteration_time|total_step_time|zero_one"
    r"|max_(memory|mem|alloc|reserved|active)|mem|loss_per|train_loss$|success|cross_ent|~tgs"
    r"|total_tokens|consumed_tok|avg_loss$",
)
