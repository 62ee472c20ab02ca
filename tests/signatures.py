"""Signatures of small problems: a scalar, one output, several, and inputs of no component."""

from __future__ import annotations

from gradiometer import Signature, Space

Shapes = dict[str, tuple[int, ...]]


def made(inputs: Shapes, outputs: Shapes | None = None) -> Signature:
    """Return the signature of these shapes; by default that of a scalar problem."""
    return Signature(Space(inputs), Space(outputs or {"value": ()}))


SCALAR = made({"x": (), "W": (2, 3), "b": (0,)})
ONE = made({"x": (), "W": (2, 3)}, {"r": (4,)})
SEVERAL = made({"x": (), "W": (2, 3)}, {"r": (4,), "s": ()})
SINGLE = made({"x": (3,)}, {"r": (2, 2)})
