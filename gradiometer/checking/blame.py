"""Names what makes a framework's derivative wrong: a rule, or a kernel.

Rules that were written by hand are checked first, each by itself, then what the framework has as
the derivative of its own operations. Where its derivative is right in real numbers, the numbers of
each operation are compared with what it should compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gradiometer.checking.faults import wrong_derivative, wrong_numbers
from gradiometer.checking.places import Place
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Point

MOST_TRIED = 400
"""Operations of the framework's own that are tried, in the order of the computation."""


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


def causes(
    program: NativeFunction, place: Place, asked: Operator, apart: bool | None
) -> Sequence[Cause]:
    """Return what makes derivatives of a framework's function wrong at a point, as far as known.

    Args:
        program: The function.
        place: Where it is wrong.
        asked: Which derivative.
        apart: Whether the framework's derivative is wrong in real numbers, if that is known.
    """
    order = 1 if apart is False else asked.order  # where derivatives are right, numbers may be off
    by_hand = list(dict.fromkeys(_wrong_rules(program, place.at.point, order)))
    if by_hand:
        return by_hand
    own = [] if apart is False else list(islice(_wrong_own(program, place.at.point, asked), 1))
    return own or list(islice(_wrong_kernels(program, place.at.point), 1))


def _wrong_rules(program: NativeFunction, point: Point, order: int) -> Iterator[Cause]:
    """Yield the rules that were written by hand and are wrong; those that are trusted are not."""
    for rule in program.lowered(point).rules:
        fault = "" if rule.name in program.trusted else wrong_derivative(
            program.folder, rule, order
        )  # fmt: skip
        if fault:
            yield Cause("rule", f"the {rule.kind} {rule.name}", rule.place, rule.written, fault)


def _wrong_own(program: NativeFunction, point: Point, asked: Operator) -> Iterator[Cause]:
    """Yield the framework's own operations of which its derivative is wrong.

    Those of its backward pass count where that is differentiated again.
    """
    kernels = program.folder.kernels(
        program.taken.function, _native(program, point), backward=asked.order > 1
    )
    for kernel in kernels[:MOST_TRIED]:
        fault = wrong_derivative(program.folder, kernel, 1)
        if fault:
            yield Cause("rule", f"the operation {kernel.name}", kernel.place, "", fault)


def _wrong_kernels(program: NativeFunction, point: Point) -> Iterator[Cause]:
    """Yield the operations whose numbers are wrong, of the function and its backward pass."""
    for kernel in program.folder.kernels(program.taken.function, _native(program, point)):
        fault = wrong_numbers(kernel)
        if fault:
            yield Cause("kernel", f"the operation {kernel.name}", kernel.place, "", fault)


def _native(program: NativeFunction, point: Point) -> list[object]:
    values = point.inputs | point.given
    return [program.folder.native(np.asarray(values[name])) for name in program.taken.names]
