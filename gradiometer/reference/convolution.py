"""Convolutions and pooling on the tape, in any number of spatial axes.

A convolution relates three arrays: y[n, o, p] = Σ x[n, c, i]·w[o, c, q] over c and q, where
i = stride·p + dilation·q − padding. Each of them is found from the two others by a matrix product
for each place q of the kernel, and its derivatives are of the same kind. What one takes beside its
operands and its result is one such product; the windows are never laid out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradiometer.reference import numeric
from gradiometer.reference.array import index, lift
from gradiometer.reference.contraction import Contraction, Product, absorbing_products
from gradiometer.reference.evaluation import compare
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Values, View, midpoints
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.rounding import Floats, of_sum
from gradiometer.reference.structure import moved, reshape

Shape = tuple[int, ...]
Slices = tuple[slice, ...]

OF = {
    "y": Contraction("ncp", "oc", "nop"),
    "x": Contraction("nop", "oc", "ncp"),
    "w": Contraction("ncp", "nop", "oc"),
}
"""Each array from the two others, in the order x, y, w, at one place of the kernel."""


@dataclass(frozen=True)
class Windows:
    """Where a kernel meets an array: spatial lengths, one an axis."""

    size: Shape
    kernel: Shape
    stride: Shape
    dilation: Shape
    padding: Shape

    @cached_property
    def out(self) -> Shape:
        """How often a window fits."""
        axes = zip(*astuple(self), strict=True)
        return tuple((n + 2 * pad - d * (k - 1) - 1) // s + 1 for n, k, s, d, pad in axes)

    def places(self) -> Iterator[tuple[Shape, Slices, Slices]]:
        """Yield each place of the kernel with the components of x that it meets, and where."""
        for place in np.ndindex(self.kernel):
            taken, met = [], []
            for k, q in enumerate(place):
                start, step = self.dilation[k] * q - self.padding[k], self.stride[k]
                first = max(0, -(start // step))  # the first window in which this is no padding
                last = min(self.out[k], (self.size[k] - 1 - start) // step + 1)
                taken.append(slice(first, max(first, last)))
                begin = start + step * first
                met.append(slice(begin, begin + step * (max(first, last) - first), step))
            if all(s.stop > s.start for s in taken):
                yield place, tuple(met), tuple(taken)


@dataclass(eq=False, slots=True)
class Convolved(Part):
    """One of the two arrays of which a convolution's third is found.

    Attributes:
        other: The second of the two.
        kinds: What the parent, the other and the node are: `x`, `w` or `y`.
        windows: Where they meet.
    """

    other: Node
    kinds: str
    windows: Windows

    def pull(self, g: Node, view: View) -> Node:
        parent, other, node = tuple(self.kinds)
        return _related(g, view(self.other), node + other + parent, self.windows)

    def push(self, t: Node, view: View) -> Node:
        return _related(t, view(self.other), self.kinds, self.windows)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        other = values(self.other)
        return _found(error, other, self.kinds, self.windows, absorbing_products)


def _related(a: Node, b: Node, kinds: str, windows: Windows) -> Node:
    """Return the third array of a convolution."""
    if kinds[:2] not in ("xw", "yw", "xy"):
        a, b, kinds = b, a, kinds[1] + kinds[0] + kinds[2]
    value = _found(a.value, b.value, kinds, windows, numeric.products)
    sparse = a.sparse or b.sparse or kinds[2] == "x"
    parts = [
        Convolved(a, b, kinds, windows),
        Convolved(b, a, kinds[1] + kinds[0] + kinds[2], windows),
    ]
    rounding = of_sum(
        _terms(a, b, kinds, windows),
        lambda: _found(a.moduli, b.moduli, kinds, windows, absorbing_products),
    )
    return Node(
        value if sparse else numeric.settled(value),
        ("convolution", kinds, *astuple(windows), a, b),
        parts,
        rounding=rounding,
        bilinear=True,
        sparse=sparse,
    )


def _terms(a: Node, b: Node, kinds: str, windows: Windows) -> int:
    """Return how many products are added at most."""
    if kinds[2] == "w":
        return a.shape[0] * math.prod(windows.out)
    return b.shape[kinds[2] == "y"] * math.prod(windows.kernel)


def _found(a: Any, b: Any, kinds: str, windows: Windows, product: Product) -> Any:
    """Return the third array of two arrays of balls, or of numbers."""
    if kinds[:2] not in ("xw", "yw", "xy"):
        a, b, kinds = b, a, kinds[1] + kinds[0] + kinds[2]
    spatial = {"x": windows.size, "y": windows.out, "w": windows.kernel}[kinds[2]]
    by = OF[kinds[2]]
    lengths = dict(zip(by.left[:2] + by.right[:2], a.shape[:2] + b.shape[:2], strict=True))
    front = tuple(lengths[label] for label in by.out[:2])
    found: Any = numeric.blank(a, (*front, *spatial))
    for place, met, taken in windows.places():
        at: dict[str, Any] = {"x": met, "y": taken, "w": place}
        first, second = (
            _flat(z[(..., *at[kind])], 2) for z, kind in ((a, kinds[0]), (b, kinds[1]))
        )
        if kinds[1] == "w":
            second = second.reshape(second.shape[:2])
        if kinds[2] == "w":
            found[(..., *place)] = by(first, second, product)
        else:
            where = (..., *at[kinds[2]])
            found[where] += by(first, second, product).reshape(found[where].shape)
    return found


def _flat(x: Any, front: int) -> Any:
    """Return an array with all axes but those in front as one."""
    return x.reshape(*x.shape[:front], math.prod(x.shape[front:]))


def conv(x: Any, kernel: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Node:
    """Return the cross-correlation of arrays with kernels, as networks call convolution.

    Args:
        x: Arrays, shape (batch, channels, *spatial).
        kernel: Shape (channels of the result, channels, *spatial).
        stride: Steps between windows: a number, or one an axis.
        padding: Zeros at both ends of each spatial axis.
        dilation: Steps between the components that a kernel meets.
    """
    x, kernel = lift(x), lift(kernel)
    if x.ndim < 3 or x.ndim != kernel.ndim or x.shape[1] != kernel.shape[1]:
        raise refusal(
            f"xp.conv of an array of shape {x.shape} and a kernel of shape {kernel.shape}",
            "they are (batch, channels, *spatial) and (its channels, channels, *spatial).",
            WrongValue,
        )
    windows = _windows("conv", x, kernel.shape[2:], stride, padding, dilation)
    return _related(x, kernel, "xwy", windows)


def avg_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Node:
    """Return the means over windows of each channel; what is padded counts as zero.

    Args:
        x: Arrays, shape (batch, channels, *spatial).
        window: Its lengths: a number, or one an axis.
        stride: Steps between windows: as their lengths by default.
        padding: Zeros at both ends of each spatial axis.
    """
    x = lift(x)
    windows = _pools("avg_pool", x, window, stride, padding)
    alone = reshape(x, (math.prod(x.shape[:2]), 1, *x.shape[2:]))
    sums = _related(alone, Node(np.ones((1, 1, *windows.kernel))), "xwy", windows)
    return reshape(sums, (*x.shape[:2], *windows.out)) / math.prod(windows.kernel)


def max_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Node:
    """Return the maxima over windows of each channel; what is padded is none.

    Args:
        x: Arrays, shape (batch, channels, *spatial).
        window: Its lengths: a number, or one an axis.
        stride: Steps between windows: as their lengths by default.
        padding: How far windows reach over both ends of each spatial axis: half of one at most.
    """
    x = lift(x)
    windows = _pools("max_pool", x, window, stride, padding)
    positions: Any = np.arange(x.size).reshape(x.shape)
    best: Any = np.full((*x.shape[:2], *windows.out), -1)
    for _, met, taken in windows.places():
        offered, held = best.copy(), best
        offered[(Ellipsis, *taken)] = positions[(Ellipsis, *met)]
        if (held < 0).any():  # of windows that begin in the padding
            offered, held = np.where(offered < 0, held, offered), np.where(held < 0, offered, held)
        if (offered != held).any():
            best = np.where(compare(_at(x, held), ">=", _at(x, offered)), held, offered)
        else:
            best = held
    return _at(x, best)


def _at(x: Node, positions: Any) -> Node:
    """Return the components at positions in the flattened array."""
    return moved(x, lambda _: positions)


def _pools(name: str, x: Node, window: Any, stride: Any, padding: Any) -> Windows:
    if x.ndim < 3:
        raise refusal(
            f"xp.{name} of an array of shape {x.shape}", "it is (batch, channels, *spatial).",
            WrongValue,
        )  # fmt: skip
    lengths = _each_axis(window, x.ndim - 2)
    found = _windows(name, x, lengths, window if stride is None else stride, padding, 1)
    if any(2 * pad > n for pad, n in zip(found.padding, found.kernel, strict=True)):
        raise refusal(f"xp.{name} with padding={padding}", "it is half of the window at most.",
                      WrongValue)  # fmt: skip
    return found


def _windows(name: str, x: Node, kernel: Shape, *steps: Any) -> Windows:
    n = x.ndim - 2
    stride, padding, dilation = (_each_axis(each, n) for each in steps)
    windows = Windows(x.shape[2:], kernel, stride, dilation, padding)
    least = {"stride": 1, "dilation": 1, "padding": 0, "kernel": 1, "out": 1}
    for what, bound in least.items():
        lengths = getattr(windows, what)
        if len(lengths) != n or any(k < bound for k in lengths):
            told = "result" if what == "out" else what
            raise refusal(
                f"xp.{name} of an array of shape {x.shape} with {told} {lengths}",
                f"one number for each of {n} spatial axes is expected, of at least {bound}.",
                WrongValue,
            )
    return windows


def _each_axis(given: Any, n: int) -> Shape:
    found = index(given)
    return tuple(int(k) for k in found) if isinstance(found, tuple | list) else (int(found),) * n
