"""`gradiometer descend PROBLEM`: descend with every method, print the table, write the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from gradiometer.cli.output import print_frame, print_json, stderr, stdout
from gradiometer.descent.descend import descend
from gradiometer.descent.frames import Descent


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    problem: str
    methods: Sequence[str]
    size: str | None
    steps: int | None
    rate: float | None
    threads: int
    seed: int
    timeout_s: float
    plugins: Sequence[Path]
    reports: Path
    json: bool


def carry_out(request: Request) -> int:
    """Descend, print and report; return the exit code."""
    console = stderr()
    try:
        descent, page = _descended(request, console)
    except KeyboardInterrupt:
        console.print("Interrupted: nothing is kept.")
        return 130
    if request.json:
        print_json({"report": str(page), **descent.as_json()})
    else:
        _print(descent, page)
    return 1 if descent.faulty else 0


def _descended(request: Request, console: Console) -> tuple[Descent, Path]:
    """Return the descent, and the page that was written of it."""
    with _following(console) as tell:
        descent = descend(
            request.problem,
            request.methods,
            size=request.size,
            steps=request.steps,
            rate=request.rate,
            threads=request.threads,
            seed=request.seed,
            timeout_s=request.timeout_s,
            plugins=request.plugins,
            progress=tell,
        )
        tell("drawing")
        return descent, descent.write(request.reports)


@contextmanager
def _following(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what is being done, in one line; nothing where stderr is no terminal."""
    progress = Progress(
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = progress.add_task("", total=None)
    with progress:
        yield lambda text: progress.update(task, description=text)


def _print(descent: Descent, page: Path) -> None:
    console = stdout()
    table = descent.table()
    for rule, rows in table.groupby("rule", sort=False):
        title = f"{descent.title}: {descent.heading(str(rule))}"
        print_frame(console, title, rows.drop(columns="rule"))
    for line in descent.reasons():
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"report  {page}", soft_wrap=True)
