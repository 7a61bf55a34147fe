"""Several trainings in one log, one after another: folds, sweeps, a script begun again (`>> train.log`).

Where the step begins anew, three things may have happened, and each is another log:

- another training began: the one before came to its end, the loss is back where that one's was at first, or what stands
  between them names another fold, seed or setting. Each is a run of its own;
- the counter alone began anew, such as with a stage or after a resume that lost it, and the loss goes on where it was:
  one run, whose steps are counted on;
- neither can be told: one run that was restarted, as it is written.

A run that goes back to a checkpoint in its middle is none of these, and is left alone.
"""

from runlens.sources.appended.between import Between
from runlens.sources.appended.members import every_one, number_of, of_one_file, told
from runlens.sources.appended.trainings import Course, Trainings, counted_on, trainings_of

__all__ = [
    "Between", "Course", "Trainings", "counted_on", "every_one", "number_of", "of_one_file", "told", "trainings_of",
]  # fmt: skip
