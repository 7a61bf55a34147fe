"""Which logged series plays which part in a run."""

from runlens.roles.names.evals import EvalName, canonical_task, parse_eval
from runlens.roles.resolve import resolve
from runlens.roles.vocabulary import ROLES, catalogue_role

__all__ = ["ROLES", "EvalName", "canonical_task", "catalogue_role", "parse_eval", "resolve"]
