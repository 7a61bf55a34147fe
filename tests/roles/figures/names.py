"""Names of all frameworks: a third of those in the tables of cases, which grow without moving the figures."""

from pathlib import Path


def names_of_all():
    return Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
