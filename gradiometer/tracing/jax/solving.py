"""The rule of JAX's linear solutions by a function: its matrix is read off, and solved with.

JAX hides how it solves behind its own derivative rule; what is solved is told by the function that
multiplies by the matrix.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax._src import core
from numpy.typing import NDArray

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.interpret import Call
from gradiometer.tracing.jax.values import needed, real
from gradiometer.tracing.positions import moved


def linear_solve(call: Call, *values: Any) -> Any:
    """Return A⁻¹·b, where A is known by the products with it."""
    p = call.params
    count = int(p["const_lengths"].matvec)
    consts = [needed(v) for v in values[:count]]
    sides = [needed(v) for v in values[sum(int(n) for n in p["const_lengths"]) :]]
    matvec, xp = p["jaxprs"].matvec, call.xp
    if len(sides) != 1:
        raise GradiometerError(
            f"a linear solution of several arrays{call.place} has no rule: join them to one."
        )
    b = xp.asarray(sides[0])
    blocks, alike = _blocks(matvec, count)
    n = blocks.shape[1]
    columns = _products(call, matvec, consts, blocks)
    flat = xp.reshape(b, (-1,))
    right = moved(xp, lambda at: at[blocks], [flat])
    if alike:
        first = blocks[0]
        matrix = moved(xp, lambda at: at.reshape(n, -1)[:, first].T, [columns])
        found = xp.matrix_transpose(xp.linalg.solve(matrix, xp.matrix_transpose(right)))
    else:
        matrices = moved(xp, lambda at: np.moveaxis(at.reshape(n, -1)[:, blocks], 0, -1), [columns])
        found = xp.linalg.solve(matrices, xp.expand_dims(right, axis=-1))
    back = np.argsort(blocks.ravel())
    return [moved(xp, lambda at: at.ravel()[back].reshape(call.shape), [found])]


def _products(call: Call, matvec: Any, consts: list[Any], blocks: NDArray[Any]) -> Any:
    """Return the products of the matrix with unit vectors, those of all blocks at once."""
    aval = call.results[0]
    units = np.zeros((blocks.shape[1], int(np.prod(aval.shape, dtype=int))))
    for k in range(blocks.shape[1]):
        units[k, blocks[:, k]] = 1.0
    units = units.reshape(-1, *aval.shape)
    many = jax.vmap(core.jaxpr_as_fun(matvec), in_axes=(*(None,) * len(consts), 0))
    shapes = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in matvec.in_avals[: len(consts)]]
    with core.set_current_trace(core.eval_trace):
        jaxpr = jax.make_jaxpr(many)(*shapes, jax.ShapeDtypeStruct(units.shape, aval.dtype))
    return needed(call.interpreter.closed(jaxpr, *consts, units)[0])


def _blocks(matvec: Any, count: int) -> tuple[NDArray[Any], bool]:
    """Return which components are solved for together, and whether with one and the same matrix.

    What a product with the matrix depends on is told by its values at random constants.
    """
    rng = np.random.default_rng(0)
    aval = matvec.in_avals[count]
    size = int(np.prod(aval.shape, dtype=int))
    drawn = [
        rng.standard_normal(a.shape) if real(a) else np.zeros(a.shape, a.dtype)
        for a in matvec.in_avals[:count]
    ]
    with jax.enable_x64(True), core.set_current_trace(core.eval_trace):
        consts = [np.asarray(x, a.dtype) for x, a in zip(drawn, matvec.in_avals, strict=False)]
        units = np.eye(size, dtype=aval.dtype).reshape(size, *aval.shape)
        function = core.jaxpr_as_fun(matvec)
        many = jax.vmap(lambda u: function(*consts, u)[0])
        products = np.asarray(many(units)).reshape(size, size)
    together = (products != 0.0) | (products != 0.0).T | np.eye(size, dtype=bool)
    labels = np.arange(size)
    while True:
        least = np.where(together, labels[None, :], size).min(axis=1)
        if np.array_equal(least, labels):
            break
        labels = least
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if len({len(m) for m in members}) > 1:
        return np.arange(size)[None, :], True
    blocks = np.array(members)
    found = products.T[blocks[:, :, None], blocks[:, None, :]]
    return blocks, bool(np.all(found == found[:1]))
