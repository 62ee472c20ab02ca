"""The operators: what is computed of a problem, the shapes its answer has, and how it is compared.

The single place for shapes and conventions. A problem maps inputs x₁ … xₖ, arrays of any shape with
n components in all, to outputs y₁ … yₗ with m components in all; a scalar problem has one output,
of shape (). Components are counted in declared order, row by row within an array.

| operator | what it is | its answer, as compared |
|---|---|---|
| `value` | f(x) | one array an output |
| `gradient` | ∂f/∂xₖ of a scalar | one array an input, of its shape |
| `jacobian` | ∂yᵢ/∂xₖ, a matrix (m, n) | one block an (output, input), of both shapes in turn |
| `hessian` | ∂²f/∂xₖ∂xₗ of a scalar, a matrix (n, n) | one block an (input, input) |
| `jvp` | J·v, the pushforward of tangents v | one array an output |
| `vjp` | wᵀ·J, the pullback of cotangents w | one array an input |
| `hvp` | H·v of a scalar | one array an input |

Tangents v (one array an input) and cotangents w (one an output) are part of the case, seeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product, repeat
from typing import Any, NamedTuple

import numpy as np

from gradiometer.errors import UnknownName
from gradiometer.vocabulary.derivation import Columns, Components, Rows
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Array, Point

Shapes = list[tuple[int, ...]]


class Layout(NamedTuple):
    """The arrays that an answer is made of: their shapes, and what to call them."""

    shapes: Shapes
    names: list[str]

    @property
    def size(self) -> int:
        """Number of components."""
        return sum(int(np.prod(shape)) for shape in self.shapes)


class Answer(NamedTuple):
    """An answer as NumPy arrays, and what there is to say about it."""

    arrays: list[Array]
    note: str = ""


@dataclass(frozen=True)
class Operator:
    """One thing to compute of a problem.

    Attributes:
        name: Registered name.
        meaning: The formula, with shapes.
        order: How often it differentiates: 0, 1 or 2.
        axes: What the answer's arrays run over: `outputs`, `inputs`, or two of them for a matrix.
        direction: What it takes beside the point: `tangents`, `cotangents`, or nothing.
        of_scalars: Whether only scalar problems have it.
    """

    name: str
    meaning: str
    order: int
    axes: tuple[str, ...]
    direction: str = ""
    of_scalars: bool = False

    @property
    def differentiates(self) -> bool:
        """Whether the inputs are differentiated (so that tools may track them)."""
        return self.order > 0

    def layout(self, point: Point) -> Layout:
        """Return the arrays that an answer is made of, at a point whose cotangents were drawn."""
        shapes, names = [], []
        for named in product(*(_arrays(point, axis).items() for axis in self.axes)):
            shapes.append(tuple(length for _, a in named for length in a.shape))
            names.append(self._label([name for name, _ in named]))
        return Layout(shapes, names)

    def components(self, point: Point) -> Iterator[str]:
        """Yield the name of every component in order, e.g. `∂y[0]/∂x[2]`."""
        for arrays in product(*(_arrays(point, axis).items() for axis in self.axes)):
            for chosen in product(*(indexed(name, a.shape) for name, a in arrays)):
                yield f"∂/∂{chosen[0]}" if self.name == "gradient" else self._label(list(chosen))

    def promise(self, method: Method) -> float:
        """Return the digits that a method owes: its own for derivatives, 12 for the primal."""
        if self.order == 0:
            return 12.0
        second = method.digits - 1.0 if method.digits_second is None else method.digits_second
        return method.digits if self.order == 1 else second

    def exact(self, method: Method) -> bool:
        """Return whether rounding is the only error that a method may have."""
        return method.exact or not self.differentiates

    def native(
        self, point: Point, method: Method
    ) -> tuple[tuple[Any, ...], dict[str, Any], tuple[tuple[Any, ...], ...]]:
        """Return inputs, given values and directions as the method's own arrays."""
        convert = method.variable if self.differentiates else method.array
        inputs = tuple(convert(a) for a in point.inputs.values())
        given = {name: method.array(a) for name, a in point.given.items()}
        drawn = tuple(method.array(a) for a in self.directions(point).values())
        return inputs, given, (drawn,) if self.direction else ()

    def directions(self, point: Point) -> dict[str, Array]:
        """Return the directions that it takes at a point, by the name of the input or output."""
        return _arrays(point, self.direction) if self.direction else {}

    def answer(self, result: Any, point: Point) -> Answer:
        """Return a method's native result as the arrays of `layout`.

        What does not fit is returned as it is, for the comparison to name. `None` (an input that is
        not used) counts as zeros.
        """
        shapes, counted = self.layout(point).shapes, _Nones()
        if len(self.axes) == 2:
            axes = [_arrays(point, axis) for axis in self.axes]
            nested = self.axes[0] == "inputs" or len(axes[0]) > 1
            arrays = _blocks(result, axes, counted, nested=nested)
        else:
            several = self.axes == ("inputs",) or len(shapes) > 1
            arrays = _parts(result, shapes, counted, several=several)
        return Answer(arrays, counted.note)

    def arrange(self, matrix: Array, point: Point) -> list[Array]:
        """Return a matrix (rows, columns) as the blocks of `layout`."""
        return _cut(matrix, [_arrays(point, axis) for axis in self.axes])

    def joined(self, flat: Array, point: Point) -> Array:
        """Return the matrix (rows, columns) of which these are the blocks, one after the other."""
        heights, widths = ([a.size for a in _arrays(point, axis).values()] for axis in self.axes)
        ends = np.cumsum([height * width for height in heights for width in widths])[:-1]
        parts = iter(np.split(flat, ends))
        return np.block([[next(parts).reshape(h, w) for w in widths] for h in heights])

    def _label(self, names: list[str]) -> str:
        if self.name == "jacobian":
            return "∂{}/∂{}".format(*names)
        return "∂²/∂{}∂{}".format(*names) if len(names) == 2 else names[0]


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("value", "f(x), one array an output", 0, ("outputs",)),
        Operator(
            "gradient",
            "∂f/∂xₖ for every input xₖ, each of that input's shape; of a scalar",
            1,
            ("inputs",),
            of_scalars=True,
        ),
        Operator("jacobian", "∂yᵢ/∂xₖ, a matrix (outputs, inputs)", 1, ("outputs", "inputs")),
        Operator(
            "hessian",
            "∂²f/∂xₖ∂xₗ, a matrix (inputs, inputs); of a scalar",
            2,
            ("inputs", "inputs"),
            of_scalars=True,
        ),
        Operator("jvp", "J·v, the pushforward of seeded tangents v", 1, ("outputs",), "tangents"),
        Operator("vjp", "wᵀ·J, the pullback of seeded cotangents w", 1, ("inputs",), "cotangents"),
        Operator(
            "hvp",
            "H·v, the Hessian times seeded tangents v; of a scalar",
            2,
            ("inputs",),
            "tangents",
            of_scalars=True,
        ),
    )
}


