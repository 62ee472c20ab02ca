"""Calls what is said to differentiate a function of the user's as that function is called.

The derivative takes the function's own arguments, then the directions, and returns what the
differentiated arguments are: arrays, or the same nesting of dicts, lists, tuples and dataclasses.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gradiometer.checking.reading import Unreadable
from gradiometer.errors import GradiometerError
from gradiometer.tracing.arguments import Fields, Leaf, results
from gradiometer.tracing.function import OwnFunction
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.problem import Problem

Function = Callable[..., Any]


def as_called(
    function: Function, program: OwnFunction, asked: Operator, signature: Signature
) -> Function:
    """Return a function of inputs, directions and given values that calls another as is written.

    Args:
        function: What is called.
        program: The function that it differentiates.
        asked: The operator that it computes.
        signature: The shapes of inputs and outputs.
    """
    structures = [s for s in (*program.positional, *program.named.values()) if _inputs(s, program)]
    along = _directions(structures, asked, signature)
    taken = _taken(function, program, len(along))
    called = dataclasses.replace(program, written=function, positional=[*taken, *along])

    def call(*arrays: Any, **given: Any) -> Any:
        names = [*program.inputs, *(leaf.name for each in along for leaf in _leaves(each))]
        returned = called.run(dict(zip(names, arrays, strict=True)) | given)
        if len(asked.axes) > 1 or returned is None:
            return returned
        if asked.axes == ("outputs",):
            return list(results(returned).values()) or returned
        return _flat(structures, program, returned)

    return call


def called_as_written(
    function: Function, problem: Problem, asked: Operator, signature: Signature
) -> Function:
    """Return what is called with a problem's inputs: of a function of the user's, as that is."""
    program = problem.function
    if isinstance(program, OwnFunction):
        return as_called(function, program, asked, signature)
    return function


def refuse_what_is_no_function(gradient: Any, asked: Operator) -> None:
    """Refuse what cannot be called as a derivative.

    Raises:
        GradiometerError: With what to name instead.
    """
    if inspect.isclass(gradient):
        raise GradiometerError(
            f"{gradient.__name__} is a class: name a function that computes the {asked.name}, or "
            "an object that can be called."
        )
    if not callable(gradient) or isinstance(gradient, Problem):
        raise GradiometerError(
            f"the {asked.name} is {type(gradient).__name__}, not a function: give what computes "
            "it, not what it is at a point."
        )


def _taken(function: Function, program: OwnFunction, further: int) -> list[Any]:
    """Return the positional arguments that a derivative takes: it may leave the last ones out.

    Those are defaults of the function that it differentiates; none that is differentiated.
    """
    taken = list(program.positional)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return taken
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return taken
    most = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - further
    while len(taken) > max(most, 0) and not list(_leaves(taken[-1])):
        taken.pop()
    return taken


def _directions(structures: Sequence[Any], asked: Operator, signature: Signature) -> list[Any]:
    """Return what stands for directions among arguments, nested as inputs or outputs are."""
    if asked.direction == "tangents":
        return [_renamed(structure) for structure in structures]
    if asked.direction == "cotangents":
        shapes = signature.outputs.shapes.items()
        return [Leaf(f"cotangent {name}", "array" if shape else float) for name, shape in shapes]
    return []


def _renamed(structure: Any) -> Any:
    if isinstance(structure, Leaf):
        return structure._replace(name=f"tangent {structure.name}")
    if isinstance(structure, Fields):
        return structure._replace(values=_renamed(structure.values))
    if isinstance(structure, dict):
        return {key: _renamed(part) for key, part in structure.items()}
    if isinstance(structure, list | tuple):
        parts = [_renamed(part) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return structure


def _leaves(structure: Any) -> Iterator[Leaf]:
    if isinstance(structure, Leaf):
        yield structure
        return
    if isinstance(structure, Fields):
        structure = structure.values
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list | tuple):
        for part in structure:
            yield from _leaves(part)


def _inputs(structure: Any, program: OwnFunction) -> list[Leaf]:
    return [leaf for leaf in _leaves(structure) if leaf.name in program.inputs]


def _flat(structures: Sequence[Any], program: OwnFunction, returned: Any) -> Any:
    """Return one derivative an input, in order."""
    if len(structures) == 1:
        (structure,) = structures
        nested = not isinstance(structure, Leaf)
        alone = isinstance(returned, list | tuple) and len(returned) == 1
        if not nested:
            return returned
        if alone and not (isinstance(structure, list | tuple) and len(structure) == 1):
            returned = returned[0]
        return list(_matched(structure, program, returned, "the derivative"))
    due = f"a tuple of {len(structures)}, one derivative an argument"
    if not isinstance(returned, list | tuple):
        return returned  # which is read, or told
    if len(returned) != len(structures):
        if len(returned) == len(program.inputs):
            return list(returned)
        raise Unreadable(f"returned {len(returned)} derivatives: return {due}.")
    pairs = zip(structures, returned, strict=True)
    return [
        part
        for k, (structure, each) in enumerate(pairs)
        for part in _matched(structure, program, each, f"derivative {k + 1}")
    ]


def _matched(structure: Any, program: OwnFunction, returned: Any, where: str) -> Iterator[Any]:
    """Yield the parts of a result that is nested as an argument is.

    Raises:
        Unreadable: If it is nested otherwise.
    """
    if not _inputs(structure, program):
        return
    if isinstance(structure, Leaf):
        yield returned
        return
    if isinstance(structure, Fields):
        fields = structure.values
        known = returned if isinstance(returned, Mapping) else getattr(returned, "__dict__", {})
        structure, returned = fields, known
    parts: Any
    if isinstance(structure, dict):
        needed = {key: part for key, part in structure.items() if _inputs(part, program)}
        if not isinstance(returned, Mapping) or not set(needed) <= set(returned):
            keys = ", ".join(map(repr, needed))
            raise Unreadable(f"{where} is {_what(returned)}: return a dict with the keys {keys}.")
        parts = [(part, returned[key], f"{where}[{key!r}]") for key, part in needed.items()]
    else:
        if not isinstance(returned, list | tuple) or len(returned) != len(structure):
            kind = type(structure).__name__
            raise Unreadable(f"{where} is {_what(returned)}: return a {kind} of {len(structure)}.")
        pairs = zip(structure, returned, strict=True)
        parts = [(part, each, f"{where}[{k}]") for k, (part, each) in enumerate(pairs)]
    for part, each, there in parts:
        yield from _matched(part, program, each, there)


def _what(returned: Any) -> str:
    kind = type(returned).__name__
    if isinstance(returned, Mapping):
        return f"a {kind} with the keys {', '.join(map(repr, returned))}"
    return (
        f"a {kind} of {len(returned)}" if isinstance(returned, list | tuple) else f"of type {kind}"
    )
