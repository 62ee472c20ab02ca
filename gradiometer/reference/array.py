"""The arrays that a problem's function is given in the reference: they behave as NumPy's do.

An array is a view of a storage, by the positions of its components; NumPy, applied to those
positions, decides what is a view and what a copy. Assignment replaces the storage's node on the
tape by a new one, which all views of it share. A result without axes is a scalar, as in NumPy: it
cannot be assigned to, and `+=` makes another.

Integers are exact. What NumPy has and the reference cannot do right is refused by name, with what
to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference import node as nodes
from gradiometer.reference import numeric, structure
from gradiometer.reference.evaluation import compare
from gradiometer.reference.loose import Loose
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import DERIVATIVE_LOST, REFUSED, WrongName, WrongValue, refusal
from gradiometer.reference.rounding import computing

Positions = NDArray[np.int64]


class Storage:
    """What views share: the node that holds the components at present."""

    def __init__(self, node: Node) -> None:
        self.node = node

    @cached_property
    def positions(self) -> Positions:
        """The position of each component, in the storage's shape."""
        return np.arange(self.node.size).reshape(self.node.shape)

    def write(self, at: Positions, values: Node) -> None:
        """Replace the components at these positions; of one that is met twice, the last counts."""
        if not at.size:
            return
        writer = np.full(self.node.size, -1)
        writer[at.ravel()] = np.arange(at.size)
        flat, new = (structure.reshape(x, (-1,)) for x in (self.node, values))
        written = new[np.maximum(writer, 0)]
        self.node = structure.reshape(structure.where(writer >= 0, written, flat), self.node.shape)


class Array:
    """An array of real numbers, or of exact integers, on the tape.

    Operators and methods are those of `gradiometer.reference.protocol`.

    Args:
        node: Its components.
        integer: Whether they are integers.
        scalar: Whether it cannot be assigned to; a result without axes by default.
    """

    __slots__ = ("_node", "_of", "_positions", "_storage", "integer", "scalar")
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as NumPy's

    def __init__(self, node: Node, *, integer: bool = False, scalar: bool | None = None) -> None:
        self.integer = integer
        self.scalar = node.ndim == 0 if scalar is None else scalar
        self._storage = Storage(node)
        self._positions: Positions | None = None
        self._node = self._of = node

    @property
    def node(self) -> Node:
        """The components as they are now."""
        whole = self._storage.node
        if self._of is not whole:  # which was written to since
            at = self._positions
            self._node = whole if at is None else structure.reshape(whole, (-1,))[at]
            self._of = whole
        return self._node

    @property
    def positions(self) -> Positions:
        """Where in the storage the components lie."""
        return self._storage.positions if self._positions is None else self._positions

    def view_or_copy(self, there: Any, node: Node) -> Array:
        """Return the components there: a view if NumPy made one of the positions, else a copy."""
        found = Array(node, integer=self.integer, scalar=not isinstance(there, np.ndarray))
        if np.may_share_memory(there, self.positions):
            found.scalar, found._positions = self.scalar and not there.ndim, there
            found._storage, found._of = self._storage, self._storage.node
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self._node.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._node.ndim

    @property
    def size(self) -> int:
        """Number of components."""
        return self._node.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the components, as a tool would hold them."""
        return np.dtype(np.int64 if self.integer else computing().name)

    # Indexing and assignment.

    def __getitem__(self, key: Any) -> Array:
        key = index(key)
        return self.view_or_copy(self.positions[key], self.node[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.scalar:
            raise refusal("an assignment to a scalar", "numbers cannot be changed in place.")
        at, new = np.asarray(self.positions[index(key)]), lift(value)
        if self.integer and not integers(value):
            raise refusal(
                "a real number is assigned to an array of integers",
                "its fraction would be lost; make the array of floats.",
            )
        while new.ndim > at.ndim and new.shape[0] == 1:
            new = structure.reshape(new, new.shape[1:])
        try:
            new = structure.spread(new, at.shape)
        except ValueError:
            raise refusal(
                f"an array of shape {new.shape} is assigned to components of shape {at.shape}",
                "the shapes must fit.",
                WrongValue,
            ) from None
        self._storage.write(at, new)

    def __len__(self) -> int:
        if not self.ndim:
            raise refusal("len() of an array without axes", "it has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        if not self.ndim:
            raise refusal("a loop over an array without axes", "it has nothing to loop over.")
        return (self[k] for k in range(self.shape[0]))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def __getattr__(self, name: str) -> Any:
        if name in REFUSED:
            raise refusal(f".{name} of an array", REFUSED[name], WrongName)
        raise WrongName(f"arrays have no attribute {name!r}.")

    def __copy__(self) -> Array:
        return Array(self.node, integer=self.integer, scalar=self.scalar)

    def __deepcopy__(self, memo: Any) -> Array:
        return self.__copy__()

    # Conversions to numbers and to NumPy's arrays.

    def __bool__(self) -> bool:
        if self.size != 1:
            raise refusal(
                f"the truth of an array of {self.size} components",
                "say which are meant: `(x > 0).all()`, or `xp.where` for a choice in each.",
                WrongValue,
            )
        return bool(compare(self.node, "!=", Node(0)).item())

    def __index__(self) -> int:
        if not self.integer or self.size != 1 or self.node.tracked:
            raise refusal(
                "a real number is used as an integer",
                "an index, a length or a number of steps must not be computed from inputs.",
            )
        return numeric.whole(self.node.value)[0]

    def __int__(self) -> int:
        return self.__index__() if self.integer else int(self.__float__())

    def __float__(self) -> float:
        return float(constants(self, "float(x), or a function of `math`,").item())

    def __complex__(self) -> complex:
        return complex(self.__float__())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return constants(self, "a function of NumPy").astype(dtype or self.dtype)

    def __repr__(self) -> str:
        return f"Array({numeric.floats(self.node.value).tolist()})"

    def __format__(self, spec: str) -> str:
        shown = format(numeric.floats(self.node.value)[()], spec)
        return f"≈{shown}" if self.node.tracked else shown  # to be read, not to be computed with


def index(key: Any) -> Any:
    """Return an index in NumPy's own integers and booleans."""
    if isinstance(key, tuple):
        return tuple(map(index, key))
    if isinstance(key, slice):
        return slice(*(k if k is None else int(k) for k in (key.start, key.stop, key.step)))
    if isinstance(key, Array):
        if not key.integer:
            raise refusal("real numbers are used as an index", "an index takes integers.")
        found = constants(key, "an index")
        return found if found.ndim else int(found)
    return key


