"""The steps of a descent: from a point, by a rule, with derivatives from wherever they come.

The certified trajectory and those of the methods are made of these very steps, in NumPy's float64,
so that nothing but the derivatives can tell them apart. Runs in the workers; knows nothing of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.space import Floats, Space, matrix

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


class NoFurtherStep(Exception):
    """There is no further step, and why."""


@dataclass
class Steps:
    """The steps that were taken, from the start or from where others ended.

    Attributes:
        path: The visited θ, flat, the start first.
        losses: The loss at each.
        seconds: Time spent in derivative calls until each was reached, since the start.
        ended: Why no further step is possible; empty where one is.
    """

    path: list[Floats] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    ended: str = ""

    @property
    def count(self) -> int:
        """How many steps were taken."""
        return max(0, len(self.path) - 1)

    def reach(self, theta: Floats, loss: float, seconds: float) -> None:
        """Note a point that was reached."""
        self.path.append(theta)
        self.losses.append(loss)
        self.seconds.append(seconds)

    def extend(self, further: Steps) -> None:
        """Add steps that start where these have come to."""
        known, spent = int(bool(self.path)), self.seconds[-1] if self.seconds else 0.0
        self.path += further.path[known:]
        self.losses += further.losses[known:]
        self.seconds += [spent + s for s in further.seconds[known:]]
        self.ended = further.ended


class Limits(NamedTuple):
    """How far to go at most.

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
    """Take steps as far as the limits let, each noted in `into` as it is taken; return that."""
    end = time.monotonic() + limits.slice_s
    try:
        into.reach(flat(start), _loss(evaluate, start, limits.first), 0.0)
        while into.count < limits.steps and time.monotonic() < end:
            _step(into, start, limits, evaluate)
    except NoFurtherStep as reason:
        into.ended = str(reason)
    return into


def flat(point: Point) -> Floats:
    """Return θ: all inputs of a point, one after the other."""
    return Space.of(point.inputs).flatten(point.inputs.values())


def moved(point: Point, theta: Floats) -> Point:
    """Return the point with its inputs at θ."""
    return replace(point, inputs=Space.of(point.inputs).split(theta))


def _step(into: Steps, start: Point, limits: Limits, evaluate: Evaluate) -> None:
    rule, number = RULES[limits.rule], limits.first + into.count
    theta, spent, derivatives = into.path[-1], into.seconds[-1], []
    inputs = Space.of(start.inputs)
    for operator in rule.operators:
        derivative, seconds = evaluate(operator, moved(start, theta))
        if not np.isfinite(derivative).all():
            raise NoFurtherStep(f"the {operator} at step {number} is not finite")
        if operator == "hessian":
            derivative = matrix(derivative, inputs, inputs)
        derivatives.append(derivative)
        spent += seconds
    with np.errstate(all="ignore"):
        try:
            reached = rule.update(theta, limits.rate, *derivatives)
        except NoFurtherStep as reason:
            raise NoFurtherStep(f"{reason} at step {number}") from None
    if not np.isfinite(reached).all():
        raise NoFurtherStep(f"θ after step {number + 1} is not finite")
    into.reach(reached, _loss(evaluate, moved(start, reached), number + 1), spent)


def _loss(evaluate: Evaluate, point: Point, number: int) -> float:
    loss = float(evaluate(LOSS, point)[0][0])
    if not np.isfinite(loss):
        raise NoFurtherStep(f"the loss at step {number} is not finite")
    return loss


def _gradient_step(theta: Floats, rate: float, gradient: Floats) -> Floats:
    return np.asarray(theta - rate * gradient, dtype=np.float64)


def _newton_step(theta: Floats, rate: float, gradient: Floats, hessian: Floats) -> Floats:
    if not np.linalg.cond(hessian) * np.finfo(np.float64).eps < 1.0:
        raise NoFurtherStep("the Hessian is singular to working precision")
    return np.asarray(theta - np.linalg.solve(hessian, gradient), dtype=np.float64)


RULES = {
    rule.name: rule
    for rule in (
        Rule("gradient-descent", "θ ← θ − η·∇L", ("gradient",), 100, np.inf, True, _gradient_step),
        Rule("newton", "θ ← θ − H⁻¹·∇L", ("gradient", "hessian"), 20, 100, False, _newton_step),
    )
}
"""The rules by name.

Newton's method converges quadratically or not at all: twenty steps are plenty. Its matrix has the
square of the number of inputs, and is solved with in every step: beyond a hundred inputs nobody
would.
"""
