"""The format of `run.json`, and the one step from the format before it."""

from __future__ import annotations

from itertools import product

from gradiometer.runs.schema import COMPARISON, Identity, Row, record

FORMAT = 3


def from_format_2(info: Row) -> Row:
    """Return the facts of a run as format 3 has them; a plan's rows instead of ids and methods.

    Its ids were `problem[/size]/dtype/operator`, and the tools and modes of its methods stood in
    its records alone.
    """
    info = info | {"format": FORMAT, "experiment": COMPARISON.experiment}
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
