"""What `import gradiometer` offers: `run`, `resume` and `load`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.environment import describe_machine
from gradiometer.measure.forecast import SPENT, Cost, spent
from gradiometer.measure.harness import Ended, Harness, Measuring
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Extent, Plan, make_plan, several
from gradiometer.measure.progress import Progress
from gradiometer.measure.turns import Turn, turn
from gradiometer.plugins import default, loader
from gradiometer.plugins.environments import Environment, asked_for
from gradiometer.plugins.own import Called
from gradiometer.plugins.registry import KINDS, Kind, MethodEntry, Registry
from gradiometer.plugins.selection import What, choose
from gradiometer.report.progress import following
from gradiometer.report.run import Run
from gradiometer.runs.answers import Answers
from gradiometer.runs.compare import RunComparison, compare
from gradiometer.runs.facts import read_info
from gradiometer.runs.schema import COMPARISON, Identity, Row, record, samples
from gradiometer.runs.store import RunFolder, find_run
from gradiometer.vocabulary.case import Case, Cell

CORE_PACKAGES = ("gradiometer", "numpy", "pandas", "python-flint", "scipy", "sympy")


MOST_INPUTS = 100_000
"""Scalar inputs of the largest cases that are taken where everything is asked for."""

RESUME = "gradiometer.resume"
"""What takes a run up that was cut off."""


def run(
    problems: What | Iterable[What] | None = None,
    methods: What | Iterable[What] | None = None,
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    dtype: str | Iterable[str] | None = None,
    quick: bool = False,
    everything: bool = False,
    options: Options | None = None,
    plugins: Sequence[str | Path] = (),
    results: str | Path = "results",
    progress: Progress | bool = True,
    wait: bool = False,
    cluster: Any = None,
    pin_kind: bool = False,
) -> Run:
    """Measure methods on problems, and return the run.

    Args:
        problems: Names, glob patterns, `FILE.py`, `FILE.py:name`, `Problem` objects, or functions
            as they stand (`gradiometer.own_problem` gives them arguments); by default those of
            the default selection (`gradiometer.plugins.default`).
        methods: The same of methods.
        sizes: Glob patterns of size labels; by default all sizes of the problems that are named,
            and of the others those of the default selection, which `default` takes of all.
        operators: Operators by name; the value and the first derivative by default.
        dtype: What numbers are: float64, float32, or both; by default what those of a problem are,
            float64 or of a framework's function what its arguments are.
        quick: Whether to take the smallest size of each problem, and fewer samples.
        everything: Whether to take all problems, sizes and operators by default.
        options: Threads, rounds, budgets, seed; by default 3 s a case, 0.6 s where no problem
            is named.
        plugins: Files or folders with further problems and methods.
        results: Folder under which the run's own folder is made.
        progress: Whether a notebook shows a bar; or what is told each step and each record.
        wait: Whether to wait for other runs that are being measured on this machine.
        cluster: Where whole cases are measured instead of here: `tcp://HOST:PORT`, `local:N`,
            `ssh:HOST,HOST`, `slurm:FILE.yaml`, or a client of Dask's.
        pin_kind: Whether all of its nodes have to be of one kind.

    Raises:
        GradiometerError: If a name is unknown, a choice is empty, the results cannot be written, or
            no node of the cluster may measure.

    Example:
        >>> import gradiometer
        >>> run = gradiometer.run("product*", ["backprop", "sympy"], quick=True)  # doctest: +SKIP
        >>> run.agreement()  # doctest: +SKIP
    """
    choices = {"sizes": sizes, "operators": operators, "dtype": dtype}
    for name, given in {"problems": problems, "methods": methods, **choices}.items():
        if isinstance(given, Collection) and not len(given):
            told = "expected one at least; without it, the default selection is taken"
            raise GradiometerError(f"{name} is empty: {told}.")
    registry = loader.load(plugins)
    named: dict[Kind, list[Any]] = {}
    for kind, what in zip(KINDS, (problems, methods), strict=True):
        named |= {} if what is None else choose(registry, what, (kind,))
    plan, usual = planned(
        registry,
        named,
        sizes=sizes,
        operators=operators,
        dtypes=dtype,
        quick=quick,
        everything=everything,
    )
    chosen = options or usual
    if quick:
        chosen = chosen.quick()
    go_on = "" if registry.holds_objects else RESUME
    with following(progress, "cells", go_on) as listener:
        return measure(
            plan, chosen, Path(results), listener, wait=wait, cluster=cluster, pin_kind=pin_kind
        )


def planned(
    registry: Registry,
    named: Mapping[Kind, list[Any]],
    *,
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    dtypes: str | Iterable[str] | None = None,
    quick: bool = False,
    everything: bool = False,
) -> tuple[Plan, Options]:
    """Return the plan of what is named, and the options of a run that gives none.

    Args:
        registry: What there is.
        named: What is named, by kind; of a kind that is not, the default selection is taken.
        sizes: As of `run`, and so are the others.
        operators: Operators by name.
        dtypes: What numbers are.
        quick: Whether to take the smallest size of each problem.
        everything: Whether to take all problems, sizes and operators by default.
    """
    usual = several(sizes) == [default.SIZES]
    unnamed = not ("problems" in named or sizes)
    taken = extent(unnamed or usual, quick=quick, everything=everything and not usual)
    plan = make_plan(
        registry,
        *selection(registry, named, everything=everything),
        sizes=None if usual else sizes,
        operators=operators,
        dtypes=dtypes,
        extent=taken,
        everything=everything,
    )
    return plan, usual_options(taken, unnamed=unnamed)


def selection(
    registry: Registry, named: Mapping[Kind, list[Any]], *, everything: bool = False
) -> list[list[Any]]:
    """Return problems and methods: those named, or those that are taken where none is.

    Args:
        registry: What there is.
        named: What is named, by kind.
        everything: Whether all problems that are not measured on request only are taken then.
    """
    usual: dict[Kind, list[Any]] = {kind: default.selected(registry, kind) for kind in KINDS}
    if everything:
        usual["problems"] = registry.matching("problems", "*")
    return [named.get(kind, usual[kind]) for kind in KINDS]


def extent(unnamed: bool, *, quick: bool, everything: bool) -> Extent:
    """Return which sizes to take: those of the default selection, unless more is asked for."""
    if quick:
        return "smallest"
    return "default" if unnamed and not everything else "full"


def usual_options(taken: Extent, *, unnamed: bool) -> Options:
    """Return the options of a run that gives none: less time where no problem is named."""
    if unnamed and taken == "full":
        return Options(budget_s=0.7, timeout_s=30.0, most_inputs=MOST_INPUTS)
    return Options(budget_s=0.6, sample_s=0.003) if taken == "default" else Options()


def load(name: str | Path, results: str | Path = "results") -> Run:
    """Return a recorded run, by the path of its folder, by its id, or as `latest`.

    Raises:
        GradiometerError: If there is no such run, or its `run.json` is damaged.
    """
    return Run.read(find_run(name, Path(results)))


def compare_runs(
    old: str | Path | Run, new: str | Path | Run, results: str | Path = "results"
) -> RunComparison:
    """Return what became of each cell from one run to another: slower, faster, wrong, or right.

    Args:
        old: The run to compare with: the path of its folder, its id, `latest`, or itself.
        new: The run to compare.
        results: Folder that holds the runs.

    Raises:
        GradiometerError: If there is no such run, or they share no cell.
    """
    sides = [run if isinstance(run, Run) else load(run, results) for run in (old, new)]
    return compare(*sides)


def measure(
    plan: Plan,
    options: Options,
    results: Path,
    progress: Progress | None = None,
    *,
    wait: bool = False,
    cluster: Any = None,
    pin_kind: bool = False,
) -> Run:
    """Measure a plan into a new folder under `results`, every cell recorded as it ends.

    Whatever ends the run early, a Ctrl-C included, what was measured stays, and the state says so.
    Of other runs that are measured on this machine at the same time there are warnings, unless it
    is to `wait` for their ends. With a `cluster` its nodes measure, as of `run`.
    """
    with _nodes(cluster, plan, options, progress, wait=wait, pin_kind=pin_kind) as nodes:
        folder = RunFolder.create(results, facts(plan, options, "interleaved"))
        return _measure(plan, folder, {}, progress, wait, nodes)


def resume(
    name: str | Path,
    results: str | Path = "results",
    progress: Progress | bool = True,
    *,
    wait: bool = False,
    cluster: Any = None,
    pin_kind: bool = False,
) -> Run:
    """Take a run up where it was cut off: measure its cells without a record, by its own options.

    Args:
        name: The run's folder, its id, or `latest`.
        results: Folder that holds the runs.
        progress: As of `run`.
        wait: Whether to wait for other runs that are being measured on this machine.
        cluster: As of `run`, wherever the run was measured until now.
        pin_kind: As of `run`.

    Raises:
        GradiometerError: If there is no such run, it is damaged, another process holds it, or a
            problem or method of its plan is no longer to be found.
    """
    path = find_run(name, Path(results))
    info = read_info(path, COMPARISON.experiment)
    plan = _planned(info["plan"], known(info))
    options = Options(**info["options"])
    if info["state"] == "complete":  # there is nothing for nodes to do
        cluster, pin_kind = None, False
    with (
        following(progress, "cells", RESUME) as listener,
        _nodes(cluster, plan, options, listener, wait=wait, pin_kind=pin_kind) as nodes,
    ):
        folder, rows = RunFolder.reopen(path)
        done = {(row["case"], row["method"]): _spent(row) for row in rows}
        return _measure(plan, folder, done, listener, wait, nodes)


def facts(plan: Plan, options: Options, timing: str, packages: Sequence[str] = ()) -> Row:
    """Return what `run.json` holds of a run from its start.

    Args:
        plan: What it is to measure.
        options: How.
        timing: `interleaved`, or `sequential` where methods are timed one after the other.
        packages: Further packages of which the versions are of interest.
    """
    return {
        "environment": environment(plan.methods, packages),
        "timing": timing,
        "options": asdict(options),
        "plugins": [str(path) for path in plan.registry.paths],
        "functions": [called.record() for called in plan.registry.functions],
        "plan": [record(identity(cell, plan.registry)) for cell in plan.cells],
    }


def environment(methods: Iterable[MethodEntry], packages: Sequence[str] = ()) -> Row:
    """Return the machine, and the versions of what is measured and of what measures.

    Behind those of an environment of its own its name stands: `numpy (paddle)`.
    """
    used = list(methods)
    shared = {package for m in used if not m.environment for package in m.requires}
    found = describe_machine({*CORE_PACKAGES, *packages, *shared})
    for name, asking in asked_for(used).items():
        own = ["numpy", *(package for method in asking for package in method.packages)]
        told = Environment(name).versions(own)
        found["versions"] |= {f"{package} ({name})": told[package] for package in told}
    return found


def identity(cell: Cell, registry: Registry) -> Identity:
    """Return which cell a record is of."""
    method = registry.named("methods")[cell.method]
    problem = registry.named("problems")[cell.case.problem]
    return Identity(
        case=cell.case.id,
        **vars(cell.case),
        method=cell.method,
        tool=method.tool,
        mode=method.mode,
        expected=problem.expects(cell.method),
    )


def known(info: Mapping[str, Any]) -> Registry:
    """Return the problems and methods that a recorded run knew.

    Raises:
        GradiometerError: If a file or a function of its is no longer to be found.
    """
    registry = loader.load(info.get("plugins", ()))
    for told in info.get("functions", ()):
        registry.add_called(Called.recorded(told))
    return registry


def _planned(rows: Sequence[Row], registry: Registry) -> Plan:
    """Return the plan that `run.json` describes.

    Raises:
        UnknownName: If a problem, size or method of it is no longer to be found.
    """
    for kind in ("problem", "method"):
        known = registry.named("problems" if kind == "problem" else "methods")
        for row in rows:
            if row[kind] not in known:
                raise UnknownName(f"{kind} of the run", row[kind], known)
    for row in rows:
        if row["problem"] in registry.problems:
            registry.problems[row["problem"]].label(row["size"])
    names = [field.name for field in fields(Case)]
    cells = [Cell(Case(*(row[name] for name in names)), row["method"]) for row in rows]
    return Plan.of(cells, registry)


def _spent(row: Row) -> Cost | None:
    """Return what a recorded cell needed; None where it ended before its inputs were counted."""
    return None if row["n"] is None else spent(**{name: row[name] for name in SPENT})


def _nodes(
    cluster: Any,
    plan: Plan,
    options: Options,
    progress: Progress | None,
    *,
    wait: bool,
    pin_kind: bool,
) -> AbstractContextManager[Any]:
    """Return the nodes of a cluster, to be entered; without a cluster, none.

    Raises:
        GradiometerError: If what is asked for is of clusters alone, or of this machine.
    """
    if cluster is None:
        if pin_kind:
            raise GradiometerError("--pin-kind is of clusters: give --cluster, too.")
        return nullcontext()
    if wait:
        raise GradiometerError("--wait is of this machine: leave it or --cluster out.")
    from gradiometer.cluster.measuring import joined

    return joined(cluster, plan.methods, options, CORE_PACKAGES, progress, pin_kind=pin_kind)


def _measure(
    plan: Plan,
    folder: RunFolder,
    done: Mapping[tuple[str, str], Cost | None],
    progress: Progress | None,
    wait: bool,
    nodes: Any,
) -> Run:
    listener, options = progress or Progress(), Options(**folder.info["options"])
    listener.start(len(plan.cells), folder.recorded, folder.path)
    if nodes is None:
        harness = Harness(plan, options, folder.logs, done, listener)
        with concluding(folder, listener, harness.learnt, wait=wait) as turn, harness:
            for _ in _kept(harness, plan, folder, listener):
                turn.look()
    else:
        from gradiometer.cluster.coordinator import Coordinator

        engine, members = nodes
        coordinator = Coordinator(plan, options, engine, members, folder.path, done, listener)
        with finishing(folder, coordinator.learnt), coordinator:
            for _ in _kept(coordinator, plan, folder, listener):
                pass
    return Run.read(folder.path)


def _kept(
    measuring: Measuring, plan: Plan, folder: RunFolder, progress: Progress
) -> Iterator[Ended]:
    """Record and yield what is measured, a cell at a time."""
    answers = Answers()
    for ended in measuring.outcomes():
        row = record(identity(ended.cell, plan.registry), ended.outcome)
        series = samples(ended.samples, ended.calm, ended.outcome.warm.loops)
        lines = answers.lines(ended.cell.case.id, ended.cell.method, ended.kept)
        folder.append(row, series, answers=lines)
        progress.advance(ended.cell.id)
        yield ended


@contextmanager
def concluding(
    folder: RunFolder,
    progress: Progress,
    learnt: Callable[[], Row] = dict[str, Any],
    *,
    wait: bool,
) -> Iterator[Turn]:
    """Finish what is measured on this machine, as `finishing` does, beside who else measures.

    Args:
        folder: The run's folder.
        progress: Told of other runs that are measured on this machine.
        learnt: Returns what `run.json` keeps beside what it has.
        wait: Whether to wait for their ends first.
    """
    met: list[str] = []

    def all_learnt() -> Row:
        found = learnt()
        if met:
            noise = found.get("noise", folder.info.get("noise", {}))
            found["noise"] = noise | {"warnings": [*noise.get("warnings", ()), *met]}
        return found

    with (
        finishing(folder, all_learnt),
        turn(folder.path, progress.say if wait else None) as ours,
    ):
        for line in ours.warnings():
            progress.warn(f"Times are spoiled: {line}. With --wait, it is waited for.")
        try:
            yield ours
        finally:
            ours.look()
            met += ours.warnings()


@contextmanager
def finishing(folder: RunFolder, learnt: Callable[[], Row]) -> Iterator[None]:
    """Finish a run whatever ends it, with what was learnt until then.

    Args:
        folder: The run's folder.
        learnt: Returns what `run.json` keeps beside what it has; of nodes and of noise, in
            addition to that.
    """
    state = "failed"
    try:
        yield
        state = "complete"
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        found = learnt()
        if "nodes" in found:
            found["nodes"] = folder.info.get("nodes", {}) | found["nodes"]
        if "noise" in found:
            found["noise"] = _of_all_parts(folder.info.get("noise", {}), found["noise"])
        folder.info.update(found)
        folder.finish(state)


def _of_all_parts(before: Row, noise: Row) -> Row:
    """Return the noise of a run that was taken up: figures of the last part that has them."""
    warnings = dict.fromkeys([*before.get("warnings", ()), *noise.get("warnings", ())])
    measured = {name: figure for name, figure in noise.items() if figure is not None}
    return before | measured | {"warnings": list(warnings)}
