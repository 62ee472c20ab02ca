"""Traces a function's intermediate values and their adjoints: the way in for every door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradiometer.checking.beside import beside, scope
from gradiometer.checking.calling import called_as_written, refuse_what_is_no_function
from gradiometer.intermediates.computed import Computed, compute
from gradiometer.intermediates.hand import Pass, run
from gradiometer.intermediates.matching import Matching
from gradiometer.intermediates.rows import Rows
from gradiometer.intermediates.traced import Trace
from gradiometer.tracing.calling import Argnums
from gradiometer.tracing.native_function import notes
from gradiometer.tracing.own import as_problem
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.point import Point, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space

Function = Callable[..., Any]


def trace(
    function: Any,
    *args: Any,
    gradient: Function | None = None,
    output: str | None = None,
    argnums: Argnums = None,
    at: Any = None,
    size: str | None = None,
    seed: int = 0,
    dtype: str | None = None,
    full: bool = False,
    **kwargs: Any,
) -> Trace:
    """Return every intermediate value of a function, and the derivative of its output in it.

    Values and derivatives are enclosed in ball arithmetic, in one forward and one backward pass.

    Args:
        function: A function, called with NumPy's arrays and numbers; or a `Problem`.
        *args: The function's arguments.
        gradient: A hand-written backward pass, whose variables are laid beside: called with the
            function's arguments, of several outputs with a cotangent of each behind them. By
            default what a problem brings along, or what is named as its derivative beside it.
        output: The output to differentiate, or one component of it, `y` or `y[0]`; by default the
            sum of all components of all outputs, which is to say a cotangent of ones.
        argnums: Which arguments are differentiated, by position or name.
        at: Further arguments by name, or a function that returns, or draws, the arguments.
        size: One of a problem's sizes.
        seed: What points are drawn with.
        dtype: What the numbers are; float64, or of a framework's function what its arguments are.
        full: Whether every operation has a row, and every component is shown.
        **kwargs: The function's arguments by name.

    Raises:
        GradiometerError: If it cannot be carried out.

    Example:
        >>> def f(x, y, z):
        ...     q = x + y
        ...     return q * z
        >>> traced = trace(f, -2.0, 5.0, -4.0)
        >>> [(row.name, float(row.adjoint.components.high[0])) for row in traced.rows[3:]]
        [('q', -4.0), ('q*z', 1.0)]
    """
    instead = "arguments are those of functions. Choose a point by `size` and `seed`."
    problem = as_problem(function, args, kwargs, argnums, at, instead)
    return trace_problem(
        problem, gradient, output=output, size=size, seed=seed, dtype=dtype, full=full
    )


def trace_problem(
    problem: Problem,
    gradient: Function | None = None,
    *,
    output: str | None = None,
    size: str | None = None,
    seed: int = 0,
    dtype: str | None = None,
    full: bool = False,
) -> Trace:
    """Return every intermediate value of a problem, as `trace` does.

    Raises:
        GradiometerError: If it cannot be carried out.
    """
    numbers = find_dtype(problem.dtype if dtype is None else dtype).name
    point = problem.point(problem.labels[0] if size is None else size, seed, numbers)
    found = compute(problem, point, output)
    rows = Rows(found, full=full)
    several = rows.rows()
    done = _by_hand(problem, gradient, point, found.cotangents)
    taken, either = set(found.variables.names.values()), found.done.evaluation.conventions
    matching = Matching(several, _bound(found, rows), taken, numbers, either)
    if done is not None:
        matching.match(done)
    of, outputs = _differentiated(problem, found, output)
    hand = "" if done is None else done.name
    facts = (matching.left, matching.remark, found.note, notes(problem.function, point))
    return Trace(problem, point, several, of, outputs, full, hand, *facts)


def _bound(found: Computed, rows: Rows) -> dict[str, list[int]]:
    """Return the rows of what the function bound to each of its variables."""
    position = {node: k for k, node in enumerate(rows.nodes)}
    bound = found.variables.bound.items()
    return {
        variable: [position[node] for node in nodes if node.tracked]
        for variable, nodes in bound
        if all(node in position for node in nodes if node.tracked)
    }


def _differentiated(problem: Problem, found: Computed, output: str | None) -> tuple[str, list[str]]:
    """Return what the derivatives are of, and which outputs are in it."""
    if output is not None and "[" in output:
        return output, [output]
    (name, end), *more = found.ends.items()
    if more or end.shape:
        return "Σ", list(found.ends)
    known = found.variables.of(end) or name or "f"
    return known, [known]


def _by_hand(
    problem: Problem, gradient: Function | None, point: Point, cotangents: Mapping[str, Any]
) -> Pass | None:
    """Run the hand-written pass, if there is one: named, registered, or beside the function."""
    asked = operator("vjp" if problem.outputs else "gradient")
    named = beside(scope(problem), getattr(problem.written, "__name__", ""), asked.name)
    if gradient is not None:
        refuse_what_is_no_function(gradient, asked)
    backward = gradient if gradient is not None else problem.backward or named
    if backward is None:
        return None
    known = getattr(backward, "__name__", type(backward).__name__)
    name = f"the backward pass of {problem.name}" if known == "_" else known
    taken = cotangents if problem.outputs else {}
    called = backward
    if backward is not problem.backward:
        signature = Signature(Space.of(point.inputs), Space.of(cotangents))
        called = called_as_written(backward, problem, asked, signature)
    return run(name, called, point, taken, backward)
