"""The questions that tell causes apart: each takes the facts of an incident and answers with a sentence, or None."""

# ruff: noqa: D103 - a name and the sentence that it answers with say all

from __future__ import annotations

from runlens.model.words import percent
from runlens.render.postmortem.facts import Facts
from runlens.render.text import number, visible

# loss, gradient and schedule


def schedule_breaks(facts: Facts) -> str | None:
    finding = facts.of("LR001")
    return finding.message if finding else None


def schedule_holds(facts: Facts) -> str | None:
    return "The learning rate kept to its schedule (LR001 judged)." if facts.silent("LR001") else None


def gradient_leads(facts: Facts) -> str | None:
    surge, spike = facts.of("GRAD002"), facts.of("LOSS001", "LOSS003")
    if not (surge and spike and surge.steps and spike.steps and surge.steps[0] < spike.steps[0]):
        return None
    return f"The gradient norm moved {spike.steps[0] - surge.steps[0]:,} steps before the loss."


def gradient_had_grown(facts: Facts) -> str | None:
    """The tenth of the run before the onset against the lowest tenth before that: healthy runs stay below 1.25."""
    grown = facts.gradient_growth()
    if grown is None or grown[1] < 1.5 * grown[0]:
        return None
    return f"The gradient norm had already grown from {number(grown[0], 3)} to {number(grown[1], 3)} before it."


def surges_alone(facts: Facts) -> str | None:
    surges = [f for f in facts.run.findings if f.code == "GRAD002"]
    return f"The gradient norm surged {len(surges)} times in this run." if len(surges) >= 3 else None


def came_back_fast(facts: Facts) -> str | None:
    steps = facts.number("LOSS001", "recovery_steps")
    if facts.outcome != "recovered-fast":
        return None
    return f"The loss was back after {steps:,.0f} steps." if steps is not None else "The loss came back fast."


def came_back_slowly(facts: Facts) -> str | None:
    if facts.outcome not in ("recovered-slow", "plateaued"):
        return None
    return f"The spike {facts.outcome.replace('-', ' ')}: more than a few bad batches would leave behind."


def did_not_come_back(facts: Facts) -> str | None:
    if facts.outcome not in ("plateaued", "diverged"):
        return None
    before, after = facts.number("LOSS001", "level_before"), facts.number("LOSS001", "level_after")
    levels = f" ({number(before)} before, {number(after)} after)" if before is not None and after is not None else ""
    return f"The loss never returned to its old level{levels}."


def diverged(facts: Facts) -> str | None:
    return "The loss diverged." if facts.outcome == "diverged" else None


def alone(facts: Facts) -> str | None:
    spikes = [f for f in facts.run.findings if f.code == "LOSS001"]
    return "It is the only spike of the run." if len(spikes) == 1 and spikes[0] in facts.findings else None


def same_place_again(facts: Facts) -> str | None:
    spike = facts.of("LOSS001")
    again = [
        f
        for f in facts.run.findings
        if spike and f is not spike and f.code == "LOSS001" and f.steps and spike.steps
        and abs(f.steps[0] - spike.steps[0]) <= 5
    ]  # fmt: skip
    return "After a rewind the loss spiked again at the same step, on the same data." if again else None


def not_finite(facts: Facts) -> str | None:
    finding = facts.of("LOSS003", "GRAD001")
    return finding.message if finding else None


def half_precision(facts: Facts) -> str | None:
    return _precision(facts, ("fp16", "float16", "16-mixed", "half", "torch.float16"))


def brain_float(facts: Facts) -> str | None:
    return _precision(facts, ("bf16", "bfloat16", "bf16-mixed", "torch.bfloat16", "fp32", "float32"))


def _precision(facts: Facts, values: tuple[str, ...]) -> str | None:
    keys = ("dtype", "precision", "mixed_precision", "param_dtype", "torch_dtype", "amp_dtype", "compute_dtype")
    found = facts.config(*keys)
    if found and str(found[1]).lower() in values:
        return f"The configuration says {visible(found[0], 60)} = {visible(str(found[1]), 40)}."
    flag = facts.config(*(v for v in values if v in ("fp16", "bf16")))
    return f"The configuration says {visible(flag[0], 60)} = true." if flag and flag[1] in (True, "true") else None


def more_and_more_spikes(facts: Facts) -> str | None:
    finding = facts.elsewhere("LOSS002")
    return finding.message if finding else None


def early(facts: Facts) -> str | None:
    if facts.place < 0.005:
        return "It began at the start of the run."
    return f"It began {percent(facts.place)} into the run." if facts.place < 0.1 else None


def has_guards(facts: Facts) -> str | None:
    found = facts.config("qk_norm", "qk_layernorm", "use_qk_norm", "z_loss", "z_loss_multiplier", "zloss")
    return (
        f"The configuration has {visible(found[0], 60)} = {visible(str(found[1]), 40)}." if found and found[1] else None
    )


def restarted_before(facts: Facts) -> str | None:
    found = facts.restart_before(200)
    if found is None or found.steps is None or facts.onset is None:
        return None
    return f"The run was resumed at step {found.steps[0]:,}, {facts.onset - found.steps[0]:,} steps before."


