"""What NumPy computes itself: operations of constants; and what may be made of arrays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing import creation
from gradiometer.tracing.array import LOST, Traced
from gradiometer.tracing.kinds import original
from gradiometer.tracing.native import Native, concrete
from gradiometer.tracing.refusals import refusal
from gradiometer.vocabulary.graph import substitute

if TYPE_CHECKING:
    pass


class Folding:
    """Arrays that are made of constants, and constants that are read from arrays.

    Attributes:
        native: The tool's array functions.
        exact: Whether the tool computes constants, too: the reference, where they are exact.
    """

    native: Native
    exact: bool

    def wrap(self: Any, native: Any, *, boolean: bool = False, scalar: bool | None = None) -> Any:
        """Return a result of the tool's: an array, or NumPy's own truth values and integers."""
        if isinstance(native, tuple | list):
            return tuple(self.wrap(each) for each in native)
        if isinstance(native, np.ndarray) and not native.ndim:
            native = native[()]
        if (
            isinstance(native, bool | np.ndarray | np.generic)
            and np.asarray(native).dtype.kind in "biu"
        ):
            return native
        return Traced(self, native, boolean=boolean, scalar=scalar)

    def lift(self: Any, x: Any) -> Traced:
        """Return what may be a number, or lists of arrays, as an array."""
        return creation.lifted(self, x)  # type: ignore[no-any-return]

    def constant(self: Any, found: Any) -> Any:
        """Return what NumPy computed: real numbers as an array of the function's."""
        if isinstance(found, tuple | list):
            parts = [self.constant(each) for each in found]
            return type(found)(*parts) if hasattr(found, "_fields") else type(found)(parts)
        if isinstance(found, np.ndarray | np.generic | float):
            kind = np.asarray(found).dtype.kind
            if self.exact and kind == "f":
                return Traced(self, self.native.array(found), scalar=np.ndim(found) == 0)
            if isinstance(found, np.ndarray) and (kind == "f" or (self.exact and kind in "iu")):
                return Traced(self, found, scalar=False)
        return found

    def plain(self, nested: Any, what: str = "") -> Any:
        """Return arguments with NumPy's arrays for constants.

        Raises:
            Refused: If an array depends on an input; `what` takes it out of the computation.
        """

        def leaf(x: Any) -> Any:
            if not isinstance(x, Traced):
                return original(x)
            if x.constant:
                return x.native
            if x.boolean or not self.exact:
                return concrete(x.native)  # where it depends on inputs, the reference refuses it
            try:
                return np.asarray(x.native)
            except GradiometerError:
                raise refusal(
                    f"{what or 'a function'} takes a number out of the computation", LOST
                ) from None

        return substitute(nested, leaf)

    def live(self, nested: Any) -> bool:
        """Return whether arguments hold an array that is no constant."""
        return any(not x.constant for x in self.traced(nested))

    @staticmethod
    def traced(nested: Any) -> list[Traced]:
        """Return the arrays among arguments."""
        met: list[Any] = []
        substitute(nested, met.append)
        return [x for x in met if isinstance(x, Traced)]

    def folded(self, nested: Any) -> Any:
        """Return operands that NumPy may compute with; `None` where the tool has to."""
        traced = self.traced(nested)
        if any(not x.constant for x in traced):
            return None
        whole = all(x.dtype.kind in "biu" for x in traced) and not _reals(nested)
        return self.plain(nested) if whole or not self.exact or not traced else None


def _reals(nested: Any) -> bool:
    """Return whether arguments hold real numbers of NumPy's or Python's."""
    met: list[Any] = []
    substitute(nested, met.append)
    return any(
        isinstance(x, float | np.floating) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")
        for x in met
    )
