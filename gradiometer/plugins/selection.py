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
            kind: Kind = "problems" if isinstance(item, Problem) else "methods"
            if kind not in kinds:
                raise GradiometerError(f"{item.name!r} is none of the {kinds[0]}: name one.")
            registry.add(item)
            chosen[kind].add(item.name)
            continue
        found, known = _named(registry, item, kinds)
        if not any(found.values()):
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


Found = dict[Kind, list[Any]]


def _named(registry: Registry, item: str, kinds: Sequence[Kind]) -> tuple[Found, list[str]]:
    """Return the entries that a text names, and what it could have named instead."""
    file, colon, name = item.partition(".py:")
    if not colon and not item.endswith(".py"):
        known = [name for kind in kinds for name in registry.named(kind)]
        return {kind: registry.matching(kind, item) for kind in kinds}, known
    path = Path(f"{file}.py" if colon else item)
    add_path(registry, path)
    brought = {kind: _brought(registry, path, kind) for kind in kinds}
    for broken in registry.broken:
        told = broken.reason.startswith(f"{path.name} failed to load")
        if told and not any(brought.values()):
            raise GradiometerError(broken.reason)
    known = [f"{path}:{entry.name}" for entries in brought.values() for entry in entries]
    if not colon:
        return brought, known
    return {k: [e for e in entries if e.name == name] for k, entries in brought.items()}, known


def _brought(registry: Registry, path: Path, kind: Kind) -> list[Any]:
    """Return the entries of a kind that a file brings."""
    entries = registry.named(kind).values()
    return [e for e in entries if not isinstance(e, Broken) and e.address.path == path.resolve()]
