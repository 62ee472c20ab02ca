"""The identity of a computation: a digest of what a tape holds, never of source text.

Every node gives its operation and all that it was given: shapes, axes, index arrays, masks,
constants to the bit, and which nodes it was computed from; every comparison, how it came out. Two
functions share a digest only if they are one and the same computation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference.forward import Forward
from gradiometer.reference.linear import LinearMap
from gradiometer.reference.node import Node
from gradiometer.reference.rounding import ordered

RULES = ("vocabulary/*.py", "reference/*.py", "reference/doubles/*.py")
"""Modules that can change an enclosure, below the package."""


def version(library: str) -> str:
    """Return the version of a library."""
    from importlib.metadata import version  # which takes a while to import

    return version(library)


@lru_cache(maxsize=1)
def rules() -> bytes:
    """Return a digest of the code and the libraries that enclosures are made by."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{version('python-flint')} {version('numpy')}".encode())
    for pattern in RULES:
        for path in sorted(root.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def of_tape(done: Forward) -> bytes:
    """Return the digest of a forward pass: its outputs, and how its comparisons came out."""
    outputs, made = done.outputs, done.evaluation.made
    compared = [node for a, b, _ in made for node in (a, b)]
    digest, numbers = hashlib.sha256(), {}  # type: ignore[var-annotated]
    for node in ordered([*outputs, *compared], lambda node: False):
        numbers[id(node)] = len(numbers)
        _write(digest, node.made, numbers)
        _write(digest, node.shape, numbers)
    _write(digest, [numbers[id(node)] for node in outputs], numbers)
    for a, b, found in made:
        _write(digest, (numbers[id(a)], numbers[id(b)], found), numbers)
    return digest.digest()


def of_values(*parts: Any) -> str:
    """Return the digest of plain values: text, numbers, arrays, and any nesting of them."""
    digest = hashlib.sha256()
    _write(digest, parts, {})
    return digest.hexdigest()


def _write(digest: Any, item: Any, numbers: Mapping[int, int]) -> None:
    """Write an item so that no two different ones are written alike."""
    if isinstance(item, Node):
        digest.update(b"node %d;" % numbers[id(item)])
    elif isinstance(item, np.ndarray | np.generic):
        _write_array(digest, np.asarray(item), numbers)
    elif isinstance(item, bytes):
        digest.update(b"bytes %d;" % len(item) + item)
    elif item is None or item is Ellipsis or isinstance(item, bool | int | float | str):
        text = item.hex() if isinstance(item, float) else str(item)
        digest.update(f"{type(item).__name__} {len(text)} {text};".encode())
    else:
        parts = _parts(item)
        digest.update(f"{type(item).__name__} {len(parts)};".encode())
        for part in parts:
            _write(digest, part, numbers)


def _write_array(digest: Any, array: Any, numbers: Mapping[int, int]) -> None:
    digest.update(f"array {array.dtype} {array.shape};".encode())
    if array.dtype != object:
        digest.update(np.ascontiguousarray(array).tobytes())
        return
    for part in array.ravel().tolist():
        _write(digest, part, numbers)


def _parts(item: Any) -> list[Any]:
    """Return what an item consists of.

    Raises:
        TypeError: If it is of a kind that has no digest.
    """
    if isinstance(item, LinearMap):
        return [getattr(item, each.name) for each in fields(item)]
    if isinstance(item, Mapping):
        return [part for pair in item.items() for part in pair]
    if isinstance(item, tuple | list):
        return list(item)
    if isinstance(item, slice):
        return [item.start, item.stop, item.step]
    if isinstance(item, arb):
        return [str(item.mid().man_exp()), str(item.rad().man_exp())]
    raise TypeError(f"{type(item).__name__} has no digest: give the operation plain values.")
