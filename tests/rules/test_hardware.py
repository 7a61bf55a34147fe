"""HW001-HW006 on made machines whose faults are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.judging.one import missing_roles
from runlens.model import Finding, Severity, Skip
from runlens.roles import resolve
from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.memory_growth import MemoryGrowth
from runlens.rules.hardware.outlier import GpuOutlier
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.throttling import ClockThrottling
from runlens.rules.hardware.underused import GpuUnderused
from tests.rules.saying import run_of
from tests.synthetic import hardware as made

RULES = (GpuOverheating, MemoryGrowth, GpuUnderused, GpuErrors, GpuOutlier, ClockThrottling)


def findings(rule, machine):
    run = machine.run()
    assert not missing_roles(rule, run)
    return [f for f in rule.check(run) if isinstance(f, Finding)]


def loud(rule, machine):
    return [f for f in findings(rule, machine) if f.severity is not Severity.INFO]


def only(rule, machine):
    (finding,) = findings(rule, machine)
    assert any(c.isdigit() for c in finding.message) and finding.help and finding.evidence
    return finding


def near(found, truth, tolerance=100):
    return abs(found[0] - truth[0]) <= tolerance and abs(found[1] - truth[1]) <= tolerance


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("rule", RULES, ids=[r.code for r in RULES])
def test_healthy_machines_are_silent(rule, seed):
    machine = made.healthy(seed, gpus=8)
    if rule is GpuErrors:
        made.xid(machine, 0)
    assert loud(rule(), machine) == []


@pytest.mark.parametrize(
    ("rule", "plant"),
    [
        (GpuOverheating, made.overheat),
        (MemoryGrowth, made.leak),
        (GpuUnderused, made.starve),
        (GpuErrors, made.xid),
        (GpuErrors, made.ecc),
        (GpuOutlier, made.odd_one),
        (ClockThrottling, made.throttle),
    ],
)
@pytest.mark.parametrize("seed", range(6))
def test_each_fault_is_found_once_where_it_is(rule, plant, seed):
    machine = made.healthy(seed)
    fault = plant(machine)
    finding = only(rule(), machine)
    assert finding.code == fault.code
    assert near(finding.steps, fault.steps)
    devices = finding.evidence.get("devices") or [finding.evidence["device"]]
    assert set(devices) == set(fault.devices)


class TestOverheating:
    def test_the_peak_says_how_bad_it_is(self):
        for to, severity in ((87.0, Severity.WARNING), (94.0, Severity.ERROR)):
            machine = made.healthy(1)
            made.overheat(machine, to=to)
            finding = only(GpuOverheating(), machine)
            assert finding.severity is severity
            assert finding.evidence["peak_c"] >= to - 2
            assert "°C" in finding.message

    def test_what_it_cost_is_said(self):
        machine = made.healthy(2)
        made.overheat(machine, slower=0.08)
        finding = only(GpuOverheating(), machine)
        assert finding.evidence["throughput_lost"] == pytest.approx(0.08, abs=0.01)
        assert "slower" in finding.message

    def test_devices_that_are_hot_together_are_one_finding(self):
        machine = made.healthy(3)
        for gpu in range(3):
            made.overheat(machine, gpu=gpu)
        assert len(only(GpuOverheating(), machine).evidence["devices"]) == 3

    def test_two_samples_above_the_limit_are_no_finding(self):
        machine = made.healthy(4)
        machine.columns["system.gpu.0.temp"][100:102] = 95.0
        assert findings(GpuOverheating(), machine) == []

    def test_a_drift_at_equal_power_is_found_long_before_the_limit(self):
        machine = made.healthy(5)
        made.drift(machine)
        finding = only(GpuOverheating(), machine)
        assert finding.evidence["kind"] == "drift" and finding.evidence["devices"] == ["gpu 1"]
        assert finding.evidence["rise_c"] == pytest.approx(14 * 0.9 * 0.8, abs=3)

    def test_more_heat_from_more_power_is_no_drift(self):
        machine = made.healthy(6)
        more = np.linspace(0, 150, len(machine.step))
        machine.columns["system.gpu.1.powerWatts"] += more
        machine.columns["system.gpu.1.temp"] += 0.07 * more
        assert findings(GpuOverheating(), machine) == []

    def test_memory_has_a_limit_of_its_own(self):
        machine = made.healthy(7)
        machine.columns["system.gpu.0.memoryTemp/l:node1"] = np.where(machine.after(0.5), 98.0, 80.0)
        finding = only(GpuOverheating(), machine)
        assert finding.evidence["part"] == "memory" and finding.evidence["devices"] == ["node1 gpu 0"]

    def test_the_limit_is_a_setting(self):
        machine = made.healthy(8)
        made.overheat(machine, to=80.0)
        assert [f.evidence["kind"] for f in findings(GpuOverheating(), machine)] == ["drift"]
        assert [f.evidence["kind"] for f in findings(GpuOverheating(limit=75.0), machine)] == ["limit"]


class TestMemory:
    def test_time_to_exhaustion_is_right_where_the_size_is_known(self):
        machine = made.healthy(11)
        made.leak(machine, per_row=50e6)
        finding = only(MemoryGrowth(capacity_gb=80), machine)
        start = float(machine.columns["system.gpu.0.memoryAllocatedBytes"][-1])
        truth = 2600 + (80e9 - start) / (50e6 / made.STEPS)
        assert finding.evidence["full_at_step"] == pytest.approx(truth, rel=0.05)
        assert not finding.evidence["capacity_assumed"]

    def test_it_is_an_error_if_it_is_soon(self):
        machine = made.healthy(12)
        made.leak(machine, per_row=50e6)
        assert only(MemoryGrowth(capacity_gb=76), machine).severity is Severity.ERROR
        assert only(MemoryGrowth(capacity_gb=80), machine).severity is Severity.WARNING
        assert only(MemoryGrowth(capacity_gb=192), machine).severity is Severity.INFO

    def test_the_size_is_read_off_a_percentage(self):
        machine = made.healthy(13)
        made.leak(machine)
        used = machine.columns["system.gpu.0.memoryAllocatedBytes"]
        machine.columns["system.gpu.0.memoryAllocated"] = 100 * used / 85e9
        assert only(MemoryGrowth(), machine).evidence["capacity"] == pytest.approx(85e9, rel=0.02)

    @pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
    def test_one_step_up_is_no_growth(self, share):
        machine = made.healthy(14)
        machine.columns["system.gpu.0.memoryAllocatedBytes"][machine.after(share)] *= 2
        assert findings(MemoryGrowth(), machine) == []

    def test_growth_that_ended_is_none(self):
        machine = made.healthy(15)
        i = np.arange(len(machine.step))
        machine.columns["system.gpu.0.memoryAllocatedBytes"] += 15e9 * (1 - np.exp(-i / 40))
        assert findings(MemoryGrowth(), machine) == []

    def test_peaks_at_evaluations_are_none(self):
        machine = made.healthy(16)
        machine.columns["system.gpu.0.memoryAllocatedBytes"][::7] += 12e9
        assert findings(MemoryGrowth(), machine) == []

    def test_host_memory_grows_too(self):
        machine = made.healthy(17)
        machine.columns["system.proc.memory.percent"] = 20 + 50 * np.linspace(0, 1, len(machine.step))
        finding = only(MemoryGrowth(), machine)
        assert finding.message.startswith("Host memory grew")
        assert finding.evidence["full_at_step"] == pytest.approx(2600 * 80 / 50, rel=0.05)

    @pytest.mark.parametrize(("planned", "severity"), [(3000, Severity.INFO), (9000, Severity.WARNING)])
    def test_memory_that_lasts_beyond_the_planned_end_is_only_worth_knowing(self, planned, severity):
        machine = made.healthy(19)
        machine.columns["system.memory_percent"] = 40 + 18 * np.linspace(0, 1, len(machine.step))
        run = replace(machine.run(), config={"max_steps": planned})
        (finding,) = MemoryGrowth().check(run)
        assert finding.evidence["full_at_step"] == pytest.approx(2600 * 60 / 18, rel=0.05)
        assert finding.severity is severity
        assert ("after the planned end" in finding.message) == (severity is Severity.INFO)
        assert "GPU" not in finding.message

    def test_growth_that_takes_ten_runs_to_fill_is_only_worth_knowing(self):
        machine = made.healthy(19)
        machine.columns["system.memory_percent"] = 15 + 3 * np.linspace(0, 1, len(machine.step))
        assert [f.severity for f in findings(MemoryGrowth(), machine)] == [Severity.INFO]

    def test_a_short_log_is_not_judged(self):
        (said,) = MemoryGrowth().check(made.healthy(18, rows=14).run())
        assert isinstance(said, Skip)

    def test_a_leak_shows_in_thirty_samples(self):
        step = np.arange(30) * 20
        leak = 2**20 * (9000 + 24 * step + np.random.default_rng(4).normal(0, 60, 30))
        (found,) = MemoryGrowth().check(run_of({"system.gpu.0.memoryAllocatedBytes": leak}, step=step))
        assert found.severity is not Severity.INFO and "per 1,000 steps" in found.message

    def test_memory_that_only_wanders_is_quiet_in_short_logs(self):
        for seed in range(200):
            rng = np.random.default_rng(seed)
            level = 40e9 + 2e9 * rng.standard_normal(rng.integers(15, 40))
            run = run_of({"system.gpu.0.memoryAllocatedBytes": level}, step=np.arange(len(level)) * 10)
            assert not list(MemoryGrowth().check(run)), seed

    def test_caches_that_fill_and_settle_are_no_leak_in_short_logs(self):
        for rows in range(15, 40):
            level = 40e9 + 15e9 * (1 - np.exp(-np.arange(rows) / (rows / 8)))
            run = run_of({"system.gpu.0.memoryAllocatedBytes": level}, step=np.arange(rows) * 10)
            assert not list(MemoryGrowth().check(run)), rows


class TestUse:
    def test_start_up_is_not_held_against_it(self):
        machine = made.healthy(21)
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.gpu"][:18] = 0.0
        assert findings(GpuUnderused(), machine) == []

    def test_a_run_that_never_got_going_is_found(self):
        machine = made.healthy(22)
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.gpu"][:] = 15.0
        assert len(only(GpuUnderused(), machine).evidence["devices"]) == 4

    @pytest.mark.parametrize(("last", "told"), [(0, 0), (60, 1)])
    def test_what_was_sampled_after_the_last_step_is_not_held_against_it(self, last, told):
        """A notebook samples on when its training is over; `last` samples of it fall within the training."""
        machine = made.healthy(26)
        ends = 120
        machine.step[ends:] = machine.step[ends]
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.gpu"][ends - last :] = 2.0
        assert len(findings(GpuUnderused(), machine)) == told

    def test_three_quarters_busy_is_fine(self):
        machine = made.healthy(23)
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.gpu"] -= 22
        assert findings(GpuUnderused(), machine) == []

    def test_tensor_core_activity_is_not_held_against_it(self):
        machine = made.healthy(24)
        machine.columns["system.gpu.0.pipeTensorActive"] = np.full(len(machine.step), 25.0)
        machine.columns["system.gpu.0.memory"] = np.full(len(machine.step), 30.0)
        assert findings(GpuUnderused(), machine) == []

    def test_the_time_for_data_is_named(self):
        machine = made.healthy(25)
        made.starve(machine)
        machine.columns["time_metrics/data_loading(s)"] = np.full(len(machine.step), 1.25)
        assert "1.25 s" in only(GpuUnderused(), machine).message


class TestErrors:
    def test_what_a_program_can_cause_is_a_warning(self):
        machine = made.healthy(31)
        made.xid(machine, 31)
        assert only(GpuErrors(), machine).severity is Severity.WARNING

    def test_each_code_is_one_finding(self):
        machine = made.healthy(32)
        made.xid(machine, 48, gpu=0, share=0.5)
        made.xid(machine, 79, gpu=1, share=0.7)
        assert [f.evidence["xid"] for f in findings(GpuErrors(), machine)] == [48, 79]

    def test_what_was_there_before_is_history(self):
        machine = made.healthy(33)
        machine.columns["system.gpu.0.uncorrectedMemoryErrors"] = np.full(len(machine.step), 4.0)
        finding = only(GpuErrors(), machine)
        assert finding.severity is Severity.INFO and finding.steps is None

    def test_corrected_errors_only_count_in_masses(self):
        for count, severity in ((12, Severity.INFO), (100, Severity.WARNING)):
            machine = made.healthy(34)
            made.ecc(machine, count, corrected=True)
            assert only(GpuErrors(corrected=50), machine).severity is severity

    def test_a_counter_that_starts_again_is_no_error(self):
        machine = made.healthy(35)
        machine.columns["system.gpu.0.uncorrectedMemoryErrors"] = np.where(machine.after(0.5), 0.0, 3.0)
        assert loud(GpuErrors(), machine) == []


class TestPeers:
    def test_fewer_than_four_devices_are_not_compared(self):
        machine = made.healthy(41, gpus=3)
        made.odd_one(machine)
        assert all(isinstance(said, Skip) for said in GpuOutlier().check(machine.run()))

    def test_two_kinds_of_node_are_no_outliers(self):
        machine = made.healthy(42, gpus=8)
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.powerWatts"] *= 0.6
        assert findings(GpuOutlier(), machine) == []

    def test_a_cool_device_harms_nobody(self):
        machine = made.healthy(44, gpus=8)
        machine.columns["system.gpu.2.temp"] -= 18
        assert findings(GpuOutlier(), machine) == []

    def test_two_odd_devices_of_eight_are_two_findings(self):
        machine = made.healthy(43, gpus=8)
        made.odd_one(machine, gpu=2)
        made.odd_one(machine, gpu=6)
        assert [f.evidence["device"] for f in findings(GpuOutlier(), machine)] == ["gpu 2", "gpu 6"]


class TestClocks:
    def test_slow_clocks_without_work_are_fine(self):
        machine = made.healthy(51)
        idle = np.arange(len(machine.step)) % 50 < 12
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.smClock"][idle] = 345.0
            machine.columns[f"system.gpu.{gpu}.gpu"][idle] = 2.0
        assert findings(ClockThrottling(), machine) == []

    def test_without_loss_of_throughput_it_is_only_worth_knowing(self):
        machine = made.healthy(52)
        made.throttle(machine, slower=0.0)
        assert only(ClockThrottling(), machine).severity is Severity.INFO

    @pytest.mark.parametrize(("known", "severity"), [(True, Severity.WARNING), (False, Severity.INFO)])
    def test_where_nothing_tells_the_speed_a_clock_alone_is_only_worth_knowing(self, known, severity):
        machine = made.healthy(54)
        made.throttle(machine)
        run = machine.run()
        if not known:
            run = resolve(replace(run, series={n: s for n, s in run.series.items() if n.startswith("system.")}))
        (finding,) = [f for f in ClockThrottling().check(run) if isinstance(f, Finding)]
        assert finding.severity is severity

    @pytest.mark.parametrize("step", [0, 1])
    def test_the_minutes_of_an_idle_device_are_those_of_its_samples(self, step):
        """Also where no step was logged."""
        machine = made.healthy(27)
        machine.step[:] = machine.step * step
        for gpu in range(4):
            machine.columns[f"system.gpu.{gpu}.gpu"][:] = 15.0
        assert only(GpuUnderused(), machine).evidence["minutes"] > 60

    def test_the_driver_s_reasons_count_by_themselves(self):
        machine = made.healthy(53)
        rows = machine.after(0.5)
        machine.columns["gpu/0/throttle_thermal"] = np.where(rows, 1.0, 0.0)
        machine.columns["tokens_per_sec_per_gpu"][rows] *= 0.9
        finding = only(ClockThrottling(), machine)
        assert finding.severity is Severity.WARNING and "slowdown" in finding.message

    @pytest.mark.parametrize(
        ("bits", "count"),
        [(0x1, 0), (0x2, 0), (0x4, 0), (0x10, 0), (0x100, 0), (0x8, 1), (0x20, 1), (0x40, 1), (0x84, 1)],
    )
    def test_all_reasons_in_one_number_are_taken_apart(self, bits, count):
        machine = made.healthy(55, what="gpu")
        machine.columns["DCGM_FI_DEV_CLOCK_THROTTLE_REASONS.1"] = np.where(machine.after(0.5), float(bits), 0.0)
        assert len(findings(ClockThrottling(), machine)) == count

    def test_reasons_that_are_no_loss_do_not_count(self):
        machine = made.healthy(56, what="gpu")
        for name in ("gpu.0.clocks_event_reasons.gpu_idle", "gpu.1.clocks_event_reasons.applications_clocks_setting"):
            machine.columns[name] = np.ones(len(machine.step))
        assert findings(ClockThrottling(), machine) == []

    def test_a_counter_of_lost_time_counts_while_it_grows(self):
        machine = made.healthy(57, what="gpu")
        rows = machine.after(0.5) & ~machine.after(0.8)
        machine.columns["DCGM_FI_DEV_THERMAL_VIOLATION.2"] = 7e6 + 1e6 * np.cumsum(rows)
        (finding,) = findings(ClockThrottling(), machine)
        assert near(finding.steps, machine.span(rows))

    @pytest.mark.parametrize(("slower", "count"), [(0.0, 0), (0.06, 1)])
    def test_a_power_cap_counts_only_with_a_loss(self, slower, count):
        machine = made.healthy(54)
        rows = machine.after(0.5)
        machine.columns["gpu/0/throttle_power"] = np.where(rows, 1.0, 0.0)
        machine.columns["tokens_per_sec_per_gpu"][rows] *= 1 - slower
        assert len(findings(ClockThrottling(), machine)) == count


def test_one_of_256_devices_is_found():
    machine = made.healthy(61, gpus=256, rows=120, what="temp power clock")
    made.overheat(machine, gpu=77)
    run = machine.run()
    found = [f for rule in (GpuOverheating, GpuOutlier, ClockThrottling) for f in rule().check(run)]
    assert {d for f in found if f.code == "HW001" for d in f.evidence["devices"]} == {"gpu 77"}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("busy", "told"), [(0.0, []), (30.0, ["gpu 2"])])
def test_a_device_that_does_nothing_all_along_is_not_of_the_run(seed, busy, told):
    """Without `gpu.process` a shared machine's idle devices are known by their utilisation alone."""
    machine = made.healthy(seed, gpus=8)
    for name, value in (("gpu", busy), ("smClock", 210.0), ("powerWatts", 21.0), ("temp", 30.0)):
        machine.columns[f"system.gpu.2.{name}"][:] = value
    assert [f.evidence["device"] for f in findings(GpuOutlier(), machine)] == told


