"""TensorFlow's functions under the array API standard's names, where its own differ or are missing.

The library is imported when a function is first asked for.
"""

import math

import lazy_loader as lazy
import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.composed import each_axis, scan_length

tf = lazy.load("tensorflow")


def complete_tensors():
    """Let `@` take vectors, and let tensors have `.T` and `.mT`, as other tools' arrays do."""
    tf.Tensor.__matmul__ = _matmul
    tf.Tensor.__rmatmul__ = lambda b, a: _matmul(a, b)
    tf.Tensor.T = property(tf.transpose)
    tf.Tensor.mT = property(tf.linalg.matrix_transpose)


def functions():
    """Return TensorFlow's functions under the standard's names, where those differ."""
    like = tf.experimental.numpy
    reductions = ("all", "any", "max", "mean", "min", "prod", "sum")
    own = {name: getattr(tf.math, name) for name in IN_MATH}
    own |= {name: getattr(tf.math.special, f"bessel_{name}") for name in BESSEL}
    own |= {name: getattr(tf.nn, name) for name in ("gelu", "log_softmax", "relu", "softmax")}
    own |= {name: _reduction(getattr(tf, f"reduce_{name}")) for name in (*reductions, "logsumexp")}
    own |= {name: getattr(like, name) for name in LIKE_NUMPY}
    return own | {
        "arange": _range,
        "argsort": lambda x, axis=-1, descending=False, stable=True: tf.argsort(
            x, axis, "DESCENDING" if descending else "ASCENDING", stable
        ),
        "asarray": tf.convert_to_tensor,
        "astype": tf.cast,
        "avg_pool": lambda x, window, **how: _pool(x, window, "AVG", **how),
        "broadcast_arrays": lambda *x: [tf.broadcast_to(a, _broadcast(*x)) for a in x],
        "clip": _clip,
        "concat": lambda arrays, axis=0: tf.concat(arrays, axis),
        "conv": _conv,
        "copysign": lambda a, b: tf.where(b < 0.0, -tf.abs(a), tf.abs(a)),
        "count_nonzero": tf.math.count_nonzero,
        "cumulative_prod": lambda x, axis=0, **how: _partial(tf.math.cumprod, x, axis, 1, **how),
        "cumulative_sum": lambda x, axis=0, **how: _partial(tf.cumsum, x, axis, 0, **how),
        "diff": _diff,
        "divide": lambda a, b: tf.convert_to_tensor(a) / b,
        "empty": tf.zeros,
        "empty_like": tf.zeros_like,
        "exp2": lambda x: tf.exp(x * math.log(2.0)),
        "eye": _eye,
        "flip": lambda x, axis=None: tf.reverse(x, _axes(x, axis)),
        "floor_divide": lambda a, b: tf.floor(tf.convert_to_tensor(a) / b),
        "full": lambda shape, x, dtype=None: tf.fill(shape, tf.convert_to_tensor(x, dtype)),
        "full_like": lambda x, value: tf.fill(x.shape, tf.cast(value, x.dtype)),
        "gamma": _gamma,
        "hypot": lambda a, b: tf.sqrt(a * a + b * b),
        "isfinite": tf.math.is_finite,
        "isinf": tf.math.is_inf,
        "isnan": tf.math.is_nan,
        "linspace": _linspace,
        "log10": lambda x: tf.math.log(x) / math.log(10.0),
        "log2": lambda x: tf.math.log(x) / math.log(2.0),
        "logaddexp": lambda a, b: tf.maximum(a, b) + tf.math.log1p(tf.exp(-tf.abs(a - b))),
        "matmul": _matmul,
        "matrix_transpose": tf.linalg.matrix_transpose,
        "max_pool": lambda x, window, **how: _pool(x, window, "MAX", **how),
        "nonzero": lambda x: tf.unstack(tf.transpose(tf.where(x))),
        "permute_dims": tf.transpose,
        "positive": tf.identity,
        "stop_gradient": tf.stop_gradient,
        "remainder": tf.math.floormod,
        "repeat": tf.repeat,
        "roll": lambda x, shift, axis: tf.roll(x, shift, axis),
        "scan": _scan,
        "signbit": lambda x: x < 0.0,
        "sort": lambda x, axis=-1, descending=False, stable=True: tf.sort(
            x, axis, "DESCENDING" if descending else "ASCENDING"
        ),
        "std": lambda x, **how: tf.sqrt(_variance(x, **how)),
        "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
        "trunc": lambda x: tf.sign(x) * tf.floor(tf.abs(x)),
        "unstack": lambda x, axis=0: tf.unstack(x, axis=axis),
        "var": _variance,
        "vecdot": _vecdot,
    }


