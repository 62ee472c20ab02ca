"""The lines of the user's program that operations of JAX are from."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jax._src import source_info_util

from gradiometer.tracing.users import users_file


@functools.lru_cache(maxsize=4096)
def line_of(traceback: Any) -> str:
    """Return ` at FILE, line N`, of the innermost frame that is the user's; empty if none is."""
    for code, at in _frames(traceback):
        if users_file(code.co_filename):
            line = source_info_util.raw_frame_to_frame(code, at).start_line
            return f" at {Path(code.co_filename).name}, line {line}"
    return ""


def called_by_user(traceback: Any, function: str) -> bool:
    """Return whether a function of JAX's was called at a line of the user's."""
    frames = list(_frames(traceback))
    names = [code.co_name for code, _ in frames]
    after = names.index(function) + 1 if function in names else 0
    return after < len(frames) and users_file(frames[after][0].co_filename)


def written_at(function: Any) -> str:
    """Return ` at FILE, line N`, of where a function was written; empty where it is not known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    return f" at {Path(code.co_filename).name}, line {code.co_firstlineno}"


def present_traceback() -> Any:
    """Return the frames of what is being computed now."""
    return source_info_util.current().traceback


def _frames(traceback: Any) -> Iterator[tuple[Any, int]]:
    if traceback is None:
        return iter(())
    codes, at = traceback.raw_frames()
    return zip(codes, at, strict=True)
