"""The built-in problems: their backward passes, and the figures that their sources print."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest
from built_in import PROBLEMS, argument, points, registry, size
from generic import namespace

from gradiometer import Argument, Namespace, Point, Problem, Signature, Space
from gradiometer.plugins.registry import ProblemEntry
from gradiometer.reference.certify import certify
from gradiometer.reference.operations import NAMESPACE
from gradiometer.reference.protocol import array
from gradiometer.vocabulary.answer import as_arrays
from gradiometer.vocabulary.enclosure import UNIT
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.space import blocks

NUMPY = Namespace(np)


WRITTEN = [
    (p, label, operator)
    for p in PROBLEMS.values()
    for label in p.labels
    for operator in p.derivatives
    if size(p, label) <= (16 if OPERATORS[operator].order < 2 or label == p.labels[0] else 4)
    if Space.of(p.point(label).given).size <= 100
]
"""The derivatives that were written by hand, where they can be had component by component."""

ELEMENTWISE = (
    *("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "asinh", "acosh", "atanh", "erf"),
)
"""What mpmath has under the names of the array API standard."""

DIGITS = 80
STEP = mpmath.mpf(10) ** -20
"""Of the central differences: their error is about its square, their rounding 10^-40 at most."""


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return scalars as Python floats, and arrays as they are."""
    return {k: float(a) if a.ndim == 0 else a for k, a in values.items()}


def by_hand(p: Problem, point: Point) -> dict[str, Any]:
    """Return the hand-coded gradient of a scalar problem, by name of the input."""
    assert p.backward is not None
    parts = p.backward(*plain(point.inputs).values(), **plain(point.given))
    return dict(zip(point.inputs, parts, strict=True))


def written(p: Problem, at: Argument, signature: Signature, operator: str) -> dict[str, Any]:
    """Return any hand-coded derivative, by name of the input, output or block."""
    asked = OPERATORS[operator]
    arguments = [*plain(at.point.inputs).values(), *plain(asked.directions(at.directions)).values()]
    result = p.derivatives[operator](*arguments, **plain(at.point.given))
    return named(as_arrays(result, asked, signature).arrays, signature, operator)


def named(arrays: list[Any], signature: Signature, operator: str) -> dict[str, Any]:
    """Return an answer's arrays by their names."""
    return dict(zip(OPERATORS[operator].layout(signature).names, arrays, strict=True))


def value(p: Problem, point: Point) -> float:
    """Return the function at a point, in NumPy."""
    return float(p.function(NUMPY, *point.inputs.values(), **point.given))


def with_(point: Point, **changed: Any) -> Point:
    """Return a point with some inputs changed."""
    inputs = point.inputs | {k: np.asarray(v, dtype=np.float64) for k, v in changed.items()}
    return Point(inputs, point.given)


def multiprecision() -> Namespace:
    """Return an array namespace over NumPy arrays of mpmath's numbers."""
    functions = {n: np.frompyfunc(getattr(mpmath, n), 1, 1) for n in ELEMENTWISE}
    return namespace(functions)


