"""The array vocabulary: what is found where, what is missing, and the composed functions."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import Unsupported, UnsupportedOperation
from gradiometer.vocabulary.namespace import BEYOND_THE_STANDARD, Namespace

FINITE = [-1e308, -1e4, -700.0, -30.0, -1.0, -1e-8, 0.0, 1e-300, 1e-8, 0.5, 30.0, 700.0, 1e308]


@pytest.fixture
def xp() -> Namespace:
    """NumPy, completed."""
    return Namespace(np)


def close(answer: Any, truth: float) -> bool:
    """Return whether an answer has about 14 digits of a truth, zeros and infinities included."""
    return math.isclose(float(answer), truth, rel_tol=1e-14, abs_tol=0.0)


@pytest.mark.parametrize("name", ["exp", "where", "sum", "float64", "pi"])
def test_what_the_module_has_is_the_modules_own(xp: Namespace, name: str) -> None:
    assert getattr(xp, name) is getattr(np, name)


def test_an_override_stands_before_the_module() -> None:
    xp = Namespace(np, {"exp": math.exp, "answer": 42})
    assert (xp.exp, xp.answer, xp.log) == (math.exp, 42, np.log)


@pytest.mark.parametrize("name", sorted(BEYOND_THE_STANDARD))
def test_a_modules_own_function_stands_before_the_composed_one(name: str) -> None:
    def own(*args: Any) -> str:
        return "own"

    assert getattr(Namespace(SimpleNamespace(**{name: own})), name) is own


@pytest.mark.parametrize("name", sorted(BEYOND_THE_STANDARD))
def test_an_override_stands_before_the_composed_function(name: str) -> None:
    assert getattr(Namespace(np, {name: max}), name) is max


def test_composed_functions_call_the_overrides(xp: Namespace) -> None:
    seen = []

    def exp(z: float) -> float:
        seen.append(z)
        return math.exp(z)

    Namespace(np, {"exp": exp}).sigmoid(2.0)
    assert seen == [-2.0]


@pytest.mark.parametrize("name", ["frobnicate", "Exp", "array_api_of_2199"])
def test_an_operation_found_nowhere_is_unsupported_and_named(xp: Namespace, name: str) -> None:
    with pytest.raises(UnsupportedOperation, match=f"numpy has no operation '{name}'") as caught:
        getattr(xp, name)
    assert isinstance(caught.value, Unsupported)


def test_a_missing_operation_names_the_type_where_there_is_no_module() -> None:
    with pytest.raises(UnsupportedOperation, match="SimpleNamespace has no operation 'exp'"):
        Namespace(SimpleNamespace()).exp  # noqa: B018  # the look-up is what is tested


def test_a_composed_function_names_the_operation_that_it_lacks() -> None:
    with pytest.raises(UnsupportedOperation, match="'exp'"):
        Namespace(SimpleNamespace(log=math.log)).sigmoid(1.0)


def test_missing_operations_can_be_asked_for_as_for_any_attribute(xp: Namespace) -> None:
    assert hasattr(xp, "sigmoid")
    assert not hasattr(xp, "frobnicate")
    assert getattr(xp, "frobnicate", None) is None


def test_special_names_are_never_taken_from_the_module(xp: Namespace) -> None:
    with pytest.raises(AttributeError, match="__path__"):
        xp.__path__  # noqa: B018  # the look-up is what is tested


def test_a_name_is_looked_up_once_so_that_calls_pay_nothing() -> None:
    class Counting:
        count = 0

        @property
        def exp(self) -> Any:
            Counting.count += 1
            return math.exp

    xp = Namespace(Counting())
    first = xp.exp
    found = Counting.count
    assert all(xp.exp is first for _ in range(5))
    assert Counting.count == found


def test_two_namespaces_of_one_module_do_not_share_their_overrides() -> None:
    one, other = Namespace(np, {"exp": math.exp}), Namespace(np)
    assert one.exp is math.exp
    assert other.exp is np.exp


@pytest.mark.parametrize("z", FINITE)
def test_relu_is_the_larger_of_z_and_zero(xp: Namespace, z: float) -> None:
    assert float(xp.relu(z)) == max(z, 0.0)


@pytest.mark.parametrize("z", FINITE)
def test_sigmoid_is_the_logistic_function(xp: Namespace, z: float) -> None:
    with np.errstate(over="ignore"):  # e^−z may be infinite; its reciprocal is then the limit, 0
        answer = xp.sigmoid(z)
    truth = 1.0 / (1.0 + math.exp(-z)) if z > -709.0 else 0.0
    assert close(answer, truth)


@pytest.mark.parametrize("z", [-1e308, -1e4, -800.0, 800.0, 1e308])
def test_sigmoid_stays_between_zero_and_one(xp: Namespace, z: float) -> None:
    with np.errstate(over="ignore"):
        assert float(xp.sigmoid(z)) == (1.0 if z > 0 else 0.0)


@pytest.mark.parametrize("z", FINITE)
def test_softplus_is_the_logarithm_of_one_plus_exp(xp: Namespace, z: float) -> None:
    truth = z if z > 100.0 else math.log1p(math.exp(z))
    assert close(xp.softplus(z), truth)


@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.5, 30.0])
def test_softplus_minus_its_mirror_image_is_z(xp: Namespace, z: float) -> None:
    assert float(xp.softplus(z) - xp.softplus(-z)) == pytest.approx(z, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("z", [-2.0, 0.0, 1.0])
def test_softplus_carries_an_imaginary_step_as_an_analytic_function_does(
    xp: Namespace, z: float
) -> None:
    slope = xp.softplus(np.complex128(complex(z, 1e-200))).imag / 1e-200
    assert slope == pytest.approx(1.0 / (1.0 + math.exp(-z)), rel=1e-14)


@pytest.mark.parametrize("name", ["sigmoid", "logsumexp"])
@pytest.mark.parametrize("z", [-2.0, 0.0, 1.0])
def test_other_smooth_functions_carry_an_imaginary_step_too(
    xp: Namespace, name: str, z: float
) -> None:
    slope = getattr(xp, name)(np.complex128(complex(z, 1e-200))).imag / 1e-200
    s = 1.0 / (1.0 + math.exp(-z))
    assert slope == pytest.approx(s * (1.0 - s) if name == "sigmoid" else 1.0, rel=1e-14)


@pytest.mark.parametrize("name", ["sigmoid", "relu", "softplus"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (2, 3), (2, 1, 3)])
def test_elementwise_functions_keep_the_shape(
    xp: Namespace, name: str, shape: tuple[int, ...]
) -> None:
    z = np.random.default_rng(0).standard_normal(shape)
    answer = getattr(xp, name)(z)
    assert np.shape(answer) == shape
    each = [float(getattr(xp, name)(float(x))) for x in z.ravel()]
    np.testing.assert_allclose(np.ravel(answer), each, rtol=1e-15)


@pytest.mark.parametrize("name", ["sigmoid", "relu", "softplus"])
def test_elementwise_functions_pass_nan_on(xp: Namespace, name: str) -> None:
    assert math.isnan(float(getattr(xp, name)(float("nan"))))


@pytest.mark.parametrize(
    ("x", "truth"),
    [
        ([0.0, 0.0], math.log(2.0)),
        ([1.0], 1.0),
        ([1000.0, 1000.0], 1000.0 + math.log(2.0)),
        ([-1000.0, -1000.0], -1000.0 + math.log(2.0)),
        ([1000.0, -1000.0], 1000.0),
        ([1e308, 1e308], 1e308),
        ([0.0, -np.inf], 0.0),
        ([1.0, 2.0, 3.0], math.log(sum(math.exp(k) for k in (1, 2, 3)))),
    ],
)
def test_logsumexp_is_the_logarithm_of_the_sum(xp: Namespace, x: list[float], truth: float) -> None:
    assert close(xp.logsumexp(np.array(x)), truth)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_logsumexp_reduces_the_axis_that_it_is_given(xp: Namespace, axis: int | None) -> None:
    x = np.random.default_rng(1).standard_normal((3, 4))
    plain = np.log(np.sum(np.exp(x), axis=axis))
    answer = xp.logsumexp(x, axis=axis)
    assert answer.shape == plain.shape
    np.testing.assert_allclose(answer, plain, rtol=1e-14)


@pytest.mark.parametrize("shift", [-500.0, 3.0, 1e6])
def test_logsumexp_moves_along_with_its_argument(xp: Namespace, shift: float) -> None:
    x = np.array([0.5, -1.0, 0.25])
    assert float(xp.logsumexp(x + shift)) == pytest.approx(shift + float(xp.logsumexp(x)))


def test_logsumexp_does_not_depend_on_the_order(xp: Namespace) -> None:
    x = np.random.default_rng(2).standard_normal(50)
    assert float(xp.logsumexp(x[::-1])) == pytest.approx(float(xp.logsumexp(x)), rel=1e-15)
