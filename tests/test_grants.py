"""What a verdict grants: units of every operation, tight enclosures, the figures of a zero."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.special import digamma, gamma

from gradiometer import Argument, Problem, Space
from gradiometer.judging.agreement import agree
from gradiometer.reference.certify import certify, nearest
from gradiometer.reference.elementary import SMOOTH
from gradiometer.reference.operations import (
    ARITHMETIC,
    COMPONENTWISE,
    LABELLED,
    MATRICES,
    NETWORKS,
    REDUCTIONS,
)
from gradiometer.reference.special import SPECIAL
from gradiometer.vocabulary.enclosure import UNIT, Enclosure
from gradiometer.vocabulary.outcome import Status

# Units


class Grant(NamedTuple):
    """What an operation on exact arguments is granted: units of its value, or of another base."""

    function: Callable[[Any, Any], Any]
    units: float | list[float]
    at: Any = (0.75, 0.5, 0.25, 0.125)
    base: Callable[[Any], Any] | None = None


A = np.array([[4.0, 1.0], [1.0, 2.0]])


def eliminated(a: Any) -> Any:
    """|A⁻¹|·|A|·|A⁻¹|."""
    inverse = np.abs(np.linalg.inv(a))
    return inverse @ np.abs(a) @ inverse


def largest(a: Any) -> Any:
    """The norm of a symmetric matrix, for each of its eigenvalues."""
    return np.full(len(a), np.abs(np.linalg.eigvalsh(a)).max())


def of(units: float, *names: str) -> dict[str, Grant]:
    """Return what operations of one argument are granted."""
    return {name: Grant(functools.partial(_called, name), units) for name in names}


def _called(name: str, xp: Any, x: Any) -> Any:
    return getattr(xp, name)(x)


FUNCTION, ROUNDED = 4.0, 1.0
GRANTED: dict[str, Grant] = {
    **of(FUNCTION, *SMOOTH),
    **of(ROUNDED, "sqrt", "square", "reciprocal"),
    **of(0.0, "abs", "flip", "max", "min", "negative", "positive", "relu", "sort", "squeeze"),
    "acosh": Grant(lambda xp, x: xp.acosh(x), FUNCTION, [1.5, 2.0]),
    "atan2": Grant(lambda xp, x: xp.atan2(x, x[0]), FUNCTION),
    "pow": Grant(lambda xp, x: x ** x[0], 2 * FUNCTION),
    "pow of an integer": Grant(lambda xp, x: x**3, FUNCTION),
    "add": Grant(lambda xp, x: x + 3.0, ROUNDED),
    "subtract": Grant(lambda xp, x: x - 3.0, ROUNDED),
    "multiply": Grant(lambda xp, x: x * 3.0, ROUNDED),
    "divide": Grant(lambda xp, x: x / 3.0, ROUNDED),
    "hypot": Grant(lambda xp, x: xp.hypot(x, x), 2 * ROUNDED),
    "diff": Grant(lambda xp, x: xp.diff(x), ROUNDED),
    "sum": Grant(lambda xp, x: xp.sum(x), 3.0),
    "mean": Grant(lambda xp, x: xp.mean(x), 3.0 + ROUNDED),
    "prod": Grant(lambda xp, x: xp.prod(x), 4.0),
    "cumulative_sum": Grant(lambda xp, x: xp.cumulative_sum(x), [0.0, 1.0, 2.0, 3.0]),
    "cumulative_prod": Grant(lambda xp, x: xp.cumulative_prod(x), [0.0, 1.0, 2.0, 3.0]),
    "matmul": Grant(lambda xp, x: x @ x, 4.0),
    "einsum": Grant(lambda xp, x: xp.einsum("i,i->", x, x), 4.0),
    "einsum of three": Grant(lambda xp, x: xp.einsum("i,i,i->", x, x, x), 5.0 + 1.0),
    "conv": Grant(lambda xp, x: xp.conv(xp.reshape(x, (1, 1, 4)), np.ones((1, 1, 2))), 2.0),
    "gamma": Grant(
        lambda xp, x: xp.gamma(x), 4 * FUNCTION,
        base=lambda x: gamma(x) * (1.0 + np.abs(x * digamma(x))),
    ),
    "eigvalsh": Grant(lambda xp, x: xp.linalg.eigvalsh(x), 3.0 * 2, A, largest),
    "svdvals": Grant(lambda xp, x: xp.linalg.svdvals(x), 3.0 * 2, A, largest),
    "vecdot": Grant(lambda xp, x: xp.vecdot(x, x), 4.0),
    "tensordot": Grant(lambda xp, x: xp.tensordot(x, x, axes=1), 4.0),
    "outer": Grant(lambda xp, x: xp.linalg.outer(x, x), ROUNDED),
    "vector_norm": Grant(lambda xp, x: xp.linalg.vector_norm(x), (1.0 + 3.0) / 2 + ROUNDED),
    "trace": Grant(lambda xp, x: xp.linalg.trace(x), 1.0, A),
    "matrix_power": Grant(lambda xp, x: xp.linalg.matrix_power(x, 2), 2.0, A),
    "inv": Grant(lambda xp, x: xp.linalg.inv(x), 3.0 * 2, A, eliminated),
    "solve": Grant(lambda xp, x: xp.linalg.solve(x, np.eye(2)), 3.0 * 2, A, eliminated),
    "where": Grant(lambda xp, x: xp.where(x > 0.3, x, 2.0), 0.0),
    "diagonal": Grant(lambda xp, x: xp.linalg.diagonal(x), 0.0, A),
}  # fmt: skip
"""Of functions 4 units, of a power 8, of what is rounded correctly 1, of n terms n − 1 or n."""


COMPOSED = {
    "argmax", "argmin", "argsort", "avg_pool", "ceil", "cholesky", "clip", "copysign", "cross",
    "det", "eigh", "floor", "floor_divide", "gelu", "log_softmax", "logaddexp", "logsumexp",
    "matrix_norm", "matrix_transpose", "max_pool", "maximum", "minimum", "pinv", "qr", "remainder",
    "round", "scan", "sign", "slogdet", "softmax", "std", "svd", "trunc", "var",
    *(SPECIAL.keys() - {"gamma"}),
}  # fmt: skip
"""Operations that are made of those, or choose, or are granted as one of those is, or have a bound
of their own: factors and vectors of matrices."""


def test_every_operation_that_rounds_has_a_row() -> None:
    assert {name.split()[0] for name in GRANTED} == (
        {*ARITHMETIC, *COMPONENTWISE, *LABELLED, *MATRICES, *NETWORKS, *REDUCTIONS}
        | {"diff", "flip", "squeeze"}
    ) - COMPOSED


@pytest.mark.parametrize("name", GRANTED)
def test_an_operation_is_granted_its_units_and_no_more(name: str) -> None:
    function, units, at, base = GRANTED[name]
    problem = Problem("granted", function, {"x": np.array(at)}, outputs=("y",))
    found = certify(problem, Argument(problem.point()), "value")
    size = np.abs(found.high) if base is None else np.ravel(base(np.array(at)))
    assert found.bound / UNIT == pytest.approx(np.asarray(units) * size)


# Tightness


@pytest.mark.parametrize("loose", [0, 1, 2])
def test_an_enclosure_is_tight_where_every_component_is(loose: int) -> None:
    def cancels(xp: Any, x: Any) -> Any:
        return xp.stack([(x[i] + 1e70) - 1e70 if i == loose else x[i] for i in range(3)])

    problem = Problem("cancels", cancels, {"x": np.array([1.5, 2.5, 3.5])}, outputs=("y",))
    assert nearest(problem, Argument(problem.point()), "value").tolist() == [1.5, 2.5, 3.5]


# A truth of zero


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("error", "right"), [(0.0, True), (1e-17, True), (1e-3, False), (1e9, False)]
)
def test_an_answer_to_a_zero_has_no_figures(error: float, right: bool, exact: bool) -> None:
    nothing, bound = np.zeros(3), np.full(3, UNIT)
    truth = Enclosure(nothing, nothing, nothing, bound, 192, zero=True)
    answer = np.array([0.0, error, 0.0])
    found = agree([answer], truth, Space({"x": (3,)}), promise=7.0, exact=exact)
    assert found.status is (Status.OK if right else Status.DISAGREES)
    assert (found.digits, found.worst_digits, found.ulps) == (None, None, None)
    assert (truth.owed, truth.condition, truth.undecided) == (None, None, 0)
