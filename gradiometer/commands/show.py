"""`gradiometer show PROBLEM`: what a problem is, and its certified value and derivative."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from gradiometer import plugins as registries
from gradiometer.commands.output import print_json, print_table, stdout
from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.measure.agreement import locate
from gradiometer.measure.fleet import Failure, Fleet
from gradiometer.measure.harness import reference
from gradiometer.measure.options import Options
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.operators import OPERATORS, Operator
from gradiometer.problem import Array, Point, Problem

MOST_ROWS = 20
SHOWN_DIGITS = 25


def show(name: str, size: str | None, seed: int, plugins: Sequence[Path], json: bool) -> None:
    """Print a problem's facts, point, and certified answers."""
    registry = registries.load(plugins)
    if name not in registry.problems:
        raise UnknownName("problem", name, registry.problems)
    problem = registry.problems[name]
    if problem.fault:
        raise GradiometerError(problem.fault)
    label = problem.labels[0] if size is None else size
    point = _point(problem, label, seed)
    truths = _certify(problem, point, registry.origins)
    facts = {
        "problem": name,
        "formula": problem.summary,
        "about": (inspect.getdoc(problem.function) or "").partition("\n")[2].strip(),
        "source": problem.source,
        "sizes": [s for s in problem.labels if s],
        "size": label,
        "inputs": point.n,
        "given": {k: _value(a) for k, a in point.given.items()},
    }
    rows = _components(point, truths)
    if json:
        print_json(facts | {"components": rows})
    else:
        _print(facts, rows, truths, point)


def _point(problem: Problem, label: str, seed: int) -> Point:
    try:
        return problem.point(label, seed)
    except GradiometerError:
        raise
    except Exception as error:  # a problem's own code: whatever it raises is the reason
        raise GradiometerError(f"The point of {problem.name}: {describe(error)}.") from error


def _certify(problem: Problem, point: Point, origins: Any) -> dict[str, Enclosure]:
    timeout_s = Options().timeout_s
    with tempfile.TemporaryDirectory() as logs, Fleet(Path(logs), threads=1) as fleet:
        try:
            return {
                op: reference(fleet, problem, point, op, origins, timeout_s) for op in OPERATORS
            }
        except Failure as failure:
            raise GradiometerError(f"{problem.name}: {failure.reason}") from failure


def _components(point: Point, truths: dict[str, Enclosure]) -> list[dict[str, str]]:
    """Return one row a component of every certified answer."""
    rows = []
    for name, truth in truths.items():
        asked = OPERATORS[name]
        rows += [
            {
                "component": _component(asked, point, i),
                "at": _at(asked, point, i),
                "value": _exactly(truth.high[i], truth.low[i]),
                "radius": f"{truth.radius[i]:.1e}",
            }
            for i in range(truth.high.size)
        ]
    return rows


def _component(asked: Operator, point: Point, i: int) -> str:
    where = locate(i, asked.shapes(point), asked.names(point))
    return f"∂/∂{where}" if asked.differentiates else where


def _at(asked: Operator, point: Point, i: int) -> str:
    if not asked.differentiates:
        return ""
    flat = np.concatenate([a.ravel() for a in point.inputs.values()])
    return f"{flat[i]:.17g}"


def _exactly(high: float, low: float) -> str:
    """Return the unevaluated sum of two doubles as a decimal."""
    with localcontext() as context:
        context.prec = SHOWN_DIGITS
        return str((Decimal(high) + Decimal(low)).normalize(context))


def _value(a: Array) -> Any:
    return a.item() if a.ndim == 0 else f"array of shape {a.shape}"


def _print(
    facts: dict[str, Any],
    rows: Sequence[dict[str, str]],
    truths: dict[str, Enclosure],
    point: Point,
) -> None:
    console = stdout()
    inputs = ", ".join(k if a.ndim == 0 else f"{k} {a.shape}" for k, a in point.inputs.items())
    given = ", ".join(f"{k} = {v}" for k, v in facts["given"].items())
    console.print(Text(facts["problem"], "bold") + Text(f"  {facts['formula']}"), soft_wrap=True)
    lines = [
        *([facts["about"]] if facts["about"] else []),
        "",
        f"source  {facts['source']}",
        f"sizes   {', '.join(facts['sizes']) or 'one'}",
        f"inputs  {facts['inputs']:,}: {inputs}",
        f"given   {given or 'nothing'}",
    ]
    console.print(Text("\n".join(lines)), soft_wrap=True)
    size = f" at size {facts['size']}" if facts["size"] else ""
    title = f"Certified{size} (the truth is within the radius)"
    columns = ["component", "at", "value", "radius"]
    print_table(console, title, columns, [[r[c] for c in columns] for r in rows[:MOST_ROWS]])
    if len(rows) > MOST_ROWS:
        left = len(rows) - MOST_ROWS
        console.print(
            f"… and {left:,} more components (--json prints them all); "
            f"the gradient's norm is {truths['gradient'].norm:.15g}."
        )
