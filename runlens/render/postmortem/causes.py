"""Likely causes of an incident, ranked by what the run itself says for and against each.

A cause is a title and clues; a clue looks at the facts and answers with a sentence or with None. Weights are ordinal:
3 nearly settles it, 2 is strong, 1 is weak; a minus speaks against. They come from what the published postmortems found
decisive (see `precedents`), not from a fit, and only set the order in which an engineer should look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runlens.render.postmortem import clues as c
from runlens.render.postmortem.facts import Facts


@dataclass(frozen=True, slots=True)
class Cause:
    """One possible cause, for incidents that hold a finding of one of `codes`."""

    title: str
    codes: tuple[str, ...]
    check: str
    """How to find out, in one sentence."""
    clues: tuple[tuple[int, Callable[[Facts], str | None]], ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A cause with the evidence for and against it in one incident."""

    title: str
    check: str
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    score: int


_LOSS = ("LOSS001", "LOSS003", "LOSS004", "GRAD", "LOSS002")
_SPEED = ("TPUT", "HW")
_EVAL = ("EVAL001", "EVAL002")

CAUSES: tuple[Cause, ...] = (
    Cause(
        "Learning rate too high, or a broken schedule", _LOSS,
        "Compare the logged learning rate with the schedule that was meant; replay the window at half of it.",
        ((3, c.schedule_breaks), (1, c.gradient_leads), (1, c.gradient_had_grown), (1, c.did_not_come_back),
         (-2, c.schedule_holds), (-1, c.came_back_fast)),
    ),
    Cause(
        "Bad data in a few batches", (*_LOSS, "LOSS005"),
        "Decode the batches of the window: repeated n-grams, binary or wrong-language text, broken documents.",
        ((2, c.came_back_fast), (2, c.same_place_again), (1, c.schedule_holds), (1, c.alone), (-2, c.schedule_breaks),
         (-1, c.gradient_leads), (-1, c.gradient_had_grown), (-2, c.diverged)),
    ),
    Cause(
        "A bad pairing of these batches with this state of the parameters", ("LOSS001",),
        "Feed the same batches to another checkpoint: no spike there means the data alone is innocent (PaLM).",
        ((1, c.came_back_slowly), (1, c.schedule_holds), (-2, c.schedule_breaks), (-2, c.diverged),
         (-1, c.gradient_had_grown), (-1, c.same_place_again)),
    ),
    Cause(
        "Numerical precision", (*_LOSS, "LOSS005"),
        "Run the window again in bf16 or fp32 from the rewind point.",
        ((3, c.half_precision), (2, c.not_finite), (1, c.gradient_had_grown), (1, c.diverged),
         (-3, c.brain_float), (-1, c.came_back_fast)),
    ),
    Cause(
        "Instability that grows: initialisation, attention logits or output logits", _LOSS,
        "Log the largest attention logit and the z-loss; look at parameter norms of embeddings and the output layer.",
        ((2, c.more_and_more_spikes), (2, c.surges_alone), (2, c.gradient_had_grown), (1, c.early),
         (1, c.diverged), (-2, c.has_guards), (-1, c.schedule_breaks)),
    ),
    Cause(
        "The resume before it: optimizer state, data order or random state not restored", (*_LOSS, "LOSS005", "TPUT"),
        "Compare loss, learning rate and data position right before the checkpoint and right after the resume.",
        ((3, c.restarted_before), (2, c.slower_since_resume), (-2, c.never_restarted)),
    ),
    Cause(
        "A new data stage or mixture", ("LOSS005",),
        "Look up what the data loader served from that step on.",
        ((2, c.goes_on_improving), (-1, c.restarted_before)),
    ),
    Cause(
        "Data loading or storage too slow", _SPEED,
        "Measure the time the step waits for its batch; look at cache, shuffle buffer, file system and workers.",
        ((3, c.data_time_moved), (2, c.dips_come_back), (2, c.gpus_wait), (-2, c.data_time_steady)),
    ),
    Cause(
        "GPUs throttled by heat or power", _SPEED,
        "nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER on the slowest node; look at fans and the room.",
        ((3, c.hot_or_capped), (2, c.clocks_moved), (-2, c.cool_and_free)),
    ),
    Cause(
        "One slow GPU, rank or node", _SPEED,
        "Run a matrix-multiply and an all-reduce benchmark node by node; drain the slow one.",
        ((3, c.straggler), (3, c.gpu_errors), (-2, c.peers_alike)),
    ),
    Cause(
        "Checkpoints or evals that block training", ("TPUT",),
        "Make them asynchronous, or subtract their time from the expectation.",
        ((3, c.checkpoints_slow), (2, c.regular_pauses)),
    ),
    Cause(
        "Network, or neighbours on a shared cluster", ("TPUT",),
        "Look at the fabric's error counters and at who else got nodes at that time.",
        ((1, c.nothing_moved_with_it), (-2, c.hot_or_capped), (-2, c.data_time_moved), (-2, c.straggler)),
    ),
    Cause(
        "More work per step, by choice", ("TPUT",),
        "Look for a change of sequence length, batch size, model or logging at that step.",
        ((3, c.more_work),),
    ),
    Cause(
        "Shards of the model drawn from one random seed (tensor, pipeline or expert parallelism)", _EVAL,
        "Compare the shards of one matrix at step 0: they must differ.",
        ((2, c.behind_from_start), (2, c.loss_looks_healthy), (-2, c.fell_behind_later)),
    ),
    Cause(
        "Initialisation unlike the reference's", _EVAL,
        "Print mean and deviation of each weight at step 0 beside the reference's.",
        ((1, c.behind_from_start), (-1, c.fell_behind_later)),
    ),
    Cause(
        "Data mixture, tokenizer or data order unlike the reference's", _EVAL,
        "Compare the loss by domain, and the share of each source so far.",
        ((2, c.some_tasks_only), (1, c.fell_behind_later), (-1, c.all_tasks)),
    ),
    Cause(
        "Damage that an earlier incident left", _EVAL,
        "Evaluate the last checkpoint before that incident.",
        ((3, c.earlier_damage), (-1, c.loss_looks_healthy)),
    ),
    Cause(
        "Evals set up in another way than the reference's", _EVAL,
        "Evaluate one checkpoint of the reference with your own harness.",
        ((1, c.evals_unmatched), (1, c.some_tasks_only)),
    ),
    Cause(
        "More epochs than the data bears", ("EVAL004",),
        "Compare the tokens trained with the unique tokens of the data; stop at the best held-out loss.",
        ((2, c.held_out_rises),),
    ),
)  # fmt: skip


def suspects(facts: Facts, most: int = 5) -> list[Suspect]:
    """The causes that something speaks for, the likeliest first; at most `most`.

    A cause that only things speak against is left out; so the list is empty where the log says nothing.
    """
    found = []
    for cause in CAUSES:
        if facts.of(*cause.codes) is None:
            continue
        said = [(weight, clue(facts)) for weight, clue in cause.clues]
        good = [(weight, text) for weight, text in said if text and weight > 0]
        bad = [(weight, text) for weight, text in said if text and weight < 0]
        if good:
            found.append(
                Suspect(
                    cause.title, cause.check, tuple(t for _, t in sorted(good, key=lambda g: -g[0])),
                    tuple(t for _, t in sorted(bad)), sum(w for w, _ in good + bad),
                )
            )  # fmt: skip
    return sorted(found, key=lambda s: -s.score)[:most]
