"""Which way of an eval is better, where its name does not tell."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import PlacedSeries, Run, Series
from runlens.roles import resolve
from runlens.roles.directions import by_course
from runlens.rules.evals.regression import EvalRegression

NAME = "eval/my_metric"


def placed(value):
    value = np.asarray(value, float)
    return PlacedSeries(NAME, np.arange(len(value)) * 100, np.full(len(value), np.nan), value)


def logged(value, name=NAME, config=None):
    value = np.asarray(value, float)
    step = np.arange(10, 10 * len(value) + 1) if len(value) > 1000 else np.arange(1, len(value) + 1) * 100
    steps = np.arange(1, 100 * len(value) + 1, 10)
    made = {
        "train/loss": Series("train/loss", steps, np.full(len(steps), np.nan), 2 + 3.0 * steps**-0.3),
        name: Series(name, step, np.full(len(step), np.nan), value),
    }
    return Run("r", "r", "r", series=made, config=config or {})


def learning(n=40, low=0.2, high=0.8, noise=0.004, seed=0):
    x = np.arange(n) / n
    return low + (high - low) * (1 - np.exp(-5 * x)) + noise * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("seed", range(10))
def test_a_plain_course_tells_and_noise_does_not(seed):
    assert by_course(placed(learning(seed=seed))) == "up"
    assert by_course(placed(1 - learning(seed=seed))) == "down"
    assert by_course(placed(0.5 + 0.01 * np.random.default_rng(seed).standard_normal(40))) is None


def test_short_large_and_negative_values_tell_nothing():
    assert by_course(placed(learning(7, noise=0.0))) is None
    assert by_course(placed(learning(8, noise=0.0))) == "up"
    assert by_course(placed(learning() * 1000)) is None
    assert by_course(placed(learning() - 1)) is None
    assert by_course(placed([])) is None
    assert by_course(placed(np.full(20, np.nan))) is None


def falls(n=40):
    value = learning(n)
    value[2 * n // 3 :] = 0.3
    return value


def score(run, **given):
    (found,) = resolve(run, **given).roles["eval_score"]
    return found


def test_the_users_word_counts_before_the_config_the_name_and_the_course():
    assert score(logged(falls())).direction_from == "course"
    assert score(logged(falls()), directions={NAME: "down"}).direction == "down"
    hf = {"metric_for_best_model": "my_metric", "greater_is_better": False}
    told = score(logged(falls(), config=hf))
    assert (told.direction, told.direction_from) == ("down", "config")
    named = score(logged(falls(), "eval/accuracy"))
    assert (named.direction, named.direction_from) == ("up", "name")
    assert score(logged(falls(), "eval/accuracy"), directions={"eval/accuracy": "down"}).direction == "down"


def test_a_fall_of_an_eval_that_only_its_course_explains_is_a_warning_and_says_what_settles_it():
    (finding,) = (f for f in EvalRegression().check(resolve(logged(falls()))) if f.severity.rank)
    assert finding.severity.value == "warning" and f'[evals."{NAME}"] settles it' in finding.message
    told = resolve(logged(falls()), directions={NAME: "up"})
    (finding,) = (f for f in EvalRegression().check(told) if f.severity.rank)
    assert finding.severity.value == "error" and "settles it" not in finding.message
    told = resolve(logged(falls()), directions={NAME: "down"})  # so it became worse at once
    (finding,) = (f for f in EvalRegression().check(told) if f.severity.rank)
    assert "never came back" in finding.message


def test_an_eval_of_which_nothing_tells_is_named_as_not_judged():
    (skip,) = EvalRegression().check(resolve(logged(0.5 + 0.01 * np.random.default_rng(0).standard_normal(40))))
    assert NAME in skip.reason and skip.lacking == (f'[evals."{NAME}"] higher_is_better = true',)


@pytest.mark.parametrize(
    ("better", "names"),
    [
        (
            "down",
            "eval/wer_ortho val/cer_norm eval/EER_percent val/BER test/TER_score eval/metricx_score eval/mcd_dtw "
            "val/FPPI val/LAMR val/IDsw val/mATE val/mASE val/minADE_6 val/miss_rate_2m val/ASSD_mm val/mpjpe_pa "
            "val/RMSD_CA val/FAD_vggish val/KID_mean eval/LPIPS_alex val/QLIKE val/RMSE_log val/RMSE_t2m val/Fl-all "
            "val/ECE_15 eval/hallucination_score eval/perplexity_wikitext validation/word_error_rate_clean",
        ),
        (
            "up",
            "eval/UTMOSv2 test/STOI_est eval/SRMR val/WIP eval/comet22 val/bleurt20 eval/MAUVE eval/distinct_2 "
            "val/Recall@1_t2v mteb/retrieval/ndcg_at_10 val/lrap val/TPR@FPR=1% eval/AP@0.5:0.95 val/AP_rare "
            "eval/PQ_stuff val/PCK@0.2 val/delta1 val/VMAF val/PSNR_Y val/mIoU_novel eval/kendall_tau_b "
            "test/CCC_valence val/d2_tweedie val/CRPSS val/NSE val/CSI_16 val/lDDT_CA val/DockQ eval/faithfulness "
            "eval/exact_match_squad eval/success_once eval/mt_bench eval/arena_hard eval/MMMU_val",
        ),
        (None, "eval/harmonic_mean val/a1 eval/refusal_rate val/RTF val/ks_stat"),
    ],
)
def test_metrics_under_the_names_that_others_give_them(better, names):
    step, flat = np.arange(0, 600, 20), np.full(30, np.nan)
    series = {n: Series(n, step, flat, np.full(30, 0.5)) for n in names.split()}
    run = resolve(Run("r", "r", "r", series=series))
    found = {r.series.name: r.direction for role in ("eval_score", "perplexity") for r in run.every(role)}
    assert found == dict.fromkeys(series, better)


@pytest.mark.parametrize("name", ["eval/recall_threshold", "val/psnr_std", "eval/acc_count", "val/iou_weight"])
def test_counts_and_settings_of_a_metric_are_none(name):
    series = {name: Series(name, np.arange(30), np.full(30, np.nan), np.full(30, 0.5))}
    assert not resolve(Run("r", "r", "r", series=series)).every("eval_score")
