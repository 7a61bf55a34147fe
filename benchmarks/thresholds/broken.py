"""A module with a broken line, loaded instead of the sound one or put in its place."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from benchmarks.thresholds.sites import Site


class Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads it where nothing of the package is loaded; to be put before the others of `sys.meta_path`."""

    def __init__(self, root: Path, site: Site) -> None:
        self.file = root / site.path
        self.name = ".".join(Path(site.path).with_suffix("").parts).removesuffix(".__init__")
        self.tree = site.broken(self.file.read_text("utf-8"))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Only for the broken module."""
        if fullname != self.name:
            return None
        package = [str(self.file.parent)] if self.file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.file, loader=self, submodule_search_locations=package
        )

    def exec_module(self, module: ModuleType) -> None:
        """The broken tree, under the name of the file."""
        exec(compile(self.tree, str(self.file), "exec"), module.__dict__)


def break_loaded(root: Path, site: Site, functions: dict[tuple[str, str], list[FunctionType]]) -> None:
    """Put a broken line into the modules that are loaded: the function's code, or the module's constants.

    Raises
    ------
    LookupError
        If nothing in memory holds that function. A constant that comes out the same stays as it is.
    """
    file = root / site.path
    tree = site.broken(file.read_text("utf-8"))
    name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    code = compile(tree, str(file), "exec")
    done = 0
    if site.names:
        space = {key: getattr(sys.modules[name], key) for key in ("__name__", "__file__", "__package__")}
        exec(code, space)
        for given in [n for n in _assigned(tree) if not _same(space[n], getattr(sys.modules[name], n))]:
            old = getattr(sys.modules[name], given)
            for module in list(sys.modules.values()):
                if getattr(module, "__dict__", {}).get(given) is old:
                    setattr(module, given, space[given])
    else:
        for inner in _codes(code):
            if inner.co_qualname == site.inside:
                for function in functions.get((str(file), site.inside), ()):
                    function.__code__ = inner
                    done += 1
    if not done and not site.names:
        raise LookupError("nothing in memory holds it")


def _same(a: object, b: object) -> bool:
    try:
        return pickle.dumps(a) == pickle.dumps(b)
    except (pickle.PicklingError, TypeError, AttributeError):  # a lambda, a module
        return repr(a) == repr(b)


def _assigned(tree: ast.Module) -> list[str]:
    """The constants of a module."""
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)
