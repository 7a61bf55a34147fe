"""Names that tell little by themselves: a total beside its parts, a cost, what is no loss, adversaries."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve

STEP = np.arange(50)


def loss_of(*names):
    series = {name: Series(name, STEP, STEP + 1.7e9, 1.0 + i + 1.0 / (1 + STEP)) for i, name in enumerate(names)}
    run = resolve(Run("run", "run", "run", series=series))
    found = run.role("train_loss")
    return found.series.name if found is not None else None


@pytest.mark.parametrize(
    ("names", "loss"),
    [
        (("Rec", "KL", "Total"), "Total"),
        (("total", "mse", "kl"), "total"),
        (("Total", "KL"), None),  # one word may be anything
        (("Total", "correct", "wrong"), None),
        (("Cost", "UD"), "Cost"),
        (("Cost", "validation loss"), "Cost"),
        (("cost", "loss"), "loss"),
        (("train/avg_cost", "val_cost"), "train/avg_cost"),
        (("TimeLoss", "speed"), None),
        (("packet_loss",), None),
        (("time_loss", "mark_loss"), "train_loss (derived)"),
        (("Loss/loss",), "Loss/loss"),
        (("Reward_Mean", "Length_Mean", "Loss"), None),
        (("completion_length_mean", "loss"), "loss"),
    ],
)
def test_the_training_loss_of(names, loss):
    assert loss_of(*names) == loss


def roles_of(axis="", n=50, **values):
    """Role to the canonical name, of series with these values."""
    step = np.arange(n)
    made = {name: np.broadcast_to(np.asarray(value, float), (n,)).copy() for name, value in values.items()}
    series = {name: Series(name, step * 10, step * 5.0 + 1.7e9, value) for name, value in made.items()}
    run = resolve(Run("run", "run", "run", series=series, axis_name=axis))
    return {role: group[0].series.name for role, group in run.roles.items() if role not in ("other", "step_time")}


DOWN = 0.5 + 2.0 / (1 + STEP)
PART = 0.2 + 1.0 / (2 + STEP)


@pytest.mark.parametrize(
    "total", ["sum_Loss", "overall_loss", "total", "Total", "tot_loss", "all_loss", "loss_all", "loss_sum", "sumloss"]
)
@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_a_total_beside_its_parts_is_the_training_loss_whatever_it_weighs_them_by(total, weight):
    found = roles_of(**{"a_loss": DOWN, "kl_loss": PART, total: DOWN + weight * PART})
    assert found == {"train_loss": total}


@pytest.mark.parametrize(
    ("names", "loss"),
    [
        (["L"], "L"),
        (["L", "lr"], "L"),
        (["L", "Acc"], "L"),
        (["l", "loss"], "loss"),
        (["r", "l", "t"], None),  # a monitor's columns: return, length, time
        (["l", "reward"], None),
        (["objective"], "objective"),
        (["train/neg_elbo"], "train/neg_elbo"),
        (["objective", "loss"], "loss"),
        (["train/energy", "val/energy"], "train/energy"),
        (["Batch Energy"], "Batch Energy"),
        (["batch_energy", "loss"], "loss"),
        (["energy"], None),  # maybe of a signal
        (["loss_scaled"], "loss_scaled"),
        (["loss_scale"], None),
        (["losses", "wins", "draws"], None),
        (["losses"], "losses"),
    ],
)
def test_what_is_lowered_without_the_word(names, loss):
    assert roles_of(**dict.fromkeys(names, DOWN)).get("train_loss") == loss


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("lr", True),
        ("encoder_lr", True),
        ("lr_schedule", True),
        ("lr_decay", False),
        ("lr_scale", False),
        ("lr_mult", False),
        ("lr_step", False),
        ("min_lr", False),
        ("Learning rate curve", False),
        ("learning_rate_decay", False),
    ],
)
def test_settings_of_a_schedule_are_no_learning_rate(name, taken):
    assert ("learning_rate" in roles_of(loss=DOWN, **{name: 1e-3})) is taken


@pytest.mark.parametrize(
    ("names", "loss"),
    [(["train_loss", "val_loss", "total"], "train_loss"), (["learn loss", "test loss", "total"], "learn loss")],
)
def test_a_total_beside_two_splits_is_none_of_parts(names, loss):
    assert roles_of(**dict.fromkeys(names, DOWN))["train_loss"] == loss


@pytest.mark.parametrize("other", ["arch_lr", "param_lr", "base_lr", "lr_bias", "alpha_lr"])
def test_the_rate_of_the_weights_is_the_main_one(other):
    assert roles_of(loss=DOWN, weight_lr=1e-3, **{other: 1e-4})["learning_rate"] == "weight_lr"


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("tokens", True),
        ("train_tokens", True),
        ("eval_tokens", False),
        ("test_tokens", False),
        ("unique_tokens", False),
    ],
)
def test_tokens_of_an_evaluation_are_not_those_of_the_training(name, taken):
    assert ("tokens" in roles_of(loss=DOWN, **{name: 1000.0 * (1 + STEP)})) is taken


@pytest.mark.parametrize(
    ("value", "taken"),
    [(STEP, False), (5.0, False), (3 * STEP, False), (STEP**2, True), (0.5, True), (STEP / 7, True)],
    ids=["counter", "constant", "threes", "squares", "share", "no whole numbers"],
)
def test_a_constant_or_counter_of_no_known_kind_is_no_score(value, taken):
    assert ("eval_score" in roles_of(loss=DOWN, val_thing=value)) is taken
    assert "eval_score" in roles_of(loss=DOWN, val_acc=5.0), "a known kind is one"


@pytest.mark.parametrize(
    ("names", "way", "found"),
    [
        (["train", "valid"], -1.0, {"train_loss": "train", "eval_loss": "valid"}),
        (["train", "valid"], 1.0, {"train_score": "train", "eval_score": "valid"}),
        (["train", "test"], 1.0, {"train_score": "train", "eval_score": "test"}),
        (["Loss", "Train", "Valid"], 1.0, {"train_loss": "Loss", "train_score": "Train", "eval_score": "Valid"}),
        (["Loss", "Train", "Valid"], -1.0, {"train_loss": "Loss", "eval_loss": "Valid"}),
        (["train"], -1.0, {}),
    ],
)
def test_what_is_called_for_its_split_alone_is_told_by_its_course(names, way, found):
    assert roles_of(**{name: DOWN if name == "Loss" else 3.0 - way * DOWN for name in names}) == found


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Gen Loss", "Disc Loss"], {"generator_loss": "Gen Loss", "discriminator_loss": "Disc Loss"}),
        (["Loss/G/loss", "Loss/D/loss"], {"generator_loss": "Loss/G/loss", "discriminator_loss": "Loss/D/loss"}),
        (
            ["g_loss", "d_loss", "loss"],
            {"generator_loss": "g_loss", "discriminator_loss": "d_loss", "train_loss": "loss"},
        ),
        (["g_loss"], {"train_loss": "g_loss"}),
    ],
)
def test_two_adversaries_play_their_roles(names, found):
    assert roles_of(**dict.fromkeys(names, DOWN)) == found
