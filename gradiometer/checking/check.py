"""Checks a derivative of a function against a proven enclosure: the way in for every door."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import flint
import numpy as np

import gradiometer
from gradiometer.checking.beside import beside, scope
from gradiometer.checking.blame import Cause
from gradiometer.checking.calling import called_as_written, refuse_what_is_no_function
from gradiometer.checking.checked import Check
from gradiometer.checking.claims import Claim, Claimed, Function
from gradiometer.checking.cuts import cuts
from gradiometer.checking.judged import judged
from gradiometer.checking.native import explained, taken_as_declared, trusting, ways
from gradiometer.checking.places import Place, places
from gradiometer.checking.reading import read
from gradiometer.checking.result import Judged
from gradiometer.checking.telling import title
from gradiometer.errors import GradiometerError, listing
from gradiometer.tracing.calling import Argnums
from gradiometer.tracing.lazy import lazy_modules_hidden
from gradiometer.tracing.native_function import NativeFunction, notes
from gradiometer.tracing.own import as_problem
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS, Operator, operator
from gradiometer.vocabulary.point import Points, Signature
from gradiometer.vocabulary.problem import Problem


def check(
    function: Any,
    *args: Any,
    gradient: Function | None = None,
    operator: str | None = None,
    argnums: Argnums = None,
    at: Any = None,
    also_at: Sequence[Mapping[str, Any]] = (),
    size: str | None = None,
    seed: int = 0,
    dtype: str | None = None,
    trust: Collection[str] = (),
    **kwargs: Any,
) -> Check:
    """Check a derivative of a function against a proven enclosure of the true one.

    Args:
        function: A function, called with NumPy's arrays and numbers; or a `Problem`.
        *args: The function's arguments.
        gradient: What is said to compute the operator: called with the function's arguments, then
            the directions; it returns what the differentiated arguments are, nested as they are. By
            default what is named as its derivative beside it, else every method of the default
            selection that needs no framework.
        operator: What is checked; the gradient, or of several outputs the Jacobian.
        argnums: Which arguments are differentiated, by position or name; by default all that hold
            real numbers and are passed by position.
        at: Further arguments by name, or a function that returns, or draws, the arguments.
        also_at: Inputs of further points, by the names of the inputs.
        size: One of a problem's sizes.
        seed: What points are drawn with.
        dtype: What the numbers are; float64, or of a framework's function what its arguments are.
        trust: Names of rules of a framework's function (`custom_vjp`, `autograd.Function`, …) that
            mean what they say: straight-through estimators, reversed or clipped gradients.
        **kwargs: The function's arguments by name.

    Returns:
        The check: true if all that was claimed is right.

    Raises:
        GradiometerError: If it cannot be carried out.

    Example:
        >>> def energy(x, k):
        ...     return 0.5 * k * np.sum(x * x)
        >>> bool(check(energy, np.ones(3), 2.0, argnums=0, gradient=lambda x, k: k * x))
        True
    """
    if isinstance(also_at, Mapping) or not all(isinstance(each, Mapping) for each in also_at):
        raise GradiometerError(
            "also_at is no list of points: expected inputs by name, such as [{'x': 2.0}]."
        )
    instead = "further ones go into `also_at`."
    problem = as_problem(function, args, kwargs, argnums, at, instead)
    return check_problem(
        problem, gradient, operator=operator, size=size, seed=seed, dtype=dtype, also_at=also_at,
        trust=trust,
    )  # fmt: skip


def check_problem(
    problem: Problem,
    gradient: Function | None = None,
    *,
    operator: str | None = None,
    size: str | None = None,
    seed: int = 0,
    dtype: str | None = None,
    also_at: Sequence[Mapping[str, Any]] = (),
    trust: Collection[str] = (),
    names: Mapping[str, Any] | None = None,
) -> Check:
    """Check a derivative of a problem.

    Args:
        problem: The problem.
        gradient: What is said to compute the operator: called with the inputs, the directions, and
            the given values by name. By default what the problem brings along, else what is named
            as its derivative beside it, else every method of the default selection that needs no
            further library.
        operator: What is checked; the gradient, or of a problem with outputs the Jacobian.
        size: One of its sizes; the first by default.
        seed: What points are drawn with.
        dtype: What the numbers are; the function's own by default.
        also_at: Inputs of further points, by name.
        trust: Names of rules of a framework's function that mean what they say.
        names: What is defined beside the function; the names of its module by default.

    Raises:
        GradiometerError: If it cannot be carried out.
    """
    asked = _asked(problem, operator)
    label = problem.labels[0] if size is None else size
    numbers = problem.dtype if dtype is None else dtype
    problem = trusting(problem, trust, label)
    points, known, remark = places(problem, asked, label, seed, numbers, also_at)
    found: Sequence[Place] = known
    results: Sequence[Judged] = []
    for claim in _claims(problem, asked, points, gradient, names):
        done = judged(problem, claim, asked, points, found)
        if done is not None:
            results = [done]
            break
    blamed: Sequence[Cause] = ()
    if not results:
        by_methods = partial(_by_methods, problem, asked, points)
        results = by_methods(found)
        results, found, blamed = explained(problem, asked, found, results, by_methods)
    held = list(cuts(problem, found[0], asked, points.signature))
    proven = next((each.at.point for each in found if each.truth is not None), None)
    told = () if proven is None else notes(problem.function, proven)
    facts = seed, remark, versions(), blamed, held, taken_as_declared(problem, found[0]), told
    return Check(problem, asked, points, found, results, *facts)


def _by_methods(
    problem: Problem, asked: Operator, points: Points, found: Sequence[Place]
) -> list[Judged]:
    """Return what methods are worth, those that can do it.

    Raises:
        GradiometerError: If none can.
    """
    refusal, known = "no method that comes along has it", list[Judged]()
    with _undisturbed(problem):
        for group in ways(problem, found[0], _methods(problem)):
            for method in group:
                try:
                    claim = Claim(method.name, "a method", method)
                    done = judged(problem, claim, asked, points, found)
                except GradiometerError as error:
                    refusal = str(error).rstrip(".")
                    continue
                if done is not None:
                    known.append(done)
                    break
    if not known:
        raise GradiometerError(
            f"nothing was found that computes the {asked.name} of {title(problem)} ({refusal}): "
            "name it with `gradient`."
        )
    return known


def _asked(problem: Problem, name: str | None) -> Operator:
    """Return the operator that is to be checked.

    Raises:
        GradiometerError: If there is none of that name, or the problem has it not.
    """
    asked = operator(name or ("jacobian" if problem.outputs else "gradient"))
    if asked.of_scalars and problem.outputs:
        known = [each.name for each in OPERATORS.values() if not each.of_scalars]
        raise GradiometerError(
            f"{title(problem)} has several outputs and no {asked.name}: choose one of "
            f"{listing(known)}, or return one number."
        )
    return asked


def _claims(
    problem: Problem,
    asked: Operator,
    points: Points,
    gradient: Function | None,
    names: Mapping[str, Any] | None,
) -> Iterator[Claim]:
    """Yield what claims to be the derivative, in the order in which it is looked for."""
    signature = points.signature
    if gradient is not None:
        refuse_what_is_no_function(gradient, asked)
        called = called_as_written(gradient, problem, asked, signature)
        yield _claim(_name(gradient), "given", {asked.name: called}, signature)
        return
    if problem.derivatives:
        own = problem.derivatives.get(asked.name) or next(iter(problem.derivatives.values()))
        name = _name(own) if _name(own) != "_" else f"the backward pass of {title(problem)}"
        yield _claim(name, "registered", problem.derivatives, signature)
    written = problem.written
    around = scope(problem) if names is None else names
    named = beside(around, getattr(written, "__name__", ""), asked.name)
    if named is not None:
        called = called_as_written(named, problem, asked, signature)
        yield _claim(_name(named), "found beside the function", {asked.name: called}, signature)


def _claim(
    name: str, origin: str, functions: Mapping[str, Function], signature: Signature
) -> Claim:
    reading = {
        key: _read(function, OPERATORS[key], signature) for key, function in functions.items()
    }
    return Claim(name, origin, Claimed(name, reading))


def _read(function: Function, asked: Operator, signature: Signature) -> Callable[..., Any]:
    """Return a function of which what it returns is read as an answer."""

    @wraps(function)
    def reading(*args: Any, **kwargs: Any) -> Any:
        return read(function(*args, **kwargs), asked, signature)

    return reading


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _methods(problem: Problem) -> list[Method]:
    """Return the methods that need no framework, or those of the function's own framework.

    They are of the default selection: further variants would say the same more often.
    """
    from gradiometer.plugins import default, loader

    program = problem.function
    extra = program.folder.EXTRA if isinstance(program, NativeFunction) else None
    entries = [e for e in default.selected(loader.load(), "methods") if default.built_in(e)]
    own = [e for e in entries if e.extra == extra and e.missing is None and e.mode != "manual"]
    return [entry.address.load() for entry in own]


@contextmanager
def _undisturbed(problem: Problem) -> Iterator[None]:
    """Leave a function's framework as it was, and import no other."""
    program = problem.function
    if not isinstance(program, NativeFunction):
        yield
        return
    with lazy_modules_hidden(), program.folder.settings_kept():
        yield


def versions() -> dict[str, str]:
    """Return the versions of what checks."""
    found = {"gradiometer": gradiometer.__version__, "python": sys.version.split()[0]}
    return found | {"numpy": np.__version__, "python-flint": flint.__version__}
