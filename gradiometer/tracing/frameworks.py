"""In which framework a function is written, and where that framework's functions are lowered.

A framework is known by the arguments, by what the function is, or by what its code names. Nothing
is imported to find out: what a function uses is imported already.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any, Protocol

from gradiometer.errors import GradiometerError
from gradiometer.tracing.lowered import Kernel, Lower
from gradiometer.tracing.taken import Taken
from gradiometer.tracing.users import users_function
from gradiometer.vocabulary.space import Array

ROOTS = {"jax": "jax", "jaxlib": "jax", "torch": "torch"}
"""Frameworks by the packages that their objects are of."""

TITLES = {"jax": "JAX", "torch": "PyTorch"}


class Framework(Protocol):
    """What a framework's folder offers.

    Attributes:
        EXTRA: Gradiometer's extra that holds the framework's methods.
        lower: Lowers a function of flat arrays, at them.
        values_only: Lowers one that is not to be differentiated: nothing is cut.
        differentiate: Carries a derivative out in the framework, given a function of its arrays, an
            operator, the arrays and the directions.
        taken: Makes one of a function, its arguments, `argnums` as they were asked for, and what
            returns the names of the parameters that these, or their default, choose.
        call: Calls one with NumPy's arrays, of which the first so many are inputs.
        native: Makes an array of the framework's of one of NumPy's.
        kernels: Lists the operations of one, and of its gradient unless told otherwise, as they
            were carried out.
        settings_kept: A context that leaves the framework's settings as they were.
    """

    EXTRA: str
    lower: Lower
    values_only: Lower
    differentiate: Callable[[Callable[..., Any], str, Sequence[Any], Sequence[Any]], Sequence[Any]]
    taken: Callable[..., Taken]
    call: Callable[..., tuple[Array, ...]]
    native: Callable[[Array], Any]
    kernels: Callable[..., Sequence[Kernel]]
    settings_kept: Callable[[], AbstractContextManager[None]]


def framework(name: str) -> Framework:
    """Return a framework's folder; its library is imported.

    Raises:
        GradiometerError: If it is not installed.
    """
    try:
        found: Any = import_module(f"gradiometer.tracing.{name}.framework")
    except ImportError as error:
        raise GradiometerError(f"{TITLES[name]} is not installed: pip install {name}.") from error
    folder: Framework = found
    return folder


def framework_of(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the framework that a function is written in; empty if it is NumPy.

    Raises:
        GradiometerError: If it uses several.
    """
    by_arguments = {_of_instance(x) for x in _leaves([*args, *kwargs.values()])} - {""}
    found = by_arguments or ({_of_instance(function)} - {""}) or set(_named(function))
    if len(found) > 1:
        several = " and ".join(sorted(TITLES[each] for each in found))
        raise GradiometerError(
            f"the function uses {several}: pass arrays of the one that it is to be differentiated "
            "by."
        )
    return next(iter(found), "")


def _of_instance(x: Any) -> str:
    """Return the framework that an object's class, or one that it is derived of, belongs to."""
    return _of_class(type(x))


def _of_class(cls: type) -> str:
    roots = (ROOTS.get((each.__module__ or "").partition(".")[0]) for each in cls.__mro__)
    return next(filter(None, roots), "")


def _of_name(x: Any) -> str:
    """Return the framework that something which code names belongs to."""
    name = x.__name__ if isinstance(x, ModuleType) else getattr(x, "__module__", None)
    own = ROOTS.get((name if isinstance(name, str) else "").partition(".")[0], "")
    if own or isinstance(x, ModuleType):
        return own
    return _of_class(x) if isinstance(x, type) else _of_instance(x)


def _leaves(items: Iterable[Any]) -> Iterator[Any]:
    for x in items:
        if isinstance(x, Mapping):
            yield from _leaves(x.values())
        elif isinstance(x, list | tuple):
            yield from _leaves(x)
        elif dataclasses.is_dataclass(x) and not isinstance(x, type):
            yield from _leaves(getattr(x, field.name) for field in dataclasses.fields(x))
        else:
            yield x


def _named(function: Any) -> Iterator[str]:
    """Yield the frameworks of what a function's code names, and of the user's functions there."""
    todo, seen = list(_functions(function)), set()
    while todo:
        each = todo.pop()
        if each.__code__ in seen:
            continue
        seen.add(each.__code__)
        for x in _reached(each):
            own = _of_name(x)
            if own:
                yield own
            elif not isinstance(x, ModuleType):
                todo += [f for f in _functions(x) if users_function(f)]


def _functions(x: Any) -> Iterator[FunctionType]:
    """Yield the functions that something is made of."""
    x = getattr(x, "func", x)  # of a partial
    x = inspect.unwrap(x) if callable(x) else x
    if isinstance(x, FunctionType):
        yield x
    elif inspect.ismethod(x) and isinstance(x.__func__, FunctionType):
        yield x.__func__
    elif isinstance(x, type):
        members = (getattr(member, "__func__", member) for member in vars(x).values())
        yield from (member for member in members if isinstance(member, FunctionType))
    elif callable(x):
        yield from _functions(type(x))


def _reached(function: FunctionType) -> Iterator[Any]:
    """Yield what a function's code names: closed over, global, a default, or of code within."""
    yield from _leaves([function.__defaults__ or (), function.__kwdefaults__ or {}])
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            continue
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
