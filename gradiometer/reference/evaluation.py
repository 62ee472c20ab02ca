"""Comparisons of balls: how each came out, and which of them something else could decide.

A comparison is *open* in two cases. At a tie the two sides are equal, so that the point lies on the
border between two branches. Where *rounding decides*, they differ by less than what rounding
can do to them, so that a tool may take the other branch. Neither is refused here: a
computation is made again with an open comparison turned, and what comes of it is compared
(`gradiometer.reference.certify`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.errors import Kink, ReferenceFailure
from gradiometer.reference import numeric
from gradiometer.reference.linear import Accumulate, Collapse, Put
from gradiometer.reference.loose import Loose
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import Undecided, user_line
from gradiometer.reference.rounding import likely, ordered

Numbers = NDArray[np.int64]
Key = tuple[int, int]
"""A comparison's place in the order of the program, and a component of it."""


@dataclass(frozen=True)
class Open:
    """A component of a comparison that could have come out otherwise.

    Attributes:
        key: Which one.
        tie: Whether its sides are equal; otherwise rounding decides.
        place: The line of the program.
        signs: Of what it is the sign, which is not defined; of a comparison nothing.
    """

    key: Key
    tie: bool
    place: str
    signs: str = ""

    @property
    def kink(self) -> ReferenceFailure:
        """What is raised where its two ways do not lead to one answer."""
        if self.signs:
            return ReferenceFailure(
                f"the answer depends on the signs of {self.signs}{self.place}, which are not "
                "defined, and differ between tools: write a function that does not change with "
                "them."
            )
        return Kink(
            f"the two sides of a comparison{self.place} are equal, and the function is not "
            "differentiable there, or jumps: the point lies on a kink; choose another."
        )


@dataclass
class Evaluation:
    """The comparisons of one evaluation.

    Attributes:
        turned: Open components to decide the other way.
        final: Whether no further precision is to be tried: balls that overlap count as equal.
        symmetrised: Whether a matrix that is symmetric by contract is read as (A + Aᵀ)/2, instead
            of by its lower triangle.
        conventions: Whether that makes a difference: such a matrix depends on the inputs.
        loose: Whether both branches of an open comparison are to be taken (`Loose`).
        made: What was compared, and how it came out.
        open: What could have come out otherwise.
    """

    turned: Collection[Key] = ()
    final: bool = False
    symmetrised: bool = False
    conventions: bool = False
    loose: bool = False
    made: list[tuple[Node, Node, NDArray[np.bool_]]] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)

    def __enter__(self) -> Evaluation:
        _current.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _current.pop()


_current: list[Evaluation] = [Evaluation()]
_next = count(1)
_constants: dict[float, int] = {}


def current() -> Evaluation:
    """Return the evaluation that is going on."""
    return _current[-1]


RELATIONS: dict[str, np.ufunc] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "==": np.equal,
    "!=": np.not_equal,
}  # fmt: skip


def compare(a: Node, relation: str, b: Node) -> Any:
    """Return `a relation b` for each component, broadcast.

    Equal sides come out as the relation says of equal numbers. A component that is compared with
    itself, and two constants that are equal to the bit, are no tie. The booleans are NumPy's;
    `Loose` where both branches are to be taken.

    Raises:
        Undecided: If balls overlap, and more precision may tell.
    """
    evaluation = current()
    difference = numeric.array(a.value - b.value)
    sign, exact = numeric.signs(difference)
    unclear = (sign == 0) & ~exact
    if unclear.any():
        unclear &= ~_same(a, b)
    if unclear.any() and not evaluation.final:
        raise Undecided(
            f"a comparison{user_line()} cannot be decided: its two sides are closer than the "
            "precision tells. The point lies on a kink; choose another."
        )
    found = np.asarray(RELATIONS[relation](sign, 0))
    number = len(evaluation.made)
    tie, near = _open(a, b, sign, unclear, difference, 1 + number)
    if tie.any() or near.any():
        found = found.copy()
        for k in np.flatnonzero(tie | near).tolist():
            key = (number, int(k))
            if key in evaluation.turned:
                found.reshape(-1)[k] ^= True
            evaluation.open.append(Open(key, bool(tie.reshape(-1)[k]), user_line()))
    evaluation.made.append((a, b, found))
    return Loose(found, tie | near) if evaluation.loose and (tie | near).any() else found


def free_signs(n: int, what: str) -> NDArray[np.float64]:
    """Return the signs of n vectors that are defined up to them: open, as at a tie.

    They are turned in patterns: all of them, and those whose numbers have the k-th bit, so that
    what depends on the product of two signs, or of any odd number of them, is found.
    """
    evaluation = current()
    keys = [(len(evaluation.made), k) for k in range(max(0, n - 1).bit_length() + 1)]
    turned = np.array([key in evaluation.turned for key in keys], dtype=bool)
    evaluation.open += [Open(key, True, user_line(), what) for key in keys]
    nothing = Node(np.zeros(len(keys)))
    evaluation.made.append((nothing, nothing, turned))
    bits = (2 * np.arange(n)[:, None] + 1) >> np.arange(len(keys)) & 1
    return np.asarray((-1.0) ** (bits @ turned))


def _open(
    a: Node, b: Node, sign: Any, unclear: Any, difference: Any, series: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where the sides are equal, and where rounding decides."""
    tracked = a.tracked or b.tracked
    tie = np.asarray(sign == 0) & (tracked | unclear)
    if tie.any():
        tie &= ~_same(a, b)
    noise = a.bound + b.bound
    near = np.zeros(tie.shape, dtype=bool)
    if noise.any():
        margin = np.abs(numeric.floats(difference))
        # Constants that are equal are so to a tool as well: one operation rounds correctly.
        near = (margin <= noise) & ~tie & (tracked | (sign != 0))
        if near.any():
            near &= margin <= sum(likely([a, b], (0, series), keep=True))
        if near.any():
            near &= ~_same(a, b)
    return tie, np.asarray(near)


def _same(a: Node, b: Node) -> NDArray[np.bool_]:
    """Return where both sides are one and the same component."""
    return np.asarray(_origins(a) == _origins(b))


def _origins(end: Node) -> Numbers:
    """Return a number for each component of a node; equal numbers mean one and the same.

    Components that were only picked, moved or chosen keep their source's, so that two of one origin
    are equal at this point and around it; constants are of one origin where their values are equal.
    """
    for node in ordered([end], lambda node: node.origin is not None):
        node.origin = _of_node(node)
    return end.origin  # type: ignore[no-any-return]


def _of_node(node: Node) -> Numbers:
    name, *given = node.made
    if name == "constant" and not node.tracked:
        values = numeric.floats(node.value).ravel().tolist()
        ids = [-1 - _constants.setdefault(v, len(_constants)) for v in values]
        return np.array(ids, dtype=np.int64).reshape(node.shape)
    if name == "untracked":
        return given[0].origin  # type: ignore[no-any-return]
    if name == "linear" and not isinstance(given[0], Accumulate | Collapse | Put):
        return np.asarray(given[0](given[1].origin))
    if name == "where":
        mask, a, b = given
        return np.asarray(np.where(mask, a.origin, b.origin))
    if name == "concat":
        axis, *nodes = given
        return np.concatenate([each.origin for each in nodes], axis=axis)
    start = next(_next) << 32
    return np.arange(start, start + node.size, dtype=np.int64).reshape(node.shape)
