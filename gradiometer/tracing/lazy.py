"""Modules that were imported lazily and never used: SciPy would ask them, and import them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lazy_modules_hidden() -> Iterator[None]:
    """Take modules that were never used out of `sys.modules`, and put them back in the end."""
    lazy = importlib.util._LazyModule  # type: ignore[attr-defined]
    hidden = {
        name: module for name, module in sys.modules.items() if issubclass(type(module), lazy)
    }
    for name in hidden:
        del sys.modules[name]
    try:
        yield
    finally:
        for name, module in hidden.items():
            sys.modules.setdefault(name, module)
