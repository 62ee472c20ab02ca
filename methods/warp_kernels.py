"""Warp: the source of a kernel, from which Warp writes and compiles the adjoint."""

from typing import Any

import lazy_loader as lazy
import numpy as np

from gradiometer import FormulaMethod, Method
from gradiometer.vocabulary import in_warp
from gradiometer.vocabulary.answer import Components, Rows

warp = lazy.load("warp")


class Warp(FormulaMethod):
    """The adjoint of a kernel: wp.launch(…, adjoint=True), recorded once, on the CPU.

    Use it when a simulation is written as kernels already, each thread of which computes a formula
    of its own, on a GPU too. Cost: here all is one thread's formula, which Warp's Clang compiles
    with its adjoint: seconds at least, a minute for a thousand operations; so it declines most. A
    launch takes microseconds. Error: rounding only. First derivatives alone.
    """

    name, mode, requires, extra = "warp", "reverse", ("warp",), "warp"
    package = "warp-lang"
    most_seconds = 10.0

    def setup(self, target):
        warp.config.log_level = warp.LOG_ERROR  # else it tells on stdout what it has found

    def symbol(self, name):
        return in_warp.Node("", ())

    def constant(self, number):
        return in_warp.constant(number)

    def functions(self):
        return in_warp.functions()

    def forecast(self, asked, size, n, m):
        return 2.0 + 3e-3 * size.graph + 2e-5 * size.graph**2

    def gradient(self, f):
        launches: Any = self.prepare(f, "value")
        return launches.gradient(in_warp.parts(f))

    def vjp(self, f):
        launches: Any = self.prepare(f, "value")
        return launches.vjp(in_warp.parts(f))

    jacobian, hessian, jvp, hvp = Method.jacobian, Method.hessian, Method.jvp, Method.hvp

    def result(self, native):
        if isinstance(native, Rows | Components):
            return native
        return Components(np.concatenate(native) if isinstance(native, list) else np.ravel(native))

    def compile(self, symbols, formulas, dtype):
        return in_warp.launches(symbols, formulas, dtype)
