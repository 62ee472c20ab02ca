"""The plan of a run: every case, every method, and so every cell, before anything starts."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.options import Options
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.problem import Point, Problem, Shapes

MOST_COMPONENTS = 300_000
"""Components of an answer beyond which a case is skipped, with its reason."""


class TooLarge(GradiometerError):
    """A case whose answer is too large to be certified."""


class Points(NamedTuple):
    """Where a case is checked and timed, and where methods are prepared."""

    check: Point
    preparation: Point


@dataclass(frozen=True)
class Case:
    """A problem at one size, dtype and operator: what methods are compared on."""

    problem: Problem
    size: str
    operator: str
    dtype: str = "float64"

    @property
    def id(self) -> str:
        """The case as text, e.g. `mlp/2-3-1x1/float64/gradient`."""
        return "/".join(p for p in (self.problem.name, self.size, self.dtype, self.operator) if p)

    def points(self, seed: int, outline: Callable[[Point], Shapes]) -> Points:
        """Return the points of the case, directions included.

        Args:
            seed: Seed of the run.
            outline: Finds the shapes of a vector problem's outputs.

        Raises:
            TooLarge: If the answer has more components than any reference is made for.
        """
        problem = self.problem
        shapes = outline(problem.point(self.size, seed)) if problem.outputs else None
        check = problem.point(self.size, seed, shapes)
        components = operator(self.operator).layout(check).size
        if components > MOST_COMPONENTS:
            raise TooLarge(
                f"the {self.operator} has {components:,} components: none is compared beyond "
                f"{MOST_COMPONENTS:,}"
            )
        return Points(check, problem.preparation_point(self.size, seed, shapes))


@dataclass(frozen=True)
class Cell:
    """A case and a method: the unit of work, which ends as exactly one record."""

    case: Case
    method: Method

    @property
    def id(self) -> str:
        """The cell as text: its case's, then the method's name."""
        return f"{self.case.id}/{self.method.name}"


PREPARATION_S = (0.05, 0.2, 0.8)
"""Rough seconds that preparing a cell takes, by the order of its operator; compilers take most."""


@dataclass(frozen=True)
class Plan:
    """The cases of a run, and the methods that are compared on each."""

    cases: list[Case]
    methods: list[Method]

    @property
    def cells(self) -> list[Cell]:
        """Every planned cell, case by case."""
        return [Cell(case, method) for case in self.cases for method in self.methods]

    def estimate_s(self, options: Options) -> float:
        """Return roughly how long the run takes: samples, preparations, and imports, in seconds."""
        most = len(self.methods) * options.rounds * options.sample_s
        rounds = min(options.budget_s, most) * len(self.cases)
        orders = [operator(case.operator).order for case in self.cases]
        prepared = sum(PREPARATION_S[order] for order in orders) * len(self.methods)
        cold = 3.0 * options.cold * len(self.cells)
        return rounds + prepared + cold + 1.5 * len(self.tools)

    @property
    def tools(self) -> list[str]:
        """The worker processes that the run needs."""
        return sorted({m.tool for m in self.methods if not (m.missing or m.fault)})


Extent = Literal["smallest", "typical", "full"]
"""Which sizes of each problem: the first, one that is neither smallest nor largest, or all."""


def make_plan(
    problems: Sequence[Problem],
    methods: Sequence[Method],
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    extent: Extent = "full",
    everything: bool = False,
) -> Plan:
    """Return the plan for these problems and methods.

    Args:
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
    known = [label for p in problems for label in p.labels]
    for pattern in patterns or ():
        if not fnmatch.filter(known, pattern):
            raise UnknownName("size", pattern, sorted(filter(None, set(known))))
    cases = []
    for p in problems:
        for label in _labels(p, patterns, extent):
            chosen = names or (OPERATORS if everything else first_order(p))
            cases += [Case(p, label, name) for name in chosen if applies(name, p)]
    if problems and names and not cases:
        raise GradiometerError(
            f"Nothing to measure: {', '.join(names)} of {', '.join(p.name for p in problems)}. "
            "Gradient, hessian and hvp are of problems with a scalar value."
        )
    return Plan(cases, list(methods))


def first_order(problem: Problem) -> tuple[str, ...]:
    """Return the operators that are measured unless others are asked for."""
    return "value", "jacobian" if problem.outputs else "gradient"


def applies(name: str, problem: Problem) -> bool:
    """Return whether a problem has an operator: some are of scalar problems alone."""
    return not (operator(name).of_scalars and problem.outputs)


def _labels(problem: Problem, patterns: Sequence[str] | None, extent: Extent) -> Sequence[str]:
    labels = problem.labels
    if patterns is not None:
        labels = tuple(s for s in labels if any(fnmatch.fnmatchcase(s, q) for q in patterns))
        return labels[:1] if extent == "smallest" else labels
    typical = 1 if len(labels) > 2 else 0
    return {"smallest": labels[:1], "typical": labels[typical : typical + 1], "full": labels}[
        extent
    ]
