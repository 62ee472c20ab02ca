"""`gradiometer run`: measures methods on problems, prints the tables, writes the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.cli.output import print_frame, print_json, say, stderr, stdout, tell_damage
from gradiometer.errors import GradiometerError, UnknownName

if TYPE_CHECKING:
    from gradiometer.measure.options import Options
    from gradiometer.measure.plan import Plan
    from gradiometer.plugins.own import Arguments
    from gradiometer.plugins.registry import Kind, Registry
    from gradiometer.report.run import Run

MOST_REASONS = 12

WHAT = (
    "Problems and methods: name, glob, FILE.py, FILE.py:name; of a kind that is not named, the "
    "default selection, and all that plugins bring."
)
SIZES = "Sizes, by glob; repeatable; `default`: one of each problem, of some two."
BUDGET = (
    "Seconds until a case's rounds end: 3; 1 if no problem is named, with --all 0.7; half for "
    "values."
)
TIMEOUT = "Seconds any one step may take: 60; 30 with --all if no problem is named."
EVERYTHING = (
    "All operators; if no problem is named, all problems, in all sizes up to 100,000 inputs, "
    "without what is forecast to need too much."
)
AGAINST = "Compare with another version of the files that are named: git:REVISION, or a folder."
AGAINST_ENV = "Compare with the packages of another environment: its folder, or its interpreter."
CLUSTER = (
    "Measure whole cases on the nodes of a cluster: tcp://HOST:PORT, local:N, ssh:HOST,HOST or "
    "slurm:FILE.yaml."
)
PIN_KIND = "With --cluster: refuse nodes of several kinds."
FAIL_ABOVE = "With --against: exit with 1 if a cell is slower by more than this ratio, for sure."
FAIL_ON = "Statuses that make the exit code 1, or `none`; by default, all faults."

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer run --quick`; `gradiometer run '*chain*' 'jax*' backprop`; "
    "`gradiometer run my_method.py mlp --size '10-*' --json`; `gradiometer run "
    "my_problems.py:cube`; `gradiometer run rosenbrock --operator hessian --operator hvp`; "
    "`gradiometer run --problem mlp --method 'jax*'`; `gradiometer run my_method.py mlp "
    "--against git:main`; `gradiometer run --cluster local:2`; "
    "`gradiometer run --resume latest`."
)
def run(
    context: typer.Context,
    what: Annotated[shared.Names, Argument(help=WHAT, autocompletion=completion.both)] = None,
    problems: Annotated[
        shared.Names,
        Option("--problem", help="Problems; repeatable.", autocompletion=completion.problems),
    ] = None,
    methods: shared.Methods = None,
    sizes: Annotated[
        shared.Names,
        Option("--size", help=SIZES, autocompletion=completion.sizes),
    ] = None,
    operators: shared.Operators = None,
    dtypes: shared.Dtypes = None,
    quick: Annotated[bool, Option("--quick", help="Smallest sizes, few samples.")] = False,
    everything: Annotated[bool, Option("--all", help=EVERYTHING)] = False,
    threads: shared.Threads = 1,
    precision: Annotated[str, Option(help="Half-width (95%) of ratios that is enough.")] = "2%",
    budget: Annotated[float | None, Option(help=BUDGET)] = None,
    rounds: Annotated[int, Option(help="Most rounds; 0 checks agreement only.")] = 1000,
    cold: Annotated[int, Option(help="Fresh workers in which cold figures are repeated.")] = 0,
    timeout: Annotated[float | None, Option(help=TIMEOUT)] = None,
    memory_limit: Annotated[
        float | None, Option(help="GiB a worker may hold; half of the machine's by default.")
    ] = None,
    fail_on: Annotated[
        shared.Names, Option(help=FAIL_ON, autocompletion=completion.statuses)
    ] = None,
    against: Annotated[str | None, Option("--against", help=AGAINST)] = None,
    against_env: Annotated[str | None, Option("--against-env", help=AGAINST_ENV)] = None,
    fail_above: Annotated[float | None, Option(help=FAIL_ABOVE)] = None,
    resume: shared.Resume = None,
    seed: shared.Seed = 0,
    at: shared.At = None,
    wrt: shared.Wrt = None,
    plugins: shared.Plugins = None,
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
    wait: shared.Wait = False,
    cluster: Annotated[str | None, Option("--cluster", help=CLUSTER)] = None,
    pin_kind: Annotated[bool, Option("--pin-kind", help=PIN_KIND)] = False,
    json: shared.Json = False,
) -> None:
    """Measure methods on problems: a run under results/, a report under reports/.

    By default: the value and the first derivative of 18 problems, of six at two sizes, by 15
    methods. Naming problems takes all their sizes; --all takes every problem, size and operator.
    """
    from gradiometer.worker.cores import require_linux

    require_linux("gradiometer run")
    from gradiometer import api
    from gradiometer.cli.progress import following
    from gradiometer.cli.versions import Kept
    from gradiometer.plugins import loader
    from gradiometer.plugins.own import Arguments
    from gradiometer.report.process import write_report
    from gradiometer.runs.store import try_folder

    shared.require_as_begun(context)
    failing = parse_statuses(fail_on)
    shared.require_bound(fail_above)
    versions = against or against_env
    if fail_above is not None and not versions:
        raise GradiometerError("--fail-above is of two versions: give --against, too.")
    if versions and (cold or cluster):
        given = "--cold" if cold else "--cluster"
        raise GradiometerError(f"{given} is not of two versions: leave it or --against out.")
    try_folder(reports, "--reports")
    arguments = Arguments(tuple(at or ()), tuple(wrt or ()))
    words = [[*(given or ())] for given in (what, problems, methods)]
    extra = [str(path) for path in plugins or ()]

    def plan(move: Callable[[str], str]) -> tuple[Plan, Options]:
        registry = loader.load([move(path) for path in extra])
        first, second, third = ([move(word) for word in each] for each in words)
        named = choose_named(registry, first, second, third, arguments)
        return api.planned(
            registry,
            named,
            sizes=sizes,
            operators=operators,
            dtypes=dtypes,
            quick=quick,
            everything=everything,
        )

    def chosen(usual: Options) -> Options:
        found = replace(
            usual,
            threads=threads,
            precision=parse_share(precision),
            budget_s=usual.budget_s if budget is None else budget,
            rounds=rounds,
            cold=cold,
            timeout_s=usual.timeout_s if timeout is None else timeout,
            memory_gib=memory_limit,
            seed=seed,
        )
        return found.quick() if quick else found

    if versions:
        from gradiometer.cli.versions import compare_and_tell
        from gradiometer.versions.compare import USUAL, Other

        code = compare_and_tell(
            lambda move: plan(move)[0],
            [word for each in (*words, extra) for word in each],
            Other(against or "", against_env or ""),
            chosen(USUAL),
            Kept(results, reports, json=json, wait=wait),
            failing,
            fail_above,
        )
        raise typer.Exit(code)
    how: dict[str, Any] = {"wait": wait, "cluster": cluster, "pin_kind": pin_kind}
    with following("run", "cells") as progress:
        if resume is None:
            planned, usual = plan(str)
            _announce(planned, chosen(usual))
            done = api.measure(planned, chosen(usual), results, progress, **how)
        else:
            done = api.resume(resume, results, progress, **how)
        for line in done.warnings:
            say(stderr(), f"Noisy machine, take the times with care: {line}.")
        progress.say("report")
        report = write_report(done.path, reports)
    if json:
        print_json(done.as_json() | {"report": str(report)})
    else:
        print_tables(done, report)
    damaged = tell_damage(done.damage, done.path)
    raise typer.Exit(1 if damaged or len(done.ended(failing)) else 0)


def choose_named(
    registry: Registry,
    what: Sequence[str],
    problems: Sequence[str],
    methods: Sequence[str],
    arguments: Arguments,
) -> dict[Kind, list[Any]]:
    """Return what is named, by kind, each once.

    Raises:
        GradiometerError: If something matches nothing, or its file cannot be loaded.
    """
    from gradiometer.plugins.selection import choose

    named = choose(registry, what, arguments=arguments)
    more = choose(registry, problems, ("problems",), arguments) | choose(
        registry, methods, ("methods",)
    )
    for kind, entries in named.items():
        entries += [entry for entry in more[kind] if entry not in entries]
    return {kind: entries for kind, entries in named.items() if entries}


def parse_share(text: str) -> float:
    """Return a share given as `2%` or `0.02`.

    Raises:
        GradiometerError: If it is neither.
    """
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        told = f"precision is {text!r}: expected a share, like 2% or 0.02."
        raise GradiometerError(told) from None


def parse_statuses(names: Sequence[str] | None) -> list[str]:
    """Return the statuses that make a run fail: those named, or all that are faults.

    Raises:
        UnknownName: If there is no such status.
    """
    from gradiometer.vocabulary.outcome import Status

    if names is None:
        return [status for status in Status if not status.blameless]
    if list(names) == ["none"]:
        return []
    for name in names:
        if name not in list(Status):
            raise UnknownName("status", name, [*map(str, Status), "none"])
    return list(names)


def print_tables(run: Run, report: Path | None) -> None:
    """Print agreement and speed of each operator, what went wrong, and where all of it is."""
    from gradiometer.report import tables
    from gradiometer.runs import footnotes

    console, timed = stdout(), run.records["time_s"].notna().any()
    absent: list[str] = []
    for operator in run.operators:
        matrices = {f"Correct digits, {operator}": tables.agreement}
        if timed:
            matrices[f"Time, {operator}, as a multiple of the fastest"] = tables.speed
        for title, matrix in matrices.items():
            shown, told = tables.installed(run, matrix(run, operator), operator)
            absent.append(told)
            if len(shown):
                print_frame(console, title, tables.upright(shown))
    for line in dict.fromkeys(filter(None, absent)):
        say(console, line)
    for mark, meaning in footnotes.meanings(run.cells).items():
        say(console, f"{mark} {meaning}.", indent=2)
    reasons = tables.reasons(run.faulty)
    for row in reasons.head(MOST_REASONS).itertuples():
        say(console, f"{row.status}: {_where(row)}: {row.reason}", "red", indent=2)
    if len(reasons) > MOST_REASONS:
        say(console, f"… and {len(reasons) - MOST_REASONS} more; see the report.")
    say(console, f"{len(run.records)} cells: {tables.counts(run)}.\nrun     {run.path}")
    if report is not None:
        say(console, f"report  {report}")


def _where(row: Any) -> str:
    """Return the cells that a reason ended: the only one's name, or how many there are."""
    if row.cells == "1":
        return f"{row.case}/{row.method}"
    return f"{row.cells} cells of {row.method} ({row.case})"


def _announce(plan: Plan, options: Options) -> None:
    """Tell on a terminal what is about to be measured, and how long it takes."""
    console = stderr()
    if not console.is_terminal:
        return
    counts = f"{len(plan.cases)} cases × {len({cell.method for cell in plan.cells})} methods"
    say(console, f"{len(plan.cells)} cells: {counts}; about {plan.estimate_s(options):.0f} s.")
    missing = {cell.method for cell, end in plan.ended.items() if end.status == "not-installed"}
    if missing:
        say(console, f"Not installed, and recorded so: {', '.join(sorted(missing))}.")