class Differences:
    """Central differences along lines through a point, to far more digits than a double has."""

    def __init__(self, p: Problem, at: Argument, signature: Signature) -> None:
        self.p, self.signature, self.xp = p, signature, multiprecision()
        self.point, self.directions = at
        self.units = list(np.eye(signature.n).astype(object))
        self.centre = self.at(0, self.units[0])

    def at(self, t: Any, direction: Any) -> Any:
        """Return all outputs at x + t·v, flattened."""
        number = np.frompyfunc(mpmath.mpf, 1, 1)
        moves = self.signature.inputs.split(np.asarray(direction))
        inputs = [number(a) + t * number(moves[name]) for name, a in self.point.inputs.items()]
        given = {k: number(a) for k, a in self.point.given.items()}
        returned = self.p.function(self.xp, *inputs, **given)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        return np.concatenate([np.ravel(np.asarray(y, dtype=object)) for y in outputs])

    def slope(self, v: Any) -> Any:
        """Return J·v."""
        return (self.at(STEP, v) - self.at(-STEP, v)) / (2 * STEP)

    def curvature(self, v: Any) -> Any:
        """Return vᵀ·H·v of a scalar."""
        return (self.at(STEP, v) - 2 * self.centre + self.at(-STEP, v))[0] / STEP**2

    def answer(self, operator: str) -> dict[str, Any]:
        """Return the answer of an operator, by name of the input, output or block."""
        w, v = flat(self.directions.cotangents), flat(self.directions.tangents)
        if operator == "jvp":
            found = self.slope(v)
        elif operator == "hvp":
            along = self.curvature(v)
            both = [self.curvature(v + e) - along - self.curvature(e) for e in self.units]
            found = np.array(both) / 2
        elif operator == "hessian":
            single = [self.curvature(e) for e in self.units]
            pairs = itertools.product(zip(self.units, single, strict=True), repeat=2)
            entries = [self.curvature(e + g) - a - b for (e, a), (g, b) in pairs]
            found = np.array(entries).reshape(self.signature.n, -1) / 2
        else:
            columns = np.array([self.slope(e) for e in self.units]).T
            found = {"jacobian": columns, "vjp": w @ columns}.get(operator, columns[0])
        return self.cut(found.astype(np.float64), operator)

    def cut(self, found: Any, operator: str) -> dict[str, Any]:
        """Return a vector or a matrix as the arrays of the operator's layout."""
        spaces = OPERATORS[operator].spaces(self.signature)
        if len(spaces) == 2:
            return named(blocks(found, *spaces), self.signature, operator)
        return spaces[0].split(found)


def flat(arrays: dict[str, Any]) -> Any:
    """Return all components in one array."""
    return np.concatenate([a.ravel() for a in arrays.values()]).astype(object)


def by_differences(
    p: Problem, at: Argument, signature: Signature, operator: str = "gradient"
) -> dict[str, Any]:
    """Return central differences in every component, to far more digits than a double has."""
    with mpmath.workdps(DIGITS):
        return Differences(p, at, signature).answer(operator)


def assert_digits(
    answers: dict[str, Any], truths: dict[str, Any], digits: float = 12, absolute: float = 0.0
) -> None:
    """Check every component's error, relative to it and to an absolute size."""
    assert list(answers) == list(truths)
    tolerance = 10.0**-digits
    for name, truth in truths.items():
        np.testing.assert_allclose(
            answers[name], truth, rtol=tolerance, atol=tolerance * absolute, err_msg=name
        )


# Every problem


@pytest.mark.parametrize("entry", registry().problems.values(), ids=lambda entry: entry.name)
def test_a_problem_states_its_formula_its_reason_and_its_source(entry: ProblemEntry) -> None:
    assert re.match(r"\S+ = ", entry.summary), "the docstring opens with a formula"
    assert entry.about, "the docstring says why the problem is here"
    assert entry.source
    assert {"vjp" if entry.outputs else "gradient"} <= set(entry.by_hand)


@pytest.mark.parametrize(
    ("p", "label", "operator"),
    WRITTEN,
    ids=[" ".join(filter(None, (p.name, *rest))) for p, *rest in WRITTEN],
)
@pytest.mark.parametrize("where", ["checked", "preparation"])
def test_a_derivative_by_hand_agrees_with_differences_of_many_digits(
    p: Problem, label: str, operator: str, where: str
) -> None:
    checked = where == "checked"
    found = points(p, label, seed=0 if checked else 1)
    at, signature = found.checked[0] if checked else found.preparation, found.signature
    truth = certify(p, at, operator)
    expected = by_differences(p, at, signature, operator)
    # What the terms of a sum cancel is no fault of the formula's.
    scale = max(1e-20 * truth.norm, float(np.max(truth.bound)) / UNIT)
    assert_digits(written(p, at, signature, operator), expected, 12 if checked else 11, scale)


@pytest.mark.parametrize("p", PROBLEMS.values(), ids=lambda p: p.name)
def test_a_problem_has_a_derivative_for_each_input_and_of_its_shape(p: Problem) -> None:
    found = points(p, p.labels[0])
    operator = "vjp" if p.outputs else "gradient"
    answers = written(p, found.checked[0], found.signature, operator)
    assert Space.of(answers) == found.signature.inputs
    assert all(np.any(a) for a in answers.values()), "an all-zero answer must never be right"


