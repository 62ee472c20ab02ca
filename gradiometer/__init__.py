"""Gradiometer compares differentiation methods: which is right, and which is fast.

    >>> import gradiometer
    >>> run = gradiometer.run(problems="*chain*", methods=["jax*", "pytorch"])  # doctest: +SKIP
    >>> run.agreement()  # doctest: +SKIP

Writing problems and methods needs the vocabulary only; what measures is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradiometer.errors import Declined, GradiometerError, Unsupported, UnsupportedOperation
from gradiometer.method import Method, Primal
from gradiometer.namespace import Namespace
from gradiometer.problem import Point, Problem, problem

if TYPE_CHECKING:
    from gradiometer.api import load, resume, run
    from gradiometer.descent import descend
    from gradiometer.measure.options import Options
    from gradiometer.report.descent import Descent
    from gradiometer.runs.run import Run

__version__ = "0.1.0"

__all__ = [
    "Declined",
    "Descent",
    "GradiometerError",
    "Method",
    "Namespace",
    "Options",
    "Point",
    "Primal",
    "Problem",
    "Run",
    "Unsupported",
    "UnsupportedOperation",
    "descend",
    "load",
    "problem",
    "resume",
    "run",
]

_LATE = {
    "Descent": "gradiometer.report.descent",
    "Options": "gradiometer.measure.options",
    "Run": "gradiometer.runs.run",
    "descend": "gradiometer.descent",
    "load": "gradiometer.api",
    "resume": "gradiometer.api",
    "run": "gradiometer.api",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'gradiometer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
