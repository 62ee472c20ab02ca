"""What calls are given, and whether it is still the same afterwards, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradiometer.errors import ChangedInput


class Given:
    """Arguments as they were when this was made.

    Args:
        named: By what to call each: an array, a number, or any nesting of them. What NumPy cannot
            read is not compared.
    """

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._before = self._bits()

    def compare(self) -> None:
        """Compare them with what they were.

        Raises:
            ChangedInput: If one differs, with its name.
        """
        for name, now in self._bits().items():
            if now != self._before[name]:
                raise ChangedInput(f"a call changes {name}, which it is given")

    def _bits(self) -> dict[str, list[object]]:
        return {name: [_bits(leaf) for leaf in _leaves(of)] for name, of in self._named.items()}


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, Mapping):
        nested = nested.values()
    elif not isinstance(nested, tuple | list):
        yield nested
        return
    for part in nested:
        yield from _leaves(part)


def _bits(leaf: Any) -> object:
    """Return what tells an array or a number from another; `None` where NumPy cannot read it."""
    try:
        array = np.asarray(leaf.detach() if hasattr(leaf, "detach") else leaf)
    except Exception:  # whatever a foreign array raises that has no NumPy form
        return None
    return array.shape, repr(array.tolist()) if array.dtype.hasobject else array.tobytes()
