from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from runlens.judging.check import check
from runlens.judging.engines.local import Workers
from runlens.judging.one import Settings, judge_run, missing_roles
from runlens.model import Finding, Run, RunRef, Severity, Skip
from runlens.rules.base import Rule
from tests.builders import run


@dataclass(frozen=True)
class Says(Rule):
    code: ClassVar[str] = "LOSS999"
    name: ClassVar[str] = "says"
    needs: ClassVar[tuple[str, ...]] = ("train_loss",)
    severity: Severity = Severity.ERROR
    steps: tuple[int, int] | None = (10, 19)

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        yield self.finding(self.severity, "loss", self.steps, "said", {})


@dataclass(frozen=True)
class Crashes(Rule):
    code: ClassVar[str] = "LOSS998"
    name: ClassVar[str] = "crashes"

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        yield self.finding(Severity.ERROR, "loss", None, "half a thought", {})
        raise ZeroDivisionError("of course")


@dataclass(frozen=True)
class Abstains(Rule):
    code: ClassVar[str] = "LOSS997"
    name: ClassVar[str] = "abstains"

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        yield self.skip("too short", kind="too-few-points")


@dataclass(frozen=True)
class NeedsEither(Says):
    needs: ClassVar[tuple[str, ...]] = ("step_time|tokens_per_second",)


def test_a_finding_gets_tokens_and_time_from_the_run():
    report = judge_run(run(length=100, tokens_per_step=8), Settings((Says(),)))
    assert report.verdict == "fail"
    assert report.findings[0].tokens == (88.0, 160.0)
    assert report.findings[0].time == (1.7e9 + 10, 1.7e9 + 19)
    assert report.findings[0].incident == 1
    assert report.checked == ("LOSS999",)
    assert report.tokens == (8.0, 800.0)


def test_a_crash_is_a_failure_and_hides_nothing_else():
    report = judge_run(run(), Settings((Crashes(), Says(severity=Severity.WARNING))))
    assert [f.code for f in report.findings] == ["LOSS999"]
    assert "LOSS998" in report.failures[0].message and "of course" in report.failures[0].message
    assert report.verdict == "undecided"
    with pytest.raises(ZeroDivisionError):
        judge_run(run(), Settings((Crashes(),), debug=True))


@pytest.mark.parametrize(
    "error",
    [IndexError("index 9 is out\nof bounds"), RecursionError(), MemoryError(), OSError(36, "File name too long")],
)
def test_whatever_a_reader_raises_costs_its_own_run_alone(error, monkeypatch):
    monkeypatch.setattr("runlens.roles.resolve", lambda found, *told: found)  # the builder's run has its roles

    def read(ref):
        if ref.id == "odd":
            raise error
        return run()

    plan = [(RunRef("table", f"/logs/{name}", name), Settings((Says(),))) for name in ("a", "odd", "b")]
    reports = tuple(check(plan, read=read))
    assert [r.verdict for r in reports] == ["fail", "undecided", "fail"]
    (failure,) = reports[1].failures
    assert failure.stage == "read" and type(error).__name__ in failure.message and "\n" not in failure.message
    assert "/logs/odd" in failure.message
    with pytest.raises(type(error)):
        list(check([(ref, Settings((), debug=True)) for ref, _ in plan], read=read))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_command_stops_it(error):
    def read(ref):
        raise error

    with pytest.raises(error):
        list(check([(RunRef("table", "a", "a"), Settings(()))], read=read))


def test_what_breaks_the_roles_or_the_judging_costs_its_own_run_alone(monkeypatch):
    def resolve(found, *told):
        raise RecursionError("too deep")

    monkeypatch.setattr("runlens.roles.resolve", resolve)
    (report,) = check([(RunRef("table", "a", "a"), Settings((Says(),)))], read=lambda ref: run())
    assert report.verdict == "undecided" and "RecursionError: too deep" in report.failures[0].message
    monkeypatch.undo()
    monkeypatch.setattr("runlens.judging.one.link", resolve)
    (report,) = check([(RunRef("table", "a", "a"), Settings((Says(),)))], read=lambda ref: run())
    assert report.verdict == "undecided" and "could not be judged" in report.failures[0].message


def test_a_missing_role_is_a_skip_and_never_a_pass():
    bare = run(train_loss=None)
    report = judge_run(bare, Settings((Says(), Abstains())))
    assert [(s.code, s.reason) for s in report.skips] == [
        ("LOSS999", "not in the log: train loss"),
        ("LOSS997", "too short"),
    ]
    assert report.checked == ()
    assert report.verdict == "undecided"
    assert report.action is None


def test_either_of_two_roles_is_enough():
    lacking = missing_roles(NeedsEither(), run())
    assert lacking.reason == "not in the log: step time or tokens per second"
    assert (lacking.kind, lacking.lacking) == ("missing-role", ("step_time", "tokens_per_second"))
    assert missing_roles(NeedsEither(), run(step_time=[1.0] * 2600)) is None


def test_severities_are_regraded_but_info_is_never_raised():
    calm = Settings((Says(severity=Severity.INFO),), severities={"LOSS999": Severity.ERROR})
    assert judge_run(run(), calm).findings[0].severity is Severity.INFO
    tamed = Settings((Says(),), severities={"LOSS999": Severity.WARNING})
    assert judge_run(run(), tamed).verdict == "pass"


def test_a_run_that_cannot_be_read_is_reported_with_the_others(tmp_path):
    (tmp_path / "good.jsonl").write_text("".join(f'{{"step": {i}, "loss": {3 - i / 100}}}\n' for i in range(100)))
    refs = [
        RunRef("table", str(tmp_path / "good.jsonl"), "good", (str(tmp_path / "good.jsonl"),)),
        RunRef("table", str(tmp_path / "gone.jsonl"), "gone", (str(tmp_path / "gone.jsonl"),)),
    ]
    settings = Settings((Says(),))
    serial = list(check([(ref, settings) for ref in refs]))
    parallel = list(check([(ref, settings) for ref in refs], Workers(2)))
    assert [r.verdict for r in serial] == ["fail", "undecided"]
    assert serial[1].failures[0].stage == "read"
    assert parallel == serial
