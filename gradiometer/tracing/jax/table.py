"""The rules of all of JAX's operations that have one; in files by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiometer.tracing.jax.algebra import ALGEBRA, DELAYED
from gradiometer.tracing.jax.control import CONTROL
from gradiometer.tracing.jax.elementwise import ELEMENTWISE, OF_INTEGERS_TOO
from gradiometer.tracing.jax.movement import MOVEMENT
from gradiometer.tracing.jax.products import PRODUCTS
from gradiometer.tracing.jax.reductions import REDUCTIONS
from gradiometer.tracing.jax.rules import with_rule
from gradiometer.tracing.jax.scatters import SCATTERS, WINDOWS
from gradiometer.tracing.jax.solving import linear_solve

Rule = Callable[..., Any]

RULES: dict[str, Rule] = (
    ELEMENTWISE | REDUCTIONS | MOVEMENT | PRODUCTS | ALGEBRA | SCATTERS | WINDOWS
)
"""Rules that are given their operands' values."""

LAZY: dict[str, Rule] = (
    CONTROL
    | DELAYED
    | {
        "custom_jvp_call": with_rule,
        "custom_linear_solve": linear_solve,
        "custom_vjp_call": with_rule,
    }
)
"""Rules that are given values which may not be computed yet: they ask for what they need."""

IN_WHOLE: frozenset[str] = (
    OF_INTEGERS_TOO
    | MOVEMENT.keys()
    | {"scatter", "argmax", "argmin", "reduce_max", "reduce_min", "reduce_sum", "cumsum",
       "optimization_barrier", "convert_element_type", "name", "copy_p", "top_k"}
)  # fmt: skip
"""Operations whose rule is right of recorded integers, too: others of those JAX carries out."""
