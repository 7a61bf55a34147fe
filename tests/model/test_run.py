import numpy as np

from runlens.model import RoleSeries, Run, Series


def run(**roles):
    made = {
        role: (
            RoleSeries(role, Series(role, np.asarray(steps), np.asarray(times, float), np.asarray(values, float)), "1"),
        )
        for role, (steps, times, values) in roles.items()
    }
    return Run("r", "r", "r", roles=made)


def test_tokens_are_interpolated_and_carried_on_beyond_the_ends():
    judged = run(tokens=([10, 20], [0, 1], [1000, 2000]))
    assert judged.tokens_at([10, 15, 30, 5, -10]).tolist() == [1000, 1500, 3000, 500, 0]


def test_tokens_are_nan_where_the_run_has_none():
    assert np.isnan(run(train_loss=([0], [0], [1])).tokens_at([0, 1])).all()


def test_of_a_single_count_of_tokens_only_its_own_step_is_known():
    known = run(tokens=([3], [0], [7])).tokens_at([2, 3, 4])
    assert known[1] == 7 and np.isnan(known[[0, 2]]).all()


def test_tokens_follow_the_last_attempt():
    judged = run(tokens=([0, 1, 2, 1, 2], range(5), [10, 20, 30, 21, 31]))
    assert judged.tokens_at([2]).tolist() == [31]


def test_time_is_that_of_the_last_write_at_or_before_the_step():
    judged = run(train_loss=([0, 10, 20], [100, 110, 120], [1, 1, 1]))
    assert judged.time_at([10, 15, -5]).tolist() == [110, 110, 100]
    assert np.isnan(run(train_loss=([0], [np.nan], [1])).time_at([0])).all()


def test_step_range_prefers_training_series():
    judged = run(train_loss=([5, 9], [0, 0], [1, 1]), eval_loss=([0, 400], [0, 0], [1, 1]))
    assert judged.step_range() == (5, 9)
    assert run(eval_loss=([0, 400], [0, 0], [1, 1])).step_range() == (0, 400)
    assert run().step_range() is None


def test_what_is_worked_out_once_is_kept_for_each_run_by_itself():
    asked = []
    one, other = Run("a", "a", "a"), Run("b", "b", "b")
    found = [run.once("key", lambda run=run: asked.append(run.id)) for run in (one, one, other, one)]
    assert found == [None] * 4 and asked == ["a", "b"], "None is an answer too"


def test_tokens_between_points_that_lie_far_apart_in_the_log():
    step = np.cumsum(np.random.default_rng(0).integers(1, 9, 1000))
    value = np.sort(np.random.default_rng(1).uniform(0, 1e9, 1000))
    tokens = RoleSeries("tokens", Series("tokens", step, np.full(1000, np.nan), value), "tokens")
    asked = np.array([step[3], step[500] + 0.5, step[17] - 1, step[0], step[-1], np.nan])
    known = Run("r", "r", "r", roles={"tokens": (tokens,)}).tokens_at(asked)
    assert np.array_equal(known, np.interp(asked, step, value), equal_nan=True)
