"""A problem that is called: its function's value with NumPy, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.tracing.own import own_problem
from gradiometer.vocabulary.problem import Problem, problem


def of_sizes(size: int, rng: np.random.Generator) -> dict[str, Any]:
    return {"x": np.arange(1.0, size + 1.0), "k": 2.0}


@problem(at=of_sizes, given=lambda size, rng: {"c": np.ones(size), "n": size}, sizes=(2, 3))
def weighted(xp: Any, x: Any, k: Any, *, c: Any, n: Any) -> Any:
    """y = k·Σ c·x + n."""
    return k * xp.sum(c * x) + n


@problem(at={"x": 0.5}, outputs=("p", "q"))
def pair(xp: Any, x: Any) -> Any:
    return xp.sigmoid(x), xp.stack([x, xp.erf(x)])


def layers(size: int, rng: np.random.Generator) -> dict[str, Any]:
    return {f"w{k}": float(k) for k in range(size)}


@problem(at=layers, sizes=(1, 3))
def summed(xp: Any, *w: Any) -> Any:
    return sum(w)


@pytest.mark.parametrize(
    ("inputs", "given", "expected"),
    [
        ((), {}, 8.0),
        (([1.0, 1.0], 3), {}, 8.0),
        ((np.array([1.0, 1.0, 1.0]), 1.0), {}, 6.0),
        (([1, 1], 1), {"c": [2.0, 3.0]}, 7.0),
        ((), {"n": 0}, 6.0),
    ],
)
def test_a_problem_is_called_as_its_function_is(
    inputs: tuple[Any, ...], given: dict[str, Any], expected: float
) -> None:
    found = weighted(*inputs, **given)
    assert type(found) is np.float64
    assert found == expected


def test_several_outputs_are_a_tuple_of_arrays() -> None:
    p, q = pair(0.0)
    assert (p, q.tolist()) == (0.5, [0.0, 0.0])


@pytest.mark.parametrize(("inputs", "expected"), [((), 0.0), ((4.0,), 4.0), ((1, 2, 3), 6.0)])
def test_sizes_may_differ_in_the_number_of_inputs(
    inputs: tuple[float, ...], expected: float
) -> None:
    assert summed(*inputs) == expected


def test_a_function_as_it_stands_is_called_by_its_leaves() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.sum((x @ w) ** 2)

    p = own_problem(loss, np.ones(2), np.eye(2), argnums=0)
    assert (p(), p([1.0, 3.0])) == (2.0, 10.0)


@pytest.mark.parametrize(
    ("p", "inputs", "given", "told"),
    [
        (weighted, ([1.0, 1.0],), {}, "takes 2 inputs (x, k), not 1. Give all of them"),
        (weighted, ([1.0], 1.0), {}, "no inputs of shapes (1,) (): expected those of one of its "
         "sizes, (2,) (), (3,) () for x, k."),
        (weighted, ([1.0, 1.0], [1.0]), {}, "no inputs of shapes (2,) (1,)"),
        (summed, (1.0, 2.0), {}, "takes 1 or 3 inputs (w0, w1, w2), not 2"),
        (weighted, ([1.0, "one"], 1.0), {}, "takes arrays of real numbers: [1.0, 'one'] is none"),
        (weighted, ([1.0, 1j], 1.0), {}, "takes arrays of real numbers"),
        (weighted, ([[1.0], [1.0, 2.0]], 1.0), {}, "takes arrays of real numbers"),
        (weighted, (), {"c": [1.0]}, "given value 'c' has shape (1,): expected (2,)"),
        (weighted, (), {"n": 0.5}, "given value 'n' is 0.5: expected an array of int64"),
        (weighted, (), {"x": 1.0}, "given value of problem 'weighted' 'x': expected one of c, n"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_refused(
    p: Problem, inputs: tuple[Any, ...], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(GradiometerError, match=re.escape(told)):
        p(*inputs, **given)


def test_an_unknown_given_value_is_an_unknown_name() -> None:
    with pytest.raises(UnknownName):
        pair(d=1.0)