@pytest.mark.parametrize("p", PROBLEMS.values(), ids=lambda p: p.name)
def test_a_problem_s_outputs_are_as_many_as_their_names(p: Problem) -> None:
    for label in p.labels[:2]:
        found = points(p, label)
        point, _ = found.checked[0]
        given = {k: array(a, integer=a.dtype.kind == "i") for k, a in point.given.items()}
        returned = p.function(NAMESPACE, *map(array, point.inputs.values()), **given)
        assert isinstance(returned, tuple) is (len(p.outputs) > 1)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        assert [y.shape for y in outputs] == list(found.signature.outputs.shapes.values())
        assert found.signature.outputs.names == p.output_names


@pytest.mark.parametrize("p", PROBLEMS.values(), ids=lambda p: p.name)
def test_a_problem_s_sizes_grow(p: Problem) -> None:
    numbers = [size(p, label) for label in p.labels]
    given = [Space.of(p.point(label).given).size for label in p.labels]
    work = [n * (1 + g) for n, g in zip(numbers, given, strict=True)]
    assert work == sorted(work)


def asked(p: Problem) -> tuple[Argument, Signature]:
    """Return the declared point with directions, and the signature."""
    return argument(p), points(p).signature


@pytest.mark.parametrize("wrong", [0.0, 3.0 + 1e-10, -3.0])
def test_a_wrong_backward_pass_is_found_out(wrong: float) -> None:
    def function(xp: Any, x: Any, y: Any) -> Any:
        return 3.0 * x + xp.sin(y)

    p = Problem("wrong", function, {"x": 1.0, "y": 2.0})
    p.backprop(lambda x, y: (wrong, math.cos(y)))
    with pytest.raises(AssertionError, match="x"):
        assert_digits(by_hand(p, p.point()), by_differences(p, *asked(p)))


@pytest.mark.parametrize("operator", ["jacobian", "jvp", "vjp"])
def test_a_wrong_derivative_of_a_vector_problem_is_found_out(operator: str) -> None:
    def function(xp: Any, x: Any, y: Any) -> Any:
        return x * y, xp.sin(y)

    p = Problem("wrong", function, {"x": 1.5, "y": 2.0}, outputs=("a", "b"))
    transposed = np.array([[2.0, 0.0], [1.5, math.cos(2.0)]])
    p.derivative("jacobian")(lambda x, y: transposed)
    p.derivative("jvp")(lambda x, y, dx, dy: tuple(transposed @ [dx, dy]))
    p.derivative("vjp")(lambda x, y, da, db: tuple([da, db] @ transposed))
    with pytest.raises(AssertionError, match="Not equal"):
        assert_digits(written(p, *asked(p), operator), by_differences(p, *asked(p), operator))


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_hessian_of_half_weight_on_the_diagonal_is_found_out(operator: str) -> None:
    p = Problem("wrong", lambda xp, x: x[0] * x[0] * x[1], {"x": [1.5, 2.0]})
    halved = np.array([[2.0, 3.0], [3.0, 0.0]])
    p.derivative("hessian")(lambda x: halved)
    p.derivative("hvp")(lambda x, v: (halved @ v,))
    with pytest.raises(AssertionError, match="Not equal"):
        assert_digits(
            written(p, *asked(p), operator), by_differences(p, *asked(p), operator), absolute=1.0
        )


# (x + y)·z


def test_product_of_sum_gives_the_integers_of_its_source() -> None:
    p = PROBLEMS["product-of-sum"]
    assert value(p, p.point()) == -12.0
    assert by_hand(p, p.point()) == {"x": -4.0, "y": -4.0, "z": 3.0}


def test_product_of_sum_gives_the_forward_differences_of_its_source() -> None:
    p, h = PROBLEMS["product-of-sum"], 1e-6
    point = p.point()
    slopes = [
        (value(p, with_(point, **{k: a + h})) - value(p, point)) / h
        for k, a in point.inputs.items()
    ]
    assert [round(s, 8) for s in slopes] == [-4.0, -4.0, 3.0]


# σ(a·x + b)


def test_sigmoid_affine_gives_the_figures_of_its_source() -> None:
    p = PROBLEMS["sigmoid-affine"]
    found = by_hand(p, p.point())
    assert round(value(p, p.point()), 5) == 0.99909
    assert {k: round(d, 5) for k, d in found.items()} == {"x": 0.00273, "a": 0.00182, "b": 0.00091}
    single = {"x": 0.0027306809, "a": 0.0018204539, "b": 0.00091022695}  # to float32, saturated
    assert_digits(found, single, digits=5)


