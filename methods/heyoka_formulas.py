"""heyoka: formulas of scalars, differentiated to any order, compiled by LLVM."""

import lazy_loader as lazy
import numpy as np

from gradiometer import FormulaMethod

heyoka = lazy.load("heyoka")

SAME = (
    "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "erf", "erfc", "sigmoid", "relu",
)  # fmt: skip
"""Functions that heyoka has by their names."""

LARGE = 2_000
"""Derivatives beyond which functions are compiled as calls of smaller ones."""


class Heyoka(FormulaMethod):
    """diff_tensors, in reverse mode where that is less work, and cfunc: machine code by LLVM.

    Use it when a small function is called very often, or where higher orders are needed. Cost:
    formulas are graphs, which grow as the work does; compiling takes a second for some thousand
    nodes, a call then microseconds. Error: rounding only.
    """

    name, requires, extra = "heyoka", ("heyoka",), "heyoka"
    most_symbols = 2_000

    def setup(self, target):
        heyoka.set_nthreads(target.threads)

    def symbol(self, name):
        return heyoka.expression(name)

    def constant(self, number):
        return heyoka.expression(float(number))

    def functions(self):
        return {name: getattr(heyoka, name) for name in SAME} | {
            "abs": lambda x: heyoka.select(heyoka.lt(x, self.constant(0)), -x, x),
            "greater": heyoka.gt,
            "greater_equal": heyoka.gte,
            "less": heyoka.lt,
            "less_equal": heyoka.lte,
            "logical_and": lambda a, b: heyoka.logical_and([a, b]),
            "logical_not": lambda a: heyoka.eq(a, self.constant(0)),
            "logical_or": lambda a, b: heyoka.logical_or([a, b]),
            "where": heyoka.select,
        }

    def forecast(self, asked, size, n, m):
        calls = {"jacobian": min(n, m), "hessian": 0.3 * n, "hvp": 2}
        return 1e-3 * size.graph * calls.get(asked, 1)

    def derive(self, asked, outputs, inputs, directions):
        if asked == "hessian":
            return heyoka.diff_tensors(outputs, inputs, diff_order=2).hessian(0).ravel().tolist()
        return super().derive(asked, outputs, inputs, directions)

    def derivatives(self, formulas, symbols):
        return heyoka.diff_tensors(formulas, symbols).jacobian.tolist()

    def compile(self, symbols, formulas, dtype):
        kind, compact = np.dtype(dtype).type, len(formulas) > LARGE
        kind = float if dtype == "float64" else kind
        return heyoka.cfunc(formulas, symbols, fp_type=kind, compact_mode=compact)
