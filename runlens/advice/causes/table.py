"""Likely causes of an incident, ranked by what the run itself says for and against each.

A cause is a title and clues; a clue looks at the facts and answers with a sentence or with None. Weights are ordinal:
3 nearly settles it, 2 is strong, 1 is weak; a minus speaks against. They come from what the published postmortems found
decisive (see `render.postmortem.precedents`), not from a fit, and only set the order in which an engineer should look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runlens.advice.causes import evals, loss, speed
from runlens.advice.causes.case import Case
from runlens.model import Suspect, Symptom


@dataclass(frozen=True, slots=True)
class Cause:
    """One possible cause, for incidents that hold a finding with one of these symptoms."""

    title: str
    symptoms: tuple[Symptom, ...]
    check: str
    """How to find out, in one sentence."""
    clues: tuple[tuple[int, Callable[[Case], str | None]], ...]
    short: str = ""
    """The title for a headline, where it is too long."""
    mend: str = ""
    """What to do about it before the run goes on, as an order without a capital."""
    skips: bool = False
    """Whether it lies in the batches."""


SETTLES = 3
SETTINGS = frozenset({loss.half_precision})
"""Clues about how the run was set up: nothing happened."""

_LOSS = (Symptom.SPIKE, Symptom.NOT_FINITE, Symptom.STALL, Symptom.SURGE, Symptom.HABIT)
_SPEED = (Symptom.SLOW, Symptom.MACHINE)
_BEHIND = (Symptom.BEHIND,)
_EVAL = (Symptom.BEHIND, Symptom.WORSE)

CAUSES: tuple[Cause, ...] = (
    Cause(
        "Learning rate too high, or a broken schedule", _LOSS,
        "Compare the logged learning rate with the schedule that was meant; replay the window at half of it.",
        ((3, loss.schedule_breaks), (1, loss.gradient_leads), (1, loss.gradient_had_grown), (1, loss.did_not_come_back),
         (-2, loss.schedule_holds), (-1, loss.came_back_fast)),
        short="learning rate too high or off its schedule", mend="mend the learning rate",
    ),
    Cause(
        "Bad data in a few batches", (*_LOSS, Symptom.SHIFT),
        "Decode the batches of the window: repeated n-grams, binary or wrong-language text, broken documents.",
        ((2, loss.came_back_fast), (2, loss.same_place_again), (1, loss.schedule_holds), (1, loss.alone),
         (-2, loss.schedule_breaks),
         (-1, loss.gradient_leads), (-1, loss.gradient_had_grown), (-2, loss.diverged)),
        short="bad data in a few batches", skips=True,
    ),
    Cause(
        "A bad pairing of these batches with this state of the parameters", (Symptom.SPIKE,),
        "Feed the same batches to another checkpoint: no spike there means the data alone is innocent (PaLM).",
        ((1, loss.came_back_slowly), (1, loss.schedule_holds), (-2, loss.schedule_breaks), (-2, loss.diverged),
         (-1, loss.gradient_had_grown), (-1, loss.same_place_again)),
        short="these batches in this state of the parameters", skips=True,
    ),
    Cause(
        "Numerical precision", (*_LOSS, Symptom.SHIFT),
        "Run the window again in bf16 or fp32 from the rewind point.",
        ((3, loss.half_precision), (2, loss.not_finite), (1, loss.gradient_had_grown), (1, loss.diverged),
         (-3, loss.brain_float), (-1, loss.came_back_fast)),
        short="numerical precision", mend="move to bf16 or fp32",
    ),
    Cause(
        "Instability that grows: initialisation, attention logits or output logits", _LOSS,
        "Log the largest attention logit and the z-loss; look at parameter norms of embeddings and the output layer.",
        ((2, loss.more_and_more_spikes), (2, loss.surges_alone), (2, loss.gradient_had_grown), (1, loss.early),
         (1, loss.diverged), (-2, loss.has_guards), (-1, loss.schedule_breaks)),
        short="an instability that grows", mend="add QK-norm, z-loss or a lower learning rate",
    ),
    Cause(
        "The resume before it: optimizer state, data order or random state not restored",
        (*_LOSS, Symptom.SHIFT, Symptom.SLOW),
        "Compare loss, learning rate and data position right before the checkpoint and right after the resume.",
        ((3, loss.restarted_before), (2, speed.slower_since_resume), (-2, loss.never_restarted)),
        short="the resume before it", mend="restore optimizer, data order and random state",
    ),
    Cause(
        "A new data stage or mixture", (Symptom.SHIFT,),
        "Look up what the data loader served from that step on.",
        ((2, loss.goes_on_improving), (-1, loss.restarted_before)),
    ),
    Cause(
        "Data loading or storage too slow", _SPEED,
        "Measure the time the step waits for its batch; look at cache, shuffle buffer, file system and workers.",
        ((3, speed.data_time_moved), (2, speed.dips_come_back), (2, speed.gpus_wait), (-2, speed.data_time_steady)),
    ),
    Cause(
        "GPUs throttled by heat or power", _SPEED,
        "nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER on the slowest node; look at fans and the room.",
        ((3, speed.hot_or_capped), (2, speed.clocks_moved), (-2, speed.cool_and_free)),
    ),
    Cause(
        "One slow GPU, rank or node", _SPEED,
        "Run a matrix-multiply and an all-reduce benchmark node by node; drain the slow one.",
        ((3, speed.straggler), (3, speed.gpu_errors), (-2, speed.peers_alike)),
    ),
    Cause(
        "Checkpoints or evals that block training", (Symptom.SLOW,),
        "Make them asynchronous, or subtract their time from the expectation.",
        ((3, speed.checkpoints_slow), (2, speed.regular_pauses)),
    ),
    Cause(
        "Network, or neighbours on a shared cluster", (Symptom.SLOW,),
        "Look at the fabric's error counters and at who else got nodes at that time.",
        ((1, speed.nothing_moved_with_it), (-2, speed.hot_or_capped), (-2, speed.data_time_moved),
         (-2, speed.straggler)),
    ),
    Cause(
        "More work per step, by choice", (Symptom.SLOW,),
        "Look for a change of sequence length, batch size, model or logging at that step.",
        ((3, speed.more_work),),
    ),
    Cause(
        "Shards of the model drawn from one random seed (tensor, pipeline or expert parallelism)", _BEHIND,
        "Compare the shards of one matrix at step 0: they must differ.",
        ((2, evals.behind_from_start), (2, evals.loss_looks_healthy), (-2, evals.fell_behind_later)),
        short="shards drawn from one seed",
    ),
    Cause(
        "Initialisation unlike the reference's", _BEHIND,
        "Print mean and deviation of each weight at step 0 beside the reference's.",
        ((1, evals.behind_from_start), (-1, evals.fell_behind_later)),
    ),
    Cause(
        "Data mixture, tokenizer or data order unlike the reference's", _EVAL,
        "Compare the loss by domain, and the share of each source so far.",
        ((2, evals.some_tasks_only), (1, evals.fell_behind_later), (-1, evals.all_tasks)),
    ),
    Cause(
        "Damage that an earlier incident left", _EVAL,
        "Evaluate the last checkpoint before that incident.",
        ((3, evals.earlier_damage), (-1, evals.loss_looks_healthy)),
    ),
    Cause(
        "Evals set up in another way than the reference's", _EVAL,
        "Evaluate one checkpoint of the reference with your own harness.",
        ((1, evals.evals_unmatched), (1, evals.some_tasks_only)),
    ),
    Cause(
        "More epochs than the data bears", (Symptom.OVERFIT,),
        "Compare the tokens trained with the unique tokens of the data; stop at the best held-out loss.",
        ((2, evals.held_out_rises),),
    ),
)  # fmt: skip


def suspects(case: Case, most: int = 5) -> list[Suspect]:
    """The causes that something speaks for, the likeliest first; at most `most`.

    A cause that was itself seen to happen, such as a schedule that broke, comes before those that are inferred. One
    that only things speak against is left out; so the list is empty where the log says nothing.
    """
    found: list[tuple[bool, Suspect]] = []
    for cause in CAUSES:
        if case.showing(*cause.symptoms) is None:
            continue
        said = [(weight, clue(case), clue) for weight, clue in cause.clues]
        good = [(weight, text) for weight, text, _ in said if text and weight > 0]
        bad = [(weight, text) for weight, text, _ in said if text and weight < 0]
        if good:
            suspect = Suspect(
                cause.title, cause.check, tuple(t for _, t in sorted(good, key=lambda g: -g[0])),
                tuple(t for _, t in sorted(bad)), sum(w for w, _ in good + bad),
                cause.short or _in_a_sentence(cause.title), cause.mend, cause.skips,
            )  # fmt: skip
            seen = any(text and weight >= SETTLES and clue not in SETTINGS for weight, text, clue in said)
            found.append((seen, suspect))
    found.sort(key=lambda one: (not one[0], -one[1].score))
    return [suspect for _, suspect in found][:most]


def _in_a_sentence(title: str) -> str:
    """The title with a small first letter, unless it begins with an abbreviation such as `GPUs`."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title
