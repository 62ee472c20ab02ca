"""The operations of a function as JAX carries them out, each with what it should compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.tracing.jax.control import CONTROL
from gradiometer.tracing.jax.interpret import Call, Interpreter
from gradiometer.tracing.jax.lower import flat, wide_enough
from gradiometer.tracing.jax.rules import KINDS, bound
from gradiometer.tracing.jax.table import TABLE
from gradiometer.tracing.jax.tracer import run
from gradiometer.tracing.jax.values import carried_out, needed, own, real
from gradiometer.tracing.lowered import Kernel
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.place import at_place
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.recording import record


def kernels(function: Callable[..., Any], arrays: Sequence[Any]) -> list[Kernel]:
    """Return the operations on real numbers that a function of JAX's carries out, in order.

    What only moves numbers is left out.

    Args:
        function: Takes flat arrays of JAX, and returns one, or a tuple of them.
        arrays: Their values.

    Raises:
        UnknownPrimitive: If an operation has no rule.
    """
    watching = Watching(NUMPY, TABLE)
    with wide_enough(arrays):
        own = [jax.numpy.asarray(a) for a in arrays]
        run(watching, lambda *xs: flat(function(*xs)), list(map(core.typeof, own)),
            list(map(np.asarray, own)))  # fmt: skip
    return watching.found


@dataclass
class Watching(Interpreter):
    """Carries operations out in JAX, and keeps what came of each.

    Attributes:
        found: The operations so far.
    """

    found: list[Kernel] = field(default_factory=list)

    def apply(self, call: Call, values: Sequence[Any]) -> list[Any]:
        """Return the results of one operation."""
        if call.name in CONTROL or call.name in KINDS:
            with at_place(call.place):
                return list(self.table.lazy[call.name](call, *values))
        known = [own(needed(v), a) for v, a in zip(values, call.operands, strict=True)]
        results = carried_out(call.primitive, call.params, known)
        inputs = [k for k, a in enumerate(call.operands) if real(a)]
        outputs = [k for k, a in enumerate(call.results) if real(a)]
        if inputs and outputs and call.name not in self.table.movement:
            at = tuple(np.asarray(known[k]) for k in inputs)
            numbers = tuple(np.asarray(results[k], call.results[k].dtype) for k in outputs)
            graph = _forward(call, known, inputs, outputs)
            function = bound(call, known, inputs, outputs)
            self.found.append(Kernel(call.name, call.place, graph, at, numbers, function))
        return results


def _forward(call: Call, known: list[Any], inputs: list[int], outputs: list[int]) -> Graph:
    """Return what an operation should compute of its real operands."""

    def forward(xp: Any, *arrays: Any) -> Any:
        operands = list(known)
        for k, array in zip(inputs, arrays, strict=True):
            operands[k] = array
        again = Interpreter(xp, TABLE)
        own = Call(again, call.primitive, call.params, call.operands, call.results, call.traceback)
        returned = again.apply(own, operands)
        found = tuple(xp.asarray(needed(returned[k])) for k in outputs)
        return found[0] if len(found) == 1 else found

    return record(forward, Point({f"x{k}": np.asarray(known[k]) for k in inputs}))
