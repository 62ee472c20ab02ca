"""Reads what a function returned as its derivative, or says what to return instead."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space


class Unreadable(GradiometerError):
    """A function returned what is no derivative."""


def read(result: Any, asked: Operator, signature: Signature) -> Any:
    """Return a result in the form in which methods give an operator's answer.

    One array stands for a tuple of one; arrays by name stand for a tuple in their order.

    Raises:
        Unreadable: If it is nothing that arrays can be read from, with what to return instead.
    """
    first = asked.spaces(signature)[0]
    due = _due(first)
    if inspect.isgenerator(result) or isinstance(result, map | zip | filter):
        raise Unreadable(f"returned a {type(result).__name__}: return {due}, as a tuple.")
    if isinstance(result, str | bytes | bool | set):
        raise Unreadable(f"returned {result!r}: return {due}.")
    if inspect.isclass(result) or (callable(result) and not hasattr(result, "shape")):
        name = getattr(result, "__name__", result)
        raise Unreadable(f"returned {name!r} itself: call it, and return {due}.")
    if isinstance(result, Mapping):
        result = _by_name(result, first, due)
    parts = result if isinstance(result, tuple | list) else [result]
    for part in parts:
        if hasattr(part, "toarray") and hasattr(part, "nnz"):
            kind = type(part).__name__
            raise Unreadable(f"returned a sparse matrix ({kind}): return its .toarray().")
    if len(asked.axes) > 1 or result is None:
        return result
    if len(first.names) > 1:
        return _several(result, first, due)
    found = _one(result, first)
    return found[0] if asked.axes == ("outputs",) and len(found) == 1 else found


def _one(result: Any, space: Space) -> Any:
    """Return a result as an answer of one array: a tuple of it, for what runs over inputs."""
    (shape,) = space.shapes.values()
    several = isinstance(result, tuple | list)
    if several and len(result) == 1 and (np.shape(result[0]) == shape or shape != (1,)):
        return list(result)
    if isinstance(result, tuple) and len(result) > 1 and any(map(np.ndim, result)):
        return list(result)  # too many arrays, which the comparison tells
    with contextlib.suppress(ValueError):  # its rows are of several lengths
        return [np.asarray(result) if several else result]
    return [result]


def _several(result: Any, space: Space, due: str) -> Any:
    if isinstance(result, tuple | list):
        return list(result)
    shape = getattr(result, "shape", None)
    if shape is None:
        raise Unreadable(f"returned {type(result).__name__}: return {due}, as a tuple.")
    told = f"one array of shape {tuple(shape)}" if shape else "one number"
    raise Unreadable(f"returned {told}: return {due}, as a tuple.")


def _by_name(result: Mapping[Any, Any], space: Space, due: str) -> list[Any]:
    if set(result) != set(space.names):
        raise Unreadable(f"returned a dict with the keys {sorted(map(str, result))}: return {due}.")
    return [result[name] for name in space.names]


def _due(space: Space) -> str:
    if len(space.names) == 1:
        ((name, shape),) = space.shapes.items()
        return f"an array of shape {shape}, that of {name}" if shape else f"a number, for {name}"
    shapes = ", ".join(f"{name} {shape}" for name, shape in space.shapes.items())
    return f"{len(space.names)} arrays ({shapes})"


def advice(arrays: list[Any], layout: Space) -> str:
    """Return what to do about an array that has another shape than is due; empty if none has."""
    for part, (name, shape) in zip(arrays, layout.shapes.items(), strict=False):
        given = np.shape(part) if not isinstance(part, list | tuple) else None
        if given is None or given == shape:
            continue
        if given == shape[::-1]:
            return f"transpose the derivative in {name}"
        if np.size(part) == int(np.prod(shape)):
            return f"reshape the derivative in {name} to the shape of {name}"
        if len(given) > len(shape) and given[len(given) - len(shape) :] == shape:
            axes = "the first axis" if len(given) - len(shape) == 1 else "the first axes"
            return f"sum over {axes}, along which {name} was broadcast"
        return f"return the derivative in {name} in the shape of {name}"
    return ""
