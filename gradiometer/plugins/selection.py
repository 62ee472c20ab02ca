"""How what is to be measured is named: by name, pattern, file, or name in a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from gradiometer.errors import GradiometerError, UnknownName, listing
from gradiometer.plugins.loader import add_path
from gradiometer.plugins.registry import KINDS, Broken, Kind, ProblemEntry, Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

What = str | Problem | Method
"""A name, a glob pattern, `FILE.py` (all it brings), `FILE.py:name`, or the object itself."""


def choose(
    registry: Registry, what: What | Iterable[What], kinds: Sequence[Kind] = KINDS
) -> dict[Kind, list[Any]]:
    """Return what is named, by kind, in the order of the registry; files and objects are added.

    Raises:
        UnknownName: If something matches nothing.
        GradiometerError: If a file cannot be loaded, or a name is taken twice.
    """
    several = [what] if isinstance(what, What) else list(what)
    chosen: dict[Kind, set[str]] = {kind: set() for kind in kinds}
    for item in several:
        if not isinstance(item, str):
            registry.add_object(item)
            chosen["problems" if isinstance(item, Problem) else "methods"].add(item.name)
            continue
        file, colon, name = item.partition(".py:") if ".py:" in item else (item, "", "")
        if colon or item.endswith(".py"):
            found = _in_file(registry, Path(f"{file}.py" if colon else item), name, kinds)
        else:
            found = {kind: registry.matching(kind, item) for kind in kinds}
        if not any(found.values()):
            known = [name for kind in kinds for name in registry.named(kind)]
            raise UnknownName(" or ".join(kind.removesuffix("s") for kind in kinds), item, known)
        for kind, entries in found.items():
            chosen[kind] |= {entry.name for entry in entries}
    return {
        kind: [entry for name, entry in registry.named(kind).items() if name in names]
        for kind, names in chosen.items()
    }


def choose_problem(registry: Registry, what: str | Problem) -> ProblemEntry:
    """Return the one problem that is named.

    Raises:
        GradiometerError: As `choose`, if its file is broken, or if several are named.
    """
    found = choose(registry, what, ("problems",))["problems"]
    if len(found) > 1:
        raise GradiometerError(
            f"{what!r} names {len(found)} problems: {listing([p.name for p in found])}. Name one."
        )
    if isinstance(found[0], Broken):
        raise GradiometerError(found[0].reason)
    return cast(ProblemEntry, found[0])


def _in_file(
    registry: Registry, path: Path, name: str, kinds: Sequence[Kind]
) -> dict[Kind, list[Any]]:
    """Return what a file brings, or what it brings under a name."""
    add_path(registry, path)
    loaded: dict[Kind, Any] = {"problems": registry.problems, "methods": registry.methods}
    found = {
        kind: [
            entry
            for entry in loaded[kind].values()
            if entry.address.path == path.resolve() and name in ("", entry.name)
        ]
        for kind in kinds
    }
    for broken in registry.broken if not any(found.values()) else ():
        if broken.reason.startswith(f"{path.name} failed to load"):
            raise GradiometerError(broken.reason)
    return found
