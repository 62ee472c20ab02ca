"""What a function of the user's cannot use, at which of its lines, and what to write instead."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from gradiometer.errors import Unsupported
from gradiometer.tracing.users import users_file


class Refused(Unsupported, TypeError):
    """What a function does that has no meaning, or none yet, where it is differentiated."""


def place() -> str:
    """Return ` at FILE, line N`, of the innermost line that a function's author wrote."""
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        file = frame.f_code.co_filename
        if users_file(file) and (not file.startswith("<") or file.startswith("<ipython")):
            return f" at {Path(file).name}, line {line}"
    return ""


def refusal(met: str, instead: str) -> Refused:
    """Return an error: what was met, at which line of the program, and what to write instead."""
    return Refused(f"{met}{place()}: {instead}")


INSTEAD: dict[str, str] = (
    dict.fromkeys(
        ("histogram", "histogram2d", "histogramdd", "histogram_bin_edges", "bincount", "digitize"),
        "a count of components is a step function; smooth it, or count outside.",
    )
    | dict.fromkeys(
        ("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "union1d",
         "intersect1d", "setdiff1d", "setxor1d", "isin", "in1d"),
        "sets are of constants; take them of arrays that are not differentiated.",
    )
    | dict.fromkeys(
        ("save", "savez", "savez_compressed", "savetxt", "load", "loadtxt", "genfromtxt",
         "fromfile", "memmap", "frombuffer", "fromstring", "fromregex"),
        "read files outside, and pass what they hold as an argument.",
    )
    | dict.fromkeys(
        ("nditer", "nested_iters", "lexsort", "partition", "argpartition"),
        "write a loop over the indices, np.sort or np.argsort.",
    )
    | dict.fromkeys(
        ("angle", "imag", "iscomplex", "real_if_close", "sort_complex", "complex64", "complex128",
         "clongdouble", "csingle", "cdouble"),
        "functions are of real numbers: write real and imaginary parts as two arrays.",
    )
    | dict.fromkeys(
        ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_count", "invert",
         "left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift", "packbits",
         "unpackbits", "bitwise_invert", "gcd", "lcm"),
        "bits are of integers, which are constants here.",
    )
    | dict.fromkeys(
        ("float16", "float32", "half", "single", "longdouble"),
        "numbers are doubles, or what --dtype says: leave the type out.",
    )
)  # fmt: skip
"""What to write instead of NumPy's functions, where that can be said."""

RANDOM = "draw outside, and pass what was drawn as an argument: two evaluations must not differ."
OTHERWISE = "it is not among what can be differentiated (docs/functions.md); compose it of those."
