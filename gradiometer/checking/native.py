"""What checks of a framework's function have of their own: trusted rules, causes, its rounding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from gradiometer.checking.blame import Cause, causes
from gradiometer.checking.graphs import graph_is_apart
from gradiometer.checking.places import Place
from gradiometer.checking.result import Judged, Verdict
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.problem import Problem

ROUNDED = "rounding in the framework's own way of computing it explains the error"
"""What is noted of an answer that the bound of the function's graph alone would not excuse."""

Results = Sequence[Judged]


def trusting(problem: Problem, trust: Collection[str], size: str) -> Problem:
    """Return a framework's function of which some rules are taken as they declare their derivative.

    Args:
        problem: The function.
        trust: The rules' names.
        size: The size that is checked.

    Raises:
        GradiometerError: If it is no framework's, or uses no such rule.
    """
    if not trust:
        return problem
    program = problem.function
    if not isinstance(program, NativeFunction):
        raise GradiometerError(
            "rules that are trusted are those of JAX's and PyTorch's functions (custom_vjp, "
            "custom_jvp, autograd.Function): this is none."
        )
    known = {rule.name for rule in program.lowered(problem.point(size, 0, problem.dtype)).rules}
    for name in trust:
        if name not in known:
            raise UnknownName("rule", name, sorted(known))
    return replace(problem, function=replace(program, trusted=frozenset(trust)))


def ways(problem: Problem, place: Place, methods: Sequence[Method]) -> Sequence[Sequence[Method]]:
    """Return which methods are asked for a derivative: of each group the first that has it.

    Of a framework's function without rules of the user's that is one: others of PyTorch's import
    its compiler, which takes longer than the check. Forward mode does not know `no_grad`.
    """
    program = problem.function
    if not isinstance(program, NativeFunction):
        return [[method] for method in methods]
    try:
        lowered = program.lowered(place.at.point)
    except GradiometerError:
        return [[method] for method in methods]
    if not lowered.rules:
        return [methods]
    ungraded = any(cut.what == "no_grad" for cut in lowered.cuts)
    return [[each] for each in methods if not (ungraded and each.mode == "forward")]


def taken_as_declared(problem: Problem, place: Place) -> list[str]:
    """Return the rules that are trusted, in words."""
    program = problem.function
    if not isinstance(program, NativeFunction) or not program.trusted:
        return []
    met = [r for r in program.lowered(place.at.point).rules if r.name in program.trusted]
    return list(
        dict.fromkeys(
            f"the {r.kind} {r.name}{r.written}" + (f", used{r.place}" if r.place else "")
            for r in met
        )
    )


def explained(
    problem: Problem,
    asked: Operator,
    places: Sequence[Place],
    results: Results,
    again: Callable[[Sequence[Place]], Results],
) -> tuple[Results, Sequence[Place], Sequence[Cause]]:
    """Return what a framework's methods are worth, and what makes wrong ones wrong.

    Where the framework's derivative graph is right in real numbers, what rounding does in it is
    granted to the answers.

    Args:
        problem: The function.
        asked: Which derivative was checked.
        places: What is proven at each point.
        results: What the methods are worth by that.
        again: Judges the methods anew, given other places.
    """
    program, wrong = problem.function, _wrong(results)
    if not isinstance(program, NativeFunction) or not wrong:
        return results, places, ()
    found = {k: graph_is_apart(program, places[k], asked) for k in wrong}
    if any(apart is False for apart, _ in found.values()):
        places = [found[k][1] if k in found else each for k, each in enumerate(places)]
        granted = again(places)
        results = [_noted(one, other) for one, other in zip(results, granted, strict=True)]
        wrong = _wrong(results)
    if not wrong:
        return results, places, ()
    first = next((k for k in wrong if found[k][0]), wrong[0])
    return results, places, causes(program, places[first], asked, found[first][0])


def _wrong(results: Results) -> list[int]:
    """Return at which points any answer is wrong."""
    return [
        k
        for k, every in enumerate(zip(*(each.at for each in results), strict=True))
        if any(judgement.verdict is Verdict.WRONG for judgement in every)
    ]


def _noted(before: Judged, after: Judged) -> Judged:
    """Return a claim as it was judged at last; noted where rounding alone made the difference."""
    changed = [
        replace(new, note=ROUNDED)
        if old.verdict is Verdict.WRONG and new.verdict is Verdict.RIGHT
        else new
        for old, new in zip(before.at, after.at, strict=True)
    ]
    return replace(after, at=changed)
