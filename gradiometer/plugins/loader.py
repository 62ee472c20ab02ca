"""Finds problems and methods: built-in folders, extra paths, entry points.

A plugin is a plain file that imports `gradiometer`. Loading it has no side effects: the loader
collects the `Problem` and `Method` objects that its module holds. A file that fails to load
becomes a faulty entry under the file's name, and never stops the others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from gradiometer.errors import GradiometerError, describe
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

Kind = Literal["problems", "methods"]
KINDS: tuple[Kind, ...] = ("problems", "methods")
PACKAGE = Path(__file__).parents[1]


def load(extra: Sequence[str | Path] = ()) -> Registry:
    """Return everything that can be found.

    Args:
        extra: Files, or folders of files, with further problems and methods.

    Raises:
        GradiometerError: If an extra path does not exist, or a name is taken twice.
    """
    registry = Registry()
    for kind in KINDS:
        for path in python_files(built_in(kind)):
            _add_file(registry, kind, f"gradiometer.{kind}.{path.stem}", path.resolve())
    registry.paths = [Path(given).resolve() for given in extra]
    for given in extra:
        for path in python_files(Path(given)):
            _add_file(registry, "methods", _module_name(path.resolve()), path.resolve())
    for kind in KINDS:
        for entry in sorted(entry_points(group=f"gradiometer.{kind}"), key=lambda e: e.name):
            _add_entry(registry, kind, entry)
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
    except BaseException:  # a Ctrl-C, too: nothing half loaded stays behind
        del sys.modules[name]
        raise
    return module


def collect(module: ModuleType, tool: str) -> list[Problem | Method]:
    """Return the problems and methods that a module defines; named Method classes are called."""
    found: list[Problem | Method] = []
    for item in {id(value): value for value in vars(module).values()}.values():
        if issubclass(type(item), ModuleType):
            continue  # a lazily imported library: asking it for anything would import it
        if inspect.isclass(item) and issubclass(item, Method):
            if item.__module__ == module.__name__ and item.name and "name" in vars(item):
                found.append(item())
        elif isinstance(item, Problem | Method):
            found.append(item)
    return [_with_tool(item, tool) for item in found]


def _module_name(path: Path) -> str:
    """Return a module name of its own for a plugin file, wherever it lies."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return f"gradiometer.plugins.loader.{path.stem}_{digest}"


def _add_file(registry: Registry, kind: Kind, name: str, path: Path) -> None:
    found = _attempt(
        registry, kind, path.stem, path, lambda: collect(load_file(name, path), tool=path.stem)
    )
    registry.origins[name] = path
    for item in found:
        registry.add(item)


def _add_entry(registry: Registry, kind: Kind, entry: EntryPoint) -> None:
    found = _attempt(registry, kind, entry.name, entry.value, lambda: _announced(entry))
    registry.origins[entry.module] = None
    for item in found:
        registry.add(item)


def _announced(entry: EntryPoint) -> list[Problem | Method]:
    """Return what an entry point announces: a module's plugins, a class's object, an object."""
    loaded: Any = entry.load()
    if isinstance(loaded, ModuleType):
        return collect(loaded, tool=entry.name)
    item = loaded() if inspect.isclass(loaded) else loaded
    if not isinstance(item, Problem | Method):
        raise GradiometerError(
            f"a Problem, a Method or a module was expected, not {type(item).__name__}."
        )
    return [_with_tool(item, entry.name)]


def _attempt(
    registry: Registry,
    kind: Kind,
    name: str,
    source: Path | str,
    loader: Callable[[], list[Problem | Method]],
) -> list[Problem | Method]:
    """Return what the loader gives; whatever a plugin raises becomes a faulty entry."""
    try:
        return loader()
    except (Exception, SystemExit) as error:
        shown = source.name if isinstance(source, Path) else source
        registry.add_fault(kind, name, f"{shown} failed to load: {_where(error, str(source))}")
        return []


def _with_tool(item: Problem | Method, tool: str) -> Problem | Method:
    if isinstance(item, Method):
        item.tool = item.tool or tool
    return item


def _where(error: BaseException, file: str) -> str:
    """Return the error, and the plugin's own line that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    text = str(error) if isinstance(error, GradiometerError) else describe(error)
    return text + (f" (line {lines[-1]})" if lines else "")
