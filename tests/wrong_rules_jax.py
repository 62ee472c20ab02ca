"""Derivative rules of JAX that are wrong, each in its own way; and right ones."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp


def of_tangents(function: Any, rule: Any) -> Any:
    found = jax.custom_jvp(function)
    found.defjvp(rule)
    return found


def of_cotangents(function: Any, forward: Any, backward: Any) -> Any:
    found = jax.custom_vjp(function)
    found.defvjp(forward, backward)
    return found


def sign(x):
    return jnp.cos(x)


def factor(x):
    return jnp.tanh(x)


def missing_term(x):
    return x * jnp.sin(x)


def second_order(x):
    return jnp.exp(2.0 * x)


def forgotten(x, y):
    return jnp.sin(x) * y


def transposed(A, x):
    return A @ x


def swapped(x, y):
    return x * y**2


def off_by_one(x):
    return x**4


def stale(x):
    return jnp.sum(x**2) * x


def detached(x):
    return jax.nn.softmax(x)


def zero(x):
    return jnp.sqrt(1.0 + x**2)


def where_positive(x):
    return jnp.where(x > 0, x**2, jnp.sin(x))


def not_summed(x, b):
    return x + b


def scaled_output(x):
    return jnp.log1p(x**2), jnp.arctan(x)


def in_a_loop(x):
    return x - 0.1 * x**3


WRONG = {
    "sign": of_tangents(sign, lambda p, t: (jnp.cos(p[0]), jnp.sin(p[0]) * t[0])),
    "factor": of_cotangents(
        factor, lambda x: (jnp.tanh(x), jnp.tanh(x)), lambda y, g: (2 * g * (1 - y**2),)
    ),
    "missing_term": of_tangents(
        missing_term, lambda p, t: (p[0] * jnp.sin(p[0]), jnp.sin(p[0]) * t[0])
    ),
    "forgotten": of_cotangents(
        forgotten,
        lambda x, y: (jnp.sin(x) * y, (x, y)),
        lambda kept, g: (g * jnp.cos(kept[0]) * kept[1], jnp.zeros_like(g)),
    ),
    "transposed": of_cotangents(
        transposed,
        lambda A, x: (A @ x, (A, x)),
        lambda kept, g: (jnp.outer(g, kept[1]), kept[0] @ g),
    ),
    "swapped": of_cotangents(
        swapped,
        lambda x, y: (x * y**2, (x, y)),
        lambda kept, g: (2 * g * kept[0] * kept[1], g * kept[1] ** 2),
    ),
    "off_by_one": of_tangents(off_by_one, lambda p, t: (p[0] ** 4, 4 * p[0] ** 4 * t[0])),
    "stale": of_cotangents(
        stale,
        lambda x: (jnp.sum(x**2) * x, jnp.sum(x**2)),
        lambda s, g: (g * s,),
    ),
    "detached": of_cotangents(
        detached,
        lambda x: (jax.nn.softmax(x), jax.nn.softmax(x)),
        lambda y, g: (g * y * (1 - y),),
    ),
    "zero": of_tangents(zero, lambda p, t: (jnp.sqrt(1 + p[0] ** 2), 0.0 * t[0])),
    "where_positive": of_tangents(
        where_positive,
        lambda p, t: (where_positive(p[0]), 2 * p[0] * t[0]),
    ),
    "not_summed": of_cotangents(
        not_summed,
        lambda x, b: (x + b, None),
        lambda _, g: (g, g[0]),
    ),
    "scaled_output": of_tangents(
        scaled_output,
        lambda p, t: (
            scaled_output(p[0]), (2 * p[0] * t[0] / (1 + p[0] ** 2), t[0] / (1 + p[0]))
        ),
    ),
    "in_a_loop": of_tangents(in_a_loop, lambda p, t: (in_a_loop(p[0]), (1 - p[0] ** 2) * t[0])),
}  # fmt: skip
"""Rules whose pullback is wrong, by the name of the function that has it."""

SECOND_ORDER = of_tangents(
    second_order,
    lambda p, t: (jnp.exp(2 * p[0]), 2 * jax.lax.stop_gradient(jnp.exp(2 * p[0])) * t[0]),
)
"""A rule that is right once, and wrong where it is differentiated again."""


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def right(x, power):
    return jnp.sum(x**power)


right.defvjp(
    lambda x, power: (jnp.sum(x**power), x), lambda power, x, g: (g * power * x ** (power - 1),)
)


def used(name: str) -> Any:
    """Return a function that uses a wrong rule among right ones, and a number of arrays."""
    rule = WRONG[name]

    def function(x, y):
        z = jax.nn.relu(x) + right(y, 3.0) * jax.nn.silu(x)
        if name in ("forgotten", "swapped", "not_summed"):
            w = rule(z, y if name != "not_summed" else y[0])
        elif name == "transposed":
            w = rule(jnp.outer(x, y) + jnp.diag(y), z)
        elif name == "scaled_output":
            w = sum(rule(z))
        elif name == "in_a_loop":
            w, _ = jax.lax.scan(lambda c, _: (rule(c), None), z, None, length=3)
        else:
            w = jax.jit(rule)(z)
        return jnp.sum(jax.nn.softplus(w) * y)

    return function
