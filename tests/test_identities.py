"""Identities between operators: they need no reference, and hold for every method that is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from gradiometer import plugins
from gradiometer.measure.fleet import Failure, Fleet
from gradiometer.measure.outcome import Status
from gradiometer.measure.shipping import pack
from gradiometer.problem import Point

REGISTRY = plugins.load()
SHAPES = {"polar-coordinates": [(), ()], "brusselator": [(2, 2), (2, 2)], "mlp-outputs": [(2,)]}
"""Shapes of the outputs of vector problems, at their smallest size."""

SCALAR = ["log-cos-exp-sin-chain", "log-sum-exp", "black-scholes"]
SMALL = [*SCALAR, *SHAPES]
LIGHT = ["backprop", "central-difference", "complex-step", "pytorch", "pytorch-func", "sympy"]
METHODS = [*LIGHT, "jax-jit", "tensorflow-function"]
LOOSE = {"central-difference": 1e-6}
"""Relative errors of methods that truncate; 1e-11 for the others."""

Answers = Callable[..., np.ndarray]


def at(problem: str) -> Point:
    """Return a problem's point at its smallest size."""
    chosen = REGISTRY.problems[problem]
    return chosen.point(chosen.labels[0], outputs=SHAPES.get(problem))


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Return a method's answer as one vector, or skip what it cannot compute."""
    with Fleet(tmp_path_factory.mktemp("logs"), threads=1) as fleet:

        @cache
        def answer(name: str, problem_name: str, operator: str) -> np.ndarray:
            method, problem = REGISTRY.methods[name], REGISTRY.problems[problem_name]
            ticket, worker = pack(method, REGISTRY.origins), fleet.worker(method.tool)
            key, point = f"{name}/{problem_name}/{operator}", at(problem_name)
            worker.ask("open", 60.0, ticket=ticket, threads=1)
            try:
                worker.ask(
                    "prepare",
                    60.0,
                    key=key,
                    method=ticket,
                    problem=pack(problem, REGISTRY.origins),
                    op=operator,
                    point=problem.preparation_point(
                        problem.labels[0], outputs=SHAPES.get(problem_name)
                    ),
                    budget_s=5.0,
                )
            except Failure as failure:
                if failure.status not in (Status.UNSUPPORTED, Status.SKIPPED):
                    raise
                pytest.skip(str(failure))
            return _flat(worker.ask("answer", 60.0, key=key, point=point).arrays)

        yield answer


@pytest.mark.parametrize("problem", SMALL)
@pytest.mark.parametrize("method", METHODS)
def test_pulling_back_is_the_transpose_of_pushing_forward(
    answers: Answers, method: str, problem: str
) -> None:
    point = at(problem)
    w, v = _flat(point.cotangents.values()), _flat(point.tangents.values())
    pushed, pulled = answers(method, problem, "jvp"), answers(method, problem, "vjp")
    size = np.abs(w) @ np.abs(pushed) + np.abs(pulled) @ np.abs(v)
    assert abs(w @ pushed - pulled @ v) <= LOOSE.get(method, 1e-11) * size


@pytest.mark.parametrize("problem", SMALL)
@pytest.mark.parametrize("method", METHODS)
def test_a_pushforward_is_the_jacobian_times_the_tangents(
    answers: Answers, method: str, problem: str
) -> None:
    point = at(problem)
    matrix = _matrix(answers(method, problem, "jacobian"), point.cotangents, point.inputs)
    v = _flat(point.tangents.values())
    close = LOOSE.get(method, 1e-11) * (np.abs(matrix) @ np.abs(v))
    assert (np.abs(matrix @ v - answers(method, problem, "jvp")) <= close).all()


@pytest.mark.parametrize("problem", SCALAR)
@pytest.mark.parametrize("method", METHODS)
def test_a_hessian_is_symmetric_and_its_product_is_the_hvp(
    answers: Answers, method: str, problem: str
) -> None:
    point = at(problem)
    matrix = _matrix(answers(method, problem, "hessian"), point.inputs, point.inputs)
    loose = 1e-4 if method in LOOSE else 1e-11
    assert np.abs(matrix - matrix.T).max() <= loose * np.abs(matrix).max()
    product = matrix @ _flat(point.tangents.values())
    close = loose * np.abs(matrix).max() * np.abs(_flat(point.tangents.values())).sum()
    assert np.abs(product - answers(method, problem, "hvp")).max() <= close


@pytest.mark.parametrize("problem", SCALAR)
@pytest.mark.parametrize("method", METHODS)
def test_taylor_remainders_shrink_with_the_square_and_the_cube_of_the_step(
    answers: Answers, method: str, problem: str
) -> None:
    point = at(problem)
    v = _flat(point.tangents.values())
    v = v / np.linalg.norm(v)
    slope = answers(method, problem, "gradient") @ v
    matrix = _matrix(answers(method, problem, "hessian"), point.inputs, point.inputs)
    steps = np.array([1e-2, 5e-3, 2.5e-3])
    change = np.array(
        [_value(problem, point, h * v) - _value(problem, point, 0 * v) for h in steps]
    )
    first = change - steps * slope
    second = first - steps**2 / 2 * (v @ matrix @ v)
    for remainder, order in ((first, 2), (second, 3)):
        found = np.log2(np.abs(remainder[:-1] / remainder[1:]))
        assert found == pytest.approx(order, abs=0.25)


def _value(problem: str, point: Point, displacement: np.ndarray) -> float:
    """Return the function's value at a displaced point, in plain NumPy."""
    from gradiometer.measure.reference.operations import NAMESPACE  # balls: no rounding

    ends = np.cumsum([a.size for a in point.inputs.values()])[:-1]
    parts = np.split(displacement, ends)
    inputs = [a + d.reshape(a.shape) for a, d in zip(point.inputs.values(), parts, strict=True)]
    found = REGISTRY.problems[problem].function(NAMESPACE, *inputs, **point.given)
    return float(found.value.item())


def _flat(arrays: object) -> np.ndarray:
    return np.concatenate([np.ravel(a) for a in arrays])  # type: ignore[attr-defined]


def _matrix(blocks: np.ndarray, rows: dict[str, object], columns: dict[str, object]) -> np.ndarray:
    """Return the matrix that was cut into blocks, one an array of the rows and the columns."""
    heights = [np.size(a) for a in rows.values()]  # type: ignore[arg-type]
    widths = [np.size(a) for a in columns.values()]  # type: ignore[arg-type]
    sizes = [h * w for h in heights for w in widths]
    parts = iter(np.split(blocks, np.cumsum(sizes)[:-1]))
    return np.block([[next(parts).reshape(h, w) for w in widths] for h in heights])
