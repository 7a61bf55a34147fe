"""A callback for Keras: `model.fit(..., callbacks=[RunLensCallback(every=500)])`."""

from __future__ import annotations

from typing import Any

from keras.callbacks import Callback

from runlens.integrations.monitor import Monitor


class RunLensCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Feeds a `Monitor` with the logs of batches and epochs, and stops the training where it says so.

    Takes what `Monitor` takes. The logs of a batch are means since its epoch began, as Keras gives them. `monitor` and
    `report` are there to be asked afterwards.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.monitor = Monitor(**settings)
        self._step = 0

    @property
    def report(self) -> Any:
        """The report of the last look, None before the first."""
        return self.monitor.report

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take the logs of one batch."""
        self._step += 1
        self._take(logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take what was measured on held-out data; the rest was taken batch by batch."""
        self._take({name: value for name, value in (logs or {}).items() if name.startswith("val_")})

    def on_train_end(self, logs: Any = None) -> None:
        """Look for the last time."""
        self.monitor.finish()

    def _take(self, logs: Any) -> None:
        self.monitor.log(logs, self._step)
        if self.monitor.should_stop:
            self.model.stop_training = True