def operator(name: str) -> Operator:
    """Return the operator of that name.

    Raises:
        UnknownName: If there is none.
    """
    if name not in OPERATORS:
        raise UnknownName("operator", name, OPERATORS)
    return OPERATORS[name]


def indexed(name: str, shape: tuple[int, ...]) -> list[str]:
    """Return the names of an array's components: `W[0, 0]`, `W[0, 1]`, …; a scalar's is its own."""
    return [f"{name}[{', '.join(map(str, i))}]" if i else name for i in np.ndindex(shape)]


def as_numpy(part: Any, like: tuple[int, ...]) -> Array:
    """Return one part of an answer as a NumPy array; `None` (an unused input) means zeros."""
    return np.zeros(like) if part is None else np.asarray(part)


class _Nones:
    """Counts the parts that a tool returned as `None`."""

    def __init__(self) -> None:
        self.count = 0

    def array(self, part: Any, like: tuple[int, ...]) -> Array:
        self.count += part is None
        return as_numpy(part, like)

    @property
    def note(self) -> str:
        """What a record says of them."""
        return f"{self.count} None returned, counted as zeros" if self.count else ""


def _arrays(point: Point, axis: str) -> dict[str, Array]:
    return {
        "inputs": point.inputs,
        "outputs": point.cotangents,
        "tangents": point.tangents,
        "cotangents": point.cotangents,
    }[axis]


def _parts(result: Any, shapes: Shapes, counted: _Nones, *, several: bool) -> list[Array]:
    """Return a result as one array a shape."""
    if isinstance(result, Components):
        flat = np.array([counted.array(x, ()) for x in result.scalars])
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        cut = np.split(flat, ends[:-1])
        fits = flat.shape == (ends[-1],)
        return [c.reshape(s) for c, s in zip(cut, shapes, strict=True)] if fits else [flat]
    parts = list(result) if several else [result]
    likes = [*shapes, *[()] * (len(parts) - len(shapes))]
    return [counted.array(p, like) for p, like in zip(parts, likes, strict=False)]


def _blocks(
    result: Any, axes: Sequence[dict[str, Array]], counted: _Nones, *, nested: bool
) -> list[Array]:
    """Return a matrix, however it was returned, as its blocks; nested for several rows of them."""
    rows, columns = (list(axis.values()) for axis in axes)
    if isinstance(result, Rows):
        return _cut(np.array([_flat(row, columns, counted) for row in result.rows]), axes)
    if isinstance(result, Columns):
        flat = [
            _flat(column if len(rows) > 1 else [column], rows, counted) for column in result.columns
        ]
        return _cut(np.array(flat).T, axes)
    if hasattr(result, "shape"):
        return _cut(np.asarray(result), axes)

    def like(i: int, k: int) -> tuple[int, ...]:
        known = i < len(rows) and k < len(columns)
        return (*rows[i].shape, *columns[k].shape) if known else ()

    lines = result if nested else [result]
    return [
        counted.array(block, like(i, k))
        for i, line in enumerate(lines)
        for k, block in enumerate(line)
    ]


def _flat(parts: Sequence[Any], like: Sequence[Array], counted: _Nones) -> Array:
    likes = [*(a.shape for a in like), *repeat((), len(parts) - len(like))]
    arrays = [counted.array(p, shape).ravel() for p, shape in zip(parts, likes, strict=False)]
    return np.concatenate(arrays)


def _cut(matrix: Array, axes: Sequence[dict[str, Array]]) -> list[Array]:
    """Return a matrix's blocks; a matrix of another shape as it is."""
    rows, columns = (list(axis.values()) for axis in axes)
    height, width = (sum(a.size for a in arrays) for arrays in (rows, columns))
    if matrix.shape != (height, width):
        return [matrix]
    below = np.cumsum([a.size for a in rows])[:-1]
    beside = np.cumsum([a.size for a in columns])[:-1]
    return [
        block.reshape((*a.shape, *b.shape))
        for a, band in zip(rows, np.split(matrix, below, axis=0), strict=True)
        for b, block in zip(columns, np.split(band, beside, axis=1), strict=True)
    ]
