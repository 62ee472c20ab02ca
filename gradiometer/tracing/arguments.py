"""The arguments of a function of the user's: which of their numbers are inputs, and their names.

Arguments may be nested: dicts, lists, tuples, dataclasses. Their real numbers are leaves, named by
the way to them; everything else is part of the function.
"""

from __future__ import annotations

import dataclasses
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradiometer.errors import GradiometerError


class Leaf(NamedTuple):
    """Stands for a real number, or an array of those, in nested arguments.

    Attributes:
        name: Its name as an input, or as a given value.
        kind: `float`, or the type that a number had; `array` for NumPy's arrays.
    """

    name: str
    kind: Any


class Fields(NamedTuple):
    """Stands for a dataclass's instance in nested arguments."""

    instance: Any
    values: dict[str, Any]


class Leaves:
    """Takes the leaves out of arguments.

    Args:
        function: The function's name, for errors.
    """

    def __init__(self, function: str) -> None:
        self.values: dict[str, Any] = {}
        self._function = function

    def take(self, name: str, x: Any, *, held: bool = False) -> Any:
        """Return an argument with `Leaf` in place of its leaves, which are kept in `values`.

        Args:
            name: The argument.
            x: It.
            held: Whether it is held constant: then numbers stay, and arrays alone are taken.

        Raises:
            GradiometerError: If it holds what cannot be an argument.
        """
        self._refuse(name, x)
        if isinstance(x, float | np.floating):
            return x if held else self._leaf(name, x, type(x))
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            return self._leaf(name, x, "array")
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            values = {f.name: getattr(x, f.name) for f in dataclasses.fields(x)}
            return Fields(x, {k: self.take(f"{name}.{k}", v, held=held) for k, v in values.items()})
        if isinstance(x, dict):
            return _dict_like(x, {k: self.take(f"{name}.{k}", v, held=held) for k, v in x.items()})
        if isinstance(x, list | tuple):
            parts = [self.take(f"{name}.{k}", v, held=held) for k, v in enumerate(x)]
            return _like(x, parts)
        return x

    def _leaf(self, name: str, x: Any, kind: Any) -> Leaf:
        plain = identifier(name)
        while plain in self.values:
            plain += "_"
        self.values[plain] = np.array(x, dtype=np.float64)
        return Leaf(plain, kind)

    def _refuse(self, name: str, x: Any) -> None:
        what = wrong(x)
        if what:
            raise GradiometerError(f"Argument {name!r} of {self._function!r} is {what}")


def wrong(x: Any) -> str:
    """Return what is wrong with an argument, and what to do; empty where nothing is."""
    kind = type(x)
    if isinstance(x, complex | np.complexfloating) or getattr(x, "dtype", None) in (
        np.complex64, np.complex128,
    ):  # fmt: skip
        return "complex: functions of real numbers are expected. Pass real and imaginary parts."
    if isinstance(x, np.ndarray | np.floating) and x.dtype.kind == "f" and x.itemsize not in (4, 8):
        return f"{x.dtype}: doubles are expected. Pass np.asarray(x, dtype=float)."
    if isinstance(x, Iterator):
        return f"a {kind.__name__}, which can be read once: expected arrays. Make a list of it."
    if isinstance(x, np.ndarray) and x.dtype.kind == "O":
        return "an array of objects: expected numbers. Make lists, or one array of floats."
    if hasattr(x, "nnz") and hasattr(x, "toarray"):
        return "a sparse matrix: expected an array. Pass x.toarray()."
    if isinstance(x, np.ma.MaskedArray):
        return "a masked array: expected an array. Pass x.filled(…), and the mask beside it."
    if isinstance(x, np.matrix):
        return "a matrix of NumPy: expected an array. Pass np.asarray(x)."
    foreign = hasattr(x, "__array__") and not isinstance(x, np.ndarray | np.generic)
    if foreign and not isinstance(x, type):
        return f"a {kind.__module__}.{kind.__name__}: expected NumPy's. Pass np.asarray(x)."
    return ""


def put(structure: Any, values: Mapping[str, Any], copy: Callable[[Any], Any]) -> Any:
    """Return arguments with values for their leaves.

    Args:
        structure: What `Leaves.take` returned.
        values: The values, by name.
        copy: Returns what stands for everything else.
    """
    if isinstance(structure, Leaf):
        return values[structure.name]
    if isinstance(structure, Fields):
        instance = structure.instance
        made = object.__new__(copy(type(instance)))
        for name, value in getattr(instance, "__dict__", {}).items():
            object.__setattr__(made, name, copy(value))
        for name, value in structure.values.items():
            object.__setattr__(made, name, put(value, values, copy))
        return made
    if isinstance(structure, dict):
        return _dict_like(structure, {k: put(v, values, copy) for k, v in structure.items()})
    if isinstance(structure, list | tuple):
        return _like(structure, [put(v, values, copy) for v in structure])
    return copy(structure)


def results(returned: Any, name: str = "") -> dict[str, Any]:
    """Return the arrays that a function returned, by names; one that stands alone is unnamed."""
    if dataclasses.is_dataclass(returned) and not isinstance(returned, type):
        returned = {f.name: getattr(returned, f.name) for f in dataclasses.fields(returned)}
    elif hasattr(returned, "_asdict"):
        returned = returned._asdict()
    elif isinstance(returned, list | tuple):
        returned = {str(k) if name else f"y{k}": v for k, v in enumerate(returned)}
    if not isinstance(returned, dict):
        kind = getattr(
            returned, "dtype", np.dtype(type(returned) if returned is not None else object)
        ).kind
        return {name: returned} if kind in "fOc" or not name else {}
    found: dict[str, Any] = {}
    for key, value in returned.items():
        if isinstance(value, str | int | bool | type(None) | np.integer | np.bool_):
            continue
        found |= results(value, identifier(f"{name}.{key}" if name else str(key)))
    return found


def identifier(name: str) -> str:
    """Return a name as one of Python's identifiers: `params.W[0]` as `params_W_0`."""
    plain = re.sub(r"\W+", "_", name).strip("_") or "x"
    plain = f"_{plain}" if plain[0].isdigit() else plain
    return f"{plain}_" if keyword.iskeyword(plain) or plain == "xp" else plain


def _like(x: Any, parts: list[Any]) -> Any:
    return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)


def _dict_like(x: dict[Any, Any], parts: dict[Any, Any]) -> Any:
    if type(x) is dict:
        return parts
    made = x.copy()
    made.update(parts)
    return made
