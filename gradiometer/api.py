"""What `import gradiometer` offers: `run` and `load`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from gradiometer.errors import UnknownName
from gradiometer.measure.environment import describe_machine
from gradiometer.measure.harness import Harness
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Extent, Plan, make_plan
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry, select
from gradiometer.runs.run import Run
from gradiometer.runs.schema import record
from gradiometer.runs.store import RunFolder, find_run, read_info
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

CORE_PACKAGES = ("gradiometer", "numpy", "pandas", "python-flint", "scipy", "sympy")
T = TypeVar("T", Problem, Method)
Watcher = Callable[[Plan, RunFolder], Callable[[str, dict[str, Any] | None], None]]
"""Called once with the plan and the folder; what it returns is told each step and each record."""


def run(
    problems: str | Problem | Iterable[str | Problem] = "*",
    methods: str | Method | Iterable[str | Method] = "*",
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    quick: bool = False,
    everything: bool = False,
    options: Options | None = None,
    plugins: Sequence[str | Path] = (),
    results: str | Path = "results",
) -> Run:
    """Measure methods on problems, and return the run.

    Args:
        problems: Glob patterns of names, or `Problem` objects, one or several.
        methods: Glob patterns of names, or `Method` objects, one or several.
        sizes: Glob patterns of size labels; by default all sizes of the problems that are named,
            and one typical size of each where all problems are taken.
        operators: Operators by name; the value and the first derivative by default.
        quick: Whether to take the smallest size of each problem, and fewer samples.
        everything: Whether to take all operators and all sizes by default.
        options: Threads, rounds, budgets, seed; by default 3 s a case, 1 s where one size of each
            problem is taken.
        plugins: Files or folders with further problems and methods.
        results: Folder under which the run's own folder is made.

    Raises:
        GradiometerError: If a name is unknown, or the results cannot be written.

    Example:
        >>> import gradiometer
        >>> run = gradiometer.run("product*", ["backprop", "sympy"], quick=True)  # doctest: +SKIP
        >>> run.agreement()  # doctest: +SKIP
    """
    registry = find_plugins(plugins)
    taken = extent(problems == "*" and sizes is None, quick=quick, everything=everything)
    plan = make_plan(
        choose(registry, registry.problems, problems, "problem"),
        choose(registry, registry.methods, methods, "method"),
        sizes=sizes,
        operators=operators,
        extent=taken,
        everything=everything,
    )
    chosen = options or Options(budget_s=default_budget_s(taken))
    return measure(plan, chosen.quick() if quick else chosen, registry, Path(results))


def extent(unnamed: bool, *, quick: bool, everything: bool) -> Extent:
    """Return which sizes to take: one of each problem, unless they are named or all is asked."""
    if quick:
        return "smallest"
    return "typical" if unnamed and not everything else "full"


def default_budget_s(taken: Extent) -> float:
    """Return the budget of a case: less where every problem is taken, so that minutes suffice."""
    return 1.0 if taken == "typical" else Options().budget_s


def load(name: str | Path, results: str | Path = "results") -> Run:
    """Return a recorded run, by the path of its folder, by its id, or as `latest`.

    Raises:
        GradiometerError: If there is no such run, or a file in it is damaged.
    """
    return Run.read(find_run(name, Path(results)))


def find_plugins(extra: Sequence[str | Path] = ()) -> Registry:
    """Return all problems and methods, with those in the extra files and folders."""
    return loader.load(extra)


def measure(
    plan: Plan, options: Options, registry: Registry, results: Path, watch: Watcher | None = None
) -> Run:
    """Measure a plan into a new folder under `results`, every cell recorded as it ends.

    Whatever ends the run early, a Ctrl-C included, what was measured stays, and the state says so.
    """
    packages = {m.package for m in plan.methods if m.package}
    info = {
        "environment": describe_machine({*CORE_PACKAGES, *packages}),
        "timing": "interleaved",
        "options": asdict(options),
        "plugins": [str(path) for path in registry.paths],
        "plan": {
            "cases": [c.id for c in plan.cases],
            "methods": [m.name for m in plan.methods],
        },
    }
    return _measure(plan, options, registry, RunFolder.create(results, info), (), watch)


def resume(name: str | Path, results: str | Path = "results", watch: Watcher | None = None) -> Run:
    """Take a run up where it was cut off: measure its cells without a record, by its own options.

    Args:
        name: The run's folder, its id, or `latest`.
        results: Folder that holds the runs.
        watch: Told each step and each record.

    Raises:
        GradiometerError: If there is no such run, it is damaged, another process holds it, or a
            problem or method of its plan is no longer to be found.
    """
    path = find_run(name, Path(results))
    info = read_info(path)
    registry = find_plugins(info.get("plugins", ()))
    plan = _planned(info["plan"], registry)
    options = Options(**info["options"])
    folder, done = RunFolder.reopen(path)
    return _measure(plan, options, registry, folder, done, watch)


def choose(
    registry: Registry, shelf: dict[str, T], chosen: str | T | Iterable[str | T], kind: str
) -> list[T]:
    """Return what glob patterns or objects choose from a shelf; objects are added to it.

    Raises:
        GradiometerError: If a pattern matches nothing, or two objects share a name.
    """
    several = [chosen] if isinstance(chosen, str | Problem | Method) else list(chosen)
    for item in several:
        if not isinstance(item, str):
            registry.add(item)
    return select(shelf, [i if isinstance(i, str) else i.name for i in several], kind)


def _planned(planned: dict[str, list[str]], registry: Registry) -> Plan:
    """Return the plan that `run.json` describes."""
    known = {
        case.id: case
        for case in make_plan(list(registry.problems.values()), [], everything=True).cases
    }
    for case in planned["cases"]:
        if case not in known:
            raise UnknownName("case of the run", case, known)
    for method in planned["methods"]:
        if method not in registry.methods:
            raise UnknownName("method of the run", method, registry.methods)
    return Plan(
        [known[case] for case in planned["cases"]],
        [registry.methods[method] for method in planned["methods"]],
    )


def _measure(
    plan: Plan,
    options: Options,
    registry: Registry,
    folder: RunFolder,
    done: Collection[str],
    watch: Watcher | None,
) -> Run:
    tell = watch(plan, folder) if watch else _silence

    def progress(text: str) -> None:
        tell(text, None)

    harness = Harness(plan, options, registry.origins, folder.logs, done, progress)
    with _concluding(folder, harness), harness:
        for ended in harness.outcomes():
            row = record(ended.cell, ended.outcome)
            folder.append(row, ended.samples, ended.calm)
            tell(ended.cell.id, row)
    return Run.read(folder.path)


@contextmanager
def _concluding(folder: RunFolder, harness: Harness) -> Iterator[None]:
    state = "failed"
    try:
        yield
        state = "complete"
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        folder.info["noise"] = harness.noise().facts()
        folder.finish(state)


def _silence(text: str, row: dict[str, Any] | None) -> None:
    return
