"""A framework's function as a program: called as it is by its framework, lowered for all else.

What it computes is known at points: its graph is recorded at each point that it is to be certified
at. Tools of other frameworks get the branches that are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, describe
from gradiometer.tracing.calling import title
from gradiometer.tracing.frameworks import ROOTS, Framework, framework
from gradiometer.tracing.lowered import Lowered
from gradiometer.tracing.taken import Taken
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.graph import Branches, UnknownBranch
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.space import Array

MOST_LOWERED = 64
"""Points of which graphs are kept."""


@dataclass(eq=False)
class NativeFunction(Written):
    """A function written in a framework.

    Attributes:
        framework: The framework's name, `jax` or `torch`.
        written: The function.
        taken: It with its arguments, as a function of flat arrays.
        points: Points at which branches are recorded where other tools need them.
    """

    framework: str
    written: Callable[..., Any]
    taken: Taken
    points: Callable[[], Iterable[Point]] = field(default=tuple)

    def __post_init__(self) -> None:
        self.note = ""
        self._known: dict[bytes, Lowered] = {}
        self._met: Lowered | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_known": {}, "_met": None}

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, and those of the given values."""
        return self.taken.inputs, self.taken.given

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs; an empty one where it returns one array alone."""
        return tuple(self.taken.outputs)

    @property
    def dtype(self) -> str:
        """What its inputs are: float32 if all of them are."""
        kinds = {self.taken.arrays[name].dtype.name for name in self.taken.inputs}
        return kinds.pop() if len(kinds) == 1 else "float64"

    @property
    def folder(self) -> Framework:
        """What lowers functions of its framework."""
        return framework(self.framework)

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs: of the function itself in its framework and in NumPy."""
        self.note = ""
        arrays = [*inputs, *(given[name] for name in self.taken.given)]
        if any(_framework_of(x) == self.framework for x in arrays):
            return _one_or_all(self.taken.function(*arrays))
        if all(isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f" for x in arrays):
            return _one_or_all(self.original(inputs, given))
        if self._met is not None:
            return self._met.graph.evaluate(xp, inputs, given)
        self.note = f"translated from {self.framework}"
        return self._branches().evaluate(xp, inputs, given)

    def original(self, inputs: Sequence[Any], given: Mapping[str, Any]) -> tuple[Array, ...]:
        """Return what the function computes, in its framework."""
        arrays = [np.asarray(x) for x in (*inputs, *(given[name] for name in self.taken.given))]
        return self.folder.call(self.taken.function, arrays, len(self.taken.inputs))

    @contextmanager
    def meeting(self, point: Point) -> Iterator[None]:
        """Evaluate what is recorded at a point."""
        before, self._met = self._met, self.lowered(point)
        try:
            yield
        finally:
            self._met = before

    def lowered(self, point: Point) -> Lowered:
        """Return what is known of the function at a point.

        Raises:
            GradiometerError: If it does what has no meaning in real numbers.
        """
        values = point.inputs | point.given
        arrays = [np.asarray(values[name]) for name in self.taken.names]
        key = b"".join(a.dtype.str.encode() + a.tobytes() for a in arrays)
        if key not in self._known:
            if len(self._known) == MOST_LOWERED:
                del self._known[next(iter(self._known))]
            self._known[key] = self._lowered(arrays)
        return self._known[key]

    def _lowered(self, arrays: Sequence[Array]) -> Lowered:
        folder, taken = self.folder, self.taken
        try:
            return folder.lower(
                taken.function, list(map(folder.native, arrays)), taken.names, taken.given
            )
        except (GradiometerError, MemoryError):
            raise
        except Exception as error:
            raise GradiometerError(
                f"{title(self.written)!r} cannot be followed: {describe(error)}."
            ) from error

    def _branches(self) -> Branches:
        """Return the branches that are known: at the points that were met, or at those to meet."""
        if not self._known:
            for k, point in enumerate(self.points()):
                try:
                    self.lowered(point)
                except GradiometerError:
                    if k == 0:
                        raise
        graphs: list[Any] = []
        for each in self._known.values():
            if each.graph not in graphs:
                graphs.append(each.graph)
        try:
            return Branches(tuple(graphs))
        except GradiometerError as error:
            raise UnknownBranch(f"its branches cannot be told apart: {error}") from error


def _framework_of(x: Any) -> str:
    return ROOTS.get(type(x).__module__.partition(".")[0], "")


def _one_or_all(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) and len(found) == 1 else found
