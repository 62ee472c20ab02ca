"""What stands for tensors while PyTorch runs a function, and what is told of it: what rules use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.weak import WeakIdKeyDictionary

from gradiometer.tracing.lowered import Cut, Rule
from gradiometer.tracing.torch import table
from gradiometer.tracing.torch.places import Line
from gradiometer.tracing.torch.refusing import refuse
from gradiometer.tracing.torch.rows import real
from gradiometer.tracing.torch.storages import UNKNOWN, Storages, numbers


class Shadows:
    """Arrays of `xp` that stand for tensors.

    Args:
        xp: The array namespace that is recorded.
        cutting: Whether what autograd cuts is held constant.

    Attributes:
        cuts: Where that happened.
        rules: Derivative rules that were met.
        notes: Where digits were dropped that what is recorded keeps.
        drawn: Operators that drew random numbers, with their lines.
        factors: Matrices by the storage of their LU factors.
        func, out, outs, name: The operator that is being done, and what it returned.
        composed: The operators that are being done by others.
        graded: Whether Python lets derivatives be computed, as it last said.
        departed: Whether real numbers that depend on inputs have left their tensors.
        shift: By how much they are changed then, relatively.
    """

    def __init__(self, xp: Any, cutting: bool) -> None:
        self.xp = xp
        self.storages = Storages(xp)
        self.cutting = cutting
        self.within = 0
        self.cuts: list[Cut] = []
        self.rules: list[Rule] = []
        self.notes: list[str] = []
        self.drawn: list[str] = []
        self.factors: dict[int, Any] = {}
        self.func: Any = None
        self.composed: list[Any] = []
        self.outs: list[Any] = []
        self.here = UNKNOWN
        self.graded = True
        self.departed = False
        self.shift = 0.0
        self.below: Any = WeakIdKeyDictionary()

    @property
    def out(self) -> torch.Tensor:
        """The tensor that the operator returned."""
        return self.outs[0]  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        """The operator's name."""
        return table.base_name(self.func)

    def real(self, t: torch.Tensor) -> bool:
        """Return whether a tensor holds real numbers, or truth values that depend on inputs."""
        return t.is_floating_point()

    def tracked(self, t: torch.Tensor) -> bool:
        """Return whether a tensor depends on an input."""
        return self.storages.tracked(t)

    def array(self, t: torch.Tensor, *, raw: bool = False) -> Any:
        """Return the array that stands for a tensor: of real numbers, unless it is to be raw."""
        array = self.storages.read(t)
        if self.storages.tracked(t) and self.cut(t):
            array = self.xp.stop_gradient(array)
        return array if raw else real(self.xp, array)

    def concrete(self, t: torch.Tensor) -> torch.Tensor:
        """Return integers or truth values as they are; if they depend on inputs, under a guard."""
        if self.storages.tracked(t):
            self.guard(self.storages.read(t), numbers(t))
        return t

    def guard(self, found: Any, there: Any) -> None:
        """Record that integers or truth values, which depend on inputs, are those of PyTorch.

        Raises:
            NotLowered: If they are not.
        """
        xp = self.xp
        if there.dtype == bool:
            same = xp.logical_not(xp.logical_xor(found, there))
        else:
            same = xp.equal(found, there)
        if not bool(xp.all(same)):
            refuse(
                f"{self.func} decides otherwise in PyTorch than in doubles",
                "the numbers that are compared are too near: choose another point.",
                self.here.text,
            )

    def left(self, t: torch.Tensor, what: str) -> None:
        """Keep that a tensor's real numbers leave it: they are constants from there on."""
        if not self.within and self.storages.tracked(t) and t.is_floating_point():
            self.tell_cut(what, self.here)
            self.departed = True

    def note(self, text: str) -> None:
        """Keep a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def lost(self, t: torch.Tensor, what: str) -> None:
        """Say that what a tensor holds is not known from here on."""
        self.storages.forget(t, lambda: refuse(what, table.OTHERWISE, self.here.text))

    def cut(self, t: torch.Tensor) -> bool:
        """Return whether autograd holds a tensor constant that depends on an input."""
        if self.within or not self.cutting or t.requires_grad or not t.is_floating_point():
            return False
        if t in self.below:
            return False
        found = self.storages.find(t)
        assert found is not None
        if found.steps:
            return False
        told = found.ungraded if found.ungraded is not UNKNOWN else found.detached
        what = "no_grad" if found.ungraded is not UNKNOWN else "detach"
        self.tell_cut(what, told if told.text else self.here)
        return True

    def ungraded(self) -> Line:
        """Return the line at which derivatives are off: the user's, unless an operator does it."""
        inside = self.graded and torch._C._current_graph_task_id() == -1
        return Line(self.here.text, self.here.users and not inside)

    def tell_cut(self, what: str, told: Line) -> None:
        """Keep where something is held constant, once."""
        cut = Cut(what, told.text, told.users)
        if cut not in self.cuts:
            self.cuts.append(cut)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Do what autograd does not differentiate itself: nothing there is a cut."""
        self.within += 1
        try:
            yield
        finally:
            self.within -= 1
