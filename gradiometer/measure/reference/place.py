"""Which line of the user's program is being evaluated: what an error about it names."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from gradiometer.errors import ReferenceFailure

HERE = str(Path(__file__).parent)
OWN = (HERE, str(Path(__file__).parents[2] / "namespace.py"))
"""Files whose frames are the reference's own."""


def where_met() -> str:
    """Return ` at FILE, line N`, of the innermost frame that is neither ours nor NumPy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(OWN) and "/numpy/" not in file and not file.startswith("<__array"):
            return f" at {Path(file).name}, line {frame.f_lineno}"
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
    """Return the error for what cannot be right: what was met, at which line, what to write."""
    return kind(f"{met}{where_met()}: {instead}")
