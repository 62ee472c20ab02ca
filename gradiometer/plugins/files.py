"""Executes a plugin file, and collects the problems and methods that it holds."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from gradiometer.errors import GradiometerError
from gradiometer.plugins.lazily import loading_lazily
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

Plugin = Problem | Method


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


@contextmanager
def searching(folder: str) -> Iterator[None]:
    """Let modules be found in a folder, too, after the usual ones."""
    added = bool(folder) and folder not in sys.path
    if added:
        sys.path.append(folder)
    try:
        yield
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


def module_name(path: Path) -> str:
    """Return a module name of its own for a plugin file, wherever it lies."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return f"gradiometer.files.{path.stem}_{digest}"


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
        with searching(str(path.parent)), loading_lazily():  # found as Python does for a script
            spec.loader.exec_module(module)
    except BaseException:  # a Ctrl-C, too: nothing half loaded stays behind
        del sys.modules[name]
        raise
    return module


def nameless(module: ModuleType) -> list[str]:
    """Return the method classes of a module that have no name, and are no bases of others."""
    own = [
        item
        for item in vars(module).values()
        if issubclass(type(item), type)  # asked of its type: a lazy library would be imported
        and issubclass(item, Method)
        and item.__module__ == module.__name__
    ]
    return [
        item.__name__
        for item in own
        if not (item.name and "name" in vars(item))
        and not item.__name__.startswith("_")
        and not any(item in each.__mro__[1:] for each in own)
    ]


def collect(module: ModuleType) -> list[Plugin]:
    """Return the problems and methods that a module defines; named Method classes are called."""
    found: list[Plugin] = []
    for item in {id(value): value for value in vars(module).values()}.values():
        if issubclass(type(item), ModuleType):
            continue  # a lazily imported library: asking it for anything would import it
        if inspect.isclass(item) and issubclass(item, Method):
            if item.__module__ == module.__name__ and item.name and "name" in vars(item):
                found.append(item())
        elif isinstance(item, Plugin):
            found.append(item)
    return found
