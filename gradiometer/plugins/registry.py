"""The problems and methods that were found, by name, and how they are chosen by glob."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

T = TypeVar("T", Problem, Method)


@dataclass
class Registry:
    """Problems and methods by name.

    Attributes:
        problems: The problems.
        methods: The methods.
        origins: Where a worker loads a module from, by module name; `None` where it is importable.
        paths: The extra files and folders that were asked for.
    """

    problems: dict[str, Problem] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    origins: dict[str, Path | None] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)

    def add(self, item: Problem | Method) -> None:
        """Add one object under its name.

        Raises:
            GradiometerError: If another object has that name.
        """
        if isinstance(item, Problem):
            _place(self.problems, item, "Problem")
        else:
            _place(self.methods, item, "Method")

    def add_fault(self, kind: str, name: str, reason: str) -> None:
        """Add an entry that stands for a plugin that could not be loaded, under a free name."""
        taken = self.problems if kind == "problems" else self.methods
        name = f"{name} (broken)" if name in taken else name
        if kind == "problems":
            self.add(Problem(name, lambda xp: xp, {}, fault=reason))
        else:
            faulty = Method()
            faulty.name, faulty.tool, faulty.fault = name, name, reason
            self.add(faulty)


def select(shelf: dict[str, T], patterns: str | Iterable[str], kind: str) -> list[T]:
    """Return the entries whose names match any of the glob patterns, in registry order.

    `*` alone means all that are not measured on request only.

    Raises:
        UnknownName: If a pattern matches nothing.
    """
    chosen: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        matches = fnmatch.filter(shelf, pattern)
        if pattern == "*":
            matches = [name for name in matches if not getattr(shelf[name], "on_request", False)]
        if not matches:
            raise UnknownName(kind, pattern, shelf)
        chosen.update(matches)
    return [item for name, item in shelf.items() if name in chosen]


def _place(shelf: dict[str, T], item: T, kind: str) -> None:
    if shelf.get(item.name, item) is not item:
        raise GradiometerError(
            f"{kind} {item.name!r} is defined twice: names must be unique. Rename one of them."
        )
    shelf[item.name] = item
