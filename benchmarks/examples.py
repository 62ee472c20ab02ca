"""Examples of every operation of the vocabulary, and a worker's answers to them.

An operation that takes no derivative is a factor of a function that has one. The examples are those
that the second proof goes through (tests/calculus.py). This module knows nothing of the reference.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from calculus import CALCULUS, FURTHER, Operation, scalarised  # found in the folder above

from gradiometer import Argument, Method, Problem
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import operator
from gradiometer.worker.tool import PreparedCell

if TYPE_CHECKING:
    from gradiometer.plugins.address import Address
    from gradiometer.vocabulary.point import Signature
    from gradiometer.worker.tool import Tool

EXAMPLES: dict[str, list[tuple[Operation, list[Any]]]] = CALCULUS | FURTHER


def example(name: str, number: int) -> Problem:
    """Return a scalar problem that uses an operation."""
    operation, arrays = EXAMPLES[name][number]
    inputs = {f"x{i}": np.asarray(a, dtype=float) for i, a in enumerate(arrays)}
    return Problem(f"{name} {number}", scalarised(operation), inputs)


def answer(
    method: Method, name: str, number: int, asked: str, at: Argument, signature: Signature
) -> list[Any]:
    """Return a method's answer to an operator of an example, as arrays.

    Args:
        method: The method, set up.
        name: The operation.
        number: The number of the example.
        asked: The operator.
        at: Where it is asked for.
        signature: The shapes there.
    """
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(example(name, number), wrapped, at.point, signature)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        route = prepare(method, f, asked)
        return PreparedCell(method, operator(asked), route, signature).answer(at).arrays


def answered(
    tool: Tool,
    address: Address[Method],
    name: str,
    number: int,
    asked: str,
    at: Argument,
    signature: Signature,
) -> list[Any]:
    """Answer in a worker, which has set the method up before."""
    return answer(address.load(), name, number, asked, at, signature)