IN_MATH = (
    "atan2", "ceil", "digamma", "erf", "erfc", "erfinv", "expm1", "lgamma", "log", "log1p",
    "logical_xor", "reciprocal", "softplus",
)  # fmt: skip
LIKE_NUMPY = ("meshgrid", "moveaxis", "take_along_axis", "tile", "tril", "triu")
BESSEL = ("i0", "i1", "j0", "j1", "k0", "k1", "y0", "y1")


def matrices():
    """Return TensorFlow's functions of matrices under the standard's names, where those differ."""
    return {
        "cross": lambda a, b, axis=-1: tf.experimental.numpy.cross(a, b, axis=axis),
        "diagonal": lambda x, offset=0: tf.linalg.diag_part(x, k=offset),
        "eigvalsh": tf.linalg.eigvalsh,
        "matmul": _matmul,
        "matrix_norm": _matrix_norm,
        "matrix_power": _matrix_power,
        "outer": lambda a, b: a[:, None] * b,
        "qr": lambda x, mode="reduced": tf.linalg.qr(x),
        "slogdet": tf.linalg.slogdet,
        "solve": _solve,
        "svd": _svd,
        "svdvals": lambda x: tf.linalg.svd(x, compute_uv=False),
        "tensordot": tf.tensordot,
        "trace": lambda x, offset=0: tf.reduce_sum(tf.linalg.diag_part(x, k=offset), -1),
        "vecdot": _vecdot,
        "vector_norm": _vector_norm,
    }


def _axes(x, axis):
    return list(range(len(x.shape))) if axis is None else np.atleast_1d(axis).tolist()


def _broadcast(*arrays):
    return np.broadcast_shapes(*(tuple(x.shape) for x in arrays))


def _clip(x, min=None, max=None):  # noqa: A002  # the standard's names
    x = x if min is None else tf.maximum(x, min)
    return x if max is None else tf.minimum(x, max)


def _conv(x, kernel, *, stride=1, padding=0, dilation=1):
    n = len(x.shape) - 2
    if n > 3:
        raise UnsupportedOperation(f"tensorflow has no 'conv' of {n} spatial axes.")
    front, back = (0, *range(2, n + 2), 1), (0, n + 1, *range(1, n + 1))
    padded = tf.pad(x, [(0, 0), (0, 0), *((p, p) for p in each_axis(padding, n))])
    found = tf.nn.convolution(
        tf.transpose(padded, front), tf.transpose(kernel, (*range(2, n + 2), 1, 0)),
        strides=each_axis(stride, n), dilations=each_axis(dilation, n),
    )  # fmt: skip
    return tf.transpose(found, back)


def _diff(x, axis=-1, n=1, prepend=None, append=None):
    x = tf.concat([each for each in (prepend, x, append) if each is not None], axis)
    front = tf.experimental.numpy.moveaxis(x, axis, 0)
    for _ in range(n):
        front = front[1:] - front[:-1]
    return tf.experimental.numpy.moveaxis(front, 0, axis)


def _eye(n, m=None, k=0, dtype=None):
    rows, columns = np.ogrid[:n, : n if m is None else m]
    return tf.cast(columns - rows == k, dtype)


def _gamma(x):
    odd = (x < 0.0) & (tf.math.floormod(tf.floor(x), 2.0) == 1.0)
    size = tf.exp(tf.math.lgamma(x))
    return tf.where(odd, -size, size)


def _linspace(start, stop, num, endpoint=True, dtype=None):
    start, stop = (tf.convert_to_tensor(x, dtype) for x in (start, stop))
    if endpoint:
        return tf.linspace(start, stop, num)
    return tf.linspace(start, stop, num + 1)[:-1]


def _matmul(a, b):
    """Return the matrix product; a vector is a row on the left, a column on the right."""
    if not tf.is_tensor(a):
        a = tf.convert_to_tensor(a, b.dtype)
    b = tf.convert_to_tensor(b, a.dtype)
    if len(b.shape) == 1:
        return tf.tensordot(a, b, 1)
    if len(a.shape) == 1:
        return tf.linalg.matmul(a[None, :], b)[..., 0, :]
    return tf.linalg.matmul(a, b)


