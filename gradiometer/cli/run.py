"""`gradiometer run`: plan, measure with a progress bar, print the tables, write the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gradiometer.api import find_plugins, measure, resume
from gradiometer.cli.output import print_frame, print_json, stderr, stdout
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Extent, Plan, make_plan
from gradiometer.plugins.registry import Registry, select
from gradiometer.report.process import write_report
from gradiometer.runs.run import Run
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.outcome import Status

MOST_REASONS = 12


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    problems: Sequence[str] | None
    methods: Sequence[str]
    sizes: Sequence[str] | None
    operators: Sequence[str] | None
    extent: Extent
    quick: bool
    everything: bool
    options: Options
    plugins: Sequence[Path]
    results: Path
    reports: Path
    json: bool
    fail_on: Sequence[str] | None = None
    resume: str | None = None


def carry_out(request: Request) -> int:
    """Run, print and report; return the exit code."""
    failing = parse_statuses(request.fail_on)
    console = stderr()
    watch = Watch(console)
    try:
        run = _measured(request, console, watch)
    except KeyboardInterrupt:
        watch.stop()
        console.print(f"Interrupted: {watch.kept}", soft_wrap=True)
        return 130
    finally:
        watch.stop()
    for line in run.warnings:
        console.print(f"Noisy machine, take the times with care: {line}.", soft_wrap=True)
    report = write_report(run.path, request.reports)
    if request.json:
        _print_json(run, report)
    else:
        print_tables(run, report)
    return 1 if len(run.ended(failing)) else 0


def parse_share(text: str) -> float:
    """Return a share given as `2%` or `0.02`.

    Raises:
        GradiometerError: If it is neither.
    """
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise GradiometerError(
            f"precision is {text!r}: expected a share, like 2% or 0.02."
        ) from None


def parse_statuses(names: Sequence[str] | None) -> list[str]:
    """Return the statuses that make a run fail: those named, or all that are faults.

    Raises:
        UnknownName: If there is no such status.
    """
    if names is None:
        return [status for status in Status if not status.blameless]
    if list(names) == ["none"]:
        return []
    for name in names:
        if name not in list(Status):
            raise UnknownName("status", name, [*map(str, Status), "none"])
    return list(names)


def _measured(request: Request, console: Console, watch: Watch) -> Run:
    """Measure a new run, or take one up."""
    if request.resume is not None:
        return resume(request.resume, request.results, watch)
    registry = find_plugins(request.plugins)
    plan = _plan(request, registry)
    options = request.options.quick() if request.quick else request.options
    _announce(console, plan, options)
    return measure(plan, options, registry, request.results, watch)


class Watch:
    """Follows a run with a progress bar on stderr; silent where stderr is no terminal."""

    def __init__(self, console: Console) -> None:
        self.folder: RunFolder | None = None
        self._planned = 0
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __call__(
        self, plan: Plan, folder: RunFolder
    ) -> Callable[[str, dict[str, Any] | None], None]:
        """Start following a run, which may have records already."""
        self.folder, self._planned = folder, len(plan.cells)
        task = self._progress.add_task("", total=self._planned, completed=folder.recorded)
        self._progress.start()

        def tell(text: str, row: dict[str, Any] | None) -> None:
            self._progress.update(task, description=text, advance=0 if row is None else 1)

        return tell

    @property
    def kept(self) -> str:
        """What is kept of a run that was cut off, and how to take it up."""
        if self.folder is None:
            return "nothing was measured yet."
        return (
            f"{self.folder.recorded} of {self._planned} cells are kept in {self.folder.path}; "
            f"go on with `gradiometer run --resume {self.folder.path}`."
        )

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()


def _plan(request: Request, registry: Registry) -> Plan:
    return make_plan(
        select(registry.problems, request.problems or ["*"], "problem"),
        select(registry.methods, request.methods, "method"),
        sizes=request.sizes,
        operators=request.operators,
        extent=request.extent,
        everything=request.everything,
    )


def _announce(console: Console, plan: Plan, options: Options) -> None:
    if not console.is_terminal:
        return
    missing = sorted(m.name for m in plan.methods if m.missing)
    console.print(
        f"{len(plan.cells)} cells: {len(plan.cases)} cases × {len(plan.methods)} methods; "
        f"about {plan.estimate_s(options):.0f} s."
    )
    if missing:
        console.print(f"Not installed, and recorded so: {', '.join(missing)}.", soft_wrap=True)


def _print_json(run: Run, report: Path) -> None:
    rows = run.records.astype(object).where(run.records.notna(), None).to_dict("records")
    print_json(
        {"run": run.id, "path": str(run.path), "report": str(report), **run.info, "records": rows}
    )


def print_tables(run: Run, report: Path) -> None:
    """Print agreement and speed of each operator, what went wrong, and where all of it is."""
    from gradiometer.report import tables

    console = stdout()
    for operator in run.operators:
        digits = tables.upright(tables.agreement(run, operator))
        print_frame(console, f"Correct digits, {operator}", digits)
        if run.records["time_s"].notna().any():
            times = tables.upright(tables.speed(run, operator))
            print_frame(console, f"Time, {operator}, as a multiple of the fastest", times)
    if tables.derived(run).any():
        console.print(f"{tables.DERIVED} put together from the method's other operators.")
    faulty = run.faulty
    for row in faulty.head(MOST_REASONS).itertuples():
        console.print(
            f"{row.status}: {row.case}/{row.method}: {row.reason}", style="red", markup=False
        )
    if len(faulty) > MOST_REASONS:
        console.print(f"… and {len(faulty) - MOST_REASONS} more; see the report.")
    console.print(f"{len(run.records)} cells: {tables.counts(run)}.")
    console.print(f"run     {run.path}\nreport  {report}", soft_wrap=True)
