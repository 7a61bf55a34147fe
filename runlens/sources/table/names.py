"""What the columns of a table are by their names: axes, times, splits, runs, labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

STEPS = (
    "step", "_step", "global_step", "train/global_step", "trainer/global_step", "training_step", "train_step",
    "current_steps", "current_step", "global_steps", "iteration", "iter", "iterations", "iters", "steps", "num_updates",
    "global_step/max_steps", "it", "itr", "update", "updates", "n_updates", "training_steps", "train_steps",
    "num_steps", "training_iteration", "train/step", "train/iteration", "global_iter", "global_iteration",
    "training/global_step", "optimizer_step", "batch_step", "training_iterations", "n_iter", "num_iterations",
    "step_number", "step_num", "step_no", "iteration_number", "iter_num",
)  # fmt: skip
"""Names of the training step, the likeliest first."""
AMOUNTS = (
    "time/total_timesteps", "total_timesteps", "timesteps_total", "num_env_steps_sampled", "total_num_steps",
    "totalenvsteps", "total_env_steps", "env_steps", "environment_steps", "environment_step", "env_step", "total_steps",
    "timesteps", "timestep", "timesteps_so_far", "timestepssofar", "total_timestep", "total_step", "total/steps",
    "num_timesteps", "frame", "frames", "serial_timesteps", "misc/total_timesteps", "progress/kimg", "kimg", "cur_nimg",
    "nimg", "progress/tick", "tick", "samples_seen", "batch", "batches", "batch_idx", "batch_num", "batch_index",
    "minibatch", "time/iterations", "nupdates", "misc/nupdates", "episode", "episodes", "episode_num", "episode_number",
    "num_episodes", "episodes_so_far", "episodessofar", "ep", "game", "games", "generation", "gen", "n_gen", "round",
    "rounds", "communication_round", "trial_number", "checkpoint",
)  # fmt: skip
"""What else grows as training goes on, finer ones first."""
EPOCHS = (
    "epoch",
    "epochs",
    "current_epoch",
    "epoch_num",
    "num_epochs",
    "epoch_number",
    "epoch_idx",
    "epoch_id",
    "trainer/epoch",
)
TOKENS = (
    "tokens", "training_tokens", "train_tokens", "total_tokens", "consumed_tokens", "tokens_seen", "num_tokens",
    "n_tokens", "num_input_tokens_seen",
)  # fmt: skip
ROWS = ("", "unnamed:_0", "index", "idx", "row", "#", "column_1")
"""What stands over a column that numbers the rows; taken where nothing better is there."""
AXES = (*STEPS, *AMOUNTS, *EPOCHS, *TOKENS)
"""Every name of an x axis, compared by `canonical`."""

TIMES = (
    "time", "timestamp", "_timestamp", "wall_time", "walltime", "datetime", "created_at", "date", "time_stamp",
    "wallclock", "wall_clock", "wall_clock_time", "unix_time", "start_time", "logged_at", "ts",
)  # fmt: skip
"""Names of a wall time, the likeliest first."""
_ELAPSED = re.compile(
    r"(?:.*/)?_?(?:elapsed|elapsed_time|time_?elapsed|total_elapsed|total_elapsed_time|wall_?time|wall_?clock(?:_time)?"
    r"|runtime|run_time|relative_time(?:_\(\w+\))?|time_since_start|total_time|cumulative_time|training_time|train_time"
    r"|time_this_run|time_total|total_training_time|time|t|(?:elapsed|total|cumulative)_(?:seconds?|secs?|minutes|hours))"
    r"(?:_?\(?(?P<unit>ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\)?)?"
)
_UNITS = {"ms": 1e-3, "milli": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

SPLITS = ("split", "phase", "mode", "stage", "subset", "partition", "set", "dataset_type", "data_split", "train/val")
"""Names of a column that says on which data a row was measured."""
RUNS = (
    "run", "run_id", "runid", "run_name", "_run_id", "experiment", "experiment_id", "experiment_name", "exp", "exp_id",
    "exp_name", "expname", "trial", "trial_id", "trial_name", "job", "job_id", "seed", "random_seed", "fold", "k_fold",
    "cv_fold", "kfold", "run_idx", "run_number", "rep", "repeat", "replicate", "repetition",
)  # fmt: skip
"""Names of a column that says which run a row is of."""
LABELS = (
    "env", "environment", "env_name", "env_id", "task", "agent", "algo", "algorithm", "alg", "model", "model_name",
    "method", "variant", "config", "config_name", "setting", "dataset", "data", "optimizer", "opt", "group", "name",
    "label", "architecture", "arch", "condition", "hyperparams", "lr_schedule", "backbone", "type",
)  # fmt: skip
"""Names of columns that tell runs apart where the x axis begins again with each of their values."""
METRICS = ("metric", "metric_name", "tag", "name", "key", "variable", "series", "metrics", "measure")
"""Names of the column that says which metric a row of a long table is of."""
VALUES = ("value", "values", "val", "metric_value", "scalar", "y")


@lru_cache(maxsize=16384)
def canonical(column: str) -> str:
    """The name as compared with those of this module: without case and quotes, with `_` for blanks and `-`."""
    return column.strip(" \t\r\n\ufeff\"'").lower().replace(" ", "_").replace("-", "_")


_AXIS_NAMES = frozenset(AXES)
_TIME_NAMES = frozenset(TIMES)
_LABELLED = frozenset({*SPLITS, *RUNS, *LABELS, *METRICS})


def is_axis(column: str) -> bool:
    """Whether a column may be the x axis by its name."""
    return canonical(column) in _AXIS_NAMES


def is_label(column: str) -> bool:
    """Whether the texts of a column are kept, since they may say of which run, split or metric a row is."""
    return canonical(column) in _LABELLED


@lru_cache(maxsize=16384)
def is_time(column: str) -> bool:
    """Whether a column may be a wall time or the time since the start by its name."""
    name = canonical(column)
    return name in _TIME_NAMES or _ELAPSED.fullmatch(name) is not None


def elapsed_unit(column: str) -> float:
    """Seconds in the unit that the name of an elapsed time tells, 0.0 if it tells none."""
    found = _ELAPSED.fullmatch(canonical(column))
    said = found["unit"] if found else None
    if not said:
        return 0.0
    return _UNITS[said if said == "ms" else "milli" if said.startswith("milli") else said[0]]


def first(columns: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The column that has the first of the wanted names, or None."""
    return next(iter(every(columns, wanted)), None)


def every(columns: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """The columns that have one of the wanted names, in the order wanted."""
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(canonical(column), column)
    return [known[name] for name in wanted if name in known]
