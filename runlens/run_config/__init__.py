"""What a run's config says of its training, whichever tool wrote it: plan, batch, lengths, devices, precision.

`spellings` holds what each tool calls it, `leaves` takes a nested config apart, `RunConfig` answers. It depends on no
other part of RunLens and reads any mapping, so that every layer may ask: nested as logged, or flat as in a report.
"""

from runlens.run_config.config import Precision, RunConfig, Told
from runlens.run_config.leaves import leaves
from runlens.run_config.spellings import CHECKPOINT_NAMES, STEP_AT, STEP_SERIES, TOKENS_AT, Spelling

__all__ = [
    "CHECKPOINT_NAMES",
    "STEP_AT",
    "STEP_SERIES",
    "TOKENS_AT",
    "Precision",
    "RunConfig",
    "Spelling",
    "Told",
    "leaves",
]
