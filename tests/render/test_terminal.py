"""The terminal page: verdict first, nothing hidden, nothing harmful, at every width."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from runlens.model import Chart, Failure, Finding, Report, RunReport, Severity, Skip
from runlens.model.words import role_words
from runlens.render import terminal
from runlens.render.sparkline import BLOCKS, figures, sparklines
from runlens.render.words import groups, not_checked_in_short
from runlens.rules import RULES
from tests.render.reports import HOSTILE, fixed, hostile, spread

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def one(run: RunReport) -> Report:
    return Report("0.1.0", "2025-11-24T01:15:00Z", run.verdict, 0, (run,))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_page(width: int, unicode: bool) -> None:
    for report in (fixed(), one(fixed().runs[0]), hostile("学" * 500), hostile("y" * 10_000)):
        page = terminal.render(report, width=width, unicode=unicode)
        assert max(cell_len(line) for line in page.splitlines()) <= width + (0 if unicode else 8)
        assert not any(line != line.rstrip() for line in page.split("\n"))


def test_the_verdict_and_the_action_come_first() -> None:
    lines = terminal.render(one(fixed().runs[0])).splitlines()
    assert lines[0] == "FAIL  exp7/lr-3e-3  1 error, 4 warnings, 1 note"
    assert lines[2].startswith(
        "→ Learning rate off its schedule at step 1,499 → loss spike at step 1,500 that plateaued: mend the"
    )
    assert terminal.render(fixed()).splitlines()[-1] == "FAIL  4 runs: 1 failed, 1 undecided, 2 passed"


def test_incidents_come_worst_first_and_their_first_cause_first() -> None:
    run = fixed().runs[0]
    assert [[f.code for f in g.findings] for g in groups(run)] == [
        ["GRAD002", "LR001", "LOSS001"],
        ["TPUT001"],
        ["EVAL001"],
        ["LOG002"],
    ]


def test_every_finding_skip_failure_and_note_is_said() -> None:
    run = replace(fixed().runs[0], failures=fixed().runs[2].failures)
    page = " ".join(terminal.render(replace(one(run), notes=("expired",)), width=160).split())
    for finding in run.findings:
        assert finding.code in page
        assert " ".join(finding.message.split()[:3]) in page
    for skip in run.skips:
        assert skip.code in page
        assert all(role_words(part) in page for part in skip.lacking) if skip.lacking else skip.reason in page
    assert run.failures[0].message[:60] in page
    assert "Note: expired" in page


def test_a_pass_says_what_was_not_checked() -> None:
    page = terminal.render(one(fixed().runs[1]))
    assert page.startswith("PASS  exp7/lr-1e-3  nothing found\n")
    assert "Not checked:\n• HW001: not in the log: GPU temperature\n" in page


def test_a_run_that_could_not_be_read_says_why_in_its_first_line() -> None:
    assert terminal.render(one(fixed().runs[2])).startswith("UNDECIDED  exp7/broken  logs/exp7/broken/events.out")


def test_known_findings_are_shown_with_their_reason() -> None:
    page = terminal.render(one(fixed().runs[3]))
    assert page.startswith("PASS  amber-sunset-8 (exp8)  1 known")
    assert "Known: the new data stage begins here" in page


def test_colour_only_when_asked_and_it_changes_no_word() -> None:
    plain, coloured = terminal.render(fixed()), terminal.render(fixed(), color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31m" in coloured
    stripped = "\n".join(line.rstrip() for line in ANSI.sub("", coloured).split("\n"))
    assert stripped == plain


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = terminal.render(fixed(), color=True)
    for name, value in (("NO_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "dumb"), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert terminal.render(fixed(), color=True) == before


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("unicode", [True, False])
def test_hostile_names_are_only_text(text: str, unicode: bool) -> None:
    page = terminal.render(hostile(text), unicode=unicode)
    allowed = set("\n") | {chr(c) for c in range(32, 127)}
    if unicode:
        assert all(c.isprintable() or c == "\n" for c in page)
    else:
        assert set(page) <= allowed
    assert len(page) < 60_000
    page.encode("utf-8")


def test_markup_is_shown_as_it_stands() -> None:
    assert "[red]loss[/red]" in terminal.render(hostile(HOSTILE["rich markup"]))


def test_ten_thousand_runs_stay_a_page() -> None:
    good = fixed().runs[1]
    bad = fixed().runs[0]
    runs = tuple(replace(good, run=f"r{i}") for i in range(10_000)) + tuple(
        replace(bad, run=f"b{i}") for i in range(99)
    )
    page = terminal.render(Report("0.1.0", "2025-11-24T01:15:00Z", "fail", 1, runs))
    lines = page.splitlines()
    assert lines[-1] == "FAIL  10,099 runs: 99 failed, 10,000 passed"
    assert "and 97 more like it: " in page and "b2), " in page
    assert "98 more runs with findings in the JSON report" in page
    assert "PASS  10,000 runs  nothing found" in page
    assert "HW001 (10,099 of" not in page
    assert "HW002 (99 of 10,099)" in " ".join(page.split()) or "HW002, TPUT006 (99 of 10,099)" in " ".join(page.split())
    assert len(lines) < 150


def test_runs_that_fail_for_other_reasons_are_not_thrown_together_and_too_many_reasons_are_counted() -> None:
    good, bad = fixed().runs[1], fixed().runs[0]
    few = tuple(replace(bad, run=f"x{i}", findings=bad.findings[:1]) for i in range(5))
    lost = tuple(
        replace(
            good,
            run=f"u{i}",
            source=f"/logs/{i}",
            verdict="undecided",
            failures=(Failure("read", f"/logs/{i} is {what}"),),
        )
        for i, what in enumerate(["empty", "empty", "empty", "no log", *(f"odd in way {k}" for k in range(40))])
    )
    runs = (
        *(replace(bad, run=f"b{i}") for i in range(5)),
        *few,
        *lost,
        *(replace(good, run=f"g{i}") for i in range(9)),
    )
    page = terminal.render(Report("0.1.0", "2025-11-24T01:15:00Z", "fail", 1, runs))
    assert page.count("and 3 more like it") == 2 and page.count("and 1 more like it") == 1
    assert "and 14 more that need a look, all in the JSON report" in page
    assert "is no log" in page and "odd in way 0" in page and "odd in way 39" not in page


@pytest.mark.parametrize("width", [80, 100, 120])
def test_two_hundred_clean_runs_take_six_lines(width: int) -> None:
    clean = fixed().runs[1]
    skips = tuple(Skip(rule.code, "x", "missing-role", ("y",)) for rule in RULES[::2])
    runs = tuple(replace(clean, run=f"night-{i}", skips=skips) for i in range(200))
    lines = terminal.render(Report("0.1.0", "2025-11-24T01:15:00Z", "pass", 0, runs), width=width).splitlines()
    assert len(lines) <= 6
    assert lines[0].startswith("PASS  200 runs  nothing found · loss 2.22 · 42.6 M tokens")
    assert lines[-1] == "PASS  200 runs: 200 passed"


def test_the_gravest_comes_first_and_a_warning_is_no_plain_pass() -> None:
    bad, good, broken, known = fixed().runs
    warned = replace(good, run="warned", findings=(replace(bad.findings[-2], suppressed=None),), action=bad.action)
    report = replace(fixed(), runs=(good, warned, known, broken, bad))
    page = terminal.render(report, width=120)
    table = page[page.rindex("FAIL       ") :].splitlines()
    assert [line.split()[0] for line in table if line[:1].isupper()] == [
        "FAIL", "UNDECIDED", "WARN", "PASS", "PASS", "Not", "Note:", "FAIL",
    ]  # fmt: skip
    assert page.splitlines()[-1] == "FAIL  5 runs: 1 failed, 1 undecided, 3 passed, 1 of them with warnings"
    assert "\x1b[" in terminal.render(report, color=True)


def test_no_runs_at_all() -> None:
    page = terminal.render(Report("0.1.0", "2025-11-24T01:15:00Z", "undecided", 3, ()))
    assert page.startswith("UNDECIDED  no run was judged")


@pytest.mark.parametrize("points", [2, 10, 400, 100_000])
def test_a_sparkline_keeps_a_spike_of_one_point(points: int) -> None:
    run = replace(fixed().runs[1], charts=(spread(points),))
    line = sparklines(run, 80)[0].line
    assert line.count(BLOCKS[-1]) == 1
    assert abs(line.index(BLOCKS[-1]) / len(line) - (points // 2) / (points - 1)) < 0.03


def test_a_sparkline_marks_what_is_not_finite_and_where_findings_are() -> None:
    chart = Chart("train_loss", "loss", "nats", tuple(range(100)), (*(2.0,) * 50, math.nan, *(2.0,) * 49))
    finding = Finding("LOSS003", "non-finite-loss", Severity.ERROR, "loss", (50, 50), "m")
    run = replace(fixed().runs[1], charts=(chart,), findings=(finding,))
    spark = sparklines(run, 200)[0]
    assert spark.line.count("!") == 1
    assert spark.marks == ((spark.line.index("!"), Severity.ERROR),)
    assert "1 not finite" in spark.figures


def test_the_figures_of_a_speed_are_its_levels_and_not_its_first_step_or_last_flush() -> None:
    values = [6_981.0, *(100_000.0 + i % 7 for i in range(200)), *(90_000.0 + i % 7 for i in range(198)), 161_000.0]
    rate = Chart("tokens_per_second", "tps", "tokens/s", tuple(range(400)), tuple(values))
    assert figures(rate) == "100 k → 90 k tokens/s"
    few = Chart("tokens_per_second", "tps", "tokens/s", (1, 2, 3), (100.0, 20.0, 90.0))
    assert figures(few) == "100 → 90, low 20 tokens/s"
    assert figures(Chart("train_loss", "loss", "nats", (1, 2, 3), (9.0, 20.0, 3.0))) == "9 → 3, peak 20"


def test_a_steady_throughput_is_drawn_flat_and_in_the_middle() -> None:
    rate = Chart("tokens_per_second", "tps", "tokens/s", tuple(range(200)), tuple(1000.0 + i % 3 for i in range(200)))
    line = sparklines(replace(fixed().runs[1], charts=(rate,)), 80)[0].line
    assert set(line) <= {BLOCKS[3], BLOCKS[4]}


def test_what_was_not_checked_takes_a_few_lines_and_names_every_rule() -> None:
    skips = (
        Skip("TPUT003", "no band was given", "not-asked", ("rules.TPUT003.band = [low, high]",)),
        Skip("HW001", "not in the log: gpu temperature", "missing-role", ("gpu_temperature",)),
        Skip("HW005", "lacks a clock", "missing-role", ("gpu_clock", "gpu_temperature", "gpu_power")),
        Skip("EVAL001", "no reference was given", "not-asked", ("--reference NAME",)),
        Skip("LOG004", "the log does not say", "ended"),
        Skip("LOG003", "the log does not say", "too-few-points"),
        Skip("TPUT001", "no throughput was logged", "missing-role"),
        Skip("HW002", "not in the log: an older report's words"),
    )
    assert not_checked_in_short(skips) == [
        ("HW001, HW005", "not in the log: GPU temperature, GPU clock, GPU power"),
        ("TPUT003, EVAL001", "not asked for: rules.TPUT003.band = [low, high]; --reference NAME"),
        ("LOG004, LOG003", "the log does not say"),
        ("TPUT001", "no throughput was logged"),
        ("HW002", "not in the log: an older report's words"),
    ]
    twice = (
        Skip("A", "said so", "missing-role", ("eval_loss", "perplexity")),
        Skip("B", "said so", "missing-role", ("perplexity", "train_loss")),
    )
    assert not_checked_in_short(twice) == [("A, B", "not in the log: eval loss, perplexity, train loss")]
    assert not_checked_in_short(()) == []


def test_a_log_of_which_nothing_was_understood_says_what_to_do() -> None:
    run = RunReport("r", "r", "r", "unknown", "undecided", (7, 7), None, 1, checked=("LOG001",))
    page = " ".join(terminal.render(one(run)).split())
    assert "none of its metrics was understood" in page and "--metric train_loss=NAME" in page
    assert "step 7 · 1 point" in page and "1 points" not in page
