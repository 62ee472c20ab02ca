"""Interprets graphs of JAX in an array namespace: each operation by its rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jax._src import core

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.lines import line_of
from gradiometer.tracing.jax.values import (
    UnknownPrimitive,
    carried_out,
    held,
    is_key,
    needed,
    plain,
    real,
    recorded,
    truths,
)
from gradiometer.tracing.lowered import Cut, Rule
from gradiometer.vocabulary.place import at_place, present_place


@dataclass(frozen=True)
class Call:
    """An operation of JAX that is interpreted.

    Attributes:
        interpreter: What interprets it.
        primitive: JAX's own object.
        params: What it is given beside its operands.
        operands: Shapes and types of its operands.
        results: Those of its results.
        traceback: The frames that it was called in.
    """

    interpreter: Interpreter
    primitive: Any
    params: dict[str, Any]
    operands: Sequence[Any]
    results: Sequence[Any]
    traceback: Any

    @property
    def xp(self) -> Any:
        """The array namespace."""
        return self.interpreter.xp

    @property
    def name(self) -> str:
        """The primitive's name."""
        return str(self.primitive.name)

    @property
    def place(self) -> str:
        """The user's line, as ` at FILE, line N`."""
        return line_of(self.traceback) or present_place()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return tuple(self.results[0].shape)

    def carried_out(self, *values: Any) -> list[Any]:
        """Return the results as JAX finds them on plain arrays."""
        return carried_out(self.primitive, self.params, values)


@dataclass
class Interpreter:
    """An interpretation, and what is learnt on the way.

    Attributes:
        xp: The array namespace: a recording one.
        cutting: Whether what a function holds constant is held constant.
        cuts: Where it does.
        rules: The rules that were written by hand.
        notes: What is modelled otherwise than it is carried out, in order.
        lines: The namespace's operations' primitives that were met, in order, by name and line.
    """

    xp: Any
    cutting: bool = True
    cuts: list[Cut] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def closed(self, jaxpr: Any, *values: Any) -> list[Any]:
        """Return the results of a graph with its constants."""
        return self.graph(jaxpr.jaxpr, [plain_or_traced(c) for c in jaxpr.consts], values)

    def graph(self, jaxpr: Any, consts: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """Return the results of a graph."""
        known: dict[Any, Any] = {}

        def read(variable: Any) -> Any:
            return plain(variable.val) if isinstance(variable, core.Literal) else known[variable]

        known.update(zip(jaxpr.constvars, consts, strict=True))
        known.update(zip(jaxpr.invars, values, strict=True))
        for equation in jaxpr.eqns:
            call = Call(
                self,
                equation.primitive,
                equation.params,
                [v.aval for v in equation.invars],
                [v.aval for v in equation.outvars],
                equation.source_info.traceback,
            )
            found = self.apply(call, [read(v) for v in equation.invars])
            known.update(zip(equation.outvars, found, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def apply(self, call: Call, values: Sequence[Any]) -> list[Any]:
        """Return the results of one operation.

        Raises:
            UnknownPrimitive: If it has no rule.
        """
        from gradiometer.tracing.jax.table import IN_WHOLE, LAZY, MOVEMENT, RULES

        name = call.name
        with at_place(call.place):
            if name in LAZY:
                return LAZY[name](call, *values)
            values = [needed(v) for v in values]
            if _constant(call, values, name in MOVEMENT, name in IN_WHOLE):
                return call.carried_out(*values)
            if name not in RULES:
                raise _unknown(call)
            if _of_integers(call) and name not in IN_WHOLE:
                return call.carried_out(*(held(v) for v in values))
            found = RULES[name](call, *values)
        return list(found) if call.primitive.multiple_results else [found]


def plain_or_traced(constant: Any) -> Any:
    """Return what stands for a constant that a graph holds."""
    value = getattr(constant, "recorded_value", constant)
    return value if value is not constant else plain(constant)


def _constant(call: Call, values: Sequence[Any], moves: bool, whole: bool) -> bool:
    """Return whether JAX carries an operation out: exactly, or on no real numbers."""
    if any(map(recorded, values)):
        return False
    if any(map(is_key, call.operands)) or moves:
        return True
    if any(map(real, call.operands)):
        return False
    return not (whole and any(map(real, call.results)))


def _of_integers(call: Call) -> bool:
    """Return whether an operation is one of integers."""
    avals = (*call.operands, *call.results)
    return not any(map(real, avals)) and not all(map(truths, avals))


def _unknown(call: Call) -> GradiometerError:
    kinds = {str(np.dtype(a.dtype)) for a in call.operands if not is_key(a)}
    if "complex64" in kinds or "complex128" in kinds:
        return UnknownPrimitive(
            f"JAX's operation {call.name!r}{call.place} is of complex numbers: functions of real "
            "numbers are expected. Write it with real and imaginary parts."
        )
    return UnknownPrimitive(
        f"JAX's operation {call.name!r}{call.place} has no rule: it cannot be certified. Write "
        "that part with other functions of jax.numpy, or outside of the function."
    )
