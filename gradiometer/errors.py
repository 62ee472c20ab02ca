"""The project's own errors. Each says what happened, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Collection


class GradiometerError(Exception):
    """Base of every error that Gradiometer raises on purpose."""


class Unsupported(GradiometerError):
    """A method cannot do what a case asks for; the cell ends as `unsupported`."""


class UnsupportedOperation(Unsupported, AttributeError):
    """An array namespace lacks an operation that a problem uses."""


NEAR = 0.65
"""How alike names are that are offered for one that is unknown, as difflib measures it."""


class UnknownName(GradiometerError):
    """A name or pattern that matches nothing in a registry.

    Args:
        kind: What it should be the name of.
        name: The name.
        known: The names that there are.
        ordered: Whether the first of those are offered, not the first in the alphabet.
    """

    def __init__(
        self, kind: str, name: str, known: Collection[str], *, ordered: bool = False
    ) -> None:
        import difflib  # which takes a while to import

        near = difflib.get_close_matches(name, known, n=3, cutoff=NEAR)
        offered = listing(known if ordered else sorted(known))
        message = f"Unknown {kind} {name!r}: expected one of {offered}."
        if near:
            message += f" Did you mean {' or '.join(repr(n) for n in near)}?"
        super().__init__(message)


class InvalidPlugin(GradiometerError):
    """A problem or a method that says of itself what cannot be."""


class Declined(GradiometerError):
    """A method will not attempt a case, with its forecast: the cell is skipped."""


class ChangedInput(GradiometerError):
    """A method changes what it is called with: the cell disagrees."""


class WorkBeside(GradiometerError):
    """A method computes outside the call that is timed."""


class ReferenceFailure(GradiometerError):
    """The true derivative of a case could not be enclosed."""


class Kink(ReferenceFailure):
    """Branches meet at the point, or so near that rounding decides between them, and differ."""


class NotFinite(ReferenceFailure):
    """A value or derivative that is infinite, or not defined."""


def listing(names: Collection[str], limit: int = 8) -> str:
    """Return `a, b, c, …`: the names, cut after `limit` of them."""
    shown = list(names)[:limit]
    return ", ".join(shown) + (", …" if len(names) > limit else "") if shown else "(none)"


def describe(error: BaseException) -> str:
    """Return one line for a foreign error: its type and its first line of text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
