"""Names what makes a framework's derivative wrong: a hand-written rule, a kernel, or a cut.

Each rule is checked by itself, at the values that flowed through it: its pullback against the
certified derivative of what it computes forward. Where all rules are right, the numbers of each
operation are compared with what it should compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np

from gradiometer.checking.places import Place
from gradiometer.errors import GradiometerError, describe
from gradiometer.judging.agreement import agree
from gradiometer.judging.diagnosis import explain
from gradiometer.reference.lookup import certified, outline
from gradiometer.tracing.lowered import Cut, Kernel, Lowered, Rule, constant
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.dtype import DTYPES, find_dtype
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Point, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array


@dataclass(frozen=True)
class Cause:
    """What makes a derivative wrong.

    Attributes:
        kind: `rule` or `kernel`.
        name: Of the rule, or of the framework's operation.
        place: The line that uses it.
        written: The line that a rule is written at.
        fault: What is wrong with it.
    """

    kind: str
    name: str
    place: str
    written: str
    fault: str

    def __str__(self) -> str:
        used = f", used{self.place}," if self.place else ""
        return f"{self.name}{self.written}{used} is to blame: {self.fault}"


def causes(problem: Problem, place: Place) -> list[Cause]:
    """Return what makes derivatives of a framework's function wrong at a point, as far as known."""
    program = problem.function
    if not isinstance(program, NativeFunction):
        return []
    point = place.at.point
    rules = program.lowered(point).rules
    found = (_fault(rule, point.dtype) for rule in rules)
    blamed = [
        Cause("rule", f"the {rule.kind} {rule.name}", rule.place, rule.written, fault)
        for rule, fault in zip(rules, found, strict=True)
        if fault
    ]
    return list(dict.fromkeys(blamed)) or list(islice(_wrong_kernels(program, point), 1))


def _wrong_kernels(program: NativeFunction, point: Point) -> Iterator[Cause]:
    """Yield the operations whose numbers are wrong, of the function and its backward pass."""
    values = point.inputs | point.given
    arrays = [program.folder.native(np.asarray(values[name])) for name in program.taken.names]
    for kernel in program.folder.kernels(program.taken.function, arrays):
        fault = _wrong_numbers(kernel)
        if fault:
            yield Cause("kernel", f"the operation {kernel.name}", kernel.place, "", fault)


def _wrong_numbers(kernel: Kernel) -> str:
    """Return what is wrong with an operation's numbers; empty if nothing is, or can be proven."""
    dtype = kernel.found[0].dtype.name
    if dtype not in DTYPES:
        return ""
    names, asked = kernel.forward.inputs, find_operator("value")
    at = dict(zip(names, (np.asarray(a, np.float64) for a in kernel.at), strict=True))
    problem = _problem(kernel.name, kernel.forward, at)
    try:
        points = problem.points(dtype=dtype, outline=partial(outline, problem))
        truth = certified(problem, points.declared, "value", kept=False)
    except GradiometerError:
        return ""
    found = agree(
        kernel.found, truth, asked.layout(points.signature),
        promise=find_dtype(dtype).digits[0], exact=True, dtype=dtype,
    )  # fmt: skip
    return "" if found.status is Status.OK else f"its numbers are wrong: {found.reason}"


def _problem(name: str, graph: Graph, at: dict[str, Array]) -> Problem:
    """Return a graph as a problem; its outputs are numbered."""
    several = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    one = graph if len(several) > 1 else replace(graph, result=several[0])
    return Problem(name, one, at, outputs=tuple(f"y{k}" for k in range(len(several))))


def _fault(rule: Rule, dtype: str) -> str:
    """Return what is wrong with a rule at the values that flowed through it; empty if nothing is.

    A rule at whose values nothing can be proven is not blamed.
    """
    names = rule.forward.inputs
    at = dict(zip(names, (np.asarray(a, np.float64) for a in rule.at), strict=True))
    problem = _problem(rule.name, rule.forward, at)
    asked = find_operator("vjp")
    try:
        points = problem.points(dtype=dtype, outline=partial(outline, problem))
        truth = certified(problem, points.declared, "vjp", kept=False)
    except GradiometerError:
        return ""
    values = list(points.declared.point.inputs.values())
    cotangents = list(points.declared.directions.cotangents.values())
    try:
        answer = [np.asarray(a) for a in rule.pullback(values, cotangents)]
    except Exception as error:  # it is the user's code
        return f"its backward pass fails: {describe(error)}"
    layout = asked.layout(points.signature)
    found = agree(
        answer, truth, layout, promise=find_dtype(dtype).digits[0], exact=True, dtype=dtype,
        explain=partial(explain, asked=asked, signature=points.signature),
    )  # fmt: skip
    if found.status is Status.OK:
        return ""
    return f"its pullback is wrong: {found.pattern or found.reason}"


def cuts(problem: Problem, place: Place, asked: Operator, signature: Signature) -> Iterator[str]:
    """Yield what the user's own lines hold constant in a framework's function, and what of it."""
    program = problem.function
    if not isinstance(program, NativeFunction) or not isinstance(place.truth, Enclosure):
        return
    lowered = program.lowered(place.at.point)
    if constant(lowered.graph):
        yield (
            "nothing that is returned depends on an input: torch.tensor(x), x.data and the like "
            "take the numbers only"
        )
    own = [cut for cut in lowered.cuts if cut.users]
    if own:
        changed = _changed(problem, place, lowered, asked, signature)
        if changed:
            yield f"{_told(own)} holds constant what depends on an input: without it {changed}"


def _told(cuts: list[Cut]) -> str:
    lines = dict.fromkeys(f"{cut.what}{cut.place}" for cut in cuts)
    return " and ".join(lines)


def _changed(
    problem: Problem, place: Place, lowered: Lowered, asked: Operator, signature: Signature
) -> str:
    """Return which component the cuts change most, and to what; empty if they change none."""
    if lowered.uncut is None or not isinstance(place.truth, Enclosure):
        return ""
    whole = Problem(
        problem.name, lowered.uncut, place.at.point.inputs, place.at.point.given,
        outputs=problem.outputs,
    )  # fmt: skip
    try:
        other = certified(whole, place.at, asked.name, kept=False)
    except GradiometerError:
        return "it is not known what the derivative would be"
    apart = np.abs(other.high - place.truth.high)
    if not (apart > other.radius + place.truth.radius).any():
        return ""
    k = int(np.argmax(apart))
    name = asked.locate(signature, k)
    return f"{name} would be {float(other.high[k])!r}, not {float(place.truth.high[k])!r}"
