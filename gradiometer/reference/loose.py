"""Booleans that may be either: what open comparisons give where both branches are to be taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.errors import ReferenceFailure
from gradiometer.reference.refusals import user_line

Mask = NDArray[np.bool_]
NONE: Mask = np.zeros((), dtype=bool)


class Loose:
    """Booleans of which some may be either.

    They choose between arrays, and join each other. Whatever else is asked of them is refused: so
    no decision is taken by one that is open.

    Attributes:
        chosen: The booleans as they came out.
        open: Which of them may be either.
    """

    __array_ufunc__ = None

    def __init__(self, chosen: Mask, open: Mask) -> None:  # noqa: A002
        self.chosen, self.open = np.broadcast_arrays(chosen, open)

    dtype = np.dtype(bool)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, as every array has one."""
        return self.chosen.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.chosen.ndim

    @property
    def size(self) -> int:
        """Number of components."""
        return self.chosen.size

    def __getitem__(self, key: Any) -> Loose:
        return Loose(self.chosen[key], self.open[key])

    def __invert__(self) -> Loose:
        return Loose(~self.chosen, self.open)

    def __and__(self, other: Any) -> Loose:
        return self._joined(other, np.logical_and)

    def __or__(self, other: Any) -> Loose:
        return self._joined(other, np.logical_or)

    def __xor__(self, other: Any) -> Loose:
        return self._joined(other, np.logical_xor)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _joined(self, other: Any, how: np.ufunc) -> Loose:
        other = other if isinstance(other, Loose) else Loose(np.asarray(other, dtype=bool), NONE)
        return Loose(how(self.chosen, other.chosen), self.open | other.open)

    def __array__(self, *dtype: Any, **options: Any) -> Any:
        raise self._refused()

    def __bool__(self) -> bool:
        if self.open.any() or self.chosen.size != 1:
            raise self._refused()
        return bool(self.chosen)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._refused()

    def _refused(self) -> ReferenceFailure:
        return ReferenceFailure(
            f"a comparison{user_line()} that could come out either way decides more than a choice "
            "by `xp.where`, and there are too many such comparisons to take each branch."
        )