def test_sigmoid_affine_gives_the_closed_forms_of_its_source() -> None:
    p = PROBLEMS["sigmoid-affine"]
    e = math.exp(-7.0)
    common = e / (1.0 + e) ** 2
    assert_digits(by_hand(p, p.point()), {"x": 3 * common, "a": 2 * common, "b": common})


def test_sigmoid_affine_gives_the_central_differences_of_its_source() -> None:
    p, epsilon = PROBLEMS["sigmoid-affine"], 1e-5
    point = p.point()
    slopes = {
        k: (value(p, with_(point, **{k: a + epsilon})) - value(p, with_(point, **{k: a - epsilon})))
        / (2 * epsilon)
        for k, a in point.inputs.items()
    }
    printed = {"x": 0.00273066354528062, "a": 0.0018204423579692983, "b": 0.0009102211706579765}
    assert_digits(slopes, printed, digits=8)
    assert_digits(by_hand(p, point), printed, digits=7)


# The chains of elementary functions

BACKWARD = {
    "log-cos-exp-sin-chain": {
        "beta0": -0.646, "beta1": 4.830, "beta2": 0.476, "beta3": -0.211, "beta4": 1.0,
        "omega0": -1.485, "omega1": 4.552, "omega2": 2.415, "omega3": -0.139, "omega4": 0.864,
    },
    "cos-exp-sin-chain": {
        "beta0": 2.281, "beta1": -17.060, "beta2": -1.683, "beta3": 0.745,
        "omega0": 5.246, "omega1": -16.079, "omega2": -8.530, "omega3": 0.489,
    },
}  # fmt: skip
"""All derivatives, as printed (the first's in omega0 by its closed form)."""

INTERMEDIATE = {
    "log-cos-exp-sin-chain": {
        "dh4": -0.5, "dh3": -0.632, "df2": 0.476, "dh2": 0.953, "df1": 4.830, "dh1": -1.932,
        "df0": -0.646,
    },
    "cos-exp-sin-chain": {
        "df3": 0.745, "dh3": 2.234, "df2": -1.683, "dh2": -3.366, "df1": -17.060, "dh1": 6.824,
        "df0": 2.281,
    },
}  # fmt: skip

FORWARD = {
    "f0": 1.230, "h1": 0.942, "f1": 1.623, "h2": 5.068, "f2": 7.137, "h3": 0.657, "f3": 2.372,
}  # fmt: skip
"""The two chains have these in common; the first goes on with h4."""


def intermediates(p: Problem) -> dict[str, float]:
    """Read every value of the two passes off a chain's gradient.

    ∂y/∂fₖ = ∂y/∂βₖ and ∂y/∂hₖ = ωₖ·∂y/∂fₖ; hₖ = (∂y/∂ωₖ)/(∂y/∂βₖ) and fₖ = βₖ + ωₖ·hₖ.
    """
    at, d, found = plain(p.point().inputs), by_hand(p, p.point()), {}
    for k in range(len(at) // 2):
        beta, omega, df = at[f"beta{k}"], at[f"omega{k}"], d[f"beta{k}"]
        h = d[f"omega{k}"] / df
        found |= {f"h{k}": h, f"f{k}": beta + omega * h, f"df{k}": df, f"dh{k}": omega * df}
    return found


@pytest.mark.parametrize("name", sorted(BACKWARD))
def test_a_chain_gives_every_derivative_that_its_source_prints(name: str) -> None:
    p = PROBLEMS[name]
    assert {k: round(d, 3) for k, d in by_hand(p, p.point()).items()} == BACKWARD[name]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("log-cos-exp-sin-chain", FORWARD | {"h4": 0.864}),
        ("cos-exp-sin-chain", FORWARD),
    ],
)
def test_a_chain_gives_every_forward_value_that_its_source_prints(
    name: str, printed: dict[str, float]
) -> None:
    found = intermediates(PROBLEMS[name])
    assert {k: round(found[k], 3) for k in printed} == printed
    assert found["h0"] == pytest.approx(2.3)


