from dataclasses import replace

from runlens.judging.incidents import link
from tests.builders import finding, run


def linked(*findings, length=2600):
    found, incidents = link(tuple(findings), run(length=length))
    return [[f.code for f in found if f.incident == i.number] for i in incidents], incidents


def test_a_surge_a_spike_and_a_nan_are_one_incident_the_first_cause_first():
    groups, incidents = linked(
        finding("GRAD001", steps=(1520, 1530)),
        finding("LOSS001", steps=(1500, 2599), outcome="diverged"),
        finding("GRAD002", "warning", steps=(1490, 1505)),
    )
    assert groups == [["GRAD002", "LOSS001", "GRAD001"]]
    assert incidents[0].title == "grad002, then loss001 (diverged), then non-finite gradient"
    assert incidents[0].severity == "error"
    assert incidents[0].steps == (1490, 2599)


def test_two_spikes_stay_two_incidents():
    groups, _ = linked(
        finding("LOSS001", steps=(500, 510)), finding("LOSS001", steps=(512, 530)), finding("GRAD002", steps=(513, 514))
    )
    assert groups == [["LOSS001"], ["GRAD002", "LOSS001"]]


def test_a_broken_schedule_with_the_same_onset_is_the_cause():
    groups, _ = linked(finding("LOSS001", steps=(1500, 1600)), finding("LR001", steps=(1500, 1511)))
    assert groups == [["LR001", "LOSS001"]]


def test_heat_before_a_slowdown_is_its_cause_and_the_loss_is_another_story():
    groups, _ = linked(
        finding("TPUT001", steps=(1000, 2599)),
        finding("HW001", steps=(920, 2580)),
        finding("LOSS001", steps=(1000, 1010)),
        finding("HW003", steps=(0, 100)),
    )
    assert sorted(map(tuple, groups)) == [("HW001", "TPUT001"), ("HW003",), ("LOSS001",)]


def test_a_resume_explains_what_sets_in_with_it():
    groups, _ = linked(finding("LOG002", "info", steps=(1400, 1529)), finding("TPUT001", steps=(1405, 2599)))
    assert groups == [["LOG002", "TPUT001"]]


def test_findings_about_the_whole_run_come_last():
    groups, incidents = linked(finding("EVAL001", steps=None), finding("LOSS001"))
    assert groups == [["LOSS001"], ["EVAL001"]]
    assert incidents[1].steps is None


def test_nothing_gives_nothing():
    assert link((), run()) == ((), ())


def test_one_stretch_of_bad_data_is_one_incident_although_the_loss_spikes_twice():
    surge = finding("GRAD002", "info", steps=(1600, 1651))
    groups, _ = linked(finding("LOSS001", steps=(1600, 1604)), finding("LOSS001", steps=(1640, 1658)), surge)
    assert groups == [["GRAD002", "LOSS001", "LOSS001"]]
    groups, _ = linked(
        finding("LOSS001", steps=(1600, 1604)),
        finding("LOSS001", steps=(2000, 2010)),
        finding("GRAD002", "warning", steps=(1600, 2599)),
    )
    assert groups == [["GRAD002", "LOSS001"], ["LOSS001"]], "a norm that stays up for long explains no moment"


def test_the_first_eval_after_a_change_of_data_belongs_to_it():
    shift = finding("LOSS005", "info", steps=(1800, 1830))
    worse = finding("EVAL002", "warning", steps=(2000, 2600), evals=[{"level_at_step": 1600}])
    assert linked(shift, worse)[0] == [["LOSS005", "EVAL002"]]
    fine_at_1900 = finding("EVAL002", "warning", steps=(2000, 2600), evals=[{"level_at_step": 1900}])
    assert linked(shift, fine_at_1900)[0] == [["LOSS005"], ["EVAL002"]]


def test_a_rewind_is_the_answer_to_a_spike_and_no_cause():
    resume = finding("LOG002", "info", steps=(1400, 1529))
    groups, _ = linked(resume, finding("LOSS001", "info", steps=(1500, 1529), rewound=True))
    assert groups == [["LOSS001", "LOG002"]]
    groups, _ = linked(resume, finding("LOSS001", steps=(1500, 1505), rewound=False))
    assert groups == [["LOG002"], ["LOSS001"]], "a hundred steps later a resume is no cause"


def test_a_resume_a_warm_up_and_a_spike_are_one_incident_in_that_order():
    groups, incidents = linked(
        finding("LOSS001", "warning", steps=(1409, 1500), outcome="recovered-slow"),
        finding("LR001", "warning", steps=(1400, 1440)),
        finding("LOG002", "info", steps=(1400, 1529)),
    )
    assert groups == [["LOG002", "LR001", "LOSS001"]]
    assert incidents[0].severity == "warning"


def test_heat_clocks_and_throughput_are_one_incident():
    tie = [{"role": "gpu_clock", "metric": "clock"}]
    groups, _ = linked(
        finding("TPUT001", steps=(1000, 2599), ties=tie),
        finding("HW001", steps=(930, 2580)),
        finding("HW006", "warning", steps=(500, 2580)),
    )
    assert groups == [["HW006", "HW001", "TPUT001"]]


def test_pauses_on_schedule_explain_nothing_that_begins_between_them():
    groups, _ = linked(finding("TPUT004", "info", steps=(100, 2500)), finding("HW001", steps=(1300, 2580)))
    assert groups == [["TPUT004"], ["HW001"]]


def test_causes_stand_before_effects_also_where_onsets_differ_by_a_few_steps():
    for first in range(1500, 1530):
        groups, _ = linked(
            finding("LOSS001", steps=(first, 1700)), finding("LR001", "warning", steps=(first + 2, 1540))
        )
        assert groups == [["LR001", "LOSS001"]]


def test_the_order_of_the_findings_does_not_matter():
    parts = [
        finding("GRAD002", "info", steps=(1490, 1505)),
        finding("LOSS001", steps=(1500, 2599), outcome="diverged"),
        finding("LOSS003", steps=(1600, 2599)),
        finding("TPUT001", steps=(1505, 2599)),
        finding("LOSS001", "info", steps=(300, 310)),
    ]
    assert linked(*parts) == linked(*reversed(parts))


def test_a_title_keeps_the_hyphen_that_is_no_gap():
    _, (incident,) = linked(replace(finding("LOSS003"), name="non-finite-loss"))
    assert incident.title == "non-finite loss"
