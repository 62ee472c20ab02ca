"""How what is to be measured is named: by name, pattern, file, or name in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from gradiometer.errors import GradiometerError, UnknownName, listing
from gradiometer.plugins.files import Plugin
from gradiometer.plugins.loader import add_here, add_path
from gradiometer.plugins.own import NOTHING, Arguments, Called
from gradiometer.plugins.registry import KINDS, Broken, Kind, ProblemEntry, Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

What = str | Plugin | Callable[..., Any]
"""A name, a glob pattern, `FILE.py` (all it brings), `FILE.py:name`, `package.module:name`, or the
object itself: a problem, a method, or a function as it stands."""


def choose(
    registry: Registry,
    what: What | Iterable[What],
    kinds: Sequence[Kind] = KINDS,
    arguments: Arguments = NOTHING,
) -> dict[Kind, list[Any]]:
    """Return what is named, by kind, in the order of the registry; files and objects are added.

    Args:
        registry: What there is; what files and objects bring is added to it.
        what: One name or object, or several.
        kinds: What may be named.
        arguments: What functions of the user's are differentiated at.

    Raises:
        UnknownName: If something matches nothing.
        GradiometerError: If a file cannot be loaded, or a name is taken twice.
    """
    single = isinstance(what, str | Problem | Method) or callable(what)
    several: Iterable[Any] = [what] if single else what  # type: ignore[assignment]
    chosen = {pair for item in several for pair in _named(registry, item, kinds, arguments)}
    return {
        kind: [e for name, e in registry.named(kind).items() if (kind, name) in chosen]
        for kind in kinds
    }


def choose_problem(registry: Registry, what: What, arguments: Arguments = NOTHING) -> ProblemEntry:
    """Return the one problem that is named; see `choose`.

    Raises:
        GradiometerError: As `choose`, if its file is broken, or if several are named.
    """
    found = choose(registry, what, ("problems",), arguments)["problems"]
    if len(found) > 1:
        raise GradiometerError(
            f"{what!r} names {len(found)} problems: {listing([p.name for p in found])}. Name one."
        )
    if isinstance(found[0], Broken):
        raise GradiometerError(found[0].reason)
    return cast(ProblemEntry, found[0])


def _named(
    registry: Registry, item: What, kinds: Sequence[Kind], arguments: Arguments
) -> list[tuple[Kind, str]]:
    """Return the kinds and names of what an object or a text stands for."""
    if not isinstance(item, str):
        if not isinstance(item, Problem | Method):
            from gradiometer.tracing.own import own_problem  # which takes a while

            item = own_problem(item)
        kind: Kind = "problems" if isinstance(item, Problem) else "methods"
        if kind not in kinds:
            raise GradiometerError(f"{item.name!r} is none of the {kinds[0]}: name one.")
        registry.add(item)
        return [(kind, item.name)]
    file, colon, name = item.partition(".py:")
    if colon or item.endswith(".py"):
        path = Path(f"{file}.py" if colon else item)
        brought = _brought(registry, path, kinds, add_here if colon else add_path)
        spelt = (name, name.replace("_", "-"))  # as registered, or as Python spells it
        found = [pair for pair in brought if pair[1] in spelt or not colon]
        known = [f"{path}:{each}" for _, each in brought]
        if name and not found and "problems" in kinds:
            called = Called.named(item, arguments)
            if called.exists or not brought:
                return [("problems", registry.add_called(called))]
    elif ":" in item and "problems" in kinds:
        return [("problems", registry.add_called(Called.named(item, arguments)))]
    else:
        found = [(kind, e.name) for kind in kinds for e in registry.matching(kind, item)]
        known = [each for kind in kinds for each in registry.named(kind)]
    if not found:
        raise UnknownName(" or ".join(kind.removesuffix("s") for kind in kinds), item, known)
    return found


def _brought(
    registry: Registry, path: Path, kinds: Sequence[Kind], add: Callable[[Registry, Path], None]
) -> list[tuple[Kind, str]]:
    """Return the kinds and names of what a file brings, once it is added.

    Raises:
        GradiometerError: If it could not be loaded.
    """
    add(registry, path)
    for broken in registry.broken:
        if broken.path == path.resolve():
            raise GradiometerError(broken.reason)
    whole = [(kind, entry) for kind in kinds for entry in getattr(registry, kind).values()]
    return [(kind, e.name) for kind, e in whole if e.address.path == path.resolve()]
