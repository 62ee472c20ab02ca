"""Paddle's functions under the array API standard's names, where its own differ or are missing.

And its derivatives, where an operation has none, or nothing depends on an input. The library is
imported when a function is first asked for.
"""

import math

import lazy_loader as lazy
import numpy as np

from gradiometer.errors import UnsupportedOperation

paddle = lazy.load("paddle")


def grad(y, inputs, seeds=None, **how):
    """Return the derivatives in inputs; `None` for those of which nothing depends."""
    outputs = list(y) if isinstance(y, list | tuple) else [y]
    seeds = [None] * len(outputs) if seeds is None else seeds
    pairs = [(y, v) for y, v in zip(outputs, seeds, strict=True) if not y.stop_gradient]
    if not pairs:
        return (None,) * len(inputs)
    ys, vs = map(list, zip(*pairs, strict=True))
    return paddle.grad(ys, list(inputs), vs, allow_unused=True, **how)


def gradient(f, inputs, given):
    """Return a gradient that can be differentiated again; zeros where nothing depends."""
    found = grad(f(inputs, given), inputs, create_graph=True)
    pairs = zip(found, inputs, strict=True)
    return tuple(paddle.zeros_like(x) if g is None else g for g, x in pairs)


def jacobian(y, inputs):
    """Return one matrix, a pullback a row.

    paddle.autograd.jacobian asks for a derivative more, which many operations have not.
    """
    rows = []
    for each in y if isinstance(y, tuple) else (y,):
        for k in range(each.size):
            seed = paddle.zeros([each.size], each.dtype)
            seed[k] = 1.0
            row = grad(each, inputs, [seed.reshape(each.shape)], retain_graph=True)
            pairs = zip(row, inputs, strict=True)
            rows.append(
                [(paddle.zeros_like(x) if g is None else g).reshape([-1]) for g, x in pairs]
            )
    return paddle.stack([paddle.concat(row) for row in rows])


def by_name(call):
    """Return the call; an operation without a second derivative is refused by its name."""

    def named(*given):
        try:
            return call(*given)
        except RuntimeError as error:
            told = str(error).partition("The Op ")[2].partition(" doesn't have any grad op")
            if not told[1]:
                raise
            raise UnsupportedOperation(
                f"paddle has no derivative of {told[0]!r}, a derivative itself."
            ) from error

    return named


def functions():
    """Return Paddle's functions under the standard's names, where those differ."""
    networks = paddle.nn.functional
    own = {name: _reduction(paddle, name) for name in ("all", "any", "logsumexp", "mean", "prod")}
    own |= {name: _of_tensors(getattr(paddle, name)) for name in OF_TENSORS}
    own |= {name: getattr(networks, name) for name in ("gelu", "log_softmax", "relu", "softmax")}
    return own | {
        "asarray": paddle.to_tensor,
        "astype": paddle.cast,
        "broadcast_arrays": lambda *x: paddle.broadcast_tensors(list(x)),
        "clip": _clip,
        "cumulative_prod": lambda x, axis=0: paddle.cumprod(x, axis),
        "cumulative_sum": lambda x, axis=0: paddle.cumsum(x, axis),
        "equal": lambda a, b: a == b,
        "exp2": lambda x: paddle.exp(x * math.log(2.0)),
        "expand_dims": paddle.unsqueeze,
        "flip": lambda x, axis=None: paddle.flip(x, np.arange(x.ndim) if axis is None else axis),
        "matrix_transpose": lambda x: x.mT,
        "max": _reduction(paddle, "amax"),
        "meshgrid": _meshgrid,
        "min": _reduction(paddle, "amin"),
        "permute_dims": paddle.transpose,
        "repeat": lambda x, n, axis=None: paddle.repeat_interleave(x, n, axis),
        "softplus": lambda z: networks.softplus(
            z, threshold=700.0 if z.dtype == paddle.float64 else 88.0
        ),
        "std": lambda x, **how: paddle.sqrt(_variance(x, **how)),
        "stop_gradient": lambda x: x.detach(),
        "sum": _reduction(paddle, "sum"),
        "take": lambda x, at, axis=0: paddle.index_select(x, paddle.to_tensor(at), axis),
        "tril": lambda x, k=0: paddle.tril(x, k),
        "triu": lambda x, k=0: paddle.triu(x, k),
        "var": _variance,
        "where": _where,
    }


OF_TENSORS = (
    "add", "atan2", "copysign", "divide", "floor_divide", "greater", "greater_equal", "hypot",
    "less", "less_equal", "logaddexp", "maximum", "minimum", "multiply", "pow", "remainder",
    "subtract",
)  # fmt: skip
"""Functions of which both operands must be tensors, of one dtype."""


def matrices():
    """Return Paddle's functions of matrices under the standard's names, where those differ."""
    return {
        "cross": lambda a, b, axis=-1: paddle.cross(*paddle.broadcast_tensors([a, b]), axis),
        "diagonal": lambda x, offset=0: paddle.diagonal(x, offset, -2, -1),
        "matrix_norm": lambda x, ord="fro", keepdims=False: paddle.linalg.matrix_norm(  # noqa: A006
            x, ord, keepdim=keepdims
        ),
        "matrix_transpose": lambda x: x.mT,
        "outer": paddle.outer,
        "slogdet": lambda x: tuple(paddle.linalg.slogdet(x).unbind()),
        "solve": _solve,
        "tensordot": paddle.tensordot,
        "trace": lambda x, offset=0: paddle.trace(x, offset, -2, -1),
        "vector_norm": lambda x, axis=None, ord=2, keepdims=False: paddle.linalg.vector_norm(  # noqa: A006
            x, ord, axis, keepdims
        ),
    }


def _solve(a, b):
    if b.stop_gradient and not a.stop_gradient:
        raise UnsupportedOperation(
            "paddle's derivative of 'linalg.solve' in the matrix alone is a segmentation fault, or "
            "what lay in memory: docs/found.md."
        )
    return paddle.linalg.solve(a, b)


def _of_tensors(function):
    def called(a, b):
        like = a if paddle.is_tensor(a) else b
        return function(*(_as(x, like) for x in (a, b)))

    return called


def _as(x, like):
    return x if paddle.is_tensor(x) else paddle.to_tensor(x, like.dtype)


def _where(condition, a, b):
    like = a if paddle.is_tensor(a) else b
    if not paddle.is_tensor(like):
        return paddle.where(condition, a, b)
    return paddle.where(condition, _as(a, like), _as(b, like))


def _reduction(module, name):
    function = getattr(module, name)
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdim=keepdims)


def _clip(x, min=None, max=None):  # noqa: A002  # the standard's names
    x = x if min is None else paddle.maximum(x, _as(min, x))
    return x if max is None else paddle.minimum(x, _as(max, x))


def _meshgrid(*x, indexing="xy"):
    found = paddle.meshgrid(*x)
    swapped = [1, 0, *range(2, len(x))]
    return [each.transpose(swapped) for each in found] if indexing == "xy" else found


def _variance(x, axis=None, correction=0, keepdims=False):
    apart = x - paddle.mean(x, axis, keepdim=True)
    squares = paddle.sum(apart * apart, axis, keepdim=keepdims)
    return squares / (x.size // max(1, squares.size) - correction)