def never_restarted(facts: Facts) -> str | None:
    return "The run was not resumed (LOG002 judged)." if facts.silent("LOG002") else None


def goes_on_improving(facts: Facts) -> str | None:
    finding = facts.of("LOSS005")
    return finding.message if finding else None


# throughput and hardware


def _moved(facts: Facts, *roles: str) -> str | None:
    tie = facts.tie(*roles)
    if tie is None:
        return None
    before, after = (number(v) if isinstance(v, int | float) else "?" for v in (tie.get("from"), tie.get("to")))
    unit = "" if tie.get("unit") in ("1", None) else f" {visible(str(tie['unit']), 12)}"
    return f"{visible(str(tie['role'])).replace('_', ' ').capitalize()} changed with it: {before} to {after}{unit}."


def data_time_moved(facts: Facts) -> str | None:
    return _moved(facts, "data_time")


def data_time_steady(facts: Facts) -> str | None:
    steady = "data_time" in facts.run.roles and facts.tie("data_time") is None and facts.of("TPUT")
    return "The logged data time did not change with it." if steady else None


def dips_come_back(facts: Facts) -> str | None:
    finding = facts.of("TPUT004")
    return finding.message if finding else None


def gpus_wait(facts: Facts) -> str | None:
    finding = facts.of("HW003")
    return finding.message if finding else _moved(facts, "gpu_utilization")


def hot_or_capped(facts: Facts) -> str | None:
    finding = facts.of("HW001", "HW006")
    return finding.message if finding else _moved(facts, "gpu_throttle")


def clocks_moved(facts: Facts) -> str | None:
    return _moved(facts, "gpu_clock", "gpu_temperature", "gpu_power")


def cool_and_free(facts: Facts) -> str | None:
    told = [code for code in ("HW001", "HW006") if facts.silent(code)]
    return f"Temperatures and clocks are in order ({' and '.join(told)} judged)." if told else None


def straggler(facts: Facts) -> str | None:
    finding = facts.elsewhere("TPUT006", "HW005")
    return finding.message if finding else None


def gpu_errors(facts: Facts) -> str | None:
    finding = facts.elsewhere("HW004")
    return finding.message if finding else None


def peers_alike(facts: Facts) -> str | None:
    told = [code for code in ("TPUT006", "HW005") if facts.silent(code)]
    return f"The ranks or GPUs are alike ({' and '.join(told)} judged)." if told else None


def checkpoints_slow(facts: Facts) -> str | None:
    return _moved(facts, "checkpoint_time")


def regular_pauses(facts: Facts) -> str | None:
    period = facts.number("TPUT004", "period_steps")
    return f"The pauses come every {period:,.0f} steps." if period and facts.value("TPUT004", "regular") else None


def slower_since_resume(facts: Facts) -> str | None:
    resumed = any(f.evidence.get("at_resume") is True for f in facts.findings)
    return "The throughput changed at a resume." if resumed else None


def nothing_moved_with_it(facts: Facts) -> str | None:
    drop = facts.of("TPUT001", "TPUT002", "TPUT003")
    moved = drop and drop.evidence.get("ties")
    return "No logged hardware or loader series changed with it." if drop and not moved else None


def more_work(facts: Facts) -> str | None:
    said = facts.value("TPUT001", "explained_by_work")
    return f"The drop is explained by the work per step: {visible(str(said), 200)}." if said else None


# evals


def behind_from_start(facts: Facts) -> str | None:
    said = facts.value("EVAL001", "from_start")
    return "The scores trail from the first checkpoint on." if said is True else None


def fell_behind_later(facts: Facts) -> str | None:
    said = facts.value("EVAL001", "from_start")
    return "The scores kept up at first and fell behind later." if said is False else None


def loss_looks_healthy(facts: Facts) -> str | None:
    bad = [f for f in facts.run.findings if f.code.startswith("LOSS") and f.severity.rank > 0]
    return "The training loss looks healthy." if "LOSS001" in facts.run.checked and not bad else None


def earlier_damage(facts: Facts) -> str | None:
    others = (f for f in facts.run.findings if f.incident != facts.incident.number and f.suppressed is None)
    bad = next((f for f in others if f.evidence.get("outcome") in ("plateaued", "diverged")), None)
    return bad.message if bad else None


def some_tasks_only(facts: Facts) -> str | None:
    behind, all_ = facts.number("EVAL001", "tasks_behind"), facts.number("EVAL001", "tasks_compared")
    return f"{behind:.0f} of {all_:.0f} tasks trail." if behind and all_ and behind <= all_ / 2 else None


def all_tasks(facts: Facts) -> str | None:
    behind, all_ = facts.number("EVAL001", "tasks_behind"), facts.number("EVAL001", "tasks_compared")
    return f"All {all_:.0f} compared tasks trail." if behind and all_ and behind == all_ > 1 else None


def evals_unmatched(facts: Facts) -> str | None:
    unmatched = facts.value("EVAL001", "unmatched")
    count = len(unmatched) if isinstance(unmatched, list | tuple) else 0
    return f"{count} of the reference's evals have no counterpart of the same setting." if count else None


def held_out_rises(facts: Facts) -> str | None:
    finding = facts.of("EVAL004")
    return finding.message if finding else None
