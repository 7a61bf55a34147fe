"""Console logs as each framework prints them, made from known curves."""

from tests.sources.text_samples import bars_and_dicts, older, others, pretraining, rounds, vision
from tests.sources.text_samples.curves import MADE, START, Sample

__all__ = ["MADE", "START", "Sample", "bars_and_dicts", "older", "others", "pretraining", "rounds", "vision"]
