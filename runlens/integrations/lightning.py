"""A callback for PyTorch Lightning: `Trainer(callbacks=[RunLensCallback(every=500)])`."""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch import Callback
except ImportError:  # the package under its older name
    from pytorch_lightning import Callback

from runlens.integrations.monitor import Monitor
from runlens.integrations.processes import agreed


class RunLensCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Feeds a `Monitor` with what the modules log, and stops the training where it says so.

    Takes what `Monitor` takes. Only the first process judges, and its decision stops all of them. `monitor` and
    `report` are there to be asked afterwards.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.monitor = Monitor(**settings)

    @property
    def report(self) -> Any:
        """The report of the last look, None before the first."""
        return self.monitor.report

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *batch: Any) -> None:
        """Take what was logged in this step."""
        if trainer.global_step % max(getattr(trainer, "log_every_n_steps", 1) or 1, 1) == 0:
            self._take(trainer, trainer.logged_metrics)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Take what was measured on held-out data."""
        if not getattr(trainer, "sanity_checking", False):
            held_out = {k: v for k, v in trainer.callback_metrics.items() if k not in trainer.logged_metrics}
            self._take(trainer, {**trainer.logged_metrics, **held_out})

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Look for the last time."""
        if trainer.is_global_zero:
            self.monitor.finish()

    def _take(self, trainer: Any, metrics: Any) -> None:
        if trainer.is_global_zero:
            self.monitor.log(dict(metrics), trainer.global_step)
        if self.monitor.stop_on is not None and agreed(self.monitor.should_stop):
            trainer.should_stop = True
