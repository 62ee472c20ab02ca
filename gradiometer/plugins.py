"""Finds problems and methods: built-in folders, extra paths, entry points, and objects.

A plugin is a plain file that imports `gradiometer`. Loading it has no side effects: the loader
collects the `Problem` and `Method` objects that its module holds. A file that fails to load
becomes a faulty entry under the file's name, and never stops the others.
"""

from __future__ import annotations

import fnmatch
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.method import Method
from gradiometer.problem import Problem

Kind = Literal["problems", "methods"]
T = TypeVar("T", Problem, Method)

PACKAGE = Path(__file__).parent


@dataclass
class Registry:
    """The problems and methods that were found, by name, and where each came from."""

    problems: dict[str, Problem] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    origins: dict[str, Path | None] = field(default_factory=dict)
    """Where a worker loads a module from, by module name; `None` where it is importable."""

    def add(self, item: Problem | Method) -> None:
        """Add one object under its name.

        Raises:
            GradiometerError: If another object has that name.
        """
        shelf: dict[str, Problem] | dict[str, Method]
        shelf = self.problems if isinstance(item, Problem) else self.methods
        if shelf.get(item.name, item) is not item:
            kind = type(item).__name__ if isinstance(item, Problem) else "Method"
            raise GradiometerError(
                f"{kind} {item.name!r} is defined twice: names must be unique. Rename one of them."
            )
        shelf[item.name] = item  # type: ignore[assignment]  # the shelf was chosen by type


def load(extra: Sequence[str | Path] = ()) -> Registry:
    """Return everything that can be found.

    Args:
        extra: Files, or folders of files, with further problems and methods.

    Raises:
        GradiometerError: If an extra path does not exist, or a name is taken twice.
    """
    registry = Registry()
    for kind in ("problems", "methods"):
        for path in python_files(built_in(kind)):
            _add_file(registry, f"gradiometer.{kind}.{path.stem}", path)
    for given in extra:
        for path in python_files(Path(given)):
            _add_file(registry, f"gradiometer.plugins.{path.stem}", path)
    for entry in (e for k in ("problems", "methods") for e in _entries(f"gradiometer.{k}")):
        _add_entry(registry, entry)
    return registry


def built_in(kind: Kind) -> Path:
    """Return the folder of the built-in plugins: beside the package in a checkout, else in it."""
    inside = PACKAGE / kind
    return inside if inside.is_dir() else PACKAGE.parent / kind


def python_files(path: Path) -> list[Path]:
    """Return the file itself, or a folder's Python files in order of name.

    Raises:
        GradiometerError: If there is no such file or folder.
    """
    if path.is_dir():
        return sorted(p for p in path.glob("*.py") if not p.name.startswith("_"))
    if not path.is_file():
        raise GradiometerError(f"No plugin file or folder at {str(path)!r}: check the path.")
    return [path]


def load_file(name: str, path: Path) -> ModuleType:
    """Execute a plugin file as module `name` and return it; a second call returns the first's.

    The module is registered before it runs, as dataclasses and lazy imports expect.
    """
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise GradiometerError(f"{str(path)!r} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def collect(module: ModuleType, tool: str) -> list[Problem | Method]:
    """Return the problems and methods that a module defines; named Method classes are called."""
    found: list[Problem | Method] = []
    for item in vars(module).values():
        if issubclass(type(item), ModuleType):
            continue  # a lazily imported library: asking it for anything would import it
        if inspect.isclass(item) and issubclass(item, Method):
            if item.__module__ == module.__name__ and item.name and "name" in vars(item):
                found.append(item())
        elif isinstance(item, Problem | Method):
            found.append(item)
    for method in (m for m in found if isinstance(m, Method)):
        method.tool = method.tool or tool
    return found


def select(shelf: dict[str, T], patterns: str | Iterable[str], kind: str) -> list[T]:
    """Return the entries whose names match any of the glob patterns, in registry order.

    Raises:
        UnknownName: If a pattern matches nothing.
    """
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    chosen = set()
    for pattern in patterns:
        matches = fnmatch.filter(shelf, pattern)
        if not matches:
            raise UnknownName(kind, pattern, shelf)
        chosen.update(matches)
    return [item for name, item in shelf.items() if name in chosen]


def _entries(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda e: e.name)


def _add_file(registry: Registry, name: str, path: Path) -> None:
    kind: Kind = "problems" if name.startswith("gradiometer.problems.") else "methods"
    try:
        module = load_file(name, path.resolve())
    except (Exception, SystemExit) as error:
        _add_fault(registry, kind, path.stem, f"{path.name} failed to load: {_where(error)}")
        return
    registry.origins[name] = path.resolve()
    for item in collect(module, tool=path.stem):
        registry.add(item)


def _add_entry(registry: Registry, entry: EntryPoint) -> None:
    kind: Kind = "problems" if entry.group.endswith("problems") else "methods"
    try:
        loaded = entry.load()
    except (Exception, SystemExit) as error:
        _add_fault(registry, kind, entry.name, f"{entry.value} failed to load: {_where(error)}")
        return
    registry.origins[entry.module] = None
    found: list[Any]
    if isinstance(loaded, ModuleType):
        found = list(collect(loaded, tool=entry.name))
    else:
        found = [loaded() if inspect.isclass(loaded) else loaded]
    for item in found:
        registry.add(item)


def _add_fault(registry: Registry, kind: Kind, name: str, reason: str) -> None:
    if kind == "problems":
        registry.add(Problem(name, lambda xp: xp, {}, fault=reason))
    else:
        faulty = Method()
        faulty.name, faulty.tool, faulty.fault = name, name, reason
        registry.add(faulty)


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return describe(error) + (f" (line {frames[-1].lineno})" if frames else "")
