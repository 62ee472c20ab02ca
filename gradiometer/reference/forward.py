"""The forward pass: a problem's function, evaluated on the tape at a point."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, NotFinite, ReferenceFailure
from gradiometer.reference import numeric
from gradiometer.reference.array import Array
from gradiometer.reference.doubles import machine
from gradiometer.reference.evaluation import Evaluation, Key
from gradiometer.reference.node import Node
from gradiometer.reference.operations import NAMESPACE
from gradiometer.reference.protocol import array
from gradiometer.reference.refusals import failure
from gradiometer.reference.rounding import computing_in, ordered
from gradiometer.reference.structure import reshape
from gradiometer.vocabulary.dtype import Dtype, find_dtype
from gradiometer.vocabulary.graph import UnknownBranch
from gradiometer.vocabulary.point import Point, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.program import Program
from gradiometer.vocabulary.space import Space

PRECISIONS = (numeric.DOUBLES, 192, 768, 3072)
"""Working precisions in bits, tried in turn; the first is that of two doubles."""

BALLS = PRECISIONS[1:]
"""Those of balls, of any size and shape."""

FEW = 1_000
"""Components at a point below which balls take no longer than arrays of doubles."""


def precisions(point: Point) -> tuple[int, ...]:
    """Return the precisions that are tried at a point, on this machine."""
    arrays = (*point.inputs.values(), *point.given.values())
    many = sum(np.size(a) for a in arrays) >= FEW
    return PRECISIONS if many and machine.usable() else BALLS


@dataclass
class Forward:
    """A forward pass.

    Attributes:
        inputs: The variables.
        outputs: One node a declared output.
        evaluation: What was compared on the way.
        bits: Working precision.
        dtype: What tools compute in.
        bounded: Whether bounds on rounding are wanted of what is read from it.
    """

    inputs: list[Node]
    outputs: list[Node]
    evaluation: Evaluation
    bits: int
    dtype: Dtype
    bounded: bool = True

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the outputs."""
        return tuple(y.shape for y in self.outputs)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Compute with its precision, and find bounds of its dtype."""
        with numeric.working(self.bits), computing_in(self.dtype):
            yield

    @property
    def signature(self) -> Signature:
        """The spaces of inputs and outputs, whose arrays are numbered."""
        return Signature(_numbered(self.inputs), _numbered(self.outputs))


def _numbered(nodes: list[Node]) -> Space:
    return Space({str(k): node.shape for k, node in enumerate(nodes)})


def forward_pass(
    problem: Problem,
    point: Point,
    bits: int,
    turned: Collection[Key] = (),
    *,
    symmetrised: bool = False,
    loose: bool = False,
) -> Forward:
    """Evaluate a problem on the tape.

    Args:
        problem: The problem.
        point: Where; its directions are not needed.
        bits: Working precision.
        turned: Comparisons to decide the other way.
        symmetrised: Whether matrices that are symmetric by contract are read as (A + Aᵀ)/2.
        loose: Whether to take both branches of comparisons that could have come out otherwise.

    Raises:
        ReferenceFailure: If an operation has no rule, the function fails or returns something else
            than was declared, or its value is not finite.
    """
    evaluation = Evaluation(turned, bits == PRECISIONS[-1], symmetrised, loose=loose)
    dtype = find_dtype(point.dtype)
    with numeric.working(bits), computing_in(dtype), evaluation:
        inputs = [
            Node(numeric.constants(a), ("input", k, a.shape), tracked=True)
            for k, a in enumerate(point.inputs.values())
        ]
        given = {name: _given(a) for name, a in point.given.items()}
        arrays = [Array(x, scalar=False) for x in inputs]
        with _meeting(problem, point):
            outputs = _outputs(problem, _call(problem, arrays, given))
    _refuse_what_was_kept(problem, inputs, outputs)
    return Forward(inputs, outputs, evaluation, bits, dtype)


def _meeting(problem: Problem, point: Point) -> AbstractContextManager[None]:
    program = problem.function
    return program.meeting(point) if isinstance(program, Program) else nullcontext()


def _call(problem: Problem, inputs: list[Array], given: dict[str, Any]) -> Any:
    """Call the function; what it raises is told with the line that raised it."""
    try:
        return problem.function(NAMESPACE, *inputs, **given)
    except UnknownBranch as error:
        raise ReferenceFailure(str(error)) from error
    except (GradiometerError, MemoryError):
        raise
    except Exception as error:
        raise failure(error) from error


def _given(a: Any) -> Any:
    """Return a given value as the function meets it: numbers on the tape, the rest as it is."""
    return array(a, integer=a.dtype.kind in "iu") if a.dtype.kind in "fiu" else a.copy()


def _refuse_what_was_kept(problem: Problem, inputs: list[Node], outputs: list[Node]) -> None:
    """Refuse outputs that were computed from the inputs of another evaluation."""
    own = set(map(id, inputs))
    for node in ordered(outputs, lambda node: not node.tracked):
        if node.made[0] == "input" and id(node) not in own:
            raise ReferenceFailure(
                f"{problem.name!r} is not a function of its inputs: it uses an array that it kept "
                "from an earlier evaluation. Compute it anew each time."
            )


def _outputs(problem: Problem, returned: Any) -> list[Node]:
    """Return the outputs, one a declared name."""
    several = isinstance(returned, tuple | list)
    outputs = []
    for output in returned if several else [returned]:
        if not isinstance(output, Array):
            raise ReferenceFailure(
                f"problem {problem.name!r} returned {type(output).__name__}, not an array computed "
                "from its inputs through `xp`."
            )
        if not numeric.finite(output.node.value).all():
            raise NotFinite("the function is not finite here: choose a point in its domain.")
        outputs.append(output.node)
    if not problem.outputs and (several or outputs[0].shape != ()):
        what = f"{len(outputs)} arrays" if several else f"an array of shape {outputs[0].shape}"
        raise ReferenceFailure(
            f"problem {problem.name!r} returned {what}: a scalar, of shape (), was expected. Sum "
            "it, or name its outputs: `outputs=(…)`."
        )
    if problem.outputs and (len(outputs) != len(problem.outputs) or several != (len(outputs) > 1)):
        raise ReferenceFailure(
            f"problem {problem.name!r} returned {len(outputs)} outputs"
            f"{' in a tuple' if several else ''}: {len(problem.outputs)} are named "
            f"({', '.join(problem.outputs)}). Return one array, or a tuple of several."
        )
    return [reshape(y, y.shape) for y in outputs]  # one node each, though two be the same array
