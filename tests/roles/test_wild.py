"""Roles in logs as people and frameworks write them: which series is the training loss, and which is none."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import components, resolve
from runlens.roles.names.frameworks import recognise
from runlens.roles.rl import rl_sign

N = 60


def curve(seed, low=1.0, high=3.0, n=N):
    rng = np.random.default_rng(seed)
    return low + (high - low) * np.exp(-np.arange(n) / 15) + 0.01 * rng.standard_normal(n)


def logged(seconds=1.0, every=10, **values):
    """A run with these series at every tenth step; a name may hold any sign as a key of a dict."""
    made = {}
    for name, value in values.items():
        value = np.asarray(value, float)
        step = np.arange(len(value)) * every * (N // max(len(value), 1))
        made[name] = Series(name, step, 1.7e9 + seconds * step, value)
    return Run("r", "r", "r", series=made)


def loss_of(run):
    role = resolve(run).role("train_loss")
    return role.series.name if role is not None else None


def test_a_loss_named_as_the_total_wins_over_its_parts():
    parts = {"train/2.train_loss_x": curve(1), "train/3.train_loss_u": curve(2)}
    total = parts["train/2.train_loss_x"] + parts["train/3.train_loss_u"]
    assert loss_of(logged(**{"train/1.train_loss": total}, **parts)) == "train/1.train_loss"
    assert loss_of(logged(ce_loss=curve(1), kd_loss=curve(2), total_loss=curve(1) + curve(2))) == "total_loss"
    assert loss_of(logged(loss=curve(1) + curve(2), loss_cls=curve(1), loss_bbox=curve(2))) == "loss"


def test_a_part_that_is_the_sum_of_the_others_is_the_total():
    box, cls = curve(1), curve(2)
    assert loss_of(logged(**{"t/box_loss": box, "t/cls_loss": cls, "t/reg_loss": box + cls})) == "t/reg_loss"


def test_a_sum_is_made_of_real_parts_only():
    parts = {"train/box_loss": curve(1), "train/obj_loss": curve(2), "train/cls_loss": curve(3)}
    others = {
        "train/raw_obj_loss": curve(2) * 9, "train/box_loss_ema": curve(4), "train/avg_cls_loss": curve(5),
        "aux/mask_loss": curve(6), "train/mask_loss": curve(7, n=20), "train/obj_loss_weight": np.full(N, 0.5),
    }  # fmt: skip
    found = resolve(logged(**parts, **others)).role("train_loss")
    assert found.derived and found.confidence < 0.6
    np.testing.assert_allclose(found.series.value, sum(parts.values()))


@pytest.mark.parametrize(
    "losses",
    [
        {"adv_loss": 300 * (curve(1) - 2), "adv_patch_loss": 90 * (curve(2) - 2), "recon_loss": curve(3)},
        {"wgan_loss": curve(1), "recon_loss": curve(2)},
        {"loss_real": curve(1), "loss_fake": curve(2), "gradient_penalty_loss": curve(3)},
    ],
)
def test_adversarial_losses_make_no_descent(losses):
    assert loss_of(logged(**losses)) is None


@pytest.mark.parametrize("name", ["loss_weight", "train/kl_coef_loss", "loss_lambda", "losses/obj_scale", "loss_scale"])
def test_weights_and_scales_are_no_loss(name):
    assert loss_of(logged(**{name: np.full(N, 0.5), "other": curve(1)})) is None


RL = [
    ["Environment/Cumulative Reward", "Losses/Policy Loss", "Losses/Value Loss", "Policy/Entropy"],  # Unity ML-Agents
    ["env_runners/episode_return_mean", "learners/default_policy/total_loss"],  # RLlib
    ["ray/tune/episode_reward_mean", "ray/tune/info/learner/default_policy/learner_stats/total_loss"],
    ["rollout/ep_rew_mean", "train/loss", "train/value_loss"],  # SB3
    ["charts/episodic_return", "losses/td_loss", "losses/q_values"],  # CleanRL
    ["actor/pg_loss", "critic/score/mean", "actor/entropy"],  # verl
    ["train/reward", "train/policy_loss", "train/response_length"],  # OpenRLHF
    ["policy/policy_loss", "reward/avg_raw_reward"],  # SkyRL
    ["loss", "reward", "reward_std", "completion_length", "kl"],  # GRPO of TRL, as it prints
    ["actor_loss", "critic_loss", "alpha", "episode"],  # SAC by hand
    ["policy_loss", "value_loss", "total_loss"],
    ["Reward 1", "Reward 2", "Critic Loss 1", "Critic Loss 2", "Actor Loss 1", "Actor Loss 2"],  # several agents
    ["loss", "kl", "entropy", "explained_var_old", "explained_var_new"],  # AlphaZero for Gomoku, and what grew from it
    ["avg_loss", "total_reward", "detection_rate"],  # a DQN by hand, a row an episode
    ["loss", "reward"],
    ["episode/MSE Loss", "episode/Return"],  # NAF
    ["loss", "mean_reward", "lr"],
    ["Loss", "Return", "eval_return"],
    ["LossPi", "LossV", "EpLen"],  # Spinning Up
    ["AverageEpRet", "LossQ"],
    ["Score", "Average Score", "Epsilon", "Loss"],
    ["loss", "return_mean", "test_return_mean"],  # PyMARL
]


@pytest.mark.parametrize("names", RL, ids=[names[0] for names in RL])
def test_losses_of_reinforcement_learning_are_no_descent(names):
    run = logged(**{name: curve(i) for i, name in enumerate(names)})
    assert rl_sign(run.series) and loss_of(run) is None


@pytest.mark.parametrize(
    "names",
    [
        ["train/loss", "val/loss", "reward"],
        ["loss", "reward", "accuracy"],
        ["train/loss", "train/rewards/chosen", "train/rewards/rejected", "train/rewards/margins"],  # DPO
        ["train/loss", "train/entropy", "train/mean_token_accuracy"],  # SFT of TRL
        ["loss", "kl_loss", "entropy"],  # VAE, distillation
    ],
)
def test_supervised_losses_stay_beside_a_word_of_reinforcement_learning(names):
    run = logged(**{name: curve(i) for i, name in enumerate(names)})
    assert rl_sign(run.series) == "" and loss_of(run) == names[0]


def test_one_name_is_no_framework():
    assert recognise({"iter_time", "policy_loss"}) == ()
    assert recognise({"iter_time", "iter_num"}) or recognise({"iter_time", "total_tokens"})
    assert recognise({"train/box_loss", "foo"}) == ()


def test_scores_of_training_batches_and_counts_are_no_evals():
    made = logged(
        total_loss=curve(1), lr=np.full(N, 1e-3), data_time=np.full(N, 0.02), time=np.full(N, 0.5),
        **{"fast_rcnn/cls_accuracy": 1 - curve(2) / 4, "roi_head/num_bg_samples": 500 + curve(3)},
    )  # fmt: skip
    found = resolve(made)
    assert found.role("eval_score") is None and found.role("samples") is None
    sparse = logged(
        total_loss=curve(1), **{"hellaswag/acc": np.linspace(0.3, 0.5, 6), "codechoice/acc": np.ones(6) / 2}
    )
    assert {r.series.name for r in resolve(sparse).every("eval_score")} == {"hellaswag/acc", "codechoice/acc"}


def test_a_step_time_in_the_wrong_unit_is_found_by_the_clock_and_said():
    made = logged(0.096, 1, **{"lm loss": curve(1), "grad-norm": curve(2), "iteration-time": np.full(N, 96.0)})
    found = resolve(made).role("step_time")
    assert found.series.value[0] == pytest.approx(0.096) and "in ms by the wall time" in found.why
    right = logged(0.096, 1, **{"lm loss": curve(1), "grad-norm": curve(2), "iteration-time": np.full(N, 0.096)})
    assert resolve(right).role("step_time").series.value[0] == pytest.approx(0.096)
    seconds = logged(0.3, 1, loss=curve(1), time_per_iteration_ms=np.full(N, 0.3))
    assert resolve(seconds).role("step_time").series.value[0] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("train/loss", ""), ("train/loss_ema", "exponential"), ("smoothed_loss", "exponential"),
        ("running_loss", "window"), ("batch_loss", "since the epoch began"), ("avg_loss", "mean"),
    ],
)  # fmt: skip
def test_running_means_say_their_kind(name, kind):
    found = resolve(logged(**{name: curve(1)})).role("train_loss")
    assert found.series.name == name and found.smoothed == kind
    assert (f"smoothed ({kind})" in found.why) is bool(kind)


with (Path(__file__).parent / "catalogue.csv").open(encoding="utf-8", newline="") as file:
    FRAMEWORKS = defaultdict(list)
    for row in csv.DictReader(file):
        if "{" not in row["key"]:
            FRAMEWORKS[row["framework"], row["run"]].append(row)

DECIDING = ("train_loss", "eval_loss", "grad_norm", "learning_rate", "tokens_per_second", "step_time", "tokens")


def values_of(row, i):
    """Values such as a series of that role and unit has."""
    count = np.arange(1, N + 1, dtype=float)
    size = {"ms": 300.0, "us": 3e5}.get(row["unit"].split()[0] if row["unit"] else "", 0.3)
    return {
        "step": count * 10, "tokens": count * 1e6, "samples": count * 320, "epoch": np.floor(count / 20),
        "step_time": np.full(N, size), "learning_rate": np.full(N, 1e-4), "grad_norm": curve(i),
        "tokens_per_second": np.full(N, 3e5), "batch_size": np.full(N, 320.0),
    }.get(row["role"], curve(i))  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda key: "|".join(filter(None, key)))
def test_a_log_of_each_framework_has_its_roles(framework):
    rows = FRAMEWORKS[framework]
    made = {row["key"]: Series(row["key"], np.arange(1, N + 1) * 10, 1.7e9 + 3.0 * np.arange(N), values_of(row, i))
            for i, row in enumerate(rows)}  # fmt: skip
    said = {row["key"]: row["role"] for row in rows}
    run = resolve(Run(framework[1] or "r", "r", "r", series=made))
    reinforced = bool(rl_sign(made))
    for role in DECIDING:
        logged = [key for key, is_role in said.items() if is_role == role]
        found = run.role(role)
        if role == "train_loss" and reinforced:
            assert found is None
        elif found is not None and not found.derived:
            of_role = ("eval_loss", "eval_score") if role == "eval_loss" else (role,)  # bits per byte are both
            assert said[found.series.name] in of_role, (role, found.series.name)
        elif role in ("train_loss", "grad_norm", "learning_rate") and logged:
            assert found is not None, (role, logged)


@pytest.mark.parametrize(
    "name",
    [
        "Loss/Training",
        "losses/train",
        "cost",
        "train/cost",
        "Loss/train_epoch",
        "avg_losses/train",
        "tr_loss",
        "loss_tr",
    ],
)
def test_a_loss_of_training_by_either_word_is_the_training_loss(name):
    assert loss_of(logged(**{name: curve(1), "Loss_Encoder/Training": curve(2), "Loss/Evaluation": curve(3)})) == name


def test_settings_of_an_evaluation_are_no_scores():
    names = ("steps_per_validation", "val_every", "eval_interval", "test_only")
    found = resolve(logged(loss=curve(1), **{n: np.full(N, 5.0) for n in names}))
    assert not found.every("eval_score")


@pytest.mark.parametrize(("points", "told"), [(7, True), (8, False)])
def test_times_at_a_single_step_are_those_of_another_loop(points, told):
    run = logged(loss=curve(1))
    one = Series("time", np.full(points, 500), np.full(points, np.nan), np.arange(1.0, points + 1.0) ** 3)
    found = resolve(Run("r", "r", "r", series={**run.series, "time": one}))
    assert any(r.series.name == "time" for r in found.every("step_time")) == told


def test_what_detr_logs_of_its_layers_is_read_by_the_name_before_it():
    names = ("test/class_error", "test/loss_bbox_3_unscaled")
    counted = "test/cardinality_error_3_unscaled"  # how many boxes were told: "not really a loss", DETR says
    found = resolve(logged(loss=curve(1), **{n: curve(i, n=12) for i, n in enumerate((*names, counted))}))
    ways = {r.series.name: r.direction for role in ("eval_loss", "eval_score") for r in found.every(role)}
    assert ways == dict.fromkeys(names, "down")


def test_what_weighs_precision_and_recall_is_the_score_before_them():
    names = ("metrics/recall", "metrics/precision", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95")
    found = resolve(
        logged(**{"train/box_loss": curve(1), **{n: 1 - curve(i, 0.2, 0.9, n=12) for i, n in enumerate(names)}})
    )
    assert found.role("eval_score").series.name == "metrics/mAP_0.5:0.95"
    alone = resolve(logged(loss=curve(1), **{"val/recall": 1 - curve(2, 0.2, 0.9, n=12)}))
    assert alone.role("eval_score").series.name == "val/recall"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ({"G_loss": curve(1), "D_loss": curve(2)}, None),
        ({"Gen Loss": curve(1), "Disc Loss": curve(2)}, None),
        ({"generator_loss": curve(1), "discriminator_loss": curve(2), "cycle_loss": curve(3)}, None),
        ({"g_loss": curve(1), "kd_loss": curve(2)}, "train_loss (derived)"),  # one of the two alone is a letter
        ({"l_g_pix": curve(1), "l_g_gan": curve(2), "l_d_real": curve(3), "l_d_fake": curve(4)}, None),
        ({"l_pix": curve(1)}, "l_pix"),
        ({"l_pix": curve(1), "l_percep": curve(2)}, "train_loss (derived)"),
        ({"l_pix": curve(1), "l_total": curve(2)}, "l_total"),
        ({"train_L_vae": curve(1), "train_L_vae_kl": curve(2), "train_L_wae_mmd": curve(3)}, "train_L_vae"),
        ({"train_L_total": curve(1), "train_L_rec": curve(2)}, "train_L_total"),
        ({"train_L_2_norm": curve(1)}, None),
    ],
)
def test_losses_of_adversaries_are_not_summed_and_those_of_basicsr_are_known(losses, expected):
    assert loss_of(logged(**losses)) == expected


@pytest.mark.parametrize(
    ("names", "train", "held_out"),
    [
        (["Train MSE", "Val MSE", "Gate Loss"], "Train MSE", "Val MSE"),
        (["train_L_vae", "val_L_vae"], "train_L_vae", "val_L_vae"),
        (["train_rmse", "val_rmse"], "train_rmse", "val_rmse"),
        (["train_loss", "train_mse", "val_mse"], "train_loss", None),
        (["Train MSE", "Val MAE"], None, None),
        (["mse", "Val MSE"], None, None),
        (["train_mse", "train_rmse", "train_mae", "val_mae", "val_mse", "val_rmse"], "train_rmse", "val_rmse"),
        (["train_mse", "train_mae", "val_mae", "val_mse"], "train_mse", "val_mse"),
    ],
)
def test_an_error_of_both_splits_is_what_is_minimised_where_nothing_is_called_a_loss(names, train, held_out):
    run = resolve(logged(**{name: curve(i) for i, name in enumerate(names)}))
    found = [run.role(role) for role in ("train_loss", "eval_loss")]
    assert [r and r.series.name for r in found] == [train, held_out]


@pytest.mark.parametrize(
    ("names", "scores"),
    [
        (["precision", "recall", "fscore"], 3),
        (["precision", "epoch_time"], 0),
        (["precision", "recall", "f1", "loss"], 0),
        (["precision", "recall", "train_time"], 2),
        (["precision", "recall", "f1", "threshold"], 0),
        (["precision", "recall", "f1-score", "support"], 0),
        (["AUC", "loss"], 1),
        (["mIoU", "loss"], 1),
        (["auc", "loss", "val_auc"], 1),  # that of the split alone
        (["auc", "loss", "train_auc"], 1),
        (["auc", "loss", "threshold"], 0),
        (["dice", "loss"], 0),
    ],
)
def test_scores_of_a_classifier_alone_are_of_an_evaluation(names, scores):
    run = resolve(logged(**{name: 0.3 + 0.001 * np.arange(N) for name in names}))
    assert len(run.every("eval_score")) == scores


@pytest.mark.parametrize(("lost", "summed"), [(0, True), (1, True), (15, True), (16, False), (30, False)])
def test_parts_that_lack_rows_are_summed_at_the_steps_that_all_have(lost, summed):
    box, cls = curve(1), curve(2)
    step = np.arange(N) * 10
    gone = np.random.default_rng(lost).permutation(N)[:lost]
    kept = np.delete(np.arange(N), gone)
    series = {
        "time_loss": Series("time_loss", step, step * 1.0, box),
        "mark_loss": Series("mark_loss", step[kept], step[kept] * 1.0, cls[kept]),
    }
    role = resolve(Run("r", "r", "r", series=series)).role("train_loss")
    assert (role is not None) == summed
    if summed:
        assert role.series.step.tolist() == step[kept].tolist()
        assert role.series.value == pytest.approx(box[kept] + cls[kept])


def test_parts_whose_steps_go_back_are_summed_only_where_they_are_the_same():
    again = np.concatenate([np.arange(40), np.arange(30, 60)])
    series = {name: Series(name, again, again * 1.0, curve(1, n=70)) for name in ("time_loss", "mark_loss")}
    assert resolve(Run("r", "r", "r", series=series)).role("train_loss").series.name == "train_loss (derived)"
    short = Series("mark_loss", again[:-1], again[:-1] * 1.0, curve(1, n=69))
    assert resolve(Run("r", "r", "r", series={**series, "mark_loss": short})).role("train_loss") is None


def test_parts_that_were_all_logged_otherwise_are_not_all_held_against_each_other(monkeypatch):
    asked = []
    common = components._common
    monkeypatch.setattr(components, "_common", lambda *steps: asked.append(steps) or common(*steps))
    series = {}
    for i in range(200):
        step = np.arange(N) * 1000 + i
        series[f"part{i}_loss"] = Series(f"part{i}_loss", step, step * 1.0, curve(i))
    assert resolve(Run("r", "r", "r", series=series)).role("train_loss") is None
    assert 0 < len(asked) <= components.KINDS * (components.KINDS - 1) / 2


@pytest.mark.parametrize(
    ("axis", "names", "reinforced"),
    [
        ("episode", ["loss", "epsilon_greedy"], True),
        ("total_timesteps", ["loss"], True),
        ("env_steps", ["loss", "score"], True),
        ("timestep", ["loss"], True),
        ("episode", ["loss", "train_acc"], False),  # few-shot learning
        ("step", ["loss"], False),
        ("epoch", ["loss"], False),
        ("", ["loss"], False),
    ],
)
def test_an_axis_of_episodes_is_a_sign_by_itself(axis, names, reinforced):
    assert rl_sign(names, axis) == (axis if reinforced else "")


def test_a_score_beside_a_held_out_loss_is_of_an_evaluation():
    """Kaggle's scripts print `avg_train_loss`, `avg_val_loss` and, on a line of its own, `Score`."""
    found = resolve(logged(avg_train_loss=curve(1), avg_val_loss=curve(2), Score=1 - curve(3, 0.2, 0.9)))
    assert found.role("eval_score").series.name == "Score"
    assert resolve(logged(avg_train_loss=curve(1), Score=1 - curve(3, 0.2, 0.9))).role("eval_score") is None


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Episode/rew_dof_acc", True),
        ("Episode_Reward/dof_acc_l2", True),
        ("Episode_Reward/track_lin_vel_xy_exp", True),
        ("eval/joint_acc", False),
        ("val/base_acc", False),
    ],
)
def test_parts_of_a_reward_are_no_scores(name, part):
    found = resolve(logged(**{name: 1 - curve(1, 0.2, 0.9), "Train/mean_reward": curve(2)}))
    assert (found.role("eval_score") is None) is part


