"""The arrays that a function of the user's meets: NumPy's behaviour on any tool's arrays.

An array is a view of a storage, by the positions of its components; NumPy, applied to those
positions, decides what is a view and what a copy. Nothing of the tool's is changed in place: an
assignment gathers old and new components into another array of the tool, which all views share. So
tools whose arrays cannot be assigned to run what is written with assignments.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

LOST = "its derivative would be lost; write it with NumPy's functions."


class Storage:
    """What views share: the tool's array that holds the components at present."""

    __slots__ = ("native", "positions")

    def __init__(self, native: Any, shape: tuple[int, ...]) -> None:
        self.native = native
        self.positions = np.arange(np.prod(shape, dtype=int)).reshape(shape)


class Traced(NDArrayOperatorsMixin):
    """An array, or a number, of a tool.

    Args:
        nx: NumPy's functions over the tool's.
        native: The tool's array; NumPy's where it is a constant.
        scalar: Whether it is a number, which cannot be assigned to.
        boolean: Whether the components are truth values.
    """

    __slots__ = ("_native", "_of", "_positions", "_storage", "boolean", "nx", "scalar", "shape")
    __array_priority__ = 1000.0

    def __init__(
        self, nx: NumPyLike, native: Any, *, scalar: bool | None = None, boolean: bool = False
    ) -> None:
        self.nx = nx
        self.shape = shape_of(native)
        self.scalar = not self.shape if scalar is None else scalar
        self.boolean = boolean
        self._storage: Storage | None = None
        self._positions: Any = None
        self._native = self._of = native

    # What it is.

    @property
    def native(self) -> Any:
        """The components as they are now, as the tool's own array."""
        if self._storage is not None and self._of is not self._storage.native:
            whole = self._storage.native
            at = self._positions
            self._native = whole if at is None else self.nx.native.take(whole, at)
            self._of = whole
        return self._native

    @property
    def constant(self) -> bool:
        """Whether it is made of NumPy's real numbers."""
        return isinstance(self.native, np.ndarray | np.generic) and self.native.dtype.kind in "fiub"

    @property
    def positions(self) -> Any:
        """Where in the storage the components lie."""
        if self._storage is None:
            self._storage = Storage(self._native, self.shape)
        return self._storage.positions if self._positions is None else self._positions

    @property
    def places(self) -> Any:
        """Which component each is, in order."""
        return np.arange(self.size).reshape(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of components."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the components."""
        if self.constant:
            return self.native.dtype  # type: ignore[no-any-return]
        return np.dtype(bool if self.boolean else float)

    @property
    def flat(self) -> Traced:
        """All components in order, as a view."""
        return self.reshape(-1)  # type: ignore[no-any-return]

    def seen(self, there: Any, native: Any) -> Traced:
        """Return the components at positions: a view if NumPy made one of those, else a copy."""
        found = Traced(self.nx, native, boolean=self.boolean)
        found.scalar = not isinstance(there, np.ndarray)
        if not found.scalar and np.may_share_memory(there, self.positions):
            found._storage, found._positions = self._storage, there
            found._of = self._storage.native if self._storage else native
        return found

    def moved(self, by: Any) -> Traced:
        """Return the components as a function of NumPy's arranges their positions."""
        there = by(self.positions)
        own = there if self._positions is None else by(self.places)
        return self.seen(there, self.nx.native.take(self.native, np.asarray(own)))

    def turned(self, axes: tuple[int, ...]) -> Traced:
        """Return the axes in another order."""
        return self.seen(
            self.positions.transpose(axes), self.nx.native.transpose(self.native, axes)
        )

    def shaped(self, by: Any) -> Traced:
        """Return the components in order in another shape, which a function of NumPy's tells."""
        there = by(self.positions)
        return self.seen(there, self.nx.native.reshape(self.native, there.shape))

    # Indexing and assignment.

    def __getitem__(self, key: Any) -> Any:
        key = index(key)
        there = self.positions[key]
        native = self.native
        if _simple(key) and (self.ndim or self.constant):
            return self.seen(there, native[key])
        own = there if self._positions is None else self.places[key]
        return self.seen(there, self.nx.native.take(native, np.asarray(own)))

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.scalar:
            raise refusal("an assignment to a number", "numbers cannot be changed in place.")
        if isinstance(key, Traced) and key.boolean and not key.constant and not np.ndim(value):
            self[...] = self.nx.where(key, value, self)
            return
        at = np.asarray(self.positions[index(key)])
        if np.ndim(value) > at.ndim:
            value = self.nx.reshape(value, np.shape(value)[np.ndim(value) - at.ndim :])
        assert self._storage is not None
        if at.size:
            self._storage.native = self.nx.written(self._storage, at, value)

    def __len__(self) -> int:
        if not self.shape:
            raise refusal("len() of a number", "it has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise refusal("a loop over a number", "it has nothing to loop over.")
        return (self[k] for k in range(self.shape[0]))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self.nx.plain(self == item)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.nx.attribute(self, name)

    # Conversions to numbers and to NumPy's arrays.

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() "
                "or a.all()"
            )
        return bool(self.reshape(()).native if self.boolean or self.constant else self != 0)

    def __float__(self) -> float:
        return float(self.__array__())

    def __index__(self) -> int:
        return operator.index(self.__array__()[()])

    def __int__(self) -> int:
        return int(self.nx.plain(self, "int(x)"))

    def __complex__(self) -> complex:
        raise refusal("complex(x)", "functions are of real numbers.")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.nx.plain(self, "a function outside NumPy"), dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return self.nx.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.nx.standing_for(function)(*args, **kwargs)

    def __copy__(self, *memo: Any) -> Traced:
        return Traced(self.nx, self.native, scalar=self.scalar, boolean=self.boolean)

    __deepcopy__ = __copy__

    def __reduce__(self) -> Any:
        raise refusal("an array is pickled", LOST)

    def __hash__(self) -> int:
        if not self.scalar:
            raise TypeError("unhashable type: 'numpy.ndarray'")
        return id(self)

    def __eq__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, str | None) else np.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, str | None) else np.not_equal(self, other)

    def __round__(self, decimals: int | None = None) -> Any:
        return self.nx.round(self, decimals or 0)

    def __floor__(self) -> Any:
        return self.nx.floor(self)

    def __ceil__(self) -> Any:
        return self.nx.ceil(self)

    def __trunc__(self) -> Any:
        return self.nx.trunc(self)

    def __repr__(self) -> str:
        return f"array({self.native!r})"

    def __format__(self, spec: str) -> str:
        return format(self.native, spec) if self.constant else str(self.native)


def shape_of(native: Any) -> tuple[int, ...]:
    """Return the shape of a tool's array; numbers have no axes."""
    return tuple(map(int, getattr(native, "shape", ())))


def index(key: Any) -> Any:
    """Return an index in NumPy's own integers and booleans."""
    if isinstance(key, tuple):
        return tuple(map(index, key))
    if isinstance(key, list):
        return np.asarray([index(each) for each in key], dtype=None if key else int)
    if isinstance(key, slice):
        ends = (key.start, key.stop, key.step)
        return slice(*(k if k is None else operator.index(k) for k in ends))
    if isinstance(key, np.integer):
        return int(key)
    if isinstance(key, Traced):
        found = key.nx.plain(key, "an index")
        if found.dtype.kind == "f":
            raise refusal("real numbers are used as an index", "an index takes integers.")
        return found if found.ndim else found.item()
    return key


def _simple(key: Any) -> bool:
    """Return whether every tool can be asked for an index: integers, and slices that go forward."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        part is None
        or part is Ellipsis
        or (isinstance(part, int) and not isinstance(part, bool))
        or (isinstance(part, slice) and (part.step is None or part.step > 0))
        for part in parts
    )
