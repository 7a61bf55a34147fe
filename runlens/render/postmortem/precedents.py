"""What other teams did about the same kind of incident, with where they say so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from runlens.model import Symptom

PALM = "PaLM, arXiv 2204.02311, section 5.1"
FALCON = "The Falcon Series, arXiv 2311.16867"
BLOOM = "BLOOM training chronicles, bigscience-workshop/bigscience"
OLMO2 = "2 OLMo 2 Furious, arXiv 2501.00656, section 3"
MARIN = "Marin 32B retrospective"
SMOLLM3 = 'Hugging Face smol training playbook, "Staying the course"'


@dataclass(frozen=True, slots=True)
class Precedent:
    """One thing that one team did or saw."""

    who: str
    what: str
    source: str


_SPIKE = (
    Precedent("PaLM", "Restarted from a checkpoint about 100 steps before each spike and skipped 200 to 500 batches; "
              "the spike did not come back. The same batches from another checkpoint made none.", PALM),
    Precedent("Falcon", "Rewound and skipped 1 B tokens of data.", FALCON),
    Precedent("Marin", "Switched QK-norm on in mid-run, which ended the spikes.", MARIN),
    Precedent("OLMo 2", "Filtered documents of repeated n-grams, added z-loss and QK-norm, took weight decay off the "
              "embeddings and initialised with N(0, 0.02); spikes became rare.", OLMO2),
)  # fmt: skip
_RECOVERED = (
    Precedent("BLOOM", "Let it run: the 176B model was back in about 30 steps, the 13B in 500, the 104B in 2,000.",
              BLOOM),
    Precedent("SmolLM3", "Sorted spikes into those that recover, fast or slowly, and those that do not; only the "
              "latter call for a rewind.", SMOLLM3),
)  # fmt: skip
_PRECISION = (
    Precedent("BLOOM", "Moved to bf16, after fp16 had made the earlier 104B run diverge.", BLOOM),
)  # fmt: skip
_GRADIENT = (
    Precedent("BLOOM", "Saw the gradient norm rise from 0.24 to 960 before the loss peaked: the gradient warns first.",
              BLOOM),
)  # fmt: skip
_SPEED = (
    Precedent("BLOOM", "Saw the throughput fall from 149 to 140 TFLOP/s: 6 %, too little for coarse alarms.", BLOOM),
    Precedent("SmolLM3", "Expected 13,500 to 14,000 tokens/s on each GPU; any lasting deviation was a red flag.",
              SMOLLM3),
)  # fmt: skip
_HARDWARE = (
    Precedent("SmolLM3", "Watched temperature, memory and utilisation of every GPU in Grafana, with alerts for "
              "hardware faults in Slack.", SMOLLM3),
)  # fmt: skip
_EVALS = (
    Precedent("SmolLM3", "Found by evals alone, behind a healthy loss curve and beside SmolLM2's intermediate "
              "checkpoints, that tensor-parallel ranks shared one seed; restarted after 1 T tokens.", SMOLLM3),
    Precedent("OLMo 2", "Initialised every weight with N(0, 0.02), which kept activations and gradients in scale.",
              OLMO2),
)  # fmt: skip


def precedents(symptoms: Collection[Symptom], outcome: str) -> list[Precedent]:
    """What others did about an incident like this one; empty where nobody is known to have told.

    Parameters
    ----------
    symptoms : collection of Symptom
        What the rules of the incident's findings show.
    outcome : str
        Outcome of its loss spike; empty if it has none.
    """
    told: list[Precedent] = []
    if Symptom.SPIKE in symptoms:
        told += _RECOVERED if outcome.startswith("recovered") else _SPIKE
    if Symptom.NOT_FINITE in symptoms or outcome == "diverged":
        told += _PRECISION
    if Symptom.SURGE in symptoms:
        told += _GRADIENT
    if Symptom.HABIT in symptoms:
        told += _SPIKE[2:]
    if Symptom.SLOW in symptoms:
        told += _SPEED
    if Symptom.MACHINE in symptoms:
        told += _HARDWARE
    if Symptom.BEHIND in symptoms:
        told += _EVALS
    return list(dict.fromkeys(told))
