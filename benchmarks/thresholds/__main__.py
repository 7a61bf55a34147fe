"""Break thresholds, guards and windows of the package one at a time, and count how many the tests notice.

    python -m benchmarks.thresholds [--lines 240] [--seed 1] [--only PATH]... [--all] [--least 0.9] [--jobs 2]

A seeded sample of lines, each broken in one way (see `sites.py`), is shown to the tests that run it (see `reach.py`):
first to some seconds of them, those that run little else, and what survives to more.
`equivalent.tsv` names the changes that no test can see, each with its reason; they are not drawn. `--only` takes files
or folders, `--all` every way to break each line. Exits with 1 where the share is below `--least`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from benchmarks.tables import table
from benchmarks.thresholds.reach import Reach, reach
from benchmarks.thresholds.sites import KINDS, Site, of_folders
from benchmarks.thresholds.trial import Trial, attempts

ROOT = Path(__file__).parents[2]
FOLDERS = ("runlens/rules", "runlens/stats", "runlens/roles")
TESTS = (
    "tests/stats",
    "tests/roles",
    "tests/rules",
    "tests/comparison",
    "tests/judging",
    "tests/advice",
    "tests/test_rules.py",
)
EQUIVALENT = Path(__file__).parent / "equivalent.tsv"


def equivalent(found: list[Site]) -> set[tuple[str, str, str]]:
    """Changes that no test can see, by `Site.key`; `*` stands for all changes of a line.

    A line that names a change that is none (any more) is said on stderr.

    Raises
    ------
    SystemExit
        If a line has no reason.
    """
    known = {site.key for site in found}
    keys = set()
    for number, line in enumerate(EQUIVALENT.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        path, text, change, why = (*line.split("\t"), "", "", "")[:4]
        if not why.strip():
            raise SystemExit(f"{EQUIVALENT.name}, line {number}: no reason: {line}")
        meant = {key for key in known if key[:2] == (path, text) and change in ("*", key[2])}
        if not meant:
            print(f"{EQUIVALENT.name}, line {number}: no such change (any more): {line}", file=sys.stderr)
        keys |= meant
    return keys


def drawn(found: list[Site], lines: int, seed: int) -> list[Site]:
    """Some lines, each broken in one way; the same for the same seed and code."""
    by_line: dict[tuple[str, int], list[Site]] = {}
    for site in found:
        by_line.setdefault((site.path, site.line), []).append(site)
    choose = random.Random(seed)
    chosen = choose.sample(sorted(by_line), min(lines, len(by_line)))
    return [choose.choice(by_line[line]) for line in chosen]


def share(trials: list[Trial]) -> str:
    """How many of them were noticed."""
    hit = sum(t.outcome in ("noticed", "hangs") for t in trials)
    return f"{hit} of {len(trials)}, {hit / len(trials):.0%}" if trials else "-"


def page(trials: list[Trial]) -> str:
    """The report: shares by folder and by kind, and the survivors."""
    folders = sorted({t.site.path.split("/")[1] for t in trials})
    rows = [(f, share([t for t in trials if t.site.path.split("/")[1] == f])) for f in folders]
    rows += [(k, share([t for t in trials if t.site.kind == k])) for k in KINDS]
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(Counter(t.outcome for t in trials).items()))
    text = [table(f"Noticed: {share(trials)}", rows, ("where", "noticed")), f"{counts}.", "", "Not noticed:", ""]
    for t in sorted(trials, key=lambda t: (t.site.path, t.site.line)):
        if t.outcome in ("survives", "unasked"):
            s = t.site
            text.append(f"- {s.path}:{s.line} {s.kind} `{s.change}` in `{s.text}` ({t.asked} tests asked)")
    return "\n".join(text)


def tried(sites: list[Site], who: Reach, most: float, jobs: int, show: bool) -> list[Trial]:
    """Every site broken once, and what became of it."""
    trials = []
    for trial in attempts(ROOT, sites, who, most, jobs):
        trials.append(trial)
        if show:
            print(f"{trial.outcome:9}{trial.site.path}:{trial.site.line} `{trial.site.change}` {trial.by}", flush=True)
    return trials


def apart(sites: list[Site], who: Reach, most: float, jobs: int, show: bool) -> list[Trial]:
    """`tried` in a process of its own, since each round loads the package anew; sites cannot be sent, numbers can."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        code = 1
        try:
            os.close(reading)
            done = [(sites.index(t.site), t.outcome, t.by, t.asked) for t in tried(sites, who, most, jobs, show)]
            with os.fdopen(writing, "w") as pipe:
                json.dump(done, pipe)
            code = 0
        except BaseException:  # noqa: BLE001 - said, and the parent stops
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise SystemExit("a round broke off")
    return [Trial(sites[i], outcome, by, asked) for i, outcome, by, asked in json.loads(said)]


def main() -> None:
    """Draw, break, ask, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=240, help="lines that are broken")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", action="append", metavar="PATH", help="a file or folder instead of rules, stats and roles"
    )
    parser.add_argument("--all", action="store_true", help="every change of every line")
    parser.add_argument("--least", type=float, default=0.9, help="share below which this fails")
    parser.add_argument("--most", type=float, default=6.0, help="seconds of tests that a line is shown to at first")
    parser.add_argument("--last", type=float, default=90.0, help="and seconds of those that a survivor is shown to")
    parser.add_argument("--tests", action="append", metavar="PATH", help="test files or folders that are asked")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="forget which tests run what")
    parser.add_argument("--show", action="store_true", help="what became of each line, and by which test")
    given = parser.parse_args()
    found = of_folders(ROOT, tuple(given.only or FOLDERS))
    known = equivalent(of_folders(ROOT, FOLDERS))
    found = [site for site in found if site.key not in known]
    chosen = found if given.all else drawn(found, given.lines, given.seed)
    who = reach(ROOT, tuple(given.tests or TESTS), given.fresh)
    if who.failed:
        print(f"left out, since they fail or skip as it is: {', '.join(who.failed)}", file=sys.stderr)
    began = time.perf_counter()
    trials: list[Trial] = []
    for most in (given.most, given.last):
        again = {trial.site for trial in trials if trial.outcome == "survives"}
        sites = [site for site in chosen if site in again] if trials else chosen
        trials = [trial for trial in trials if trial.site not in again] + apart(
            sites, who, most, given.jobs, given.show
        )
    print(page(trials))
    print(f"\n{len(trials)} changes, {len(known)} known as equivalent, {time.perf_counter() - began:.0f} s.")
    hit = sum(t.outcome in ("noticed", "hangs") for t in trials)
    sys.exit(0 if hit >= given.least * len(trials) else 1)


if __name__ == "__main__":
    main()