@pytest.mark.parametrize("name", sorted(INTERMEDIATE))
def test_a_chain_gives_every_backward_value_that_its_source_prints(name: str) -> None:
    found = intermediates(PROBLEMS[name])
    assert {k: round(found[k], 3) for k in INTERMEDIATE[name]} == INTERMEDIATE[name]


def test_the_value_of_the_first_chain_follows_from_its_last_intermediate() -> None:
    p = PROBLEMS["log-cos-exp-sin-chain"]
    y = value(p, p.point())
    assert y == pytest.approx(intermediates(p)["f4"], rel=1e-14)
    assert round(y, 3) == -0.732


def test_the_loss_of_the_second_chain_is_the_one_that_its_source_prints() -> None:
    p = PROBLEMS["cos-exp-sin-chain"]
    loss = value(p, p.point())
    assert round(loss, 3) == 0.139
    assert loss == pytest.approx((intermediates(p)["f3"] - 2.0) ** 2, rel=1e-13)


def symbols(p: Problem) -> SimpleNamespace:
    """Return the inputs and constants of a chain by its source's short names."""
    short = {k.replace("beta", "b").replace("omega", "w"): a for k, a in plain_all(p).items()}
    return SimpleNamespace(**short)


def plain_all(p: Problem) -> dict[str, float]:
    """Return every number of a problem's point by name."""
    return plain(p.point().inputs) | plain(p.point().given)


def test_the_first_chain_gives_the_closed_forms_of_its_source() -> None:
    p = PROBLEMS["log-cos-exp-sin-chain"]
    s = symbols(p)
    e = math.exp(s.w1 * math.sin(s.b0 + s.w0 * s.x) + s.b1)
    numerator = s.w1 * s.w2 * s.w3 * s.w4 * s.x * math.cos(s.b0 + s.w0 * s.x) * e
    domega0 = -numerator * math.sin(s.w2 * e + s.b2) / (s.w3 * math.cos(s.w2 * e + s.b2) + s.b3)
    found = by_hand(p, p.point())
    assert found["beta4"] == 1.0
    assert found["omega0"] == pytest.approx(domega0, rel=1e-13)


def test_the_second_chain_gives_the_closed_forms_of_its_source() -> None:
    p = PROBLEMS["cos-exp-sin-chain"]
    s = symbols(p)
    e = math.exp(s.b1 + s.w1 * math.sin(s.b0 + s.w0 * s.x))
    dbeta3 = 2.0 * (s.b3 + s.w3 * math.cos(s.b2 + s.w2 * e) - s.y)
    inner = s.w1 * s.w2 * s.w3 * s.x * math.cos(s.b0 + s.w0 * s.x) * e
    found = by_hand(p, p.point())
    assert found["beta3"] == pytest.approx(dbeta3, rel=1e-13)
    assert found["omega0"] == pytest.approx(-dbeta3 * inner * math.sin(s.b2 + s.w2 * e), rel=1e-13)


@pytest.mark.parametrize(
    ("name", "h", "parameter"),
    [
        ("log-cos-exp-sin-chain", 1e-4, "beta4"),
        ("log-cos-exp-sin-chain", 1e-4, "omega0"),
        ("cos-exp-sin-chain", 1e-5, "omega0"),
    ],
)
def test_a_chain_gives_the_forward_differences_of_its_source(
    name: str, h: float, parameter: str
) -> None:
    p = PROBLEMS[name]
    point = p.point()
    moved = with_(point, **{parameter: point.inputs[parameter] + h})
    slope = (value(p, moved) - value(p, point)) / h
    assert slope == pytest.approx(by_hand(p, point)[parameter], abs=30.0 * h)
    assert slope == pytest.approx(BACKWARD[name][parameter], abs=1e-3)


# The chain of parametric ReLUs


