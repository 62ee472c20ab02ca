"""The plan of a run: every case, every method, and so every cell, before anything starts."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradiometer.errors import UnknownName
from gradiometer.measure.options import Options
from gradiometer.method import Method
from gradiometer.operators import OPERATORS, operator
from gradiometer.problem import Problem


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


@dataclass(frozen=True)
class Cell:
    """A case and a method: the unit of work, which ends as exactly one record."""

    case: Case
    method: Method

    @property
    def id(self) -> str:
        """The cell as text: its case's, then the method's name."""
        return f"{self.case.id}/{self.method.name}"


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
        return rounds + (0.1 + 3.0 * options.cold) * len(self.cells) + 1.5 * len(self.tools)

    @property
    def tools(self) -> list[str]:
        """The worker processes that the run needs."""
        return sorted({m.tool for m in self.methods if not (m.missing or m.fault)})


def make_plan(
    problems: Sequence[Problem],
    methods: Sequence[Method],
    *,
    sizes: str | Iterable[str] = "*",
    operators: str | Iterable[str] | None = None,
    smallest_only: bool = False,
) -> Plan:
    """Return the plan for these problems and methods.

    Args:
        problems: Problems, in the order to run them.
        methods: Methods, in the order to list them.
        sizes: Glob patterns of size labels; a problem without sizes matches `*` only.
        operators: Operators by name; all by default.
        smallest_only: Whether to keep only the first size of each problem.

    Raises:
        UnknownName: If an operator does not exist or a size pattern matches nothing.
    """
    asked = [operators] if isinstance(operators, str) else operators or OPERATORS
    names = list(dict.fromkeys(operator(o).name for o in asked))
    patterns = [sizes] if isinstance(sizes, str) else list(sizes)
    known = [label for p in problems for label in p.labels]
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise UnknownName("size", pattern, sorted(filter(None, set(known))))
    cases = []
    for p in problems:
        labels = [s for s in p.labels if any(fnmatch.fnmatchcase(s, q) for q in patterns)]
        for label in labels[:1] if smallest_only else labels:
            cases += [Case(p, label, name) for name in names]
    return Plan(cases, list(methods))