@pytest.mark.parametrize(("own", "told"), [("system.cpu.avg_temp", 1), ("system.ane.power", 0)])
def test_a_laptops_chip_has_no_limit_of_a_card(own, told):
    machine = made.healthy(1, gpus=1)
    made.overheat(machine, gpu=0, to=93.0)
    machine.columns[own] = np.zeros(len(machine.step))
    assert [f.evidence["kind"] for f in findings(GpuOverheating(), machine)].count("limit") == told


@pytest.mark.parametrize(
    ("power", "slower", "severity"), [(1.3, 0.0, "info"), (0.7, 0.0, "info"), (0.7, 0.05, "warning")]
)
def test_a_device_that_holds_nobody_back_is_information(power, slower, severity):
    """The first device of `DataParallel` gathers for the others."""
    machine = made.healthy(2, gpus=8)
    late = machine.after(0.4)
    machine.columns["system.gpu.0.powerWatts"][late] *= power
    machine.columns["tokens_per_sec_per_gpu"][late] *= 1 - slower
    (finding,) = findings(GpuOutlier(), machine)
    assert finding.severity.value == severity


@pytest.mark.parametrize(("level", "severity"), [(5.0, "info"), (45.0, "info"), (70.0, "warning")])
def test_memory_that_would_be_full_after_twice_as_long_again_is_a_warning(level, severity):
    machine = made.healthy(1, gpus=1, what="temp")
    share = np.linspace(0, 1, len(machine.step))
    machine.columns["system.memory_percent"] = level * (0.5 + 0.5 * share) + 0.001 * machine.rng.standard_normal(
        len(share)
    )
    (finding,) = findings(MemoryGrowth(), machine)
    assert finding.severity.value == severity