def _matrix_norm(x, ord="fro", keepdims=False):  # noqa: A002  # the standard's
    if ord in ("nuc", 2, -2):
        values = tf.linalg.svd(x, compute_uv=False)
        pick = {"nuc": tf.reduce_sum, 2: tf.reduce_max, -2: tf.reduce_min}[ord]
        found = pick(values, -1)
    elif ord == "fro":
        found = tf.norm(x, axis=(-2, -1))
    else:
        sums = tf.reduce_sum(tf.abs(x), -2 if abs(ord) == 1 else -1)
        found = tf.reduce_max(sums, -1) if ord > 0 else tf.reduce_min(sums, -1)
    return found[..., None, None] if keepdims else found


def _matrix_power(x, n):
    found = tf.linalg.eye(x.shape[-1], batch_shape=x.shape[:-2], dtype=x.dtype)
    factor = tf.linalg.inv(x) if n < 0 else x
    for _ in range(abs(n)):
        found = tf.linalg.matmul(found, factor)
    return found


def _partial(function, x, axis, first, include_initial=False):
    found = function(x, axis)
    if not include_initial:
        return found
    return tf.concat(
        [tf.fill(tf.gather(x, [0], axis=axis).shape, tf.cast(first, x.dtype)), found], axis
    )


def _pool(x, window, kind, *, stride=None, padding=0):
    n = len(x.shape) - 2
    if n > 3:
        raise UnsupportedOperation(f"tensorflow has no pooling of {n} spatial axes.")
    front, back = (0, *range(2, n + 2), 1), (0, n + 1, *range(1, n + 1))
    lengths = each_axis(window, n)
    steps = lengths if stride is None else each_axis(stride, n)
    pads = [(0, 0), (0, 0), *((p, p) for p in each_axis(padding, n))]
    least = x.dtype.min if kind == "MAX" else 0.0
    padded = tf.pad(x, pads, constant_values=tf.cast(least, x.dtype))
    found = tf.nn.pool(tf.transpose(padded, front), lengths, kind, steps)
    return tf.transpose(found, back)


def _scan(step, carry, xs=None, *, length=None):
    """Return what a loop carries on, and its results: tf.while_loop, after the first step."""
    steps = scan_length(xs, length)

    def cut(k):
        return tuple(x[k] for x in xs) if isinstance(xs, tuple) else None if xs is None else xs[k]

    carry, first = step(carry, cut(0))
    results = () if first is None else first if isinstance(first, tuple) else (first,)
    arrays = [tf.TensorArray(y.dtype, steps, element_shape=y.shape) for y in results]
    arrays = [array.write(0, y) for array, y in zip(arrays, results, strict=True)]

    def body(k, carry, arrays):
        carry, result = step(carry, cut(k))
        found = () if result is None else result if isinstance(result, tuple) else (result,)
        return k + 1, carry, [a.write(k, y) for a, y in zip(arrays, found, strict=True)]

    _, carry, arrays = tf.while_loop(
        lambda k, *_: k < steps, body, (tf.constant(1), carry, arrays), maximum_iterations=steps - 1
    )
    stacked = tuple(array.stack() for array in arrays)
    return carry, None if first is None else stacked if isinstance(first, tuple) else stacked[0]


def _svd(x, full_matrices=True):
    s, u, v = tf.linalg.svd(x, full_matrices=full_matrices)
    return u, s, tf.linalg.matrix_transpose(v)


def _variance(x, axis=None, correction=0, keepdims=False):
    apart = x - tf.reduce_mean(x, axis, keepdims=True)
    squares = tf.reduce_sum(apart * apart, axis, keepdims=keepdims)
    count = x.shape.num_elements() // max(1, squares.shape.num_elements())
    return squares / (count - correction)


def _vecdot(a, b, axis=-1):
    return tf.reduce_sum(a * b, axis)


def _range(start, stop=None, step=1, dtype=None):
    return tf.range(*((0, start) if stop is None else (start, stop)), step, dtype=dtype)


def _solve(a, b):
    """Return A⁻¹·b for a vector or a matrix b; tf.linalg.solve takes matrices alone."""
    b, columns = (b[:, None], True) if len(b.shape) == 1 else (b, False)
    front = _broadcast(a[..., 0, 0], b[..., 0, 0])
    found = tf.linalg.solve(a, tf.broadcast_to(b, (*front, *b.shape[-2:])))
    return found[..., 0] if columns else found


def _reduction(function):
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=keepdims)


def _vector_norm(x, axis=None, ord=2, keepdims=False):  # noqa: A002  # the standard's
    if abs(ord) != math.inf:
        return tf.norm(x, ord, axis, keepdims)
    pick = tf.reduce_max if ord > 0 else tf.reduce_min
    return pick(tf.abs(x), axis, keepdims)
