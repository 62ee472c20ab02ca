"""A method for tools that build formulas of scalars: what they all do alike.

The problem's function is called once with arrays of symbols. What comes back is differentiated as a
formula, and compiled to a function of one vector: inputs, given values and directions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import chain, count
from typing import Any, ClassVar

import numpy as np

from gradiometer.errors import Declined
from gradiometer.vocabulary.answer import Components
from gradiometer.vocabulary.formula_array import FormulaArray, elementwise, is_number
from gradiometer.vocabulary.formula_size import FormulaSize, formula_size
from gradiometer.vocabulary.formulas import formulas
from gradiometer.vocabulary.method import Method, Mode, Prepared, Primal
from gradiometer.vocabulary.space import Array

Formulas = list[Any]
"""Formulas of scalars, or numbers where a formula is constant; of a matrix, row by row."""


def _derived(asked: str) -> Any:
    return lambda self, f: self.prepare(f, asked)


class FormulaMethod(Method):
    """How one tool derives formulas; fill in `symbol`, `functions`, `compile`, `differentiate`.

    A tool with derivatives of whole vectors fills in `derivatives` instead of `differentiate`; one
    with more of its own, `derive`.

    Attributes:
        most_symbols: It declines more differentiated symbols than these,
        most_seconds: and formulas that are forecast to take longer to derive,
        seconds: by the seconds that a node takes for each symbol (twice: squared).
    """

    mode: Mode = "symbolic"
    most_symbols: ClassVar[int] = 300
    most_seconds: ClassVar[float] = 3.0
    seconds: ClassVar[float] = 0.0

    def symbol(self, name: str) -> Any:
        """Return a symbol for a real number; names are unique, and identifiers of Python."""
        raise NotImplementedError

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return functions of formulas by the array API standard's names.

        `exp`, `log`, `sqrt` and `where` at least. Python's operators are used where there are no
        `abs`, `pow`, `greater`, `greater_equal`, `less`, `less_equal`, `logical_and`, `logical_or`
        and `logical_not`. What is missing is unsupported, by name.
        """
        raise NotImplementedError

    def compile(self, symbols: Formulas, formulas: Formulas, dtype: str) -> Prepared:
        """Return a function of the values of the symbols, as `arguments` gives them.

        It returns the values of the formulas: a list, or an array of one dimension.
        """
        raise NotImplementedError

    def differentiate(self, formula: Any, symbol: Any) -> Any:
        """Return the derivative of a formula in a symbol."""
        raise NotImplementedError

    def derivatives(self, formulas: Formulas, symbols: Formulas) -> list[Formulas]:
        """Return the derivatives of formulas in symbols: a row a formula."""
        return [[self.differentiate(y, x) for x in symbols] for y in formulas]

    def constant(self, number: float) -> Any:
        """Return a number as a formula; as it is by default, for tools that take numbers as such.

        Asked for what functions are called with, and what is differentiated.
        """
        return number

    def forecast(self, asked: str, size: FormulaSize, n: int, m: int) -> float:
        """Return the seconds that deriving an operator will take, of n inputs and m outputs."""
        order: int = {"value": 0, "hessian": 2, "hvp": 2}.get(asked, 1)
        return float(self.seconds * size.tree * n**order)

    def derive(
        self, asked: str, outputs: Formulas, inputs: Formulas, directions: Formulas
    ) -> Formulas:
        """Return the formulas of an operator's answer; of a matrix, row by row.

        Args:
            asked: The operator.
            outputs: The function's value.
            inputs: The symbols that it is differentiated in.
            directions: Symbols for what the operator takes beside, if anything.
        """
        if asked == "value":
            return outputs
        if asked == "jvp":
            return [_dot(row, directions) for row in self.derivatives(outputs, inputs)]
        if asked == "vjp":
            outputs = [self._formula(_dot(outputs, directions))]
        first = self.derivatives(outputs, inputs)
        if asked == "hvp":
            first = self.derivatives([self._formula(_dot(first[0], directions))], inputs)
        if asked == "hessian":
            first = self.derivatives([self._formula(g) for g in first[0]], inputs)
        return list(chain(*first))

    value, gradient, jacobian, hessian, jvp, vjp, hvp = map(
        _derived, ("value", "gradient", "jacobian", "hessian", "jvp", "vjp", "hvp")
    )

    def prepare(self, f: Primal, asked: str) -> Prepared:
        """Return a prepared operator.

        Raises:
            Declined: If the formula is forecast to take too long to derive.
        """
        self._refuse(f, asked)
        names = count()

        def symbols(name: str, a: Array) -> Formulas:
            return [self.symbol(f"{name}_{next(names)}") for _ in range(a.size)]

        spaces = {"jvp": f.signature.inputs, "hvp": f.signature.inputs, "vjp": f.signature.outputs}
        along = spaces[asked].zeros() if asked in spaces else {}
        inputs = {name: symbols(name, a) for name, a in f.point.inputs.items()}
        given = {name: symbols(name, a) for name, a in f.point.given.items()}
        directions = list(chain(*(symbols(f"along_{name}", a) for name, a in along.items())))
        kind = f.xp.kind
        y = f(
            tuple(kind.of(s, a.shape) for s, a in _paired(inputs, f.point.inputs)),
            {name: kind.of(s, f.point.given[name].shape) for name, s in given.items()},
        )
        flat = list(chain(*inputs.values()))
        found = self.derive(asked, self._listed(y), flat, directions)
        every = [*flat, *chain(*given.values()), *directions]
        return self.compile(every, found, f.point.dtype)

    def namespace(self) -> Any:
        """Return NumPy's functions on arrays of the tool's formulas."""
        functions = self.functions()
        changed = type(self).constant is not FormulaMethod.constant
        own = elementwise(functions, self.constant if changed else None)
        kind = type("Formulas", (FormulaArray,), {"own": own})
        return formulas(own, self.requires[0], kind)

    def array(self, a: Array) -> Any:
        """Return an array flattened: a part of the vector of arguments."""
        return a.ravel()

    def arguments(
        self, inputs: tuple[Any, ...], given: dict[str, Any], *directions: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the values of all symbols as one vector of the inputs' dtype."""
        parts = (*inputs, *given.values(), *chain(*directions))
        return (np.concatenate(parts, dtype=inputs[0].dtype),), {}

    def result(self, native: Any) -> Any:
        """Return the values of the formulas as the components of the answer."""
        return Components(native)

    def declines(self, operator: str, n: int, m: int) -> str | None:
        """Decline more symbols than it should try."""
        if n <= self.most_symbols:
            return None
        most = f"{self.most_symbols:,}"
        return f"{n:,} symbols: not attempted beyond {most}; formulas fill the memory."

    def _refuse(self, f: Primal, asked: str) -> None:
        n, m = f.signature.n, f.signature.m
        size = formula_size(f, self.functions(), self.requires[0])
        seconds = self.forecast(asked, size, n, m)
        if seconds > self.most_seconds:
            raise Declined(
                f"a formula of {size.tree:,.3g} nodes in {n} symbols: deriving is "
                f"forecast to take {seconds:,.3g} s; not attempted beyond {self.most_seconds:g} s."
            )

    def _listed(self, y: Any) -> Formulas:
        """Return outputs, arrays of formulas or numbers, as formulas."""
        parts = y if isinstance(y, tuple) else (y,)
        return [self._formula(x) for part in parts for x in np.ravel(np.asarray(part)).tolist()]

    def _formula(self, found: Any) -> Any:
        return self.constant(found) if is_number(found) else found


def _paired(symbols: dict[str, Formulas], arrays: dict[str, Array]) -> Any:
    return zip(symbols.values(), arrays.values(), strict=True)


def _dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    terms = [x * y for x, y in zip(a, b, strict=True)]
    return reduce(operator.add, terms) if terms else 0.0
