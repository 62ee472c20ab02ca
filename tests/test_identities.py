"""Identities that derivatives obey whatever the truth is: no reference is needed to break them.

⟨w, J·v⟩ = ⟨Jᵀ·w, v⟩; H = Hᵀ; the Hessian's product is its product; and what Taylor's polynomials
leave of f(x + h·v) shrinks as h² without curvature, as h³ with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from gradiometer import plugins
from gradiometer.measure.fleet import Fleet
from gradiometer.measure.plan import Case, Points
from gradiometer.measure.reference.certify import certify
from gradiometer.measure.shipping import pack
from gradiometer.operators import OPERATORS
from gradiometer.problem import Point

REGISTRY = plugins.load()
METHODS = REGISTRY.methods
SLOW = [n for n, m in METHODS.items() if m.package in ("jax", "tensorflow", "sympy")]
"""Methods that prepare for seconds: not taken to every problem."""
VECTORS = [name for name, p in REGISTRY.problems.items() if p.outputs]
SCALARS = [
    "log-cos-exp-sin-chain", "speelpenning", "helmholtz", "rosenbrock", "log-sum-exp",
    "lennard-jones", "mlp", "newton-sqrt", "softmax-cross-entropy", "black-scholes",
    "gaussian-process",
]  # fmt: skip


def twice(method: str, problem: str) -> bool:
    """Return whether a method has the second derivatives of a problem."""
    if method == "backprop":
        return {"hessian", "hvp"} <= REGISTRY.problems[problem].derivatives.keys()
    unable = {"pytorch-forward": ["gaussian-process"], "complex-step": SCALARS}
    return problem not in unable.get(method, [])


def cells(slow: list[str], quick: list[str]) -> list[tuple[str, str]]:
    """Return pairs of methods and problems, those of slow methods apart."""
    return [
        (method, problem)
        for method in METHODS
        for problem in (slow if method in SLOW else quick)
        if (method, problem) != ("complex-step", "gaussian-process")
    ]


LINEAR = cells(["polar-coordinates"], [*VECTORS, *SCALARS])
SLOPED = cells(["rosenbrock"], SCALARS)
CURVED = [cell for cell in SLOPED if twice(*cell)]
EXACTLY = [cell for cell in CURVED if METHODS[cell[0]].exact]
"""Without the methods whose own error is of the order of what is looked for."""

Array = np.ndarray
Answer = Callable[[str, str, str, Point], Array]


@cache
def points(problem: str) -> Points:
    p = REGISTRY.problems[problem]
    case = Case(p, p.labels[0], "value")
    return case.points(5, lambda at: certify(p, at, "value").shapes)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answer]:
    """Return a method's answer at any point, flattened."""
    with Fleet(tmp_path_factory.mktemp("logs"), threads=1) as fleet:

        @cache
        def prepared(method: str, problem: str, operator: str) -> str:
            chosen, key = METHODS[method], f"{method}/{problem}/{operator}"
            worker, ticket = fleet.worker(chosen.tool), pack(chosen, REGISTRY.origins)
            worker.ask("open", 60.0, ticket=ticket, threads=1)
            worker.ask(
                "prepare",
                60.0,
                key=key,
                method=ticket,
                problem=pack(REGISTRY.problems[problem], REGISTRY.origins),
                op=operator,
                point=points(problem).preparation,
                budget_s=5.0,
            )
            return key

        def answer(method: str, problem: str, operator: str, point: Point) -> Array:
            key = prepared(method, problem, operator)
            worker = fleet.worker(METHODS[method].tool)
            return flat(worker.ask("answer", 60.0, key=key, point=point).arrays)

        yield answer


def flat(arrays: Any) -> Array:
    return np.concatenate([np.ravel(a) for a in arrays])


def norm(x: Array) -> float:
    return float(np.linalg.norm(x))


def moved(point: Point, step: float) -> Point:
    """Return the point x + h·v."""
    inputs = {k: np.asarray(a + step * point.tangents[k]) for k, a in point.inputs.items()}
    return replace(point, inputs=inputs)


def along(point: Point, **directions: Array) -> Point:
    """Return the same point with other directions, given flattened."""
    shaped: dict[str, Any] = {}
    for name, vector in directions.items():
        arrays = getattr(point, name)
        ends = np.cumsum([a.size for a in arrays.values()])[:-1]
        cut = zip(arrays.items(), np.split(vector, ends), strict=True)
        shaped[name] = {k: part.reshape(a.shape) for (k, a), part in cut}
    return replace(point, **shaped)


