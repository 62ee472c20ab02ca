"""What is the user's: code that lies in no installed package, and in none of Python's or ours."""

from __future__ import annotations

import sys
import sysconfig
from enum import EnumMeta
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

PACKAGE = f"{Path(__file__).parents[1]}/"
STDLIB = tuple({f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib")})
INSTALLED = ("/site-packages/", "/dist-packages/")


def users_module(name: str | None, root: str = "") -> bool:
    """Return whether a module is the user's.

    Args:
        name: Its name.
        root: A package that counts as the user's wherever it lies.
    """
    top = (name or "").partition(".")[0]
    if name == "__main__" or (root and top == root):
        return True
    if not name or top in sys.stdlib_module_names:
        return False
    module = sys.modules.get(name)
    if module is not None and type(module) is not ModuleType:
        return False
    file = getattr(module, "__file__", None)
    return module is None or (file is not None and users_file(file))


def users_file(file: str) -> bool:
    """Return whether a file is the user's."""
    if any(part in file for part in INSTALLED):
        return False
    return not file.startswith((PACKAGE, *STDLIB, "<frozen"))


def users_function(function: FunctionType, root: str = "") -> bool:
    """Return whether a function is the user's."""
    file, module = function.__code__.co_filename, function.__globals__.get("__name__")
    if root and (module or "").partition(".")[0] == root:
        return True
    if file.startswith("<") and not file.startswith("<ipython"):
        return users_module(module, root)  # generated: a dataclass's `__init__`
    return users_file(file)


def users_class(cls: type, root: str = "") -> bool:
    """Return whether a class holds code of the user's that can be copied."""
    if isinstance(cls, EnumMeta) or issubclass(cls, BaseException):
        return False
    return any(_with_code(each, root) for each in cls.__mro__)


def _with_code(cls: type, root: str) -> bool:
    if not users_module(cls.__module__, root):
        return False
    return any(_holds_code(x, root) for x in vars(cls).values())


def _holds_code(x: Any, root: str) -> bool:
    x = getattr(x, "__func__", None) or getattr(x, "fget", None) or getattr(x, "func", None) or x
    x = getattr(x, "__wrapped__", x)
    return isinstance(x, FunctionType) and users_function(x, root)


def users_package(module: ModuleType, root: str = "") -> bool:
    """Return whether a module object is the user's; a lazy one is not asked, nor loaded."""
    if type(module) is not ModuleType:
        return False
    file = getattr(module, "__file__", None)
    named = module.__name__.partition(".")[0]
    return (
        (bool(root) and named == root)
        or (file is not None and users_file(file))
        or (module.__name__ == "__main__")
    )
