"""Tries every operation of the vocabulary in every tool; writes the tables in docs/vocabulary.md.

    python benchmarks/vocabulary.py             # what is not known yet, and writes the tables
    python benchmarks/vocabulary.py mlx drjit   # of some methods, anew
    python benchmarks/vocabulary.py --check     # says what differs from the tables

An operation works where the gradient, or the Hessian times a vector, of a function that uses it
agrees with the certified one. Each tool is tried in a process of its own, with a time limit for
each derivative; what was found is kept in build/vocabulary, so that an interrupted run goes on. It
takes seconds for tools that interpret, and up to an hour for those that compile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from examples import EXAMPLES, answered, example
from separately import sources

from gradiometer import Argument
from gradiometer.errors import GradiometerError
from gradiometer.judging.agreement import agree
from gradiometer.measure.pool import Pool
from gradiometer.plugins import loader
from gradiometer.plugins.registry import MethodEntry
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import outline
from gradiometer.reference.operations import MATRICES, OPERATIONS
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "vocabulary.md"
KEPT = ROOT / "build" / "vocabulary"
SOURCES = (
    "gradiometer/judging",
    "gradiometer/reference",
    "gradiometer/vocabulary",
    "gradiometer/worker",
)
"""What marks depend on, beside a method's own file and its library."""

SEARCH = [str(ROOT / "benchmarks"), str(ROOT / "tests")]

TABLES = {
    "Arrays": {
        "NumPy": "central-difference", "complex step": "complex-step", "PyTorch": "pytorch",
        "TensorFlow": "tensorflow", "JAX": "jax", "Autograd": "autograd", "MyGrad": "mygrad",
        "MLX": "mlx", "Keras on JAX": "keras-jax", "on PyTorch": "keras-torch",
        "on TensorFlow": "keras-tensorflow", "Paddle": "paddle",
    },
    "Formulas of numbers": {
        "SymPy": "sympy", "SymEngine": "symengine", "CasADi": "casadi", "heyoka": "heyoka",
        "SymForce": "symforce", "num-dual": "num-dual", "fastdual": "fastdual",
    },
    "Programs": {
        "Tangent": "tangent", "PyTensor": "pytensor", "by its C compiler": "pytensor-c",
        "Dr.Jit": "drjit", "Warp": "warp", "Enzyme": "enzyme", "jax.jet": "jax-jet",
        "jet-array": "jet-array",
    },
}  # fmt: skip
"""A method for each vocabulary, by what its column is called; other methods have one of these."""

TOOLS = {tool: method for table in TABLES.values() for tool, method in table.items()}

PREFACE = """# What each tool can differentiate

Written by `make vocabulary`, from what works when it is tried: the gradient, and the Hessian times
a vector, of functions that use an operation, in float64, compared with the certified ones. The
reference certifies all of them at both orders.

● both orders, ◐ the first alone, – refused or missing, ✗ wrong or an error at first order, … more
than a minute, † the end of the process; the least of all that was tried of an operation's
arguments. Tools without a column were not installed, or not tried yet, where this was written.

A complex step, MyGrad, Dr.Jit (here on LLVM 19) and Warp have no second order. TensorFlow's `gelu`
has a constant of float32, and PyTorch's trigamma function ten digits; MLX, and Keras on JAX,
compute several functions in float32, Dr.Jit its `erfinv`; fastdual's `%` drops derivatives
([found](found.md)). Differences, in NumPy, see through `stop_gradient`.

"""
NAMES = sorted((OPERATIONS.keys() | {f"linalg.{name}" for name in MATRICES}) - {"linalg"})
ORDERS = ("gradient", "hvp")
MARKS = {2: "●", 1: "◐", 0: "✗", -1: "–"}
ENDS = {Status.TIMEOUT: "…", Status.CRASHED: "†", Status.UNSUPPORTED: "–", Status.SKIPPED: "–"}
LIMIT_S, SETUP_S = 60.0, 300.0
"""Seconds that a derivative may take, prepared and called, and that a tool's import may."""

Ask = Callable[[str, int, str, Argument, Any], list[Any]]
"""Returns a tool's answer to an operator of an example at a point of some shapes, as arrays."""


@cache
def declared(name: str, number: int) -> tuple[Any, Argument, Any]:
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


def certified(name: str) -> int:
    """Return up to which order the reference certifies all examples of an operation."""
    numbers = range(len(EXAMPLES[name]))
    proven = [all(isinstance(truth(name, k, each), Enclosure) for k in numbers) for each in ORDERS]
    return 2 if all(proven) else int(proven[0])


def tried(ask: Ask, method: MethodEntry, name: str, number: int, asked: str) -> Failure | None:
    """Return why an operator of an example does not work in a tool, or nothing if it does."""
    proven, wanted = truth(name, number, asked), operator(asked)
    if isinstance(proven, str):
        return Failure(Status.ERROR, proven)
    _, at, signature = declared(name, number)
    try:
        arrays = ask(name, number, asked, at, signature)
    except Failure as failure:
        return failure
    promise = wanted.promise(method.digits, "float64") or 1.0
    layout = wanted.layout(signature)
    found = agree(arrays, proven, layout, promise=promise, exact=method.exact)
    return None if found.status is Status.OK else Failure(found.status, found.reason)


