"""Names that will go: for a minor version they still work, and say what to use instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import typing_extensions

Item = TypeVar("Item", bound=Callable[..., Any])


def deprecated(since: str, instead: str) -> Callable[[Item], Item]:
    """Mark a function, a method or a class as deprecated (PEP 702): each use of it warns.

    It is there for the whole minor version that first warns: what is deprecated since 0.3 works in
    every 0.3.x, and is gone in 0.4. A test fails where it is not.

    Args:
        since: The first version that warns, as 0.3.
        instead: What to use instead.

    Raises:
        ValueError: If `since` is no minor version.

    Example:
        >>> @deprecated("0.3", "gradiometer.run")
        ... def measure() -> None: ...
        >>> measure.__deprecated__
        'deprecated since 0.3, gone in 0.4: use gradiometer.run'
    """
    found = re.fullmatch(r"(\d+)\.(\d+)", since)
    if found is None:
        raise ValueError(f"{since!r} is no minor version: expected one as 0.3.")
    gone = f"{found[1]}.{int(found[2]) + 1}"
    return typing_extensions.deprecated(f"deprecated since {since}, gone in {gone}: use {instead}")


def overdue(item: object, version: str) -> bool:
    """Return whether an item is deprecated, and should be gone in a version such as 0.4.0."""
    told = re.search(r"gone in (\d+)\.(\d+)", str(getattr(item, "__deprecated__", "")))
    return told is not None and _numbers(version)[:2] >= _numbers(f"{told[1]}.{told[2]}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
