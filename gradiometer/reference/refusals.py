"""What is refused, at which line of the user's program, and what to write instead."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from pathlib import Path

from gradiometer.errors import ReferenceFailure, describe
from gradiometer.vocabulary.place import present_place

HERE = Path(__file__).parent
SHARED = ("composed.py", "namespace.py", "graph.py", "program.py")
OWN = (
    str(HERE),
    str(HERE.parent / "checking"),
    str(HERE.parent / "tracing"),
    *(str(HERE.parent / "vocabulary" / name) for name in SHARED),
)
"""Files whose frames are the reference's own."""

STDLIB = sysconfig.get_path("stdlib")


def users(file: str) -> bool:
    """Return whether a file is the user's: neither ours, nor NumPy's, nor Python's."""
    foreign = "/numpy/" in file or file.startswith(("<__array", "<frozen", "<string>"))
    python = file.startswith(STDLIB) and "site-packages" not in file
    return not (file.startswith(OWN) or foreign or python)


def user_line() -> str:
    """Return ` at FILE, line N`, of the innermost frame that is the user's."""
    if told := present_place():
        return told
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        if users(frame.f_code.co_filename):
            return f" at {Path(frame.f_code.co_filename).name}, line {line}"
    return ""


def failure(error: Exception) -> ReferenceFailure:
    """Return an exception of the user's code as a failure: what it says, at which line."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if users(f.filename)]
    where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else present_place()
    return ReferenceFailure(f"{describe(error)}{where}.")


class Undecided(ReferenceFailure):
    """What balls are too wide to tell: more precision may."""


class WrongType(ReferenceFailure, TypeError):
    """An operation that arrays of the reference do not have."""


class WrongValue(ReferenceFailure, ValueError):
    """An operand that does not fit."""


class WrongName(ReferenceFailure, AttributeError):
    """An attribute that arrays of the reference do not have."""


def refusal(met: str, instead: str, kind: type[ReferenceFailure] = WrongType) -> ReferenceFailure:
    """Return an error: what was met, at which line of the program, and what to write instead."""
    return kind(f"{met}{user_line()}: {instead}")


DERIVATIVE_LOST = "its derivative would be lost; write the operation with `xp`."
NO_ADDRESS = "the components of an array of the reference lie nowhere in memory."
OF_MEMORY = (
    "base", "byteswap", "ctypes", "data", "flags", "getfield", "newbyteorder", "setfield",
    "setflags", "strides", "__array_finalize__", "__array_interface__", "__array_struct__",
    "__array_wrap__", "__buffer__", "__dlpack__", "__dlpack_device__",
)  # fmt: skip
REFUSED: dict[str, str] = (
    dict.fromkeys(OF_MEMORY, NO_ADDRESS)
    | dict.fromkeys(("dump", "dumps", "tobytes", "tofile"), DERIVATIVE_LOST)
    | dict.fromkeys(("itemset", "put"), "assign to the index: x[i] = value.")
    | {
        "argpartition": "write xp.argsort.",
        "choose": "write xp.where.",
        "compress": "index with the booleans: x[mask].",
        "imag": "the reference is of real functions.",
        "nonzero": "compare first, and take numpy.nonzero of the booleans.",
        "partition": "write xp.sort.",
        "resize": "write xp.reshape or xp.tile.",
        "searchsorted": "compare with all: xp.sum(x < value).",
        "sort": "write x = xp.sort(x).",
        "to_device": "the reference has one device.",
    }
)
"""Attributes of NumPy's arrays that the reference's have not, and what to write instead."""
