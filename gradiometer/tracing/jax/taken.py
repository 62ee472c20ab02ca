"""What a function of JAX's is called with: which leaves are inputs, which are held constant.

Arguments are pytrees. Their real arrays are named by the way to them; all else is part of the
function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.errors import GradiometerError
from gradiometer.tracing.arguments import identifier, wrong
from gradiometer.tracing.calling import title
from gradiometer.tracing.jax.lower import wide_enough
from gradiometer.tracing.taken import Taken


def taken(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any],
    chosen: Collection[str] | None = None,
) -> Taken:  # fmt: skip
    """Return which leaves of the arguments are inputs, and which are given values.

    Args:
        function: A function of JAX's.
        args: Its positional arguments.
        kwargs: Its arguments by name.
        chosen: The names of the parameters that are differentiated; by default all that are given.

    Raises:
        GradiometerError: If an argument or an output is none that can be differentiated, or there
            is no real number to differentiate.
    """
    name = title(function)
    bound = inspect.signature(function).bind(*args, **kwargs)
    chosen = bound.arguments if chosen is None else chosen
    inputs: dict[str, Any] = {}
    given: dict[str, Any] = {}
    slots: dict[str, tuple[Any, list[Any]]] = {}
    for parameter, value in bound.arguments.items():
        found, tree = jax.tree_util.tree_flatten_with_path(value, is_leaf=_sparse)
        slots[parameter] = tree, [
            _leaf(parameter, path, x, inputs if parameter in chosen else given, name,
                  held=parameter not in chosen)
            for path, x in found
        ]  # fmt: skip
    if not inputs:
        raise GradiometerError(
            f"{name!r} has no real number to differentiate: expected floats, or arrays of floats. "
            "Write 2.0 for 2, or say which arguments by `argnums` (--wrt)."
        )
    clash = sorted(set(inputs) & set(given))
    if clash:
        raise GradiometerError(f"Two arguments are named {clash[0]!r}: rename one.")
    names = (*inputs, *given)

    def flat(*arrays: Any) -> Any:
        at = dict(zip(names, arrays, strict=True))
        parts = {
            parameter: tree.unflatten([at[x.name] if isinstance(x, _Slot) else x for x in leaves])
            for parameter, (tree, leaves) in slots.items()
        }
        again = inspect.BoundArguments(bound.signature, parts)
        return function(*again.args, **again.kwargs)

    outputs = _outputs(flat, inputs | given, name)
    positions = [k for k, _ in outputs.values()]

    def real_outputs(*arrays: Any) -> tuple[Any, ...]:
        leaves = jax.tree_util.tree_leaves(flat(*arrays))
        return tuple(leaves[k] for k in positions)

    shapes = {key: shape for key, (_, shape) in outputs.items()}
    return Taken(real_outputs, inputs | given, tuple(inputs), tuple(given), shapes)


@dataclass(frozen=True)
class _Slot:
    """Stands for a leaf in nested arguments."""

    name: str


def _leaf(
    parameter: str, path: Any, x: Any, into: dict[str, Any], function: str, *, held: bool
) -> Any:
    """Return a slot for a real leaf, whose value is put into a dict; another leaf as it is."""
    way = parameter + jax.tree_util.keystr(path)
    what = _wrong(x)
    if what:
        raise GradiometerError(f"Argument {way!r} of {function!r} is {what}")
    number = isinstance(x, float | np.floating) and not isinstance(x, np.ndarray)
    if (number and held) or not (number or _kind(x) == "f"):
        return x
    plain = identifier(way)
    while plain in into:
        plain += "_"
    into[plain] = np.array(jax.numpy.asarray(x) if isinstance(x, float) else x)
    return _Slot(plain)


def _kind(x: Any) -> str:
    """Return `f` of arrays of real numbers, another letter of others, nothing of no array."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or not isinstance(x, jax.Array | np.ndarray | np.generic):
        return ""
    if jax.dtypes.issubdtype(dtype, jax.dtypes.extended):
        return "k"
    return "f" if jax.dtypes.issubdtype(dtype, np.floating) else str(np.dtype(dtype).kind)


def _wrong(x: Any) -> str:
    """Return what is wrong with a leaf, and what to do; empty where nothing is."""
    if isinstance(x, core.Tracer):
        return "traced by JAX: call this outside of jax.jit and jax.grad."
    if _sparse(x):
        return "a sparse array: expected a dense one. Pass x.todense()."
    if not isinstance(x, jax.Array):
        return wrong(x)
    if _kind(x) == "c":
        return "complex: functions of real numbers are expected. Pass real and imaginary parts."
    if _kind(x) == "f" and x.dtype not in (np.float32, np.float64):
        return f"of {x.dtype}: expected float32 or float64. Pass x.astype(jnp.float32)."
    if any(device.platform != "cpu" for device in x.devices()):
        return "on another device: expected the CPU. Pass jax.device_put(x, jax.devices('cpu')[0])."
    return ""


def _sparse(x: Any) -> bool:
    return type(x).__module__.startswith("jax.experimental.sparse")


def _outputs(
    flat: Callable[..., Any], arrays: Mapping[str, Any], name: str
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Return the names of the real outputs, each with its place among all leaves, and its shape.

    Raises:
        GradiometerError: If there is none.
    """
    with wide_enough(list(arrays.values())):
        returned = flat(*(jax.numpy.asarray(a) for a in arrays.values()))
    found, _ = jax.tree_util.tree_flatten_with_path(returned)
    alone = len(found) == 1 and not found[0][0]
    outputs = {}
    for k, (path, y) in enumerate(found):
        what = _wrong(y)
        if what:
            raise GradiometerError(f"{name!r} returns an array that is {what}")
        if _kind(y) == "f" or isinstance(y, float):
            way = jax.tree_util.keystr(path)
            numbered = isinstance(path[0], jax.tree_util.SequenceKey) if path else False
            key = "" if alone else identifier("y" + way[1:] if numbered else way)
            outputs[key] = k, np.shape(y)
    if outputs:
        return outputs
    kind = type(returned).__name__ if not alone or not hasattr(returned, "dtype") else (
        f"an array of {returned.dtype}"
    )  # fmt: skip
    raise GradiometerError(
        f"{name!r} returns no real number but {kind}: expected a float, or arrays of floats. End "
        "it by `return`."
    )
