"""Every operator that PyTorch carries out for a function, and for its backward pass, in floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from gradiometer.errors import GradiometerError
from gradiometer.tracing.lowered import Kernel
from gradiometer.tracing.torch import table
from gradiometer.tracing.torch.lower import called
from gradiometer.tracing.torch.mirror import Mirror
from gradiometer.tracing.torch.places import line
from gradiometer.tracing.torch.schema import is_view
from gradiometer.tracing.torch.storages import numbers
from gradiometer.vocabulary.place import at_place
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.recording import record

DTYPES: dict[Any, Any] = {torch.float32: np.float32, torch.float64: np.float64}
"""What numbers are judged as, by the type of a tensor."""


def kernels(function: Callable[..., Any], arrays: Sequence[Any]) -> list[Kernel]:
    """Return the operators that a function and its gradient come to, with their numbers.

    Args:
        function: Takes tensors, returns a tensor or a tuple of tensors.
        arrays: The tensors.
    """
    watch = _Watch()
    inputs = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in arrays]
    with torch.enable_grad(), watch:
        returned = called(function, inputs)
        outputs = returned if isinstance(returned, tuple | list) else (returned,)
        pulled = [y for y in outputs if isinstance(y, torch.Tensor) and y.requires_grad]
        if pulled:
            reals = [x for x in inputs if x.requires_grad]
            ones = [torch.ones_like(y) for y in pulled]
            torch.autograd.grad(pulled, reals, ones, allow_unused=True)
    return watch.found


class _Watch(Mirror):  # type: ignore[no-untyped-call]
    """Keeps each operator that has a meaning in real numbers, as it is carried out."""

    def __init__(self) -> None:
        super().__init__(NUMPY, cutting=False)
        self.found: list[Kernel] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry an operator out, and keep it."""
        kwargs = kwargs or {}
        place = line().text
        kept = _copied((args, kwargs))
        out = func(*args, **kwargs)
        kernel = _kernel(func, kept, out, place)
        self.found += [kernel] if kernel else []
        return out


def _copied(nested: Any) -> Any:
    return pytree.tree_map(lambda x: x.clone() if isinstance(x, torch.Tensor) else x, nested)


def _kernel(func: Any, kept: Any, out: Any, place: str) -> Kernel | None:
    """Return an operator as a graph of its real inputs; None if it is none of real numbers."""
    flat, structure = pytree.tree_flatten(kept)
    at = [k for k, x in enumerate(flat) if isinstance(x, torch.Tensor) and x.is_floating_point()]
    outs = [t for t in pytree.tree_leaves(out) if isinstance(t, torch.Tensor)]
    reals = [k for k, t in enumerate(outs) if t.dtype in DTYPES and t.numel()]
    if (
        not (at and reals)
        or table.base_name(func) in table.SHAPED_ALIKE
        or not func._schema.returns
        or is_view(func)
    ):
        return None
    if torch.Tag.nondeterministic_seeded in func.tags:
        return None
    known: list[int] = []
    found = [numbers(t).astype(DTYPES.get(t.dtype)) for t in outs]

    def program(xp: Any, *shadows: Any) -> Any:
        given = list(flat)
        mirror = Mirror(xp, cutting=False)
        with mirror.inside():
            for k, shadow in zip(at, shadows, strict=True):
                given[k] = flat[k].detach().clone(memory_format=torch.contiguous_format)
                mirror.storages.define(given[k], shadow, tracked=True)
            args, kwargs = pytree.tree_unflatten(given, structure)
            with at_place(place):
                arrays = mirror.arrays(func, args, kwargs, outs, True) or []
        known[:] = [k for k in reals if k < len(arrays) and hasattr(arrays[k], "shape")]
        return tuple(arrays[k] for k in known)

    try:
        values = tuple(numbers(flat[k]) for k in at)
        graph = record(program, Point({f"x{k}": x for k, x in enumerate(values)}))
    except GradiometerError:
        return None  # it is not known, or draws random numbers
    if not known:
        return None
    name = f"{func._schema.name.split('::')[1]}.{func._overloadname}".removesuffix(".default")
    return Kernel(name, place, graph, values, tuple(found[k] for k in known))
