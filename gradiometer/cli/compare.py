"""`gradiometer compare`: what became of each cell from one run to another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.cli.output import print_frame, print_json, say, stdout, tell_damage

if TYPE_CHECKING:
    from gradiometer.runs.compare import RunComparison

app = typer.Typer()

ABOVE = "Exit with 1 if a cell broke, or is slower by more than this ratio, clearly."


@app.command(
    epilog="Examples: `gradiometer compare 20260102-150405-1a2b latest`; `gradiometer compare "
    "baseline/ latest --fail-above 1.10`; `gradiometer compare baseline/ latest --markdown >> "
    "$GITHUB_STEP_SUMMARY`."
)
def compare(
    old: Annotated[
        str,
        Argument(
            help="The run to compare with: id, folder, or `latest`.", autocompletion=completion.runs
        ),
    ],
    new: Annotated[
        str,
        Argument(
            help="The run to compare: id, folder, or `latest`.", autocompletion=completion.runs
        ),
    ],
    fail_above: Annotated[float | None, Option(help=ABOVE)] = None,
    everything: Annotated[bool, Option("--all", help="Show the other cells, too.")] = False,
    markdown: Annotated[bool, Option("--markdown", help="Print Markdown.")] = False,
    results: shared.Results = shared.RESULTS,
    json: shared.Json = False,
) -> None:
    """Compare two runs cell by cell: what became slower, faster, wrong, or right.

    A cell is slower or faster where its ratio, new to old, is beyond 3 % and differs from 1 after
    correction for the number of cells, with what processes scatter reckoned in. Runs of different
    machines are compared by the ratios within each. For a verdict on a few per cent, `gradiometer
    run --against` measures both versions side by side.
    """
    from gradiometer.report.run import Run
    from gradiometer.runs.compare import compare
    from gradiometer.runs.store import find_run

    shared.require_bound(fail_above)
    sides = [Run.read(find_run(name, results)) for name in (old, new)]
    found = compare(*sides)
    if json:
        print_json(found.as_json())
    elif markdown:
        sys.stdout.write(as_markdown(found, everything=everything) + "\n")
    else:
        _print(found, everything=everything)
    damaged = [tell_damage(side.damage, side.path) for side in sides]
    failed = fail_above is not None and len(found.above(fail_above)) > 0
    raise typer.Exit(1 if failed or any(damaged) else 0)


def as_markdown(found: RunComparison, *, everything: bool = False) -> str:
    """Return a comparison as Markdown: a heading, what is to know, and the table."""
    from gradiometer.report.compared import remarks, shown
    from gradiometer.report.markdown import render
    from gradiometer.report.sections import Section, Table

    table = shown(found, everything=everything)
    told = "\n".join(f"- {line}" for line in remarks(found))
    parts: list[str | Table] = [told, Table(table)] if len(table) else [told]
    return render(Section(f"Run {found.new.id} against {found.old.id}", parts)).rstrip()


def _print(found: RunComparison, *, everything: bool) -> None:
    from gradiometer.report.compared import remarks, shown

    console, table = stdout(), shown(found, everything=everything)
    if len(table):
        print_frame(console, f"Run {found.new.id} against {found.old.id}", table)
    for line in remarks(found):
        say(console, line)
