"""The step at which the error of a difference is least, in theory.

A difference of accuracy p leaves a truncation error of c·hᵖ, c made of the derivative of order
p + k, where k is the order of the derivative that is wanted. Values of f are wrong by their
rounding, u·|f|, which is divided by hᵏ. The sum

    c·hᵖ + b·u/hᵏ

falls with h while rounding rules, with slope −k on logarithmic axes, and rises with slope p where
truncation does: a V. It is least near h = u^(1/(p + k)), where f and its derivatives are of one
size: √u for forward differences, ∛u for central ones, ∛u and u^¼ for their second differences.
There the error is about u^(p/(p + k)): half the digits, two thirds of them, a third, and half.
A complex step subtracts nothing: the second term is missing, and the curve is flat on the left.

Reference:
    Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
"""

from __future__ import annotations

from gradiometer.vocabulary.dtype import find_dtype


def best_step(accuracy: int, order: int, dtype: str) -> float | None:
    """Return the step, relative to max(1, |x|), at which truncation and rounding are in balance.

    Args:
        accuracy: Order of accuracy of the difference; of 0 there is no such step.
        order: Order of the derivative.
        dtype: What the numbers are.

    Example:
        >>> best_step(1, 1, "float64")  # √u
        1.0536712127723509e-08
    """
    return find_dtype(dtype).unit ** (1.0 / (accuracy + order)) if accuracy else None