def lift(x: Any) -> Node:
    """Return x as a node; lists may hold arrays, of which one array is made."""
    if isinstance(x, Array):
        return x.node
    if isinstance(x, Loose):
        return nodes.lift(np.asarray(x))  # which is refused
    if isinstance(x, list | tuple) and _holds_arrays(x):
        rows = [lift(each) for each in x]
        return structure.concat([structure.reshape(row, (1, *row.shape)) for row in rows])
    if isinstance(x, str | bytes | dict | set | type(None)):
        raise refusal(f"{x!r} is used as an array", "numbers and arrays are expected.")
    if np.iscomplexobj(x):
        raise refusal("a complex number is met", "the reference is of real functions.")
    return nodes.lift(x)


def integers(x: Any) -> bool:
    """Return whether x holds integers or booleans alone."""
    if isinstance(x, Array):
        return x.integer
    if isinstance(x, int):
        return True
    if isinstance(x, list | tuple):
        return bool(x) and all(map(integers, x))
    return np.asarray(x).dtype.kind in "iub"


def constants(x: Array, what: str) -> NDArray[Any]:
    """Return an array that is constant, and exact in doubles or integers, as NumPy's.

    Raises:
        WrongType: If it depends on an input, or is not exact.
    """
    node = x.node
    if node.tracked:
        raise refusal(
            f"{what} takes a number out of the computation that is differentiated",
            DERIVATIVE_LOST,
        )
    if x.integer:
        return np.array(numeric.whole(node.value), dtype=np.int64).reshape(node.shape)
    found = np.asarray(numeric.floats(node.value))
    if not numeric.exact(node.value).all():
        raise refusal(
            f"{what} takes a number that doubles do not hold", "write the operation with `xp`."
        )
    return found


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_holds_arrays, x))
    return isinstance(x, Array)
