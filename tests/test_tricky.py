"""Functions on which certificates have gone wrong, or could: each with the verdict it must get.

A verdict is the true answer, `ZERO`, or the reason of a refusal.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from gradiometer import Argument, Problem
from gradiometer.errors import GradiometerError, ReferenceFailure
from gradiometer.reference import lookup
from gradiometer.reference.certify import certify

ZERO = "zero"
KINK = "lies on a kink; choose another"
DECIDES = "rounding decides a comparison at test_tricky.py, line [0-9]+ in float64"
LOST = "rounding in float64 can be as large as the true gradient"
OUT = "takes a number out of the computation that is differentiated at test_tricky.py, line"


class Tricky(NamedTuple):
    function: Callable[..., Any]
    at: dict[str, Any]
    verdict: Any
    operator: str = "gradient"
    given: Any = None
    within: float = 1e-25  # of the true answer, relative: what the program itself leaves out


def huber(xp: Any, x: Any) -> Any:
    return xp.where(xp.abs(x) <= 1.0, 0.5 * x * x, xp.abs(x) - 0.5)


def huber_of_many(xp: Any, x: Any) -> Any:
    return xp.sum(huber(xp, x))


def _unless_all(xp: Any, x: Any, n: int) -> Any:
    """x₀, but 2·x₀ − 2 where every comparison of equals comes out as true."""
    all_of_them = np.array(True)
    for k in range(n):
        all_of_them = all_of_them & (x[k] > x[k + 1])
    return xp.where(all_of_them, 2.0 * x[0] - 2.0, x[0])


def own_relu(xp: Any, x: Any) -> Any:
    return xp.where(x > 0.0, x, 0.0 * x)


def absolute_by_if(xp: Any, x: Any) -> Any:
    return x if x > 0.0 else -x


def newton_until_small(xp: Any, x: Any) -> Any:
    y = x / x + x / 2.0
    for _ in range(60):
        step = (y * y - x) / (2.0 * y)
        if xp.abs(step) < 1e-17:
            break
        y = y - step
    return y


def filled(xp: Any, x: Any) -> Any:
    out = xp.zeros(3)
    out[0] = x[1] * x[1]
    out[1:] = x[:2] * 3.0
    return xp.sum(out * out)


def aliased(xp: Any, x: Any) -> Any:
    y = x * 2.0
    z = y
    z += 1.0
    return xp.sum(y * x)


def rebound(xp: Any, x: Any) -> Any:
    y = x * 2.0  # a scalar: `+=` makes another number
    z = y
    z += 1.0
    return y * x


def through_a_view(xp: Any, x: Any) -> Any:
    y = x * 1.0
    row = y[0]
    row *= 3.0
    return xp.sum(y)


def swapped(xp: Any, x: Any) -> Any:
    y = x.copy()
    y[0], y[1] = y[1] * 1.0, y[0] * 2.0
    return y[0] * 5.0 + y[1] * 7.0


def last_writer_counts(xp: Any, x: Any) -> Any:
    y = xp.zeros(2)
    y[np.array([0, 0])] = x
    return y[0] * y[0]


def looped(xp: Any, x: Any) -> Any:
    return sum(v * v for v in x)


def untaken_through_a_matrix(xp: Any, x: Any) -> Any:
    roots = xp.sqrt(x)[:, None] @ xp.ones((1, 2))
    return xp.sum(xp.where(x[:, None] > 0, roots, x[:, None]))


def random_constant(xp: Any, x: Any) -> Any:
    return x * float(np.random.default_rng().uniform())


def by_the_clock(xp: Any, x: Any) -> Any:
    return x * time.perf_counter()


_calls = itertools.count(1)


def counting(xp: Any, x: Any) -> Any:
    return x * float(next(_calls))


CERTIFIED: dict[str, Tricky] = {
    # branches that were not taken
    "untaken root": Tricky(lambda xp, x: xp.where(x > 0, xp.sqrt(x), x * x), {"x": -1.0}, [-2]),
    "untaken pole": Tricky(
        lambda xp, x: xp.where(x > 1, x * x, 1 / (x - 2)), {"x": 2.0}, [4]
    ),
    "untaken root, twice": Tricky(
        lambda xp, x: xp.where(x > 0, xp.sqrt(x), x**3), {"x": -1.0}, [-6], "hessian"
    ),
    "untaken logarithm in one of many": Tricky(
        lambda xp, x: xp.sum(xp.where(x > 0, xp.log(xp.abs(x) * x), x)),
        {"x": [-2.0, 4.0]}, [1, 0.5],
    ),
    "untaken through a matrix": Tricky(
        untaken_through_a_matrix, {"x": [-1.0, 4.0]}, [2, 0.5]
    ),
    "a component that is not picked": Tricky(
        lambda xp, x: xp.sqrt(x)[1], {"x": [-1.0, 4.0]}, [0, 0.25]
    ),
    "a component that is not picked, pushed forward": Tricky(
        lambda xp, x: xp.stack([xp.sqrt(x)[1], x[0]])[1], {"x": [-1.0, 4.0]}, [1, 0]
    ),
    # ties at which branches join smoothly, or are one and the same
    "smooth join": Tricky(huber, {"x": 1.0}, [1]),
    "smooth join, the other side": Tricky(huber, {"x": -1.0}, [-1]),
    "value at a kink": Tricky(lambda xp, x: xp.abs(x) + 1, {"x": 0.0}, [1], "value"),
    "maximum of one and the same": Tricky(
        lambda xp, x: xp.maximum(x, x) * x, {"x": 3.0}, [6]
    ),
    "maximum over repeated picks": Tricky(
        lambda xp, x: xp.max(x[np.array([1, 1, 0])]) ** 2, {"x": [1.0, 3.0]}, [0, 6]
    ),
    "sorting repeated picks": Tricky(
        lambda xp, x: xp.sum(xp.sort(x[np.array([1, 0, 1])]) * np.array([1.0, 2.0, 4.0])),
        {"x": [1.0, 3.0]}, [1, 6],
    ),
    "sorting equals, to add them": Tricky(
        lambda xp, x: xp.sum(xp.sort(x) ** 2), {"x": [2.0] * 7}, [4] * 7
    ),
    "a smooth join in each of many": Tricky(huber_of_many, {"x": [1.0] * 9}, [1] * 9),
    "pooling over dead units": Tricky(
        lambda xp, x: xp.max(xp.relu(x)) + xp.sum(x * x), {"x": [-1.0, -2.0, -3.0]}, [-2, -4, -6]
    ),
    "pooling over dead units of one's own": Tricky(
        lambda xp, x: xp.max(own_relu(xp, x)) + xp.sum(x), {"x": [-1.0, -2.0]}, [1, 1]
    ),
    "truncation has no step at zero": Tricky(
        lambda xp, x: (xp.trunc(x) + 2.0) * x, {"x": 0.0}, [2]
    ),
    "floor off its steps": Tricky(lambda xp, x: xp.floor(x) * x, {"x": 2.5}, [2]),
    "remainder": Tricky(lambda xp, x: (x % 2.0) * x, {"x": 5.5}, [1.5 + 5.5]),
    "whole division": Tricky(lambda xp, x: (x // 2.0) * x, {"x": 5.5}, [2]),
    "rounding to even": Tricky(lambda xp, x: round(x) * x, {"x": 2.6}, [3]),
    "angle above the cut": Tricky(
        lambda xp, x, y: xp.atan2(y, x), {"x": -1.0, "y": 1.0}, [-0.5, -0.5]
    ),
    # rounding decides, and the branches meet
    "a loop that ends in rounding": Tricky(
        newton_until_small, {"x": 4.0}, [0.25], within=1e-16
    ),
    "a unit among others that rounding decides": Tricky(
        lambda xp, x: xp.sum(xp.relu((x + 1.0) - 1.0)) + x[1] * x[1],
        {"x": [1e-17, 3.0]}, [1, 7],
    ),
    # cancellation, where honest tools lose digits
    "(eˣ − 1 − x)/x²": Tricky(
        lambda xp, x: (xp.exp(x) - 1 - x) / x**2, {"x": 1e-3},
        [lambda x: ((mpmath.exp(x) - 1) * x - 2 * (mpmath.exp(x) - 1 - x)) / x**3],
    ),
    "√(x² + 1) − x": Tricky(
        lambda xp, x: xp.sqrt(x * x + 1) - x, {"x": 1e6},
        [lambda x: x / mpmath.sqrt(x * x + 1) - 1],
    ),
    # Python's protocols
    "assignment": Tricky(filled, {"x": [2.0, 3.0]}, [2 * 9 * 2.0, 4 * 27.0 + 2 * 9 * 3.0]),
    "an alias": Tricky(aliased, {"x": [2.0, 3.0]}, [9, 13]),
    "no alias of a number": Tricky(rebound, {"x": 2.0}, [8]),
    "a view": Tricky(through_a_view, {"x": [[1.0, 2.0], [3.0, 4.0]]}, [3, 3, 1, 1]),
    "two components swapped": Tricky(swapped, {"x": [1.0, 2.0]}, [14, 5]),
    "a component written twice": Tricky(last_writer_counts, {"x": [2.0, 3.0]}, [0, 6]),
    "a copy": Tricky(lambda xp, x: copy.copy(x) * x, {"x": 2.0}, [4]),
    "a deep copy": Tricky(lambda xp, x: copy.deepcopy(x) * x, {"x": 2.0}, [4]),
    "a loop over components": Tricky(looped, {"x": [2.0, 3.0]}, [4, 6]),
    "the truth of an array of one zero": Tricky(
        lambda xp, x, *, y: x * 3 if y else x * 2, {"x": 2.0}, [2], given={"y": [0.0]}
    ),
    "equality of constants": Tricky(
        lambda xp, x, *, k: x * xp.where(k == 2, 5.0, 7.0), {"x": 2.0}, [5], given={"k": 2}
    ),
    "equality of quotients": Tricky(
        lambda xp, x: x * xp.where(xp.asarray(6.0) / 3.0 == 2.0, 5.0, 7.0), {"x": 2.0}, [5]
    ),
    "a whole quotient of constants": Tricky(
        lambda xp, x: x * xp.floor_divide(6.0, 3.0), {"x": 2.0}, [2]
    ),
    "small integers do not wrap": Tricky(
        lambda xp, x, *, k: x * (k * k), {"x": 2.0}, [10000], given={"k": np.int8(100)}
    ),
    "large integers do not wrap": Tricky(
        lambda xp, x, *, k: x * ((k * k) // 2**78), {"x": 2.0}, [4], given={"k": np.int64(2**40)}
    ),
    "π itself": Tricky(lambda xp, x: xp.sin(xp.pi * x), {"x": 1.0}, [lambda x: -mpmath.pi]),
    # zeros that are the truth
    "stationary": Tricky(lambda xp, x: (x - 2.0) ** 2, {"x": 2.0}, ZERO),
    "linear, twice": Tricky(lambda xp, x: 3.0 * x, {"x": 2.0}, ZERO, "hessian"),
    "the sum of a softmax": Tricky(
        lambda xp, x: xp.sum(xp.exp(x) / xp.sum(xp.exp(x))), {"x": [1.0, 2.0, 3.0]}, ZERO
    ),
    "a constant": Tricky(lambda xp, x: xp.exp(1.0 + 0.0 * x), {"x": 2.0}, ZERO),
    # in the hundreds of layers that no sum of moduli survives
    "many layers": Tricky(
        lambda xp, x, *, W: _layers(xp, x, W), {"x": [0.3, -0.2]},
        [0.3, -0.2], given={"W": [[math.cos(1.0), math.sin(1.0)], [-math.sin(1.0), math.cos(1.0)]]},
        within=1e-12,
    ),
}  # fmt: skip


def _layers(xp: Any, x: Any, W: Any) -> Any:
    """½·‖R³¹⁴·x‖², R a rotation up to rounding: its gradient is x to eleven digits."""
    h = x
    for _ in range(314):
        h = W @ h
    return 0.5 * xp.sum(h * h)


REFUSED: dict[str, Tricky] = {
    "kink": Tricky(lambda xp, x: xp.abs(x), {"x": 0.0}, KINK),
    "kink by if": Tricky(absolute_by_if, {"x": 0.0}, KINK),
    "kink of a maximum": Tricky(
        lambda xp, x, y: xp.maximum(x, y) * 2, {"x": 3.0, "y": 3.0}, KINK
    ),
    "kink in a sort": Tricky(
        lambda xp, x: xp.sort(x)[0] + 3.0 * xp.sort(x)[1], {"x": [2.0, 2.0]}, KINK
    ),
    "kink at second order": Tricky(huber, {"x": 1.0}, KINK, "hessian"),
    "many kinks at once": Tricky(lambda xp, x: xp.sum(xp.abs(x)), {"x": [0.0] * 9}, KINK),
    "too many kinks at once": Tricky(huber_of_many, {"x": [1.0] * 99}, KINK),
    "a kink behind several ties": Tricky(
        lambda xp, x: _unless_all(xp, x, 6), {"x": [2.0] * 7}, KINK
    ),
    "truth of an input": Tricky(
        lambda xp, x, y: x * 3 if y else x, {"x": 2.0, "y": [0.0]}, KINK
    ),
    "jump of a floor": Tricky(lambda xp, x: xp.floor(x) * x, {"x": 2.0}, KINK),
    "jump of a ceiling": Tricky(lambda xp, x: xp.ceil(x) + x, {"x": -1.0}, KINK),
    "jump of a sign": Tricky(lambda xp, x: xp.sign(x) + x, {"x": 0.0}, KINK),
    "jump of a rounding": Tricky(lambda xp, x: xp.round(x) * x, {"x": 2.5}, KINK),
    "jump of a remainder": Tricky(lambda xp, x: x % 2.0, {"x": 4.0}, KINK),
    "jump of a whole division": Tricky(lambda xp, x: x // 2.0 + x, {"x": 4.0}, KINK),
    "steps where doubles have no fraction": Tricky(
        lambda xp, x: x * xp.floor(x + (2.0**60 + 256.0) - 156.0), {"x": 0.3},
        "a number beyond 2⁵² is rounded to an integer at test_tricky.py",
    ),
    "jump of an angle": Tricky(
        lambda xp, x, y: xp.atan2(y, x), {"x": -1.0, "y": 0.0}, KINK
    ),
    "jump of a value": Tricky(lambda xp, x: xp.floor(x) + 1.0, {"x": 2.0}, KINK, "value"),
    "rounding decides a jump": Tricky(
        lambda xp, x: xp.where(1 + x > 1, 2 * x, 3 * x + 5), {"x": 1e-17}, DECIDES
    ),
    "rounding decides a small jump": Tricky(
        lambda xp, x: xp.where(1 + x > 1, 100 + x, 101 + x), {"x": 1e-17}, DECIDES
    ),
    "rounding decides a jump by if": Tricky(
        lambda xp, x: x if x + 1.0 > 1.0 else x + 1.0, {"x": 1e-17}, DECIDES
    ),
    "rounding decides the derivative": Tricky(
        lambda xp, x: xp.relu((1 + x) - 1), {"x": 1e-17},
        LOST + ".*decides a comparison at test_tricky.py",
    ),
    "rounding takes all": Tricky(
        lambda xp, x: (1e20 + x * x) - 1e20, {"x": 1.5}, "true value", "value"
    ),
    "overflow on the way": Tricky(
        lambda xp, x: xp.log(xp.cosh(x)), {"x": 1000.0}, "float64 overflows"
    ),
    "an accidental zero does not absorb": Tricky(
        lambda xp, x: 0.0 * xp.sqrt(x) + x, {"x": 0.0}, "not finite here"
    ),
    "taken and not finite": Tricky(
        lambda xp, x: xp.where(x < 0, x, xp.sqrt(x)), {"x": 0.0}, "not finite here"
    ),
    "math on an array": Tricky(lambda xp, x: math.sin(x), {"x": 1.0}, OUT),
    "float of an array": Tricky(lambda xp, x: float(x) * x, {"x": 1.0}, OUT),
    "an item of an array": Tricky(lambda xp, x: x * x.item(), {"x": 1.0}, OUT),
    "NumPy's function": Tricky(
        lambda xp, x: np.sin(x), {"x": 1.0}, "numpy.sin is called at test_tricky.py, line .*xp.sin"
    ),
    "NumPy's array changed in place": Tricky(
        lambda xp, x: _into_numpy(x), {"x": [1.0, 2.0]}, "changed in place|takes a number out"
    ),
    "truth of several": Tricky(
        lambda xp, x: xp.sum(x) if x > 0 else x[0], {"x": [1.0, 2.0]}, "truth value of an array"
    ),
    "a loop over a number": Tricky(
        lambda xp, x: sum(v for v in x), {"x": 1.0}, "nothing to loop over"
    ),
    "another precision": Tricky(
        lambda xp, x: xp.sum(x.astype(np.float32)), {"x": [1.0]}, "dtype=.*line"
    ),
}  # fmt: skip


def _into_numpy(x: Any) -> Any:
    out = np.zeros(2)
    out += x
    return out


def argument(problem: Problem) -> Argument:
    """Return the declared point with directions; drawn without a look at the outputs."""
    return problem.points().checked[0]


def certified(case: Tricky) -> Any:
    problem = Problem("tricky", case.function, case.at, case.given or {})
    return certify(problem, argument(problem), case.operator)


@pytest.mark.parametrize("case", CERTIFIED.values(), ids=CERTIFIED)
def test_a_tricky_function_is_certified(case: Tricky) -> None:
    found = certified(case)
    if case.verdict == ZERO:
        assert found.zero
        assert not found.high.any()
        assert (found.radius <= found.bound).all()
        return
    assert not found.zero
    with mpmath.workdps(60):
        at = [mpmath.mpf(x) for x in np.ravel(list(case.at.values())).tolist()]
        expected = [t(*at) if callable(t) else t for t in case.verdict]
        for high, low, radius, true in zip(
            found.high, found.low, found.radius, expected, strict=True
        ):
            centre = mpmath.mpf(float(high)) + mpmath.mpf(float(low))
            assert abs(centre - true) <= mpmath.mpf(float(radius)) + case.within * abs(true)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_tricky_function_is_refused(case: Tricky) -> None:
    with pytest.raises(ReferenceFailure, match=case.verdict):
        certified(case)


_kept: dict[str, Any] = {}


def keeping(xp: Any, x: Any) -> Any:
    return _kept.setdefault("exp", xp.exp(x)) * x


@pytest.mark.parametrize("function", [random_constant, by_the_clock, counting, keeping])
def test_what_is_no_function_of_its_inputs_is_refused(function: Any) -> None:
    problem = Problem("tricky", function, {"x": 2.0})
    with pytest.raises(GradiometerError, match="is not a function of its inputs"):
        lookup.certified(problem, argument(problem), "gradient")


def test_a_network_of_many_units_does_not_fall_to_one_that_is_near_zero() -> None:
    rng = np.random.default_rng(3)
    W, v = rng.standard_normal((200, 50)), rng.standard_normal(200)
    x = rng.standard_normal(50)
    bias = -(W @ x)  # that of the first unit cancels it, up to rounding
    bias[1:] += rng.standard_normal(199)

    def network(xp: Any, x: Any, *, W: Any, b: Any, v: Any) -> Any:
        return xp.sum(v * xp.relu(W @ x + b))

    problem = Problem("network", network, {"x": x}, {"W": W, "b": bias, "v": v})
    found = certify(problem, argument(problem), "gradient")
    assert not found.zero
    assert np.linalg.norm(found.bound) < 0.5 * found.norm
    assert (found.bound >= 0.99 * np.abs(v[0] * W[0])).all()  # either side of it is right
