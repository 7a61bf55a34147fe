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
    assert np.isnan(run(tokens=([3], [0], [1])).tokens_at([3])).all()


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
