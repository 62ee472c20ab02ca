"""SymEngine: SymPy's algebra in C++; formulas evaluated by its own callbacks."""

from typing import Any, ClassVar

import lazy_loader as lazy

from gradiometer import FormulaMethod, Unsupported

symengine = lazy.load("symengine")

SAME = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "atan2", "erf", "erfc",
)  # fmt: skip
"""Functions that SymEngine has by their names, and evaluates with their derivatives."""


class SymEngine(FormulaMethod):
    """diff, common subexpressions, Lambdify: a double at a time through C++ callbacks.

    Use it when SymPy is too slow to derive, and no compiler is at hand (the wheel has no LLVM).
    Cost: deriving takes a hundredth of SymPy's time, for formulas that grow as fast: what is used
    twice is derived twice; evaluating takes some nanoseconds an operation. Error: rounding only,
    in float64.
    """

    name, requires, extra = "symengine", ("symengine",), "symengine"
    digits: ClassVar[dict[str, Any]] = {"float64": (12.0, 11.0)}
    seconds = 2e-6

    def symbol(self, name):
        return symengine.Symbol(name)

    def constant(self, number):
        return symengine.sympify(number)

    def functions(self):
        return {name: getattr(symengine, name) for name in SAME} | {
            "logical_and": symengine.And,
            "logical_not": symengine.Not,
            "logical_or": symengine.Or,
            "where": lambda c, a, b: symengine.Piecewise((a, c), (b, True)),
        }

    def differentiate(self, formula, symbol):
        return formula.diff(symbol)

    def compile(self, symbols, formulas, dtype):
        try:
            return symengine.Lambdify(symbols, formulas, backend="lambda", cse=True)
        except RuntimeError as error:  # of functions that it cannot evaluate
            raise Unsupported(f"symengine evaluates no such formula: {error}.") from error
