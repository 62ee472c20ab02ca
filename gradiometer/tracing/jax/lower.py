"""Lowers functions of JAX: records what they compute at their arrays as a graph."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.tracing.jax.interpret import Interpreter
from gradiometer.tracing.jax.lines import written_at
from gradiometer.tracing.jax.table import TABLE
from gradiometer.tracing.jax.tracer import run
from gradiometer.tracing.lowered import Lowered
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.place import at_place
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recording import record


def lower(
    function: Callable[..., Any],
    arrays: Sequence[Any],
    names: Sequence[str],
    given: Sequence[str] = (),
    trusted: Collection[str] = (),
) -> Lowered:
    """Return a function of JAX's as a graph, at the values of its arrays.

    Args:
        function: Takes flat arrays of JAX, and returns one, or a tuple of them.
        arrays: Their values: inputs, then those that are held constant.
        names: Their names, in the same order.
        given: Which of them are held constant.
        trusted: Rules whose derivative is taken as declared, by name.

    Raises:
        UnknownPrimitive: If an operation has no rule.
        Unrecordable: If a number leaves the computation, or two evaluations differ.
    """
    known: list[Interpreter] = []
    asked = function, arrays, names, given
    graph = _recorded(*asked, known, trusted=trusted)
    met = known[-1]
    uncut = _recorded(*asked, known, trusted=trusted, cutting=False) if met.cuts else None
    return Lowered(graph, uncut, tuple(met.cuts), tuple(met.rules), tuple(met.notes))


def values_only(
    function: Callable[..., Any],
    arrays: Sequence[Any],
    names: Sequence[str],
    given: Sequence[str] = (),
) -> Lowered:
    """Return the graph of a function's values, without what JAX would hold constant of it."""
    known: list[Interpreter] = []
    graph = _recorded(function, arrays, names, given, known, cutting=False)
    return Lowered(graph, notes=tuple(known[-1].notes))


def _recorded(
    function: Callable[..., Any], arrays: Sequence[Any], names: Sequence[str],
    given: Sequence[str], known: list[Interpreter],
    *, trusted: Collection[str] = (), cutting: bool = True,
) -> Graph:  # fmt: skip
    """Record a function; what its interpretations have learnt is added to `known`."""
    values = dict(zip(names, map(np.asarray, arrays), strict=True))
    point = Point(
        {k: x for k, x in values.items() if k not in given},
        {k: x for k, x in values.items() if k in given},
    )
    with wide_enough(arrays):
        avals = {name: core.typeof(jax.numpy.asarray(x)) for name, x in values.items()}

    def program(xp: Any, *inputs: Any, **fixed: Any) -> Any:
        interpreter = Interpreter(xp, TABLE, cutting, trusted)
        known.append(interpreter)
        at = dict(zip(point.inputs, inputs, strict=True)) | fixed
        with wide_enough(arrays), at_place(written_at(function)):
            found = run(
                interpreter, lambda *xs: flat(function(*xs)), [avals[k] for k in names],
                [at[k] for k in names],
            )  # fmt: skip
        outputs = tuple(xp.asarray(x) for x in found)
        return outputs[0] if len(outputs) == 1 else outputs

    return record(program, point)


def wide_enough(arrays: Sequence[Any]) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which JAX has doubles, if there are any among arrays."""
    doubles = any(np.asarray(x).dtype == np.float64 for x in arrays)
    return jax.enable_x64(True) if doubles else contextlib.nullcontext()


def flat(returned: Any) -> list[Any]:
    """Return what a function returned as a list of arrays."""
    return list(returned) if isinstance(returned, tuple | list) else [returned]
