"""Tools that know functions of one vector only: every operator from what they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_hooks import trial

from gradiometer import Estimated, Problem, VectorMethod
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.outcome import Failure, Status

MIXED = Problem(
    "mixed",
    lambda xp, a, W, unused, none, *, shift: a * xp.sum(W * W * W) + shift * a * a * W[0, 1],
    {"a": 0.5, "W": [[1.0, -2.0], [0.25, 3.0]], "unused": [1.0], "none": np.zeros(0)},
    {"shift": 0.3},
)
ONE = Problem("one", lambda xp, x: x * x * x, {"x": 1.5})
LINEAR = Problem("linear", lambda xp, x, y: 3.0 * x - xp.sum(y), {"x": 1.5, "y": [1.0, 2.0]})
ARRAY = Problem("array", lambda xp, x: x * x[::-1], {"x": [1.0, 2.0, -3.0]}, outputs=("y",))
SEVERAL = Problem(
    "several", lambda xp, x, k: (k * xp.sum(x * x), x * k), {"x": [1.0, 2.0], "k": 0.5},
    outputs=("total", "scaled"),
)  # fmt: skip


class Steps(VectorMethod):
    """Complex steps of a vector, and differences of them."""

    name, mode, exact, estimates = "steps", "numerical", False, False
    digits = {"float64": (9.0, 4.0)}  # noqa: RUF012

    def jacobian_of(self, g: Any) -> Any:
        def jacobian(x: Any) -> Any:
            units = 1e-30j * np.eye(x.size)
            columns = [np.reshape(np.imag(g(x + unit)), -1) / 1e-30 for unit in units]
            found = np.array(columns).T
            return Estimated(found, 1e-12 * np.abs(found)) if self.estimates else found

        return jacobian

    def hessian_of(self, g: Any) -> Any:
        gradient = Steps().jacobian_of(g)

        def hessian(x: Any) -> Any:
            moves = 1e-6 * np.eye(x.size)
            rows = [(gradient(x + h)[0] - gradient(x - h)[0]) / 2e-6 for h in moves]
            found = np.array(rows)
            return Estimated(found, 1e-5 * np.abs(found)) if self.estimates else found

        return hessian


class Estimating(Steps):
    name, estimates = "estimating-steps", True


FIRST = ("gradient", "jacobian", "jvp", "vjp")


@pytest.mark.parametrize("method", [Steps, Estimating])
@pytest.mark.parametrize("problem", [MIXED, ONE, LINEAR], ids=lambda each: each.name)
@pytest.mark.parametrize("operator", [*FIRST, "hessian", "hvp"])
def test_every_operator_of_a_scalar_is_right(
    problem: Problem, operator: str, method: type[Steps]
) -> None:
    found = trial(method(), operator, problem)
    found.check()
    verdict = found.outcome.verdict
    assert (found.outcome.status, found.outcome.route) == (Status.OK, "native")
    of_zero = verdict.digits is None
    assert (verdict.estimated_digits is not None) is (method.estimates and not of_zero)


@pytest.mark.parametrize("method", [Steps, Estimating])
@pytest.mark.parametrize("problem", [ARRAY, SEVERAL], ids=lambda each: each.name)
@pytest.mark.parametrize("operator", ["value", *FIRST[1:]])
def test_every_operator_of_outputs_is_right(
    problem: Problem, operator: str, method: type[Steps]
) -> None:
    found = trial(method(), operator, problem)
    found.check()
    assert found.outcome.status is Status.OK
    assert found.outcome.reason == ""


def test_estimates_go_through_every_operator() -> None:
    for operator, digits in {"gradient": 12.0, "jvp": 12.0, "vjp": 12.0, "hessian": 5.0}.items():
        found = trial(Estimating(), operator, ONE)
        found.check()
        assert found.outcome.verdict.estimated_digits == pytest.approx(digits, abs=1e-4)


def test_a_tool_without_second_derivatives_says_so() -> None:
    class First(VectorMethod):
        name, mode, exact = "first", "numerical", False
        jacobian_of = Steps.jacobian_of
        estimates = False

    with pytest.raises(Failure, match="'first' has no Hessian") as caught:
        trial(First(), "hvp", ONE).check()
    assert caught.value.status is Status.UNSUPPORTED


def test_what_a_method_promises_nothing_of_is_not_native() -> None:
    class Promised(Steps):
        name = "promised"
        digits = {"float64": (9.0, None)}  # noqa: RUF012

    assert MethodEntry.of(Promised(), None).native == ("gradient", "jacobian", "jvp", "vjp")  # type: ignore[arg-type]
    assert "hessian" in MethodEntry.of(Steps(), None).native  # type: ignore[arg-type]
