"""What the rules of the tape ask of values, as it is answered of double-double balls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import balls as balls_
from gradiometer.reference import values
from gradiometer.reference.balls import TINY, Balls
from gradiometer.reference.doubles import moves
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.products import products


@values.array.register
@values.settled.register
def _(x: DoubleDouble) -> DoubleDouble:
    return x


@values.balls.register
def _(x: DoubleDouble) -> Balls:
    return x.balls()


@values.floats.register
def _(x: DoubleDouble) -> Any:
    return x.checked().high


@values.floats_without_underflow.register
def _(x: DoubleDouble) -> Any:
    high = x.checked().high
    if x.radius is None:
        return high
    return np.where((high == 0.0) & (x.radius > 0.0), TINY, high)


@values.finite.register
def _(x: DoubleDouble) -> Any:
    return x.checked().finite


@values.undefined.register
@values.infinite.register
def _(x: DoubleDouble) -> Any:
    return ~x.checked().finite


@values.signs.register
def _(x: DoubleDouble) -> Any:
    return x.signs()


@values.pairs.register
def _(x: DoubleDouble) -> Any:
    return x.checked().pairs()


@values.exact.register
def _(x: DoubleDouble) -> Any:
    _, low, radius = x.pairs()
    return (low == 0.0) & (radius == 0.0)


@values.plain.register
def _(x: DoubleDouble) -> Any:
    if not values.exact(x).all():
        raise BeyondDoubles("a number of more than 53 bits")
    return x.high


@values.whole.register
def _(x: DoubleDouble) -> list[int]:
    if not (values.plain(x) % 1.0 == 0.0).all():
        raise BeyondDoubles("an integer that is not known")
    return [int(each) for each in x.high.ravel().tolist()]


@values.order.register
def _(x: DoubleDouble, *, descending: bool) -> list[int]:
    high, low, _ = x.checked().pairs()
    found = np.lexsort((-low, -high) if descending else (low, high))
    return [int(k) for k in found]


@values.products.register
def _(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    return products(a, b)


@values.inverse.register
def _(a: DoubleDouble) -> DoubleDouble:
    return _of_matrices(balls_.inverse, a)


@values.cholesky.register
def _(a: DoubleDouble) -> DoubleDouble:
    return _of_matrices(balls_.cholesky, a)


@values.total.register
def _(x: DoubleDouble, axes: tuple[int, ...]) -> DoubleDouble:
    return x.sum(axes)


@values.keep.register
def _(x: DoubleDouble, mask: Any) -> DoubleDouble:
    return x.each(lambda part: np.where(mask, part, 0.0))


@values.blank.register
def _(x: DoubleDouble, shape: tuple[int, ...]) -> DoubleDouble:
    return moves.Written(shape)


@values.placed.register
def _(x: DoubleDouble, shape: tuple[int, ...], key: Any) -> DoubleDouble:
    return x.each(lambda part: values.placed(part, shape, key))


@values.scattered.register
def _(x: DoubleDouble, shape: tuple[int, ...], key: Any) -> DoubleDouble:
    return moves.scattered(x, shape, key)


def _of_matrices(function: Callable[[Balls], Balls], a: DoubleDouble) -> DoubleDouble:
    try:
        return DoubleDouble.from_balls(function(a.balls()))
    except ReferenceFailure as error:
        raise BeyondDoubles(str(error)) from error
