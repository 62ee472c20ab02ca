"""Interprets graphs of JAX in an array namespace: each operation by its rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    own,
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
        held = [own(v, a) for v, a in zip(values, self.operands, strict=True)]
        return carried_out(self.primitive, self.params, held)


Row = Callable[..., Any]
"""`row(call, *values)` returns the result of an operation, or a list of its results."""


@dataclass(frozen=True)
class Table:
    """The rules of operations, by name.

    Attributes:
        rules: Those that are given their operands' values.
        lazy: Those that are given values which may not be computed yet.
        movement: Which only move components: exact wherever they are carried out.
        of_integers: Whose rule is right of integers, too.
    """

    rules: Mapping[str, Row]
    lazy: Mapping[str, Row]
    movement: Collection[str]
    of_integers: Collection[str]


@dataclass
class Interpreter:
    """An interpretation, and what is learnt on the way.

    Attributes:
        xp: The array namespace: a recording one.
        table: The rules.
        cutting: Whether what a function holds constant is held constant.
        trusted: Rules whose derivative is taken as declared, by name.
        cuts: Where it does.
        rules: The rules that were written by hand.
        notes: Where digits were dropped that what is recorded keeps, in order.
    """

    xp: Any
    table: Table
    cutting: bool = True
    trusted: Collection[str] = ()
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
        name, table = call.name, self.table
        with at_place(call.place):
            if name in table.lazy:
                return list(table.lazy[name](call, *values))
            values = [needed(v) for v in values]
            if _constant(call, values, name in table.movement, name in table.of_integers):
                return call.carried_out(*values)
            if name not in table.rules or _complex(call):
                raise _unknown(call)
            if _of_integers(call) and name not in table.of_integers:
                return call.carried_out(*(held(v) for v in values))
            found = table.rules[name](call, *values)
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


def _complex(call: Call) -> bool:
    """Return whether complex numbers take part in an operation."""
    avals = [a for a in (*call.operands, *call.results) if not is_key(a)]
    return any(np.dtype(a.dtype).kind == "c" for a in avals)


def _unknown(call: Call) -> GradiometerError:
    if _complex(call):
        return UnknownPrimitive(
            f"complex numbers are met{call.place}, in JAX's operation {call.name!r}: functions of "
            "real numbers are expected. Write it with real and imaginary parts."
        )
    return UnknownPrimitive(
        f"JAX's operation {call.name!r}{call.place} has no rule: it cannot be certified. Write "
        "that part with other functions of jax.numpy, or outside of the function."
    )
