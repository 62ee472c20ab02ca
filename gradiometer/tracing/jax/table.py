"""The rules of all of JAX's operations that have one; in files by kind."""

from __future__ import annotations

from gradiometer.tracing.jax.algebra import ALGEBRA, DELAYED
from gradiometer.tracing.jax.control import CONTROL
from gradiometer.tracing.jax.elementwise import ELEMENTWISE
from gradiometer.tracing.jax.interpret import Row, Table
from gradiometer.tracing.jax.movement import MOVEMENT
from gradiometer.tracing.jax.products import PRODUCTS
from gradiometer.tracing.jax.reductions import REDUCTIONS
from gradiometer.tracing.jax.rules import with_rule
from gradiometer.tracing.jax.scatters import SCATTERS, WINDOWS
from gradiometer.tracing.jax.solving import linear_solve

RULES: dict[str, Row] = (
    ELEMENTWISE | REDUCTIONS | MOVEMENT | PRODUCTS | ALGEBRA | SCATTERS | WINDOWS
)
LAZY: dict[str, Row] = (
    CONTROL
    | DELAYED
    | {
        "custom_jvp_call": with_rule,
        "custom_linear_solve": linear_solve,
        "custom_vjp_call": with_rule,
    }
)
OF_INTEGERS = frozenset({
    "abs", "add", "add_any", "argmax", "argmin", "clamp", "convert_element_type", "copy", "copy_p",
    "cumsum", "eq", "ge", "gt", "integer_pow", "le", "lt", "max", "min", "mul", "name", "ne", "neg",
    "optimization_barrier", "reduce_max", "reduce_min", "reduce_sum", "scatter", "select_n", "sign",
    "square", "sub",
}) | MOVEMENT.keys()  # fmt: skip
"""Operations whose rule is right of recorded integers, too: others of those JAX carries out."""

TABLE = Table(RULES, LAZY, MOVEMENT, OF_INTEGERS)
