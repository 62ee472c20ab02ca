"""Formulas: of scalars, of SymPy, SymEngine, CasADi and heyoka; of arrays, of PyTensor."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, library, written


def sympy(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return lambdify(args, [diff(f, x), …], cse=True)(*args)."""
    sp = library("sympy")

    y, variables, others = _formula(problem, sp, sp.Symbol, inputs, given)
    derivatives = [y.diff(x) for x in variables]
    gradient = sp.lambdify([*variables, *others], derivatives, "math", cse=True)
    return functools.partial(gradient, *_values(inputs, given).tolist())


def symengine(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return Lambdify(args, [diff(f, x), …], backend="lambda", cse=True)(args)."""
    se = library("symengine")

    y, variables, others = _formula(problem, se, se.Symbol, inputs, given)
    derivatives = [y.diff(x) for x in variables]
    gradient = se.Lambdify([*variables, *others], derivatives, backend="lambda", cse=True)
    return functools.partial(gradient, _values(inputs, given))


def casadi(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return Function(…, [args], [gradient(f, x)], cse), called through its buffer."""
    return _casadi(problem, inputs, given, {"cse": True})


def casadi_jit(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same, its C code compiled."""
    with tempfile.TemporaryDirectory() as folder:
        how = {"compiler": "gcc", "flags": ["-O2"], "directory": f"{folder}/", "cleanup": False}
        options = {"cse": True, "jit": True, "compiler": "shell", "jit_options": how}
        return _casadi(problem, inputs, given, options | {"jit_cleanup": False})


def _casadi(problem: str, inputs: Any, given: Any, options: Mapping[str, Any]) -> Call:
    ca = library("casadi")

    y, variables, others = _formula(problem, ca, ca.SX.sym, inputs, given)
    x, rest = ca.vertcat(*variables), ca.vertcat(*others)
    gradient = ca.densify(ca.gradient(y, x))
    buffer, run = ca.Function("g", [ca.vertcat(x, rest)], [gradient], options).buffer()
    values, found = _values(inputs, given), np.empty(len(variables))

    def call() -> Any:
        buffer.set_arg(0, values.data)
        buffer.set_res(0, found.data)
        run()
        return found

    return call


def heyoka(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return cfunc(diff_tensors([f], …).gradient, vars)(args)."""
    hy = library("heyoka")

    y, variables, others = _formula(problem, hy, hy.expression, inputs, given)
    tensors = hy.diff_tensors([y], diff_args=variables, diff_order=1)
    gradient = hy.cfunc(list(tensors.gradient), vars=[*variables, *others])
    return functools.partial(gradient, _values(inputs, given))


def pytensor(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return function(args, grad(f, args), trust_input=True)(*args), compiled by Numba."""
    return _pytensor(problem, inputs, given, "NUMBA")


def pytensor_c(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same, compiled by g++."""
    return _pytensor(problem, inputs, given, "CVM")


def _pytensor(problem: str, inputs: Any, given: Any, mode: str) -> Call:
    pytensor = library("pytensor")
    pt = library("pytensor.tensor")

    tool = SimpleNamespace(sigmoid=pt.sigmoid, logsumexp=pt.logsumexp, tanh=pt.tanh, sum=pt.sum)
    variables = [pt.tensor(dtype="float64", shape=a.shape) for a in inputs]
    others = {name: pt.tensor(dtype="float64", shape=a.shape) for name, a in given.items()}
    gradients = pytensor.grad(written(problem, tool)(*variables, **others), variables)
    arguments = [*variables, *others.values()]
    function = pytensor.function(arguments, gradients, mode=mode, trust_input=True)
    return functools.partial(function, *map(np.asarray, (*inputs, *given.values())))


def _formula(
    problem: str, tool: Any, symbol: Callable[[str], Any], inputs: Any, given: Any
) -> tuple[Any, list[Any], list[Any]]:
    """Return a problem's formula, the symbols of its inputs, and those of its given values."""

    def array(name: str, a: Array) -> Any:
        made = np.empty(a.shape, object)
        for k in range(a.size):
            made.flat[k] = symbol(f"{name}_{k}")
        return made if a.ndim else made.item()

    functions = SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + tool.exp(-z)),
        logsumexp=lambda x: tool.log(sum(tool.exp(v) for v in x[1:]) + tool.exp(x[0])),
        tanh=np.frompyfunc(tool.tanh, 1, 1),
        sum=lambda x: x.sum(),
    )
    own = [array(f"x{k}", a) for k, a in enumerate(inputs)]
    others = {name: array(name, a) for name, a in given.items()}
    y = written(problem, functions)(*own, **others)
    return y, _components(own), _components(others.values())


def _components(arrays: Iterable[Any]) -> list[Any]:
    return [x for a in arrays for x in (a.flat if isinstance(a, np.ndarray) else [a])]


def _values(inputs: Sequence[Array], given: Mapping[str, Array]) -> Any:
    return np.concatenate([np.ravel(a) for a in (*inputs, *given.values())])


IDIOMS: dict[str, Idiom] = {
    "sympy": sympy,
    "symengine": symengine,
    "casadi": casadi,
    "casadi-jit": casadi_jit,
    "heyoka": heyoka,
    "pytensor": pytensor,
    "pytensor-c": pytensor_c,
}
