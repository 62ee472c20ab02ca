"""What reaches no operator: numbers taken out, derivatives turned off, what was compiled."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch

from gradiometer.tracing.torch.places import line
from gradiometer.tracing.torch.shadows import Shadows

LEAVING = ("numpy", "tolist")
"""Methods of tensors that take their numbers out."""

DEPARTING = (*LEAVING, "item")
"""What takes numbers out of tensors, as cuts are told."""


@contextmanager
def watched(mirror: Shadows) -> Iterator[None]:
    """Let a mirror see what numbers are taken out, and when Python turns derivatives off."""
    enable = torch._C._set_grad_enabled

    def enabled(on: bool) -> None:
        mirror.graded = on
        enable(on)

    mirror.graded = torch.is_grad_enabled()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(torch._C, "_set_grad_enabled", enabled))
        for name in LEAVING:
            method = _leaving(mirror, name, getattr(torch.Tensor, name))
            stack.enter_context(mock.patch.object(torch.Tensor, name, method))
        for kind in (torch._C.ScriptFunction, torch._C.ScriptMethod):
            stack.enter_context(mock.patch.object(kind, "__call__", _forgetting(kind.__call__)))
        yield


def _leaving(mirror: Shadows, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that takes numbers out of a tensor, and tells the mirror."""

    def leaving(t: torch.Tensor, *args: Any, **options: Any) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if not caller.startswith("gradiometer.") and t.is_floating_point():
            mirror.here = line()
            mirror.left(t, name)
            if mirror.shift and mirror.tracked(t):
                t = t.detach() * (1.0 + mirror.shift)
        return method(t, *args, **options)

    return leaving


def _forgetting(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call of compiled functions that forgets how they were optimised before.

    What is optimised differentiates itself, behind autograd's back.
    """

    def forgetting(function: Any, *args: Any, **options: Any) -> Any:
        function._debug_flush_compilation_cache()
        return call(function, *args, **options)

    return forgetting
