"""What a function of JAX's is called with: which leaves are inputs, which are held constant.

Arguments are pytrees. Their real arrays are named by the way to them; all else is part of the
function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.tracing.arguments import identifier, wrong
from gradiometer.tracing.calling import Argnums, title
from gradiometer.tracing.jax.lower import wide_enough
from gradiometer.vocabulary.space import Array


@dataclass(frozen=True, eq=False)
class Taken:
    """A function and what it is called with, as flat arrays.

    Attributes:
        function: Takes arrays of JAX in the order of `names`, and returns its real outputs.
        arrays: The values by name, inputs first.
        inputs: The names of those that are differentiated.
        given: The names of those that are held constant.
        outputs: The names of the outputs; one that stands alone has the name "".
    """

    function: Callable[..., tuple[Any, ...]] = field(repr=False)
    arrays: dict[str, Array]
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of inputs and given values."""
        return (*self.inputs, *self.given)

    def call(self, values: Mapping[str, Any]) -> dict[str, Array]:
        """Return the outputs by name, as JAX computes them.

        Args:
            values: The values of inputs and given values.
        """
        arrays = [values[name] for name in self.names]
        with wide_enough(arrays):
            found = self.function(*(jax.numpy.asarray(a) for a in arrays))
        return dict(zip(self.outputs, map(np.asarray, found), strict=True))


def taken(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any],
    argnums: Argnums = None,
) -> Taken:  # fmt: skip
    """Return which leaves of the arguments are inputs, and which are given values.

    Args:
        function: A function of JAX's.
        args: Its positional arguments.
        kwargs: Its arguments by name.
        argnums: Which are differentiated, by position or name; by default those by position, or
            all if there are none.

    Raises:
        GradiometerError: If an argument or an output is none that can be differentiated, or there
            is no real number to differentiate.
    """
    name = title(function)
    bound = _bound(function, args, kwargs, name)
    chosen = _chosen(bound, args, argnums, name)
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
    positions = list(outputs.values())

    def real_outputs(*arrays: Any) -> tuple[Any, ...]:
        leaves = jax.tree_util.tree_leaves(flat(*arrays))
        return tuple(leaves[k] for k in positions)

    return Taken(real_outputs, inputs | given, tuple(inputs), tuple(given), tuple(outputs))


@dataclass(frozen=True)
class _Slot:
    """Stands for a leaf in nested arguments."""

    name: str


def _bound(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], name: str
) -> inspect.BoundArguments:
    if not callable(function):
        raise GradiometerError(f"{type(function).__name__} cannot be called: expected a function.")
    try:
        return inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise GradiometerError(f"{name!r} cannot be called so: {error}.") from None


def _chosen(
    bound: inspect.BoundArguments, args: Sequence[Any], argnums: Argnums, name: str
) -> set[str]:
    names = list(bound.signature.parameters)
    if argnums is None:
        return set(names[: len(args)]) or set(bound.arguments)
    listed = [argnums] if isinstance(argnums, int | str) else list(argnums)
    for each in listed:
        fits = each in names if isinstance(each, str) else -len(names) <= each < len(names)
        if not fits:
            raise UnknownName(f"argument of {name!r}", str(each), names)
    return {each if isinstance(each, str) else names[each] for each in listed}


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


def _outputs(flat: Callable[..., Any], arrays: Mapping[str, Any], name: str) -> dict[str, int]:
    """Return the names of the real outputs, each with its place among all leaves.

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
            outputs["" if alone else identifier("y" + way[1:] if numbered else way)] = k
    if outputs:
        return outputs
    kind = type(returned).__name__ if not alone or not hasattr(returned, "dtype") else (
        f"an array of {returned.dtype}"
    )  # fmt: skip
    raise GradiometerError(
        f"{name!r} returns no real number but {kind}: expected a float, or arrays of floats. End "
        "it by `return`."
    )
