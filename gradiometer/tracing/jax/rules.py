"""Derivative rules that were written by hand: where a function uses them, and what they are of.

A function with such a rule is interpreted by what it computes itself; the rule is listed beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.tracing.jax.control import plain_call
from gradiometer.tracing.jax.interpret import Call, Interpreter
from gradiometer.tracing.jax.values import needed, real, recorded
from gradiometer.tracing.lowered import Rule
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recording import record
from gradiometer.vocabulary.space import Array

KINDS = {"custom_jvp_call": "custom_jvp", "custom_vjp_call": "custom_vjp"}


def with_rule(call: Call, *values: Any) -> Any:
    """Return what a function with a rule computes; list the rule where an input reaches it."""
    if plain_call(call, values):
        return call.carried_out(*values)
    known = [needed(v) for v in values]
    inputs = [
        k for k, (v, aval) in enumerate(zip(known, call.operands, strict=True))
        if recorded(v) and v.tracked and real(aval)
    ]  # fmt: skip
    if inputs and any(map(real, call.results)):
        call.interpreter.rules.append(_listed(call, known, inputs))
    return call.interpreter.closed(call.params["call_jaxpr"], *known)


def _listed(call: Call, known: list[Any], inputs: list[int]) -> Rule:
    plain = [v.present if recorded(v) else v for v in known]
    at = tuple(np.asarray(plain[k], np.float64) for k in inputs)
    jaxpr, outputs = call.params["call_jaxpr"], [k for k, a in enumerate(call.results) if real(a)]

    def forward(xp: Any, *arrays: Any) -> Any:
        operands = list(plain)
        for k, array in zip(inputs, arrays, strict=True):
            operands[k] = array
        again = Interpreter(xp, call.interpreter.table, call.interpreter.cutting)
        returned = again.closed(jaxpr, *operands)
        found = tuple(xp.asarray(needed(returned[k])) for k in outputs)
        return found[0] if len(found) == 1 else found

    def pullback(values: Sequence[Array], cotangents: Sequence[Array]) -> Sequence[Array]:
        return _pulled(call, plain, inputs, outputs, values, cotangents)

    names = {f"x{k}": x for k, x in enumerate(at)}
    rule = _rule_of(call)
    name, written = _source(rule)
    own, _ = _source(jaxpr.jaxpr)
    return Rule(
        KINDS[call.name], own or name, call.place, written, record(forward, Point(names)), at,
        pullback,
    )  # fmt: skip


def _pulled(
    call: Call, plain: list[Any], inputs: list[int], outputs: list[int],
    values: Sequence[Array], cotangents: Sequence[Array],
) -> Sequence[Array]:  # fmt: skip
    """Return what the rule makes of cotangents, as JAX carries it out."""
    wide = any(call.operands[k].dtype.itemsize > 4 for k in inputs)
    with jax.enable_x64(wide), core.set_current_trace(core.eval_trace):
        fixed = [_own(x, a) for x, a in zip(plain, call.operands, strict=True)]

        def function(*xs: Any) -> Any:
            operands = list(fixed)
            for k, x in zip(inputs, xs, strict=True):
                operands[k] = x
            bound = call.primitive.get_bind_params(call.params)
            found = call.primitive.bind(*operands, **bound)
            return [found[k] for k in outputs]

        at = [_own(x, call.operands[k]) for k, x in zip(inputs, values, strict=True)]
        _, back = jax.vjp(function, *at)
        given = [_own(g, call.results[k]) for k, g in zip(outputs, cotangents, strict=True)]
        return [np.asarray(each) for each in back(given)]


def _own(x: Any, aval: Any) -> Any:
    """Return an array as JAX's, of the type that an operation takes."""
    return jax.numpy.asarray(x, aval.dtype) if real(aval) else x


def _rule_of(call: Call) -> Any:
    """Return JAX's object that holds the rule."""
    return call.params.get("jvp_jaxpr_fun") or call.params.get("bwd")


def _source(holder: Any) -> tuple[str, str]:
    """Return the name of a function that JAX holds, and ` at FILE, line N`; empty if not known."""
    told = getattr(getattr(holder, "debug_info", None), "func_src_info", None) or ""
    found = re.fullmatch(r"(.*?) at (.*):(\d+)", str(told))
    if not found:
        return "", ""
    return found[1], f" at {Path(found[2]).name}, line {found[3]}"
