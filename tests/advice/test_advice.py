from dataclasses import replace

import numpy as np
import pytest

from runlens.advice import advise
from runlens.model import Incident, RoleSeries, Series, Severity, Suspect
from tests.builders import finding, report, run


def spike(outcome, steps=(1500, 1512), severity="error", **evidence):
    return finding("LOSS001", severity, steps, outcome=outcome, **evidence)


def blamed(*findings, steps=(0, 2599)):
    """A report in which the data leads the likely causes of each spike."""
    data = Suspect("Bad data in a few batches", "?", ("x",), (), 2, "bad data", "", True)
    own = [f if f.incident else replace(f, incident=at) for at, f in enumerate(findings, 1)]
    incidents = [Incident(f.incident, f.name, f.severity, f.steps, (f.code,), (data,)) for f in own]
    return replace(report(*own, steps=steps), incidents=tuple(incidents))


LAG = {"lag_factor": 2.0, "from_start": True}
CASES = [
    ("nothing", [], {}, "continue", "Nothing was found"),
    ("fast", [spike("recovered-fast", severity="info")], {}, "continue", "recovered fast"),
    ("slow", [spike("recovered-slow", severity="warning")], {}, "continue", "if it spikes there again"),
    ("plateaued", [spike("plateaued")], {}, "rewind-and-skip", "The loss never recovered from the spike"),
    ("diverged", [spike("diverged", steps=(450, 2599))], {}, "rewind-and-skip", "diverged"),
    ("open", [spike("unresolved", severity="warning", steps=(2590, 2599))], {}, "investigate", "too early to tell"),
    (
        "three spikes",
        [spike("recovered-fast", (s, s + 5), "info") for s in (500, 900, 1300)],
        {},
        "continue",
        "3 loss spikes",
    ),
    ("often", [finding("LOSS002", "warning", (0, 2599))], {}, "fix-on-the-fly", "take away what makes them"),
    ("nan to the end", [finding("LOSS003", "error", (2000, 2599))], {}, "rewind-and-skip", "not finite"),
    ("nan from the start", [finding("LOSS003", "error", (0, 2599))], {}, "restart", "no good checkpoint"),
    ("one nan", [finding("GRAD001", "warning", (2000, 2000))], {}, "investigate", "GRAD001"),
    ("schedule", [finding("LR001", "warning", (100, 200))], {}, "fix-on-the-fly", "LR001"),
    ("slow node", [finding("TPUT001", "warning", (360, 599))], {}, "fix-on-the-fly", "TPUT001"),
    (
        "hot node",
        [finding("HW001", "error", (360, 599)), finding("TPUT001", "error", (360, 599))],
        {},
        "fix-on-the-fly",
        "HW001",
    ),
    ("data stage", [finding("LOSS005", "info", (1800, 1900))], {}, "continue", "Nothing was found"),
    (
        "behind, plan known, early",
        [finding("EVAL001", "error", (200, 2599), **LAG)],
        {"total": 2e9},
        "restart",
        "restart",
    ),
    (
        "behind, plan known, late",
        [finding("EVAL001", "error", (200, 2599), **LAG)],
        {"total": 5e7},
        "investigate",
        "more than",
    ),
    ("behind, no plan", [finding("EVAL001", "error", (200, 2599), **LAG)], {}, "investigate", "--total-tokens"),
    (
        "behind, steps in the config",
        [finding("EVAL001", "error", (200, 2599), **LAG)],
        {"config": {"max_steps": 100_000}},
        "restart",
        "",
    ),
    (
        "spike beats lag",
        [spike("plateaued"), finding("EVAL001", "error", (200, 2599), **LAG)],
        {"total": 2e9},
        "rewind-and-skip",
        "",
    ),
    ("taken back already", [spike("diverged", severity="info", rewound=True)], {}, "continue", "Nothing was found"),
    ("warm restart", [spike("plateaued", severity="info", warm_restart=True)], {}, "continue", "Nothing was found"),
    ("known", [replace(spike("diverged"), suppressed="known")], {}, "continue", "but for what is known"),
]


