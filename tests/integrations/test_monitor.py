"""A training judged from within: told once, stopped where asked, never harmed."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import ConfigError
from runlens.integrations.monitor import Monitor

N, AT = 1200, 700


def losses(spike: bool = True) -> np.ndarray:
    rng = np.random.default_rng(5)
    step = np.arange(N)
    loss = 2 + 5 * np.exp(-step / 80) + rng.normal(0, 0.01, N)
    return np.where(spike & (step >= AT), loss + 3 + 0.002 * (step - AT), loss)


def trained(monitor: Monitor, spike: bool = True) -> int:
    """Train until the end or the stop: the last step."""
    for step, loss in enumerate(losses(spike)):
        monitor.log({"loss": loss, "lr": 3e-4, "note": "text", "ok": True}, step, 1.7e9 + step)
        if monitor.should_stop:
            return step
    return N - 1


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_divergence_stops_the_run_at_the_next_look() -> None:
    told: list[str] = []
    monitor = Monitor(every=100, stop_on="error", on_news=lambda news, report: told.extend(f.code for f in news))
    last = trained(monitor)
    assert AT < last <= AT + 200
    assert "LOSS001" in told
    assert monitor.report is not None
    assert not monitor.report.passed
    assert "rewind" in monitor.report.runs[0].action.headline.lower()


def test_without_stop_on_it_only_tells_and_each_incident_once() -> None:
    told: list[tuple[str, str]] = []
    monitor = Monitor(every=100, on_news=lambda news, report: told.extend((f.code, f.outcome) for f in news))
    assert trained(monitor) == N - 1
    assert not monitor.should_stop
    assert len(told) == len(set(told)), "once, and again only with another outcome"
    assert monitor.finish().runs[0].state == "finished"


def test_a_healthy_run_is_let_be() -> None:
    told: list[object] = []
    monitor = Monitor(every=100, stop_on="warning", on_news=lambda news, report: told.append(news))
    assert trained(monitor, spike=False) == N - 1
    assert monitor.finish().passed
    assert not told


def test_news_without_a_function_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "runlens"):
        trained(Monitor(every=200, stop_on="error"))
    assert any("error LOSS001" in r.getMessage() for r in caplog.records)
    assert any(r.getMessage().startswith("→ ") for r in caplog.records)


@pytest.mark.parametrize("every", [1, 50, 400])
def test_so_many_looks_and_no_more(every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(Monitor, "_look", lambda self, state: looks.append(state))
    monitor = Monitor(every=every)
    for step in range(801):
        monitor.log({"loss": 1.0}, step)
    assert len(looks) == 800 // every


def test_what_goes_wrong_in_a_look_never_reaches_the_training(caplog: pytest.LogCaptureFixture) -> None:
    def broken(news: object, report: object) -> None:
        raise RuntimeError("the pager is down")

    monitor = Monitor(every=100, stop_on="error", on_news=broken)
    with caplog.at_level(logging.ERROR, "runlens"):
        assert trained(monitor) == N - 1
    assert "the training goes on" in caplog.text


def test_tensors_are_numbers_and_what_is_none_is_left_out() -> None:
    monitor = Monitor()
    monitor.log({"a": np.float32(1.5), "b": np.array([2.0]), "c": np.zeros(3), "d": None, "e": "3", "f": 10**400}, 0)
    values = {name: column.value.tolist() for name, column in monitor._columns.items()}
    assert values == {"a": [1.5], "b": [2.0], "f": [np.inf]}


def test_settings_that_make_no_sense_are_refused_before_the_first_step() -> None:
    with pytest.raises(ConfigError):
        Monitor(select=["NOPE001"])
    with pytest.raises(ValueError, match="every"):
        Monitor(every=0)
    with pytest.raises(ValueError, match="fatal"):
        Monitor(stop_on="fatal")


def test_the_configuration_is_obeyed(tmp_path: Path) -> None:
    (tmp_path / "runlens.toml").write_text('ignore = ["LOSS"]\n', encoding="utf-8")
    monitor = Monitor(every=100, stop_on="error")
    trained(monitor)
    assert not any(f.code.startswith("LOSS") for f in monitor.finish().findings)
