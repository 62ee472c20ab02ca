"""What `import gradiometer` offers beside runs: `stepsize`, the error of differences by step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradiometer.api import concluding, environment, known
from gradiometer.errors import GradiometerError, listing
from gradiometer.measure.plan import first_order, require_operator
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.plugins import loader
from gradiometer.plugins.own import NOTHING, Arguments
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.plugins.selection import What, choose, choose_problem
from gradiometer.runs.facts import read_info
from gradiometer.runs.store import RunFolder, find_run
from gradiometer.stepsizes.curve import STEPSIZE
from gradiometer.stepsizes.frames import StepSizes
from gradiometer.stepsizes.lead import Lead
from gradiometer.stepsizes.settings import Settings
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Failure


def stepsize(
    problem: What,
    methods: What | Iterable[What] | None = None,
    *,
    operator: str | None = None,
    size: str | None = None,
    dtype: str | None = None,
    steps: int = 60,
    threads: int = 1,
    seed: int = 0,
    timeout_s: float = 60.0,
    arguments: Arguments = NOTHING,
    plugins: Sequence[str | Path] = (),
    results: str | Path = "results",
    progress: Progress | None = None,
    wait: bool = False,
) -> StepSizes:
    """Study the error of methods of differences against their step, at a problem's point.

    Each method's own formulas are taken with steps from well below the unit of rounding to 1, a
    constant ratio apart, and each answer is compared with the certified derivative. The theory
    stands in `gradiometer.stepsizes.theory`. Every curve is kept as it ends, in a run's folder.

    Args:
        problem: A problem: its name, `FILE.py:name`, a `Problem`, or a function as it stands.
        methods: Names, glob patterns, files, or `Method` objects, one or several, of differences
            that have a step (those derived from `gradiometer.vocabulary.differences.Differences`);
            by default all of them that can run here.
        operator: Name of the operator; the first derivative by default.
        size: Label of a size; the problem's first by default.
        dtype: float64 or float32; the problem's own by default.
        steps: How many steps are tried.
        threads: Threads (and cores) that each tool may use.
        seed: Seed of a drawn point and of directions.
        timeout_s: Time that all steps of one method may take, seconds.
        arguments: What a function of the user's is called with.
        plugins: Files or folders with further problems and methods.
        results: Folder under which the study's own folder is made.
        progress: Told each step and each curve.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: If a name is unknown, a method has no step, the problem has no such
            operator or a derivative of zero, or an option makes no sense.

    Example:
        >>> import gradiometer
        >>> study = gradiometer.stepsize("sigmoid-affine")  # doctest: +SKIP
        >>> study.table()  # doctest: +SKIP
        >>> study.chart()  # doctest: +SKIP
    """
    registry = loader.load(plugins)
    chosen = choose_problem(registry, problem, arguments)
    used = _stepped(registry, methods)
    name = first_order(chosen)[-1] if operator is None else _differentiating(operator)
    require_operator(name, chosen)
    own = find_dtype(chosen.dtype if dtype is None else dtype).name
    settings = Settings(steps=steps, threads=threads, timeout_s=timeout_s, seed=seed)
    facts = {"problem": chosen.name, "formula": chosen.summary, "size": chosen.label(size)}
    info = {
        "environment": environment(m for m in used if isinstance(m, MethodEntry)),
        "options": asdict(settings),
        "plugins": [str(path) for path in registry.paths],
        "functions": [called.record() for called in registry.functions],
        "plan": [{"method": method.name} for method in used],
        "facts": facts | {"operator": name, "dtype": own, "inputs": 0},
    }
    folder = RunFolder.create(Path(results), info, STEPSIZE)
    return _study(chosen, used, folder, (), progress, wait)


def resume_stepsize(
    name: str | Path,
    results: str | Path = "results",
    progress: Progress | None = None,
    *,
    wait: bool = False,
) -> StepSizes:
    """Take a study up where it was cut off: curves that are kept stay, the rest are made.

    Args:
        name: The run's folder, its id, or `latest`.
        results: Folder that holds the runs.
        progress: Told each step and each curve.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: If there is no such run, it is no study of steps or damaged, another
            process holds it, or its problem or a method is no longer to be found.
    """
    path = find_run(name, Path(results))
    info = read_info(path, STEPSIZE.experiment)
    registry = known(info)
    chosen = choose_problem(registry, info["facts"]["problem"])
    used = choose(registry, [row["method"] for row in info["plan"]], ("methods",))["methods"]
    folder, rows = RunFolder.reopen(path, STEPSIZE)
    return _study(chosen, used, folder, [row["method"] for row in rows], progress, wait)


def _study(
    problem: ProblemEntry,
    methods: Sequence[MethodEntry | Broken],
    folder: RunFolder,
    done: Collection[str],
    progress: Progress | None,
    wait: bool,
) -> StepSizes:
    listener, facts = progress or Progress(), folder.info["facts"]
    settings = Settings(**folder.info["options"])
    case = Case(problem.name, facts["size"], facts["operator"], facts["dtype"])
    listener.start(len(folder.info["plan"]), folder.recorded, folder.path)
    with (
        concluding(folder, listener, wait=wait) as turn,
        Pool(folder.logs, settings.threads) as pool,
    ):
        try:
            lead = Lead(problem, case, settings, pool, listener)
        except Failure as failure:
            raise GradiometerError(f"{problem.name}: {failure.reason}") from failure
        folder.note(facts=facts | {"inputs": lead.points.signature.n})
        for curve in lead.curves(methods, done):
            curve.keep(folder)
            listener.advance(curve.method)
            turn.look()
    return StepSizes.read(folder.path)


def _stepped(registry: Registry, methods: What | Iterable[What] | None) -> list[Any]:
    """Return the methods that are named, or all with a step that can run here.

    Raises:
        GradiometerError: If one that is named has no step.
    """
    known = [entry for entry in registry.methods.values() if entry.stepped]
    if methods is None:
        return [entry for entry in known if not entry.missing]
    chosen: list[Any] = choose(registry, methods, ("methods",))["methods"]
    without = [e.name for e in chosen if isinstance(e, MethodEntry) and not e.stepped]
    if without:
        verb = "has" if len(without) == 1 else "have"
        raise GradiometerError(
            f"{listing([repr(name) for name in without])} {verb} no step to study: expected "
            f"methods of differences, {listing([entry.name for entry in known])}."
        )
    return chosen


def _differentiating(name: str) -> str:
    """Return the name of an operator that differentiates.

    Raises:
        GradiometerError: If it is of none.
    """
    if name in OPERATORS and not OPERATORS[name].differentiates:
        there = ", ".join(each.name for each in OPERATORS.values() if each.differentiates)
        raise GradiometerError(f"A {name} takes no step: expected one of {there}.")
    return name
