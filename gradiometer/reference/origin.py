"""Where a component came from: those that were only picked, moved or chosen keep their source.

Two components of one origin are equal by identity, at this point and around it, however many times
they were moved; constants are of one origin where their values are equal.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference import balls as numeric
from gradiometer.reference.linear import Collapse, Put
from gradiometer.reference.node import Node
from gradiometer.reference.rounding import ordered

Ids = NDArray[np.int64]

_next = count(1)
_constants: dict[float, int] = {}


def origins(end: Node) -> Ids:
    """Return a number for each component of a node; equal numbers mean one and the same."""
    for node in ordered([end], lambda node: node.origin_ is not None):
        node.origin_ = _of_node(node)
    assert end.origin_ is not None
    return end.origin_


def _of_node(node: Node) -> Ids:
    name, *given = node.made
    if name == "constant" and not node.tracked:
        return _of_constants(node)
    if name == "untracked":
        return _known(node.source)
    if name == "linear" and not isinstance(given[0], Collapse | Put):
        return np.asarray(given[0](_known(given[1])))
    if name == "where":
        mask, a, b = given
        return np.asarray(np.where(mask, _known(a), _known(b)))
    if name == "concat":
        axis, *nodes = given
        return np.concatenate([_known(each) for each in nodes], axis=axis)
    start = next(_next) << 32
    return np.arange(start, start + node.size, dtype=np.int64).reshape(node.shape)


def _of_constants(node: Node) -> Ids:
    values = numeric.floats(node.value)
    ids = [-1 - _constants.setdefault(v, len(_constants)) for v in values.ravel().tolist()]
    return np.array(ids, dtype=np.int64).reshape(node.shape)


def _known(node: Any) -> Ids:
    assert node.origin_ is not None
    return node.origin_  # type: ignore[no-any-return]
