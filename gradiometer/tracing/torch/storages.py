"""What stands for the numbers of tensors: an array of `xp` for each storage that has been computed.

Tensors that share a storage are views of one array, so that views need no rule, and what is changed
in place is seen by all of them. A storage that is not known holds constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradiometer.tracing.torch.places import Line
from gradiometer.tracing.torch.refusing import refuse
from gradiometer.tracing.torch.strided import Geometry, replaced, shown, stored

UNKNOWN = Line("", False)


@dataclass(eq=False)
class Storage:
    """What a storage holds.

    Attributes:
        kept: A tensor of it, so that its address is not used again.
        size: Number of its components.
        array: The array, or a function that computes it when it is first read.
        geometry: How the array lies in the storage.
        tracked: Whether it depends on an input.
        detached: The line at which it was last detached.
        ungraded: The line that computed it where derivatives were turned off.
        steps: Whether it is constant but for jumps: made of truth values and integers alone.
        views: What was read of it.
    """

    kept: torch.Tensor
    size: int
    array: Any
    geometry: Geometry
    tracked: bool
    detached: Line = UNKNOWN
    ungraded: Line = UNKNOWN
    steps: bool = False
    views: dict[Geometry, Any] = field(default_factory=dict)


def geometry_of(t: torch.Tensor) -> Geometry:
    """Return which components of its storage a tensor shows."""
    return Geometry(tuple(t.shape), tuple(t.stride()), int(t.storage_offset()))


def numbers(t: torch.Tensor) -> Any:
    """Return a tensor's numbers as NumPy's: doubles, integers or truth values."""
    t = t.detach()
    return (t.to(torch.float64) if t.is_floating_point() else t).numpy(force=True).copy()


class Storages:
    """The arrays that stand for storages.

    Args:
        xp: The array namespace that is recorded.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self._known: dict[int, Storage] = {}

    def find(self, t: torch.Tensor) -> Storage | None:
        """Return what is known of a tensor's storage."""
        if t.layout != torch.strided:
            return None
        return self._known.get(t.untyped_storage()._cdata)

    def tracked(self, t: torch.Tensor) -> bool:
        """Return whether a tensor depends on an input."""
        found = self.find(t)
        return found is not None and found.tracked

    def steps(self, tensors: Sequence[torch.Tensor]) -> bool:
        """Return whether what depends on inputs among tensors is constant but for jumps."""
        known = [(t, self.find(t)) for t in tensors]
        return all(
            found.steps or not t.is_floating_point()
            for t, found in known
            if found is not None and found.tracked
        )

    def read(self, t: torch.Tensor) -> Any:
        """Return the array that a tensor shows; constants become one."""
        found = self.find(t)
        if found is None:
            return self._constant(t)
        if found.kept.dtype.itemsize != t.dtype.itemsize:
            refuse("a tensor's bits are read as another type", "convert it: x.to(dtype).")
        if callable(found.array) and not hasattr(found.array, "shape"):
            found.array = found.array()
        geometry = geometry_of(t)
        if geometry == found.geometry:
            return found.array
        if geometry not in found.views:
            flat = found.views.get(_flat(found.size))
            if flat is None:
                flat = stored(self.xp, found.array, found.geometry, found.size)
                found.views[_flat(found.size)] = flat
            found.views[geometry] = shown(self.xp, flat, geometry)
        return found.views[geometry]

    def _constant(self, t: torch.Tensor) -> Any:
        array = numbers(t)
        if not t.is_floating_point():
            return array
        if t.numel() * t.itemsize != t.untyped_storage().nbytes():
            return self.xp.asarray(array)
        self.define(t, self.xp.asarray(array), tracked=False)
        return self.read(t)

    def define(
        self,
        t: torch.Tensor,
        array: Any,
        *,
        tracked: bool,
        ungraded: Line = UNKNOWN,
        steps: bool = False,
    ) -> None:
        """Say what a new tensor holds.

        Args:
            t: The tensor.
            array: An array of its shape, or a function that computes it when it is first read.
            tracked: Whether it depends on an input.
            ungraded: The line, where derivatives are turned off.
            steps: Whether it is constant but for jumps.
        """
        size = t.untyped_storage().nbytes() // t.itemsize
        address = t.untyped_storage()._cdata
        self._known[address] = Storage(
            t.detach(), size, array, geometry_of(t), tracked, ungraded=ungraded, steps=steps
        )

    def write(self, t: torch.Tensor, array: Any, *, tracked: bool, steps: bool) -> None:
        """Say what a tensor holds that was changed in place, and all that share its storage."""
        found = self.find(t)
        size = t.untyped_storage().nbytes() // t.itemsize
        geometry = geometry_of(t)
        if geometry.size == size and len(np.unique(geometry.positions())) == size:
            self.define(t, array, tracked=tracked, steps=steps)
            return
        whole = t.detach().as_strided((size,), (1,), 0)
        flat = replaced(self.xp, self.read(whole), array, geometry)
        tracked = tracked or (found is not None and found.tracked)
        self.define(whole, flat, tracked=tracked, steps=steps)

    def forget(self, t: torch.Tensor, why: Callable[[], Any]) -> None:
        """Say that what a tensor holds is not known: reading it calls `why`, which raises."""
        self.define(t, why, tracked=True)


def _flat(size: int) -> Geometry:
    return Geometry((size,), (1,), 0)
