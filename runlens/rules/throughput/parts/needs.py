"""What every throughput rule needs, and what it says where that is missing."""

from __future__ import annotations

NEEDS = ("tokens_per_second|samples_per_second|tflops|mfu|step_time|tokens|train_loss",)
NOTHING = "no throughput was logged and no wall times to derive it from"
