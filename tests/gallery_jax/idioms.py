"""Ways of writing that JAX invites: indexed updates, rules by hand, cuts, decisions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def draw(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def python_decides(x):
    if x[0] > 0.1 and jnp.sum(x) < 10:
        return jnp.sum(x**2)
    return jnp.sum(x**3)


def python_decides_arguments():
    return (draw(3) + 0.3,)


def python_loops(x, n=4):
    y = x
    for k in range(n):
        y = jnp.where(y > 0, y - k / 10, jnp.exp(y))
    while jnp.max(y) < 3:
        y = y * 1.5
    return y.sum()


def python_loops_arguments():
    return (draw(3),)


def updates(x):
    y = jnp.zeros(8)
    y = y.at[2:5].set(x).at[jnp.array([1, 1, 7])].add(x).at[0].max(x[1]).at[5].min(x[2])
    y = y.at[::3].mul(2.0)
    return jnp.sum(jnp.cumsum(y) * jnp.cumprod(1 + x.mean() * y)) + jnp.sum(lax.cummax(y))


def updates_arguments():
    return (draw(3),)


def cumulative(x):
    return jnp.sum(
        lax.cumlogsumexp(x)
        + lax.cummin(x)
        + lax.cumsum(x, reverse=True) ** 2
        + lax.cummax(x, reverse=True)
        + lax.cumprod(x)
        + jnp.diff(x, prepend=0.0)
    )


def cumulative_arguments():
    return (draw(5),)


def associative(a, b):
    def combine(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    return jnp.sum(lax.associative_scan(combine, (a, b))[1])


def associative_arguments():
    return draw(6), draw(6, seed=1)


@jax.custom_jvp
def log1pexp(x):
    return jnp.log(1.0 + jnp.exp(x))


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + jnp.exp(x))) * t


def rule_of_tangents(x):
    return jnp.sum(jax.vmap(log1pexp)(x) * x) + log1pexp(x[0] * x[1])


def rule_of_tangents_arguments():
    return (draw(4),)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def scaled(x, factor):
    return jnp.sin(x) * factor


def scaled_forward(x, factor):
    return scaled(x, factor), x


def scaled_backward(factor, x, g):
    return (g * jnp.cos(x) * factor,)


scaled.defvjp(scaled_forward, scaled_backward)


def rule_of_cotangents(x):
    return jnp.sum(scaled(x, 3.0) ** 2) + jax.jit(scaled, static_argnums=1)(x[0], 2.0)


def rule_of_cotangents_arguments():
    return (draw(4),)


def masks(x):
    kept = x > 0
    positive = jnp.where(kept, x, 1.0)
    n = jnp.sum(kept)
    return jnp.sum(jnp.where(kept, jnp.log(positive), 0.0)) / n + jnp.mean(x, where=kept)


def masks_arguments():
    return (draw(5),)


def shapes(x):
    y = jnp.concatenate([x, x[::-1] * 2], axis=0).reshape(2, -1).T
    y = jnp.pad(y, ((1, 0), (0, 2)), constant_values=0.5)[:, None]
    y = jnp.tile(y, (1, 2, 1)).swapaxes(0, 2)
    parts = jnp.split(jnp.squeeze(y[:, :1]), 2)
    grid = jnp.stack(jnp.meshgrid(x, x[:2]), -1)
    return (
        jnp.sum(parts[0] * parts[1] ** 2)
        + jnp.sum(grid.prod(-1))
        + jnp.sum(lax.dynamic_slice(x, (1,), (2,)) ** 3)
    )


def shapes_arguments():
    return (draw(4),)


def rounds(x):
    return jnp.sum(
        x * jnp.floor(x)
        + jnp.ceil(x) * x**2
        + jnp.round(x) * x
        + jnp.sign(x) * x
        + jnp.fmod(x, 0.7)
        + jnp.mod(x, 0.7)
        + lax.round(x)
        + jnp.trunc(x) * x
        + jnp.clip(x, -1, 1)
        + jnp.cbrt(x)
        + jnp.exp2(x)
        + jnp.abs(x) ** 1.5
        + jnp.hypot(x, 1.0)
        + jnp.arctan2(x, 2.0)
        + jnp.sinc(x)
        + jnp.logaddexp(x, 0.2)
        + jnp.float_power(2.0, x)
        + jnp.nan_to_num(x)
        + jnp.heaviside(x, 0.5) * x
        + jnp.copysign(x, -1.0)
        + jnp.deg2rad(x)
        + jnp.square(x)
    )


def rounds_arguments():
    return (jnp.array([0.31, -1.24, 2.63]),)


def statistics(x):
    c = jnp.cov(x)
    return (
        jnp.sum(c) + jnp.std(x) + jnp.sum(jnp.corrcoef(x)) + jnp.ptp(x) + jnp.percentile(x, 30.0)
        + jnp.average(x, weights=jnp.arange(1.0, 5.0), axis=1)[0] + jnp.prod(x)
    )  # fmt: skip


def statistics_arguments():
    return (draw(2, 4),)


def filters(x, k):
    y = jnp.convolve(x, k, mode="same") + jnp.correlate(x, k, mode="full")[:6]
    return jnp.sum(y**2) + jnp.polyval(k, x[0]) + jnp.trapezoid(x) + jnp.vander(x[:2], 3).sum()


def filters_arguments():
    return draw(6), draw(3, seed=1)


def straight_through(x):
    return jnp.sum((x + lax.stop_gradient(jnp.round(x) - x)) ** 2)


def straight_through_arguments():
    return (draw(4),)


def several(x, y):
    return {"a": jnp.sum(x * y), "b": (x**2, 3)}


def switching(x):
    which = jnp.array([0, 2, 1])
    y = lax.select_n(which, x, x**2, jnp.sin(x))
    index = jnp.floor(x[2]).astype(int)
    return jnp.sum(y) + x[index % 3] * 2.0


def switching_arguments():
    return (jnp.array([0.7, -1.2, 1.4]),)


def printed(x):
    jax.debug.print("x is {}", x)
    return jnp.sum(jnp.linalg.norm(x) * x)


def printed_arguments():
    return (draw(3),)


def fftless(x):
    n = jnp.arange(4)
    angle = 2 * jnp.pi * n[:, None] * n / 4
    return jnp.sum((jnp.cos(angle) @ x) ** 2 + (jnp.sin(angle) @ x) ** 2)


def fftless_arguments():
    return (draw(4),)


def resized(x):
    return jnp.sum(jax.image.resize(x, (5, 6), "bilinear") ** 2)


def resized_arguments():
    return (draw(3, 3),)


def mapped(x):
    return jnp.sum(lax.map(lambda row: jnp.dot(row, row) * jnp.sin(row[0]), x)) + jnp.sum(
        jnp.apply_along_axis(jnp.cumsum, 1, x) ** 2
    )


def mapped_arguments():
    return (draw(3, 2),)
