"""What rounding can do to each component of a node: two bounds.

A tool evaluates the same expression in float64, or in float32. Each operation passes on the errors
of its operands, and adds its own rounding. A constant of the program that the type does not hold,
such as 0.1 in float32, is rounded as well; what underflows may be flushed to zero.

The *sound* bound is a running error bound,

    e(y) = Σ |∂y/∂xᵢ|·e(xᵢ) + k·u·|y|,    u = 2⁻⁵³ in float64, 2⁻²⁴ in float32

(N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.3), in which a sum of n
terms is granted n − 1 units of Σ|xᵢ|, so that it holds for every order of summation (§4.2).

Over many layers moduli alone say nothing: |W|·|W|·… grows where W·W·… does not. The *likely* bound
takes roundings for independent random numbers of mean zero, of √n units for a sum of n terms (N. J.
Higham and T. Mary, A New Approach to Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput.
41, 2019). What they do to an answer, to first order and over all paths, is found by drawing them
`DRAWS` times and pushing them through the computation; the bound is `CONFIDENCE` times the root of
their mean square. What the last operations add is independent of the rest, and known: it is not
drawn.

Knows nodes by their attributes alone; they are made in `gradiometer.reference.node`.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference import numeric
from gradiometer.vocabulary.dtype import DTYPES, Dtype

Floats = NDArray[np.float64]

ELEMENTARY = 4.0
"""Units granted to an elementary function: libraries are not correctly rounded."""

DRAWS = 8
"""Times that roundings are drawn, to estimate the standard deviation of an error."""

CONFIDENCE = 12.0
"""How many estimated standard deviations an error may be: more with a probability of 2·10⁻⁶
(Student's t with `DRAWS` degrees of freedom)."""

_LARGE = 1e120
"""Bounds up to which, and above the inverse of which, errors have squares."""

_computing: list[Dtype] = [DTYPES["float64"]]


def computing() -> Dtype:
    """Return the type that tools compute in, to which bounds apply; float64 unless told."""
    return _computing[-1]


@contextmanager
def computing_in(dtype: Dtype) -> Iterator[None]:
    """Let bounds that are found meanwhile be of a type."""
    _computing.append(dtype)
    try:
        yield
    finally:
        _computing.pop()


@dataclass(frozen=True)
class Rounding:
    """What an operation adds: `units` · u · `base`.

    Attributes:
        units: Number of roundings, all in one direction.
        typical: The standard deviation of their sum.
        base: What they are relative to; the moduli of the node by default.
    """

    units: Any = 1.0
    typical: Any = 0.5
    base: Callable[[], Floats] | None = None


def of_function(units: float) -> Rounding:
    """Return the rounding of a function of each component."""
    return Rounding(units, units / 2)


ROUNDED = of_function(1.0)
"""One correct rounding of the result."""

HELD = Rounding(1.0, 1.0)
"""The rounding of a constant, of which it is known how far it goes."""


def of_sum(terms: Any, base: Callable[[], Floats], each: float = 1.0) -> Rounding | None:
    """Return what adding that many terms costs, of which `base` is the sum of moduli."""
    units = np.asarray(terms, dtype=np.float64)
    if (units <= 0.0).all():
        return None
    return Rounding(each * units, each * np.minimum(units, np.sqrt(units)), base)


def sound(node: Any) -> Floats:
    """Return the sound bound of a node, by those of its operands."""
    if node.source is not None:
        return node.source.bound_  # type: ignore[no-any-return]
    with np.errstate(all="ignore"):
        passed: Any = np.zeros(node.shape)
        for k, part in enumerate(node.parts):
            if part.parent.noisy_:
                passed = passed + part.widen(part.parent.bound_, wide=node.bilinear and k == 0)
        if node.boundary is not None and passed.any():
            near = node.parts[0].parent.bound_ / node.boundary(node.parts[0].parent.floats)
            beyond = np.where(near > 0.0, np.inf, passed)
            passed = np.where(near < 1.0, passed / (1.0 - near), beyond)
        if node.rounding is not None:
            passed = passed + _own(node, node.rounding.units)
        overflown = node.moduli > computing().largest
        if overflown.any():  # though the true number is finite
            passed = np.where(overflown & numeric.finite(node.value), np.inf, passed)
    return np.asarray(passed, dtype=np.float64)


def likely(ends: Sequence[Any], series: Sequence[int] = (), *, keep: bool = False) -> list[Floats]:
    """Return the likely bounds of nodes.

    Args:
        ends: The nodes.
        series: Which random numbers to draw: others at each call of an evaluation.
        keep: Whether the draws stay with the nodes, for others that are computed from them.
    """
    noisy = list(ordered(ends, lambda node: not node.noisy))
    limited = [n for n in noisy if n.boundary and np.isinf(n.bound).any()]
    wanted = [*ends, *(node.parts[0].parent for node in limited)]
    with np.errstate(all="ignore"):
        own = _OwnRoundings()
        last = {} if keep else _last(wanted, noisy)
        spreads = [_Spread(node) for node in wanted]
        kept = any(node.draws for node in noisy)
        for k in range(DRAWS):
            order = list(ordered(wanted, _Known(k))) if kept else noisy
            errors = _draw(wanted, order, (k, *series), own, last, keep=keep)
            for spread, error in zip(spreads, errors, strict=True):
                spread.add(error)
        found = []
        for spread, node in zip(spreads, wanted, strict=True):
            known = [own.of(n) for n in noisy if last.get(id(n)) is node]
            found.append(spread.bound([each for each in known if each is not None]))
    for node, error in zip(limited, found[len(ends) :], strict=True):
        if (error >= node.boundary(node.parts[0].parent.floats)).any():
            return [np.full(end.shape, np.inf) for end in ends]
    return found[: len(ends)]


def _last(ends: Sequence[Any], noisy: Sequence[Any]) -> dict[int, Any]:
    """Return, by node, in which end alone it ends, as it is: what it adds is not drawn.

    That is an end itself, if no other node is computed from it, and what is added up in it.
    """
    uses = Counter(id(before) for node in noisy for before in node.before)
    drawn = {id(end) for end in ends} | {id(node) for node in noisy if node.draws}
    found = {id(end): end for end in ends if not (uses[id(end)] or end.draws)}
    for node in reversed(noisy):
        for part in node.parts if id(node) in found else ():
            parent, added = part.parent, part.added and part.parent.shape == node.shape
            if added and uses[id(parent)] == 1 and id(parent) not in drawn:
                found[id(parent)] = found[id(node)]
    return found


@dataclass(frozen=True)
class _Known:
    """Tells of which nodes the errors of a draw are known."""

    draw: int

    def __call__(self, node: Any) -> bool:
        return not node.noisy or self.draw in node.draws


class _OwnRoundings:
    """The standard deviations of what operations add themselves, by node."""

    def __init__(self) -> None:
        self._found: dict[int, Any] = {}

    def of(self, node: Any) -> Any:
        """Return that of a node; None if it adds nothing."""
        if node.source is not None or node.rounding is None:
            return None
        if id(node) not in self._found:
            self._found[id(node)] = _own(node, node.rounding.typical)
        return self._found[id(node)]


class _Spread:
    """The root of the mean square of the errors that are drawn of a node.

    Squares of most errors are doubles; where they may overflow or vanish, the largest error counts.
    """

    def __init__(self, node: Any) -> None:
        bound = node.bound
        extreme = (bound > _LARGE) | ((bound > 0.0) & (bound < 1.0 / _LARGE))
        self._squares, self._scratch = np.zeros(node.shape), np.empty(node.shape)
        self._most = np.zeros(node.shape) if extreme.any() else None

    def add(self, error: Floats) -> None:
        """Add what was drawn."""
        np.multiply(error, error, out=self._scratch)
        self._squares += self._scratch
        if self._most is not None:
            np.fmax(self._most, np.abs(error), out=self._most)

    def bound(self, known: Sequence[Floats]) -> Floats:
        """Return the likely bound, given standard deviations of what was not drawn."""
        squares, most = self._squares, self._most
        root = np.sqrt(squares)
        if most is not None:
            held = (squares > 1e-280) & (squares < np.inf)
            root = np.where(held, root, DRAWS**0.5 * most)
            root = np.where(np.isnan(squares) & (most < np.inf), np.nan, root)
        root /= DRAWS**0.5
        return np.asarray(CONFIDENCE * functools.reduce(np.hypot, known, root))


def ordered(ends: Iterable[Any], known: Callable[[Any], bool]) -> Iterator[Any]:
    """Yield nodes after all that they were computed from; those that are known are left out."""
    seen: set[int] = set()
    stack = [(end, False) for end in ends]
    while stack:
        node, finished = stack.pop()
        if finished:
            yield node
        elif id(node) not in seen and not known(node):
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((before, False) for before in node.before)


def absorbing(a: Any, b: Any) -> Any:
    """Return a·b, where zero times anything is zero."""
    product = a * b
    if np.isfinite(product).all():
        return product
    return np.where((a == 0.0) | (b == 0.0), 0.0, product)


def absorbing_matmul(a: Floats, b: Floats) -> Floats:
    """Return the matrix product, where zero times anything is zero."""
    product: Floats = a @ b
    if np.isfinite(product).all():
        return product
    infinite_a, infinite_b = ~np.isfinite(a), ~np.isfinite(b)
    finite = np.where(infinite_a, 0.0, a) @ np.where(infinite_b, 0.0, b)
    infinite = infinite_a.astype(float) @ (b != 0.0) + (a != 0.0).astype(float) @ infinite_b
    return np.asarray(np.where(infinite > 0.0, np.inf, finite))


def _own(node: Any, units: Any) -> Any:
    """Return what roundings of the operation come to; where it underflows, all of it."""
    dtype, base = computing(), node.moduli
    if node.rounding is HELD:
        return _left_out(node.floats, dtype)
    if node.rounding.base is not None:
        base = np.fmax(node.rounding.base(), base)  # of which products may underflow
    if dtype.name != "float64":  # of which doubles overflow by themselves
        base = np.where(base > dtype.largest, np.inf, base)
    rounded = np.asarray(units) != 0.0
    return dtype.unit * np.asarray(units) * base + dtype.smallest * (rounded & (base != 0.0))


def _left_out(constants: Floats, dtype: Dtype) -> Any:
    """Return how far constants are from what a type holds of them; doubles hold themselves."""
    if dtype.name == "float64":
        return 0.0
    held = constants.astype(dtype.name).astype(np.float64)
    apart = np.abs(constants - np.where(np.abs(held) < dtype.smallest, 0.0, held))
    return np.where(held == constants, 0.0, apart)


def _draw(
    ends: Sequence[Any],
    order: Sequence[Any],
    time: tuple[int, ...],
    own: _OwnRoundings,
    last: Mapping[int, Any],
    *,
    keep: bool,
) -> list[Any]:
    """Return errors of nodes, for the k-th draw of the roundings of all that they rest on.

    Roundings are uniform: quicker to draw than normal ones, and no likelier to be close to zero.
    What the last nodes add is left out.

    Args:
        ends: The nodes.
        order: What they rest on, each node after those that it is computed from.
        time: The number of the draw, and what else tells draws apart.
        own: What operations add.
        last: The last nodes.
        keep: Whether the errors stay with the nodes.
    """
    k, generator = time[0], np.random.default_rng(time)
    drawn: dict[int, Any] = {}

    def error_of(node: Any) -> Any:
        if not node.noisy:
            return np.zeros(node.shape)
        return node.draws[k] if k in node.draws else drawn[id(node)]

    for node in order:
        if node.source is not None:
            error = error_of(node.source)
        else:
            noisy = [part for part in node.parts if part.parent.noisy]
            error = _shifted(((error_of(part.parent), part) for part in noisy), node.shape)
            deviation = None if id(node) in last else own.of(node)
            if deviation is not None:
                added = _uniform(generator, node.shape)
                added *= deviation
                added += error
                error = added
            if error.shape != node.shape:
                error = np.broadcast_to(error, node.shape)
        if keep:
            node.draws[k] = error
        else:
            drawn[id(node)] = error
    return [error_of(end) for end in ends]


def _shifted(errors: Iterable[tuple[Any, Any]], shape: tuple[int, ...]) -> Any:
    """Return what errors of operands do to a node, given with the parts through which they do it.

    What is added first is a new array as a rule, and takes up the rest.
    """
    found: Any = None
    for error, part in errors:
        shift = part.shift(error)
        if found is None:
            found, new = shift, shift is not error and shift.base is None
        elif new and found.shape == np.broadcast_shapes(found.shape, shift.shape):
            found += shift
        else:
            found, new = found + shift, True
    return np.zeros(shape) if found is None else found


def _uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return random numbers of mean zero and standard deviation one."""
    drawn = np.asarray(generator.random(shape))
    drawn -= 0.5
    drawn *= 12.0**0.5
    return drawn
