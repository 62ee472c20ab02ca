"""Three functions, and their gradients as each tool's documentation takes them (`idiomatic.py`).

Nothing here knows Gradiometer. A tool is added as one function in `IDIOMS`, under the name of its
method.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

Array = Any
Call = Callable[[], Any]
Written = Callable[..., Any]
Idiom = Callable[[str, Sequence[Array], Mapping[str, Array]], Call]


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
