"""The callbacks of frameworks, driven by the protocol of each: with the real base class where it is installed."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.integrations.test_monitor import AT, N, losses

BASES = {
    "transformers": ("transformers", "TrainerCallback"),
    "lightning": ("lightning.pytorch", "Callback"),
    "keras": ("keras.callbacks", "Callback"),
}


@pytest.fixture
def callback(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The callback of a framework, on a stand-in for its base class where the framework is not installed."""
    monkeypatch.chdir(tmp_path)
    name = request.param
    home, base = BASES[name]
    try:
        importlib.import_module(home)
    except ImportError:
        parts = home.split(".")
        for at in range(len(parts)):
            monkeypatch.setitem(sys.modules, ".".join(parts[: at + 1]), ModuleType(".".join(parts[: at + 1])))
        setattr(sys.modules[home], base, type(base, (), {}))
    monkeypatch.delitem(sys.modules, f"runlens.integrations.{name}", raising=False)
    module = importlib.import_module(f"runlens.integrations.{name}")
    return module.RunLensCallback(every=100, stop_on="error")


@pytest.mark.parametrize("callback", ["transformers"], indirect=True)
def test_the_trainer_of_transformers_is_stopped(callback: Any) -> None:
    args = SimpleNamespace(to_sanitized_dict=lambda: {"learning_rate": 3e-4, "bf16": True})
    state = SimpleNamespace(max_steps=N, global_step=0, is_world_process_zero=True)
    control = SimpleNamespace(should_training_stop=False)
    callback.on_train_begin(args, state, control)
    for step, loss in enumerate(losses(), 1):
        state.global_step = step
        logs = {"loss": float(loss), "grad_norm": 1.0, "learning_rate": 3e-4, "epoch": step / N}
        callback.on_log(args, state, control, logs=logs)
        if control.should_training_stop:
            break
    callback.on_train_end(args, state, control)
    assert AT < state.global_step <= AT + 201
    assert callback.report.runs[0].config["bf16"] is True
    assert {f.code for f in callback.report.findings} >= {"LOSS001"}


@pytest.mark.parametrize("callback", ["transformers"], indirect=True)
def test_other_processes_judge_nothing(callback: Any) -> None:
    state = SimpleNamespace(max_steps=N, global_step=5, is_world_process_zero=False)
    control = SimpleNamespace(should_training_stop=False)
    callback.on_log(None, state, control, logs={"loss": 1.0})
    callback.on_train_end(None, state, control)
    assert callback.report is None


@pytest.mark.parametrize("callback", ["transformers"], indirect=True)
@pytest.mark.parametrize("decided", [True, False])
def test_all_processes_stop_where_the_first_one_decided(
    callback: Any, decided: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def broadcast(told: list[bool], src: int) -> None:
        asked.append(src)
        told[0] = decided

    processes = SimpleNamespace(is_available=lambda: True, is_initialized=lambda: True, broadcast_object_list=broadcast)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(distributed=processes))
    state = SimpleNamespace(max_steps=N, global_step=5, is_world_process_zero=False)
    control = SimpleNamespace(should_training_stop=False)
    callback.on_log(None, state, control, logs={"loss": 1.0})
    assert control.should_training_stop is decided
    assert asked == [0]


@pytest.mark.parametrize("callback", ["lightning"], indirect=True)
def test_the_trainer_of_lightning_is_stopped(callback: Any) -> None:
    trainer = SimpleNamespace(
        global_step=0, log_every_n_steps=1, is_global_zero=True, should_stop=False, sanity_checking=False,
        logged_metrics={}, callback_metrics={},
    )  # fmt: skip
    for step, loss in enumerate(losses(), 1):
        trainer.global_step, trainer.logged_metrics = step, {"train_loss": loss}
        callback.on_train_batch_end(trainer, None, None, None, step)
        if step % 300 == 0:
            trainer.callback_metrics = {"val_loss": loss + 0.1}
            callback.on_validation_end(trainer, None)
        if trainer.should_stop:
            break
    callback.on_fit_end(trainer, None)
    assert AT < trainer.global_step <= AT + 201
    assert callback.report.runs[0].roles["eval_loss"].metric == "val_loss"


@pytest.mark.parametrize("callback", ["keras"], indirect=True)
def test_the_fit_of_keras_is_stopped(callback: Any) -> None:
    model = SimpleNamespace(stop_training=False)
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model
    for step, loss in enumerate(losses(), 1):
        callback.on_train_batch_end(step, {"loss": loss})
        if step % 300 == 0:
            callback.on_epoch_end(step // 300, {"loss": loss, "val_loss": loss + 0.1})
        if model.stop_training:
            break
    callback.on_train_end()
    assert AT < step <= AT + 201
    assert callback.report.runs[0].roles["eval_loss"].metric == "val_loss"
