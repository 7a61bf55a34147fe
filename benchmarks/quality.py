"""The whole quality page: how well every rule finds what is there, and how often it cries wolf.

    python -m benchmarks.quality [--quick] [--curves DIR] [--corpus DIR] [--suites FILE]
        [--write docs/quality.md]

`--curves` names a folder with the public curves and their labels, `--corpus` one of labelled runs with its truth.json,
`--suites` a table with the evals of Pythia v0 and v1; what is not given is said to be missing. Everything is seeded;
families run side by side in processes. Exits with 1 where something lies below its floor (see `quality_floors.py`).
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import (
    evals,
    nights,
    quality_habits,
    quality_kinds,
    quality_loss,
    quality_planted,
    quality_throughput,
    quality_wild,
)
from benchmarks.quality_floors import FLOORS, shortfalls
from benchmarks.quality_summary import summary
from runlens import __version__

HEAD = """# Quality

How well RunLens finds what is there, and how often it cries wolf. Measured on {date} with version {version}{quick}.
Again: `python -m benchmarks.quality{options} --write docs/quality.md`.

{summary}
- **Synthetic runs** are drawn from seeds that no default was chosen on. Their faults are known exactly.
- **Planted faults** are written into the logs of real healthy runs, and judged by all rules at once.
- **Real runs** are labelled by people, or by what was done to the run. Public curves are read from a folder and are no
  part of this project: 82 AlgoPerf runs and 58 parameter-golf and 18 nanoGPT logs. *Labelled blind*: the labels were
  drawn before any detector ran. The rules were developed with the figures on these runs, and on Pythia, in view, so
  unseen runs of these kinds may do worse.
- *Found* (recall) is the share of faults with a finding of the right rule at the right place. *False* is a finding
  where nothing was done. Intervals hold 95 %.
- *Peers* are rules in use elsewhere, with their own defaults, on the same runs.

Defaults change only with these tables beside them (see CONTRIBUTING.md). A false alarm counts as much as a miss.
"""
LIMITS = """## Known limits

- **Short logs.** Below 100 points LOSS004 does not judge, below 50 neither LOSS002 nor GRAD002. LOSS001 finds fewer
  spikes in logs of 50 to 300 points than in longer ones, and one lone high point of a noisy log may be either.
- **Sparse logs.** With 100 steps and more a point a spike is one or two points high: its outcome is often open.
- **Learning rate.** A change by less than a factor of 1.5 is no jump, and one step down that stays is taken for the
  schedule. A schedule that starts over while the rate is still near its peak is not seen.
- **Stalls** are told at `warning` only where the learning rate is logged.
- **Throughput** that wanders by several percent by itself hides drops of that size, and a long swing of it can look
  like one.
