"""Certifies a case: the true answer of an operator of a problem at a point, as an enclosure.

A gradient or pullback is one backward pass, a Jacobian one for each row. What takes a tangent, and
what differentiates twice, is a backward pass over the tape of a backward pass: a Hessian's rows
from the gradient's components; a pushforward, or the Jacobian's columns, from the pullback of
cotangents that are variables, in which it is linear (the transposed pullback).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flint
import numpy as np

from gradiometer.errors import NotFinite, ReferenceFailure, ZeroTruth
from gradiometer.measure.reference import balls as numeric
from gradiometer.measure.reference.balls import Undecided, balls
from gradiometer.measure.reference.enclosure import Enclosure, Floats
from gradiometer.measure.reference.operations import NAMESPACE
from gradiometer.measure.reference.tape import (
    Coefficients,
    Node,
    backward,
    enclosing,
    moduli,
    modulus,
    reshape,
    taped,
)
from gradiometer.operators import Operator
from gradiometer.operators import operator as find_operator
from gradiometer.problem import Point, Problem

PRECISIONS = (192, 768, 3072)
"""Working precisions in bits, tried in turn until the enclosure is tight."""

TIGHT = 1e-24
"""Largest radius, relative to the norm, at which an enclosure can judge float64 answers."""

Seeds = Mapping[Node, Any]
"""Outputs of a tape, each with its cotangent."""


def certify(problem: Problem, point: Point, operator: str) -> Enclosure:
    """Return a proven enclosure of `operator` applied to the problem at the point.

    Raises:
        ReferenceFailure: If an operation has no rule, a comparison sits on a kink, the result is
            not finite or not as declared, or the truth is zero, so that any relative error is void.
    """
    return _refined(
        problem,
        point,
        operator,
        lambda found: found.norm > 0.0 and bool(np.max(found.radius) <= TIGHT * found.norm),
    )


def nearest(problem: Problem, point: Point, operator: str) -> Floats:
    """Return the true answer rounded to float64; other than an enclosure, it may be zero.

    Where digits cancel, it is within `TIGHT` of what was added and subtracted.

    Raises:
        ReferenceFailure: As `certify`, but for a truth that is zero.
    """
    return _refined(
        problem,
        point,
        operator,
        lambda found: bool(np.max(found.radius) <= TIGHT * np.max(found.magnitude)),
    ).high


def _refined(
    problem: Problem, point: Point, operator: str, good: Callable[[Enclosure], bool]
) -> Enclosure:
    """Return the enclosure of the first precision at which it is good."""
    asked, failure = find_operator(operator), ReferenceFailure("no precision was tried.")
    for bits in PRECISIONS:
        try:
            enclosure = _enclose(problem, point, asked, bits)
        except Undecided as error:
            failure = error
            continue
        if good(enclosure):
            return enclosure
        failure = _too_wide(enclosure, asked)
    raise failure


def _enclose(problem: Problem, point: Point, asked: Operator, bits: int) -> Enclosure:
    with flint.ctx.workprec(bits):
        inputs = [Node(a, variable=True) for a in point.inputs.values()]
        given = {k: Node(a) if a.dtype.kind == "f" else a for k, a in point.given.items()}
        returned = problem.function(NAMESPACE, *inputs, **given)
        outputs = _outputs(problem, returned)
        if asked.name == "value":
            parts = [y.value for y in outputs]
            magnitudes = [_scales(y.value) for y in outputs]
        else:
            tape = _Tape(inputs, outputs, point)
            parts = tape.answer(asked, enclosing)
            magnitudes = tape.magnitudes(asked)
        flat = np.concatenate([balls(p).ravel() for p in parts])
        magnitude = np.concatenate([np.ravel(m) for m in magnitudes]).astype(np.float64)
        if asked.order > 1:  # zeros of one algorithm's Hessian are roundings of another's
            magnitude = np.maximum(magnitude, np.max(magnitude))
        shapes = tuple(y.shape for y in outputs)
        return _round(flat, magnitude, bits, shapes)


@dataclass
class _Tape:
    """A problem's forward pass, from which every operator is read by backward passes."""

    inputs: list[Node]
    outputs: list[Node]
    point: Point

    def answer(self, asked: Operator, coefficients: Coefficients) -> list[Any]:
        """Return the arrays of an operator's answer, or with moduli their sums over paths."""
        seed = _SEEDS[coefficients]
        if asked.name == "jacobian":
            by_columns = self.point.n < self.point.m
            matrix = self._columns(coefficients).T if by_columns else self._rows(coefficients)
            return asked.arrange(matrix, self.point)
        if asked.name == "hessian":
            return asked.arrange(
                self._swept(self._gradient, self.inputs, coefficients), self.point
            )
        if asked.name == "gradient":
            return self._pulled({self.outputs[0]: seed(np.ones(()))}, self.inputs, coefficients)
        if asked.name == "vjp":
            seeds = _seeded(self.outputs, self.point.cotangents, seed)
            return self._pulled(seeds, self.inputs, coefficients)
        tangents = self.point.tangents
        if asked.name == "hvp":
            seeds = _seeded(self._gradient, tangents, seed)
            return self._pulled(seeds, self.inputs, coefficients)
        pulled, variables = self._linear
        return self._pulled(_seeded(pulled, tangents, seed), variables, coefficients)

    def magnitudes(self, asked: Operator) -> list[Any]:
        """Return the sums over paths: in float64, or in balls where that overflows."""
        with np.errstate(all="ignore"):
            found = self.answer(asked, modulus)
        if all(np.isfinite(m).all() for m in found):
            return found
        return self.answer(asked, moduli)

    @cached_property
    def _gradient(self) -> list[Node]:
        """Return the gradient on the tape."""
        return self._on_tape({self.outputs[0]: Node(1)})

    @cached_property
    def _linear(self) -> tuple[list[Node], list[Node]]:
        """Return the pullback on the tape, and the variable cotangents in which it is linear."""
        variables = [Node(np.zeros(y.shape), variable=True) for y in self.outputs]
        return self._on_tape(dict(zip(self.outputs, variables, strict=True))), variables

    def _on_tape(self, seeds: dict[Node, Any]) -> list[Node]:
        found = backward(seeds, taped)
        return [found[x] if x in found else Node(np.zeros(x.shape)) for x in self.inputs]

    def _rows(self, coefficients: Coefficients) -> Any:
        return self._swept(self.outputs, self.inputs, coefficients)

    def _columns(self, coefficients: Coefficients) -> Any:
        pulled, variables = self._linear
        return self._swept(pulled, variables, coefficients)

    def _swept(self, ends: list[Node], sources: list[Node], coefficients: Coefficients) -> Any:
        """Return the matrix of derivatives of all components, a row a component of the ends."""
        rows = []
        for seeds in _units(ends, _SEEDS[coefficients]):
            pulled = self._pulled(seeds, sources, coefficients)
            rows.append(np.concatenate([np.ravel(p) for p in pulled]))
        return np.array(rows)

    def _pulled(self, seeds: Seeds, sources: list[Node], coefficients: Coefficients) -> list[Any]:
        found = backward(seeds, coefficients)
        return [np.broadcast_to(found.get(x, np.zeros(())), x.shape) for x in sources]


