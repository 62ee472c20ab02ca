"""The way in: all checks of methods, one after the other, each with its verdict and its cause."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gradiometer.conformance import problems as special
from gradiometer.conformance.agreement import OPTIONS, agreement, cells_of, problems_of
from gradiometer.conformance.causes import likeliest
from gradiometer.conformance.contract import contract
from gradiometer.conformance.expected import Expected, rows_of, settle
from gradiometer.conformance.process import Probe
from gradiometer.conformance.result import Check, Report, Verdict
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.plan import several
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.plugins.selection import What, choose
from gradiometer.report.progress import following
from gradiometer.vocabulary.case import Cell
from gradiometer.vocabulary.dtype import DTYPES, find_dtype
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker.cores import require_linux

PROCESS_CHECKS = 16
"""Checks of contract and process of a method, about: what a bar of progress counts on."""


@dataclass(frozen=True)
class Subjects:
    """What is to be checked.

    Attributes:
        registry: What names stand for, the special problems among it.
        methods: Methods that can be tried.
        left: Methods that cannot: broken, or not installed.
        problems: The problems that they are checked on.
    """

    registry: Registry
    methods: list[MethodEntry]
    left: list[MethodEntry | Broken]
    problems: list[ProblemEntry]


def check(
    what: What | Iterable[What],
    *,
    plugins: Sequence[str | Path] = (),
    problems: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    dtypes: str | Iterable[str] | None = None,
    quick: bool = False,
    expected: Sequence[str | Path] = (),
    progress: Progress | bool = True,
    each: Callable[[Check], None] = lambda check: None,
) -> Report:
    """Check whether methods conform: contract, agreement with the truth, and manners.

    Args:
        what: Methods: names, glob patterns, `FILE.py`, `FILE.py:name`, or objects.
        plugins: Files, folders or modules with further methods and problems.
        problems: Problems to check agreement on, by name or pattern; by default all that are built
            in, in their first sizes, and those of `gradiometer.conformance.problems`.
        operators: Operators by name; all by default.
        dtypes: What numbers are, by name; float64 and float32 by default.
        quick: Whether to take three built-in problems, and float64 alone, by default.
        expected: TOML files with failures that are expected (`gradiometer.conformance.expected`).
        progress: Whether a notebook shows a bar; or what is told what is being done.
        each: Called with each check as it ends, before it is judged beside the others.

    Raises:
        GradiometerError: If a name is unknown, or a file cannot be read.

    Example:
        >>> from gradiometer import conformance
        >>> report = conformance.check("backprop", quick=True)  # doctest: +SKIP
        >>> report.ok, report.frame  # doctest: +SKIP
    """
    rows = rows_of(expected)
    found = subjects(what, plugins, several(problems) or None, quick=quick)
    names = [operator(name).name for name in several(operators) or OPERATORS]
    kinds = [
        find_dtype(name).name for name in several(dtypes) or (["float64"] if quick else DTYPES)
    ]
    cells = cells_of(found.problems, found.methods, names, kinds)
    if found.methods and not cells:
        raise GradiometerError("No problem that is named has such an operator: name another one.")
    with following(progress, "checks") as listener:
        return Report(_carried_out(found, cells, found.methods, rows, listener, each))


def check_parts(
    found: Subjects, rows: Sequence[Expected], parts: Iterable[tuple[str, str, str]]
) -> list[Check]:
    """Return the checks of some parts of methods.

    Args:
        found: What is checked.
        rows: Failures that are expected.
        parts: Methods by name, each with an operator and what the numbers are, or with `contract`
            or `process`, which are checked together, and nothing.
    """
    wanted = set(parts)
    cells = [
        cell
        for cell in cells_of(found.problems, found.methods)
        if (cell.method, cell.case.operator, cell.case.dtype) in wanted
    ]
    whole = {method for method, _, dtype in wanted if not dtype}
    mannered = [method for method in found.methods if method.name in whole]
    return _carried_out(found, cells, mannered, rows, Progress())


def _carried_out(
    found: Subjects,
    cells: Sequence[Cell],
    mannered: Sequence[MethodEntry],
    rows: Sequence[Expected],
    progress: Progress,
    each: Callable[[Check], None] = lambda check: None,
) -> list[Check]:
    """Return the checks of cells, and of contract and process of some methods, judged."""
    progress.start(len(cells) + PROCESS_CHECKS * len(mannered), 0, None)
    checks = [unable(entry) for entry in found.left]

    def said(check: Check) -> None:
        each(check)
        progress.say(f"{check.method}: {check.where}")
        progress.advance(check.where)

    with tempfile.TemporaryDirectory(prefix="gradiometer-") as folder:
        for check in manners(mannered, found.registry, Path(folder)):
            said(check)
            checks.append(check)
        checks += agreement(cells, found.registry, Path(folder) / "logs", said)
    return judged(_in_order(checks), rows)


def subjects(
    what: What | Iterable[What],
    plugins: Sequence[str | Path] = (),
    problems: Sequence[str] | None = None,
    *,
    quick: bool = False,
) -> Subjects:
    """Return what is to be checked.

    Raises:
        GradiometerError: If a name is unknown, or a file cannot be read.
    """
    require_linux("a conformance check")
    registry = loader.load(plugins)
    named = choose(registry, what, ("methods",))["methods"]
    if special.FILE not in registry.paths:
        loader.add_here(registry, special.FILE)
    taken = problems_of(registry, problems, quick=quick)
    if not taken:
        raise UnknownName("problem", ", ".join(problems or ()), registry.problems)
    able = [m for m in named if not isinstance(m, Broken) and not m.missing]
    return Subjects(registry, able, [m for m in named if m not in able], taken)


def manners(methods: Sequence[MethodEntry], registry: Registry, folder: Path) -> Iterator[Check]:
    """Yield the checks of contract and process of each method.

    Args:
        methods: The methods.
        registry: What holds the problems.
        folder: Where the processes write.
    """
    with Pool(folder / "pool", OPTIONS.threads) as pool:
        for method in methods:
            own = folder / method.name
            with Probe(method, registry, pool, own, OPTIONS.threads) as probe:
                try:
                    told = probe.described()
                except Failure as failure:
                    wanted = "a fresh process loads it by its address"
                    cause = "its file needs what the process that listed it had already"
                    yield Check(
                        method.name, "contract", "name", status="failed",
                        wanted=wanted, found=failure.reason, cause=cause,
                    )  # fmt: skip
                    continue
                yield from contract(method, told)
                yield from probe.checks()


def unable(entry: MethodEntry | Broken) -> Check:
    """Return the check of a method that cannot be tried."""
    if isinstance(entry, Broken):
        return Check(
            entry.name, "contract", "loads", status="failed", wanted="a file that loads",
            found=entry.reason, cause="the line that is named",
        )  # fmt: skip
    status, reason = str(Status.NOT_INSTALLED), entry.missing or ""
    return Check(entry.name, "contract", "installed", status=status, found=reason)


def judged(checks: Sequence[Check], rows: Sequence[Expected]) -> list[Check]:
    """Return checks with their verdicts, and the likeliest cause of each failure."""
    settled = [settle(each, rows) for each in checks]
    return [
        replace(each, cause=each.cause or likeliest(each, settled))
        if each.verdict is Verdict.FAILED
        else each
        for each in settled
    ]


def _in_order(checks: Sequence[Check]) -> list[Check]:
    """Return checks method by method."""
    methods = dict.fromkeys(check.method for check in checks)
    return [check for method in methods for check in checks if check.method == method]
