"""The vocabulary of RunLens: frozen dataclasses that every layer shares, and nothing that computes."""

from runlens.model.about import About, Figure, Mark, Suspect, Symptom
from runlens.model.comparison import AtOnePoint, Axis, Comparison, Group, GroupLag, Point, Projection, TaskLag
from runlens.model.finding import Action, ActionKind, Evidence, Failure, Finding, Incident, Severity, Skip, SkipKind
from runlens.model.latest import Lag, Latest
from runlens.model.nights import Change, Compared, HeldAgainst
from runlens.model.ref import AS_FOUND, ReadOptions, RunRef
from runlens.model.reference import Curve, Reference
from runlens.model.report import Chart, Report, RoleLine, RunReport, Unread, Verdict
from runlens.model.run import Direction, Note, Origin, RoleSeries, Run, Scope, Split, State
from runlens.model.series import AnySeries, PlacedSeries, Series

__all__ = [
    "AS_FOUND",
    "About",
    "Action",
    "ActionKind",
    "AnySeries",
    "AtOnePoint",
    "Axis",
    "Change",
    "Chart",
    "Compared",
    "Comparison",
    "Curve",
    "Direction",
    "Evidence",
    "Failure",
    "Figure",
    "Finding",
    "Group",
    "GroupLag",
    "HeldAgainst",
    "Incident",
    "Lag",
    "Latest",
    "Mark",
    "Note",
    "Origin",
    "PlacedSeries",
    "Point",
    "Projection",
    "ReadOptions",
    "Reference",
    "Report",
    "RoleLine",
    "RoleSeries",
    "Run",
    "RunRef",
    "RunReport",
    "Scope",
    "Series",
    "Severity",
    "Skip",
    "SkipKind",
    "Split",
    "State",
    "Suspect",
    "Symptom",
    "TaskLag",
    "Unread",
    "Verdict",
]
