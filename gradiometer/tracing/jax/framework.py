"""What JAX offers to what knows no framework; see `gradiometer.tracing.frameworks`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.tracing.calling import Argnums
from gradiometer.tracing.jax import taken as arguments
from gradiometer.tracing.jax.derivative import differentiate as differentiate
from gradiometer.tracing.jax.kernels import kernels as of_function
from gradiometer.tracing.jax.lower import flat, wide_enough
from gradiometer.tracing.jax.lower import lower as lower
from gradiometer.tracing.jax.lower import values_only as values_only
from gradiometer.tracing.lowered import Kernel
from gradiometer.tracing.taken import Taken
from gradiometer.vocabulary.space import Array

EXTRA = "jax"
"""Gradiometer's extra that holds the methods of JAX."""


def taken(
    function: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    argnums: Argnums,
    chosen: Callable[[], Collection[str]],
) -> Taken:
    """Return a function with its arguments as one of flat arrays; parameters are chosen.

    Raises:
        GradiometerError: If there is nothing to differentiate, or something that cannot be.
    """
    return arguments.taken(function, args, kwargs, chosen())


def call(function: Any, arrays: Sequence[Array], inputs: int = 0) -> tuple[Array, ...]:
    """Return what a function of flat arrays computes of NumPy's, of which some are inputs."""
    with wide_enough(arrays), core.set_current_trace(core.eval_trace):
        found = function(*map(jax.numpy.asarray, arrays))
        return tuple(map(np.asarray, found))


def native(array: Array) -> Any:
    """Return an array of JAX's, of the same type."""
    with wide_enough([array]):
        return jax.numpy.asarray(array)


def kernels(function: Any, arrays: Sequence[Any], *, backward: bool = True) -> Sequence[Kernel]:
    """Return the operations that a function and its gradient come to, with their numbers."""
    if not backward:
        return of_function(function, arrays)

    def both(*xs: Any) -> Any:
        found, pull = jax.vjp(lambda *ys: flat(function(*ys)), *xs)
        return [*found, *pull([jax.numpy.ones_like(y) for y in found])]

    return of_function(both, arrays)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Leave JAX as it was."""
    before = jax.config.jax_enable_x64
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
