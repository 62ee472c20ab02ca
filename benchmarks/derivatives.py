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
from pathlib import Path
from typing import Any

import numpy as np
from table import Figure, print_table

import gradiometer
from gradiometer import Options
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.pool import Pool
from gradiometer.measure.references import References
from gradiometer.measure.rounds import take_rounds
from gradiometer.measure.statistics import Median
from gradiometer.measure.trial import Trial
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case
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
            times = _side_by_side(problem.name, label, COMPILED, ("value", "gradient", "hvp"))
        except Failure as failure:
            told = f"{failure.status}: {failure.reason}"
            yield Figure(f"{problem.name} {label}", "≤ 5", told, False)
            continue
        gradient, product = times["gradient", "value"], times["hvp", "gradient"]
        where = f"{problem.name} {label}".strip()
        yield Figure(f"{where}: gradient over primal", "≤ 5", _shown(gradient), gradient.value <= 5)
        yield Figure(f"{where}: hvp over gradient", "≤ 5", _shown(product), product.value <= 5)


def differences() -> Iterator[Figure]:
    """Fit how the cost of differences over the primal grows with the number of inputs."""
    for name in GROWING:
        problem = REGISTRY.problems[name]
        sizes, ratios = [], []
        for label in problem.labels:
            n = Space.of(problem.address.load().point(label).inputs).size
            try:
                times = _side_by_side(name, label, BLACK_BOX, ("value", "gradient"))
            except Failure:  # rounding of a long sum: it has no time where it disagrees
                continue
            sizes.append(n)
            ratios.append(times["gradient", "value"].value)
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


def _side_by_side(
    name: str, label: str, method: str, operators: Sequence[str]
) -> dict[tuple[str, str], Median]:
    """Return the paired ratios between operators of one method on one problem."""
    problem, chosen = REGISTRY.problems[name], REGISTRY.methods[method]
    options = Options(budget_s=SECONDS, precision=1e-3)
    with tempfile.TemporaryDirectory() as logs, Pool(Path(logs), threads=1) as pool:
        references, trials = References(pool, options.timeout_s), []
        for operator in operators:
            case = Case(name, label, operator)
            conditions = references.conditions(case, problem.address, options)
            trials.append(Trial(chosen, conditions, pool))
            trials[-1].check()
        take_rounds(trials, NoiseMeter(pool, options), options, lambda text: None)
        return {
            (a.cell.case.operator, b.cell.case.operator): a.ratio_to(b)
            for a in trials
            for b in trials
        }


def _shown(ratio: Median) -> str:
    return f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


PARTS = {"cheap-gradient": cheap_gradient, "differences": differences, "digits": digits}

if __name__ == "__main__":
    print_table(PARTS, sys.argv[1:])
