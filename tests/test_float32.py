"""Points, truths, bounds and answers in float32; every method in it: test_methods.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import built_in
import numpy as np
import pytest
from by_hand import ByHand

from gradiometer import Argument, Method, Point, Primal, Problem, Signature, Space, Target
from gradiometer.cli import main
from gradiometer.errors import GradiometerError, ReferenceFailure
from gradiometer.judging.agreement import Agreement, agree
from gradiometer.pytest_plugin.session import Session
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import certified as looked_up
from gradiometer.vocabulary.dtype import DTYPES
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.graph import Constant, Graph, Operation, Value
from gradiometer.vocabulary.outcome import Status
from gradiometer.worker.tool import PreparedCell, Tool

UNIT = DTYPES["float32"].unit
TENTH = float(np.float32(0.1))
SCALAR = Signature(Space({"x": ()}), Space({"value": ()}))


def truth(
    f: Callable[..., Any], x: Any, operator: str = "value", dtype: str = "float32", **given: Any
) -> Enclosure:
    """Return the certified answer at a point of a dtype."""
    problem = Problem("f", f, {"x": x}, given)
    return certify(problem, Argument(problem.point(dtype=dtype)), operator)


# Truths.


def test_the_truth_is_that_at_the_numbers_that_float32_holds() -> None:
    found = truth(lambda xp, x, *, k: x + k, 0.1, k=0.2)
    assert found.high[0] + found.low[0] == pytest.approx(TENTH + float(np.float32(0.2)), rel=1e-16)
    assert found.dtype == "float32"


def test_a_constant_is_a_double_whose_rounding_is_granted() -> None:
    found = truth(lambda xp, x: xp.asarray(0.1) + 0.0 * x, 1.0)
    assert found.high[0] == 0.1
    assert abs(TENTH - 0.1) <= found.bound[0] <= abs(TENTH - 0.1) + 2.0 * UNIT * 0.1


@pytest.mark.parametrize("held", [0.5, -3.0, 2.0**100, float(np.float32(0.1))])
def test_a_constant_that_float32_holds_is_granted_nothing(held: float) -> None:
    found = truth(lambda xp, x: held * x, 1.0)
    assert found.bound[0] == pytest.approx(UNIT * abs(held), rel=1e-6)


@pytest.mark.parametrize("name", ["sigmoid-affine", "prelu-chain", "lotka-volterra", "mlp"])
def test_what_is_granted_grows_with_the_unit(name: str) -> None:
    problem, bounds = built_in.problem(name), []
    operator = "jacobian" if problem.outputs else "gradient"
    for dtype in DTYPES:
        point = problem.point(problem.labels[0], dtype=dtype)
        bounds.append(float(np.linalg.norm(certify(problem, Argument(point), operator).bound)))
    assert 0.3 < bounds[1] / bounds[0] / 2.0**29 < 3.0


REFUSED = {
    "overflow on the way": (lambda xp, x: xp.log(xp.exp(x)), 100.0, "float32 overflows"),
    "a constant beyond it": (lambda xp, x: x + 1e39 * (x * 1e-39), 1.0, "float32 overflows"),
    "an answer that may be flushed": (lambda xp, x: xp.exp(-x), 90.0, "rounding in float32 can"),
    "a branch": (
        lambda xp, x: xp.where(x + 1.0 > 1.0, x, 2.0 * x + 1.0), 1e-9, "decides .* in float32",
    ),
    "an edge of a domain": (lambda xp, x: xp.log(x * 1e-30), 1e-20, "edge of a domain"),
    "a step": (lambda xp, x: xp.floor(1.3 * x) + x, 2.0**23 + 1.0, "beyond 2²³"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_float32_cannot_do_is_refused_there_alone(case: str) -> None:
    f, x, told = REFUSED[case]
    with pytest.raises(ReferenceFailure, match=told):
        truth(f, x)
    assert truth(f, x, dtype="float64").dtype == "float64"


def test_what_cancels_in_float32_is_refused() -> None:
    with pytest.raises(ReferenceFailure, match="rounding in float32 can be as large as the true"):
        truth(lambda xp, x: (x + 1e4) - 1e4, 1e-4)


def test_certificates_of_two_dtypes_at_one_point_are_kept_apart() -> None:
    problem = Problem("halves", lambda xp, x: xp.exp(x) * 0.1, {"x": 0.5})
    for _ in range(2):  # certified, and found again
        found = [looked_up(problem, Argument(problem.point(dtype=d)), "value") for d in DTYPES]
        assert [each.dtype for each in found] == list(DTYPES)
        assert found[1].bound[0] > 1e8 * found[0].bound[0]
        assert found[0].high == found[1].high


def test_arrays_of_the_reference_are_of_the_dtype_of_the_point() -> None:
    seen = []

    def f(xp: Any, x: Any) -> Any:
        seen.append(x.dtype)
        return x + xp.zeros((), dtype=x.dtype)

    truth(f, 1.0)
    assert set(seen) == {np.dtype("float32")}


def test_numpy_s_figures_are_within_what_is_granted() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, x = rng.standard_normal((2, 20)) * 10.0 ** rng.integers(-3, 4)

        def f(xp: Any, x: Any, *, a: Any) -> Any:
            return xp.sum(0.1 * xp.sin(a * x) / (1.3 + x * x))

        point = Problem("f", f, {"x": x}, {"a": a}).point(dtype="float32")
        answer = f(np, **point.inputs, **point.given)
        found = certify(Problem("f", f, {"x": x}, {"a": a}), Argument(point), "value")
        assert answer.dtype == np.float32
        assert found.errors(np.array([float(answer)]))[0] <= found.bound[0]


@pytest.mark.parametrize("kind", ["input", "given"])
def test_a_point_beyond_float32_is_refused(kind: str) -> None:
    values = {"input": ({"x": 1e39}, {"k": 1.0}), "given": ({"x": 1.0}, {"k": 1e39})}[kind]
    problem = Problem("far", lambda xp, x, *, k: x * k, *values)
    with pytest.raises(GradiometerError, match=r"float32: (np.float64\()?1e\+39"):
        problem.point(dtype="float32")
    assert problem.point(dtype="float64").dtype == "float64"


# Verdicts.


def judged(factor: float) -> Agreement:
    found = truth(lambda xp, x: xp.sum(xp.sin(x)), [0.1, 0.7], "gradient")
    answer = (found.high * factor).astype(np.float32)
    layout = Space({"x": (2,)})
    return agree([answer], found, layout, promise=5.0, exact=True, dtype="float32")


@pytest.mark.parametrize(("factor", "right"), [(1.0, True), (1 + 3e-5, False), (0.0, False)])
def test_an_exact_method_owes_five_digits(factor: float, right: bool) -> None:
    assert (judged(factor).status is Status.OK) is right


def test_digits_and_ulps_are_those_of_float32() -> None:
    found = judged(1.0)
    assert 7.0 < (found.digits or 0.0) < 8.5
    assert (found.ulps or 0.0) <= 0.5


# The process of a tool.


class Wide(ByHand):
    """Depends on a width that is set for the whole process."""

    name = "wide"
    width = ""

    def setup(self, target: Target) -> None:
        type(self).width = target.dtype


def test_a_process_is_set_up_for_the_dtype_of_the_cell_that_is_called() -> None:
    tool, method = Tool(), Wide()
    for dtype in ("float64", "float32"):
        target = Target(dtype=dtype)
        tool.set_up(method, target)
        tool.cells[dtype] = PreparedCell(method, None, None, SCALAR, target)  # type: ignore[arg-type]
    for dtype in ("float64", "float64", "float32", "float64"):
        tool.ready(dtype)
        assert Wide.width == dtype


# Constants, and steps.


def test_a_constant_of_a_graph_is_of_the_dtype_of_the_point() -> None:
    steps = (Operation("multiply", (Value(0), Constant(np.array([0.1, 0.2])))),)
    graph = Graph(("x",), (), steps, Value(1))
    problem = Problem("graph", graph, {"x": [1.0, 2.0]}, outputs=("y",))
    signature = Signature(Space({"x": (2,)}), Space({"y": (2,)}))
    for dtype in DTYPES:
        point = problem.point(dtype=dtype)
        assert (
            Primal(problem, np, point, signature)(tuple(point.inputs.values()), {}).dtype == dtype
        )


def test_the_step_of_a_difference_is_that_of_the_dtype() -> None:
    moved: list[Any] = []

    def f(xp: Any, x: Any) -> Any:
        moved.append(x)
        return 3.0 * x

    problem = Problem("line", f, {"x": 1.0})
    point = Point({"x": np.array(1.0, np.float32)})
    method: Method = built_in.method("forward-difference")
    primal = Primal(problem, method.namespace(), point, SCALAR)
    (slope,) = method.gradient(primal)((method.array(point.inputs["x"]),), {})
    assert float(moved[1] - moved[0]) == pytest.approx(2.0**-11.5, rel=1e-3)
    assert (slope, slope.dtype) == (3.0, np.float32)


# Doors.


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gradiometer", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "rosenbrock", "--dtype", "float23"), "Unknown dtype 'float23': expected one of"),
        (("show", "rosenbrock", "--dtype", "half"), "Unknown dtype 'half': expected one of"),
        (("descend", "rosenbrock", "--dtype", "float32"), "Descents are of float64 alone"),
    ],
)
def test_a_dtype_that_cannot_be_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: Any, told: str
) -> None:
    assert called(monkeypatch, *arguments) == 2
    assert told in capfd.readouterr().err


def test_the_truth_in_float32_is_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "show", "sigmoid-affine", "--dtype", "float32", "--json") == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["dtype"] == "float32"
    assert all(1e-8 < float(row["rounding"]) < 1e-6 for row in shown["components"])


def test_a_session_of_pytest_is_planned_in_the_dtypes_that_are_asked_for() -> None:
    for dtypes in ([], ["float32"], ["float32", "float64"]):
        planned = {case.dtype for case in Session([], dtypes).plan.cases}
        assert planned == set(dtypes or ["float64"])