def mark(ask: Ask, method: MethodEntry, name: str) -> tuple[str, str]:
    """Return the mark of an operation in a tool, and why it is no better."""
    told = ""
    for order in (2, 1):  # what has the second has the first
        fault = _fault(ask, method, name, ORDERS[order - 1])
        if fault is None:
            return MARKS[order], told
        told = f"{ORDERS[order - 1]}: {fault.status}: {fault.reason}"
    assert fault is not None  # what has no fault has returned
    return ENDS.get(fault.status, MARKS[0]), told


def _fault(ask: Ask, method: MethodEntry, name: str, asked: str) -> Failure | None:
    """Return why not all examples work; what is declined, for its size, does not count.

    Of what declines all of them, nothing works.
    """
    declined: list[Failure] = []
    for number in range(len(EXAMPLES[name])):
        fault = tried(ask, method, name, number, asked)
        if fault is not None and fault.status is not Status.SKIPPED:
            return fault
        declined += [fault] if fault else []
    return declined[0] if len(declined) == len(EXAMPLES[name]) else None


class Column:
    """What is known of a tool: the mark of each operation, kept as soon as it is found.

    Args:
        method: The method that stands for the tool.
    """

    def __init__(self, method: MethodEntry) -> None:
        self._method = method
        self._file = KEPT / f"{method.name}.json"
        self._of = sources(method, SOURCES)
        found = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        self.marks: dict[str, tuple[str, str]] = found["marks"] if self.fresh(found) else {}

    def fresh(self, found: dict[str, Any]) -> bool:
        """Return whether what was kept is of the sources as they are now."""
        return bool(found) and found["of"] == self._of

    @property
    def known(self) -> bool:
        """Whether every operation was tried."""
        return self.marks.keys() == {*NAMES}

    def forget(self) -> None:
        """Find everything again."""
        self.marks = {}

    def complete(self, pool: Pool) -> None:
        """Try what is not known, in a worker of the tool's own, and keep it."""
        KEPT.mkdir(parents=True, exist_ok=True)

        def ask(name: str, number: int, asked: str, at: Argument, signature: Any) -> list[Any]:
            address = self._method.address
            worker = pool.worker(self._method.name, self._method.environment)
            if not worker.opened:
                worker.ask(requests.set_up, SETUP_S, address, Target())
                worker.opened[self._method.name, Target()] = 0.0
            return worker.ask(answered, LIMIT_S, address, name, number, asked, at, signature)

        for name in NAMES:
            if name not in self.marks:
                self.marks[name] = found, told = mark(ask, self._method, name)
                if found != MARKS[2]:
                    tell(f"{self._method.name:18} {name:24} {found} {told[:160]}")
                kept = {"of": self._of, "marks": self.marks}
                self._file.write_text(json.dumps(kept, indent=0, ensure_ascii=False), "utf-8")


def page(columns: Mapping[str, Column]) -> str:
    """Return the page: a table for each kind of tool, of what is known completely."""
    several = []
    for title, table in TABLES.items():
        tools = [tool for tool in table if tool in columns and columns[tool].known]
        head = ["operation", *tools]
        marks = ([columns[tool].marks[name][0] for tool in tools] for name in NAMES)
        rows = ([f"`{name}`", *row] for name, row in zip(NAMES, marks, strict=True))
        lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
        several.append(f"## {title}\n\n" + "\n".join(lines) + "\n")
    return PREFACE + "\n".join(several)


def tell(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)


def completed(columns: Mapping[str, Column], anew: Collection[str]) -> Iterator[str]:
    """Yield the page as it becomes, tool by tool.

    Args:
        columns: What is known of each tool.
        anew: The methods of which everything is found again.
    """
    for tool, column in columns.items():
        if TOOLS[tool] in anew:
            column.forget()
        with Pool(KEPT / "logs", 1, search=SEARCH) as pool:
            column.complete(pool)
        yield page(columns)


def main() -> int:
    """Try everything; write the tables, or compare them with those that are written."""
    uncertified = [name for name in NAMES if certified(name) < 2]
    if uncertified:
        raise SystemExit(f"The reference does not certify {', '.join(uncertified)}.")
    methods, made = loader.built_ins().methods, ""
    columns = {tool: Column(methods[m]) for tool, m in TOOLS.items() if not methods[m].missing}
    for made in completed(columns, sys.argv[1:]):
        if "--check" not in sys.argv:
            PAGE.write_text(made)
    if "--check" not in sys.argv:
        return 0
    written = PAGE.read_text().splitlines()
    differing = [line for line in made.splitlines() if line not in written]
    print("\n".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
