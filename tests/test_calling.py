"""Derivatives of functions as they stand: called as those are, and nested as their arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradiometer
from gradiometer import GradiometerError, problem

rng = np.random.default_rng(5)
X, Y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
W, B = rng.standard_normal((3, 2)), rng.standard_normal(2)


@dataclass
class Layer:
    W: Any
    b: Any
    name: str = "layer"


def loss(params, batch, scale=2.0):
    x, y = batch
    h = np.tanh(x @ params["W"] + params["b"])
    return scale * np.mean((h - y) ** 2)


def slopes(W, b, scale):
    h = np.tanh(X @ W + b)
    d = 2 * scale * (h - Y) / h.size * (1 - h * h)
    return X.T @ d, d.sum(axis=0)


def as_dict(params, batch, scale=2.0):
    return dict(zip("Wb", slopes(params["W"], params["b"], scale), strict=True))


def without_scale(params, batch):
    return as_dict(params, batch)


PARAMS, BATCH = {"W": W, "b": B}, (X, Y)


@pytest.mark.parametrize("gradient", [as_dict, without_scale, lambda p, b: (as_dict(p, b),)])
def test_a_gradient_is_nested_as_its_argument(gradient: Callable[..., Any]) -> None:
    done = gradiometer.check(loss, PARAMS, BATCH, argnums=0, gradient=gradient)
    assert done
    assert "of loss at 3 points" in repr(done)
    assert done.points.signature.inputs.names == ("params_W", "params_b")


def of_layer(layer, batch):
    x, y = batch
    return 2.0 * np.mean((np.tanh(x @ layer.W + layer.b) - y) ** 2)


def of_list(layers, batch):
    return of_layer(Layer(*layers), batch)


def of_two(W, b):
    return of_layer(Layer(W, b), (X, Y))


NESTED: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "a dataclass": (of_layer, (Layer(W, B), BATCH), lambda p, _: Layer(*slopes(p.W, p.b, 2.0))),
    "a dict for a dataclass": (
        of_layer, (Layer(W, B), BATCH),
        lambda p, _: dict(zip("Wb", slopes(p.W, p.b, 2.0), strict=True)),
    ),
    "a list": (of_list, ([W, B], BATCH), lambda p, _: list(slopes(*p, 2.0))),
    "two arguments": (of_two, (W, B), lambda W, b: slopes(W, b, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("what", NESTED)
def test_arguments_of_any_nesting_are_checked(what: str) -> None:
    function, args, gradient = NESTED[what]
    argnums = None if what == "two arguments" else 0
    assert gradiometer.check(function, *args, argnums=argnums, gradient=gradient)


def cubes(x, k):
    return k * np.sum(x**3)


def pair(x):
    return np.array([x[0] * x[1], np.sin(x[1])])


OPERATORS: list[tuple[Any, tuple[Any, ...], str, Any]] = [
    (cubes, (np.arange(1.0, 4.0), 2.0), "gradient", lambda x, k: (3 * k * x * x, np.sum(x**3))),
    (cubes, (np.arange(1.0, 4.0), 2.0), "jvp",
     lambda x, k, v, u: np.sum(3 * k * x * x * v) + u * np.sum(x**3)),
    (cubes, (np.arange(1.0, 4.0), 2.0), "vjp",
     lambda x, k, w: (3 * k * x * x * w, w * np.sum(x**3))),
    (cubes, (np.arange(1.0, 4.0), 2.0), "hvp",
     lambda x, k, v, u: (6 * k * x * v + 3 * x * x * u, np.sum(3 * x * x * v))),
    (pair, (np.array([1.0, 2.0]),), "jacobian",
     lambda x: np.array([[x[1], x[0]], [0.0, np.cos(x[1])]])),
    (pair, (np.array([1.0, 2.0]),), "vjp",
     lambda x, w: np.array([w[0] * x[1], w[0] * x[0] + w[1] * np.cos(x[1])])),
    (pair, (np.array([1.0, 2.0]),), "value", pair),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args", "operator", "claimed"), OPERATORS)
def test_directions_come_after_the_arguments(
    function: Any, args: tuple[Any, ...], operator: str, claimed: Any
) -> None:
    assert gradiometer.check(function, *args, operator=operator, gradient=claimed)


class Pair(NamedTuple):
    W: Any
    b: Any


PARTS: dict[str, tuple[Callable[..., Any], Callable[[Any], tuple[Any, Any]]]] = {
    "a list": (lambda W, b: [W, b], tuple),
    "a tuple": (lambda W, b: (W, b), tuple),
    "a named tuple": (Pair, tuple),
    "a dict": (lambda W, b: {"W": W, "b": b}, lambda p: (p["W"], p["b"])),
    "a dataclass": (Layer, lambda p: (p.W, p.b)),
    "tuples in a dict": (
        lambda W, b: {"p": ((W,), 7), "q": [b]},
        lambda p: (p["p"][0][0], p["q"][0]),
    ),
}


@pytest.mark.parametrize("what", PARTS)
def test_directions_are_nested_as_the_arguments(what: str) -> None:
    made, parts = PARTS[what]

    def cubes_of(p):
        W, b = parts(p)
        return np.sum(W**3) * np.sum(b)

    def along(p, d):
        assert type(d) is type(p)
        (W, b), (dW, db) = parts(p), parts(d)
        return 3.0 * np.sum(W * W * dW) * np.sum(b) + np.sum(W**3) * np.sum(db)

    assert gradiometer.check(cubes_of, made(W, B), operator="jvp", gradient=along)


def test_a_kink_of_a_function_in_plain_python_is_one() -> None:
    def hinge(w, x):
        return max(0.0, 1.0 - w * x)

    def slope(w, x):
        return -x if w * x < 1.0 else 0.0

    done = gradiometer.check(hinge, 1.0, 1.0, argnums=0, gradient=slope)
    assert done.verdict == "undecided"
    assert "the answer is the derivative of one of the branches" in repr(done)
    assert not gradiometer.check(hinge, 1.0, 1.0, argnums=0, gradient=lambda w, x: -2.0 * x)


def by_choice(x):
    return np.sum(np.where(x > 0.0, x, 0.0))


def by_product(x):
    return np.sum(x * (x > 0.0))


def by_assignment(x):
    y = x.copy()
    y[y < 0.0] = 0.0
    return y.sum()


def by_maximum(x):
    return np.max(x)


def by_python(x):
    return sum(v if v > 0.0 else 0.0 for v in x)


@pytest.mark.parametrize("function", [by_choice, by_product, by_assignment, by_maximum])
@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "undecided"), (7.0, "wrong")])
def test_of_many_ties_an_outer_hull_is_taken(function: Any, slope: float, verdict: str) -> None:
    at = np.zeros(10)
    done = gradiometer.check(function, at, gradient=lambda x: np.where(x == 0.0, slope, x > 0.0))
    assert done.claims[0].at[0].verdict == verdict
    assert "could come out either way" in done.claims[0].at[0].reason


def test_of_many_decisions_of_python_s_nothing_is_told() -> None:
    done = gradiometer.check(by_python, np.zeros(10), gradient=lambda x: 7.0 * x)
    assert done.claims[0].at[0].verdict == "undecided"
    told = "nothing is proven here: the point lies on a kink, and a comparison at"
    assert done.claims[0].at[0].reason.startswith(told)


WRONG: dict[str, tuple[Any, str]] = {
    "an array for a dict": (lambda p, b: slopes(W, B, 2.0)[0], "of type ndarray: return a dict"),
    "a key is missing": (lambda p, b: {"W": W}, "a dict with the keys 'W': return a dict with"),
    "a list for a dict": (lambda p, b: [W, W], "a list of 2: return a dict with the keys 'W', 'b'"),
    "a shape": (lambda p, b: {"W": W.T, "b": B}, "transpose the derivative in params_W"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_nested_otherwise_is_told(what: str) -> None:
    gradient, told = WRONG[what]
    done = gradiometer.check(loss, PARAMS, BATCH, argnums=0, gradient=gradient)
    assert done.verdict == "wrong"
    assert told in repr(done).splitlines()[0]


REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "no real number": (cubes, (1, 2), "no real number to differentiate"),
    "complex": (cubes, (1j * X, 2.0), "complex: functions of real numbers"),
    "a generator": (cubes, ((x for x in X), 2.0), "can be read once"),
    "a class": (Layer, (W, B), "is a class: expected a function"),
    "text is returned": (lambda x: "3", (2.0,), "returns a str"),
    "nothing is returned": (lambda x: None, (2.0,), "returns None"),
    "it fails": (lambda x: x @ x, (2.0,), "fails when it is called"),
    "a problem": (problem(at={"x": 1.0})(lambda xp, x: x), (2.0,), "which has a point"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_differentiated_is_told_with_what_to_do(what: str) -> None:
    function, args, told = REFUSED[what]
    with pytest.raises(GradiometerError, match=told) as caught:
        gradiometer.check(function, *args)
    assert "\n" not in str(caught.value)


def test_what_is_no_function_is_told() -> None:
    with pytest.raises(GradiometerError, match="cannot be called: expected a function"):
        gradiometer.check(3.0, 2.0)


def test_a_hessian_of_an_array_is_refused() -> None:
    with pytest.raises(GradiometerError, match="pair has several outputs and no hessian"):
        gradiometer.check(pair, np.ones(2), operator="hessian")
