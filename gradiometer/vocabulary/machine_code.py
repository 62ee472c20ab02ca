"""Functions compiled together with the functions of their module that they call."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any


def compiled_by(compiler: Callable[..., Any], function: Any) -> Any:
    """Return a function compiled, and with it those functions of its module that it calls."""
    module = function.__globals__
    own = {
        name: compiled_by(compiler, module[name])
        for name in function.__code__.co_names
        if isinstance(module.get(name), types.FunctionType) and module[name] is not function
    }
    code, closure = function.__code__, function.__closure__
    copy = types.FunctionType(code, module | own, function.__name__, function.__defaults__, closure)
    copy.__kwdefaults__ = function.__kwdefaults__
    return compiler(copy)


def in_one_line(error: BaseException) -> str:
    """Return what a Numba error says, without the headline that all of them have."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("Failed in")), "cannot compile it.")
