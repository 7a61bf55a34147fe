"""GAN001 at the edge of each of its thresholds, and what it leaves alone."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.kinds import is_near, loud
from runlens.judging.one import Settings, judge_run
from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.adversarial.one_sided_game import OneSidedGame
from runlens.rules.adversarial.parts.sides import pairs
from tests.synthetic.adversaries import FAULTS, HEALTHY

N = 400
Values = npt.NDArray[np.float64]


def said(series: dict[str, Values], rule: OneSidedGame | None = None) -> list[Finding | Skip]:
    n = len(next(iter(series.values())))
    step = np.arange(1, n + 1)
    logged = {name: Series(name, step, np.full(n, np.nan), value) for name, value in series.items()}
    return list((rule or OneSidedGame()).check(resolve(Run("g", "g", "g", series=logged))))


def found(series: dict[str, Values], rule: OneSidedGame | None = None) -> list[Finding]:
    return [one for one in said(series, rule) if isinstance(one, Finding)]


def step(before: float, after: float, since: int = N // 2, n: int = N) -> Values:
    return np.where(np.arange(n) < since, before, after).astype(float)


def game(d: float = 0.01, g: float = 9.0, since: int = N // 2, n: int = N) -> dict[str, Values]:
    """A discriminator's loss of 1.4 and a generator's of 1, and what they become."""
    return {"d_loss": step(1.4, d, since, n), "g_loss": step(1.0, g, since, n)}


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (("d_loss", "g_loss"), (("d_loss",), "g_loss")),
        (("errD", "errG", "D(x)", "D(G(z))"), (("errD",), "errG")),
        (("lossD", "lossG"), (("lossD",), "lossG")),
        (("D_real", "D_fake", "G_GAN", "G_L1"), (("D_fake", "D_real"), "G_GAN")),
        (("Real loss", "Fake loss", "Generator loss"), (("Fake loss", "Real loss"), "Generator loss")),
        (("l_d_real", "l_d_fake", "l_g_gan", "l_g_pix"), (("l_d_fake", "l_d_real"), "l_g_gan")),
        (("train/loss_D", "train/loss_G", "train/loss_G_adv"), (("train/loss_D",), "train/loss_G_adv")),
        (("critic_loss", "gen_loss"), (("critic_loss",), "gen_loss")),
        (("critic_loss", "actor_loss"), None),
        (("disc_acc", "gen_loss"), None),
        (("D learning rate", "G learning rate"), None),
        (("D", "G"), None),
        (("d_loss", "g_norm"), None),
    ],
)
def test_adversaries_by_name(names: tuple[str, ...], known: tuple[tuple[str, ...], str] | None) -> None:
    assert [tuple(pair) for pair in pairs(names)] == ([known] if known else [])


@pytest.mark.parametrize(("every", "told"), [(6, False), (11, True)])
def test_single_batches_that_stand_out_do_not_hide_it(every: int, told: bool) -> None:
    """Five together, which the running median sees: one point in six, or in eleven."""
    series = game(d=0.0)
    at = np.arange(N // 2, N - 12, 5 * every)
    for shift in range(5):
        series["d_loss"][at + shift] = 3.0
    assert bool(found(series)) is told


@pytest.mark.parametrize(("rose", "d", "told"), [(1.1, 0.0, True), (0.9, 0.0, False), (3.0, 0.001, False)])
def test_a_generator_against_a_hinge_rises_by_its_margin(rose: float, d: float, told: bool) -> None:
    """Its loss begins below zero; the discriminator's is exactly zero where nothing is left to gain."""
    series = {"d_loss": step(2.0, d), "g_loss": step(-0.2, rose - 0.2)}
    assert bool(found(series)) is told


def test_a_run_without_adversaries_is_not_judged() -> None:
    (skip,) = said({"loss": step(1.0, 0.5)})
    assert isinstance(skip, Skip) and skip.kind == "missing-role"


