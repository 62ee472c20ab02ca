"""A problem's function as a straight line of operations, for tools that cannot run Python.

They build an expression, or read a source, where shapes are not numbers and nothing can branch. The
function is recorded at the point of preparation: loops are unrolled, shapes are the point's.
"""

from __future__ import annotations

import functools
from typing import Any

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.composed import COMPOSED
from gradiometer.vocabulary.graph import Graph, Guard, Operation, shape_of
from gradiometer.vocabulary.like_numpy import functions, matrices
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.recorded import Unrecordable
from gradiometer.vocabulary.recording import record


def straight_line(
    f: Primal, kept: tuple[str, ...] = (), *, matrices_too: bool = False
) -> tuple[list[Operation], Any]:
    """Return the operations of a function, in order, and what it returns.

    Values are numbered: inputs first, then given values, then operations.

    Args:
        f: The function.
        kept: Functions that the tool has; others that can be composed of simpler ones, are.
        matrices_too: Whether functions of `linalg` are composed of simpler ones as well.

    Raises:
        Unsupported: If it branches, or cannot be recorded.
    """

    def composed(xp: Any, *inputs: Any, **given: Any) -> Any:
        simpler: dict[str, Any] = functions(xp)
        names = Namespace(xp, {n: each for n, each in simpler.items() if n not in kept})
        for name in COMPOSED.keys() - {*kept, "stop_gradient"}:
            setattr(names, name, functools.partial(COMPOSED[name], names))
        if matrices_too:
            vars(names).update(linalg=Namespace(xp.linalg, matrices(names, xp.linalg)))
        return f.problem.function(names, *inputs, **given)

    try:
        graph: Graph = record(composed, f.point)
    except Unrecordable as error:
        raise Unsupported(f"cannot be written as a straight line: {error}") from error
    for step in graph.steps:
        if isinstance(step, Guard) and step.test is not shape_of:
            raise Unsupported(f"branches on a value{step.place}: a straight line cannot.")
    return [step for step in graph.steps if isinstance(step, Operation)], graph.result
