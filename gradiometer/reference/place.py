"""Which line of the user's program is being evaluated, and the errors that name it."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import FrameType

from gradiometer.errors import ReferenceFailure

HERE = Path(__file__).parent
SHARED = ("namespace.py", "graph.py", "program.py")
OWN = (str(HERE), *(str(HERE.parent / "vocabulary" / name) for name in SHARED))
"""Files whose frames are the reference's own."""

STDLIB = sysconfig.get_path("stdlib")


def users(file: str) -> bool:
    """Return whether a file is the user's: neither ours, nor NumPy's, nor Python's."""
    foreign = "/numpy/" in file or file.startswith(("<__array", "<frozen", "<string>"))
    python = file.startswith(STDLIB) and "site-packages" not in file
    return not (file.startswith(OWN) or foreign or python)


def user_line() -> str:
    """Return ` at FILE, line N`, of the innermost frame that is the user's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if users(frame.f_code.co_filename):
            return f" at {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
        frame = frame.f_back
    return ""


class WrongType(ReferenceFailure, TypeError):
    """An operation that arrays of the reference do not have."""


class WrongValue(ReferenceFailure, ValueError):
    """An operand that does not fit."""


class WrongName(ReferenceFailure, AttributeError):
    """An attribute that arrays of the reference do not have."""


Kind = type[WrongType] | type[WrongValue] | type[WrongName]


def refusal(met: str, instead: str, kind: Kind = WrongType) -> ReferenceFailure:
    """Return an error: what was met, at which line of the program, and what to write instead."""
    return kind(f"{met}{user_line()}: {instead}")
