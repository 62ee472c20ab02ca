"""How a problem's points are drawn: the declared one, near it, or far enough for other branches.

What a problem draws is drawn anew for every point. Components that are fixed differ from no draw to
another: those are moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.point import Argument, Directions, Point, Signature
from gradiometer.vocabulary.space import Array

Values = Mapping[str, Any]
Drawn = Values | Callable[[Any, np.random.Generator], Values]
"""Arrays by name, or a function of `(size, rng)` that draws them."""

DRAWS = 20
"""Points that are tried before a problem is asked to name some."""

SPREADS = (1.0, 3.0, 0.3, 10.0, 0.1, 30.0, 0.03, 100.0, 0.01)
"""How far a component is moved, in turn, in units of what `_far` takes for its size."""


@dataclass(frozen=True)
class Draw:
    """Draws points of a problem at one size, and directions there; each purpose has its own.

    Attributes:
        name: The problem's name.
        at: Its inputs.
        constants: Its given values.
        size: What they are drawn for.
        label: The size as text.
        seed: Seed of the run.
        dtype: What the numbers are.
    """

    name: str
    at: Drawn
    constants: Drawn
    size: Any
    label: str
    seed: int
    dtype: str

    def point(self, purpose: str) -> Point:
        """Return the point as the problem gives it.

        Raises:
            GradiometerError: If an input is not finite.
        """
        rng = self._rng(purpose)
        inputs = self._resolved(self.at, rng)
        given = self._resolved(self.constants, rng)
        if inputs and not any(map(np.size, inputs.values())):
            raise GradiometerError(
                f"Problem {self.name!r} has no number to differentiate: its inputs are empty. "
                "Give one component at least."
            )
        return Point(
            {k: self._floats(k, v) for k, v in inputs.items()},
            {k: self._constant(k, v) for k, v in given.items()},
        )

    def near(self, declared: Point, purpose: str) -> Point:
        """Return a point that is drawn, fixed components of it near the declared one."""
        drawn, rng = self.point(purpose), self._rng(f"{purpose}/shrink")
        return Point(
            {k: _near(a, drawn.inputs[k], rng) for k, a in declared.inputs.items()},
            {k: _near(a, drawn.given[k], rng) for k, a in declared.given.items()},
        )

    def far(self, declared: Point, purpose: str, number: int, attempt: int) -> Point:
        """Return a point that may lie in another branch; see `_far`."""
        drawn, rng = self.point(purpose), self._rng(f"{purpose}/far")
        pairs = ((k, a, drawn.inputs[k]) for k, a in declared.inputs.items())
        inputs = {k: _far(a, other, rng, number, attempt) for k, a, other in pairs}
        return Point(inputs, drawn.given)

    def along(self, signature: Signature, point: Point, purpose: str) -> Argument:
        """Return a point with directions of its own."""
        rng = self._rng(f"{purpose}/directions")
        tangents = signature.inputs.draw(rng, self.dtype)
        return Argument(point, Directions(tangents, signature.outputs.draw(rng, self.dtype)))

    def _resolved(self, drawn: Drawn, rng: np.random.Generator) -> Values:
        return drawn(self.size, rng) if callable(drawn) else drawn

    def _rng(self, purpose: str) -> np.random.Generator:
        text = f"{self.seed}/{self.name}/{self.label}/{purpose}"
        return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))

    def _floats(self, name: str, value: Any) -> Array:
        array = self._cast(np.array(value, dtype=np.float64))
        if not np.isfinite(array).all():
            raise GradiometerError(
                f"Input {name!r} of problem {self.name!r} is not finite in {self.dtype}: "
                f"{value!r}. Choose a point inside the function's domain."
            )
        return array

    def _constant(self, name: str, value: Any) -> Array:
        array = np.array(value)
        if array.dtype.kind != "f":
            return array
        found = self._cast(array)
        if (np.isinf(found) & ~np.isinf(array)).any():
            raise GradiometerError(
                f"The given value {name!r} of problem {self.name!r} is beyond {self.dtype}: "
                f"{value!r}. Measure the problem in float64."
            )
        return found

    def _cast(self, array: Array) -> Array:
        with np.errstate(over="ignore"):  # what becomes infinite is refused
            return array.astype(self.dtype)


def _near(check: Array, drawn: Array, rng: np.random.Generator) -> Array:
    """Return the array as it was drawn, fixed components shrunk by 1 to 5%."""
    if not _fits(check, drawn):
        return drawn
    shrunk = check * (1.0 - rng.uniform(0.01, 0.05, size=check.shape))
    return np.where(check == drawn, shrunk, drawn).astype(check.dtype)


def _far(check: Array, drawn: Array, rng: np.random.Generator, number: int, attempt: int) -> Array:
    """Return the array as it was drawn, fixed components moved, further attempts all of them.

    The first attempt is near for the first neighbour, mirrored for the others: half of the signs
    are turned, and sizes halved up to one and a half times; zeros are moved as the array's largest
    component is. Then normal numbers are added, of the size of that component, or of size 1 if that
    is larger, times each of `SPREADS` in turn.

    Args:
        check: Of the declared point.
        drawn: Of the same shape.
        rng: What to draw from.
        number: Which neighbour it is for, from 1.
        attempt: Which draw it is, from 0.
    """
    if not _fits(check, drawn):
        return drawn
    fixed = np.ones(check.shape, dtype=bool) if attempt >= DRAWS // 2 else check == drawn
    size = np.max(np.abs(drawn), initial=0.0) or 1.0
    if attempt == 0:
        if number == 1:
            share = rng.uniform(0.01, 0.05, size=check.shape)
            factor = 1.0 - share
        else:
            share = factor = rng.uniform(0.5, 1.5, size=check.shape) * _signs(check, rng)
        moved = np.where(drawn == 0.0, share * size, drawn * factor)
    else:
        unit = size if attempt % 2 else max(size, 1.0)
        spread = SPREADS[(attempt - 1) % len(SPREADS)]
        moved = drawn + spread * unit * rng.standard_normal(check.shape)
    return np.where(fixed, moved, drawn).astype(check.dtype)


def _fits(check: Array, drawn: Array) -> bool:
    return check.dtype.kind == "f" and check.shape == drawn.shape


def _signs(check: Array, rng: np.random.Generator) -> Array:
    """Return signs, at least one of them negative."""
    signs = rng.choice([-1.0, 1.0], size=check.shape)
    return signs if (signs < 0.0).any() else -signs
