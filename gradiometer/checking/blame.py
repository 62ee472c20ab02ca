"""Names what makes a framework's derivative wrong: a rule that was written by hand, or a cut.

Each rule is checked by itself, at the values that flowed through it: its pullback against the
certified derivative of what it computes forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from gradiometer.checking.places import Place
from gradiometer.errors import GradiometerError, describe
from gradiometer.judging.agreement import agree
from gradiometer.judging.diagnosis import explain
from gradiometer.reference.lookup import certified, outline
from gradiometer.tracing.lowered import Cut, Lowered, Rule
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True)
class Cause:
    """What makes a derivative wrong.

    Attributes:
        kind: `rule`.
        name: Of the rule.
        place: The line that uses it.
        written: The line that it is written at.
        fault: What is wrong with it.
    """

    kind: str
    name: str
    place: str
    written: str
    fault: str

    def __str__(self) -> str:
        return f"{self.name}{self.written}, used{self.place}, is to blame: {self.fault}"


def causes(problem: Problem, place: Place) -> list[Cause]:
    """Return what makes derivatives of a framework's function wrong at a point, as far as known."""
    program = problem.function
    if not isinstance(program, NativeFunction):
        return []
    rules = program.lowered(place.at.point).rules
    found = (_fault(rule, place.at.point.dtype) for rule in rules)
    blamed = [
        Cause("rule", f"the {rule.kind} {rule.name}", rule.place, rule.written, fault)
        for rule, fault in zip(rules, found, strict=True)
        if fault
    ]
    return list(dict.fromkeys(blamed))


def _fault(rule: Rule, dtype: str) -> str:
    """Return what is wrong with a rule at the values that flowed through it; empty if nothing is.

    A rule at whose values nothing can be proven is not blamed.
    """
    names = rule.forward.inputs
    at = dict(zip(names, (np.asarray(a, np.float64) for a in rule.at), strict=True))
    several = isinstance(rule.forward.result, tuple)
    count = len(rule.forward.result) if several else 1
    problem = Problem(rule.name, rule.forward, at, outputs=tuple(f"y{k}" for k in range(count)))
    asked = find_operator("vjp")
    try:
        points = problem.points(dtype=dtype, outline=partial(outline, problem))
        truth = certified(problem, points.declared, "vjp", kept=False)
    except GradiometerError:
        return ""
    cotangents = list(points.declared.directions.cotangents.values())
    try:
        answer = [np.asarray(a) for a in rule.pullback(list(at.values()), cotangents)]
    except Exception as error:  # it is the user's code
        return f"its backward pass fails: {describe(error)}"
    layout = asked.layout(points.signature)
    found = agree(
        answer, truth, layout, promise=find_dtype(dtype).digits[0], exact=True,
        explain=partial(explain, asked=asked, signature=points.signature),
    )  # fmt: skip
    if found.status.value == "ok":
        return ""
    return f"its pullback is wrong: {found.pattern or found.reason}"


def cuts(problem: Problem, place: Place, asked: Operator, signature: Signature) -> Iterator[str]:
    """Yield what the user's own lines hold constant in a framework's function, and what of it."""
    program = problem.function
    if not isinstance(program, NativeFunction) or not isinstance(place.truth, Enclosure):
        return
    lowered = program.lowered(place.at.point)
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
