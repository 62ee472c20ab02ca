"""`gradiometer runs`: list, show, remove, merge and repair recorded runs."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradiometer.cli import completion
from gradiometer.cli.options import RESULTS, Json, Results, RunName, group
from gradiometer.cli.output import as_text, print_json, print_rows, say, stdout, tell_damage
from gradiometer.cli.terminal_table import print_table

if TYPE_CHECKING:
    from gradiometer.report.run import Run

app = group("List, show, remove, merge and repair recorded runs.", "runs list")

Runs = Annotated[
    list[str],
    typer.Argument(help="Ids or folders of runs, or `latest`.", autocompletion=completion.runs),
]


@app.command("list", epilog="Example: `gradiometer runs list --json`.")
def list_runs(results: Results = RESULTS, json: Json = False) -> None:
    """List the recorded runs, oldest first; of a damaged one, what can still be read."""
    from gradiometer.runs.store import run_folders

    rows = [_counted(path) for path in run_folders(results)]
    if not json and not any(row["damage"] for row in rows):
        rows = [{name: row[name] for name in row if name != "damage"} for row in rows]
    if rows or json:
        print_rows("Runs", rows, json)
    else:
        say(stdout(), "No runs yet.")


@app.command(
    epilog="Examples: `gradiometer runs show latest`; `gradiometer runs show latest --json`."
)
def show(
    run: RunName,
    results: Results = RESULTS,
    json: Json = False,
) -> None:
    """Show a recorded run: environment, options, warnings, and its tables."""
    from gradiometer.cli.descend import print_descent
    from gradiometer.cli.experiments import read
    from gradiometer.cli.stepsize import print_steps
    from gradiometer.cli.versions import print_versions
    from gradiometer.descent.frames import Descent
    from gradiometer.report.run import Run
    from gradiometer.runs.store import find_run
    from gradiometer.stepsizes.frames import StepSizes

    path = find_run(run, results)
    found = read(path)
    if json:
        print_json(found.as_json())
    elif isinstance(found, Run):
        _print_run(found)
    elif isinstance(found, Descent):
        print_descent(found)
    elif isinstance(found, StepSizes):
        print_steps(found)
    else:
        print_versions(found)
    if tell_damage(found.damage, path):
        raise typer.Exit(1)


def _print_run(found: Run) -> None:
    from gradiometer.cli.run import print_tables

    facts = {name: found.info.get(name) for name in ("state", "timing", "options", "merged")}
    facts |= {"planned": found.planned, "recorded": len(found.records)}
    facts = found.info.get("environment", {}) | facts
    rows = [[n.replace("_", " "), as_text(fact)] for n, fact in facts.items() if fact is not None]
    print_table(stdout(), f"Run {found.id}", ["", ""], rows)
    for line in found.warnings:
        say(stdout(), f"Noisy machine, take the times with care: {line}.")
    print_tables(found, None)


@app.command(
    epilog="Examples: `gradiometer runs rm 20260102-150405-1a2b`; "
    "`gradiometer runs rm latest --yes`."
)
def rm(
    runs: Runs,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    results: Results = RESULTS,
    json: Json = False,
) -> None:
    """Remove recorded runs, with all that is in their folders; their reports stay.

    On a terminal you are asked first. Where one of the runs is being measured, none is removed.
    """
    from gradiometer.runs.store import find_run, remove

    paths = list(dict.fromkeys(find_run(name, results) for name in runs))
    if sys.stdin.isatty() and not yes:
        sys.stderr.write(f"Remove {', '.join(map(str, paths))}? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            sys.stderr.write("Nothing was removed.\n")
            raise typer.Exit(1)
    remove(paths)
    if json:
        print_json([str(path) for path in paths])
    else:
        sys.stdout.writelines(f"removed {path}\n" for path in paths)


@app.command(epilog="Example: `gradiometer runs merge 20260102-150405-1a2b latest`.")
def merge(runs: Runs, results: Results = RESULTS, json: Json = False) -> None:
    """Merge comparisons of one machine: write a new run with all cells of two or more.

    The runs must have the same processor, system, Python, versions of libraries, timing and
    options. Of a cell recorded in several, the record of the run named last counts, unless only
    an earlier one is ok. In a case whose cells come from several runs, a ratio is that of the
    median times.
    """
    from gradiometer.runs.merge import merge
    from gradiometer.runs.store import find_run

    made = merge([find_run(name, results) for name in runs], results)
    if json:
        print_json({"run": made.path.name, "path": str(made.path), "recorded": made.recorded})
    else:
        sys.stdout.write(f"{made.recorded} cells of {len(runs)} runs\nrun     {made.path}\n")


@app.command(
    epilog="Examples: `gradiometer runs repair latest`; "
    "`gradiometer runs repair results/20260102-150405-1a2b`."
)
def repair(
    run: RunName,
    results: Results = RESULTS,
    json: Json = False,
) -> None:
    """Make a damaged run one that can be read, with all of it that can be saved.

    Rows that a journal has lost are taken from its table, and what the run was from the copy of
    run.json; what is broken is kept in files named *.broken. `gradiometer run --resume` measures
    what is lost again.
    """
    from gradiometer.cli.experiments import layouts
    from gradiometer.runs.damage import repair
    from gradiometer.runs.store import find_run

    path = find_run(run, results)
    done = repair(path, layouts())
    if json:
        print_json({"run": path.name, "path": str(path), "done": done})
    else:
        sys.stdout.writelines(f"{line}\n" for line in done or ["nothing is damaged"])


def _counted(path: Path) -> dict[str, Any]:
    """Return a run of any experiment in a line: what it is, and how far it came."""
    from gradiometer.cli.experiments import layouts
    from gradiometer.errors import GradiometerError
    from gradiometer.runs.damage import find_damage
    from gradiometer.runs.facts import COPY, read_facts, read_info
    from gradiometer.runs.journal import read_statuses

    told, info = [], {}
    try:
        info = read_info(path)
    except GradiometerError as error:
        told = [str(error).partition(" `")[0]]
        with contextlib.suppress(GradiometerError):  # then nothing tells what it was to measure
            info = read_facts(path / COPY)
    for layout in layouts():
        if layout.experiment == info.get("experiment"):
            told += find_damage(path, info, layout).values()
    statuses = read_statuses(path / "records.jsonl")
    return {
        "run": path.name,
        "experiment": info.get("experiment", "–"),
        "started": info.get("environment", {}).get("started", "–"),
        "state": "damaged" if told else info["state"],
        "planned": len(info["plan"]) if "plan" in info else None,
        "recorded": len(statuses),
        "ok": statuses.count("ok"),
        "damage": "; ".join(told),
    }