@pytest.mark.parametrize(("n", "kind"), [(19, Skip), (20, Finding)])
def test_few_points_are_not_judged(n: int, kind: type) -> None:
    (one,) = said(game(since=n // 2, n=n))
    assert isinstance(one, kind)


def test_both_sides_are_told_with_the_step() -> None:
    (finding,) = found(game())
    assert finding.severity is Severity.WARNING and finding.metric == "d_loss" and finding.steps == (201, N)
    assert finding.message == (
        "The discriminator wins for good from step 201 on: its loss fell from 1.4 to 0.01, and that of the generator "
        "rose from 1 to 9"
    )
    assert finding.evidence["series"] == ["d_loss", "g_loss"] and finding.evidence["pairs"] == 1


@pytest.mark.parametrize(("d", "told"), [(0.029, 0), (0.027, 1)])
def test_a_loss_of_a_fiftieth_is_nothing(d: float, told: int) -> None:
    assert len(found(game(d))) == told
    assert len(found({"D_real": step(1.0, 0.5 * d), "D_fake": step(0.4, 0.5 * d), "G_GAN": step(1.0, 9.0)})) == told


@pytest.mark.parametrize(("g", "told"), [(1.95, 0), (2.05, 1)])
def test_the_generator_has_twice_its_loss(g: float, told: int) -> None:
    assert len(found(game(g=g))) == told


@pytest.mark.parametrize(("since", "told"), [(310, 0), (290, 1)])
def test_the_game_is_over_for_a_quarter_of_the_log(since: int, told: int) -> None:
    assert len(found(game(since=since))) == told


@pytest.mark.parametrize(("d", "told"), [(0.0055, 0), (0.0045, 1)])
def test_one_that_had_won_before_the_first_point_is_held_against_a_half_squared(d: float, told: int) -> None:
    assert len(found({"d_loss": np.full(N, d), "g_loss": step(1.0, 9.0, 3)})) == told


@pytest.mark.parametrize(("now", "words"), [(0.001, "fell from 0.002 to 0.001"), (0.004, "is 0.004")])
def test_a_loss_that_did_not_fall_is_not_said_to_have(now: float, words: str) -> None:
    (finding,) = found({"d_loss": step(0.002, now, 10), "g_loss": step(1.0, 9.0, 3)})
    assert f"on: its loss {words}, and that of the generator" in finding.message


def test_a_generator_that_gains_again_is_none_that_lost() -> None:
    series = game()
    series["g_loss"][-60:] = 1.5
    assert found(series) == []
    series["d_loss"][-60:] = 1.0
    assert found(series) == []


def test_losses_below_zero_tell_no_winner() -> None:
    for name in ("d_loss", "g_loss"):
        assert found({**game(), name: game()[name] - 2.0}) == []


@pytest.mark.parametrize(("name", "below"), [("d_loss", 0.02), ("g_loss", 1.0)])
def test_a_pair_that_tells_no_winner_is_no_reason_to_pass(name: str, below: float) -> None:
    series = {**game(), name: game()[name] - below}
    (skip,) = said(series)
    assert isinstance(skip, Skip) and skip.kind == "not-applicable"
    assert [type(one) for one in said({**series, "D_A": game()["d_loss"], "G_A": game()["g_loss"]})] == [Finding]
    step = np.arange(1, N + 1)
    logged = {key: Series(key, step, np.full(N, np.nan), value) for key, value in series.items()}
    run = resolve(Run("g", "g", "g", series=logged))
    assert judge_run(run, Settings((OneSidedGame(),))).verdict == "undecided"


def test_what_is_not_finite_is_left_out() -> None:
    series = game()
    series["g_loss"][::7] = np.nan
    (finding,) = found(series)
    assert finding.steps is not None and abs(finding.steps[0] - 201) <= 1


def test_two_pairs_are_one_finding() -> None:
    first, second = game(), game(since=150)
    (finding,) = found({
        "D_A": first["d_loss"], "G_A": first["g_loss"], "D_B": second["d_loss"], "G_B": second["g_loss"],
    })  # fmt: skip
    assert finding.metric == "D_B" and finding.evidence["pairs"] == 2
    assert finding.message.endswith("2 pairs of adversaries show it")


@pytest.mark.parametrize(
    ("rule", "below", "above"),
    [
        (OneSidedGame(lost=0.1), game(0.15), game(0.13)),
        (OneSidedGame(multiple=5.0), game(g=4.9), game(g=5.1)),
        (OneSidedGame(lasting=0.4), game(since=250), game(since=230)),
    ],
)
def test_a_setting_moves_its_edge(rule: OneSidedGame, below: dict[str, Values], above: dict[str, Values]) -> None:
    assert found(below, rule) == [] and len(found(above, rule)) == 1


@pytest.mark.parametrize("kind", FAULTS)
def test_games_that_are_won_are_told_where_they_are(kind: str) -> None:
    make, codes = FAULTS[kind]
    for seed in range(6):
        run, onset = make(np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert any(onset is None or is_near(run, one, onset) for one in loud(run, codes))


@pytest.mark.parametrize("kind", HEALTHY)
def test_games_that_go_on_are_left_alone(kind: str) -> None:
    for seed in range(6):
        run, _ = HEALTHY[kind](np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert loud(run, ("GAN001",)) == []
