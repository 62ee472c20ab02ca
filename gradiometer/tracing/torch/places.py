"""The user's line that is being computed, told from the frames of Python."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from gradiometer.tracing.users import PACKAGE, users_file

PLUMBING = (
    "torch/_dynamo/", "torch/_ops.py", "torch/_tensor.py", "torch/autograd/", "torch/_compile.py",
    "torch/utils/_contextlib.py", "torch/utils/_python_dispatch.py", "torch/overrides.py",
    "torch/_decomp/", "torch/_refs/", "torch/_prims", "torch/_jit_internal.py",
    "torch/_functorch/", "torch/nn/modules/module.py",
)  # fmt: skip
"""Files of the framework that only pass on what others compute."""


class Line(NamedTuple):
    """A line of a program.

    Attributes:
        text: As ` at FILE, line N`; empty where it is not known.
        users: Whether what is computed there was written by the user, not inside the framework.
    """

    text: str
    users: bool


BOUNDARIES: set[CodeType] = set()
"""Code that calls the user's function: frames outside it are not the function's."""


def line() -> Line:
    """Return the user's line that is being computed."""
    users = True
    for frame, number in traceback.walk_stack(sys._getframe(1)):
        file = frame.f_code.co_filename
        if frame.f_code in BOUNDARIES:
            break
        if users_file(file) and not file.startswith("<"):
            return Line(f" at {Path(file).name}, line {number}", users)
        own = file.startswith((PACKAGE, "<"))
        users = users and (own or any(part in file for part in PLUMBING))
    return Line("", False)
