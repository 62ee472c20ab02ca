"""What `import gradiometer` offers beside runs: `descend`, the step that uses the gradient."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gradiometer.api import CORE_PACKAGES, choose, find_plugins
from gradiometer.descent.frames import Descent
from gradiometer.descent.lead import Lead
from gradiometer.descent.settings import Settings
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.environment import describe_machine
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem


def descend(
    problem: str | Problem,
    methods: str | Method | Iterable[str | Method] = "*",
    *,
    size: str | None = None,
    steps: int | None = None,
    rate: float | None = None,
    threads: int = 1,
    seed: int = 0,
    timeout_s: float = 60.0,
    plugins: Sequence[str | Path] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Descent:
    """Minimise a problem with every method's derivatives, and return the trajectories.

    Gradient descent, θ ← θ − η·∇L, and Newton's method, θ ← θ − H⁻¹·∇L, where it has up to 100
    inputs. All inputs of the problem are the parameters θ; its point is the start.

    Args:
        problem: A problem with a scalar value: its name, or a `Problem`.
        methods: Glob patterns of names, or `Method` objects, one or several.
        size: Label of a size; the problem's first by default.
        steps: Most steps; by default 100, and 20 of Newton's method.
        rate: η; by default half of the step that minimises the quadratic model along the gradient
            at the start, ½·‖g‖²/|gᵀHg|.
        threads: Threads (and cores) that each tool may use.
        seed: Seed of a drawn start.
        timeout_s: Time that one trajectory may take, seconds; also any step of its preparation.
        plugins: Files or folders with further problems and methods.
        progress: Told in a few words what is being done.

    Raises:
        GradiometerError: If a name is unknown, the problem has no scalar value or no start, or an
            option makes no sense.

    Example:
        >>> import gradiometer
        >>> descent = gradiometer.descend("mlp", ["jax-jit", "forward-*"])  # doctest: +SKIP
        >>> descent.table()  # doctest: +SKIP
        >>> descent.frame.query("step == 100")  # doctest: +SKIP
    """
    registry = find_plugins(plugins)
    chosen = _scalar(problem, registry)
    used = choose(registry, registry.methods, methods, "method")
    label = chosen.labels[0] if size is None else size
    settings = Settings(steps=steps, rate=rate, threads=threads, timeout_s=timeout_s, seed=seed)
    machine = describe_machine({*CORE_PACKAGES, *(m.package for m in used if m.package)})
    with (
        tempfile.TemporaryDirectory() as logs,
        Lead(chosen, label, used, settings, registry.origins, Path(logs), progress) as lead,
    ):
        trajectories = list(lead.trajectories())
    facts = {
        "problem": chosen.name,
        "formula": chosen.summary,
        "size": label,
        "inputs": lead.points.check.n,
        "rate": lead.rate,
        "threads": threads,
        "seed": seed,
        "timeout_s": timeout_s,
        "machine": machine,
    }
    return Descent(facts, trajectories)


def _scalar(problem: str | Problem, registry: Registry) -> Problem:
    """Return a problem that can be descended.

    Raises:
        GradiometerError: If there is none of that name, its file is broken, or it has no loss.
    """
    if isinstance(problem, Problem):
        registry.add(problem)
        chosen = problem
    elif problem in registry.problems:
        chosen = registry.problems[problem]
    else:
        raise UnknownName("problem", problem, registry.problems)
    if chosen.fault:
        raise GradiometerError(chosen.fault)
    if chosen.outputs:
        scalar = [p.name for p in registry.problems.values() if not (p.outputs or p.fault)]
        raise GradiometerError(
            f"Problem {chosen.name!r} has no loss to descend: its outputs are "
            f"{', '.join(chosen.outputs)}, and a scalar value is needed. Problems that have one: "
            f"{', '.join(scalar)}."
        )
    return chosen
