"""An answer beside the truth, component by component: how large each error is, and may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradiometer.vocabulary.enclosure import Enclosure, Floats

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """An answer's components beside the true ones.

    Attributes:
        answer: The components, flattened, shape `(n,)`.
        truth: Enclosure of the true ones.
        promise: Decimal digits that the method promises.
        exact: Whether rounding is the method's only error.
    """

    answer: Floats
    truth: Enclosure
    promise: float
    exact: bool

    @cached_property
    def errors(self) -> Floats:
        """Proven bounds on the error of each component; infinite where it is no number."""
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(self.truth.errors(self.answer), nan=np.inf, posinf=np.inf)

    @cached_property
    def allowed(self) -> Floats:
        """Error of each component up to which it is right by itself.

        An exact method's may be what is promised of the component, or what rounding explains. One
        with a truncation error owes its digits of the component, or of its share of the norm.
        """
        truth, relative = self.truth, 10.0**-self.promise
        size = np.abs(truth.high)
        if self.exact:
            granted = truth.bound if truth.zero else np.maximum(relative * size, truth.bound)
        elif truth.zero:
            granted = relative * truth.bound / truth.unit
        else:
            granted = relative * np.maximum(size, truth.norm / np.sqrt(size.size))
        return granted + truth.radius

    @cached_property
    def wrong(self) -> Mask:
        """Which components are beyond what is allowed."""
        return self.errors > self.allowed