@pytest.mark.parametrize(("findings", "facts", "kind", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_table_of_cases(findings, facts, kind, words):
    judged = run(config=facts.get("config"))
    action = advise(report(*findings), judged, facts.get("total"))
    assert action.kind == kind
    assert words in action.reason
    assert action == advise(report(*findings), judged, facts.get("total"))
    if kind != "continue" or "spike" in action.reason:
        assert action.sources or action.kind == "investigate"


@pytest.mark.parametrize("outcome", ["diverged", "plateaued", "unresolved", "recovered-slow"])
def test_a_spike_that_is_only_worth_knowing_calls_for_nothing(outcome):
    """Whatever became of it: its own line says why it is no more than information."""
    told = spike(outcome, severity="info", level_before=2.0, level_after=2.1)
    action = advise(report(told), run())
    assert action.kind == "continue" and action.rewind_to_step is None and not action.measures
    assert advise(report(replace(told, severity=Severity.WARNING)), run()).measures


def test_without_a_checkpoint_the_rewind_is_a_hundred_steps_and_the_window_a_twentieth():
    action = advise(blamed(spike("plateaued")), run())
    assert (action.rewind_to_step, action.checkpoint_known) == (1400, False)
    assert action.skip_steps == (1500, 1628)
    assert action.skip_tokens == 129 * 16384


def test_with_checkpoints_in_the_config_the_last_one_before_the_onset_is_named():
    action = advise(report(spike("plateaued")), run(config={"trainer": {"save_steps": 400}}))
    assert (action.rewind_to_step, action.checkpoint_known) == (1200, True)
    later = advise(report(spike("recovered-slow", severity="warning")), run(config={"save_steps": 400}))
    assert "the checkpoint 1,200" in later.reason
    assert later.rewind_to_step is None, "what is only a plan for the next time is no order"


def test_timed_checkpoints_beat_the_config():
    made = run(config={"save_steps": 400})
    timed = RoleSeries("checkpoint_time", Series("ckpt", np.array([450, 1450, 2450]), np.zeros(3), np.ones(3)), "s")
    action = advise(report(spike("plateaued")), replace(made, roles={**made.roles, "checkpoint_time": (timed,)}))
    assert action.rewind_to_step == 1450


def test_the_gradient_that_moved_first_widens_the_window():
    action = advise(blamed(spike("plateaued", gradient_first=20)), run(config={"save_steps": 1490}))
    assert action.rewind_to_step is None, "there is no rewind to the first step"
    action = advise(blamed(spike("plateaued", gradient_first=20)), run(config={"save_steps": 745}))
    assert action.rewind_to_step == 745
    assert action.skip_steps[0] == 1480


def test_a_long_run_skips_what_palm_skipped():
    action = advise(blamed(spike("plateaued", steps=(50_000, 50_003)), steps=(0, 99_999)), run(length=100_000))
    assert action.skip_steps == (50_000, 50_199)
    action = advise(blamed(spike("plateaued", steps=(50_000, 99_999)), steps=(0, 99_999)), run(length=100_000))
    assert action.skip_steps == (50_000, 50_499)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"dtype": "float16"}, "move to bf16"),
        ({"bf16": True}, "says bf16"),
        ({"model": {"precision": "16-mixed"}}, "fp16"),
        ({}, "Check the precision"),
    ],
)
def test_the_precision_in_the_config_is_used(config, words):
    action = advise(report(spike("diverged")), run(config=config))
    assert any(words in measure for measure in action.measures)


def test_a_broken_schedule_is_named_before_the_data():
    action = advise(report(finding("LR001", "error", (1500, 1511)), spike("plateaued")), run())
    assert action.measures[0].startswith("Mend the learning-rate schedule")


def test_nothing_judged_means_no_advice():
    assert advise(report(checked=()), run()) is None


def test_the_schedule_that_broke_first_sets_the_onset_of_the_rewind():
    spiked = replace(spike("plateaued", steps=(1501, 2599)), incident=1)
    broken = replace(finding("LR001", "error", (1500, 1511)), incident=1)
    assert advise(blamed(broken, spiked), run()).skip_steps[0] == 1500
    assert advise(blamed(replace(broken, incident=2), spiked), run()).skip_steps[0] == 1501


def test_a_spike_that_comes_back_at_the_same_step_is_the_data():
    again = [spike("diverged", (1501, 1529), "info", rewound=True), spike("plateaued")]
    assert advise(report(*again), run()).measures[0].startswith("The spike returned at this step")
    elsewhere = [spike("diverged", (1401, 1429), "info", rewound=True), spike("plateaued")]
    assert not any("this step" in m for m in advise(report(*elsewhere), run()).measures)


@pytest.mark.parametrize("how", ["config", "counted"])
def test_the_window_is_given_in_samples_where_the_batch_size_is_known(how):
    made = (
        run(config={"train": {"global_batch_size": 512}}) if how == "config" else run(samples=512.0 * np.arange(2600))
    )
    action = advise(blamed(spike("plateaued")), made)
    assert action.measures[-1] == f"In samples, the window to skip holds {129 * 512:,}."
    later = advise(report(spike("recovered-slow", severity="warning")), made)
    assert "66,048 samples" in later.reason