def prelu_by_definition(at: dict[str, float], x: float, y: float) -> tuple[float, dict[str, float]]:
    """Return loss and derivatives by the chain rule, forwards: dhₖ₊₁ = sₖ·dfₖ, and zₖ for γ.

    sₖ is the slope of PReLU at fₖ, and its derivative in γ is min(fₖ, 0).
    """
    b, w = ([at[f"{letter}{k}"] for k in range(4)] for letter in ("beta", "omega"))
    h, dgamma, factors, hs = x, 0.0, [], []
    for k in range(3):
        f = b[k] + w[k] * h
        slope = 1.0 if f > 0.0 else at["gamma"]
        dgamma = min(f, 0.0) + slope * w[k] * dgamma
        hs.append(h)
        factors.append(slope)
        h = f if f > 0.0 else at["gamma"] * f
    hs.append(h)
    z = b[3] + w[3] * h
    loss = math.log1p(math.exp(-z)) if y == 1.0 else math.log1p(math.exp(z))
    dz = 1.0 / (1.0 + math.exp(-z)) - y
    found = {}
    for k in range(4):
        found[f"beta{k}"] = dz * math.prod(w[j + 1] * factors[j] for j in range(k, 3))
        found[f"omega{k}"] = found[f"beta{k}"] * hs[k]
    return loss, found | {"gamma": dz * w[3] * dgamma}


@pytest.mark.parametrize(("label", "y"), [("y=1", 1.0), ("y=0", 0.0)])
def test_prelu_chain_follows_its_definition_at_both_labels(label: str, y: float) -> None:
    p = PROBLEMS["prelu-chain"]
    point = p.point(label)
    assert plain(point.given) == {"x": 2.3, "y": y}
    loss, truth = prelu_by_definition(plain(point.inputs), 2.3, y)
    found = by_hand(p, point)
    assert value(p, point) == pytest.approx(loss, rel=1e-13)
    assert_digits({k: found[k] for k in truth}, truth)
    assert set(found) == set(truth)


@pytest.mark.parametrize("label", ["y=1", "y=0"])
@pytest.mark.parametrize("signs", list(itertools.product([-1.0, 1.0], repeat=3)))
def test_prelu_chain_follows_its_definition_on_either_side_of_every_kink(
    label: str, signs: tuple[float, float, float]
) -> None:
    p = PROBLEMS["prelu-chain"]
    start = p.point(label)
    point = with_(start, **{f"beta{k}": 4.0 * sign for k, sign in enumerate(signs)})
    given = plain(point.given)
    _, truth = prelu_by_definition(plain(point.inputs), given["x"], given["y"])
    found = by_hand(p, point)
    assert_digits({k: found[k] for k in truth}, truth)


def test_prelu_chain_takes_three_kinks_and_sits_on_none() -> None:
    at = plain(PROBLEMS["prelu-chain"].point("y=1").inputs)
    h, signs = 2.3, []
    for k in range(3):
        f = at[f"beta{k}"] + at[f"omega{k}"] * h
        assert abs(f) > 0.1
        signs.append(f > 0.0)
        h = f if f > 0.0 else at["gamma"] * f
    assert signs == [True, False, False]


def test_the_two_labels_of_prelu_chain_differ_in_the_loss_only() -> None:
    p = PROBLEMS["prelu-chain"]
    one, zero = p.point("y=1"), p.point("y=0")
    assert plain(one.inputs) == plain(zero.inputs)
    s = math.exp(-value(p, one))
    assert s + math.exp(-value(p, zero)) == pytest.approx(1.0, rel=1e-14)
    ratio = by_hand(p, one)["beta3"] / by_hand(p, zero)["beta3"]
    assert ratio == pytest.approx((s - 1.0) / s, rel=1e-12)


# The network

SIZES = ("3-2x1", "2-3-1x1", "3-4-2x3", "2-3-3-2x5", "4-3-2-3-2x2", "1-1-1x1")


def mlp(size: str) -> tuple[Problem, Point]:
    """Return the network at a size of one's own, and its point."""
    p = replace(PROBLEMS["mlp"], sizes=(size,))
    return p, p.point(size)


def loss_of(inputs: dict[str, Any], y: Any) -> Any:
    """Return the network's loss, sample by sample and layer by layer, as its source writes it."""
    layers = (len(inputs) - 1) // 2
    total = 0.0
    for x, target in zip(inputs["x"], y, strict=True):
        h = x
        for k in range(1, layers + 1):
            z = inputs[f"W{k}"].T @ h + inputs[f"b{k}"]
            h = z if k == layers else np.tanh(z)
        total = total + 0.5 * np.sum((target - h) ** 2)
    return total


def by_complex_steps(inputs: dict[str, Any], y: Any) -> dict[str, Any]:
    """Return the derivative of the loss in every component, without a difference."""
    slopes = {}
    for name, a in inputs.items():
        slopes[name] = np.empty(a.shape)
        for i in np.ndindex(a.shape):
            moved = a.astype(np.complex128)
            moved[i] += 1e-200j
            slopes[name][i] = loss_of(inputs | {name: moved}, y).imag / 1e-200
    return slopes


