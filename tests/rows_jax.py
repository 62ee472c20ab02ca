"""For each operation of JAX that has a rule, a function that uses it, and arrays for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import ad_checkpoint, lax
from jax._src import ad_util, core
from jax._src import linear_util as lu
from jax._src.api_util import debug_info
from jax._src.lax import lax as internals

X = np.array([0.31, -0.42, 0.73, 1.24])
P = np.array([0.31, 0.42, 0.73, 0.84])
M = np.random.default_rng(3).normal(size=(3, 3))
S = M @ M.T + np.eye(3)
G = np.random.default_rng(4).normal(size=(4, 6))

Case = tuple[Callable[..., Any], list[Any]]


def elementwise() -> dict[str, Case]:
    inside = ("acos", "asin", "atanh", "erf_inv", "sqrt", "rsqrt", "log", "lgamma", "digamma")
    unary = [
        "abs",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "bessel_i0e",
        "bessel_i1e",
        "cbrt",
        "ceil",
        "cos",
        "cosh",
        "digamma",
        "erf",
        "erf_inv",
        "erfc",
        "exp",
        "exp2",
        "expm1",
        "floor",
        "is_finite",
        "lgamma",
        "log",
        "log1p",
        "logistic",
        "neg",
        "round",
        "rsqrt",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "tan",
        "tanh",
    ]
    found: dict[str, Case] = {
        name: (getattr(lax, name), [P + (1 if name == "acosh" else 0) if name in (
            *inside, "acosh") else X]) for name in unary
    }  # fmt: skip
    binary = [
        "add",
        "atan2",
        "div",
        "eq",
        "ge",
        "gt",
        "le",
        "lt",
        "max",
        "min",
        "mul",
        "ne",
        "pow",
        "rem",
        "sub",
    ]
    found |= {name: (getattr(lax, name), [P, X[::-1].copy()]) for name in binary}
    return found | {
        "add_any": (lambda x: ad_util.add_jaxvals_p.bind(x, x * 2), [X]),
        "and": (lambda x: (x > 0) & (x < 1), [X]),
        "bitcast_convert_type": (
            lambda x: x * (lax.bitcast_convert_type(np.float64(3), jnp.int64) % 7), [X]),
        "clamp": (lambda x: lax.clamp(-0.1, x, 0.9), [X]),
        "conj": (lambda x: x, [X]),
        "convert_element_type": (lambda x: x.astype(jnp.float32) + (x > 0) + jnp.arange(4), [X]),
        "copy": (lambda x: jnp.copy(x) ** 2, [X]),
        "device_put": (lambda x: jax.device_put(x) ** 2, [X]),
        "eq_to": (lambda x: lax.eq_to_p.bind(x, X[::-1]), [X]),
        "integer_pow": (lambda x: x**3 + lax.integer_pow(x, -2), [X]),
        "le_to": (lambda x: lax.le_to_p.bind(x, X[::-1]), [X]),
        "lt_to": (lambda x: lax.lt_to_p.bind(x, X[::-1]), [X]),
        "name": (lambda x: ad_checkpoint.checkpoint_name(x, "kept") ** 2, [X]),
        "not": (lambda x: ~(x > 0), [X]),
        "optimization_barrier": (lambda x: lax.optimization_barrier(x) ** 2, [X]),
        "or": (lambda x: (x > 1) | (x < 0), [X]),
        "polygamma": (lambda x: lax.polygamma(np.array([0.0, 1.0, 2.0, 1.0]), x), [P]),
        "reduce_precision": (lambda x: lax.reduce_precision(x, 11, 52) ** 2, [X]),
        "select_n": (lambda x: lax.select_n(x > 0, x, x**2) + lax.select_n(
            jnp.array([0, 2, 1, 0]), x, x**2, x**3), [X]),
        "tie": (lambda x: internals.tie_p.bind(x, x**2), [X]),
        "xor": (lambda x: (x > 0) ^ (x < 1), [X]),
    }  # fmt: skip


def reductions() -> dict[str, Case]:
    return {
        "argmax": (lambda x: x[jnp.argmax(x)], [X]),
        "argmin": (lambda x: jnp.argmin(x, axis=0), [G]),
        "cumlogsumexp": (lambda x: lax.cumlogsumexp(x, axis=1, reverse=True), [G]),
        "cummax": (lambda x: lax.cummax(x, axis=1), [G]),
        "cummin": (lambda x: lax.cummin(x, reverse=True), [G]),
        "cumprod": (lambda x: lax.cumprod(x, axis=1), [G]),
        "cumsum": (lambda x: lax.cumsum(x, reverse=True), [G]),
        "reduce": (
            lambda x: lax.reduce(x, np.float64(0.0), lambda a, b: a + b + a * b, (1,)), [G]),
        "reduce_and": (lambda x: jnp.all(x > -1, axis=1), [G]),
        "reduce_max": (lambda x: jnp.max(x, axis=(0,)), [G]),
        "reduce_min": (lambda x: jnp.min(x, axis=1), [G]),
        "reduce_or": (lambda x: jnp.any(x > 1, axis=1), [G]),
        "reduce_prod": (lambda x: jnp.prod(x, axis=1), [G]),
        "reduce_sum": (lambda x: jnp.sum(x, axis=1) + jnp.sum(x > 0, axis=1), [G]),
    }  # fmt: skip


def movement() -> dict[str, Case]:
    at = jnp.array([[3, 1], [0, 9], [2, 2]])
    return {
        "broadcast_in_dim": (lambda x: jnp.broadcast_to(x[:, None], (4, 3)), [X]),
        "concatenate": (lambda x: jnp.concatenate([x, jnp.ones((4, 1)), x], axis=1), [G]),
        "dynamic_slice": (lambda x: lax.dynamic_slice(x, (jnp.argmax(x[:, 0]), 4), (2, 3)), [G]),
        "dynamic_update_slice": (
            lambda x, y: lax.dynamic_update_slice(x, y, (jnp.array(1), jnp.array(9))), [G, M]),
        "gather": (lambda x: x.at[at].get(mode="fill", fill_value=2.0) + x[jnp.array([1])], [X]),
        "pad": (lambda x: lax.pad(x, np.float64(0.5), [(1, -1, 2), (-2, 1, 0)]), [G]),
        "reshape": (lambda x: x.reshape(3, 8), [G]),
        "rev": (lambda x: lax.rev(x, (0, 1)), [G]),
        "slice": (lambda x: x[1:, ::2], [G]),
        "sort": (lambda x: lax.sort((jnp.round(x), -x, x**2), num_keys=2)[2] + lax.sort(
            (jnp.array([3, 1, 2, 0]), x), num_keys=1)[1] + jnp.sort(x), [X]),
        "split": (lambda x: jnp.split(x, [1, 4], axis=1)[1], [G]),
        "squeeze": (lambda x: jnp.squeeze(x[:1] ** 2, 0), [G]),
        "stack": (lambda x: jnp.stack([x, x**2], axis=1), [X]),
        "tile": (lambda x: lax.tile(x, (2, 3)), [G]),
        "top_k": (lambda x: lax.top_k(x, 3)[0] + lax.top_k(x, 3)[1], [G]),
        "transpose": (lambda x: x.T, [G]),
        "unstack": (lambda x: jnp.unstack(x, axis=1)[2], [G]),
    }  # fmt: skip


def products() -> dict[str, Case]:
    image = np.random.default_rng(5).normal(size=(2, 4, 5, 6))
    kernel = np.random.default_rng(6).normal(size=(2, 3, 2, 6))
    numbers = ("NCHW", "HWIO", "NHWC")
    return {
        "conv_general_dilated": (lambda x, k: lax.conv_general_dilated(
            x, k, (2, 1), [(1, -1), (2, 0)], (2, 1), (1, 2), numbers, feature_group_count=2),
            [image, kernel]),
        "dot_general": (lambda a, b: lax.dot_general(a, b, (((2,), (1,)), ((1,), (0,)))),
                        [np.ones((2, 3, 4)) * np.arange(1.0, 4.0)[:, None], G.reshape(3, 4, 2)]),
    }  # fmt: skip


def algebra() -> dict[str, Case]:
    linalg = lax.linalg
    return {
        "cholesky": (lambda a: linalg.cholesky(a @ a.T + jnp.eye(3)), [M]),
        "custom_linear_solve": (lambda a, b: jnp.linalg.solve(a, b), [M, M[:, :2]]),
        "eigh": (lambda a: jnp.linalg.eigh(a + a.T)[0], [M]),
        "householder_product": (lambda a, t: linalg.householder_product(a, t), [M, P[:3]]),
        "lu": (lambda a: linalg.lu(a)[0], [M]),
        "qr": (lambda a: jnp.abs(jnp.linalg.qr(a)[1]), [M]),
        "svd": (lambda a: jnp.linalg.svd(a, compute_uv=False), [M]),
        "triangular_solve": (lambda a, b: sum(linalg.triangular_solve(
            a, b, left_side=left, lower=lower, transpose_a=turned, unit_diagonal=unit)
            for left in (True, False) for lower in (True, False) for turned in (True, False)
            for unit in (True, False)), [M + 3 * np.eye(3), S]),
        "tridiagonal_solve": (lambda d, b: linalg.tridiagonal_solve(
            jnp.array([0.0, 0.1, 0.2, 0.3]), d, jnp.array([0.3, 0.2, 0.1, 0.0]), b), [X + 2, G]),
    }  # fmt: skip


def scatters() -> dict[str, Case]:
    at = jnp.array([2, 0, 7])
    pool = {"window_dimensions": (2, 3), "window_strides": (1, 2), "padding": "SAME"}

    def pooled(x: Any, of: Any, first: float) -> Any:
        return lax.reduce_window(x, first, of, (2, 2), (2, 1), ((1, 0), (0, 1)), (1, 2), (2, 1))

    return {
        "reduce_window": (lambda x: lax.reduce_window(
            x, np.float64(1.0), lambda a, b: a * b, **pool), [G]),
        "reduce_window_max": (lambda x: lax.reduce_window(x, -jnp.inf, lax.max, **pool), [G]),
        "reduce_window_min": (lambda x: lax.reduce_window(x, jnp.inf, lax.min, **pool), [G]),
        "reduce_window_sum": (lambda x: pooled(x, lax.add, 0.0), [G]),
        "scatter": (lambda x, y: x.at[at].set(y[:3], mode="drop"), [X, P]),
        "scatter-add": (lambda x, y: x.at[jnp.array([2, 2, 0, 9])].add(y), [X, P]),
        "scatter-max": (lambda x, y: x.at[jnp.array([2, 2, 0, 1])].max(y), [X, P]),
        "scatter-min": (lambda x, y: x.at[jnp.array([2, 2, 0, 1])].min(y), [X, P]),
        "scatter-mul": (
            lambda x, y: x.at[jnp.array([2, 1, 0, 3])].mul(y, unique_indices=True), [X, P]),
        "scatter-sub": (lambda x, y: x.at[jnp.array([2, 2, 0, 1])].subtract(y), [X, P]),
        "select_and_gather_add": (lambda x, t: jax.jvp(
            lambda z: lax.reduce_window(z, -jnp.inf, lax.max, **pool), (x,), (t,))[1], [G, G**2]),
        "select_and_scatter_add": (lambda x: jax.grad(lambda z: jnp.sum(
            lax.reduce_window(z, -jnp.inf, lax.max, **pool) ** 2))(x), [G]),
    }  # fmt: skip


def control() -> dict[str, Case]:
    @jax.custom_jvp
    def cubed(x: Any) -> Any:
        return x**3

    cubed.defjvp(lambda p, t: (p[0] ** 3, 3 * p[0] ** 2 * t[0]))

    @jax.custom_vjp
    def squared(x: Any) -> Any:
        return x**2

    squared.defvjp(lambda x: (x**2, x), lambda x, g: (2 * x * g,))

    @jax.jit
    def called(x: Any) -> Any:
        def wrapped(y: Any) -> Any:
            return [jnp.sin(y)]

        names = debug_info("called", wrapped, (x,), {})
        return core.closed_call_p.bind(x, subfuns=(lu.wrap_init(wrapped, debug_info=names),))[0]

    batched = jax.custom_batching.custom_vmap(jnp.sin)
    batched.def_vmap(lambda size, along, x: (jnp.sin(x), along[0]))

    def printed(x: Any) -> Any:
        jax.debug.callback(lambda y: None, x)
        jax.debug.print("{}", x)
        return x**2

    def sunk(x: Any) -> Any:
        internals.dce_sink(x)
        return x**2

    def side_by_side(x: Any) -> Any:
        return lax.while_loop(lambda c: c < 2.0, lambda c: c * 1.5, x)

    return {
        "closed_call": (called, [X]),
        "composite": (lambda x: lax.composite(jnp.sin, "test.sine")(x), [X]),
        "cond": (lambda x: lax.cond(x[0] > 0, jnp.sin, jnp.cos, x), [X]),
        "custom_jvp_call": (cubed, [X]),
        "custom_vjp_call": (squared, [X]),
        "custom_vmap_call": (batched, [X]),
        "dce_sink": (sunk, [X]),
        "debug_callback": (printed, [X]),
        "debug_print": (printed, [X]),
        "jit": (jax.jit(jnp.sin), [X]),
        "linear_call": (lambda x: jax.custom_derivatives.linear_call(
            lambda r, y: r * y, lambda r, g: r * g, jnp.array(P), x), [X]),
        "remat2": (jax.checkpoint(jnp.sin), [X]),
        "scan": (lambda x: lax.scan(lambda c, y: (c * y + 1, c), 1.0, x, reverse=True)[1], [X]),
        "stop_gradient": (lambda x: lax.stop_gradient(x) * x, [X]),
        "while": (lambda x: jnp.append(jax.vmap(side_by_side)(x * x), lax.while_loop(
            lambda c: jnp.sum(c) < 9, lambda c: c * 1.4, x)), [X]),
    }  # fmt: skip


ROWS: dict[str, Case] = (
    elementwise() | reductions() | movement() | products() | algebra() | scatters() | control()
)
