"""The steps of a descent: from a point, by a rule, with derivatives from wherever they come.

The certified trajectory and those of the methods are made of these very steps, in NumPy's float64,
so that nothing but the derivatives can tell them apart. Runs in the workers; knows nothing of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from gradiometer.reference.enclosure import Floats
from gradiometer.vocabulary.problem import Array, Point

Evaluate = Callable[[str, Point], tuple[Floats, float]]
"""Takes an operator and a point; returns the flat answer, and the seconds that the call took."""

LOSS = "value"
"""The operator whose answer is the loss."""


class Rule(NamedTuple):
    """How a step is made of derivatives.

    Attributes:
        name: Registered name.
        formula: The step.
        operators: The derivatives that it takes, in order.
        steps: How many steps a trajectory has by default.
        most_inputs: Inputs beyond which it is not attempted.
        rated: Whether it takes a rate.
        update: Returns the new θ from θ, the rate and the derivatives.
    """

    name: str
    formula: str
    operators: tuple[str, ...]
    steps: int
    most_inputs: float
    rated: bool
    update: Callable[..., Floats]


class DeadEnd(Exception):
    """There is no further step, and why."""


@dataclass
class Steps:
    """A trajectory, or a limits of one.

    Attributes:
        path: The visited θ, flat, the start first.
        losses: The loss at each.
        seconds: Time spent in derivative calls until each was reached, since the take_steps began.
        ended: Why no further step is possible; empty where one is.
    """

    path: list[Floats]
    losses: list[float]
    seconds: list[float]
    ended: str = ""

    @classmethod
    def begin(cls) -> Steps:
        """Return a take_steps that has not visited its start yet."""
        return cls([], [], [])

    @property
    def steps(self) -> int:
        """Steps taken."""
        return max(0, len(self.path) - 1)

    def visit(self, theta: Floats, loss: float, seconds: float) -> None:
        """Note a point that was reached."""
        self.path.append(theta)
        self.losses.append(loss)
        self.seconds.append(seconds)

    def extend(self, limits: Steps) -> None:
        """Add a limits that starts where this take_steps has come to."""
        known, spent = int(bool(self.path)), self.seconds[-1] if self.seconds else 0.0
        self.path += limits.path[known:]
        self.losses += limits.losses[known:]
        self.seconds += [spent + s for s in limits.seconds[known:]]
        self.ended = limits.ended


class Limits(NamedTuple):
    """How far to take_steps at most.

    Attributes:
        rule: Name of the rule.
        rate: η, for rules that take one.
        steps: Most steps.
        first: Number of the step that the start is at.
        slice_s: Time after which no further step is begun, seconds.
    """

    rule: str
    rate: float
    steps: int
    first: int
    slice_s: float


def take_steps(into: Steps, start: Point, limits: Limits, evaluate: Evaluate) -> Steps:
    """Take the steps of a limits, each noted in `into` as it is reached; return that."""
    end = time.monotonic() + limits.slice_s
    try:
        into.visit(flat(start), _loss(evaluate, start, limits.first), 0.0)
        while into.steps < limits.steps and time.monotonic() < end:
            _step(into, start, limits, evaluate)
    except DeadEnd as reason:
        into.ended = str(reason)
    return into


def flat(point: Point) -> Floats:
    """Return θ: all inputs of a point, one after the other."""
    return np.concatenate([a.ravel() for a in point.inputs.values()])


def cut(point: Point, theta: Floats) -> dict[str, Array]:
    """Return θ as arrays, one an input of the point."""
    ends = np.cumsum([a.size for a in point.inputs.values()])[:-1]
    parts = zip(point.inputs.items(), np.split(theta, ends), strict=True)
    return {name: part.reshape(a.shape) for (name, a), part in parts}


def moved(point: Point, theta: Floats) -> Point:
    """Return the point with its inputs at θ."""
    return replace(point, inputs=cut(point, theta))


def square(point: Point, blocks: Floats) -> Floats:
    """Return a flat Hessian, which goes block by block, an (input, input) each, as a matrix."""
    sizes = [a.size for a in point.inputs.values()]
    ends = np.cumsum([rows * columns for rows in sizes for columns in sizes])[:-1]
    parts = iter(np.split(blocks, ends))
    return np.block([[next(parts).reshape(r, c) for c in sizes] for r in sizes])


def _step(into: Steps, start: Point, limits: Limits, evaluate: Evaluate) -> None:
    rule, number = RULES[limits.rule], limits.first + into.steps
    theta, spent, derivatives = into.path[-1], into.seconds[-1], []
    for operator in rule.operators:
        derivative, seconds = evaluate(operator, moved(start, theta))
        if not np.isfinite(derivative).all():
            raise DeadEnd(f"the {operator} at step {number} is not finite")
        derivatives.append(square(start, derivative) if operator == "hessian" else derivative)
        spent += seconds
    with np.errstate(all="ignore"):
        try:
            reached = rule.update(theta, limits.rate, *derivatives)
        except DeadEnd as reason:
            raise DeadEnd(f"{reason} at step {number}") from None
    if not np.isfinite(reached).all():
        raise DeadEnd(f"θ after step {number + 1} is not finite")
    into.visit(reached, _loss(evaluate, moved(start, reached), number + 1), spent)


def _loss(evaluate: Evaluate, point: Point, number: int) -> float:
    loss = float(evaluate(LOSS, point)[0][0])
    if not np.isfinite(loss):
        raise DeadEnd(f"the loss at step {number} is not finite")
    return loss


def _downhill(theta: Floats, rate: float, gradient: Floats) -> Floats:
    return np.asarray(theta - rate * gradient, dtype=np.float64)


def _newton(theta: Floats, rate: float, gradient: Floats, hessian: Floats) -> Floats:
    if not np.linalg.cond(hessian) * np.finfo(np.float64).eps < 1.0:
        raise DeadEnd("the Hessian is singular to working precision")
    return np.asarray(theta - np.linalg.solve(hessian, gradient), dtype=np.float64)


RULES = {
    rule.name: rule
    for rule in (
        Rule("gradient-descent", "θ ← θ − η·∇L", ("gradient",), 100, np.inf, True, _downhill),
        Rule("newton", "θ ← θ − H⁻¹·∇L", ("gradient", "hessian"), 20, 100, False, _newton),
    )
}
"""The rules by name.

Newton's method converges quadratically or not at all: twenty steps are plenty. Its matrix has the
square of the number of inputs, and is solved with in every step: beyond a hundred inputs nobody
would.
"""