@pytest.mark.parametrize("size", SIZES)
def test_the_network_follows_its_formula_at_any_number_of_layers(size: str) -> None:
    p, point = mlp(size)
    assert value(p, point) == pytest.approx(loss_of(point.inputs, point.given["y"]), rel=1e-13)
    found, truth = by_hand(p, point), by_complex_steps(point.inputs, point.given["y"])
    assert list(found) == list(truth)
    for name in truth:
        scale = np.max(np.abs(truth[name]))
        np.testing.assert_allclose(found[name], truth[name], rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize(("size", "n"), [("2-3-1x1", 15), ("3-2x4", 20), ("10-50-50-1x32", 3471)])
def test_the_network_has_an_input_for_x_and_for_every_weight_and_bias(size: str, n: int) -> None:
    _, point = mlp(size)
    widths = [int(w) for w in size.partition("x")[0].split("-")]
    batch = int(size.partition("x")[2])
    names = ["x"] + [f"{letter}{k}" for k in range(1, len(widths)) for letter in "Wb"]
    assert list(point.inputs) == names
    assert Space.of(point.inputs).size == n
    assert point.inputs["x"].shape == (batch, widths[0])
    assert point.given["y"].shape == (batch, widths[-1])


def test_one_hidden_layer_without_biases_is_the_example_of_the_source() -> None:
    p, point = mlp("4-5-3x1")
    zeros = {"b1": np.zeros(5), "b2": np.zeros(3)}
    point = with_(point, **zeros)
    x, y = point.inputs["x"][0], point.given["y"][0]
    W1, W2 = point.inputs["W1"].T, point.inputs["W2"].T  # the source has columns, W·x

    x3 = np.tanh(W1 @ x)
    x4 = W2 @ x3
    u4 = -(y - x4)
    u3 = W2.T @ u4
    u2 = (1.0 - x3**2) * u3
    truth = {"x": W1.T @ u2, "W1": np.outer(u2, x).T, "W2": np.outer(u4, x3).T}

    found = by_hand(p, point)
    assert value(p, point) == pytest.approx(0.5 * np.sum((y - x4) ** 2), rel=1e-14)
    np.testing.assert_allclose(found["x"][0], truth["x"], rtol=1e-12)
    np.testing.assert_allclose(found["W1"], truth["W1"], rtol=1e-12)
    np.testing.assert_allclose(found["W2"], truth["W2"], rtol=1e-12)
    np.testing.assert_allclose(found["b1"], u2, rtol=1e-12)
    np.testing.assert_allclose(found["b2"], u4, rtol=1e-12)


def test_the_batch_of_the_network_is_summed() -> None:
    p, point = mlp("3-4-2x6")
    parts = []
    for i in range(6):
        one = Point(
            point.inputs | {"x": point.inputs["x"][i : i + 1]}, {"y": point.given["y"][i : i + 1]}
        )
        parts.append((value(p, one), by_hand(p, one)))
    whole = by_hand(p, point)
    assert value(p, point) == pytest.approx(sum(v for v, _ in parts), rel=1e-13)
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(whole[name], sum(d[name] for _, d in parts), rtol=1e-11)
    np.testing.assert_allclose(whole["x"], np.concatenate([d["x"] for _, d in parts]), rtol=1e-12)


def test_the_network_at_its_target_has_no_slope() -> None:
    p, point = mlp("2-3-1x1")
    inputs = plain(point.inputs)
    output = np.tanh(inputs["x"] @ inputs["W1"] + inputs["b1"]) @ inputs["W2"] + inputs["b2"]
    at_target = Point(point.inputs, {"y": output})
    assert value(p, at_target) == 0.0
    assert not any(np.any(d) for d in by_hand(p, at_target).values())


def test_the_network_does_not_change_what_it_is_given() -> None:
    p, point = mlp("3-4-2x3")
    before = {k: a.copy() for k, a in (point.inputs | point.given).items()}
    by_hand(p, point)
    value(p, point)
    for name, a in (point.inputs | point.given).items():
        np.testing.assert_array_equal(a, before[name])
