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

from gradiometer.errors import GradiometerError, UnsupportedOperation, describe
from gradiometer.tracing import merged
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
        trusted: Rules whose derivative is taken as they declare it, by name.
    """

    framework: str
    written: Callable[..., Any]
    taken: Taken
    points: Callable[[], Iterable[Point]] = field(default=tuple)
    trusted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.note = self.translated = ""
        self._known: dict[bytes, Lowered] = {}
        self._branches: Branches | None = None
        self._met: Lowered | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_known": {}, "_branches": None, "_met": None}

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
        self.note = self.translated = ""
        arrays = [*inputs, *(given[name] for name in self.taken.given)]
        if any(_framework_of(x) == self.framework for x in arrays):
            return _one_or_all(self.taken.function(*arrays))
        if all(isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f" for x in arrays):
            return _one_or_all(self.original(inputs, given))
        if self._met is not None:
            return self._met.graph.evaluate(xp, inputs, given)
        self.translated = self.framework
        return self._translation(xp, inputs, given)

    def unknown(self, point: Point) -> str:
        """Return why recorded branches, of which none is a point's, give no number there."""
        return merged.unknown(self._recorded(), point) if self.translated else ""

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
            self._branches = None
        return self._known[key]

    def _lowered(self, arrays: Sequence[Array]) -> Lowered:
        folder, taken = self.folder, self.taken
        try:
            return folder.lower(
                taken.function, list(map(folder.native, arrays)), taken.names, taken.given,
                self.trusted,
            )  # fmt: skip
        except (GradiometerError, MemoryError):
            raise
        except Exception as error:
            raise GradiometerError(
                f"{title(self.written)!r} cannot be followed: {describe(error)}."
            ) from error

    def _translation(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs by the recorded branches; of all, where a tool cannot decide."""
        branches = self._recorded()
        try:
            return branches.evaluate(xp, inputs, given)
        except (GradiometerError, MemoryError):
            raise
        except Exception as error:
            try:
                return merged.evaluate(branches, xp, inputs, given)
            except UnsupportedOperation:
                raise
            except Exception as failed:
                raise error from failed

    def _recorded(self) -> Branches:
        """Return the branches that are known: at the points that were met, or at those to meet."""
        if self._branches is None:
            self._branches = self._record()
        return self._branches

    def _record(self) -> Branches:
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


def notes(program: Any, point: Point) -> tuple[str, ...]:
    """Return where a framework's function drops digits that its certificate keeps; else nothing."""
    return program.lowered(point).notes if isinstance(program, NativeFunction) else ()


def _framework_of(x: Any) -> str:
    return ROOTS.get(type(x).__module__.partition(".")[0], "")


def _one_or_all(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) and len(found) == 1 else found
