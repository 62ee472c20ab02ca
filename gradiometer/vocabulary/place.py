"""The line of the user's program that is being computed, where frames cannot tell it.

A program that is held as data is evaluated step by step, and each step knows its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PLACE: ContextVar[str] = ContextVar("place", default="")


@contextmanager
def at_place(place: str) -> Iterator[None]:
    """Compute what was written at a line, told as ` at FILE, line N`; where it is not known, on."""
    token = _PLACE.set(place or _PLACE.get())
    try:
        yield
    finally:
        _PLACE.reset(token)


def present_place() -> str:
    """Return the line that is being computed, as ` at FILE, line N`; empty if frames tell it."""
    return _PLACE.get()
