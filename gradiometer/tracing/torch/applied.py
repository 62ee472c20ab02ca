"""Where functions with a derivative rule of their own are applied.

`relu = MyReLU.apply` keeps the method, so that another one in the class would not be called: the
code of the method that all of them share is exchanged meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch

Watcher = Callable[[Any, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""Takes a class, its method as it is, and the arguments; returns what is to be returned."""

SHARED: Any = torch.autograd.Function.__dict__["apply"].__func__
ORIGINAL = FunctionType(
    SHARED.__code__, SHARED.__globals__, SHARED.__name__, SHARED.__defaults__, SHARED.__closure__
)
_watchers: list[Watcher] = []


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let something see where rules are applied; the innermost of several does."""
    _watchers.append(watcher)
    SHARED.__code__ = _code()
    try:
        yield
    finally:
        _watchers.pop()
        if not _watchers:
            SHARED.__code__ = ORIGINAL.__code__


def applied(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what is returned where a class is applied."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return ORIGINAL(cls, *args, **kwargs)

    return _watchers[-1](cls, call, args, kwargs)


def _code() -> Any:
    """Return code for a method of PyTorch's, which closes over its class as that does."""

    class _Function:
        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # a class method's
            _ = __class__  # type: ignore[name-defined]  # so that it is closed over
            from gradiometer.tracing.torch.applied import applied

            return applied(cls, args, kwargs)

    return _Function.apply.__code__
