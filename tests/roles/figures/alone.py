"""Figures of names, units, claims and axes by themselves."""

from __future__ import annotations

import numpy as np

from runlens.model import Series
from runlens.roles.axes import agrees, foreign, look_up, same_x
from runlens.roles.checks import checked
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.reading import read_name
from runlens.roles.pick import score
from runlens.roles.rates import without_running_mean
from runlens.roles.units import step_time_unit, unit_of_values
from runlens.roles.vocabulary import ROLES
from tests.figures import case
from tests.roles.figures.names import names_of_all

START = 1.76e9


@case
def names_by_themselves():
    out = []
    for name in names_of_all():
        claim = read_name(name, [name], (), "run")
        if claim is not None:
            out.append([claim.role, claim.unit, claim.axis, claim.confidence, sorted(claim.flags), claim.device])
    return out


@case
def units_by_size():
    sizes = [s * x for s in 10.0 ** np.arange(-2, 17) for x in (0.99, 1.0, 1.01, 2.0, 5.0, 5.01)] + [19, 21, 1023, 1025]
    return [[role, [unit_of_values(role, np.array([x, x, 0.7 * x])) for x in sizes]] for role in sorted(ROLES)]


@case
def units_of_step_times():
    out = []
    for n in (9, 10, 11, 12, 40):
        step, time = np.arange(n), START + np.arange(n) * 0.5
        for size in (0.14, 0.16, 1.4, 1.6, 19.0, 21.0, 140.0, 160.0, 1400.0, 1600.0):
            clocks = (time, time * np.where(np.arange(n) % 2, 1, np.nan), np.full(n, START))
            out += [step_time_unit(Series("dt", step, clock, np.full(n, size))) for clock in clocks]
    slow = Series("dt", np.arange(40), START + np.arange(40) * 0.015, np.full(40, 15.0))
    return [*out, step_time_unit(slow)]


@case
def claims_beside_values():
    out = []
    values = {
        "grows": np.arange(300.0), "falls once in 99": np.where(np.arange(300) % 99 == 98, 0.0, np.arange(300.0)),
        "falls often": np.where(np.arange(300) % 50 == 49, 0.0, np.arange(300.0)), "still": np.ones(300),
        "stands now and then": np.arange(300.0) // 2, "negative": -1.0 - np.arange(300.0),
        "mixed": np.tile([-1.0, 2, 2], 100), "huge": np.full(300, 1001.0),
        "large": np.full(300, 999.0), "nothing": np.full(300, np.nan),
    }  # fmt: skip
    for role in ("tokens", "batch_size", "step_time", "learning_rate", "step", "grad_norm", "gpu_memory", "train_loss"):
        for confidence in (0.89, 0.9):
            for value in values.values():
                for n in (1, 2, 3, 5, 6, 300):
                    claim = Claim(role, unit="tokens", confidence=confidence)
                    found = checked(claim, Series("x", np.arange(n), np.arange(n) * 1.0, value[:n]))
                    out.append("none" if found is None else found.role)
    return out


@case
def axes_beside_each_other():
    out, claim = [], Claim("eval_loss")
    reference = Series("loss", np.arange(0, 2000, 10), START + np.arange(200) * 30.0, np.ones(200))
    for n in (2, 3, 5, 30, 39, 41, 60):
        for first, gap in ((0, 1), (0, 10), (0, 100), (1, 1), (400, 1), (0, 30), (100, 28), (0, 31)):
            for seconds in (1.0, 10.0, 29.0, 30.0, 31.0):
                one = Series("x", first + np.arange(n) * gap, START + np.arange(n) * seconds, np.ones(n))
                out.append([foreign(one, reference, claim), same_x(one, reference)])
    ends = [
        Series("x", np.array([0, last]), START + np.zeros(2), np.ones(2)) for last in (2985, 2994, 2995, 2996, 3000)
    ]
    out += [foreign(one, reference, claim) for one in ends]
    steps = np.arange(0, 2000, 100)
    out += [agrees(steps, steps + away, reference) for away in (0, 1, 29, 31, 38, 40, 42)]
    few = reference.take(slice(0, None, 50))
    out += [agrees(steps, steps + away, few) for away in (0, 29, 1400, 1600)]
    back = Series("step", np.array([0, 1, 2, 1, 2]), np.full(5, np.nan), np.array([0.0, 10, 20, 11, 21]))
    asked = Series("x", np.array([0, 2, 9, 0, 1, 2]), np.full(6, np.nan), np.ones(6))
    return [*out, look_up(back, asked), look_up(back.take(slice(0, 3)), asked)]


@case
def means_since_the_start():
    out = []
    for n in (1, 2, 3, 9):
        for role in ("tokens_per_second", "step_time"):
            mean = np.cumsum(np.linspace(1, 2, n)) / np.arange(1, n + 1)
            one = Series("x", np.arange(n) * 10 + 5, START + np.arange(n) * 3.0, mean)
            out.append(without_running_mean(role, one).value)
    stuck = Series("x", np.array([0, 1, 1, 2]), START + np.array([0.0, 1, 1, 2]), np.ones(4))
    return [*out, [len(without_running_mean(role, stuck)) for role in ("tokens_per_second", "step_time")]]


@case
def scores_of_candidates():
    one = Series("x", np.arange(40), np.arange(40.0), np.ones(40))
    out = []
    for name in names_of_all()[::9]:
        for role in ("train_loss", "eval_loss", "gpu_power", "tokens_per_second"):
            claim = Claim(role, unit="%", axis="samples", scope="per_gpu", flags=frozenset({"part"}), confidence=0.5)
            out.append([score(name, role, c, one, 79) for c in (claim, Claim(role, unit="bits/byte", device="gpu 1"))])
    points = (0, 1, 2, 39, 40, 79, 80, 81, 400)
    return [*out, [score("loss", "train_loss", Claim("train_loss"), one.take(slice(0, k)), 80) for k in points[:5]],
            [score("loss", "train_loss", Claim("train_loss"), one, k) for k in points]]  # fmt: skip


@case
def evals_by_name():
    tasks = ("hellaswag", "mmlu_stem", "arc-c", "Winogrande", "lambada_openai", "unheard_of", "test", "gsm8k_cot")
    kinds = ("acc", "acc_norm", "acc,none", "exact_match", "ppl", "loss", "bpb", "acc_stderr", "wer", "f1", "")
    forms = (
        "eval/{t}/{k}",
        "{t}/{k}",
        "eval_{t}_{k}",
        "lm_eval/{t}/5-shot/{k}",
        "{t}|0/{k}",
        "downstream/{t}_{k}",
        "{k}/{t}",
    )
    return [parse_eval(form.format(t=t, k=k)) for form in forms for t in tasks for k in kinds]
