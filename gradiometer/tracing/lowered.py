"""What is known of a framework's function once it is lowered: its graph, cuts and own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradiometer.vocabulary.graph import Graph, Operation, Value, substitute
from gradiometer.vocabulary.space import Array

Function = Callable[..., Any]
"""Takes flat arrays of a framework's, and returns a sequence of them."""


@dataclass(frozen=True)
class Cut:
    """Where a function holds constant what depends on its inputs.

    Attributes:
        what: `stop_gradient`, `detach` or `no_grad`.
        place: The line, as ` at FILE, line N`; empty where it is not known.
        users: Whether that line is the user's, not the framework's own.
    """

    what: str
    place: str
    users: bool


@dataclass(frozen=True, eq=False)
class Rule:
    """A derivative rule that was written by hand, where the function uses it.

    Attributes:
        kind: `custom_jvp`, `custom_vjp` or `autograd.Function`.
        name: Of the function or class that has the rule.
        place: The line that calls it, as ` at FILE, line N`.
        written: The line that the rule is written at, likewise.
        forward: What it computes of its real inputs, as a graph.
        at: The values of those inputs.
        function: It with its rule, in the framework: of its real inputs, its real outputs.
    """

    kind: str
    name: str
    place: str
    written: str
    forward: Graph
    at: tuple[Array, ...]
    function: Function = field(repr=False)


@dataclass(frozen=True, eq=False)
class Kernel:
    """An operation of the framework's as it was carried out.

    Attributes:
        name: The framework's name of it.
        place: The line, as ` at FILE, line N`.
        forward: What it computes, as a graph of its real inputs.
        at: The values that went in.
        found: The numbers that came out, output by output.
        function: It in the framework, to be differentiated: of its real inputs, its real outputs;
            nothing where it changes what it is given.
    """

    name: str
    place: str
    forward: Graph
    at: tuple[Array, ...]
    found: tuple[Array, ...]
    function: Function | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Lowered:
    """A function of a framework's at a point, in the operations of `xp`.

    Attributes:
        graph: What it computes, of its inputs and given values; rules dissolved, cuts as constants.
        uncut: The same with nothing held constant, if there are cuts.
        cuts: Where it holds constant what depends on inputs.
        rules: The rules that were written by hand.
        notes: Where digits were dropped that what is certified keeps, each with its line.
    """

    graph: Graph
    uncut: Graph | None = None
    cuts: tuple[Cut, ...] = ()
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()


def dropped(source: str, target: str, place: str) -> str:
    """Return the note of a conversion that drops digits, of numbers that depend on an input."""
    return f"{source} becomes {target}{place}, which is certified as if no digit were lost"


def constant(graph: Graph) -> bool:
    """Return whether nothing that a graph returns depends on its inputs."""
    number, varying = len(graph.inputs) + len(graph.given), set(range(len(graph.inputs)))
    for step in graph.steps:
        if isinstance(step, Operation):
            varying |= {number} if _used((step.arguments, step.options)) & varying else set()
            number += 1
    return not _used(graph.result) & varying


def _used(nested: Any) -> set[int]:
    found: set[int] = set()
    substitute(nested, lambda each: found.add(each.number) if isinstance(each, Value) else None)
    return found


Lower = Callable[..., Lowered]
"""Lowers a function of flat arrays at their values, given their names, and which are constant."""
