"""Records a function of an array namespace as a graph, by evaluating it in NumPy at a point.

What Python decides on a value becomes a guard: an `if`, or a length, an index or a number that does
not depend on an input. So do the shapes, which are the point's. A loop is recorded as often as it
runs.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiometer.vocabulary.graph import (
    Branches,
    Constant,
    Graph,
    Guard,
    Named,
    Operation,
    Value,
    call_method,
    shape_of,
    substitute,
)
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import Recorded, Unrecordable, place

SPECIAL = ("erf", "erfc", "gamma", "lgamma")
NUMPY = Namespace(np, {name: np.vectorize(getattr(math, name), otypes=[float]) for name in SPECIAL})

SHAPED_BY_VALUES = ("argwhere", "compress", "extract", "flatnonzero", "nonzero", "unique")
PLAIN = (bool, int, float, complex, str, type, np.dtype, Named)
"""What stands for itself in a graph."""


def record(function: Callable[..., Any], point: Point) -> Graph:
    """Return a function's operations at a point, as a graph.

    Args:
        function: `function(xp, *inputs, **given)`.
        point: Where; the graph holds for arrays of these shapes, on the branches taken here.

    Raises:
        Unrecordable: If a number that depends on an input leaves the computation, or two
            evaluations differ.

    Example:
        >>> graph = record(lambda xp, x: x if x > 0.0 else -x, Point({"x": np.array(3.0)}))
        >>> float(graph(np, 2.0))
        2.0
    """
    graph = _Recorder().graph(function, point)
    if _Recorder().graph(function, point) != graph:
        raise Unrecordable(
            "not a function of its inputs: two evaluations at one point differ. It must not use "
            "random numbers, the clock, or anything that it changes."
        )
    return graph


def record_branches(function: Callable[..., Any], points: Sequence[Point]) -> Branches:
    """Return a function's branches that are taken at some points.

    Raises:
        Unrecordable: As `record`.
    """
    graphs: list[Graph] = []
    for graph in (record(function, point) for point in points):
        if graph not in graphs:
            graphs.append(graph)
    return Branches(tuple(graphs))


class _Names:
    """The array namespace that a function meets: its functions are recorded."""

    def __init__(self, recorder: _Recorder, names: Namespace, prefix: str = "") -> None:
        self._recorder = recorder
        self._names = names
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        found, full = getattr(self._names, name), self._prefix + name
        if isinstance(found, Namespace):
            return _Names(self._recorder, found, f"{full}.")
        if isinstance(found, float) and math.isfinite(found):
            return Recorded(self._recorder, Named(full), np.float64(found), tracked=False)
        if isinstance(found, type) and issubclass(found, np.generic):
            return Named(full)
        return functools.partial(self._recorder.call, full) if callable(found) else found


class _Recorder:
    """The steps of one evaluation."""

    def __init__(self) -> None:
        self.steps: list[Operation | Guard] = []
        self.values = 0

    def graph(self, function: Callable[..., Any], point: Point) -> Graph:
        """Return the graph of a function at a point."""
        inputs = [self._array(np.array(a), tracked=True) for a in point.inputs.values()]
        given = {k: self._array(np.array(a), tracked=False) for k, a in point.given.items()}
        for array in (*inputs, *given.values()):
            self.guard(shape_of, array)
        result = self._reference(function(_Names(self, NUMPY), *inputs, **given))
        return Graph(tuple(point.inputs), tuple(point.given), tuple(self.steps), result)

    def guard(self, test: Callable[[Any], Any], array: Recorded, leaving: str = "") -> Any:
        """Return how a test of an array comes out; `leaving` names one that takes a number out.

        Raises:
            Unrecordable: If that is a real number which depends on an input.
        """
        if leaving and array._tracked and array._value.dtype.kind not in "biu":
            raise Unrecordable(
                f"{leaving} takes a number that depends on an input out of the computation"
                f"{place()}: its derivative would be lost; write the operation with `xp`."
            )
        outcome = test(array._value)
        self.steps.append(Guard(test, self._reference(array), outcome, place()))
        return outcome

    def call(self, function: str | Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Record an operation, and return its result."""
        own, named = self._reference(arguments), self._reference(options)
        called = operator.attrgetter(function)(NUMPY) if isinstance(function, str) else function
        with np.errstate(all="ignore"):
            found = called(*substitute(arguments, _concrete), **substitute(options, _concrete))
        self.steps.append(Operation(function, own, named, place()))
        met: list[Any] = []
        substitute((arguments, options), met.append)
        arrays = [each for each in met if isinstance(each, Recorded)]
        result = self._array(found, tracked=any(each._tracked for each in arrays))
        if result is not None and _shaped_by_values(function, arguments, arrays):
            for each in result if isinstance(result, tuple) else (result,):
                self.guard(shape_of, each)
        return result

    def _array(self, found: Any, *, tracked: bool) -> Any:
        """Return what stands for a value: an array, or several."""
        self.values += 1
        if found is None:
            return None
        value = Value(self.values - 1)
        if isinstance(found, tuple | list):
            whole = Recorded(self, value, found, tracked)
            parts = [self.call(operator.getitem, whole, k) for k in range(len(found))]
            return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)
        if isinstance(found, bool | int | float):
            found = np.asarray(found)[()]
        if not isinstance(found, np.ndarray | np.generic):
            raise Unrecordable(f"an operation returns {type(found).__name__}{place()}.")
        return Recorded(self, value, found, tracked)

    def _reference(self, nested: Any) -> Any:
        """Return what stands for arguments in the graph."""
        return substitute(nested, self._leaf)

    def _leaf(self, leaf: Any) -> Any:
        if isinstance(leaf, Recorded) and leaf._recorder is self:
            return leaf._reference
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufc":
            return Constant(leaf.copy())
        if isinstance(leaf, np.generic):
            leaf = leaf.item()
        if isinstance(leaf, float) and math.isnan(leaf):
            return math.nan  # one and the same, so that graphs can be compared
        if leaf is None or leaf is Ellipsis or isinstance(leaf, PLAIN):
            return leaf
        kept = " that was kept from an earlier evaluation" if isinstance(leaf, Recorded) else ""
        raise Unrecordable(f"{type(leaf).__name__}{kept} cannot be recorded{place()}.")


def _shaped_by_values(function: Any, arguments: Any, arrays: Sequence[Recorded]) -> bool:
    """Return whether a result's shape may depend on values: on a mask, or a length."""
    name = arguments[1] if function is call_method else function
    if name is operator.getitem:
        arrays = arrays[1:]
    elif not isinstance(name, str) or name == "where":
        return False
    return name in SHAPED_BY_VALUES or any(each._value.dtype.kind in "biu" for each in arrays)


def _concrete(leaf: Any) -> Any:
    """Return what an operation is computed of in NumPy."""
    if isinstance(leaf, Recorded):
        return leaf._value
    if isinstance(leaf, np.ndarray):
        return leaf.copy()  # as a graph's constants are
    return leaf.find(NUMPY, ()) if isinstance(leaf, Named) else leaf
