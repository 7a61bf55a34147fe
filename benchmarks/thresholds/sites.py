"""The thresholds, guards and windows of a module, and one way to break each.

A number is broken by as much as somebody who tunes it would change it: a small count by one, all else by half. A
comparison with a number, a length or a setting is moved onto its edge (`<` for `<=`), since a test can stand there; one
of two measured numbers is turned round, since no test can make two of them equal. Docstrings, messages and their
precision hold no thresholds, and the keys of a table are names.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

KINDS = ("setting", "constant", "number", "default", "factor", "window", "edge", "sense", "minmax", "logic", "guard")
BY = 1.5
"""Factor of a changed number."""
COUNTED = 8
"""Whole numbers up to this change by one."""
TINY = 1e-6
"""Below this a number only keeps a division from failing: it changes by a factor of `FAR`."""
FAR = 1e4

EDGES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TURNED = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
SWAPPED = {"min": "max", "minimum": "maximum", "fmin": "fmax", "nanmin": "nanmax", "argmin": "argmax", "any": "all"}
SWAPPED |= {new: old for old, new in SWAPPED.items()}
WORDS = {"finding", "skip", "Skip", "Note", "round", "format", "get", "lru_cache", "cache", "range", "print", "astype"}
"""Calls whose numbers are no thresholds: messages, digits, missing values, ranges."""
FALLBACKS = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr)
"""`x or ()` is a value in place of none, and no guard."""
BARE = (0, 1, -1)
"""Numbers that are an index, a sign or a step, and no choice, where they stand outside a comparison."""


@dataclass(frozen=True)
class Site:
    """One way to break one line."""

    path: str
    line: int
    inside: str
    """Qualified name of the outermost function, or of the class; empty on the level of the module."""
    names: tuple[str, ...]
    """What the line's statement assigns, on the level of a module or class."""
    kind: str
    text: str
    """The line, as it is."""
    change: str
    """What is done: `old -> new`."""
    at: int
    """Number of the node in `ast.walk` of the module."""
    new: Callable[[ast.AST], None]
    """Breaks that node in place."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it where lines move: path, text, change."""
        return self.path, self.text, self.change

    def broken(self, source: str) -> ast.Module:
        """The module with this line broken."""
        tree = ast.parse(source)
        node = next(n for i, n in enumerate(ast.walk(tree)) if i == self.at)
        self.new(node)
        return ast.fix_missing_locations(tree)


def sites(path: str, source: str) -> list[Site]:
    """All ways to break a module, in order of line.

    Parameters
    ----------
    path : str
        As it is shown.
    source : str
    """
    tree = ast.parse(source)
    number = {id(node): i for i, node in enumerate(ast.walk(tree))}
    lines = source.splitlines()
    found = []
    for node, parents in _walk(tree, ()):
        for kind, change, new in _breaks(node, parents):
            text = lines[node.lineno - 1].strip()
            where = Site(
                path, node.lineno, inside(parents), _assigned(parents), kind, text, change, number[id(node)], new
            )
            found.append(where)
    return sorted(found, key=lambda s: (s.line, KINDS.index(s.kind), s.change))


