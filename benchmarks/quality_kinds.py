"""Faults that have a rule of their own, kind by kind: what is found, and how often healthy runs alike alarm.

    python -m benchmarks.quality_kinds [--quick] [--write docs/quality.md]

With `--write` its section of the page is written again, and nothing else.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks import (
    quality_adversaries,
    quality_clocks,
    quality_collapse,
    quality_few,
    quality_gradients,
    quality_held_out,
    quality_reports,
    quality_rl,
)

HEADING = "Faults by kind"
SECTIONS = (
    quality_collapse.report,
    quality_few.report,
    quality_gradients.report,
    quality_held_out.report,
    quality_clocks.report,
    quality_adversaries.report,
    quality_rl.report,
    quality_reports.report,
)


def report(quick: bool) -> str:
    """All tables as Markdown."""
    return "\n\n".join(section(quick).strip() for section in SECTIONS) + "\n"


def main() -> None:
    """Print the tables, or write their section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small part of the runs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the page in which to write the section again")
    given = parser.parse_args()
    text = report(given.quick)
    if given.write is None:
        print(text)
        return
    page = given.write.read_text("utf-8")
    section = re.compile(rf"(?<=^## {HEADING}\n\n).*?(?=\n\n## )", re.S | re.M)
    given.write.write_text(section.sub(lambda _: text.strip(), page, count=1), "utf-8")


if __name__ == "__main__":
    main()
