"""Problems that go wrong, one way each, beside one that does not."""

from gradiometer import problem


@problem(at={"x": 2.0, "y": 3.0}, given={"a": 5.0})
def sound(xp, x, y, *, a):
    """f = x·y² + a·x·sin(y), nothing wrong with it."""
    return x * y * y + a * x * xp.sin(y)


@sound.backprop
def _(x, y, *, a):
    import numpy as np

    return y * y + a * np.sin(y), 2.0 * x * y + a * x * np.cos(y)


@problem(at={"x": 0.0})
def kink(xp, x):
    """f = relu(x) at 0, where no derivative exists."""
    return xp.relu(x)


@problem(at={"x": 2.0})
def raises(xp, x):
    """Raises when evaluated."""
    raise ArithmeticError("overdrawn")


@problem(at={"x": -1.0})
def outside(xp, x):
    """f = log(x) at −1."""
    return xp.log(x)


@problem(at={"x": 3.0})
def flat(xp, x):
    """f = (x − 3)², whose derivative at 3 is zero."""
    return (x - 3.0) * (x - 3.0)


@flat.backprop
def _(x):
    return (2.0 * (x - 3.0),)


@problem(at={"x": 3.0})
def drowns(xp, x):
    """f = (10²⁰ + x)² − 10²⁰·(10²⁰ + 2·x), of which rounding leaves nothing."""
    return (1e20 + x) * (1e20 + x) - 1e20 * (1e20 + 2.0 * x)


@problem(at={"x": 2.0})
def draws(xp, x):
    """f = r·x with another r at every call."""
    import random

    return random.random() * x


@problem(at=lambda size, rng: {"x": [1.0] * size}, sizes=("many",))
def bad_point(xp, x):
    """Its point cannot be drawn."""
    return xp.sum(x)


@problem(at={"x": 2.0})
def exotic(xp, x):
    """Uses an operation that no reference has."""
    return xp.bessel_k_of_the_third_kind(x)
