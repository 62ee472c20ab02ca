"""The plan of a run: every cell, before anything starts, and those that have ended already."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.options import Options
from gradiometer.plugins import default
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Outcome, Status

PREPARATION_S = (0.05, 0.2, 0.8)
"""Rough seconds that preparing a cell takes, by the order of its operator; compilers take most."""

Extent = Literal["smallest", "default", "full"]
"""Which sizes of each problem: the first, those of the default selection, or all."""


@dataclass(frozen=True)
class Plan:
    """The cells of a run, case by case.

    Attributes:
        cells: What is to be measured, each once.
        registry: What the names in them stand for.
        ended: Cells that cannot be tried, and why: a plugin is broken, a library is missing.
    """

    cells: Sequence[Cell]
    registry: Registry
    ended: Mapping[Cell, Outcome] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Sequence[Cell], registry: Registry) -> Plan:
        """Return the plan of cells whose problems and methods a registry has."""
        problems, methods = registry.named("problems"), registry.named("methods")
        ends = {c: early_end(methods[c.method], problems[c.case.problem]) for c in cells}
        return cls(cells, registry, {cell: end for cell, end in ends.items() if end is not None})

    @property
    def cases(self) -> list[Case]:
        """The cases, in order."""
        return list(dict.fromkeys(cell.case for cell in self.cells))

    @property
    def methods(self) -> list[MethodEntry]:
        """The methods that can be tried, in order."""
        names = dict.fromkeys(cell.method for cell in self.cells if cell not in self.ended)
        return [self.registry.methods[name] for name in names]

    def begun(self, done: Collection[tuple[str, str]]) -> tuple[list[Cell], dict[Cell, Outcome]]:
        """Return the cells that are to be tried, and those that have ended already.

        Args:
            done: Cells to leave out, by ids of case and method.
        """
        left = [cell for cell in self.cells if (cell.case.id, cell.method) not in done]
        ended = {cell: self.ended[cell] for cell in left if cell in self.ended}
        return [cell for cell in left if cell not in ended], ended

    def estimate_s(self, options: Options) -> float:
        """Return roughly how long the run takes: samples, preparations, and imports, in seconds."""
        tried, _ = self.begun(())
        cases = groupby(tried, lambda cell: cell.case)
        tools = {method.tool for method in self.methods}
        return sum(estimate_s([*cells], options) for _, cells in cases) + 1.5 * len(tools)


def estimate_s(cells: Sequence[Cell], options: Options) -> float:
    """Return roughly how long the cells of a case take, without imports, in seconds."""
    rounds = min(options.budget_s, len(cells) * options.rounds * options.sample_s)
    prepared = sum(PREPARATION_S[operator(cell.case.operator).order] for cell in cells)
    return rounds + prepared + 3.0 * options.cold * len(cells)


def make_plan(
    registry: Registry,
    problems: Sequence[ProblemEntry | Broken],
    methods: Sequence[MethodEntry | Broken],
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    dtypes: str | Iterable[str] | None = None,
    extent: Extent = "full",
    everything: bool = False,
) -> Plan:
    """Return the plan for these problems and methods.

    Args:
        registry: What holds them.
        problems: Problems, in the order to run them.
        methods: Methods, in the order to list them.
        sizes: Glob patterns of size labels, instead of an extent; a problem without sizes matches
            `*` only, one of its larger sizes its own label only.
        operators: Operators by name; the value and the first derivative by default (the gradient of
            a scalar problem, the Jacobian of a vector problem).
        dtypes: What numbers are, by name; by default what those of each problem are, float64 or of
            a framework's function what its arguments are.
        extent: Sizes to take of each problem.
        everything: Whether to take all operators by default.

    Raises:
        UnknownName: If an operator or a dtype does not exist, or a size pattern matches nothing.
        GradiometerError: If no problem has any of the operators.
    """
    names = list(dict.fromkeys(operator(name).name for name in several(operators)))
    kinds = list(dict.fromkeys(find_dtype(name).name for name in several(dtypes)))
    patterns = several(sizes)
    known = {label for problem in problems for label in problem.labels}
    larger = {label for problem in problems for label in problem.larger}
    for pattern in patterns:
        if not (fnmatch.filter(known, pattern) or pattern in larger):
            raise UnknownName("size", pattern, (known | larger) - {""})
    cells = [
        Cell(Case(problem.name, label, name, dtype), method.name)
        for problem in problems
        for label in _chosen(problem, patterns, extent)
        for dtype in kinds or [problem.dtype]
        for name in names or (OPERATORS if everything else first_order(problem))
        if applies(name, problem)
        for method in methods
    ]
    if problems and methods and names and not cells:
        raise GradiometerError(
            f"Nothing to measure: {', '.join(names)} of {', '.join(p.name for p in problems)}. "
            "Gradient, hessian and hvp are of problems with a scalar value."
        )
    return Plan.of(cells, registry)


def first_order(problem: ProblemEntry | Broken) -> tuple[str, ...]:
    """Return the operators that are measured unless others are asked for."""
    return "value", "jacobian" if problem.outputs else "gradient"


def applies(name: str, problem: ProblemEntry | Broken) -> bool:
    """Return whether a problem has an operator: some are of scalar problems alone."""
    return not (operator(name).of_scalars and problem.outputs)


def require_operator(name: str, problem: ProblemEntry) -> None:
    """Refuse an operator that a problem does not have.

    Raises:
        UnknownName: If there is no such operator.
        GradiometerError: If the problem does not have it.
    """
    if not applies(name, problem):
        there = ", ".join(other for other in OPERATORS if applies(other, problem))
        raise GradiometerError(
            f"{problem.name} has several outputs and no {name}: expected one of {there}."
        )


def early_end(*plugins: ProblemEntry | MethodEntry | Broken) -> Outcome | None:
    """Return the outcome of what cannot even be tried, for want of one of these."""
    for plugin in plugins:
        if isinstance(plugin, Broken):
            return Outcome(Status.ERROR, plugin.reason)
        if isinstance(plugin, MethodEntry) and plugin.missing:
            return Outcome(Status.NOT_INSTALLED, plugin.missing)
    return None


def several(names: str | Iterable[str] | None) -> list[str]:
    """Return names as a list, of one name or none too."""
    return [names] if isinstance(names, str) else list(names or ())


def _chosen(
    problem: ProblemEntry | Broken, patterns: Sequence[str], extent: Extent
) -> Sequence[str]:
    """Return the labels of a problem's sizes that are taken."""
    labels = problem.labels
    if patterns:
        labels = tuple(s for s in labels if any(fnmatch.fnmatchcase(s, q) for q in patterns))
        labels += tuple(s for s in problem.larger if s in patterns)
    elif extent == "default":
        return default.sizes(problem)
    return labels[:1] if extent == "smallest" else labels
