"""Finds problems and methods: built-in folders, extra paths, entry points.

A plugin is a plain file that imports `gradiometer`. Loading it has no side effects: the loader
describes the `Problem` and `Method` objects that its module holds. A file that fails to load is
noted as broken under the file's name, and never stops the others.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from gradiometer.errors import GradiometerError, InvalidPlugin, describe
from gradiometer.plugins import describing
from gradiometer.plugins.address import home
from gradiometer.plugins.files import (
    Plugin,
    collect,
    load_file,
    module_name,
    nameless,
    python_files,
)
from gradiometer.plugins.lazily import loading_lazily
from gradiometer.plugins.registry import KINDS, Kind, Registry, is_name
from gradiometer.vocabulary.problem import Problem

logger = logging.getLogger("gradiometer")

PACKAGE = Path(__file__).parents[1]

NOTHING = (
    "{} brings no problem and no method: expected a function under @problem(…), or a class derived "
    "from gradiometer.Method, with a name."
)


def load(extra: Sequence[str | Path] = (), kinds: Sequence[Kind] = KINDS) -> Registry:
    """Return everything that can be found.

    What is not Gradiometer's own is executed in a process of its own, and described there
    (`describing`): a file may hang, or end the process. What is broken is logged.

    Args:
        extra: Files, folders of files, or importable modules, with further problems and methods.
        kinds: Whether of what is built in problems, methods or both are wanted.

    Raises:
        GradiometerError: If an extra path does not exist, or brings nothing, or a name is taken
            twice.
    """
    registry = built_ins(kinds)
    if extra or _entries():
        registry.merge(describing.described([located(given) for given in extra]))
    for broken in registry.broken:
        logger.warning("gradiometer: %s", broken.reason)
    return registry


def located(given: str | Path) -> Path:
    """Return the path of a plugin that is named by its path, or as a module: `package.methods`."""
    path, names = Path(given), str(given).split(".")
    if not path.exists() and len(names) > 1 and all(map(str.isidentifier, names)):
        with contextlib.suppress(ModuleNotFoundError):
            found = find_spec(str(given))
            return Path(found.origin) if found and found.origin else path
    return path


def add_path(registry: Registry, given: Path) -> None:
    """Add what a file, or a folder of files, brings; one that was added already brings nothing.

    Raises:
        GradiometerError: As `load`.
    """
    if given.resolve() not in registry.paths:
        registry.merge(describing.described([*registry.paths, given]))


def load_here(
    extra: Sequence[str | Path] = (),
    left_out: Collection[Path] = (),
    begins: Callable[[str], object] = str,
) -> Registry:
    """Return everything that can be found, executed in this process.

    Args:
        extra: As of `load`.
        left_out: Files that are not to be executed.
        begins: Told the path of each file before it is executed, or what an entry point names.

    Raises:
        GradiometerError: As `load`.
    """
    registry = built_ins()
    for given in extra:
        add_here(registry, Path(given), left_out, begins)
        if not registry.holds({*python_files(Path(given))}, left_out):
            raise GradiometerError(NOTHING.format(given))
    for kind, entry in _entries():
        if entry.value not in map(str, left_out):
            begins(entry.value)
            _add_entry(registry, kind, entry)
    return registry


def built_ins(kinds: Sequence[Kind] = KINDS) -> Registry:
    """Return what comes with Gradiometer: problems, methods, or both."""
    registry = Registry()
    for kind in kinds:
        for path in python_files(built_in(kind)):
            _add_file(registry, kind, f"gradiometer.{kind}.{path.stem}", path.resolve())
    return registry


def add_here(
    registry: Registry,
    given: Path,
    left_out: Collection[Path] = (),
    begins: Callable[[str], object] = str,
) -> None:
    """Add what a file, or a folder of files, brings, executed in this process.

    Raises:
        GradiometerError: If there is no such path, or a name is taken twice.
    """
    files = [path.resolve() for path in python_files(given)]
    if given.resolve() in registry.paths:
        return
    for path in files:
        if path not in registry.origins.values() and path not in left_out:
            begins(str(path))
            _add_file(registry, "methods", module_name(path), path)
    if registry.holds(files, left_out):
        registry.paths.append(given.resolve())


def built_in(kind: Kind) -> Path:
    """Return the folder of the built-in plugins: beside the package in a checkout, else in it."""
    inside = PACKAGE / kind
    return inside if inside.is_dir() else PACKAGE.parent / kind


def _entries() -> list[tuple[Kind, EntryPoint]]:
    """Return what installed packages announce, in order of name; all packages are read once."""
    announced = entry_points()
    return [
        (kind, entry)
        for kind in KINDS
        for entry in sorted(announced.select(group=f"gradiometer.{kind}"), key=lambda e: e.name)
    ]


def _add_file(registry: Registry, kind: Kind, name: str, path: Path) -> None:
    registry.origins[name] = path
    for item in _attempt(registry, kind, path.stem, path, lambda: collect(load_file(name, path))):
        _add(registry, item, path.stem, name, path)
    for each in nameless(sys.modules[name]) if name in sys.modules else ():
        told = f'{path.name}: class {each} has no name of its own: give it one, name = "my-method".'
        registry.add_broken("methods", path.stem, told, path)


def _add_entry(registry: Registry, kind: Kind, entry: EntryPoint) -> None:
    registry.origins[entry.module] = None
    source = Path(entry.value)
    for item in _attempt(registry, kind, entry.name, source, lambda: _announced(entry)):
        module = entry.module if home(item) == entry.module else ""
        _add(registry, item, entry.name, module, source)


def _add(registry: Registry, item: Plugin, family: str, module: str, source: Path) -> None:
    """Describe what a plugin holds; what is invalid is noted as broken, by its own name."""
    try:
        registry.add(item, family, module)
    except InvalidPlugin as error:
        kind: Kind = "problems" if isinstance(item, Problem) else "methods"
        name = item.name if is_name(item.name) else source.stem
        registry.add_broken(kind, name, f"{source.name}: {error}", source)


def _announced(entry: EntryPoint) -> list[Plugin]:
    """Return what an entry point announces: a module's plugins, a class's object, an object."""
    with loading_lazily():
        loaded: Any = entry.load()
    if isinstance(loaded, ModuleType):
        return collect(loaded)
    item = loaded() if inspect.isclass(loaded) else loaded
    if not isinstance(item, Plugin):
        found = type(item).__name__
        raise GradiometerError(f"a Problem, a Method or a module was expected, not {found}.")
    return [item]


def _attempt(
    registry: Registry, kind: Kind, name: str, source: Path, loader: Callable[[], list[Plugin]]
) -> list[Plugin]:
    """Return what the loader gives; whatever a plugin raises is noted as broken."""
    try:
        return loader()
    except (Exception, SystemExit) as error:
        told = f"{source.name} failed to load: {_where(error, str(source))}"
        registry.add_broken(kind, name, told, source)
        return []


def _where(error: BaseException, file: str) -> str:
    """Return the error, and the plugin's own line that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    text = str(error) if isinstance(error, GradiometerError) else describe(error)
    return text + (f" (line {lines[-1]})" if lines else "")
