"""Programs as graphs: recorded of functions, evaluated in tools, certified in their place."""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import math
import operator
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import expressions
import numpy as np
import pytest

from gradiometer import Problem
from gradiometer.errors import GradiometerError, ReferenceFailure, Unsupported
from gradiometer.plugins import loader
from gradiometer.plugins.files import collect, load_file, python_files
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import outline
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.graph import (
    Branches,
    Constant,
    Graph,
    Guard,
    Loop,
    Operation,
    UnknownBranch,
    Value,
)
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.program import Program
from gradiometer.vocabulary.recorded import NUMPY, Unrecordable
from gradiometer.vocabulary.recording import record, record_branches

Function = Callable[..., Any]


def built_in(kind: Any) -> dict[str, Any]:
    modules = [
        load_file(f"gradiometer.{kind}.{path.stem}", path.resolve())
        for path in python_files(loader.built_in(kind))
    ]
    return {item.name: item for module in modules for item in collect(module)}


PROBLEMS, METHODS = built_in("problems"), built_in("methods")
LARGER = [(p.name, p.labels[:2][-1]) for p in PROBLEMS.values()]
SMALLEST = [(p.name, p.labels[0]) for p in PROBLEMS.values()]


def argument(problem: Problem, label: str = "") -> Argument:
    return problem.points(label, outline=functools.partial(outline, problem)).checked[0]


def certified(problem: Problem, function: Function, label: str = "", of: str = "") -> Enclosure:
    """Certify a problem of which the function is another."""
    first = "jacobian" if problem.outputs else "gradient"
    return certify(replace(problem, function=function), argument(problem, label), of or first)


def point(given: Any = None, **at: Any) -> Point:
    inputs = {name: np.array(a, dtype=np.float64) for name, a in at.items()}
    return Point(inputs, {name: np.array(a) for name, a in (given or {}).items()})


def of_one(function: Function, at: Any, operator_name: str = "gradient") -> Enclosure:
    problem = Problem("candidate", function, at)
    return certify(problem, argument(problem), operator_name)


def overlap(one: Enclosure, other: Enclosure) -> bool:
    apart = np.abs((one.high - other.high) + (one.low - other.low))
    return one.shapes == other.shapes and bool((apart <= one.radius + other.radius).all())


# Every built-in problem is a graph.


@pytest.mark.parametrize(("name", "label"), LARGER)
def test_a_recorded_problem_is_certified_alike(name: str, label: str) -> None:
    problem = PROBLEMS[name]
    graph = record(problem.function, problem.point(label))
    for of in ("value", ""):
        found = certified(problem, graph, label, of)
        assert overlap(found, certified(problem, problem.function, label, of))


@pytest.mark.parametrize("seed", range(6))
def test_a_random_program_is_certified_alike(seed: int) -> None:
    function, x = expressions.program(seed)
    graph = record(function, point(x=x))
    assert overlap(of_one(graph, {"x": x}), of_one(function, {"x": x}))


@pytest.mark.parametrize(("name", "label"), SMALLEST)
def test_a_graph_evaluates_in_numpy(name: str, label: str) -> None:
    problem = PROBLEMS[name]
    at = problem.points(label).preparation.point  # of the same shapes, and not where it is recorded
    graph = record(problem.function, problem.point(label))
    with np.errstate(invalid="ignore"):  # of a branch that is not taken
        values = [f(NUMPY, *at.inputs.values(), **at.given) for f in (graph, problem.function)]
    for found, expected in zip(*map(_listed, values), strict=True):
        np.testing.assert_array_equal(found, expected)


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


