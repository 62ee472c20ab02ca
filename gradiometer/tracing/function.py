"""A function of the user's as a program: run as it is by NumPy, as a copy by every other tool.

A tool that cannot run the copy, since it has no values while it traces, is given the function's
recorded branches.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnsupportedOperation, describe
from gradiometer.tracing import merged
from gradiometer.tracing.arguments import Leaf, put, results
from gradiometer.tracing.array import Traced
from gradiometer.tracing.copies import Copies
from gradiometer.tracing.lazy import lazy_modules_hidden
from gradiometer.tracing.numpy_like import NumPyLike
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.graph import Branches
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recording import record

MOST_RECORDED, MOST_BRANCHES = 24, 8
"""Points at which branches are looked for, and how many are kept."""


TIMES_AS_MANY, SPARE = 10, 1000
"""Operations that may be made at any point: so many times those of the first one, and some more."""


@dataclass(eq=False)
class OwnFunction(Written):
    """A function written with NumPy, called with arguments of which some numbers are inputs.

    Attributes:
        written: The function.
        positional: Its positional arguments, `Leaf` in place of inputs and given values.
        named: Its keyword arguments.
        inputs: Names of the inputs.
        given: Names of the given values.
        outputs: Names of the outputs; an empty one where it returns one array alone.
        points: Points at which branches are recorded where a tool needs them.
        root: A package that counts as the user's wherever it lies.
    """

    written: Callable[..., Any]
    positional: list[Any]
    named: dict[str, Any]
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    outputs: tuple[str, ...] = ("",)
    points: Callable[[], Iterable[Point]] = field(default=tuple)
    root: str = ""

    def __post_init__(self) -> None:
        self.note = ""
        self._copies: tuple[Any, Copies] | None = None
        self._branches: Branches | None = None
        self._most = math.inf
        self._kinds: dict[str, Any] = {}
        for leaf in _leaves([self.positional, self.named]):
            self._kinds[leaf.name] = leaf.kind

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_copies": None, "_branches": None}

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, and those of the given values."""
        return self.inputs, self.given

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs: as it is written where all is NumPy's, else those of a copy."""
        self.note = ""
        values = dict(zip(self.inputs, inputs, strict=True)) | dict(given)
        if all(map(_numpys, values.values())):
            return self._returned(self.run(values))
        try:
            return self.traced(xp, values)
        except (GradiometerError, MemoryError):
            raise
        except Exception as error:
            if NumPyLike(xp).exact:
                raise  # the reference tells it
            return self._recorded(xp, inputs, given, error)

    def unknown(self, point: Point) -> str:
        """Return why recorded branches, of which none is a point's, give no number there."""
        return merged.unknown(self._branches, point) if self._branches else ""

    def original(self, inputs: Sequence[Any], given: Mapping[str, Any]) -> Sequence[Any]:
        """Return what the function returns, in float64."""
        values = dict(zip(self.inputs, inputs, strict=True)) | dict(given)
        with warnings.catch_warnings(), np.errstate(all="ignore"), lazy_modules_hidden():
            warnings.simplefilter("ignore")
            found = self._returned(self.run({name: _double(x) for name, x in values.items()}))
        return found if isinstance(found, tuple) else (found,)

    def run(self, values: Mapping[str, Any]) -> Any:
        """Return what the function returns, called as it is with NumPy's numbers."""
        made = {name: _numpy(self._kinds[name], x) for name, x in values.items()}
        positional, named = self._arguments(made, lambda x: x)
        return self.written(*positional, **named)

    def traced(self, xp: Any, values: Mapping[str, Any]) -> Any:
        """Return the outputs of a copy of the function that computes with a tool's arrays."""
        nx = self._nx(xp)
        assert self._copies is not None
        copies = self._copies[1]
        made = {name: _wrapped(nx, self._kinds[name], x) for name, x in values.items()}
        positional, named = self._arguments(made, copies.copy)
        nx.operations, nx.most = 0, self._most
        try:
            returned = self._returned(copies.copy(self.written)(*positional, **named))
        finally:
            if nx.exact or copies.changed:
                self._copies = None
        if self._most == math.inf:
            self._most = TIMES_AS_MANY * nx.operations + SPARE
        several = isinstance(returned, tuple)
        found = tuple(nx.operand(y, array=True) for y in (returned if several else (returned,)))
        return found if several else found[0]

    def _nx(self, xp: Any) -> NumPyLike:
        if self._copies is None or self._copies[0] is not xp:
            self._copies = xp, Copies(NumPyLike(xp), self.root)
        return self._copies[1].nx

    def _arguments(
        self, values: Mapping[str, Any], copy: Callable[[Any], Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        return put(self.positional, values, copy), put(self.named, values, copy)

    def _returned(self, returned: Any) -> Any:
        found = results(returned)
        if tuple(found) != self.outputs:
            raise GradiometerError(
                f"{self.written.__name__!r} returned {tuple(found) or 'no array'}, elsewhere "
                f"{self.outputs}: it must return the same at all points."
            )
        arrays = tuple(found.values())
        return arrays if len(arrays) > 1 else arrays[0]

    def _recorded(
        self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any], error: Exception
    ) -> Any:
        """Return the outputs by the recorded branches, since the function itself cannot run."""
        try:
            if self._branches is None:
                self._branches = Branches(tuple(self._recordings()))
            found = merged.evaluate(self._branches, xp, inputs, given)
        except UnsupportedOperation:
            raise
        except Exception as failed:
            raise error from failed
        self.note = f"runs as its recorded graph, since it cannot run as Python: {describe(error)}"
        return found

    def _recordings(self) -> list[Any]:
        graphs: list[Any] = []
        for k, point in enumerate(self.points()):
            try:
                graph = record(self._recordable, point)
            except (GradiometerError, ArithmeticError, ValueError):
                if k == 0:
                    raise
                continue
            if graph not in graphs:
                graphs.append(graph)
            if len(graphs) == MOST_BRANCHES:
                break
        return graphs

    def _recordable(self, xp: Any, *inputs: Any, **given: Any) -> Any:
        return self.traced(xp, dict(zip(self.inputs, inputs, strict=True)) | given)


def _leaves(structure: Any) -> list[Leaf]:
    if isinstance(structure, Leaf):
        return [structure]
    if hasattr(structure, "values") and hasattr(structure, "instance"):
        return _leaves(structure.values)
    if isinstance(structure, dict):
        return [leaf for each in structure.values() for leaf in _leaves(each)]
    if isinstance(structure, list | tuple):
        return [leaf for each in structure for leaf in _leaves(each)]
    return []


def _numpys(x: Any) -> bool:
    """Return whether a value is NumPy's own, of real numbers."""
    return isinstance(x, float) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f")


def _double(x: Any) -> Any:
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def _numpy(kind: Any, x: Any) -> Any:
    """Return a value as the function was given it: an array, or a number of its type."""
    if kind == "array":
        return np.array(x)  # its own, which the function may change
    if isinstance(x, np.ndarray):
        x = x[()]
    return kind(x) if isinstance(x, float) and not isinstance(x, np.float32) else x


def _wrapped(nx: NumPyLike, kind: Any, x: Any) -> Any:
    """Return a tool's array as the function meets it."""
    if kind != "array" and isinstance(x, np.ndarray):
        x = x[()]
    return Traced(nx, x, scalar=kind != "array")