def tolerance(method: str, order: int = 1) -> float:
    """Return ten times the error that a method may make."""
    operator = OPERATORS["gradient" if order == 1 else "hessian"]
    return float(10.0 ** (1.0 - operator.promise(METHODS[method])))


def matrix(operator: str, found: Array, point: Point) -> Array:
    """Return a Jacobian's or Hessian's blocks put together."""
    columns = [a.size for a in point.inputs.values()]
    rows = [a.size for a in point.cotangents.values()] if operator == "jacobian" else columns
    ends = np.cumsum([m * n for m in rows for n in columns])[:-1]
    blocks = iter(np.split(found, ends))
    return np.block([[next(blocks).reshape(m, n) for n in columns] for m in rows])


# First derivatives.


@pytest.mark.parametrize(("method", "problem"), LINEAR)
def test_what_is_pushed_weighs_as_much_as_what_is_pulled(
    answer: Answer, method: str, problem: str
) -> None:
    point = points(problem).check
    v, w = flat(point.tangents.values()), flat(point.cotangents.values())
    pushed, pulled = (answer(method, problem, name, point) for name in ("jvp", "vjp"))
    scale = np.abs(w) @ np.abs(pushed) + np.abs(pulled) @ np.abs(v)
    assert w @ pushed == pytest.approx(pulled @ v, abs=tolerance(method) * scale)
    assert scale > 0.0


@pytest.mark.parametrize(("method", "problem"), LINEAR)
def test_a_jacobian_pushes_and_pulls_as_the_products_do(
    answer: Answer, method: str, problem: str
) -> None:
    point = points(problem).check
    v, w = flat(point.tangents.values()), flat(point.cotangents.values())
    J = matrix("jacobian", answer(method, problem, "jacobian", point), point)
    for product, name in ((J @ v, "jvp"), (w @ J, "vjp")):
        found = answer(method, problem, name, point)
        scale = tolerance(method) * norm(J) * (norm(v) + norm(w))
        np.testing.assert_allclose(found, product, rtol=0.0, atol=scale)


@pytest.mark.parametrize(("method", "problem"), LINEAR)
def test_pushing_and_pulling_are_linear_in_the_direction(
    answer: Answer, method: str, problem: str
) -> None:
    point, other = points(problem)
    for name, direction in (("jvp", "tangents"), ("vjp", "cotangents")):
        a, b = (flat(getattr(p, direction).values()) for p in (point, other))
        parts = [
            answer(method, problem, name, along(point, **{direction: u}))
            for u in (a, b, 2.0 * a - 3.0 * b)
        ]
        size = max(norm(part) for part in parts)
        np.testing.assert_allclose(
            parts[2], 2.0 * parts[0] - 3.0 * parts[1], rtol=0.0, atol=10 * tolerance(method) * size
        )


@pytest.mark.parametrize(("method", "problem"), SLOPED)
def test_a_gradient_leaves_a_remainder_of_second_order(
    answer: Answer, method: str, problem: str
) -> None:
    point = points(problem).check
    v = flat(point.tangents.values())
    slope = answer(method, problem, "gradient", point) @ v
    steps = small_steps(point)
    remainders = [
        abs(value(answer, method, problem, moved(point, h)) - value(answer, method, problem, point)
            - h * slope)
        for h in steps
    ]  # fmt: skip
    assert order_of(remainders, steps) == pytest.approx(2.0, abs=0.35)


def value(answer: Answer, method: str, problem: str, point: Point) -> float:
    return float(answer(method, problem, "value", point)[0])


def small_steps(point: Point) -> Array:
    """Return steps along the tangents that move no input by more than a hundredth of its size."""
    reach = max(
        float(np.max(np.abs(point.tangents[k]) / np.maximum(0.5, np.abs(a)), initial=0.0))
        for k, a in point.inputs.items()
    )
    return 0.01 / reach * 2.0 ** -np.arange(3.0)


def order_of(remainders: list[float], steps: Array) -> float:
    """Return the exponent with which remainders shrink."""
    return float(np.polyfit(np.log(steps), np.log(remainders), 1)[0])


# Second derivatives.


