"""Operations with derivatives, each at points where it has them, for proofs and tables."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

MATRIX = np.array([[2.0, 0.3, -0.5], [0.3, 1.5, 0.2], [-0.5, 0.2, 3.0]])
SKEW = np.array([[2.0, -0.4], [0.7, 1.25]])
ROWS = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
MASK = np.array([[True, False, True], [False, False, True]])

SYMMETRIC = np.array([[2.0, 0.75], [0.75, 0.5]])
CUBE = np.array([[[2.0, -0.4], [0.7, 1.25]], [[0.5, 1.5], [-1.25, 3.0]]])
SIGNALS = np.array([[[0.5, -1.25, 2.0, 1.5], [0.75, -0.25, 1.0, -2.0]]])
FILTERS = np.array([[[1.0, -0.5], [0.25, 2.0]], [[-0.75, 1.5], [0.5, -1.0]]])
IMAGE = np.array([[[[0.5, -1.25, 2.0], [1.5, 0.75, -0.25], [3.0, -2.0, 1.0]]]])

Operation = Callable[..., Any]


def _rebuilt(values: Any, vectors: Any) -> Any:
    """Return V·Λ²·Vᵀ, which no sign of a vector changes."""
    return (vectors * values * values) @ vectors.T


def _squared(values: Any, vectors: Any) -> Any:
    return vectors * vectors * values


def _product(u: Any, s: Any, vh: Any) -> Any:
    return (u * s * s) @ vh


def _squares(m: Any, *arrays: Any) -> Any:
    return m.concat([m.reshape(a * a, (-1,)) for a in arrays])


# name: cases of (operation on (namespace, arrays), the arrays)
CALCULUS: dict[str, list[tuple[Operation, list[Any]]]] = {
    **{
        name: [(lambda m, x, name=name: x * getattr(m, name)(x), [[0.75, -1.25, 2.25]])]
        for name in ("ceil", "floor", "round", "sign", "trunc")
    },
    **{
        name: [(lambda m, a, b, name=name: b * getattr(m, name)(a, b), [ROWS, [0.35, -0.7, 4.0]])]
        for name in ("floor_divide", "remainder")
    },
    "clip": [
        (lambda m, x: m.clip(x, -1.0, 1.0), [ROWS]),
        (lambda m, x, low: m.clip(x, low), [ROWS, [0.6, 0.7, 0.8]]),
        (lambda m, x, low, high: m.clip(x, low, high), [ROWS, -0.5, [0.6, 0.7, 0.8]]),
    ],
    "copysign": [(lambda m, x, y: m.copysign(x, y), [ROWS, -ROWS[0]])],
    **{
        name: [(lambda m, x, name=name: getattr(m, name)(x), [ROWS])]
        for name in ("gelu", "log_softmax", "softmax")
    },
    "broadcast_arrays": [(lambda m, x, y: m.multiply(*m.broadcast_arrays(x, y)), [ROWS, [2.0]])],
    "meshgrid": [
        (lambda m, x, y: m.multiply(*m.meshgrid(x, y, indexing="ij")), [ROWS[0], ROWS[1, :2]]),
        (lambda m, x, y: m.stack(m.meshgrid(x, y)), [ROWS[0], ROWS[1, :2]]),
    ],
    "conv": [
        (lambda m, x, w: m.conv(x, w), [SIGNALS, FILTERS]),
        (lambda m, x, w: m.conv(x, w, stride=2, padding=1), [SIGNALS, FILTERS]),
        (
            lambda m, x, w: m.conv(x, w, padding=(1, 0), dilation=(1, 2)),
            [IMAGE, IMAGE[:, :, :2, :2]],
        ),
    ],
    "avg_pool": [
        (lambda m, x: m.avg_pool(x, 2), [SIGNALS]),
        (lambda m, x: m.avg_pool(x, (2, 3), stride=1, padding=1), [IMAGE]),
    ],
    "max_pool": [
        (lambda m, x: m.max_pool(x, 2), [SIGNALS]),
        (lambda m, x: m.max_pool(x, (2, 3), stride=(1, 2), padding=1), [IMAGE]),
    ],
    "einsum": [
        (lambda m, a, b: m.einsum("ij,jk->ik", a, b), [ROWS, MATRIX]),
        (
            lambda m, a, b, c: m.einsum("i,ijk,jk->k", a, b, c),
            [ROWS[1, :2], CUBE[:, :2], CUBE[0, :2]],
        ),
        (lambda m, a, b: m.einsum("...ii,i->...", a, b), [CUBE[:, :, :2], [1.5, 0.5]]),
        (lambda m, a: m.einsum("ij->j", a), [ROWS]),
        (lambda m, a, b: m.einsum("ba,bc", a, b), [SKEW, ROWS]),
    ],
    "scan": [
        (lambda m, c, x: m.scan(lambda s, v: (s * v, s + v), c, x)[1], [ROWS[:, 0], ROWS.T.copy()]),
        (lambda m, c: m.scan(lambda s, v: (s * s, None), c, length=2)[0], [[0.5, 1.25]]),
    ],
    "hypot": [(lambda m, a, b: m.hypot(a, b), [ROWS, [0.6, 0.7, 0.8]])],
    "logaddexp": [(lambda m, a, b: m.logaddexp(a, b), [ROWS, [0.6, 0.7, 0.8]])],
    "atan2": [
        (lambda m, y, x: m.atan2(y, x), [[1.5, -1.5, 0.5], [2.0, 0.75, 0.0]]),
        (lambda m, y, x: m.atan2(y, x), [[1.5, -0.5], -2.0]),
    ],
    "logsumexp": [
        (lambda m, x, axis=axis: m.logsumexp(x, axis=axis), [ROWS]) for axis in (None, 0)
    ],
    "prod": [
        (lambda m, x: m.prod(x), [[2.0, 0.0, 3.0]]),
        (lambda m, x: m.prod(x, axis=1), [ROWS]),
    ],
    "matmul": [
        (lambda m, a, b: m.matmul(a, b), [ROWS, ROWS.T.copy()]),
        (lambda m, a: a @ a, [SKEW]),
        (lambda m, a, b: a @ b, [CUBE, ROWS[0, :2]]),
        (lambda m, a, b: a @ b, [ROWS[0, :2], CUBE]),
        (lambda m, a, b: m.matmul(a, b), [CUBE[:, None, :1], CUBE[1:]]),
    ],
    "pow": [
        (lambda m, b: m.pow(b, 3), [[0.5, -2.0]]),
        (lambda m, b: m.pow(b, -2), [[0.5, -2.0]]),
        (lambda m, b: m.pow(b, 1.5), [[0.5, 2.0]]),
        (lambda m, b, e: m.pow(b, e), [[0.5, 2.0], [2.5, -0.5]]),
        (lambda m, e: 3.0**e, [[0.5, 2.0]]),
        (lambda m, b: b**0 * b, [[0.5, -2.0]]),
        (lambda m, b: b**1, [[0.5, -2.0]]),
    ],
    "broadcast_to": [(lambda m, x: m.broadcast_to(x, (2, 3)), [ROWS[:1]])],
    "diff": [(lambda m, x, axis=axis: m.diff(x, axis=axis), [ROWS]) for axis in (0, -1)]
    + [(lambda m, x, y: m.diff(x, n=2, prepend=y), [ROWS, ROWS[:, :1]])],
    "flip": [(lambda m, x, axis=axis: m.flip(x, axis=axis), [ROWS]) for axis in (None, 1)],
    "matrix_transpose": [(lambda m, x: m.matrix_transpose(x), [ROWS])],
    "moveaxis": [(lambda m, x: m.moveaxis(x, 0, -1), [ROWS])],
    "repeat": [(lambda m, x: m.repeat(x, 2, axis=1), [ROWS])],
    "roll": [(lambda m, x: m.roll(x, 1, axis=-1), [ROWS])],
    "squeeze": [(lambda m, x: m.squeeze(x, axis=0), [ROWS[:1]])],
    "take_along_axis": [
        (lambda m, x: m.take_along_axis(x, np.array([[2, 0], [1, 1]]), axis=1), [ROWS])
    ],
    "tile": [(lambda m, x: m.tile(x, (2, 1)), [ROWS])],
    "tril": [(lambda m, x: m.tril(x), [MATRIX])],
    "triu": [(lambda m, x: m.triu(x, k=1), [MATRIX])],
    "unstack": [
        (
            lambda m, x, axis=axis: functools.reduce(lambda a, b: a * b, m.unstack(x, axis=axis)),
            [ROWS],
        )
        for axis in (0, 1)
    ],
    "cumulative_prod": [
        (lambda m, x, axis=axis: m.cumulative_prod(x, axis=axis), [ROWS]) for axis in (0, 1)
    ],
    **{
        name: [
            (lambda m, x, name=name, axis=axis: getattr(m, name)(x, axis=axis), [ROWS])
            for axis in (None, 0, 1)
        ]
        for name in ("max", "min", "std", "var")
    },
    "sort": [(lambda m, x, axis=axis: m.sort(x, axis=axis), [ROWS]) for axis in (0, -1)],
    "vecdot": [
        (lambda m, a, b: m.vecdot(a, b), [ROWS, ROWS[1]]),
        (lambda m, a, b: m.vecdot(a, b), [ROWS[:, None], ROWS]),
    ],
    "tensordot": [
        (lambda m, a, b: m.tensordot(a, b, axes=1), [ROWS, MATRIX]),
        (lambda m, a, b: m.tensordot(a, b, axes=([0, 1], [1, 0])), [ROWS, ROWS.T.copy()]),
    ],
    "linalg.cross": [(lambda m, a, b: m.linalg.cross(a, b), [ROWS, ROWS[1] + 0.5])],
    "linalg.eigh": [
        (lambda m, a: _rebuilt(*m.linalg.eigh(a + a.T)), [SKEW]),
        (lambda m, a: _squared(*m.linalg.eigh(a)), [SYMMETRIC]),
    ],
    "linalg.eigvalsh": [
        (lambda m, a: m.linalg.eigvalsh(a + m.matrix_transpose(a)), [CUBE]),
        (lambda m, a: m.linalg.eigvalsh(a + a.T), [MATRIX]),
        (lambda m, a: m.linalg.eigvalsh(a), [SYMMETRIC]),
    ],
    "linalg.svd": [
        (lambda m, a: _product(*m.linalg.svd(a, full_matrices=False)), [SKEW]),
        (lambda m, a: m.linalg.svd(a, full_matrices=False)[1], [CUBE[:, :, :1]]),
        (lambda m, a: _squares(m, *m.linalg.svd(a, full_matrices=False)), [ROWS]),
    ],
    "linalg.svdvals": [
        (lambda m, a: m.linalg.svdvals(a), [ROWS]),
        (lambda m, a: m.linalg.svdvals(a), [CUBE]),
    ],
    "linalg.qr": [
        (lambda m, a: _squares(m, *m.linalg.qr(a)), [ROWS.T.copy()]),
        (lambda m, a: m.linalg.qr(a)[1] ** 2, [ROWS]),
        (lambda m, a: m.linalg.qr(a)[0] ** 2, [CUBE]),
    ],
    "linalg.pinv": [
        (lambda m, a: m.linalg.pinv(a), [ROWS]),
        (lambda m, a: m.linalg.pinv(a), [CUBE[:, :, :1]]),
    ],
    "linalg.slogdet": [
        (lambda m, a: m.linalg.slogdet(a)[1], [MATRIX]),
        (lambda m, a: m.multiply(*m.linalg.slogdet(a)), [CUBE]),
    ],
    "linalg.matrix_norm": [
        (lambda m, a, p=p: m.linalg.matrix_norm(a, ord=p), [ROWS * [1.0, 2.0, 3.0]])
        for p in ("fro", "nuc", 1, 2, -2, math.inf, -1)
    ],
    "linalg.det": [
        (lambda m, a: m.linalg.det(a), [CUBE]),
        (lambda m, a: m.linalg.det(a), [MATRIX]),
        (lambda m, a: m.linalg.det(a), [MATRIX[[1, 0, 2]] * [0.1, 1.0, 1.0]]),
    ],
    "linalg.matmul": [(lambda m, a, b: m.linalg.matmul(a, b), [ROWS, MATRIX])],
    "linalg.matrix_power": [
        (lambda m, a, n=n: m.linalg.matrix_power(a, n), [SKEW]) for n in (-2, 0, 1, 3)
    ]
    + [(lambda m, a: m.linalg.matrix_power(a, 2), [CUBE])],
    "linalg.matrix_transpose": [(lambda m, a: m.linalg.matrix_transpose(a), [ROWS])],
    "linalg.outer": [(lambda m, a, b: m.linalg.outer(a, b), [ROWS[0], ROWS[1]])],
    "linalg.tensordot": [(lambda m, a, b: m.linalg.tensordot(a, b, axes=1), [ROWS, MATRIX])],
    "linalg.trace": [
        (lambda m, a, offset=offset: m.linalg.trace(a, offset=offset), [MATRIX])
        for offset in (0, -1)
    ],
    "linalg.vecdot": [(lambda m, a, b: m.linalg.vecdot(a, b, axis=0), [ROWS, ROWS])],
    "linalg.vector_norm": [
        (lambda m, x, p=p: m.linalg.vector_norm(x, ord=p), [ROWS])
        for p in (1, 2, 3, 2.5, math.inf, -math.inf)
    ],
    "linalg.inv": [
        (lambda m, a: m.linalg.inv(a), [SKEW]),
        (lambda m, a: m.linalg.inv(a), [MATRIX]),
        (lambda m, a: m.linalg.inv(a), [CUBE]),
    ],
    "linalg.solve": [
        (lambda m, a, b: m.linalg.solve(a, b), [SKEW, [1.0, -2.0]]),
        (lambda m, a, b: m.linalg.solve(a, b), [SKEW, ROWS]),
        (lambda m, a, b: m.linalg.solve(a, b), [CUBE, [1.0, -2.0]]),
    ],
    "linalg.cholesky": [
        (lambda m, a: m.linalg.cholesky(a + a.T), [MATRIX]),
        (lambda m, a: m.linalg.cholesky(a @ a.T), [SKEW]),
        (lambda m, a: m.linalg.cholesky(a @ m.matrix_transpose(a)), [CUBE]),
    ],
    "linalg.diagonal": [(lambda m, a: m.linalg.diagonal(a), [MATRIX])],
    "indexing": [(lambda m, a: a[1:, None] * a[[0, 0, 2]], [[0.5, 2.0, -1.5]])],
}

UNIT = [0.35, 0.75]
FACTORS = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]]
DOMAINS = {"acosh": [1.25, 2.5]}
ELEMENTWISE = (
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "digamma", "erf",
    "erfc", "erfinv", "exp", "exp2", "expm1", "gamma", "i0", "i1", "j0", "j1", "k0", "k1",
    "lgamma", "log", "log10", "log1p", "log2", "negative", "positive", "reciprocal", "relu",
    "sigmoid", "sin", "sinh", "softplus", "sqrt", "square", "tan", "tanh", "y0", "y1",
)  # fmt: skip
HELD = [(lambda m, x: m.stop_gradient(x * x) * x, [FACTORS])]
PAIRED = ("add", "divide", "maximum", "minimum", "multiply", "subtract")
RELATIONS = ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
LOGICAL = ("logical_and", "logical_or", "logical_xor")
# name: as above, of operations whose derivatives are known in closed form, or that have none
FURTHER: dict[str, list[tuple[Operation, list[Any]]]] = {
    "stop_gradient": HELD,
    **{
        name: [(lambda m, x, name=name: getattr(m, name)(x), [DOMAINS.get(name, UNIT)])]
        for name in ELEMENTWISE
    },
    **{
        name: [(lambda m, a, b, name=name: getattr(m, name)(a, b), [ROWS, [0.35, -0.7, 4.0]])]
        for name in PAIRED
    },
    **{
        name: [(lambda m, x, name=name: m.where(getattr(m, name)(x, 0.45), x, x * x), [FACTORS])]
        for name in RELATIONS
    },
    **{
        name: [
            (
                lambda m, x, name=name: m.where(getattr(m, name)(x > 0.1, x < 1.0), x, x * x),
                [FACTORS],
            )
        ]
        for name in LOGICAL
    },
    **{
        name: [
            (lambda m, x, name=name, axis=axis: getattr(m, name)(x, axis=axis), [ROWS])
            for axis in (None, 1)
        ]
        for name in ("mean", "sum")
    },
    **{
        name: [(lambda m, x, name=name: x * getattr(m, name)(x), [FACTORS])]
        for name in ("ones_like", "zeros_like")
    },
    **{
        name: [(lambda m, x, name=name: x + getattr(m, name)((2, 3)), [FACTORS])]
        for name in ("ones", "zeros")
    },
    **{
        name: [(lambda m, x, name=name: m.take(x, getattr(m, name)(x, axis=1)[0], axis=1), [ROWS])]
        for name in ("argmax", "argmin")
    },
    **{
        name: [(lambda m, x, name=name: m.where(getattr(m, name)(x), x * x, x), [FACTORS])]
        for name in ("isfinite", "isinf", "isnan", "signbit")
    },
    **{
        name: [
            (
                lambda m, x, name=name: m.where(getattr(m, name)(x > 1.0, axis=0), x * x, x),
                [FACTORS],
            )
        ]
        for name in ("all", "any")
    },
    "arange": [(lambda m, x: x * m.arange(0.5, 3.5, 1.0), [FACTORS])],
    "argsort": [(lambda m, x: m.take(x, m.argsort(x), axis=0), [FACTORS[0]])],
    "asarray": [(lambda m, x: x * m.asarray([0.5, 1.5, 2.5]), [FACTORS])],
    "astype": [(lambda m, x: x * m.astype(x > 0.1, x.dtype), [FACTORS])],
    "concat": [(lambda m, a, b: m.concat([a, b], axis=1), [ROWS, ROWS[:, :1]])],
    "count_nonzero": [
        (lambda m, x: m.where(m.count_nonzero(x > 0.1, axis=0) > 1, x * x, x), [FACTORS])
    ],
    "cumulative_sum": [
        (lambda m, x, axis=axis: m.cumulative_sum(x, axis=axis), [ROWS]) for axis in (0, -1)
    ]
    + [(lambda m, x: m.cumulative_sum(x, axis=1, include_initial=True), [ROWS])],
    "empty": [(lambda m, x: x * m.ones_like(m.empty((2, 3))), [FACTORS])],
    "empty_like": [(lambda m, x: x * m.ones_like(m.empty_like(x)), [FACTORS])],
    "expand_dims": [(lambda m, x: m.expand_dims(x, axis=1), [FACTORS])],
    "eye": [(lambda m, x: x @ m.eye(3), [FACTORS])],
    "full": [(lambda m, x: x * m.full((3,), 1.5), [FACTORS])],
    "full_like": [(lambda m, x: x * m.full_like(x, 1.5), [FACTORS])],
    "linspace": [(lambda m, x: x * m.linspace(0.5, 1.5, 3), [FACTORS])],
    "logical_not": [(lambda m, x: m.where(m.logical_not(x > 0.1), x, x * x), [FACTORS])],
    "nonzero": [(lambda m, x: m.take(x, m.nonzero(x > 0.1)[0], axis=0), [FACTORS[0]])],
    "permute_dims": [(lambda m, x: m.permute_dims(x, (1, 0)), [FACTORS])],
    "reshape": [(lambda m, x: m.reshape(x, (3, -1)), [FACTORS])],
    "stack": [(lambda m, a, b: m.stack([a, b], axis=1), [ROWS, ROWS * 2.0])],
    "take": [(lambda m, x: m.take(x, np.array([2, 0, 2]), axis=1), [FACTORS])],
    "where": [(lambda m, a, b: m.where(a > 0.1, a * a, b), [ROWS, [0.35, -0.7, 4.0]])],
}


def scalarised(operation: Operation) -> Operation:
    """Return 1 + Σ wᵢ·yᵢ + ½·w′ᵢ·yᵢ²."""

    def function(xp: Any, *arrays: Any) -> Any:
        y = operation(xp, *arrays)
        drawn = np.random.default_rng(12).uniform(0.5, 2.0, (2, *getattr(y, "shape", ())))
        w, other = (xp.asarray(each) for each in drawn)
        return 1.0 + xp.sum(w * y) + 0.5 * xp.sum(other * y * y)

    return function
