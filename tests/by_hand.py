"""A method that answers by the derivatives that problems bring along, and cells of it."""

from __future__ import annotations

from typing import Any, ClassVar

import built_in
import numpy as np

from gradiometer import Method, Namespace, Problem
from gradiometer.errors import Unsupported
from gradiometer.plugins.address import by_value
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Cold
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.worker.requests import Work
from gradiometer.worker.tool import PreparedCell, prepared

VECTOR, SCALAR = built_in.problem("polar-coordinates"), built_in.problem("rosenbrock")


class ByHand(Method):
    """The problem's own derivatives, called with inputs and directions one by one."""

    name, tool = "by-hand", "by-hand"
    lacks: ClassVar[tuple[str, ...]] = ()

    def namespace(self) -> Any:
        return np  # a bare module, which is completed for the problem

    def array(self, a: Any) -> Any:
        return a

    def variable(self, a: Any) -> Any:
        return a.copy()

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        return (*inputs, *(v for direction in directions for v in direction)), given

    def value(self, f: Any) -> Any:
        assert isinstance(f.xp, Namespace)
        return lambda *inputs, **given: f(inputs, given)


def _written(operator: str) -> Any:
    def prepared(self: ByHand, f: Any) -> Any:
        if operator in self.lacks or operator not in f.problem.derivatives:
            raise Unsupported(f"no {operator}")
        return f.problem.derivatives[operator]

    return prepared


for _name in OPERATORS.keys() - {"value"}:
    setattr(ByHand, _name, _written(_name))


def lacking(*operators: str) -> ByHand:
    """Return a method without these operators."""
    return type("Lacking", (ByHand,), {"lacks": operators})()


def points(problem: Problem) -> Points:
    """Return the points of a problem's smallest size."""
    return built_in.points(problem, problem.labels[0])


def check(problem: Problem) -> Argument:
    """Return the point of it that is checked."""
    return points(problem).checked[0]


def work(operator: str, problem: Problem, method: Method | None = None) -> Work:
    """Return what a cell computes."""
    address = built_in.registry().problems[problem.name].address
    signature = points(problem).signature
    return Work(by_value(method or ByHand()), address, operator, signature)


def prepare(
    operator: str,
    problem: Problem,
    method: Method | None = None,
    budget_s: float = 1.0,
    primal_s: float | None = None,
) -> tuple[PreparedCell, Cold]:
    """Prepare a cell at the problem's point of preparation."""
    at = points(problem).preparation
    return prepared(work(operator, problem, method), at, budget_s, primal_s)


def right(found: Answer, problem: Problem, operator: str) -> bool:
    """Return whether an answer is the truth at the point that is checked."""
    truth = certify(problem, check(problem), operator)
    flat = np.concatenate([np.ravel(a) for a in found.arrays])
    return bool(np.allclose(flat, truth.high, rtol=1e-12, atol=1e-12 * truth.norm))
