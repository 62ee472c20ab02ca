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

from gradiometer.tracing.frameworks import framework
from gradiometer.tracing.jax.control import plain_call
from gradiometer.tracing.jax.interpret import Call, Interpreter
from gradiometer.tracing.jax.values import needed, real, recorded
from gradiometer.tracing.lowered import Function, Rule
from gradiometer.tracing.trusted import declared
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recording import record

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
    if not (inputs and any(map(real, call.results))):
        return call.interpreter.closed(call.params["call_jaxpr"], *known)
    rule = _listed(call, known, inputs)
    call.interpreter.rules.append(rule)
    found = call.interpreter.closed(call.params["call_jaxpr"], *known)
    if rule.name in call.interpreter.trusted:
        outputs = [k for k, a in enumerate(call.results) if real(a)]
        held = [call.xp.stop_gradient(needed(found[k])) for k in outputs]
        folder = framework("jax")
        with core.set_current_trace(core.eval_trace):
            found[outputs[0]] = declared(folder, rule, held, [known[k] for k in inputs])
    return found


def _listed(call: Call, known: list[Any], inputs: list[int]) -> Rule:
    plain = [v.present if recorded(v) else v for v in known]
    at = tuple(np.asarray(plain[k], call.operands[k].dtype) for k in inputs)
    jaxpr, outputs = call.params["call_jaxpr"], [k for k, a in enumerate(call.results) if real(a)]

    def forward(xp: Any, *arrays: Any) -> Any:
        operands = list(plain)
        for k, array in zip(inputs, arrays, strict=True):
            operands[k] = array
        again = Interpreter(xp, call.interpreter.table, call.interpreter.cutting)
        returned = again.closed(jaxpr, *operands)
        found = tuple(xp.asarray(needed(returned[k])) for k in outputs)
        return found[0] if len(found) == 1 else found

    names = {f"x{k}": np.asarray(x, np.float64) for k, x in enumerate(at)}
    rule = _rule_of(call)
    name, written = _source(rule)
    own, _ = _source(jaxpr.jaxpr)
    return Rule(
        KINDS[call.name], own or name, call.place, written, record(forward, Point(names)), at,
        bound(call, plain, inputs, outputs),
    )  # fmt: skip


def bound(
    call: Call, values: Sequence[Any], inputs: Sequence[int], outputs: Sequence[int]
) -> Function:
    """Return an operation as JAX carries it out, as a function of some of its operands.

    Args:
        call: The operation.
        values: Those of all its operands.
        inputs: Which operands the function takes.
        outputs: Which results it returns.
    """

    def function(*xs: Any) -> list[Any]:
        operands = [_own(x, a) for x, a in zip(values, call.operands, strict=True)]
        for k, x in zip(inputs, xs, strict=True):
            operands[k] = x.astype(call.operands[k].dtype)
        found = call.primitive.bind(*operands, **call.primitive.get_bind_params(call.params))
        found = found if call.primitive.multiple_results else [found]
        return [found[k] for k in outputs]

    return function


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