@pytest.mark.parametrize(("method", "problem"), CURVED)
def test_a_hessian_is_symmetric(answer: Answer, method: str, problem: str) -> None:
    point = points(problem).check
    H = matrix("hessian", answer(method, problem, "hessian", point), point)
    assert H.shape == (point.n, point.n)
    scale = np.max(np.abs(H))
    np.testing.assert_allclose(H, H.T, rtol=0.0, atol=tolerance(method, 2) * scale)


@pytest.mark.parametrize(("method", "problem"), CURVED)
def test_a_hessian_s_product_is_its_product(answer: Answer, method: str, problem: str) -> None:
    point = points(problem).check
    H = matrix("hessian", answer(method, problem, "hessian", point), point)
    v = flat(point.tangents.values())
    found = answer(method, problem, "hvp", point)
    scale = tolerance(method, 2) * norm(H) * norm(v)
    np.testing.assert_allclose(found, H @ v, rtol=0.0, atol=scale)


@pytest.mark.parametrize(("method", "problem"), EXACTLY)
def test_a_hessian_s_product_is_how_the_gradient_changes(
    answer: Answer, method: str, problem: str
) -> None:
    point = points(problem).check
    found = answer(method, problem, "hvp", point)
    errors = []
    steps = small_steps(point)
    for h in steps:
        ends = [answer(method, problem, "gradient", moved(point, t)) for t in (h, -h)]
        errors.append(norm((ends[0] - ends[1]) / (2.0 * h) - found))
    exact = max(errors) <= 1e-9 * norm(found)  # of a quadratic, differences leave no error
    assert exact or order_of(errors, steps) == pytest.approx(2.0, abs=0.35)


@pytest.mark.parametrize(("method", "problem"), EXACTLY)
def test_gradient_and_hessian_leave_a_remainder_of_third_order(
    answer: Answer, method: str, problem: str
) -> None:
    point = points(problem).check
    v = flat(point.tangents.values())
    slope = answer(method, problem, "gradient", point) @ v
    H = matrix("hessian", answer(method, problem, "hessian", point), point)
    start, steps = value(answer, method, problem, point), 4.0 * small_steps(point)
    remainders = [
        abs(value(answer, method, problem, moved(point, h)) - start - h * slope
            - 0.5 * h * h * (v @ H @ v))
        for h in steps
    ]  # fmt: skip
    rounding = 1e-13 * abs(start)
    assert max(remainders) <= rounding or order_of(remainders, steps) == pytest.approx(3.0, abs=0.5)


# The identities can be broken.


@pytest.mark.parametrize("spoil", ["sign", "transpose", "output"])
def test_a_wrong_pullback_weighs_otherwise(answer: Answer, spoil: str) -> None:
    point = points("polar-coordinates").check
    v, w = flat(point.tangents.values()), flat(point.cotangents.values())
    J = matrix("jacobian", answer("backprop", "polar-coordinates", "jacobian", point), point)
    wrong = {"sign": -(w @ J), "transpose": J @ w, "output": w[:1] @ J[:1]}[spoil]
    pushed = answer("backprop", "polar-coordinates", "jvp", point)
    assert w @ pushed != pytest.approx(wrong @ v, rel=1e-3)


def test_a_gradient_that_is_off_by_a_thousandth_leaves_a_remainder_of_first_order(
    answer: Answer,
) -> None:
    point = points("rosenbrock").check
    v, steps = flat(point.tangents.values()), small_steps(points("rosenbrock").check)
    slope = 1.1 * answer("backprop", "rosenbrock", "gradient", point) @ v
    start = value(answer, "backprop", "rosenbrock", point)
    remainders = [
        abs(value(answer, "backprop", "rosenbrock", moved(point, h)) - start - h * slope)
        for h in steps
    ]
    assert order_of(remainders, steps) < 1.5


def test_a_hessian_with_half_its_diagonal_leaves_a_remainder_of_second_order(
    answer: Answer,
) -> None:
    problem = "rosenbrock"
    point = points(problem).check
    v, steps = flat(point.tangents.values()), small_steps(point)
    slope = answer("backprop", problem, "gradient", point) @ v
    H = matrix("hessian", answer("backprop", problem, "hessian", point), point)
    H -= 0.5 * np.diag(np.diag(H))
    start = value(answer, "backprop", problem, point)
    remainders = [
        abs(value(answer, "backprop", problem, moved(point, h)) - start - h * slope
            - 0.5 * h * h * (v @ H @ v))
        for h in steps
    ]  # fmt: skip
    assert order_of(remainders, steps) < 2.5