_SEEDS: dict[Coefficients, Callable[[Any], Any]] = {
    enclosing: balls,
    modulus: lambda x: np.abs(np.asarray(x, dtype=np.float64)),
    moduli: numeric.moduli,
}
"""How the cotangents that start a pass are written, by what the pass computes."""


def _seeded(nodes: Sequence[Node], drawn: Mapping[str, Any], seed: Callable[[Any], Any]) -> Seeds:
    return {node: seed(a) for node, a in zip(nodes, drawn.values(), strict=True)}


def _units(nodes: Sequence[Node], seed: Callable[[Any], Any]) -> Iterator[Seeds]:
    """Yield the unit cotangents of several nodes, a component at a time."""
    for node in nodes:
        for i in range(node.size):
            unit = np.zeros(node.shape)
            unit.reshape(-1)[i] = 1.0
            yield {node: seed(unit)}


def _scales(value: Any) -> Floats:
    """Return what rounding of a value is judged by: the largest component of its array."""
    size = numeric.modulus(value)
    return np.broadcast_to(np.max(size, initial=0.0), size.shape)


def _round(
    flat: Any, magnitude: Floats, bits: int, shapes: tuple[tuple[int, ...], ...]
) -> Enclosure:
    """Return balls as pairs of doubles, with radii that cover what the pairs leave out."""
    high = np.array([float(b) for b in flat])
    if not np.isfinite(high).all():
        raise NotFinite("the derivative is not finite here: choose another point.")
    rests = [b - h for b, h in zip(flat, high.tolist(), strict=True)]
    low = np.array([float(r) for r in rests])
    gaps = [r - x for r, x in zip(rests, low.tolist(), strict=True)]
    bounds = np.array([float(gap.abs_upper()) for gap in gaps])
    exact = np.array([gap.is_zero() for gap in gaps])
    radius = np.where(exact, 0.0, np.nextafter(bounds, np.inf))
    # The largest path alone is at least the component's share: rounding must not lose that.
    return Enclosure(high, low, radius, np.maximum(magnitude, np.abs(high)), bits, shapes)


def _outputs(problem: Problem, returned: Any) -> list[Node]:
    """Return the outputs, one a declared name."""
    several = isinstance(returned, tuple | list)
    outputs = list(returned) if several else [returned]
    for output in outputs:
        if not isinstance(output, Node):
            raise ReferenceFailure(
                f"problem {problem.name!r} returned {type(output).__name__}, not an array computed "
                "from its inputs through `xp`."
            )
        if not all(ball.is_finite() for ball in output.value.flat):
            raise NotFinite("the function is not finite here: choose a point in its domain.")
    if not problem.outputs and (several or outputs[0].shape != ()):
        what = f"{len(outputs)} arrays" if several else f"an array of shape {outputs[0].shape}"
        raise ReferenceFailure(
            f"problem {problem.name!r} returned {what}: a scalar, of shape (), was expected. Sum "
            "it, or name its outputs: `outputs=(…)`."
        )
    if problem.outputs and (len(outputs) != len(problem.outputs) or several != (len(outputs) > 1)):
        raise ReferenceFailure(
            f"problem {problem.name!r} returned {len(outputs)} outputs"
            f"{' in a tuple' if several else ''}: {len(problem.outputs)} are named "
            f"({', '.join(problem.outputs)}). Return one array, or a tuple of several."
        )
    return [reshape(y, y.shape) for y in outputs]  # one node each, though two be the same array


def _too_wide(enclosure: Enclosure, asked: Operator) -> ReferenceFailure:
    if not enclosure.high.any() and not enclosure.radius.any() and asked.order > 1:
        return ZeroTruth(f"the true {asked.name} is zero: nothing to agree with in relative terms.")
    if enclosure.norm <= np.max(enclosure.radius):
        return ReferenceFailure(
            f"the true {asked.name} cannot be told from zero here, and an all-zero answer would "
            "pass: choose another point."
        )
    return ReferenceFailure(
        f"the true {asked.name} could not be enclosed tightly with {enclosure.bits} bits."
    )
