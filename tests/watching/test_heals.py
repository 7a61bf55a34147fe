"""What is told of a spike that heals: that it is there, and that it is over, and never to go back to a checkpoint."""

import math

import pytest

from tests.watching.world import Log, World


class Spiked(Log):
    """A log whose loss jumps at a step, and does what a function of the steps since says."""

    def spike(self, at, excess):
        self.at, self.excess = at, excess

    def write(self, rows, **more):
        for _ in range(rows):
            since = self.step - self.at
            base = 2 + 4 * (self.step + 20.0) ** -0.3 + self.rng.normal(0, 0.01)
            super().write(1, **({"loss": base + self.excess(since)} if since >= 0 else {}), **more)


def told_of(tmp_path, excess, hours=9):
    world = World()
    log = Spiked(tmp_path / "run.jsonl", world, every=10.0)
    log.spike(2000, excess)
    log.upto(19_990)
    world.now += 19_990
    for minute in range(0, 60 * hours, 10):
        world.at(20_100 + 60 * minute, lambda minute=minute: log.upto(20_100 + 60 * minute))
    watch = world.watch(log.path, looks=6 * hours, interval=600.0, select=("LOSS001",), floor=0)
    watch.run()
    return world.lines("LOSS001"), watch.report.runs[0]


@pytest.mark.parametrize("tau", [30, 200, 500])
def test_a_spike_that_heals_is_told_as_one_that_nobody_knows_yet(tmp_path, tau):
    lines, run = told_of(tmp_path, lambda t: 2.5 * math.exp(-t / tau))
    (found,) = run.findings
    assert found.outcome.startswith("recovered")
    assert not [line for line in lines if "diverged" in line or "settled at" in line]
    assert 1 <= len(lines) <= 2, "there, and over"


def test_a_loss_that_stays_away_is_told_to_have_diverged(tmp_path):
    lines, run = told_of(tmp_path, lambda t: 2.5, hours=5)
    (found,) = run.findings
    assert found.outcome == "diverged" and run.action.kind == "rewind-and-skip"
    assert "too early to tell" in lines[0] and "diverged" in lines[-1]
