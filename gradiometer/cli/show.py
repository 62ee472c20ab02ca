"""`gradiometer show PROBLEM`: what a problem is, its point, and its certified answers there."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from gradiometer.cli.output import print_json, print_table, stdout
from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.measure.harness import outline, reference
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Case, applies, first_order
from gradiometer.measure.pool import Failure, Pool
from gradiometer.plugins import loader as registries
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.operators import OPERATORS, indexed, operator
from gradiometer.vocabulary.problem import Array, Point, Problem, Shapes

MEANING = (
    "The truth is within the radius of the value; float64 answers may differ from it by the "
    "rounding. Numbers stand for the doubles that hold them, 0.1 for 0.1000000000000000055…, in "
    "the point and in the program; only xp.pi and xp.e are the numbers themselves."
)
MOST_ROWS = 20
SHOWN_DIGITS = 25


def show(
    name: str,
    size: str | None,
    operators: Sequence[str] | None,
    seed: int,
    plugins: Sequence[Path],
    json: bool,
) -> None:
    """Print a problem's facts, its point, and the certified answers of operators there."""
    registry = registries.load(plugins)
    if name not in registry.problems:
        raise UnknownName("problem", name, registry.problems)
    problem = registry.problems[name]
    if problem.fault:
        raise GradiometerError(problem.fault)
    label = problem.labels[0] if size is None else size
    cases = [Case(problem, label, each) for each in _asked(problem, operators)]
    point, truths = _certify(cases, seed, registry.origins)
    directions = _directions(truths, point)
    facts = {
        "problem": name,
        "formula": problem.summary,
        "about": (inspect.getdoc(problem.written) or "").partition("\n")[2].strip(),
        "source": problem.source,
        "sizes": [s for s in problem.labels if s],
        "size": label,
        "inputs": point.n,
        "outputs": list(problem.output_names),
        "given": {k: _value(a) for k, a in point.given.items()},
    }
    if json:
        at = {"at": point.inputs} | directions
        numbers = {kind: {k: a.tolist() for k, a in named.items()} for kind, named in at.items()}
        rows = [row for each, truth in truths.items() for row in _rows(each, truth, point)]
        print_json(facts | numbers | {"components": rows})
        return
    console = stdout()
    _print_facts(console, facts, point)
    _print_point(console, point, directions, seed)
    for each, truth in truths.items():
        _print_truth(console, each, label, truth, point)
    console.print(Text(MEANING), soft_wrap=True)


def _asked(problem: Problem, operators: Sequence[str] | None) -> list[str]:
    """Return the operators to show: those named, or the value and the first derivative.

    Raises:
        UnknownName: If there is no such operator.
        GradiometerError: If the problem does not have it.
    """
    names = [operator(name).name for name in operators or first_order(problem)]
    for name in names:
        if not applies(name, problem):
            there = ", ".join(other for other in OPERATORS if applies(other, problem))
            raise GradiometerError(
                f"{problem.name} has several outputs and no {name}: expected one of {there}."
            )
    return list(dict.fromkeys(names))


def _certify(cases: Sequence[Case], seed: int, origins: Any) -> tuple[Point, dict[str, Enclosure]]:
    """Return the cases' common point, and the certified truth of each."""
    problem, timeout_s = cases[0].problem, Options().timeout_s
    with tempfile.TemporaryDirectory() as logs, Pool(Path(logs), threads=1) as pool:

        def certified(point: Point, name: str) -> Enclosure:
            return reference(pool, problem, point, name, origins, timeout_s)

        def shapes(point: Point) -> Shapes:
            return outline(pool, problem, point, origins, timeout_s)

        try:
            points = [case.points(seed, shapes) for case in cases]
            point = points[0].check
            return point, {case.operator: certified(point, case.operator) for case in cases}
        except Failure as failure:
            raise GradiometerError(f"{problem.name}: {failure.reason}") from failure
        except GradiometerError:
            raise
        except Exception as error:  # a problem's own code: whatever it raises is the reason
            raise GradiometerError(f"The point of {problem.name}: {describe(error)}.") from error


def _directions(operators: Iterable[str], point: Point) -> dict[str, dict[str, Array]]:
    """Return the directions that operators take, `tangents` or `cotangents`, each once."""
    taken = [OPERATORS[name] for name in operators if OPERATORS[name].direction]
    return {each.direction: each.directions(point) for each in taken}