class Own(np.ndarray):
    """An array of a tool that takes none of NumPy's."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        assert all(isinstance(a, Own) or np.ndim(a) == 0 for a in inputs)
        into = options.pop("out", None)
        plain = [a.view(np.ndarray) if isinstance(a, Own) else a for a in inputs]
        found = np.asarray(getattr(ufunc, method)(*plain, **options)).view(Own)
        if into is None:
            return found
        into[0].view(np.ndarray)[...] = found.view(np.ndarray)
        return into[0]


def test_constants_become_the_tools_arrays() -> None:
    xp = Namespace(np, {"asarray": lambda a: np.asarray(a).view(Own)})
    table = np.array([1.0, 2.0, 4.0])

    def picked(xp: Any, x: Any) -> Any:
        own = xp.asarray(table)
        own += 1.0
        return xp.sum(table * x[np.array([2, 0, 0])] * own)

    graph = record(picked, point(x=[1.0, 2.0, 3.0]))
    for _ in range(2):
        found = graph(xp, xp.asarray(np.array([3.0, 5.0, 7.0])))
        assert float(found) == 1 * 7 * 2 + 2 * 3 * 3 + 4 * 3 * 5


def test_a_graph_is_called_as_its_function_is() -> None:
    graph = record(lambda xp, x, *theta, y: x + theta[0] * y, point({"y": 2.0}, x=1.0, t=3.0))
    assert str(inspect.signature(graph)) == "(xp, x, t, /, *, y)"
    assert graph(np, 1.0, 3.0, y=2.0) == graph.evaluate(np, (1.0, 3.0), {"y": 2.0}) == 7.0
    with pytest.raises(GradiometerError, match="called with 1 inputs"):
        graph(np, 1.0, y=2.0)
    assert pickle.loads(pickle.dumps(graph)) == graph


def test_any_program_can_be_a_problems_function() -> None:
    class Cube(Program):
        @property
        def names(self) -> Any:
            return ("x",), ()

        def evaluate(self, xp: Any, inputs: Any, given: Any) -> Any:
            return inputs[0] ** 3

    assert overlap(of_one(Cube(), {"x": 2.0}), of_one(lambda xp, x: x**3, {"x": 2.0}))


# Branches, and the guards that choose them.


def absolute(xp: Any, x: Any) -> Any:
    return x if x > 0.0 else -x


def huber(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    return 0.5 * x * x if size <= 1.0 else size - 0.5


def folded(xp: Any, x: Any, gamma: Any) -> Any:
    """Leaky ramps one behind the other: eight branches, of which three can be taken."""
    h = xp.square(x)
    for shift in (1.0, 2.0, 0.5):
        h = h if h > shift else gamma * h
        h = xp.square(h) - shift
    return h


def test_an_if_is_guarded() -> None:
    graph = record(absolute, point(x=3.0))
    assert [s.outcome for s in graph.steps if isinstance(s, Guard)] == [(), True]
    assert graph(np, 2.0) == 2.0
    with pytest.raises(UnknownBranch, match=r"at test_program.py, line \d+: bool .* only True was"):
        graph(np, -2.0)
    assert issubclass(UnknownBranch, Unsupported)


def test_guards_choose_among_branches() -> None:
    starts = (0.3, 1.2, 1.9, 3.0, 1.01)
    branches = record_branches(folded, [point(x=x, gamma=0.2) for x in (*starts, 0.31)])
    assert len(branches.graphs) == 3
    for x in starts:
        near = 1.001 * x
        assert branches(np, near, 0.2) == folded(np, near, 0.2)
        at = {"x": near, "gamma": 0.2}
        assert overlap(of_one(branches, at), of_one(folded, at))


def test_no_operation_is_evaluated_twice() -> None:
    calls = itertools.count()
    counting = Namespace(np, {"square": lambda x: (next(calls), np.square(x))[1]})
    branches = record_branches(folded, [point(x=x, gamma=0.2) for x in (0.3, 1.2, 1.9, 3.0)])
    assert len(branches.graphs) > 2
    branches(counting, 1.2, 0.2)
    assert next(calls) == 4


def test_branches_must_be_of_one_function() -> None:
    graphs = [record(f, point(x=1.0)) for f in (lambda xp, x: x + 1.0, lambda xp, x: x + 2.0)]
    with pytest.raises(GradiometerError, match="no branches of one function"):
        Branches(tuple(graphs))


def test_a_guard_that_fails_is_no_certificate() -> None:
    graph = record(absolute, point(x=3.0))
    with pytest.raises(ReferenceFailure, match="only True was recorded"):
        of_one(graph, {"x": -2.0})


@pytest.mark.parametrize("x", [1.0, -1.0])
def test_a_smooth_join_needs_both_branches(x: float) -> None:
    known = record_branches(huber, [point(x=0.5 * x), point(x=2.0 * x)])
    assert overlap(of_one(known, {"x": x}), of_one(huber, {"x": x}))
    with pytest.raises(ReferenceFailure, match="lies on a kink"):
        of_one(record(huber, point(x=x)), {"x": x})
    with pytest.raises(ReferenceFailure, match="only False was recorded"):
        of_one(record(huber, point(x=2.0 * x)), {"x": x})


def test_a_kink_is_refused_on_either_branch() -> None:
    both = [point(x=1.0), point(x=-1.0)]
    for program in (record_branches(absolute, both), record(absolute, both[1])):
        with pytest.raises(ReferenceFailure, match="lies on a kink"):
            of_one(program, {"x": 0.0})


def test_a_branch_that_rounding_decides_is_refused() -> None:
    def jump(xp: Any, x: Any) -> Any:
        return x if x + 1.0 > 1.0 else x + 1.0

    for recorded in (1e-17, 1.0):
        with pytest.raises(ReferenceFailure, match=r"rounding decides|was recorded"):
            of_one(record(jump, point(x=recorded)), {"x": 1e-17})
    with pytest.raises(ReferenceFailure, match="rounding decides"):
        of_one(record_branches(jump, [point(x=1e-17), point(x=1.0)]), {"x": 1e-17})


# Loops.


def newton_step(xp: Any, x: Any, a: Any, w: Any) -> Any:
    after = (1.0 - w) * x + w * (a / x)
    return after, a, after


def newton_steps(xp: Any, x: Any, a: Any, omega: Any) -> Any:
    iterates = []
    for k in range(omega.shape[0]):
        x, a, _ = newton_step(xp, x, a, omega[k])
        iterates.append(x)
    return x, a, xp.stack(iterates)


LOOP = Loop(record(newton_step, point(x=2.0, a=3.0, w=0.4)), carried=2, steps=3)


def test_a_loop_is_certified_as_it_is_unrolled() -> None:
    at = {"x": 27.0, "a": 720.0, "omega": [0.5, 0.4, 0.6]}
    outputs = ("x_end", "a_end", "iterates")
    problem = Problem("newton", newton_steps, at, outputs=outputs)
    unrolled = record(newton_steps, problem.point())
    for of in ("value", "jacobian"):
        found = certified(problem, LOOP, of=of)
        assert overlap(found, certified(problem, newton_steps, of=of))
        assert overlap(found, certified(problem, unrolled, of=of))


def test_a_loop_is_an_operation_of_a_graph() -> None:
    problem = PROBLEMS["newton-sqrt"]
    loop = replace(LOOP, steps=2)
    steps = (
        Operation(loop, (Value(1), Value(0), Value(2))),
        Operation(operator.getitem, (Value(3), 0)),
    )
    graph = Graph(("a",), ("x", "omega"), steps, Value(4))
    found = certified(problem, graph, "2")
    assert overlap(found, certified(problem, problem.function, "2"))
    assert overlap(certified(problem, record(graph, problem.point("2")), "2"), found)


# What is recorded, and what is refused.


def masked(xp: Any, x: Any) -> Any:
    return sum(v * v for v in x[x > 0.0])


def of_given(xp: Any, x: Any, *, n: Any, order: Any) -> Any:
    return xp.sum(x[order][:n]) + sum(x[k] for k in range(n)) * xp.zeros((n, 2)).shape[0] + x[n]


def protocols(xp: Any, x: Any) -> Any:
    y, total = copy.copy(x), 0.0
    y[0], y[1:] = y[1] * 2.0, np.array([3.0, 4.0]) * x[:-1]
    row = y[:2]
    row *= 3.0
    for v in x.reshape((3, 1)).T[0]:
        total += round(v) + v**2 // 3.0
    first, *_, last = xp.unstack(y)
    return total + x.sum() + first * last + float(xp.asarray(2.0)) * x.max() - 1.0 / y.mean()


X = [1.6, -0.3, 2.9]


@pytest.mark.parametrize(
    ("function", "given"),
    [(masked, {}), (of_given, {"n": 2, "order": [2, 0, 1]}), (protocols, {})],
)
def test_arrays_behave_as_numpys(function: Function, given: Any) -> None:
    at = point(given, x=X)
    graph = record(function, at)
    x = np.array([1.7, -0.4, 2.8])
    assert graph(np, x.copy(), **at.given) == function(np, x.copy(), **at.given)
    problem = Problem("candidate", function, {"x": X}, given)
    assert overlap(certified(problem, graph), certified(problem, function))


def test_shapes_and_lengths_are_guarded() -> None:
    graph = record(masked, point(x=X))
    for x in ([1.0, 2.0, 3.0], [1.0, 2.0]):
        with pytest.raises(UnknownBranch, match=r"only \(\d,\) was recorded"):
            graph(np, np.array(x))
    graph = record(of_given, point({"n": 2, "order": [2, 0, 1]}, x=X))
    with pytest.raises(UnknownBranch):
        graph(np, np.array(X), n=np.array(1), order=np.array([2, 0, 1]))
    other = {"n": np.array(2), "order": np.array([1, 2, 0])}
    assert graph(np, np.array(X), **other) == of_given(np, np.array(X), **other)


_kept: list[Any] = []
_calls = itertools.count()


def keeping(xp: Any, x: Any) -> Any:
    _kept.append(x)
    return x[0] * _kept[0][1]


OUT = "depends on an input out of the computation at test_program.py, line .*write .* with `xp`"
REFUSED: dict[str, tuple[Function, str]] = {
    "a float": (lambda xp, x: x[0] * float(x[1]), OUT),
    "an int": (lambda xp, x: x[0] * int(x[1]), OUT),
    "a function of math": (lambda xp, x: math.sin(x[0]), OUT),
    "an item": (lambda xp, x: x[0] * x[1].item(), OUT),
    "a list": (lambda xp, x: x[0] * x.tolist()[1], OUT),
    "a ufunc": (lambda xp, x: np.sin(x)[0], r"numpy.sin is called at .*: write xp.sin"),
    "NumPy's function": (lambda xp, x: np.linalg.norm(x), "a function of NumPy takes an array at"),
    "NumPy's array": (lambda xp, x: operator.iadd(np.zeros(3), x)[0], "numpy.add is called"),
    "an output": (lambda xp, x: np.add(x, x, out=copy.copy(x))[0], "numpy.add is called at test_"),
    "an operand": (lambda xp, x: x[0] + object(), "object cannot be recorded at test_program.py"),
    "an object": (lambda xp, x: xp.clip(x[0], object()), "object cannot be recorded at"),
    "a result": (lambda xp, x: x.flat, "an operation returns flatiter at"),
    "an older array": (keeping, "Recorded that was kept from an earlier evaluation"),
    "the clock": (lambda xp, x: x[0] * time.perf_counter(), "not a function of its inputs"),
    "a counter": (lambda xp, x: x[0] * next(_calls), "not a function of its inputs"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_graph_cannot_hold_is_refused(name: str) -> None:
    function, reason = REFUSED[name]
    with pytest.raises(Unrecordable, match=reason):
        record(function, point(x=X))


def test_constants_are_compared_by_content() -> None:
    assert Constant(np.arange(3)) == Constant(np.arange(3))
    assert (
        Constant(np.arange(3)) != Constant(np.arange(3.0)) != Constant(np.array([0.0, 1.0, -2.0]))
    )
