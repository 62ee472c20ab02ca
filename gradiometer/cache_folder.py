"""The folder in which files are kept from process to process. Imports nothing that takes time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def folder() -> Path:
    """Return where references are kept: `$GRADIOMETER_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("GRADIOMETER_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs  # of the benchmark's libraries

    return Path(platformdirs.user_cache_path("gradiometer")) / "references"


def write(name: str, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file into the cache folder; whole or not at all.

    A folder that cannot be written costs time, and nothing else.
    """
    draft = folder() / f"{name}.{os.urandom(4).hex()}.new"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            fill(file)
        draft.replace(folder() / name)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
