"""Compares methods with the tools as their own documentation uses them, and prints one table.

    python benchmarks/idiomatic.py                 # all tools, some minutes
    python benchmarks/idiomatic.py jax-jit pytorch # some of them

A method goes through `Method`, `Namespace` and `Primal`; what it is compared with knows nothing of
Gradiometer. Both are called in this process, in interleaved samples; a ratio is the median of the
ratios within the rounds. Up to 10 % more is good: no more of a figure is Gradiometer's. A tool is
added as one function in `IDIOMS`, under the name of its method. Nothing is asserted.
"""

# ruff: noqa: E402  # variables that hold tools to one thread are set before any is imported
from __future__ import annotations

import functools
import gc
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from gradiometer.measure.environment import restrict

restrict(os.environ, 1)

import numpy as np
from table import Figure, print_table

from gradiometer.measure.statistics import Median, median
from gradiometer.plugins import loader
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Method, Primal, Target
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker.tool import PreparedCell

Array = Any
Call = Callable[[], Any]
Written = Callable[..., Any]
Idiom = Callable[[str, Sequence[Array], Mapping[str, Array]], Call]

SAMPLE_S, SECONDS, FEWEST = 0.003, 3.0, 15
"""Seconds of a sample, seconds for a comparison, and the fewest rounds of one."""

MOST = 1.1
"""What a method may take, as a multiple of the idiom; less is no fault of either."""

REGISTRY = loader.load()
GRADIENT = operator("gradient")


# The functions, over a tool's own tanh, sum, sigmoid and logsumexp.


def written(problem: str, tool: Any) -> Written:
    """Return a problem's function as one writes it in a tool."""

    def sigmoid_affine(x: Array, a: Array, b: Array) -> Array:
        return tool.sigmoid(a * x + b)

    def log_sum_exp(x: Array) -> Array:
        return tool.logsumexp(x)

    def mlp(x: Array, *theta: Array, y: Array) -> Array:
        *hidden, last = zip(theta[::2], theta[1::2], strict=True)
        for W, b in hidden:
            x = tool.tanh(x @ W + b)
        r = x @ last[0] + last[1] - y
        return 0.5 * tool.sum(r * r)

    functions: dict[str, Written] = {
        "sigmoid-affine": sigmoid_affine, "log-sum-exp": log_sum_exp, "mlp": mlp,
    }  # fmt: skip
    return functions[problem]


SIZES = {"sigmoid-affine": "", "log-sum-exp": "100000", "mlp": "10-50-50-1x32"}


# The tools: a function each, which returns what is called.


def by_hand(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the derivative by hand, in NumPy and math."""

    def sigmoid_affine(x: float, a: float, b: float) -> Any:
        y = 1.0 / (1.0 + math.exp(-(a * x + b)))
        d = y * (1.0 - y)
        return d * a, d * x, d

    def log_sum_exp(x: Array) -> Any:
        e = np.exp(x - x.max())
        return (e / e.sum(),)

    def mlp(x: Array, *theta: Array, y: Array) -> Any:
        layers = list(zip(theta[::2], theta[1::2], strict=True))
        hs = [x]
        for W, b in layers[:-1]:
            hs.append(np.tanh(hs[-1] @ W + b))
        d = hs[-1] @ layers[-1][0] + layers[-1][1] - y
        found: list[Array] = []
        for (W, _), h in zip(layers[:0:-1], hs[:0:-1], strict=True):
            found = [h.T @ d, d.sum(axis=0), *found]
            d = (d @ W.T) * (1.0 - h * h)
        return d @ layers[0][0].T, x.T @ d, d.sum(axis=0), *found

    functions: dict[str, Written] = {
        "sigmoid-affine": sigmoid_affine, "log-sum-exp": log_sum_exp, "mlp": mlp,
    }  # fmt: skip
    own = [float(a) if a.ndim == 0 else a for a in inputs]
    return functools.partial(functions[problem], *own, **given)


def autograd(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return grad(f, argnums)(*args), of autograd.numpy's functions."""
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    tool = SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + anp.exp(-z)), logsumexp=logsumexp, tanh=anp.tanh, sum=anp.sum
    )
    gradient = autograd.grad(written(problem, tool), tuple(range(len(inputs))))
    own = [float(a) if a.ndim == 0 else a for a in inputs]
    return functools.partial(gradient, *own, **given)