def _rows(name: str, truth: Enclosure, point: Point) -> Iterator[dict[str, str]]:
    """Yield one row a component of a certified answer."""
    for i, component in enumerate(OPERATORS[name].components(point)):
        yield {
            "operator": name,
            "component": component,
            "value": _exactly(truth.high[i], truth.low[i]),
            "radius": f"{truth.radius[i]:.1e}",
            "rounding": f"{truth.bound[i]:.1e}",
        }


def _exactly(high: float, low: float) -> str:
    """Return the unevaluated sum of two doubles as a decimal."""
    with localcontext() as context:
        context.prec = SHOWN_DIGITS
        shown = (Decimal(high) + Decimal(low)).normalize(context)
    return f"{shown:f}" if -7 < shown.adjusted() < SHOWN_DIGITS else str(shown)


def _value(a: Array) -> Any:
    return a.item() if a.ndim == 0 else f"array of shape {a.shape}"


def _print_facts(console: Console, facts: dict[str, Any], point: Point) -> None:
    given = ", ".join(f"{k} = {v}" for k, v in facts["given"].items())
    console.print(Text(facts["problem"], "bold") + Text(f"  {facts['formula']}"), soft_wrap=True)
    lines = [
        *([facts["about"]] if facts["about"] else []),
        "",
        f"source   {facts['source'] or '–'}",
        f"sizes    {', '.join(facts['sizes']) or 'one'}",
        f"inputs   {facts['inputs']:,}: {_shapes(point.inputs)}",
        f"outputs  {point.m:,}: {_shapes(point.cotangents)}",
        f"given    {given or 'nothing'}",
        "",
    ]
    console.print(Text("\n".join(lines)), soft_wrap=True)


def _shapes(arrays: Mapping[str, Array]) -> str:
    return ", ".join(k if a.ndim == 0 else f"{k} {a.shape}" for k, a in arrays.items())


def _print_point(
    console: Console, point: Point, directions: Mapping[str, Mapping[str, Array]], seed: int
) -> None:
    """Print the inputs and the directions that were asked for, component by component."""
    columns = {"at": point.inputs}
    if "tangents" in directions:
        columns["tangent"] = dict(directions["tangents"])
    title = f"Point, tangents drawn with seed {seed}" if len(columns) > 1 else "Point"
    _print_arrays(console, title, "input", columns)
    if "cotangents" in directions:
        title = f"Cotangents, drawn with seed {seed}"
        _print_arrays(console, title, "output", {"cotangent": directions["cotangents"]})


def _print_arrays(
    console: Console, title: str, first: str, columns: Mapping[str, Mapping[str, Array]]
) -> None:
    """Print arrays of the same shapes beside each other."""
    like = next(iter(columns.values()))
    names = [each for name, a in like.items() for each in indexed(name, a.shape)]
    flat = [np.concatenate([a.ravel() for a in named.values()]) for named in columns.values()]
    rows = [[name, *(f"{x:.17g}" for x in xs)] for name, *xs in zip(names, *flat, strict=True)]
    print_table(console, title, [first, *columns], rows[:MOST_ROWS])
    _print_left(console, len(rows), f"{first}s")


def _print_truth(console: Console, name: str, size: str, truth: Enclosure, point: Point) -> None:
    rows = list(islice(_rows(name, truth, point), MOST_ROWS))
    where = f" at size {size}" if size else ""
    what = f", {truth.convention}" if truth.convention else ""
    title = f"Certified {name}{where}{what}"
    columns = ["component", "value", "radius", "rounding"]
    print_table(console, title, columns, [[row[c] for c in columns] for row in rows])
    norm = f"the {name}'s norm is {truth.norm:.15g}"
    _print_left(console, truth.high.size, "components", f"; {norm}")
    if truth.zero:
        console.print("Zero: answers are judged by what rounding can do.")
    if truth.other is not None:
        _print_truth(console, name, size, truth.other, point)


def _print_left(console: Console, count: int, what: str, more: str = "") -> None:
    """Tell how many rows were left out, if any."""
    if count > MOST_ROWS:
        left = f"{count - MOST_ROWS:,} more {what}"
        console.print(f"… and {left} (--json prints them all){more}.", soft_wrap=True)
