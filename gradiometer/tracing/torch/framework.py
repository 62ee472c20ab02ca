"""What PyTorch offers to what knows no framework; see `gradiometer.tracing.frameworks`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from gradiometer.tracing.calling import Argnums
from gradiometer.tracing.taken import Taken
from gradiometer.tracing.torch import taken as arguments
from gradiometer.tracing.torch.derivative import differentiate as differentiate
from gradiometer.tracing.torch.kernels import kernels as kernels
from gradiometer.tracing.torch.lower import lower as lower
from gradiometer.tracing.torch.lower import values_only as values_only
from gradiometer.vocabulary.space import Array

EXTRA = "torch"
"""Gradiometer's extra that holds the methods of PyTorch."""


def taken(
    function: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    argnums: Argnums,
    chosen: Callable[[], Collection[str]],
) -> Taken:
    """Return a function with its arguments as one of flat tensors.

    Arrays of NumPy become tensors; where there are neither, floats become tensors of float64. What
    is differentiated is no choice of parameters: by default what requires grad, and `argnums` may
    name a module's tensors.

    Raises:
        GradiometerError: If there is nothing to differentiate, or something that cannot be.
    """
    leaves = pytree.tree_leaves((args, kwargs))
    none = not any(isinstance(x, torch.Tensor | torch.nn.Module | np.ndarray) for x in leaves)
    alone = none and not isinstance(function, torch.nn.Module)
    convert = partial(_tensor, floats=alone)
    args, kwargs = pytree.tree_map(convert, (tuple(args), dict(kwargs)))
    found = arguments.taken(function, args, kwargs, argnums)
    values = dict(zip(found.names, found.arrays, strict=True))
    with torch.enable_grad():
        outputs = {name: tuple(y.shape) for name, y in found.call(values).items()}
    arrays = {name: _plain(t) for name, t in values.items()}
    return Taken(found.flat, arrays, tuple(found.inputs), tuple(found.given), outputs)


def call(function: Any, arrays: Sequence[Array], inputs: int = 0) -> tuple[Array, ...]:
    """Return what a function of flat tensors computes of NumPy's arrays, of which some are inputs.

    These require grad: a function may differentiate by them.
    """
    with torch.enable_grad():
        found = function(*(native(a).requires_grad_(k < inputs) for k, a in enumerate(arrays)))
    return tuple(_plain(t) for t in (found if isinstance(found, tuple) else (found,)))


def native(array: Array) -> Any:
    """Return a tensor of its own, of the same type."""
    return torch.from_numpy(np.array(array))


def _tensor(x: Any, *, floats: bool) -> Any:
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return torch.from_numpy(x.copy())
    return torch.tensor(x, dtype=torch.float64) if floats and isinstance(x, float) else x


def _plain(t: Any) -> Array:
    found: Array = t.detach().numpy().copy()
    return found


@contextmanager
def settings_kept() -> Iterator[None]:
    """Leave PyTorch as it was."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
