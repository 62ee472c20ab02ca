"""Measures how well the bound on rounding fits: random programs in float64, in several orders.

    python benchmarks/rounding.py            # 1,000 programs, some minutes

A thousand random programs (those of the tests) are evaluated in float64 with their sums taken
forwards, backwards and in halves, differentiated by autograd once and twice, and compared with
their certificates. Printed: how many answers lie beyond the bound (none may), how much larger the
bound is than the error, and whether an answer just beyond what is granted is told apart.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import autograd
import numpy as np
from table import Figure, print_table

from gradiometer import Argument, Problem
from gradiometer.errors import ReferenceFailure
from gradiometer.judging.agreement import agree
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.enclosure import UNIT, Enclosure, norm
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.space import Space

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from expressions import program
from test_rounding import ORDERS

PROGRAMS = 1000
OPERATORS = ("value", "gradient", "hessian")


def programs() -> Iterator[Figure]:
    """Compare float64 with certificates."""
    warnings.filterwarnings("ignore", message="Output seems independent")
    beyond = answers = missed = wrong = refused = 0
    slack: dict[str, list[float]] = {operator: [] for operator in OPERATORS}
    for seed in range(PROGRAMS):
        f, x = program(seed)
        certified = _certified(f, x)
        refused += len(OPERATORS) - len(certified)
        for xp in ORDERS:
            for operator, answer in zip(OPERATORS, _answers(f, xp, x), strict=True):
                if operator not in certified:
                    continue
                truth = certified[operator]
                errors = truth.errors(answer)
                answers += 1
                beyond += bool((errors > truth.bound + truth.radius).any())
                if not truth.zero:
                    slack[operator].append(norm(truth.bound) / max(norm(errors), UNIT * truth.norm))
        for truth in certified.values():
            wrong += 1
            missed += _passes(truth, 1.05)
    yield Figure(f"answers beyond the bound, of {answers:,}", "0", f"{beyond}", beyond == 0)
    what = f"cases of which rounding leaves nothing, refused, of {len(OPERATORS) * PROGRAMS:,}"
    yield Figure(what, "–", f"{refused}", True)
    for operator, found in slack.items():
        shown = f"median {np.median(found):.0f}, largest {np.max(found):.0f}"
        what = f"bound over error, {operator}"
        yield Figure(what, "within two digits", shown, float(np.median(found)) < 100.0)
    what = f"answers 5% beyond what is granted that pass, of {wrong:,}"
    yield Figure(what, "0", f"{missed}", missed == 0)


def _certified(f: Any, x: Any) -> dict[str, Enclosure]:
    """Return the certificates of a program, but for those that are refused."""
    problem, found = Problem("random", f, {"x": x}), {}
    for operator in OPERATORS:
        with contextlib.suppress(ReferenceFailure):
            found[operator] = certify(problem, Argument(problem.point()), operator)
    return found


def _answers(f: Any, xp: Any, x: Any) -> list[Any]:
    primal = functools.partial(f, xp)
    found = primal(x), autograd.grad(primal)(x), autograd.hessian(primal)(x)
    return [np.ravel(each) for each in found]


def _passes(truth: Enclosure, factor: float) -> bool:
    """Return whether an answer passes of which one component is just beyond what is granted."""
    granted = np.maximum(1e-12 * np.abs(truth.high), truth.bound)
    k = int(np.argmax(granted))
    answer = truth.high.copy()
    answer[k] += factor * granted[k] + 4.0 * np.spacing(abs(answer[k])) + 2.0 * truth.radius[k]
    found = agree([answer], truth, Space({"x": answer.shape}), promise=12.0, exact=True)
    return found.status is Status.OK


if __name__ == "__main__":
    print_table({"programs": programs}, sys.argv[1:])
