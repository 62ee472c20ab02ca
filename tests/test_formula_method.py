"""The base of methods that build formulas, on formulas of its own: polynomials, and where."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer import Declined, FormulaMethod, Primal, Problem, UnsupportedOperation, problem
from gradiometer.judging.agreement import agree
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import outline
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.formula_array import FormulaArray, elementwise
from gradiometer.vocabulary.formula_size import formula_size
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Directions, Point, Signature
from gradiometer.vocabulary.space import Space
from gradiometer.worker.tool import PreparedCell


class Formula:
    """A formula: its value where symbols have values, and its derivative in a symbol."""

    def __init__(
        self, value: Callable[[dict[str, float]], Any], slope: Callable[[str], Any]
    ) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> Formula:
        a, b = self, made(other)
        return Formula(lambda at: a.value(at) + b.value(at), lambda s: a.slope(s) + b.slope(s))

    def __mul__(self, other: Any) -> Formula:
        a, b = self, made(other)
        return Formula(
            lambda at: a.value(at) * b.value(at), lambda s: a.slope(s) * b + a * b.slope(s)
        )

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Formula:
        return -1.0 * self

    def __sub__(self, other: Any) -> Formula:
        return self + -1.0 * made(other)

    def __rsub__(self, other: Any) -> Formula:
        return made(other) - self


def made(x: Any) -> Formula:
    return x if isinstance(x, Formula) else Formula(lambda at: float(x), lambda s: made(0.0))


def exp(x: Formula) -> Formula:
    return Formula(lambda at: math.exp(x.value(at)), lambda s: exp(x) * x.slope(s))


def power(x: Formula, k: Formula) -> Formula:
    """Return xᵏ for a constant k."""
    n = k.value({})
    rest = lambda s: power(x, made(n - 1)) * n * x.slope(s)  # noqa: E731
    return Formula(lambda at: x.value(at) ** n, rest)


def where(c: Formula, a: Formula, b: Formula) -> Formula:
    return Formula(
        lambda at: (a if c.value(at) else b).value(at), lambda s: where(c, a.slope(s), b.slope(s))
    )


def above(a: Formula, b: Formula) -> Formula:
    return Formula(lambda at: a.value(at) > b.value(at), lambda s: made(0.0))


class Symbol(Formula):
    def __init__(self, name: str) -> None:
        super().__init__(lambda at: at[name], lambda s: made(float(s == name)))
        self.name = name


class Polynomials(FormulaMethod):
    """A tool that has no comparisons and no powers by operators, and takes no numbers."""

    name, requires, seconds = "polynomials", ("polynomials",), 1e-4

    def symbol(self, name: str) -> Symbol:
        return Symbol(name)

    def functions(self) -> dict[str, Callable[..., Any]]:
        own = {"exp": exp, "where": where, "greater": above, "pow": power}
        return own | {"log": exp, "sqrt": exp}  # what is composed of these is not called here

    def constant(self, number: float) -> Formula:
        return made(number)

    def differentiate(self, formula: Formula, symbol: Symbol) -> Formula:
        found: Formula = formula.slope(symbol.name)
        return found

    def compile(self, symbols: list[Any], formulas: list[Any], dtype: str) -> Callable[..., Any]:
        names = [s.name for s in symbols]

        def call(vector: Any) -> Any:
            at = dict(zip(names, vector.tolist(), strict=True))
            return np.array([y.value(at) for y in formulas], dtype)

        return call


METHOD = Polynomials()


@problem(at={"x": [0.5, -1.5], "A": [[1.0, 2.0], [3.0, 4.0]], "y": 0.25}, given={"k": 0.5})
def scalar(xp: Any, x: Any, A: Any, y: Any, *, k: Any) -> Any:
    kinked = xp.where(x > 0.0, x * x, k * x)
    return xp.sum(A @ kinked) * y + xp.exp(y * k) + abs_squared(x[0]) + 2.0 * x[1]


def abs_squared(x: Any) -> Any:
    return x**2


@problem(at={"x": [0.5, -1.5], "unused": [1.0, 2.0]}, outputs=("a", "b", "c"))
def several(xp: Any, x: Any, unused: Any) -> Any:
    return xp.stack([x[0], x[1] * x[0]]), xp.sum(x * x), xp.ones((2,)) * 3.0


def cell(of: Problem, asked: str, method: FormulaMethod = METHOD) -> tuple[Any, Any, Any]:
    points = of.points(outline=lambda at: outline(of, at))
    f = Primal(of, method.namespace(), points.declared.point, points.signature)
    route = prepare(method, f, asked)
    assert route.text == "native"
    return PreparedCell(method, operator(asked), route, points.signature), points, f


CASES = [(scalar, asked) for asked in OPERATORS] + [
    (several, asked) for asked in ("value", "jacobian", "jvp", "vjp")
]


@pytest.mark.parametrize(("of", "asked"), CASES)
def test_every_operator_is_derived_and_certified(of: Problem, asked: str) -> None:
    found, points, _ = cell(of, asked)
    proven = certify(of, points.declared, asked)
    layout = operator(asked).layout(points.signature)
    answer = found.answer(points.declared)
    assert agree(answer.arrays, proven, layout, promise=12.0, exact=True).status is Status.OK


def test_a_formula_that_would_take_too_long_is_declined_by_its_size() -> None:
    slow = type("Slow", (Polynomials,), {"seconds": 10.0})()
    with pytest.raises(Declined, match=r"a formula of \S+ nodes in 7 symbols: .* not attempted"):
        cell(scalar, "gradient", slow)
    assert "301 symbols" in METHOD.declines("gradient", 301, 1)
    assert METHOD.declines("gradient", 300, 1) is None


def test_what_a_tool_lacks_is_unsupported_by_name() -> None:
    xp = METHOD.namespace()
    x = xp.kind.of([made(1.0)])
    with pytest.raises(UnsupportedOperation, match=r"polynomials has no .*'tanh'"):
        xp.tanh(x)
    with pytest.raises(UnsupportedOperation, match=r"polynomials has no .*'linalg\.solve'"):
        xp.linalg.solve(x, x)


def size_of(function: Callable[..., Any], n: int = 1) -> Any:
    of = Problem("of", function, {"x": np.ones(n)})
    inputs = Space({"x": (n,)})
    signature = Signature(inputs, Space({"value": ()}))
    f = Primal(of, METHOD.namespace(), Point({"x": np.ones(n)}), signature)
    return formula_size(f, METHOD.functions(), "polynomials")


def squared(times: int) -> Callable[..., Any]:
    def function(xp: Any, x: Any) -> Any:
        y = x[0]
        for _ in range(times):
            y = y * y
        return y

    return function


@pytest.mark.parametrize("times", [1, 5, 30])
def test_a_tree_doubles_where_a_graph_gains_a_node(times: int) -> None:
    size = size_of(squared(times))
    assert size.graph == times + 1
    assert size.tree == 2 ** (times + 1) - 1


class Bare:
    """A formula that does nothing, and that NumPy would take for an array."""

    def __array__(self, *how: Any, **more: Any) -> Any:
        raise AssertionError("NumPy asked what a formula is")

    def __len__(self) -> int:
        raise AssertionError("NumPy asked what a formula is")


class Bares(FormulaArray):
    own = elementwise({"greater": lambda a, b: ("greater", a, b)})


def test_formulas_are_boxed_and_taken_out_as_they_are() -> None:
    bare = Bare()
    x = Bares.of([bare, bare, bare], (3,))
    assert x[0].shape == ()
    assert x[0].item() is bare
    assert isinstance(x[1:], Bares)
    assert (x[0] > 1.0).item() == ("greater", bare, 1.0)
    assert [part.item() for part in x] == [bare] * 3


def test_scalars_in_a_list_become_the_components_of_an_array() -> None:
    x = Bares.of(["a"]), Bares.of(["b"])
    found = Bares.boxed(np.asarray(list(x), dtype=object))
    assert found.tolist() == ["a", "b"]
    assert isinstance(found, Bares)


@pytest.mark.parametrize("plain", [None, 1, 2.0, np.float32(3.0), np.dtype("float64"), True])
def test_what_is_no_formula_is_not_boxed(plain: Any) -> None:
    assert Bares.boxed(plain) is plain


def test_formulas_are_neither_decided_nor_compared_for_equality() -> None:
    x = Bares.of(["a"])
    with pytest.raises(TypeError, match="truth value of a formula"):
        bool(x)
    for compare in ("__eq__", "__ne__"):
        with pytest.raises(UnsupportedOperation, match="equal"):
            getattr(x, compare)(1.0)


def test_the_vector_of_arguments_has_the_dtype_of_the_inputs() -> None:
    parts = np.float32([[1.0, 2.0]]), np.float32(3.0), np.array([4]), np.array(5.0)
    x, y, k, v = (METHOD.array(np.asarray(part)) for part in parts)
    ((vector,), options) = METHOD.arguments((x, y), {"k": k}, (v,))
    assert vector.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert (vector.dtype, options) == (np.float32, {})


def test_directions_are_drawn_for_what_an_operator_pushes_or_pulls() -> None:
    found, points, _ = cell(several, "vjp")
    assert isinstance(points.declared.directions, Directions)
    assert found.answer(points.declared).arrays[1].tolist() == [0.0, 0.0]
