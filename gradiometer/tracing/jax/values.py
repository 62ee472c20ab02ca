"""What flows through an interpretation: recorded arrays, plain ones, and what is not needed yet.

Real numbers that are no constants are recorded. What does not depend on them, integers, truth
values and keys, are arrays of JAX or NumPy; real constants are NumPy's doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.recorded import Recorded


class UnknownPrimitive(GradiometerError):
    """A primitive of JAX's that has no rule."""


class Delayed:
    """A value that is computed when it is first used: much of JAX's graphs is never used.

    Args:
        compute: Returns it.
    """

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute: Callable[[], Any] | None = compute
        self._value: Any = None

    def value(self) -> Any:
        """Return it."""
        if self._compute is not None:
            self._value, self._compute = self._compute(), None
        return self._value


def needed(value: Any) -> Any:
    """Return a value, computed if it was delayed."""
    while isinstance(value, Delayed):
        value = value.value()
    return value


def delayed(compute: Callable[[], Sequence[Any]], count: int) -> list[Any]:
    """Return several values that are computed together, when the first of them is used."""
    together = Delayed(compute)
    return [Delayed(lambda k=k: together.value()[k]) for k in range(count)]  # type: ignore[misc]


def recorded(value: Any) -> bool:
    """Return whether a value is recorded."""
    return isinstance(value, Recorded)


def held(value: Any) -> Any:
    """Return a value as a plain array; a recorded one is guarded to be as it is here."""
    return value.held() if isinstance(value, Recorded) else value


def real(aval: Any) -> bool:
    """Return whether an abstract value is of real numbers."""
    return bool(jax.dtypes.issubdtype(aval.dtype, np.floating))


def is_key(aval: Any) -> bool:
    """Return whether an abstract value is of keys of random numbers, or of another inner type."""
    return bool(jax.dtypes.issubdtype(aval.dtype, jax.dtypes.extended))


def truths(aval: Any) -> bool:
    """Return whether an abstract value is of truth values."""
    return bool(aval.dtype == np.bool_)


def plain(value: Any) -> Any:
    """Return what stands for an array of JAX's or NumPy's: of real numbers, doubles."""
    aval = core.typeof(value)
    if is_key(aval):
        return value
    return np.asarray(value).astype(np.float64) if real(aval) else np.asarray(value)


def own(value: Any, aval: Any) -> Any:
    """Return a plain array in the type that JAX holds it in."""
    return np.asarray(value, aval.dtype) if not is_key(aval) and real(aval) else value


def carried_out(primitive: Any, params: dict[str, Any], values: Sequence[Any]) -> list[Any]:
    """Return the results of an operation of JAX on plain arrays."""
    with jax.enable_x64(True), core.set_current_trace(core.eval_trace):
        found = primitive.bind(*values, **primitive.get_bind_params(params))
    return [plain(each) for each in (found if primitive.multiple_results else [found])]
