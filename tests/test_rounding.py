"""What rounding explains: bounds hold for float64 in every order, and are not lax."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from expressions import program

from gradiometer import Argument, Namespace, Problem
from gradiometer.reference.certify import certify
from gradiometer.reference.node import Node
from gradiometer.reference.rounding import CONFIDENCE, likely
from gradiometer.vocabulary.enclosure import UNIT, Enclosure, norm


def forwards(x: Any) -> Any:
    return functools.reduce(lambda a, b: a + b, [x[k] for k in range(len(x))])


def backwards(x: Any) -> Any:
    return forwards(x[::-1])


def in_halves(x: Any) -> Any:
    return x[0] if len(x) == 1 else in_halves(x[: len(x) // 2]) + in_halves(x[len(x) // 2 :])


def by_rows(sum_of: Any) -> Any:
    return lambda W, x: anp.array([sum_of(row * x) for row in W])


ORDERS = [
    Namespace(anp, {"sum": s, "matmul": by_rows(s)}) for s in (forwards, backwards, in_halves)
]


def truths(f: Any, x: np.ndarray) -> dict[str, Enclosure]:
    problem = Problem("random", f, {"x": x})
    at = Argument(problem.point())
    return {op: certify(problem, at, op) for op in ("value", "gradient", "hessian")}


def test_float64_stays_within_the_bound_in_every_order() -> None:
    slack = []
    warnings.filterwarnings("ignore", message="Output seems independent")
    for seed in range(20):
        f, x = program(seed)
        certified = truths(f, x)
        with np.errstate(all="raise", under="ignore"):
            for xp in ORDERS:
                primal = functools.partial(f, xp)
                answers = {
                    "value": primal(x),
                    "gradient": autograd.grad(primal)(x),
                    "hessian": autograd.hessian(primal)(x),
                }
                for operator, answer in answers.items():
                    truth = certified[operator]
                    errors = truth.errors(np.ravel(answer))
                    assert (errors <= truth.bound + truth.radius).all(), (seed, operator)
                    if not truth.zero:
                        least = UNIT * truth.norm
                        slack.append(norm(truth.bound) / max(norm(errors), least))
    assert np.median(slack) < 60.0  # not lax: within two digits of what happens


# What the bound is, where it is known by hand.


@pytest.mark.parametrize(
    ("f", "at", "units"),
    [
        (lambda xp, x: x * 3.0, [2.0], 6),
        (lambda xp, x: x * 3.0 - 6.0, [2.0 + 2**-40], 6 + 6 * 2**-40),
        (lambda xp, x: xp.sum(x), [1.0, -2.0, 3.0, -4.0], 3 * 10),
        (lambda xp, x: xp.sqrt(x), [4.0], 2),
        (lambda xp, x: xp.exp(x), [0.0], 4),
        (lambda xp, x: x[0] - x[1], [1.0, 1.5], 0.5),
        (lambda xp, x: xp.where(x > 1.0, x * 2.0, x * 1e9), [2.0], 4),
        (lambda xp, x: -x, [2.0], 0),
        (lambda xp, x: xp.concat([x, x])[2], [2.0, 3.0], 0),
    ],
)  # fmt: skip
def test_the_bound_of_a_value_is_the_running_error_bound(f: Any, at: Any, units: float) -> None:
    at = at if len(at) > 1 else at[0]
    problem = Problem("known", f, {"x": at})
    assert certify(problem, Argument(problem.point()), "value").bound[0] / UNIT == pytest.approx(
        units
    )


def test_a_long_sum_is_granted_the_root_of_its_length_and_says_so() -> None:
    n = 1_000_000
    problem = Problem("long", lambda xp, x: xp.sum(x), {"x": np.full(n, 0.1)})
    found = certify(problem, Argument(problem.point()), "value")
    assert found.probable
    assert np.sqrt(n) * UNIT < found.bound[0] / found.norm < 20 * np.sqrt(n) * UNIT
    short = Problem("short", lambda xp, x: xp.sum(x), {"x": np.full(100, 0.1)})
    assert not certify(short, Argument(short.point()), "value").probable


def test_an_error_that_many_components_share_adds_up() -> None:
    def shared(xp: Any, x: Any, *, a: Any) -> Any:
        return xp.sum(a * ((x + 1e8) - 1e8))

    a = np.linspace(1.0, 2.0, 4000)
    problem = Problem("shared", shared, {"x": 0.3}, {"a": a})
    found = certify(problem, Argument(problem.point()), "value")
    error = abs(float(np.sum(a * ((np.float64(0.3) + 1e8) - 1e8))) - found.high[0])
    assert error <= found.bound[0]
    assert error > 1e-9  # of which none may be left out, as for independent errors


def test_what_the_last_operations_add_is_known_and_not_drawn() -> None:
    a, b, c = (np.array(x) for x in ([3.0, -1e-200, 0.0], [0.25, 5.0, 2.0], [1.5, 1e-200, 7.0]))
    x, y, z = map(Node, (a, b, c))
    product, other, scale = x * y, y * z, CONFIDENCE * UNIT / 2.0
    end = product - other
    expected = functools.reduce(np.hypot, (a * b, b * c, a * b - b * c))
    np.testing.assert_allclose(likely([end])[0], scale * expected, rtol=1e-12)
    shared, again = likely([end, end * x, product])[::2]  # what others are computed from is drawn
    assert not np.allclose(shared, scale * expected, rtol=1e-3, atol=0.0)
    assert not np.allclose(again, scale * a * b, rtol=1e-3, atol=0.0)
