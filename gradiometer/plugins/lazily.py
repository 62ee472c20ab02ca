"""What plugins load lazily, and is not there.

Of a library that it does not find lazy_loader notes who asked for it, for which it has the whole
stack looked through. That asks all modules for their files, and so imports every library that was
loaded lazily before: to list methods would take as long as all frameworks take to be imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lazy_loader


@contextmanager
def absence_is_noted() -> Iterator[None]:
    """Let lazy_loader note who asked for a library that is not there by looking at that alone."""
    original = lazy_loader.load

    def load(fullname: str, *, error_on_import: bool = False, **how: Any) -> Any:
        try:
            return original(fullname, error_on_import=True, **how)
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

    lazy_loader.load = load
    try:
        yield
    finally:
        lazy_loader.load = original
