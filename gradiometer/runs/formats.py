"""The formats of `run.json`, and the steps from one to the next.

Format 4 added checksums, of which files of format 3 have none, and nothing else.
"""

from __future__ import annotations

from itertools import product

from gradiometer.runs.schema import COMPARISON, Identity, Row, record

FORMAT = 4
FORMATS = (2, 3, FORMAT)
"""Those that can be read."""


def to_current(info: Row) -> Row:
    """Return the facts of a run of any of the formats as the format of today has them."""
    return (from_format_2(info) if info["format"] == 2 else info) | {"format": FORMAT}


def from_format_2(info: Row) -> Row:
    """Return the facts of a run as format 3 has them: a plan's rows instead of ids and methods.

    Its ids were `problem[/size]/dtype/operator`, and the tools and modes of its methods stood in
    its records alone.
    """
    info = info | {"experiment": COMPARISON.experiment}
    if "plan" in info:
        cells = product(info["plan"]["cases"], info["plan"]["methods"])
        info["plan"] = [record(_identity(case, method)) for case, method in cells]
    return info


def _identity(case: str, method: str) -> Identity:
    problem, *size, dtype, operator = case.split("/")
    return Identity(
        case=case, problem=problem, size="/".join(size), dtype=dtype, operator=operator,
        method=method, tool="", mode="",
    )  # fmt: skip
