from runlens.incidents import link
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
    assert incidents[0].title == "grad002, then loss001 (diverged), then grad001"
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