def of_folders(root: Path, folders: tuple[str, ...]) -> list[Site]:
    """The same for all modules of some folders."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py") if (root / folder).is_dir() else [root / folder]):
            found += sites(path.relative_to(root).as_posix(), path.read_text("utf-8"))
    return found


def inside(parents: tuple[ast.AST, ...]) -> str:
    """Qualified name of the outermost function among these, or of the class; functions within are part of it."""
    names = []
    for p in parents:
        if isinstance(p, ast.FunctionDef | ast.ClassDef):
            names.append(p.name)
        if isinstance(p, ast.FunctionDef):
            break
    return ".".join(names)


def _assigned(parents: tuple[ast.AST, ...]) -> tuple[str, ...]:
    if any(isinstance(p, ast.FunctionDef) for p in parents):
        return ()
    targets = [t for p in parents if isinstance(p, ast.Assign) for t in p.targets]
    targets += [p.target for p in parents if isinstance(p, ast.AnnAssign)]
    return tuple(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))


def _walk(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """All nodes that may hold a threshold, with what they stand in; text and annotations are left out."""
    yield node, parents
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or (isinstance(node, ast.Dict) and field == "keys"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(node, ast.Call) and _called(node) in WORDS and child is not node.func:
                continue
            yield from _walk(child, (*parents, node))


def _breaks(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[tuple[str, str, Callable[[ast.AST], None]]]:
    parent = parents[-1] if parents else node
    if _is_number(node):
        kind = _kind_of_number(node, parents)
        if kind:
            for value in _changed(node.value):
                yield kind, f"{node.value!r} -> {value!r}", _set("value", value)
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) not in EDGES:
                continue
            sides = ([node.left, *node.comparators][i], node.comparators[i])
            at_edge = any(_told(side) for side in sides)
            other = (EDGES if at_edge else TURNED)[type(op)]
            yield "edge" if at_edge else "sense", f"{_sign(type(op))} -> {_sign(other)}", _set_op(i, other)
    elif isinstance(node, ast.BoolOp) and not any(isinstance(v, FALLBACKS) for v in node.values):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "logic", f"{_sign(type(node.op))} -> {_sign(other)}", _set("op", other())
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr) and not _is_type(parents):
        other = ast.BitOr if isinstance(node.op, ast.BitAnd) else ast.BitAnd
        yield "logic", f"{_sign(type(node.op))} -> {_sign(other)}", _set("op", other())
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(parent, ast.Call) and parent.func is node:
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in SWAPPED:
            field = "id" if isinstance(node, ast.Name) else "attr"
            yield "minmax", f"{name} -> {SWAPPED[name]}", _set(field, SWAPPED[name])
    elif isinstance(node, ast.If) and not node.orelse and len(node.body) == 1:
        leaves = node.body[0]
        if isinstance(leaves, ast.Return | ast.Continue | ast.Break | ast.Raise):
            yield "guard", f"if {ast.unparse(node.test)} -> if False", _set("test", ast.Constant(False))


def _kind_of_number(node: ast.Constant, parents: tuple[ast.AST, ...]) -> str | None:
    """What a number is, by where it stands; None if it is no choice."""
    parent = parents[-1]
    if isinstance(parent, ast.UnaryOp):
        parent = parents[-2]
    if not any(isinstance(p, ast.FunctionDef | ast.Lambda) for p in parents):
        if isinstance(parent, ast.AnnAssign) and any(isinstance(p, ast.ClassDef) for p in parents):
            return "setting"
        return "constant" if any(isinstance(p, ast.Assign | ast.AnnAssign) for p in parents) else None
    if isinstance(parent, ast.Compare):
        return "number"
    if isinstance(parent, ast.arguments):
        return "default"
    if node.value in BARE:
        return None
    if isinstance(parent, ast.BinOp):
        return (
            "factor" if isinstance(parent.op, ast.Mult | ast.Div | ast.FloorDiv | ast.Pow | ast.Add | ast.Sub) else None
        )
    if isinstance(parent, ast.Call | ast.keyword | ast.Slice | ast.IfExp | ast.Assign | ast.Return | ast.Tuple):
        return "window"
    return None


def _changed(value: float) -> list[float]:
    """A number, more and less."""
    if isinstance(value, int):
        by = 1 if abs(value) <= COUNTED else max(1, round(abs(value) * (BY - 1)))
        return [value + by, value - by] if value else [1]
    if value == 0.0:
        return [1.0]
    by = FAR if abs(value) < TINY else BY
    return [float(f"{value * by:.6g}"), float(f"{value / by:.6g}")]


def _told(node: ast.AST) -> bool:
    """Whether a test can make a value equal to this: a number, a length, a count, a setting."""
    if isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and _told(node.operand)):
        return True
    if isinstance(node, ast.Call):
        return _called(node) in ("len", "sum", "count_nonzero")
    if isinstance(node, ast.Attribute):
        return (isinstance(node.value, ast.Name) and node.value.id == "self") or node.attr == "size"
    return isinstance(node, ast.Name) and node.id.isupper()


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _is_type(parents: tuple[ast.AST, ...]) -> bool:
    """Whether `|` stands in `isinstance(x, A | B)`, or in an alias of types."""
    module_level = not any(isinstance(p, ast.FunctionDef | ast.Lambda) for p in parents)
    return module_level or any(isinstance(p, ast.Call) and _called(p) == "isinstance" for p in parents)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _sign(op: type[ast.AST]) -> str:
    signs = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "And": "and", "Or": "or", "BitAnd": "&", "BitOr": "|"}
    return signs[op.__name__]


def _set(field: str, value: object) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        setattr(node, field, copy.deepcopy(value))

    return change


def _set_op(i: int, op: type[ast.cmpop]) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        node.ops[i] = op()  # type: ignore[attr-defined]

    return change
