"""Functions that are smooth where they are taken, and on which tools are known to fail."""

import numpy as np

from gradiometer import problem


@problem(
    at={"x": [-1.0, 4.0], "y": 2.0},
    source="JAX documentation, FAQ: gradients contain NaN where using where; google/jax#1052",
    on_request=True,
    expected=dict.fromkeys(("jax*", "pytorch*", "tensorflow*"), "nonfinite")
    | {"sympy": "error"},  # NumPy-free: the root of a negative number is a domain error
)
def where_trap(xp, x, y):
    """f = y·Σ gᵢ, gᵢ = √xᵢ for xᵢ > 0, else xᵢ².

    At x = −1 the root is not taken, and not defined. Tools multiply its derivative, which is not a
    number, by zero: the gradient that they return is NaN, though f is a parabola there.
    """
    return xp.sum(xp.where(x > 0.0, xp.sqrt(x), x * x)) * y


@where_trap.backprop
def _(x, y):
    root = np.sqrt(np.maximum(x, 0.0))
    dx = np.where(x > 0.0, 0.5 / np.where(x > 0.0, root, 1.0), 2.0 * x)
    return y * dx, np.sum(np.where(x > 0.0, root, x * x))
