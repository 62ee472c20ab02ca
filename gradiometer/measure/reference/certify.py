"""Certifies a case: the true value or gradient of a problem at a point, as an enclosure."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import Undecided, balls, moduli, modulus
from gradiometer.measure.reference.enclosure import Enclosure, Floats
from gradiometer.measure.reference.operations import NAMESPACE
from gradiometer.measure.reference.tape import Node, backward
from gradiometer.problem import Point, Problem

PRECISIONS = (192, 768, 3072)
"""Working precisions in bits, tried in turn until the enclosure is tight."""

TIGHT = 1e-24
"""Largest radius, relative to the norm, at which an enclosure can judge float64 answers."""


def certify(problem: Problem, point: Point, operator: str) -> Enclosure:
    """Return a proven enclosure of `operator` applied to the problem at the point.

    Raises:
        ReferenceFailure: If an operation has no rule, a comparison sits on a kink, the result is
            not finite or not a scalar, or the truth is zero, so that any relative error is void.
    """
    failure: ReferenceFailure | None = None
    for bits in PRECISIONS:
        try:
            enclosure = _enclose(problem, point, operator, bits)
        except Undecided as error:
            failure = error
            continue
        if enclosure.norm > 0.0 and np.max(enclosure.radius) <= TIGHT * enclosure.norm:
            return enclosure
        failure = _too_wide(enclosure, operator)
    raise failure or ReferenceFailure("no precision was tried.")


def _enclose(problem: Problem, point: Point, operator: str, bits: int) -> Enclosure:
    with flint.ctx.workprec(bits):
        inputs = [Node(a, variable=True) for a in point.inputs.values()]
        given = {k: Node(a) if a.dtype.kind == "f" else a for k, a in point.given.items()}
        output = problem.function(NAMESPACE, *inputs, **given)
        _check_output(problem, output)
        if operator == "value":
            parts, magnitudes = [output.value], [modulus(output.value)]
        else:
            parts = _cotangents(output, inputs, balls(1), lambda c: c)
            magnitudes = _magnitudes(output, inputs)
        flat = np.concatenate([balls(p).ravel() for p in parts])
        magnitude = np.concatenate([np.ravel(m) for m in magnitudes]).astype(np.float64)
        return _round(flat, magnitude, bits)


def _magnitudes(output: Node, inputs: list[Node]) -> list[Any]:
    """Return the sums over paths: in float64, or in balls where that overflows."""
    with np.errstate(all="ignore"):
        found = _cotangents(output, inputs, np.ones(()), modulus)
    if all(np.isfinite(m).all() for m in found):
        return found
    return _cotangents(output, inputs, balls(1), moduli)


def _cotangents(output: Node, inputs: list[Node], seed: Any, coefficients: Any) -> list[Any]:
    found = backward(output, seed, coefficients)
    return [np.broadcast_to(found.get(node, np.zeros(())), node.shape) for node in inputs]


def _round(flat: Any, magnitude: Floats, bits: int) -> Enclosure:
    """Return balls as pairs of doubles, with radii that cover what the pairs leave out."""
    high = np.array([float(b) for b in flat])
    if not np.isfinite(high).all():
        raise ReferenceFailure("the derivative is not finite here: choose another point.")
    rests = [b - h for b, h in zip(flat, high.tolist(), strict=True)]
    low = np.array([float(r) for r in rests])
    gaps = [r - x for r, x in zip(rests, low.tolist(), strict=True)]
    bounds = np.array([float(gap.abs_upper()) for gap in gaps])
    exact = np.array([gap.is_zero() for gap in gaps])
    radius = np.where(exact, 0.0, np.nextafter(bounds, np.inf))
    # The largest path alone is at least the component's share: rounding must not lose that.
    return Enclosure(high, low, radius, np.maximum(magnitude, np.abs(high)), bits)


def _check_output(problem: Problem, output: Any) -> None:
    if not isinstance(output, Node):
        raise ReferenceFailure(
            f"problem {problem.name!r} returned {type(output).__name__}, not an array computed "
            "from its inputs through `xp`."
        )
    if not all(ball.is_finite() for ball in output.value.flat):
        raise ReferenceFailure("the function is not finite here: choose a point in its domain.")
    if output.shape != ():
        raise ReferenceFailure(
            f"problem {problem.name!r} returned an array of shape {output.shape}: a scalar, of "
            "shape (), was expected. Sum it."
        )


def _too_wide(enclosure: Enclosure, operator: str) -> ReferenceFailure:
    if enclosure.norm <= np.max(enclosure.radius):
        return ReferenceFailure(
            f"the true {operator} cannot be told from zero here, and an all-zero answer would "
            "pass: choose another point."
        )
    return ReferenceFailure(
        f"the true {operator} could not be enclosed tightly with {enclosure.bits} bits."
    )