def test_what_the_environment_pays_stands_before_what_training_adds():
    names = ("Policy/Curiosity Reward", "Policy/Extrinsic Reward", "Environment/Cumulative Reward")
    found = resolve(logged(**{n: 1 - curve(i, 0.2, 0.9) for i, n in enumerate(names)}))
    assert found.role("reward").series.name == "Environment/Cumulative Reward"


def test_evaluations_of_keras_stand_on_the_axis_of_its_training():
    same = 1 - curve(2, 0.2, 0.9, n=12)
    found = resolve(
        logged(
            **{"train/epoch_loss": curve(1, n=12), "validation/epoch_loss": same, "evaluation_loss_vs_iterations": same}
        )
    )
    assert found.role("eval_loss").series.name == "validation/epoch_loss"


@pytest.mark.parametrize("name", ["train_loss_DQN", "train_policy_loss_A2C", "loss_ppo", "train/loss_sac"])
def test_losses_that_are_called_for_their_algorithm_are_no_descent(name):
    assert loss_of(logged(**{name: curve(1)})) is None


@pytest.mark.parametrize(
    ("total", "expected"), [("eval/Loss/total_loss", "eval/Loss/total_loss"), ("val_total_loss", "val_total_loss")]
)
def test_a_held_out_total_wins_over_its_parts(total, expected):
    parts = {total.replace("total", part): curve(i, n=12) for i, part in enumerate(("box", "class"), 2)}
    found = resolve(logged(loss=curve(1), **{total: curve(5, n=12)}, **parts))
    assert found.role("eval_loss").series.name == expected


