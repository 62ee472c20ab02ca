"""What plugins load lazily: it is imported when it is used, and not when it is looked at.

To show a traceback, IPython and pytest have all modules asked for their files; so does PyTorch when
it is imported. Any question has a module imported that is to be imported lazily: in a notebook each
error would import all frameworks. So these tell their names and where they lie without that.

Of a library that it does not find lazy_loader notes who asked for it, for which it has the whole
stack looked through: that asks all modules, too.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import lazy_loader

KNOWN = ("__file__", "__name__")
"""Attributes that a module has before it is imported."""

SWITCHING = threading.Lock()
"""Held while a module becomes one that is imported by the next question."""

_Lazy: Any = importlib.util._LazyModule  # type: ignore[attr-defined]


class Unused(_Lazy):  # type: ignore[misc]
    """A module that is imported when it is asked for anything but its name and its file."""

    def __getattribute__(self, name: str) -> Any:
        if name in KNOWN:
            return ModuleType.__getattribute__(self, name)
        with SWITCHING:
            if type(self) is Unused:  # and no other thread has asked meanwhile
                ModuleType.__setattr__(self, "__class__", _Lazy)
        return getattr(self, name)


def is_unused(module: object) -> bool:
    """Return whether something is a module that is to be imported lazily, and was not used yet."""
    return issubclass(type(module), _Lazy)


@contextmanager
def loading_lazily() -> Iterator[None]:
    """Let lazy_loader make such modules, and note who asked for what is not there by that alone."""
    original = lazy_loader.load

    def load(fullname: str, *, error_on_import: bool = False, **how: Any) -> Any:
        try:
            found = original(fullname, error_on_import=True, **how)
        except ModuleNotFoundError as error:
            if error_on_import:
                raise
            asking = sys._getframe(1)
            place = {
                "filename": asking.f_code.co_filename,
                "lineno": asking.f_lineno,
                "function": asking.f_code.co_name,
                "code_context": None,
            }
            return lazy_loader.DelayedImportErrorModule(place, fullname, message=str(error))
        if type(found) is _Lazy:
            ModuleType.__setattr__(found, "__class__", Unused)
        return found

    lazy_loader.load = load
    try:
        yield
    finally:
        lazy_loader.load = original
