"""The types that numbers of a run can have: what a tool computes in, and what that leaves.

The one table of what differs between them; everything else asks it by a type's name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradiometer.errors import UnknownName


@dataclass(frozen=True)
class Dtype:
    """A type of binary floating-point numbers.

    Attributes:
        name: NumPy's name of it.
        digits: Decimal digits that an exact method owes of a first and of a second derivative. The
            first are owed of the function's own value, too.
        unit: Half the distance from 1 to the next number: the largest relative error of a rounding.
        smallest: The smallest normal number. What is smaller may become zero: XLA and TensorFlow
            flush it.
        largest: The largest finite number.
    """

    name: str
    digits: tuple[float, float]
    unit: float
    smallest: float
    largest: float

    @classmethod
    def of(cls, name: str, digits: tuple[float, float]) -> Dtype:
        """Return the type of that name."""
        limits = np.finfo(name)
        unit, smallest, largest = limits.eps / 2, limits.smallest_normal, limits.max
        return cls(name, digits, float(unit), float(smallest), float(largest))

    @property
    def promise(self) -> float:
        """The relative error up to which an exact method is right, whatever rounding explains."""
        return float(10.0 ** -self.digits[0])


DTYPES: dict[str, Dtype] = {
    each.name: each
    for each in (Dtype.of("float64", (12.0, 11.0)), Dtype.of("float32", (5.0, 4.0)))
}  # fmt: skip


def find_dtype(name: str) -> Dtype:
    """Return the type of that name.

    Raises:
        UnknownName: If there is none that a run can have.
    """
    if name not in DTYPES:
        raise UnknownName("dtype", name, DTYPES)
    return DTYPES[name]