- **Public labels** were drawn by one reader from plots. Where a rule and the label differ, either may be wrong.
- **Logs of the world.** Every batch below was taken from public repositories that nothing had been tried on (speech,
  robots, reinforcement learning, diffusion, GANs, detection, language models, proteins) and labelled before it was
  judged. A finding is true if an engineer would want to be told of it; an incident is found if any finding at warning
  or above tells of it.

  | batch, judged blind | findings at warning and above true | incidents found |
  | --- | --- | --- |
  | 53 files | 10 of 27 (37 %) | - |
  | 61 files of 47 repositories | 9 of 20 (45 %) | 6 of 10 |
  | 26 files of 19 repositories | 2 of 4 | none labelled |
  | 89 files of 64 repositories | 25 of 49 (51 %) | 2 of 6 |
  | 59 files of 47 repositories, after the kinds of the batch before had been mended | 12 of 24 (50 %) | 7 of 9 |
  | 51 text logs and tables of 36 repositories | 12 of 28 (43 %) | 4 of 9 |
  | 28 text logs and tables of 17 repositories, after some of those kinds had been mended | 2 of 9 | 1 of 1 |
  | 12 text logs and tables of 10 repositories | 0 of 2 | 0 of 2 |
  | 75 text logs and tables of 57 repositories, after all of those | 22 of 37 (59 %) | 5 of 8 |
  | 52 text logs and tables of 44 repositories, after these kinds had been mended, too | 9 of 15 (60 %) | 3 of 5 |
  | 47 text logs and tables of 47 repositories, after these, too | 8 of 10 | 2 of 6 |
  | 42 text logs and tables of 42 repositories, by another reader, before mending | 6 of 14, 4 arguable | 6 of 12 |
  | 54 of 54, after some of its kinds had been mended | 12 of 27 (44 %), 7 arguable | 11 of 15 |
  | 40 of 31, by a third reader, after kinds of 157 more logs were mended | 6 of 23 (26 %), 7 arguable | 6 of 13 |
  | 49 event files and `.wandb` folders of 32 repositories | 15 of 22 (68 %) | 7 of 10 |
  | 39 of 26, after those kinds had been mended | 1 of 10 | 0 of 1 |
  | 35 of 22, after those, too | 17 of 23 (74 %) | 8 of 8 |
  | 23 of 14, after those, too | 2 of 3 | none labelled |
  | 56 of 36, with the rules as the four batches before had left them | 3 of 7 | 1 of 5 |
  | 47 of 30, after the kinds of the batch before had been mended | 13 of 16 (81 %) | 2 of 6 |
  | 36 of 36, by another reader, before mending | 6 of 23, 16 arguable (10 of hardware) | 6 of 15 |
  | 43 of 43, after some of its kinds had been mended | 6 of 23 (26 %), 13 arguable (9 of hardware) | 5 of 11 |
  | 37, half of repositories seen before, by a third reader, after likewise | 7 of 20 (35 %), 6 arguable | 7 of 14 |

  Findings of one file are counted one by one: of the 16 false ones among the 51 text logs ten are of one file to which
  some twenty launches were appended. A precision of 0.9 at warning and above is therefore not reached, nor is a recall
  of 0.85. What was mended after each batch, the last one included, proves nothing: of the 21 false ones among the 127
  newest text logs 18 are of kinds that are information now (a running clock taken for the time of a step, batches of a
  few samples that a classifier never learns, tables of 10 epochs, launches in one log, rows of another split). True
  most of the time are LR001, LOSS003, EVAL004 and RL001; false most of the time were throughput rules on losses of
  seconds that only the clock tells, LOG003 and LOG002 (the first two are information now). Left are several data sets
  and launches in one console log, a step that begins anew each epoch within one event file, and a loss that creeps up
  at a low rate. Missed: a score that is frozen at a good level, a continued training whose loss starts over, a
  policy of which nine of ten updates are clipped, held-out losses that rise while a recall improves, and a stretch 38 %
  slower that cost 2 % of its run (the last two are told at information). Two runs of the last batch that never left the
  loss of a guess among four classes were missed, too, and are told now. The newest two of each form are counted more
  strictly than those before: what may be argued about (a card at its limit, a GPU that idles, a Ctrl-C, a run that is
  over) is not true, and in labels that were plainly wrong on the facts the fact counts. Without hardware 6 of the 13
  findings of the second newest event files are true and 4 arguable. The newest of each form are counted so, too: of
  their 17 false findings ten stand in five console logs, in four of which rows were taken for what they are not
  (evaluations for training, two writers for one, configurations for checkpoints), and none is of hardware. On 87 open
  runs in event files and `.wandb` the same code made 25 findings where the code before it made 34.
- **Rebuilt reports.** 131 public reports of trainings are made again from the figures that they give
  (`benchmarks/reports`), 106 of troubles, each beside a healthy twin, and 25 of what only looked like one. The records
  of each batch were written before anything was judged. Judged blind, 57 of 70 troubles of the first batch were told
  (60 when records that were wrong themselves had been mended), 20 of 25 of the second and 9 of 11 of the third, with no
  false warning that was not due to a record. What they lack is what real logs have: several launches in one file,
  columns of other splits, names that mean something else. The last table of the kinds shows them after mending.
