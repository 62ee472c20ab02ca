"""What the user's own lines hold constant in a framework's function, and what that changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradiometer.checking.places import Place
from gradiometer.errors import GradiometerError
from gradiometer.reference.lookup import certified
from gradiometer.tracing.lowered import Cut, Lowered, constant
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.problem import Problem


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
