"""What a worker is asked in a study of steps: a method's answer, computed with another step.

As in `gradiometer.worker.requests`, what needs the inside of the worker is imported there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradiometer.errors import Unsupported, describe
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.point import Argument
from gradiometer.worker.requests import Work

if TYPE_CHECKING:
    from gradiometer.worker.tool import Tool


class Tried(NamedTuple):
    """What a method answered with a step.

    Attributes:
        answer: Its answer; None where there is none with this step.
        usual: The step that it takes by itself, relative to max(1, |x|).
        accuracy: Its order of accuracy, 0 where it says none.
        note: Why there is no answer.
    """

    answer: Answer | None
    usual: float
    accuracy: int
    note: str


class Stepped(Primal):
    """A function whose differences take a step that is given, where one is.

    Attributes:
        tried: The step that is given.
        usual: The step that was last asked for.
    """

    tried: float | None = None
    usual: float | None = None

    def step(self, usual: float) -> float:
        """Return the step that is given, else the method's usual one."""
        self.usual = usual
        return usual if self.tried is None else self.tried


def try_step(
    tool: Tool,
    work: Work,
    preparation: Argument,
    at: Argument,
    step: float | None,
    most_s: float | None = None,
) -> Tried:
    """Return a method's answer at a point with a step, by default its usual one.

    A step that is not seen beside x is divided by as zero, a long one leaves the domain of many a
    function: then there is no answer, and why is told.

    Args:
        tool: Where the method was set up.
        work: What it computes.
        preparation: Where it is prepared.
        at: Where it answers.
        step: The step, relative to max(1, |x|).
        most_s: What the answer may be forecast to take, seconds; no forecast is made without it.

    Raises:
        Declined: If the method declines, or it is forecast to take longer.
        Unsupported: If the method has no such operator, or asks for no step.
    """
    from gradiometer.worker.tool import PreparedCell, forecast, function_of

    tool.turn_to(work.target)
    method, asked = work.method.load(), operator(work.operator)
    f = function_of(method, work, preparation, Stepped)
    f.tried = step
    answer, note = None, ""
    with np.errstate(all="ignore"):
        if most_s is not None:
            forecast(method, asked, f, preparation, most_s)
        route = prepare(method, f, asked.name)
        try:
            cell = PreparedCell(method, asked, route, work.signature, work.target)
            answer = cell.answer(at)
        except (ArithmeticError, ValueError) as error:
            note = describe(error)
    if f.usual is None:
        raise Unsupported(f"Method {method.name!r} asks for no step of its {asked.name}.")
    return Tried(answer, f.usual, getattr(method, "accuracy", 0), note)
