"""The mirror: while PyTorch runs a function, each operator that it carries out is done with `xp`.

A dispatch mode meets every operator below autograd, whatever Python or C++ called it: `if`, `while`
and changes in place need nothing of their own, functions with derivative rules dissolve into their
forward, and transformations (`vmap`, `torch.func.grad`) have been carried out. A traced graph
(`make_fx`) would need as many rows, and refuses programs that decide on data, so there is this way
alone. What autograd cuts it tells itself: an operand that does not require grad, though it depends
on an input, is held constant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from gradiometer.tracing.torch import table
from gradiometer.tracing.torch.places import line
from gradiometer.tracing.torch.refusing import refuse, wrong
from gradiometer.tracing.torch.rows import CONSTANT, Row
from gradiometer.tracing.torch.schema import draws, is_status, is_view, written
from gradiometer.tracing.torch.shadows import Shadows
from gradiometer.tracing.torch.storages import UNKNOWN
from gradiometer.vocabulary.place import at_place

DROPPED = frozenset({
    "device", "dtype", "generator", "input_dtype", "layout", "memory_format", "non_blocking",
    "out", "pin_memory", "cudnn_enabled",
})  # fmt: skip
"""Arguments by name that do not count for real numbers."""


class Mirror(Shadows, TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Does each operator on arrays of `xp` that stand for the tensors; see `Shadows`.

    Args:
        xp: The array namespace that is recorded.
        cutting: Whether what autograd cuts is held constant.
        trusted: Rules whose derivative is taken as declared, by name.
    """

    def __init__(self, xp: Any, *, cutting: bool = True, trusted: Collection[str] = ()) -> None:
        TorchDispatchMode.__init__(self)  # type: ignore[no-untyped-call]
        Shadows.__init__(self, xp, cutting)
        self.trusted = trusted

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: nothing is compiled here, and the compiler takes seconds to import."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry an operator out, and do it with `xp`."""
        kwargs = kwargs or {}
        if not self.within:
            self.here = line()
        with at_place(self.here.text):
            return self._done(func, args, kwargs)

    def _done(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tensors = [t for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        if any(t.device.type == "meta" for t in tensors):
            return func(*args, **kwargs)  # shapes alone
        self._refuse_kinds(func, tensors)
        name = table.base_name(func)
        if torch.Tag.nondeterministic_seeded in func.tags and draws(func, args, kwargs):
            self.drawn.append(f"{name}{self.here.text}")
        if func is torch.ops.aten._local_scalar_dense.default:
            return self._left(args[0])
        if name == "equal":
            same = self.xp.all(self.xp.equal(*(self.array(t) for t in args)))
            return bool(same) if any(map(self.storages.tracked, tensors)) else func(*args)
        if is_view(func):
            return self._viewed(func, args, kwargs)
        concerned = any(t.is_floating_point() for t in tensors) or any(
            map(self.storages.tracked, tensors)
        )
        if not concerned or name in table.SHAPED_ALIKE or func.namespace not in ("aten", "prims"):
            return self._constant(func, args, kwargs, tensors)
        if func._schema.is_mutable:
            return self._changed(func, args, kwargs, tensors)
        return self._computed(func, args, kwargs, tensors)

    def _constant(self, func: Any, args: Any, kwargs: Any, tensors: Sequence[Any]) -> Any:
        """Carry out what does not depend on real numbers."""
        known = any(map(self.storages.tracked, tensors))
        if known and func.namespace not in ("aten", "prims"):
            refuse(f"the operator {func}", "it is not PyTorch's own; write it in those.")
        out = func(*args, **kwargs)
        if str(func._schema.name).startswith(("aten::empty", "aten::new_empty")):
            for each in pytree.tree_leaves(out):
                each.zero_()  # what it happens to hold is no number
        return out

    def _viewed(self, func: Any, args: Any, kwargs: Any) -> Any:
        out, x = func(*args, **kwargs), args[0]
        found = self.storages.find(x) if isinstance(x, torch.Tensor) else None
        if found is None or not found.tracked or not (x.requires_grad or x in self.below):
            return out
        if func in (torch.ops.aten.detach.default, torch.ops.aten.detach_.default):
            found.detached = self.here
        elif torch.is_grad_enabled():  # autograd lets these require grad, unless it is above
            self.below.update((t, None) for t in pytree.tree_leaves(out) if _is_leaf(t))
        return out

    def _left(self, t: torch.Tensor) -> Any:
        """Return the number that leaves a tensor: as a guard, or cut where it is a real number."""
        number = torch.ops.aten._local_scalar_dense.default(t)
        if not self.storages.tracked(t):
            return number
        if t.dtype == torch.bool:
            found = self.storages.read(t)
            return bool(found != 0 if getattr(found.dtype, "name", "") != "bool" else found)
        if t.is_floating_point():
            self.left(t, "item")
            return number * (1.0 + self.shift)
        self.concrete(t)
        return number

    def _computed(self, func: Any, args: Any, kwargs: Any, tensors: Sequence[Any]) -> Any:
        out = func(*args, **kwargs)
        outs = pytree.tree_leaves(out)
        if any(isinstance(t, torch.Tensor) and t.layout != torch.strided for t in outs):
            refuse(f"{func} makes a sparse tensor", "compute with dense ones.")
        tracked = any(map(self.storages.tracked, tensors))
        given = {t.untyped_storage()._cdata for t in tensors}
        if all(t.untyped_storage()._cdata in given for t in outs if isinstance(t, torch.Tensor)):
            return out  # views, though the schema does not tell
        found = self.arrays(func, args, kwargs, outs, tracked)
        if found is None:
            return out
        ungraded = UNKNOWN if torch.is_grad_enabled() or self.within else self.ungraded()
        steps = self.storages.steps(tensors)
        for k, each in enumerate(outs):
            if not isinstance(each, torch.Tensor):
                continue
            array = found[k] if k < len(found) else None
            if array is CONSTANT:
                continue
            if array is not None:
                self.storages.define(each, array, tracked=tracked, ungraded=ungraded, steps=steps)
            elif tracked and not (k and is_status(func, k)):
                self.lost(each, f"an output of {func} is used")
        return out

    def _changed(self, func: Any, args: Any, kwargs: Any, tensors: Sequence[Any]) -> Any:
        """Carry out what changes tensors in place."""
        targets = written(func, args, kwargs)
        tracked = any(map(self.storages.tracked, tensors))
        steps = self.storages.steps(tensors)
        before = [self.storages.read(t) for t in targets] if tracked else []
        keeping = [
            tracked and self.storages.tracked(t) and not self.within and not self._graded(tensors)
            for t in targets
        ]
        expected = [torch.empty_like(t) for t in targets]
        known = tracked or any(self.storages.find(t) is not None for t in tensors)
        found = None
        if known or table.base_name(func) not in ("fill", "copy", "zero"):
            found = self.arrays(func, args, kwargs, expected, tracked)
        out = func(*args, **kwargs)
        if table.base_name(func) in ("native_batch_norm", "_native_batch_norm_legit"):
            targets = pytree.tree_leaves(out)
            before, keeping = [], [False] * len(targets)
        if found is None:
            return out
        for k, (t, array) in enumerate(zip(targets, found, strict=False)):
            if array is None:
                self.lost(t, f"what {func} has changed is used")
                continue
            if keeping[k] and self.cutting:
                array = before[k] + self.xp.stop_gradient(array - before[k])
                self.tell_cut("no_grad", self.ungraded())
            self.storages.write(t, array, tracked=tracked, steps=steps)
        return out

    def _graded(self, tensors: Sequence[torch.Tensor]) -> bool:
        return torch.is_grad_enabled() and any(t.requires_grad for t in tensors)

    def arrays(
        self, func: Any, args: Any, kwargs: Any, outs: list[Any], tracked: bool
    ) -> list[Any] | None:
        """Return what stands for an operator's outputs; None where they are constants.

        Raises:
            Refused: If it is not known, and depends on an input.
        """
        row = table.row_of(func)
        kwargs = {k: v for k, v in kwargs.items() if k not in DROPPED}
        if row is None:
            return self._decomposed(func, args, kwargs, tracked)
        moves = row.kind == "tensors"
        if moves and not tracked and not self._known(args, kwargs):
            return None
        self.func, self.outs = func, outs
        if row.kind != "tensors":
            args, kwargs = pytree.tree_map(
                lambda x: self._operand(x, row), (tuple(args), kwargs), is_leaf=_is_leaf
            )
        found = row.rule(self.xp if not moves else self, *args, **kwargs)
        return list(found) if isinstance(found, tuple | list) else [found]

    def _known(self, *nested: Any) -> bool:
        return any(
            isinstance(t, torch.Tensor) and self.storages.find(t) is not None
            for t in pytree.tree_leaves(nested)
        )

    def _operand(self, x: Any, row: Row) -> Any:
        return self.array(x, raw=row.kind == "raw") if isinstance(x, torch.Tensor) else x

    def _decomposed(self, func: Any, args: Any, kwargs: Any, tracked: bool) -> list[Any] | None:
        """Return what stands for outputs, computed by other operators."""
        by = None if func in self.composed else table.decomposition(func)
        if by is None:
            if not tracked:
                return None
            name = table.base_name(func)
            refuse(f"torch.ops.{func}", table.INSTEAD.get(name, table.OTHERWISE))
        assert by is not None
        args, kwargs = self._whole(args), self._whole(kwargs)
        self.composed.append(func)
        with self.inside(), self:
            found = by(*args, **kwargs)
        self.composed.pop()
        leaves = pytree.tree_leaves(found)
        return [self.storages.read(t) if isinstance(t, torch.Tensor) else None for t in leaves]

    def _whole(self, nested: Any) -> Any:
        """Return operands of which those that autograd cuts are tensors of their own."""

        def own(t: Any) -> Any:
            if isinstance(t, torch.Tensor) and self.storages.tracked(t) and self.cut(t):
                copy = t.detach().clone()
                array = self.xp.stop_gradient(self.storages.read(t))
                self.storages.define(copy, array, tracked=True)
                return copy
            return t

        return pytree.tree_map(own, nested)

    def _refuse_kinds(self, func: Any, tensors: Sequence[torch.Tensor]) -> None:
        for t in tensors:
            what = wrong(t)
            if what:
                refuse(f"{func} is given a tensor that is {what[0]}", what[1])


def _is_leaf(x: Any) -> bool:
    return isinstance(x, torch.Tensor)
