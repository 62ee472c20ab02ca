"""The plan of a run: every cell, before anything starts, and those that have ended already."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.options import Options
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Outcome, Status

PREPARATION_S = (0.05, 0.2, 0.8)
"""Rough seconds that preparing a cell takes, by the order of its operator; compilers take most."""

Extent = Literal["smallest", "typical", "full"]
"""Which sizes of each problem: the first, one that is neither smallest nor largest, or all."""


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
        chosen = {name: methods[name] for name in {cell.method for cell in cells}}
        ended = {name: _method_end(entry) for name, entry in chosen.items()}
        ends = {
            cell: ended[cell.method] or _problem_end(problems[cell.case.problem]) for cell in cells
        }
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

    def estimate_s(self, options: Options) -> float:
        """Return roughly how long the run takes: samples, preparations, and imports, in seconds."""
        tried = [cell for cell in self.cells if cell not in self.ended]
        cases = {cell.case for cell in tried}
        most = len(tried) / max(1, len(cases)) * options.rounds * options.sample_s
        rounds = min(options.budget_s, most) * len(cases)
        prepared = sum(PREPARATION_S[operator(cell.case.operator).order] for cell in tried)
        tools = {method.tool for method in self.methods}
        return rounds + prepared + 3.0 * options.cold * len(tried) + 1.5 * len(tools)


def make_plan(
    registry: Registry,
    problems: Sequence[ProblemEntry | Broken],
    methods: Sequence[MethodEntry | Broken],
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    extent: Extent = "full",
    everything: bool = False,
) -> Plan:
    """Return the plan for these problems and methods.

    Args:
        registry: What holds them.
        problems: Problems, in the order to run them.
        methods: Methods, in the order to list them.
        sizes: Glob patterns of size labels, instead of an extent; a problem without sizes matches
            `*` only.
        operators: Operators by name; the value and the first derivative by default (the gradient of
            a scalar problem, the Jacobian of a vector problem).
        extent: Sizes to take of each problem.
        everything: Whether to take all operators by default.

    Raises:
        UnknownName: If an operator does not exist or a size pattern matches nothing.
        GradiometerError: If no problem has any of the operators.
    """
    asked = [operators] if isinstance(operators, str) else operators
    names = None if asked is None else list(dict.fromkeys(operator(o).name for o in asked))
    patterns = [sizes] if isinstance(sizes, str) else None if sizes is None else list(sizes)
    _refuse_unknown_sizes(problems, patterns)
    cells = [
        Cell(Case(problem.name, label, name), method.name)
        for problem in problems
        for label in _labels(problem, patterns, extent)
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
    return "value", "jacobian" if _outputs(problem) else "gradient"


def applies(name: str, problem: ProblemEntry | Broken) -> bool:
    """Return whether a problem has an operator: some are of scalar problems alone."""
    return not (operator(name).of_scalars and _outputs(problem))


def early_end(problem: ProblemEntry | Broken, method: MethodEntry | Broken) -> Outcome | None:
    """Return the outcome of a cell that cannot even be tried."""
    return _method_end(method) or _problem_end(problem)


def _method_end(method: MethodEntry | Broken) -> Outcome | None:
    if isinstance(method, Broken):
        return Outcome(Status.ERROR, method.reason)
    missing = method.missing
    return Outcome(Status.NOT_INSTALLED, missing) if missing else None


def _problem_end(problem: ProblemEntry | Broken) -> Outcome | None:
    return Outcome(Status.ERROR, problem.reason) if isinstance(problem, Broken) else None


def _outputs(problem: ProblemEntry | Broken) -> tuple[str, ...]:
    return () if isinstance(problem, Broken) else problem.outputs


def _sizes(problem: ProblemEntry | Broken) -> tuple[str, ...]:
    return ("",) if isinstance(problem, Broken) else problem.labels


def _refuse_unknown_sizes(
    problems: Sequence[ProblemEntry | Broken], patterns: Sequence[str] | None
) -> None:
    known = [label for problem in problems for label in _sizes(problem)]
    for pattern in patterns or ():
        if not fnmatch.filter(known, pattern):
            raise UnknownName("size", pattern, sorted(filter(None, set(known))))


def _labels(
    problem: ProblemEntry | Broken, patterns: Sequence[str] | None, extent: Extent
) -> Sequence[str]:
    labels = _sizes(problem)
    if patterns is not None:
        labels = tuple(s for s in labels if any(fnmatch.fnmatchcase(s, q) for q in patterns))
        return labels[:1] if extent == "smallest" else labels
    typical = 1 if len(labels) > 2 else 0
    taken = {"smallest": slice(1), "typical": slice(typical, typical + 1), "full": slice(None)}
    return labels[taken[extent]]