@pytest.mark.parametrize("name", ["Val took", "val_recon", "test_recon", "val/reg", "eval_duration"])
def test_times_and_parts_of_a_held_out_loss_are_no_scores(name):
    found = resolve(logged(train_loss=curve(1), val_loss=curve(2, n=12), **{name: curve(3, n=12)}))
    assert found.role("eval_score") is None


def test_an_epsilon_by_its_first_letters_beside_a_reward_tells_of_reinforcement_learning():
    names = {"Rew": curve(1), "Loss": curve(2), "Eps": curve(3)}
    assert loss_of(logged(**names)) is None
    assert loss_of(logged(Loss=curve(2), Eps=curve(3))) == "Loss"


@pytest.mark.parametrize(
    ("names", "train"),
    [
        (["error"], "error"),
        (["MSE", "lr"], "MSE"),
        (["train_rmse", "val_acc"], "train_rmse"),
        (["error", "loss"], "loss"),
        (["error", "test_error"], None),
        (["mse", "mae"], None),
        (["mse", "reward"], None),
        (["test_error"], None),
        (["error_rate"], None),
    ],
)
def test_the_one_error_where_nothing_else_may_be_lowered_is_the_training_loss(names, train):
    run = resolve(logged(**{name: curve(i) for i, name in enumerate(names)}))
    found = run.role("train_loss")
    assert (found and found.series.name) == train


@pytest.mark.parametrize("n", [12, 60])
def test_what_detectron_logs_of_its_heads_is_of_training_in_few_points_too(n):
    names = ("fast_rcnn/cls_accuracy", "mask_rcnn/accuracy")
    found = resolve(logged(total_loss=curve(1, n=n), **{name: 1 - curve(2, n=n) for name in names}))
    assert {r.series.name for r in found.every("train_score")} == set(names)
    assert not found.every("eval_score")
