"""SymForce: formulas of SymEngine's, written as functions of Python and NumPy."""

import itertools
import tempfile
from typing import Any, ClassVar

import lazy_loader as lazy

from gradiometer import FormulaMethod, Unsupported

symforce = lazy.load("symforce")

SAME = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "atan2", "erf", "erfc",
)  # fmt: skip
"""Functions that SymForce has by their names, and writes with their derivatives."""
SYMFORCE: tuple[str, ...] = ("symforce", "symforce.symbolic", "symforce.codegen", "symforce.values")
NUMBERS = itertools.count()


class SymForce(FormulaMethod):
    """diff, and the code generator: a Python function of scalars, common subexpressions shared.

    Use it when the same formulas are to become C++ for robots, of which this is the Python side.
    Cost: formulas grow as SymPy's, by a hundredth of its time, and take as long again to be
    written; a call is Python's arithmetic on numbers. Error: rounding only, in float64.
    """

    name, requires, extra = "symforce", SYMFORCE, "symforce"
    digits: ClassVar[dict[str, Any]] = {"float64": (12.0, 11.0)}
    seconds = 2e-5
    compiled = False

    def setup(self, target):
        symforce.set_log_level("ERROR")  # else it warns of singularities each time

    def array(self, a):
        return a.ravel().tolist()

    def arguments(self, inputs, given, *directions):
        parts = (*inputs, *given.values(), *(v for each in directions for v in each))
        return tuple(x for part in parts for x in part), {}

    def symbol(self, name):
        return symforce.symbolic.Symbol(name)

    def constant(self, number):
        return symforce.symbolic.sympify(number)

    def functions(self):
        sf = symforce.symbolic
        return {name: getattr(sf, name) for name in SAME} | {
            "abs": lambda x: sf.Piecewise((x, x > 0), (-x, True)),  # sign has no derivative
            "logical_and": sf.sympy.And,
            "logical_not": sf.sympy.Not,
            "logical_or": sf.sympy.Or,
            "where": lambda c, a, b: sf.Piecewise((a, c), (b, True)),
        }

    def differentiate(self, formula, symbol):
        return formula.diff(symbol)

    def compile(self, symbols, formulas, dtype):
        codegen, sf = symforce.codegen, symforce.symbolic
        numbers = symforce.values.Values.from_elements(symbols)
        config = codegen.PythonConfig(use_numba=self.compiled)
        made = codegen.Codegen(
            numbers, symforce.values.Values(found=sf.M(formulas)), config, name=f"f{next(NUMBERS)}"
        )
        with tempfile.TemporaryDirectory() as folder:  # what is imported needs its file no more
            try:
                written = made.generate_function(folder, namespace="formulas").function_dir
            except codegen.codegen.CodeGenerationException as error:
                cause = error.__cause__ or error.__context__
                raise Unsupported(f"symforce writes no such formula: {cause}") from error
            load = codegen.codegen_util.load_generated_function
            return load(made.name, written, evict=not self.compiled)


class SymForceNumba(SymForce):
    """The same function, compiled by numba.

    Use it when the formulas are called often from Python. Cost: numba's compiling in the first
    call, seconds for some thousand operations; then machine code, and a microsecond a dispatch.
    """

    name, compiled = "symforce-numba", True
    requires, seconds = (*SYMFORCE, "numba"), 1e-4
