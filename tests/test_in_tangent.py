"""Functions as source that tangent reads: what is written computes what the function does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

from gradiometer import Problem
from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.in_tangent import Source, source_of
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space


def written(function: Any, x: Any) -> Source:
    problem = Problem("mine", function, {"x": np.asarray(x)})
    signature = Signature(Space({"x": np.shape(x)}), Space({"value": ()}))
    f = Primal(problem, Namespace(np), problem.point(), signature)
    return source_of(f, {"numpy": np, "scipy": scipy})


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda xp, x: x[0] / x[1], "numpy.divide(v0, v1)"),
        (lambda xp, x: x**2, "x0 ** 2"),
        (lambda xp, x: x ** x[0], "numpy.power(x0, v0)"),
        (lambda xp, x: xp.mean(x, axis=-1), "numpy.sum(x0 / 2.0, axis=(0,))"),
        (lambda xp, x: x[:, None], "numpy.reshape(x0, (2, 1))"),
        (lambda xp, x: x[::-1], "x0[k0]"),
        (lambda xp, x: x @ x, "numpy.dot(x0, x0)"),
        (lambda xp, x: xp.softplus(x), "numpy.logaddexp(0.0, x0)"),
        (lambda xp, x: xp.erf(x), "scipy.special.erf(x0)"),
        (lambda xp, x: x * xp.asarray([1.0, 2.0]), "x0 * c0"),
        (lambda xp, x: xp.where(x > 0.0, x, -x), "numpy.where(v0, x0, v1)"),
    ],
)
def test_a_function_is_written_as_tangent_knows_it(function: Any, line: str) -> None:
    source = written(function, [0.5, 2.0])
    found = source.function(*source.constants, np.array([1.5, 3.0]))
    assert line in source.text
    np.testing.assert_allclose(found, function(Namespace(np, special=_special), np.array([1.5, 3])))


def test_an_operation_that_cannot_be_written_is_named() -> None:
    with pytest.raises(UnsupportedOperation, match="iadd"):
        written(_in_place, [0.5, 2.0])


def test_comparisons_are_told_since_they_have_no_forward_mode() -> None:
    assert written(lambda xp, x: xp.where(x > 0.0, x, -x), [1.0]).forward == "comparisons"


def _in_place(xp: Any, x: Any) -> Any:
    y = x * 2.0
    y += x
    return y


def _special(name: str) -> Any:
    return getattr(scipy.special, name)