- **Hardware** faults are synthetic: no public log of a failing GPU with a label is known to us.
- **Evals.** Most of the 2 x lags that are missed are Pythia 70M beside its twin: it loses late what it had learned, and
  healthy twins of it differ by as much as such a lag makes. The plain and the deduplicated 2.8B of suite v1 differ by
  one or two items a task: their files seem to hold one model, so they are no twins.
  70M of v1 beside v0 is flagged because it is worse there late in training: v0's scores do not fall.
- **Nights** are synthetic: real jobs also differ by node, day and neighbours. While few nights are known nobody knows
  their spread: of 60 jobs whose nights differ by 1 %, five had a false alarm in their first twelve nights.
- **Synthetic noise** has five kinds (Gaussian, heavy-tailed, skewed, batch-dependent, wandering). A real log can have
  a sixth.
"""
HEADINGS = {
    "loss": "Loss: spikes, non-finite values, shifts",
    "wild": "Smoothed and short losses, resumes",
    "kinds": quality_kinds.HEADING,
    "habits": "Frequency, stalls, gradients, schedules, hardware",
    "throughput": "Throughput",
    "evals": "Evals against a reference",
    "nights": "A gate over nights",
    "planted": "All rules on real logs with planted faults",
}


def families(
    quick: bool, curves: Path | None, corpus: Path | None, suites: Path | None
) -> dict[str, tuple[Callable[..., str], tuple]]:
    """What makes each section, and from what."""
    return {
        "loss": (quality_loss.report, (quick, curves, corpus)),
        "wild": (quality_wild.report, (quick,)),
        "kinds": (quality_kinds.report, (quick,)),
        "habits": (quality_habits.report, (quick,)),
        "throughput": (quality_throughput.report, (quick,)),
        "evals": (evals.report, (quick, suites)),
        "nights": (nights.report, (quick,)),
        "planted": (quality_planted.report, (quick, corpus)),
    }


def page(text: dict[str, str], quick: bool, given: dict[str, bool]) -> str:
    """The page as Markdown.

    Parameters
    ----------
    text : dict
        Family to its tables.
    quick : bool
    given : dict
        Which of the options that name files and folders were given.
    """
    head = HEAD.format(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        version=__version__,
        quick=", on a small part of the runs" if quick else "",
        options=" --quick" * quick + "".join(f" {name} PATH" for name in given if given[name]),
        summary=summary(text),
    )
    if not all(given.values()):
        head += f"\nNot measured here, since not given: {' and '.join(name for name in given if not given[name])}.\n"
    body = "\n\n".join(f"## {HEADINGS[family]}\n\n{text[family].strip()}" for family in HEADINGS)
    return f"{head}\n{body}\n\n{LIMITS}"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small part of the runs")
    parser.add_argument("--curves", type=Path, metavar="DIR", help="a folder with the public curves")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="a folder of labelled runs with its truth.json")
    parser.add_argument("--suites", type=Path, metavar="FILE", help="a table with the evals of Pythia v0 and v1")
    parser.add_argument("--jobs", type=int, default=2, help="families at once")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write it here instead of printing it")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        made = families(given.quick, given.curves, given.corpus, given.suites)
        waiting = {family: pool.submit(make, *what) for family, (make, what) in made.items()}
        text = {family: job.result() for family, job in waiting.items()}
    folders = {f"--{name}": getattr(given, name) is not None for name in ("curves", "corpus", "suites")}
    written = page(text, given.quick, folders)
    if given.write is None:
        print(written)
    else:
        given.write.write_text(written, "utf-8")
    below = shortfalls(text)
    for sentence in below:
        print(f"below its floor: {sentence}", file=sys.stderr)
    print(f"{len(FLOORS)} floors held" if not below else f"{len(below)} figures below their floors", file=sys.stderr)
    sys.exit(1 if below else 0)


if __name__ == "__main__":
    main()
