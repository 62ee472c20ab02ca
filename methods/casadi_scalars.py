"""CasADi: graphs of scalars (SX), differentiated natively; in its own machine, or compiled."""

import shutil
import tempfile
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import FormulaMethod, Unsupported

casadi = lazy.load("casadi")

SAME = (
    "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "hypot", "erf", "erfinv", "sign",
    "logical_and", "logical_or", "logical_not",
)  # fmt: skip
"""Functions that CasADi has by their names, but for logic."""


class CasADi(FormulaMethod):
    """SX, jacobian and its relatives, Function with common subexpressions, called by its buffer.

    Matrix-valued graphs (MX) have two dimensions at most, and no broadcasting; so arrays are
    written out as scalars. Use it when a function of many scalars, from optimisation or control,
    needs gradients, or sparse Jacobians, without a compiler. Cost: formulas are graphs, which grow
    as the work does; a call interprets them, some nanoseconds a node. Error: rounding only, in
    float64.
    """

    name, requires, extra = "casadi", ("casadi",), "casadi"
    digits: ClassVar[dict[str, Any]] = {"float64": (12.0, 11.0)}
    most_symbols = 20_000

    def symbol(self, name):
        return casadi.SX.sym(name)

    def constant(self, number):
        return casadi.SX(float(number))

    def functions(self):
        found = {name: getattr(casadi, name.replace("logical", "logic")) for name in SAME}
        return found | {"where": casadi.if_else}

    def forecast(self, asked, size, n, m):
        return 1e-4 * size.graph * {"jacobian": min(n, m), "hessian": 0.3 * n}.get(asked, 1)

    def derive(self, asked, outputs, inputs, directions):
        x, y, v = (casadi.vertcat(*parts) for parts in (inputs, outputs, directions))
        if asked == "value":
            return y
        if asked == "jacobian":
            return casadi.vec(casadi.jacobian(y, x).T)  # CasADi counts by columns
        if asked == "hessian":
            return casadi.vec(casadi.hessian(y, x)[0])
        if asked in ("jvp", "vjp"):
            return casadi.jtimes(y, x, v, asked == "vjp")
        gradient = casadi.gradient(y, x)
        return gradient if asked == "gradient" else casadi.jtimes(gradient, x, v)

    def compile(self, symbols, formulas, dtype):
        arguments, result = [casadi.vertcat(*symbols)], casadi.densify(casadi.vec(formulas))
        buffer, run = self.build(arguments, [result]).buffer()
        m = result.numel()

        def call(vector):
            found = np.empty(m)
            buffer.set_arg(0, vector.data)
            buffer.set_res(0, found.data)
            run()
            return found

        return call

    def build(self, arguments, results):
        """Return the function, ready to be called."""
        return casadi.Function("f", arguments, results, {"cse": True})


class CasADiJit(CasADi):
    """CasADi's C code of the same function, compiled by gcc (or cc) and loaded.

    Use it when the same derivative is called so often that seconds of compiling do not matter.
    Cost: a compiler's run, which grows with the formula; then machine code without arrays.
    """

    name = "casadi-jit"

    def forecast(self, asked, size, n, m):
        return 20 * super().forecast(asked, size, n, m)

    def build(self, arguments, results):
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise Unsupported("casadi compiles by gcc or cc, of which neither is on the path.")
        with tempfile.TemporaryDirectory() as folder:  # what is loaded needs its files no more
            how = {"compiler": compiler, "flags": ["-O2"], "directory": f"{folder}/"}
            options = {"jit": True, "compiler": "shell", "jit_options": how | {"cleanup": False}}
            options |= {"cse": True, "jit_cleanup": False}
            return casadi.Function("f", arguments, results, options)
