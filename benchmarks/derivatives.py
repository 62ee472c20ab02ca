"""Measures what derivatives cost and how exact they are, and prints one table.

    python benchmarks/derivatives.py                   # everything, many minutes
    python benchmarks/derivatives.py cheap-gradient    # one part

The cost of a gradient over that of its primal stands beside the bound of 4 to 5 (Griewank and
Walther, Evaluating Derivatives, 2nd ed., §4.4), a Hessian-vector product over the gradient too.
Ratios are paired: the operators of a problem are sampled in the same rounds. Nothing is asserted.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from table import Figure, print_table
from trials import side_by_side

import gradiometer
from gradiometer import Options
from gradiometer.measure.statistics import Median
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Failure
from gradiometer.vocabulary.space import Space

COMPILED = "jax-jit"
BLACK_BOX = "central-difference"
GROWING = ("speelpenning", "rosenbrock", "log-sum-exp", "helmholtz")
SECONDS = 3.0
REGISTRY = loader.load()
KINKED = {"prelu-chain"}


def cheap_gradient() -> Iterator[Figure]:
    """Compare a compiled gradient with its primal, and a Hessian-vector product with that."""
    for problem in REGISTRY.problems.values():
        if problem.outputs or problem.name in KINKED:
            continue
        label = problem.labels[-1]
        try:
            ratios = _ratios(problem.name, label, COMPILED, ("value", "gradient", "hvp"))
        except Failure as failure:
            told = f"{failure.status}: {failure.reason}"
            yield Figure(f"{problem.name} {label}", "≤ 5", told, False)
            continue
        where = f"{problem.name} {label}".strip()
        for what, ratio in zip(("gradient over primal", "hvp over gradient"), ratios, strict=True):
            shown = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
            yield Figure(f"{where}: {what}", "≤ 5", shown, ratio.value <= 5)


def differences() -> Iterator[Figure]:
    """Fit how the cost of differences over the primal grows with the number of inputs."""
    for name in GROWING:
        problem = REGISTRY.problems[name]
        sizes, ratios = [], []
        for label in problem.labels:
            n = Space.of(problem.address.load().point(label).inputs).size
            try:
                (ratio,) = _ratios(name, label, BLACK_BOX, ("value", "gradient"))
            except Failure:  # rounding of a long sum: it has no time where it disagrees
                continue
            sizes.append(n)
            ratios.append(ratio.value)
        slope = float(np.polyfit(np.log(sizes), np.log(ratios), 1)[0])
        shown = f"{slope:.2f}, n from {sizes[0]} to {sizes[-1]}"
        what = f"{name}: slope of differences over the primal, in n"
        yield Figure(what, "1", shown, abs(slope - 1.0) <= 0.1)


def digits() -> Iterator[Figure]:
    """Find the least accurate answers of exact methods at first and at second order."""
    with tempfile.TemporaryDirectory() as folder:
        options = Options(rounds=0)
        run = gradiometer.run(everything=True, quick=True, options=options, results=folder)
        rows: list[dict[Any, Any]] = run.records.to_dict("records")
        first = ("gradient", "jacobian", "jvp", "vjp")
        run = gradiometer.run(operators=first, options=options, results=folder)
        rows += run.records.to_dict("records")
    for order, owed, operators in (("first", 12.0, first), ("second", 11.0, ("hessian", "hvp"))):
        chosen = [r for r in rows if r["operator"] in operators and r["promise"] >= owed]
        chosen = [r for r in chosen if not math.isnan(r["digits"])]
        worst = min(chosen, key=lambda r: float(r["digits"]))
        yield Figure(
            f"digits at {order} order, worst of {len(chosen):,} cells",
            f"{owed:g}",
            f"{worst['digits']:.1f} ({worst['method']}, {worst['case']})",
            worst["digits"] >= owed,
        )
        for row in chosen:
            if row["digits"] >= owed:
                continue
            yield Figure(
                f"{row['case']}, {row['method']}: {row['digits']:.1f} digits",
                f"{owed:g}",
                f"rounding leaves {row['owed']:.1f}",
                row["digits"] >= row["owed"],
            )


def _ratios(name: str, label: str, method: str, operators: Sequence[str]) -> list[Median]:
    """Return the paired ratios of each operator to the one before it, of a method on a problem."""
    cells = [Cell(Case(name, label, operator), method) for operator in operators]
    with side_by_side(REGISTRY, cells, Options(budget_s=SECONDS, precision=1e-3)) as (trials, _):
        return [after.ratio_to(before) for before, after in pairwise(trials)]


PARTS = {"cheap-gradient": cheap_gradient, "differences": differences, "digits": digits}

if __name__ == "__main__":
    print_table(PARTS, sys.argv[1:])
