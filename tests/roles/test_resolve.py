"""Whole runs: the choice for each role, units, the step axis, what is derived, and what the user says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from runlens.errors import ConfigError
from runlens.model import Run, Series
from runlens.roles import resolve
from runlens.roles.rates import has_speed_of_evaluation

N = 200
STEP = np.arange(N) * 10
TIME = 1.7e9 + np.arange(N) * 5.0
LOSS = 3.0 + 5.0 * (1 + np.arange(N)) ** -0.5


def series(name, value, step=STEP, time_=TIME):
    value = np.broadcast_to(np.asarray(value, float), (len(step),)).copy()
    return Series(name, step, time_[: len(step)] if len(time_) >= len(step) else np.full(len(step), np.nan), value)


def run(columns, config=None, run_id="r", **fields):
    made = {n: v if isinstance(v, Series) else series(n, v) for n, v in columns.items()}
    return Run(run_id, run_id, run_id, series=made, config=config or {}, **fields)


def names(resolved, role):
    return [r.series.name for r in resolved.every(role)]


class TestChoice:
    def test_the_training_loss_is_the_long_curve_not_its_evaluation_on_training_data(self):
        few = series("train/loss", 2.0, STEP[::20], TIME[::20])
        found = resolve(run({"train/loss": few, "loss": LOSS, "validation/loss": 2.5, "grad_norm": 1.0}))
        assert found.role("train_loss").series.name == "loss"
        assert names(found, "eval_loss") == ["validation/loss"]

    def test_the_mean_of_the_whole_run_is_not_the_curve(self):
        found = resolve(run({"train/loss": LOSS, "train_loss": 2.2, "train/learning_rate": 1e-3, "train/epoch": 1.0}))
        assert names(found, "train_loss") == ["train/loss"]
        assert found.framework == "HF transformers Trainer"

    def test_a_loss_beats_an_error_that_is_the_loss_of_boosting(self):
        assert resolve(run({"train_rmse": LOSS, "train_loss": LOSS**2})).role("train_loss").series.name == "train_loss"
        assert resolve(run({"train-rmse": LOSS})).role("train_loss").series.name == "train-rmse"

    def test_raw_gradient_norm_beats_the_clipped_one(self):
        columns = {"learning/loss": LOSS, "learning/lm_loss": LOSS, "perf/step_time_seconds": 0.5}
        found = resolve(run({**columns, "learning/grad_norm": 1.0, "learning/raw_grad_norm": 3.0}))
        assert found.role("grad_norm").series.name == "learning/raw_grad_norm"
        assert found.role("train_loss").series.name == "learning/lm_loss"

    def test_parameter_norms_never_stand_for_the_global_one(self):
        columns = {f"l2_norm/grad/layers.{i}.weight": 1.0 for i in range(30)}
        found = resolve(run({**columns, "l2_norm/grad/global": 2.0, "loss/train/total": LOSS}))
        assert found.role("grad_norm").series.name == "l2_norm/grad/global"

    def test_twins_over_samples_are_left_out(self):
        over = series("lm loss vs samples", LOSS, STEP * 512)
        found = resolve(run({"lm loss": LOSS, "lm loss vs samples": over, "grad-norm": 1.0, "learning-rate": 1e-3}))
        assert names(found, "train_loss") == ["lm loss"]

    def test_reinforcement_learning_has_no_training_loss(self):
        found = resolve(run({"train/loss": LOSS - 3, "rollout/ep_rew_mean": 1.0, "train/learning_rate": 1e-3}))
        assert found.role("train_loss") is None
        assert "reinforcement learning" in next(r.why for r in found.every("other") if r.series.name == "train/loss")

    def test_preference_tuning_keeps_its_loss(self):
        found = resolve(run({"train/loss": LOSS, "train/rewards/chosen": 1.0, "train/rewards/margins": 1.0}))
        assert found.role("train_loss").series.name == "train/loss"

    def test_a_plain_table_resolves(self):
        columns = {"loss": LOSS, "lr": 1e-3, "grad_norm": 1.0, "tokens": STEP * 1e6, "dt": 0.5}
        found = resolve(run(columns))
        picked = {role: found.role(role).series.name for role in found.roles if not found.role(role).derived}
        assert picked == {
            "train_loss": "loss", "learning_rate": "lr", "grad_norm": "grad_norm", "tokens": "tokens",
            "step_time": "dt",
        }  # fmt: skip

    def test_names_without_meaning_are_left_alone(self):
        found = resolve(run({"foo": 1.0, "bar/baz": 2.0}))
        assert dict(found.roles) == {}
        assert found.hardware_count == 0 and found.framework == ""

    def test_an_empty_run_resolves_to_nothing(self):
        assert dict(resolve(Run("r", "r", "r")).roles) == {}
        empty = Series("loss", np.empty(0, int), np.empty(0), np.empty(0))
        assert len(resolve(Run("r", "r", "r", series={"loss": empty})).role("train_loss").series) == 0

    def test_the_folder_tells_the_split_of_keras(self):
        assert resolve(run({"epoch_loss": LOSS}, run_id="logs/validation")).role("eval_loss") is not None
        assert resolve(run({"epoch_loss": LOSS}, run_id="logs/train")).role("train_loss") is not None


class TestUnits:
    @pytest.mark.parametrize(
        ("name", "logged", "role", "value", "unit"),
        [
            ("time_per_iteration_ms", 480.0, "step_time", 0.48, "s"),
            ("memory/max_reserved(GiB)", 2.0, "gpu_memory", 2.0 * 2**30, "bytes"),
            ("memory/max_reserved(%)", 40.0, "gpu_memory", 40.0, "%"),
            ("mem-allocated-bytes", 5e9, "gpu_memory", 5e9, "bytes"),
            ("mfu(%)", 41.0, "mfu", 0.41, "fraction"),
            ("my/mfu", 0.41, "mfu", 0.41, "fraction"),
            ("my/mfu", 41.0, "mfu", 0.41, "fraction"),
            ("throughput/device/flopsPS", 4e14, "tflops", 400.0, "TFLOP/s"),
            ("throughput/gflops_per_second", 4e5, "tflops", 400.0, "TFLOP/s"),
            ("train/lr(1e-3)", 0.3, "learning_rate", 3e-4, "1"),
            ("kt/s", 12.0, "tokens_per_second", 12_000.0, "tokens/s"),
            ("system.gpu.0.temp", 60.0, "gpu_temperature", 60.0, "C"),
            ("memory/power_draw", 500_000.0, "gpu_power", 500.0, "W"),
            ("DCGM_FI_PROF_SM_ACTIVE.0", 0.5, "gpu_utilization", 50.0, "%"),
        ],
    )
    def test_values_come_in_the_canonical_unit(self, name, logged, role, value, unit):
        r = resolve(run({name: logged, "loss": LOSS})).role(role)
        assert r.series.name == name
        assert r.series.value[0] == pytest.approx(value)
        assert r.unit == unit

    def test_a_step_time_without_unit_is_read_off_the_clock(self):
        assert resolve(run({"loss": LOSS, "dt": 500.0})).role("step_time").series.value[0] == pytest.approx(0.5)
        assert resolve(run({"loss": LOSS, "dt": 0.5})).role("step_time").series.value[0] == pytest.approx(0.5)

    def test_a_log_written_again_at_once_does_not_turn_seconds_into_milliseconds(self):
        fast = 1.7e9 + np.arange(N) * 0.005
        columns = {"loss": series("loss", LOSS, STEP, fast), "dt": series("dt", 0.5, STEP, fast)}
        assert resolve(run(columns)).role("step_time").series.value[0] == 0.5

    def test_losses_in_bits_become_nats(self):
        found = resolve(run({"loss": LOSS, "ppl": 2**LOSS}))
        assert found.role("train_loss").series.value == pytest.approx(LOSS * np.log(2))
        assert resolve(run({"loss": LOSS, "ppl": np.exp(LOSS)})).role("train_loss").series.value == pytest.approx(LOSS)

    def test_percent_accuracies_become_fractions_but_error_rates_above_one_stay(self):
        assert resolve(run({"eval/hellaswag/acc": 43.5})).role("eval_score").series.value[0] == pytest.approx(0.435)
        assert resolve(run({"eval/hellaswag/acc": 0.435})).role("eval_score").series.value[0] == 0.435
        early = np.where(np.arange(N) < 5, 3.0, 0.1)
        assert resolve(run({"val_wer": early})).role("eval_score").series.value.max() == 3.0

    def test_tokens_that_do_not_grow_are_a_batch_size(self):
        found = resolve(run({"loss": LOSS, "num_tokens": 4096.0}))
        assert found.role("batch_size").unit == "tokens"
        assert found.role("tokens").derived and found.role("tokens").series.value[-1] == STEP[-1] * 4096


class TestStepAxis:
    def test_a_call_counter_is_read_through_the_step_series(self):
        calls = np.arange(N)
        columns = {
            "train/loss": series("train/loss", LOSS, calls),
            "train/global_step": series("train/global_step", STEP + 10.0, calls),
            "eval/loss": series("eval/loss", LOSS[49::50], calls[49::50], TIME[49::50]),
        }
        found = resolve(run(columns))
        assert np.array_equal(found.role("train_loss").series.step, STEP + 10)
        assert np.array_equal(found.role("eval_loss").series.step, (STEP + 10)[49::50])

    def test_the_metric_that_the_log_defines_as_step_comes_first(self):
        calls = np.arange(N)
        columns = {
            "loss": series("loss", LOSS, calls),
            "opt": series("opt", STEP, calls),
            "step": series("step", 1.0 * calls, calls),
        }
        found = resolve(run(columns, step_metric="opt"))
        assert np.array_equal(found.role("train_loss").series.step, STEP)

    def test_a_resume_whose_counter_starts_again_keeps_its_steps(self):
        calls = np.concatenate([np.arange(120), np.arange(80)])
        real = np.concatenate([np.arange(120) * 10, 1000 + np.arange(80) * 10])
        columns = {"loss": series("loss", LOSS, calls), "train/global_step": series("train/global_step", real, calls)}
        assert np.array_equal(resolve(run(columns)).role("train_loss").series.step, real)

    def test_epochs_are_placed_by_wall_time(self):
        ends = np.array([49, 99, 149, 199])
        columns = {"loss": LOSS, "val/loss": series("val/loss", LOSS[ends], np.arange(4), TIME[ends] + 0.5)}
        found = resolve(run(columns)).role("eval_loss")
        assert np.array_equal(found.series.step, STEP[ends])
        assert "wall time" in found.why

    def test_an_eval_that_was_written_late_keeps_its_step(self):
        columns = {"loss": LOSS, "eval/loss": series("eval/loss", [3.0, 2.5], np.array([500, 1000]), TIME[[120, 199]])}
        assert resolve(run(columns)).role("eval_loss").series.step.tolist() == [500, 1000]

    def test_system_metrics_are_joined_by_time(self):
        own = series("system.gpu.0.temp", 60.0, np.arange(40), TIME[::5])
        found = resolve(run({"loss": LOSS, "system.gpu.0.temp": own})).role("gpu_temperature")
        assert np.array_equal(found.series.step, STEP[::5])
        assert found.device == "gpu 0"

    def test_micro_batches_become_steps(self):
        micro = np.arange(N) * 8
        columns = {
            "loss": series("loss", LOSS, micro), "iter_time": series("iter_time", 0.1, micro),
            "step": series("step", np.arange(N), micro), "total_tokens": series("total_tokens", micro * 1e5, micro),
        }  # fmt: skip
        found = resolve(run(columns))
        assert np.array_equal(found.role("train_loss").series.step, np.arange(N))
        assert found.role("step_time").series.value == pytest.approx(0.8)

    def test_a_second_writer_of_a_name_stands_behind_the_first(self):
        found = resolve(run({"loss": LOSS, "loss (writer 2)": LOSS}))
        assert names(found, "train_loss") == ["loss", "loss (writer 2)"]
        assert found.every("train_loss")[1].device == "writer 2"

    def test_samples_are_divided_by_the_batch_size(self):
        name = "Train/Samples/train_loss"
        columns = {name: series(name, LOSS, STEP * 64)}
        found = resolve(run(columns, config={"train_batch_size": 64}))
        assert np.array_equal(found.role("train_loss").series.step, STEP)
        assert "batch size 64" in found.role("train_loss").why


class TestDerived:
    def test_step_time_comes_from_wall_time(self):
        found = resolve(run({"loss": LOSS})).role("step_time")
        assert found.derived and "wall time" in found.why
        assert found.series.value == pytest.approx(0.5)

    def test_writing_in_bursts_does_not_show(self):
        bursts = 1.7e9 + np.arange(N) // 5 * 25.0
        found = resolve(run({"loss": series("loss", LOSS, STEP, bursts)})).role("step_time")
        assert found.series.value == pytest.approx(0.5, rel=0.01)

    def test_one_long_gap_is_no_burst(self):
        hang = TIME + np.where(np.arange(N) >= 100, 36_000.0, 0.0)
        found = resolve(run({"loss": series("loss", LOSS, STEP, hang)})).role("step_time")
        assert len(found.series) == N - 1
        assert float(np.median(found.series.value)) == pytest.approx(0.5)

    def test_tokens_per_second_comes_from_tokens_and_wall_time(self):
        found = resolve(run({"loss": LOSS, "consumed_tokens": STEP * 1e6})).role("tokens_per_second")
        assert found.derived and found.series.value == pytest.approx(2e6)

    def test_tokens_come_from_the_configuration(self):
        found = resolve(run({"loss": LOSS}, config={"data": {"seq_length": 2048}, "global_batch_size": {"value": 256}}))
        assert found.role("tokens").series.value[-1] == STEP[-1] * 2048 * 256
        assert found.role("tokens").derived

    def test_tokens_come_from_the_twin_over_tokens(self):
        main, twin = "lm-loss-training/lm loss", "lm-loss-training/lm loss vs tokens"
        columns = {main: LOSS, twin: series(twin, LOSS, STEP * 4096)}
        found = resolve(run(columns)).role("tokens")
        assert np.array_equal(found.series.value, STEP * 4096.0)

    def test_nothing_is_invented(self):
        found = resolve(run({"lm loss": LOSS, "grad-norm": 1.0, "learning-rate": 1e-3, "iteration-time": 0.5}))
        assert found.role("tokens") is None and found.role("tokens_per_second") is None

    def test_a_running_mean_is_turned_into_a_rate(self):
        elapsed = TIME - TIME[0] + 5.0
        rate = np.where(np.arange(N) < 100, 1000.0, 500.0)
        mean = np.cumsum(rate * 5.0) / elapsed
        columns = {"train/loss": LOSS, "train/global_step": STEP, "train/train_tokens_per_second": mean}
        found = resolve(run(columns)).role("tokens_per_second")
        assert found.cumulative
        assert found.series.value[-1] == pytest.approx(500.0) and found.series.value[10] == pytest.approx(1000.0)

    def test_parts_of_a_loss_are_summed_where_no_total_is_logged(self):
        columns = {"train/box_loss": LOSS, "train/cls_loss": 2 * LOSS, "train/dfl_loss": 0.5, "lr/pg0": 1e-2}
        found = resolve(run(columns)).role("train_loss")
        assert found.derived and found.series.value == pytest.approx(3 * LOSS + 0.5)
        assert resolve(run({**columns, "train/loss": LOSS})).role("train_loss").series.name == "train/loss"

    def test_the_only_loss_is_the_loss(self):
        found = resolve(run({"style_loss": LOSS, "lr": 1e-3})).role("train_loss")
        assert found.series.name == "style_loss" and found.confidence == 0.5

    def test_devices_are_counted(self):
        gpus = {f"system.gpu.{i}.temp": 60.0 for i in range(8)}
        assert resolve(run({"loss": LOSS, **gpus})).hardware_count == 8
        assert resolve(run({"loss": LOSS, **gpus}, config={"world_size": 64})).hardware_count == 64
        own = {"system.gpu.process.0.temp": 60.0}
        assert resolve(run({"loss": LOSS, **gpus, **own})).hardware_count == 1
        both = {"tokens_per_sec": 16_000.0, "tokens_per_sec_per_gpu": 1000.0}
        assert resolve(run({"lm_loss": LOSS, **both})).hardware_count == 16

    def test_fields_of_nvidia_smi_with_an_index_are_devices(self):
        fields = {"temperature.gpu": "gpu_temperature", "power.draw": "gpu_power", "clocks.sm": "gpu_clock"}
        found = resolve(run({"loss": LOSS, **{f"{field}.{i}": 50.0 + i for field in fields for i in range(3)}}))
        for role in fields.values():
            assert sorted(r.device for r in found.every(role)) == ["gpu 0", "gpu 1", "gpu 2"]
        assert found.hardware_count == 3

    @pytest.mark.parametrize("timer", ["rank{}/fwd_ms", "bwd_ms_rank{}", "timers/forward-compute/rank_{}"])
    def test_timers_of_a_rank_are_those_of_that_rank(self, timer):
        found = resolve(run({"loss": LOSS, **{timer.format(i): 9.0 for i in range(4)}})).every("other")
        assert [(r.device, r.scope) for r in found] == [(f"rank {i}", "per_rank") for i in range(4)]


class TestSpeedOfEvaluation:
    @pytest.mark.parametrize(
        "name",
        ["eval/samples_per_second", "eval_samples_per_second", "val/tokens_per_sec", "val/step_time", "eval/tflops"],
    )
    def test_it_is_no_speed_of_training(self, name):
        found = resolve(run({"loss": LOSS, name: 100.0}))
        assert not any(name in names(found, role) for role in found.roles if role != "other")

    def test_a_rate_of_training_beside_it_is(self):
        found = resolve(run({"loss": LOSS, "eval/samples_per_second": 100.0, "train/samples_per_second": 50.0}))
        assert names(found, "samples_per_second") == ["train/samples_per_second"]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("eval/samples_per_second", True), ("valSamplesPerSec", True), ("val/it_per_s", True), ("eval/loss", False),
            ("train/samples_per_second", False), ("eval/samples_per_secondary", False), ("eval/reward_per_sec", False),
        ],
    )  # fmt: skip
    def test_it_is_known_by_its_name(self, name, said):
        assert has_speed_of_evaluation(["loss", name]) is said


class TestOverride:
    def test_the_user_comes_first(self):
        found = resolve(run({"loss": LOSS, "mine/odd": LOSS + 1}), {"train_loss": "mine/odd"})
        assert names(found, "train_loss") == ["mine/odd", "loss"]
        assert found.role("train_loss").confidence == 1.0
        assert found.role("train_loss").origin == "user"
        assert found.role("train_loss").why.startswith("named by the user")

    @pytest.mark.parametrize(
        ("own", "role"),
        [("eval/steps_time", "step_time"), ("eval/tokens_per_sec", "tokens_per_second"), ("seen", "tokens")],
    )
    @pytest.mark.parametrize("points", [1, N])
    def test_nothing_computed_comes_before_what_the_user_named(self, own, role, points):
        columns = {"loss": LOSS, "consumed_tokens": STEP * 4096.0, own: series(own, STEP[:points] + 1.0, STEP[:points])}
        found = resolve(run(columns), {role: own})
        assert names(found, role)[0] == own
        assert found.role(role).origin == "user" and found.role(role).split == "train"

    def test_a_twin_that_the_user_names_is_no_twin(self):
        over = series("lm loss vs samples", LOSS, STEP * 512)
        found = resolve(run({"lm loss": LOSS, "lm loss vs samples": over}), {"train_loss": "lm loss vs samples"})
        assert found.role("train_loss").series.name == "lm loss vs samples"

    def test_the_named_counter_is_the_step_before_any_other(self):
        columns = {
            "loss": series("loss", LOSS, np.arange(N)),
            "train/global_step": 10.0 * np.arange(N),
            "mine": 7.0 * np.arange(N),
        }
        columns = {n: series(n, getattr(v, "value", v), np.arange(N)) for n, v in columns.items()}
        assert resolve(run(columns)).role("train_loss").series.step[-1] == 10 * (N - 1)
        assert resolve(run(columns), {"step": "mine"}).role("train_loss").series.step[-1] == 7 * (N - 1)

    def test_one_series_cannot_play_two_roles(self):
        with pytest.raises(ConfigError, match="train_loss and eval_loss"):
            resolve(run({"loss": LOSS}), {"train_loss": "loss", "eval_loss": "loss"})

    def test_the_origin_is_said_of_every_series(self):
        columns = {
            "loss": LOSS, "train/global_step": STEP * 1.0, "hellaswag": 0.4, "eval/arc/acc_norm": 0.3,
            "gpu.0.temp": 60.0, "box_loss": 1.0, "consumed_tokens": STEP * 4096.0, "my_throughput_tokens_per_sec": 9.0,
        }  # fmt: skip
        found = resolve(run(columns))
        said = {r.series.name: r.origin for group in found.roles.values() for r in group}
        assert set(columns) <= set(said) and all(said.values())
        assert said["hellaswag"] == said["eval/arc/acc_norm"] == "task"
        assert said["step_time (derived)"] == "derived" and said["train/global_step"] == "table"

    def test_a_series_leaves_its_former_role(self):
        found = resolve(run({"loss": LOSS, "val/loss": LOSS}), {"train_loss": "val/loss"})
        assert found.role("train_loss").series.name == "val/loss"
        assert found.role("eval_loss") is None

    def test_the_user_overrules_reinforcement_learning(self):
        columns = {"train/loss": LOSS, "rollout/ep_rew_mean": 1.0}
        assert resolve(run(columns), {"train_loss": "train/loss"}).role("train_loss") is not None

    @pytest.mark.parametrize(
        ("override", "hint"),
        [({"trainloss": "loss"}, "'train_loss'"), ({"train_loss": "los"}, "'loss'"), ({"train_loss": "zzz"}, "zzz")],
    )
    def test_what_does_not_exist_is_refused_with_near_names(self, override, hint):
        with pytest.raises(ConfigError, match=hint):
            resolve(run({"loss": LOSS}), override)


LAYERS = {
    "lm loss": LOSS, "grad-norm": 1.0,
    **{f"params-norm/layers.{i}.{part}.weight": 1.0 for i in range(120) for part in ("qkv", "proj", "fc1", "fc2")},
    **{f"system.gpu.{g}.{what}": 50.0 for g in range(64) for what in ("temp", "powerWatts", "gpu", "smClock")},
    **{f"act/{what}/layers.{i}": 1.0 for what in ("std", "mean", "max", "kurtosis") for i in range(315)},
}  # fmt: skip
ERRORS = {f"{split}/mse of joint {i}": 1.0 for split in ("train", "val") for i in range(1000)}
SCORES = {f"class {i}/{what}": 0.5 for what in ("precision", "f1") for i in range(1000)}


@pytest.mark.parametrize(
    ("columns", "most"), [(LAYERS, 400), (ERRORS, 800), (SCORES, 800)], ids=["layers", "errors", "scores"]
)
def test_two_thousand_names_cost_little(columns, most):
    big = run(columns)
    assert len(big.series) >= 1990
    resolve(run({"loss": LOSS}))
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        resolve(big)
    finally:
        sys.setprofile(None)
    assert calls < most * len(big.series), "40 to 65 % now: the work for a name does not grow with their number"


def test_nothing_heavy_is_imported():
    heavy = "pandas", "scipy", "pyarrow", "tensorboard", "wandb", "matplotlib", "numpy.ma"
    code = (
        "import sys, numpy; had = set(sys.modules); import runlens.roles; "  # numpy 1 loads numpy.ma by itself
        f"print([m for m in {heavy} if m in sys.modules and m not in had])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
