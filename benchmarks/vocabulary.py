"""Tries every operation of the vocabulary in every tool; writes the table in docs/vocabulary.md.

    python benchmarks/vocabulary.py            # all tools, and writes the table
    python benchmarks/vocabulary.py --check    # all tools, and says what differs from it

An operation works where the gradient, or the Hessian times a vector, of a function that uses it
agrees with the certified one. Operations that take no derivative count by a function that they are
factors in. The examples are those that the second proof goes through (tests/calculus.py).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from calculus import CALCULUS, FURTHER, Operation, scalarised  # noqa: E402  # found in the folder above

from gradiometer import Argument, Method, Problem  # noqa: E402
from gradiometer.errors import Declined, GradiometerError, Unsupported  # noqa: E402
from gradiometer.judging.agreement import agree  # noqa: E402
from gradiometer.plugins import loader  # noqa: E402
from gradiometer.reference.certify import certify  # noqa: E402
from gradiometer.reference.lookup import outline  # noqa: E402
from gradiometer.reference.operations import MATRICES, OPERATIONS  # noqa: E402
from gradiometer.vocabulary.derivation import prepare  # noqa: E402
from gradiometer.vocabulary.enclosure import Enclosure  # noqa: E402
from gradiometer.vocabulary.method import Primal, Target  # noqa: E402
from gradiometer.vocabulary.namespace import Namespace  # noqa: E402
from gradiometer.vocabulary.operators import operator  # noqa: E402
from gradiometer.vocabulary.outcome import Status  # noqa: E402
from gradiometer.worker.tool import PreparedCell  # noqa: E402

PAGE = ROOT / "docs" / "vocabulary.md"
TOOLS = {
    "NumPy": "central-difference",
    "complex step": "complex-step",
    "SymPy": "sympy",
    "PyTorch": "pytorch",
    "TensorFlow": "tensorflow",
    "JAX": "jax",
}
"""A method for each array library, whose other methods have the same functions."""
PREFACE = """# What each tool can differentiate

Written by `make vocabulary`, from what works when it is tried: the gradient, and the Hessian times
a vector, of functions that use an operation, compared with the certified ones.

● both orders, ◐ the first alone, – unsupported, ✗ wrong at first order; the least of all that was
tried of an operation's arguments. A complex step has no second order. TensorFlow's `gelu` has a
constant of float32, and PyTorch's trigamma function ten digits. Differences, in NumPy, see through
`stop_gradient`.

"""
EXAMPLES: dict[str, list[tuple[Operation, list[Any]]]] = CALCULUS | FURTHER
NAMES = sorted((OPERATIONS.keys() | {f"linalg.{name}" for name in MATRICES}) - {"linalg"})
ORDERS = ("gradient", "hvp")
MARKS = {2: "●", 1: "◐", 0: "✗", -1: "–"}


def example(name: str, number: int) -> Problem:
    """Return a scalar problem that uses an operation."""
    operation, arrays = EXAMPLES[name][number]
    inputs = {f"x{i}": np.asarray(a, dtype=float) for i, a in enumerate(arrays)}
    return Problem(f"{name} {number}", scalarised(operation), inputs)


@cache
def declared(name: str, number: int) -> tuple[Problem, Argument, Any]:
    """Return an example, its declared point, and the shapes there."""
    problem = example(name, number)
    points = problem.points(outline=lambda at: outline(problem, at))
    return problem, points.declared, points.signature


@cache
def truth(name: str, number: int, asked: str) -> Enclosure | str:
    """Return a certified answer, or why there is none."""
    problem, at, _ = declared(name, number)
    try:
        return certify(problem, at, asked)
    except GradiometerError as error:
        return str(error)


@cache
def method(tool: str) -> Method:
    """Return the method that stands for a tool, set up."""
    found = loader.load().methods[TOOLS[tool]].address.load()
    found.setup(Target())
    return found


def tried(tool: str, name: str, number: int, asked: str) -> str:
    """Return why an operator of an example does not work in a tool, or nothing if it does."""
    proven = truth(name, number, asked)
    if isinstance(proven, str):
        return proven
    problem, at, signature = declared(name, number)
    differentiates, wanted = method(tool), operator(asked)
    try:
        f = Primal(problem, _wrapped(differentiates.namespace()), at.point, signature)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            route = prepare(differentiates, f, asked)
            answer = PreparedCell(differentiates, wanted, route, signature).answer(at)
    except Declined:
        return ""  # for the size of the example's formula
    except Unsupported as error:
        return f"unsupported: {error}"
    except Exception as error:  # whatever a tool raises: it is what is asked
        return f"{type(error).__name__}: {str(error).strip()[:200]}"
    promise = wanted.promise(differentiates.digits, "float64") or 1.0
    layout = wanted.layout(signature)
    found = agree(answer.arrays, proven, layout, promise=promise, exact=differentiates.exact)
    return "" if found.status is Status.OK else f"{found.status}: {found.reason}"


def _wrapped(xp: Any) -> Namespace:
    return xp if isinstance(xp, Namespace) else Namespace(xp)


def order(tool: str, name: str, told: Callable[[str], None] = lambda text: None) -> int:
    """Return up to which order all examples of an operation work in a tool; −1: it has none."""
    numbers = range(len(EXAMPLES[name]))
    for k in (2, 1):  # what has the second has the first
        faults = [tried(tool, name, number, ORDERS[k - 1]) for number in numbers]
        if not any(faults):
            return k
    fault = next(filter(None, faults))
    told(f"{tool:13} {name}: {fault}")
    return -int(fault.startswith("unsupported"))


def certified(name: str) -> int:
    """Return up to which order the reference certifies all examples of an operation."""
    numbers = range(len(EXAMPLES[name]))
    proven = [all(isinstance(truth(name, k, each), Enclosure) for k in numbers) for each in ORDERS]
    return 2 if all(proven) else int(proven[0])


def rows(tools: Iterable[str], told: Callable[[str], None]) -> list[list[str]]:
    """Return the table: for each operation its name, and a mark for the reference and each tool."""
    return [
        [f"`{name}`", MARKS[certified(name)], *(MARKS[order(each, name, told)] for each in tools)]
        for name in NAMES
    ]


def page(table: list[list[str]]) -> str:
    """Return the page that holds the table."""
    head = ["operation", "reference", *TOOLS]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *table)]
    return PREFACE + "\n".join(lines) + "\n"


def main() -> int:
    """Try everything; write the table, or compare it with that which is written."""
    made = page(rows(TOOLS, lambda text: print(text, file=sys.stderr, flush=True)))
    if "--check" not in sys.argv:
        PAGE.write_text(made)
        return 0
    written = PAGE.read_text().splitlines()
    differing = [line for line in made.splitlines() if line not in written]
    print("\n".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