def mygrad(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return f(*tensors).backward(), of tensors that are made once."""
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid

    def logsumexp(x: Array) -> Array:
        most = x.data.max()
        return mg.log(mg.sum(mg.exp(x - most))) + most

    tool = SimpleNamespace(sigmoid=sigmoid, logsumexp=logsumexp, tanh=mg.tanh, sum=mg.sum)
    function, tensors = written(problem, tool), [mg.tensor(a) for a in inputs]  # type: ignore[attr-defined]

    def call() -> Any:
        function(*tensors, **given).backward()
        return [t.grad for t in tensors]

    return call


def jax_eager(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.grad(f, argnums)(*args)."""
    return _jax(problem, inputs, given, lambda f: f)


def jax_jit(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.grad(f, argnums))(*args)."""
    import jax

    return _jax(problem, inputs, given, jax.jit)


def _jax(problem: str, inputs: Any, given: Any, transform: Callable[[Any], Any]) -> Call:
    import jax
    import jax.numpy as jnp

    tool = SimpleNamespace(
        sigmoid=jax.nn.sigmoid, logsumexp=jax.nn.logsumexp, tanh=jnp.tanh, sum=jnp.sum
    )
    gradient = transform(jax.grad(written(problem, tool), tuple(range(len(inputs)))))
    arrays = [jnp.asarray(a) for a in inputs]
    constants = {name: jnp.asarray(a) for name, a in given.items()}
    return lambda: jax.block_until_ready(gradient(*arrays, **constants))


def pytorch(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return loss.backward(), of leaves whose .grad is cleared before."""
    import torch

    function = written(problem, _torch())
    leaves = [torch.tensor(a).requires_grad_() for a in inputs]
    constants = {name: torch.tensor(a) for name, a in given.items()}

    def call() -> Any:
        for leaf in leaves:
            leaf.grad = None
        function(*leaves, **constants).backward()
        return [leaf.grad for leaf in leaves]

    return call


def pytorch_func(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return torch.func.grad(f, argnums)(*args)."""
    import torch

    gradient = torch.func.grad(written(problem, _torch()), tuple(range(len(inputs))))
    constants = {name: torch.tensor(a) for name, a in given.items()}
    return functools.partial(gradient, *map(torch.tensor, inputs), **constants)


def _torch() -> Any:
    import torch

    return SimpleNamespace(
        sigmoid=torch.sigmoid, logsumexp=lambda x: torch.logsumexp(x, 0), tanh=torch.tanh,
        sum=torch.sum,
    )  # fmt: skip


def tensorflow(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return tape.gradient(y, variables), of tf.Variable, recorded eagerly."""
    import tensorflow as tf

    tool = SimpleNamespace(
        sigmoid=tf.sigmoid, logsumexp=tf.reduce_logsumexp, tanh=tf.tanh, sum=tf.reduce_sum
    )
    function, variables = written(problem, tool), [tf.Variable(a) for a in inputs]
    constants = {name: tf.constant(a) for name, a in given.items()}

    def call() -> Any:
        with tf.GradientTape() as tape:
            y = function(*variables, **constants)
        return tape.gradient(y, variables)

    return call


def tensorflow_function(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same under @tf.function."""
    import tensorflow as tf

    return tf.function(tensorflow(problem, inputs, given))  # type: ignore[no-any-return]


def tensorflow_xla(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same under @tf.function(jit_compile=True)."""
    import tensorflow as tf

    call = tensorflow(problem, inputs, given)
    return tf.function(call, jit_compile=True)  # type: ignore[no-any-return]


def sympy(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return lambdify(args, [diff(f, x), …], cse=True)(*args): for a few scalars."""
    import sympy as sp

    tool = SimpleNamespace(sigmoid=lambda z: 1 / (1 + sp.exp(-z)))
    symbols = sp.symbols(f"x:{len(inputs)}")
    value = written(problem, tool)(*symbols)
    gradient = sp.lambdify(symbols, [value.diff(x) for x in symbols], "math", cse=True)
    return functools.partial(gradient, *map(float, inputs))


IDIOMS: dict[str, Idiom] = {
    "backprop": by_hand, "autograd": autograd, "mygrad": mygrad, "jax": jax_eager,
    "jax-jit": jax_jit, "pytorch": pytorch, "pytorch-func": pytorch_func,
    "tensorflow": tensorflow, "tensorflow-function": tensorflow_function,
    "tensorflow-xla": tensorflow_xla, "sympy": sympy,
}  # fmt: skip
"""What each method is compared with."""


# The comparison.


def figures(name: str) -> Iterator[Figure]:
    """Yield how a method's warm gradient compares with its tool's, on each function."""
    goal = f"≤ {MOST:g}"
    entry = REGISTRY.methods.get(name)
    refusal = "no such method" if entry is None else entry.missing
    if entry is None or refusal:
        yield Figure(name, goal, refusal or "", False)
        return
    method = entry.address.load()
    method.setup(Target())
    for problem_name, label in SIZES.items():
        problem = _sized(problem_name, label)
        points = problem.points(label)
        what = f"{name}, {problem_name} {label}".strip()
        refusal = method.declines("gradient", points.signature.n, 1)
        if refusal:
            yield Figure(what, goal, refusal, True)
            continue
        point = points.declared.point
        theirs = IDIOMS[name](problem_name, list(point.inputs.values()), point.given)
        cell = _prepared(method, problem, points)
        yield _figure(what, goal, cell, points.declared, theirs)


def _figure(what: str, goal: str, cell: PreparedCell, at: Argument, theirs: Call) -> Figure:
    function, args, kwargs = cell.called(at)
    ours = functools.partial(function, *args, **kwargs)
    if not _agree(cell, ours(), theirs()):
        return Figure(what, goal, "they do not agree", False)
    ratio, seconds = _compared(ours, theirs)
    shown = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}), {seconds * 1e6:,.3g} µs"
    return Figure(what, goal, shown, ratio.value <= MOST)


def _sized(name: str, label: str) -> Problem:
    """Return a problem that has a size, whether or not it is one of its own."""
    problem = REGISTRY.problems[name].address.load()
    return problem if label in problem.labels else replace(problem, sizes=(int(label),))


def _prepared(method: Method, problem: Problem, points: Points) -> PreparedCell:
    """Return a method's gradient, prepared as in a run."""
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(problem, wrapped, points.preparation.point, points.signature)
    return PreparedCell(method, GRADIENT, prepare(method, f, "gradient"), points.signature)


def _agree(cell: PreparedCell, ours: Any, theirs: Any) -> bool:
    """Return whether two native answers are the same, to nine digits."""
    first = cell.read(ours).arrays
    second = [np.asarray(a) for a in theirs]
    pairs = zip(first, second, strict=True)
    return all(np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in pairs)


def _compared(ours: Call, theirs: Call) -> tuple[Median, float]:
    """Return the ratio of two calls' times with its interval, and the seconds of our call."""
    turns = {call: _turns(call) for call in (ours, theirs)}
    ratios: list[float] = []
    seconds: list[float] = []
    end = time.perf_counter() + SECONDS
    gc.disable()
    try:
        while len(ratios) < FEWEST or time.perf_counter() < end:
            order = (ours, theirs) if len(ratios) % 2 else (theirs, ours)
            took = {call: _sample(call, turns[call]) for call in order}
            ratios.append(took[ours] / took[theirs])
            seconds.append(took[ours])
    finally:
        gc.enable()
    return median(ratios), float(np.median(seconds))


def _turns(call: Call) -> int:
    """Return how many calls make a sample, once it is warm."""
    for _ in range(3):
        call()
    return max(1, round(SAMPLE_S / min(_sample(call, 3) for _ in range(3))))


def _sample(call: Call, turns: int) -> float:
    """Return the seconds that a call takes, of so many, after a few that are not timed."""
    for _ in range(turns // 8):
        call()
    start = time.perf_counter()
    for _ in range(turns):
        call()
    return (time.perf_counter() - start) / turns


if __name__ == "__main__":
    print_table({name: functools.partial(figures, name) for name in IDIOMS}, sys.argv[1:])
