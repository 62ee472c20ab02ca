"""Rules of what JAX calls, repeats and decides: functions dissolve, loops are unrolled."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.lines import called_by_user
from gradiometer.tracing.jax.values import Delayed, held, is_key, needed, real, recorded
from gradiometer.tracing.lowered import Cut
from gradiometer.vocabulary.place import at_place


def plain_call(call: Call, values: Any) -> bool:
    """Return whether JAX carries a whole function out: no real number is in it, or it draws."""
    if any(isinstance(v, Delayed) or recorded(v) for v in values):
        return False
    drawn = any(map(is_key, call.operands))
    return drawn or not any(map(real, (*call.operands, *call.results)))


OF_BITS: dict[str, Row] = {"signbit": lambda call, x: call.xp.signbit(x)}
"""Functions of jax.numpy that look at the bits of real numbers, by name."""


def _inlined(name: str) -> Row:
    def rule(call: Call, *values: Any) -> Any:
        if plain_call(call, values):
            return call.carried_out(*values)
        if call.params.get("name") in OF_BITS:
            return [OF_BITS[call.params["name"]](call, *map(needed, values))]
        jaxpr = call.params[name]
        if hasattr(jaxpr, "consts"):
            return call.interpreter.closed(jaxpr, *values)
        return call.interpreter.graph(jaxpr, (), values)

    return rule


def _scan(call: Call, *values: Any) -> Any:
    p = call.params
    fixed, carried = int(p["num_consts"]), int(p["num_carry"])
    consts, carry = values[:fixed], [needed(v) for v in values[fixed : fixed + carried]]
    cut = [needed(v) for v in values[fixed + carried :]]
    if plain_call(call, [*map(needed, consts), *carry, *cut]):
        return call.carried_out(*map(needed, values))
    steps, columns = range(int(p["length"])), []
    for k in reversed(steps) if p["reverse"] else steps:
        returned = call.interpreter.closed(p["jaxpr"], *consts, *carry, *(x[k] for x in cut))
        carry = [needed(v) for v in returned[:carried]]
        columns.append([needed(v) for v in returned[carried:]])
    if p["reverse"]:
        columns.reverse()
    results = call.results[carried:]
    stacked = [_stacked(call, list(each)) for each in zip(*columns, strict=True)]
    return [*carry, *(stacked or [np.zeros(a.shape, a.dtype) for a in results])]


def _stacked(call: Call, column: list[Any]) -> Any:
    return call.xp.stack(column) if any(map(recorded, column)) else _joined(column)


def _joined(column: list[Any]) -> Any:
    """Return plain arrays as one; keys of random numbers are JAX's."""
    if hasattr(column[0], "_base_array"):
        import jax.numpy as jnp  # whose keys are no arrays of NumPy's

        return jnp.stack(column)
    return np.stack(column)


def _while(call: Call, *values: Any) -> Any:
    p = call.params
    of_test, of_body = int(p["cond_nconsts"]), int(p["body_nconsts"])
    test, body = values[:of_test], values[of_test : of_test + of_body]
    carry = list(values[of_test + of_body :])
    if plain_call(call, [needed(v) for v in values]):
        return call.carried_out(*map(needed, values))
    while True:
        going = needed(call.interpreter.closed(p["cond_jaxpr"], *test, *carry)[0])
        if not bool(call.xp.any(going) if recorded(going) else np.any(going)):
            return carry
        found = [needed(v) for v in call.interpreter.closed(p["body_jaxpr"], *body, *carry)]
        carry = [_kept(call, going, x, y) for x, y in zip(map(needed, carry), found, strict=True)]


def _kept(call: Call, going: Any, before: Any, after: Any) -> Any:
    """Return what loops that run side by side carry on: those that have ended, what they had."""
    if np.ndim(going if not recorded(going) else going.present) == 0:
        return after
    shape = (*going.shape, *(1,) * (np.ndim(_plainly(after)) - len(going.shape)))
    if any(map(recorded, (going, before, after))):
        return call.xp.where(call.xp.reshape(going, shape), after, before)
    return np.where(np.reshape(going, shape), after, before)


def _plainly(x: Any) -> Any:
    return x.present if recorded(x) else x


def _cond(call: Call, which: Any, *values: Any) -> Any:
    branches = call.params["branches"]
    chosen = int(held(needed(which)))
    return call.interpreter.closed(branches[min(max(chosen, 0), len(branches) - 1)], *values)


def _stop_gradient(call: Call, x: Any) -> Any:
    def held_constant() -> Any:
        value = needed(x)
        if not recorded(value) or not value.tracked or not real(call.operands[0]):
            return value
        interpreter = call.interpreter
        if not interpreter.cutting:
            return value
        cut = Cut("stop_gradient", call.place, called_by_user(call.traceback, "stop_gradient"))
        if cut not in interpreter.cuts:
            interpreter.cuts.append(cut)
        with at_place(call.place):
            return call.xp.stop_gradient(value)

    return [Delayed(held_constant)]


def _nothing(call: Call, *values: Any) -> Any:
    """Print nothing: what is shown is no part of a function."""
    return []


CALLED = {
    "call": "call_jaxpr", "checkpoint": "jaxpr", "closed_call": "call_jaxpr",
    "composite": "jaxpr", "core_call": "call_jaxpr", "custom_vmap_call": "call", "jit": "jaxpr",
    "linear_call": "callee", "remat2": "jaxpr", "remat_opt": "fwd_jaxpr",
}  # fmt: skip
"""Operations that call a function, and under which name they hold it."""

CONTROL: dict[str, Row] = {name: _inlined(of) for name, of in CALLED.items()} | {
    "cond": _cond,
    "dce_sink": _nothing,
    "debug_callback": _nothing,
    "debug_print": _nothing,
    "scan": _scan,
    "stop_gradient": _stop_gradient,
    "while": _while,
}
