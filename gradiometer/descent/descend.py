"""What `import gradiometer` offers beside runs: `descend`, the step that uses the gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from gradiometer.api import concluding, environment, known, selection
from gradiometer.descent.frames import Descent
from gradiometer.descent.lead import Lead
from gradiometer.descent.settings import Settings
from gradiometer.descent.steps import RULES
from gradiometer.descent.trajectory import CERTIFIED, DESCENT
from gradiometer.errors import GradiometerError
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.plugins import loader
from gradiometer.plugins.own import NOTHING, Arguments
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.plugins.selection import What, choose, choose_problem
from gradiometer.report.progress import following
from gradiometer.runs.facts import read_info
from gradiometer.runs.store import RunFolder, find_run
from gradiometer.vocabulary.outcome import Failure


def descend(
    problem: What,
    methods: What | Iterable[What] | None = None,
    *,
    size: str | None = None,
    steps: int | None = None,
    rate: float | None = None,
    threads: int = 1,
    seed: int = 0,
    timeout_s: float = 60.0,
    arguments: Arguments = NOTHING,
    plugins: Sequence[str | Path] = (),
    results: str | Path = "results",
    progress: Progress | bool = True,
    wait: bool = False,
) -> Descent:
    """Minimise a problem with every method's derivatives, and return the trajectories.

    Gradient descent, θ ← θ − η·∇L, and Newton's method, θ ← θ − H⁻¹·∇L, where it has up to 100
    inputs. All inputs of the problem are the parameters θ; its point is the start. Every trajectory
    is kept as it ends, in a run's folder.

    Args:
        problem: A problem with a scalar value: its name, `FILE.py:name`, a `Problem`, or a
            function as it stands.
        methods: Names, glob patterns, files, or `Method` objects, one or several; by default
            those of the default selection (`gradiometer.plugins.default`).
        size: Label of a size; the problem's first by default.
        steps: Most steps; by default 100, and 20 of Newton's method.
        rate: η; by default half of the step that minimises the quadratic model along the gradient
            at the start, ½·‖g‖²/|gᵀHg|.
        threads: Threads (and cores) that each tool may use.
        seed: Seed of a drawn start.
        timeout_s: Time that one trajectory may take, seconds; also any step of its preparation.
        arguments: What a function of the user's is called with.
        plugins: Files or folders with further problems and methods.
        results: Folder under which the descent's own folder is made.
        progress: Whether a notebook shows a bar; or what is told each step and each trajectory.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: If a name is unknown, the problem has no scalar value or no start, or an
            option makes no sense.

    Example:
        >>> import gradiometer
        >>> descent = gradiometer.descend("mlp", ["jax-jit", "forward-*"])  # doctest: +SKIP
        >>> descent.table()  # doctest: +SKIP
        >>> descent.frame.query("step == 100")  # doctest: +SKIP
    """
    registry = loader.load(plugins)
    chosen = _scalar(problem, registry, arguments)
    named = {} if methods is None else choose(registry, methods, ("methods",))
    _, used = selection(registry, named)
    label = chosen.label(size)
    settings = Settings(steps=steps, rate=rate, threads=threads, timeout_s=timeout_s, seed=seed)
    names = [CERTIFIED, *(method.name for method in used)]
    facts = {"problem": chosen.name, "formula": chosen.summary, "size": label}
    info = {
        "environment": environment(m for m in used if isinstance(m, MethodEntry)),
        "options": asdict(settings),
        "plugins": [str(path) for path in registry.paths],
        "functions": [called.record() for called in registry.functions],
        "plan": [{"rule": rule, "method": name} for rule in RULES for name in names],
        "facts": facts | {"inputs": 0, "rate": rate},
    }
    folder = RunFolder.create(Path(results), info, DESCENT)
    with following(progress, "trajectories") as listener:
        return _descend(chosen, used, folder, (), listener, wait)


def resume_descent(
    name: str | Path,
    results: str | Path = "results",
    progress: Progress | bool = True,
    *,
    wait: bool = False,
) -> Descent:
    """Take a descent up where it was cut off: what is kept of it stays, the rest is descended.

    Args:
        name: The run's folder, its id, or `latest`.
        results: Folder that holds the runs.
        progress: Whether a notebook shows a bar; or what is told each step and each trajectory.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: If there is no such run, it is no descent or damaged, another process
            holds it, or its problem or a method is no longer to be found.
    """
    path = find_run(name, Path(results))
    info = read_info(path, DESCENT.experiment)
    registry = known(info)
    chosen = _scalar(info["facts"]["problem"], registry)
    names = dict.fromkeys(row["method"] for row in info["plan"] if row["method"] != CERTIFIED)
    used = choose(registry, names, ("methods",))["methods"]
    folder, rows = RunFolder.reopen(path, DESCENT)
    done = [(row["rule"], row["method"]) for row in rows]
    with following(progress, "trajectories") as listener:
        return _descend(chosen, used, folder, done, listener, wait)


def _descend(
    problem: ProblemEntry,
    methods: Sequence[MethodEntry | Broken],
    folder: RunFolder,
    done: Sequence[tuple[str, str]],
    listener: Progress,
    wait: bool,
) -> Descent:
    facts = folder.info["facts"]
    settings = Settings(**folder.info["options"] | {"rate": facts["rate"]})
    listener.start(len(folder.info["plan"]), folder.recorded, folder.path)
    with (
        concluding(folder, listener, wait=wait) as turn,
        Pool(folder.logs, settings.threads) as pool,
    ):
        try:
            lead = Lead(problem, facts["size"], settings, pool, listener)
        except Failure as failure:
            raise GradiometerError(f"The {failure.reason}") from failure
        facts["inputs"] = lead.points.signature.n
        for trajectory in lead.trajectories(methods, done):
            if lead.rate != facts["rate"]:
                facts["rate"] = lead.rate
                folder.note(facts=facts)  # at once: it is not found again if this process dies
            trajectory.keep(folder)
            listener.advance(f"{trajectory.rule}: {trajectory.method}")
            turn.look()
    return Descent.read(folder.path)


def _scalar(problem: What, registry: Registry, arguments: Arguments = NOTHING) -> ProblemEntry:
    """Return a problem that can be descended.

    Raises:
        GradiometerError: If there is none of that name, its file is broken, or it has no loss.
    """
    chosen = choose_problem(registry, problem, arguments)
    if chosen.outputs:
        outputs = ", ".join(chosen.outputs)
        scalar = ", ".join(p.name for p in registry.problems.values() if not p.outputs)
        raise GradiometerError(
            f"Problem {chosen.name!r} has no loss to descend: its outputs are {outputs}, and a "
            f"scalar value is needed. Problems that have one: {scalar}."
        )
    return chosen
