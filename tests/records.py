"""Records and runs made up for tests of what is kept and shown, without measuring anything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from gradiometer.report.run import Run
from gradiometer.runs.frames import frame
from gradiometer.runs.schema import Identity, columns

MODES = {
    "by-hand": "manual", "differences": "numerical", "cas": "symbolic", "dual": "forward",
}  # fmt: skip


def row(
    method: str = "tape",
    problem: str = "affine",
    size: str = "",
    operator: str = "gradient",
    dtype: str = "float64",
    **values: Any,
) -> dict[str, Any]:
    """Return a record that is `ok` and has no figures but those given."""
    return {
        "case": case(problem, size, operator, dtype), "problem": problem, "size": size,
        "dtype": dtype, "device": "cpu", "operator": operator, "method": method,
        "tool": method, "mode": MODES.get(method, "reverse"), "expected": "", "status": "ok",
        "reason": "", "route": "native", "shared": "", "translated": "",
    } | values  # fmt: skip


def case(problem: str, size: str = "", operator: str = "gradient", dtype: str = "float64") -> str:
    """Return the id of a case."""
    return "/".join(part for part in (problem, size, dtype, operator) if part)


def identity(row: dict[str, Any]) -> dict[str, Any]:
    """Return a record's row of the plan."""
    return {column: row[column] for column in columns(Identity)}


def plan(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the plan of every case, by every method, that records are of; case by case."""
    methods = {r["method"]: {k: r[k] for k in ("method", "tool", "mode")} for r in rows}
    cases = {r["case"]: identity(r) for r in rows}
    return [case | method for case in cases.values() for method in methods.values()]


def timed(
    ratio: float = 1.0,
    low: float | None = None,
    high: float | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return what the rounds leave in a record: a time, and a ratio with its interval."""
    time_s = 1e-6 * ratio if seconds is None else seconds
    return alone(time_s, 0.9 * time_s, 1.1 * time_s) | {
        "ratio": ratio,
        "ratio_low": 0.9 * ratio if low is None else low,
        "ratio_high": 1.1 * ratio if high is None else high,
        "rounds": 7, "loops": 10,
    }  # fmt: skip


def alone(seconds: float, low: float, high: float) -> dict[str, Any]:
    """Return what a record holds that was timed outside any rounds."""
    return {"time_s": seconds, "low_s": low, "high_s": high}


def run(*rows: dict[str, Any], **info: Any) -> Run:
    """Return a run of these records; its plan, unless given, is their cases by their methods."""
    return Run(Path("results/r"), {"id": "r", "plan": plan(*rows)} | info, frame(rows))


def measured() -> Run:
    """Return a run of one function: values, gradients, a tie, and what has no figure."""
    return run(
        row("by-hand", operator="value", promise=12.0, **timed(1.0, 1.0, 1.0, 5e-8)),
        row("tape", operator="value", promise=12.0, **timed(4.0, 3.9, 4.1, 2e-7)),
        row(
            "by-hand", promise=12.0, digits=math.inf, n=3, first_s=1.5e-6, prepare_s=4e-6,
            **timed(1.0, 1.0, 1.0, 1e-7),
        ),
        row(
            "tape", promise=12.0, digits=15.46, n=3, import_s=1.234, prepare_s=0.5, first_s=2e-3,
            **timed(34.7, 34.1, 35.5, 3.47e-6),
        ),
        row("jit", promise=7.0, digits=8.25, n=3, **timed(35.0, 34.5, 36.0, 3.5e-6)),
        row("wrong", status="disagrees", promise=12.0, digits=0.3, reason="0.3 digits"),
        row("absent", status="not-installed", reason="pip install it"),
    )  # fmt: skip
