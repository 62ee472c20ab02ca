"""Functions of the user's by name: `FILE.py:name`, `package.module:name`, and their arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.plugins.files import load_file, module_name, python_files, searching
from gradiometer.tracing.at import DISTRIBUTIONS, random
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True)
class Arguments:
    """What a function is differentiated at, as it is named on the command line.

    Attributes:
        at: `NAME=VALUE`, `NAME=normal:3x4`, `NAME=FILE.npy`, `FILE.npz`, or `FILE.py:name` of a
            function that returns the arguments.
        wrt: Names, or positions, of the arguments to differentiate; by default as `own_problem`.
    """

    at: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.at or self.wrt)

    def values(self) -> list[Any]:
        """Return what `at` stands for: arguments by name, and functions of them."""
        return [_parsed(text) for text in self.at]


NOTHING = Arguments()
"""No arguments: functions have defaults."""


@dataclass(frozen=True)
class Called:
    """A function of the user's in a module, and what it is differentiated at.

    Attributes:
        module: The module's name; a file's has one of its own.
        path: The module's file; `None` where it is imported by its name.
        name: Its name in there, dotted where it is an attribute's.
        arguments: The arguments.
        search: A folder that modules are found in beside the usual ones.
    """

    module: str
    path: Path | None
    name: str
    arguments: Arguments = NOTHING
    search: str = ""

    @classmethod
    def named(cls, text: str, arguments: Arguments) -> Called:
        """Return what `FILE.py:name` or `package.module:name` stands for; nothing is loaded."""
        place, _, name = text.rpartition(":")
        if place.endswith(".py"):
            (path,) = (p.resolve() for p in python_files(Path(place)))
            return cls(module_name(path), path, name, arguments, str(path.parent))
        return cls(place, None, name, arguments, str(Path.cwd()))

    def record(self) -> dict[str, Any]:
        """Return it as data, which `recorded` reads."""
        told = {"name": self.label, "search": self.search}
        return told | {"at": list(self.arguments.at), "wrt": list(self.arguments.wrt)}

    @classmethod
    def recorded(cls, told: Mapping[str, Any]) -> Called:
        """Return what `record` told."""
        arguments = Arguments(tuple(told["at"]), tuple(told["wrt"]))
        return replace(cls.named(told["name"], arguments), search=told["search"])

    @property
    def label(self) -> str:
        """How a user names it."""
        return f"{self.path or self.module}:{self.name}"

    def load(self) -> ModuleType:
        """Return its module.

        Raises:
            GradiometerError: If it cannot be loaded.
        """
        with searching(self.search):
            try:
                if self.path is not None:
                    return load_file(self.module, self.path)
                return import_module(self.module)
            except GradiometerError:
                raise
            except (Exception, SystemExit) as error:
                what = self.path.name if self.path else f"module {self.module!r}"
                raise GradiometerError(f"{what} failed to load: {describe(error)}") from error

    @property
    def exists(self) -> bool:
        """Whether its module has something of its name."""
        try:
            self.found()
        except UnknownName:
            return False
        return True

    def found(self) -> Any:
        """Return what has its name.

        Raises:
            GradiometerError: If nothing has, or its module cannot be loaded.
        """
        module = self.load()
        found: Any = module
        for part in self.name.split("."):
            if not hasattr(found, part):
                known = [f"{self.path or self.module}:{n}" for n in callables(module)]
                raise UnknownName("function", self.label, known)
            found = getattr(found, part)
        return found

    def problem(self, name: str | None = None) -> Problem:
        """Return it as a problem.

        Args:
            name: The problem's; as it is named, in kebab-case, by default.

        Raises:
            GradiometerError: If it cannot be made one.
        """
        from gradiometer.tracing.own import own_problem  # which takes a while

        found = self.found()
        root = "" if self.path else self.module.partition(".")[0]
        wrt = [int(w) if w.lstrip("-").isdigit() else w for w in self.arguments.wrt] or None
        with searching(self.search):
            named = name or self.name.replace("_", "-")
            return own_problem(found, argnums=wrt, at=self._at(), name=named, root=root)

    def _at(self) -> list[Any]:
        return [_parsed(text) for text in self.arguments.at]


def callables(module: ModuleType) -> list[str]:
    """Return the names of what can be called in a module, and is written there."""
    return [
        name
        for name, x in vars(module).items()
        if callable(x)
        and not name.startswith("_")
        and not isinstance(x, type | Method | Problem)
        and getattr(x, "__module__", "") == module.__name__
    ]


def _parsed(text: str) -> Any:
    """Return arguments by name, or a function of them.

    Raises:
        GradiometerError: If the text is none of what `Arguments` says.
    """
    name, equals, value = text.partition("=")
    if equals and name.isidentifier():
        return {name: _value(text, value)}
    if text.endswith(".npz"):
        return _loaded(text)
    if ".py:" in text:
        found = Called.named(text, NOTHING).found()
        if not callable(found):
            raise GradiometerError(f"{text!r} is no function: expected one that returns arguments.")
        return found
    raise GradiometerError(
        f"--at is {text!r}: expected NAME=VALUE, NAME=normal:3x4, NAME=FILE.npy, FILE.npz, or "
        "FILE.py:name."
    )


def _value(text: str, value: str) -> Any:
    if value.endswith(".npy"):
        return _loaded(value)
    if value.partition(":")[0] in DISTRIBUTIONS:
        return random(value)
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        if value.isidentifier():
            return value
        raise GradiometerError(
            f"--at {text!r} has no value: expected a number, a list of numbers, normal:3x4, or "
            "FILE.npy."
        ) from None
    return _arrays(literal)


def _arrays(literal: Any) -> Any:
    """Return lists of numbers as arrays, in dicts and tuples too."""
    if isinstance(literal, list):
        try:
            return np.array(literal)
        except ValueError:
            raise GradiometerError(f"{literal} is no array: its rows differ in length.") from None
    if isinstance(literal, dict):
        return {k: _arrays(v) for k, v in literal.items()}
    return tuple(map(_arrays, literal)) if isinstance(literal, tuple) else literal


def _loaded(file: str) -> Any:
    try:
        with Path(file).open("rb") as opened:  # NumPy leaves an archive open that it refuses
            found = np.load(opened, allow_pickle=False)
            return found if isinstance(found, np.ndarray) else {k: found[k] for k in found.files}
    except (OSError, ValueError) as error:
        raise GradiometerError(f"{file!r} cannot be read: {error}.") from error
