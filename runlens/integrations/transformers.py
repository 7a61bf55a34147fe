"""A callback for the Trainer of Hugging Face transformers: `Trainer(..., callbacks=[RunLensCallback(every=500)])`."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from runlens.integrations.monitor import Monitor
from runlens.integrations.processes import agreed


class RunLensCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Feeds a `Monitor` with what the Trainer logs, and stops the training where it says so.

    Takes what `Monitor` takes. Only the first process judges, and its decision stops all of them. `monitor` and
    `report` are there to be asked afterwards.
    """

    def __init__(self, **settings: Any) -> None:
        self.monitor = Monitor(**settings)

    @property
    def report(self) -> Any:
        """The report of the last look, None before the first."""
        return self.monitor.report

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Learn the hyperparameters."""
        told = args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else {}
        self.monitor.settings = {**told, "max_steps": state.max_steps, **self.monitor.settings}

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> Any:
        """Take what was logged."""
        if logs and state.is_world_process_zero:
            self.monitor.log(logs, state.global_step)
        if self.monitor.stop_on is not None and agreed(self.monitor.should_stop):
            control.should_training_stop = True
        return control

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look for the last time."""
        if state.is_world_process_zero:
            self.monitor.finish()
