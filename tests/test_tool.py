"""The bench: what a method is asked and given, natively or derived, and how it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from gradiometer import Method, Namespace
from gradiometer.errors import Declined, GradiometerError, Unsupported
from gradiometer.measure.plan import Case, Points
from gradiometer.plugins import loader
from gradiometer.plugins.address import pack
from gradiometer.reference import lookup
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import outline
from gradiometer.vocabulary.operators import OPERATORS, Answer
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker.tool import Preparation, Tool

REGISTRY = loader.load()
VECTOR, SCALAR = REGISTRY.problems["polar-coordinates"], REGISTRY.problems["rosenbrock"]


class ByHand(Method):
    """The problem's own derivatives, called with inputs and directions one by one."""

    name, tool = "by-hand", "by-hand"
    lacks: ClassVar[tuple[str, ...]] = ()

    def namespace(self) -> Any:
        return np  # a bare module, which the bench completes

    def array(self, a: Any) -> Any:
        return a

    def variable(self, a: Any) -> Any:
        return a.copy()

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        return (*inputs, *(v for direction in directions for v in direction)), given

    def value(self, f: Any) -> Any:
        assert isinstance(f.xp, Namespace)
        return lambda *inputs, **given: f(inputs, given)


def written(operator: str) -> Any:
    def prepared(self: ByHand, f: Any) -> Any:
        if operator in self.lacks or operator not in f.problem.derivatives:
            raise Unsupported(f"no {operator}")
        return f.problem.derivatives[operator]

    return prepared


for _name in OPERATORS.keys() - {"value"}:
    setattr(ByHand, _name, written(_name))


def points(problem: Problem) -> Points:
    case = Case(problem, problem.labels[0], "value")
    return case.points(0, lambda at: outline(problem, at))


def prepared(
    bench: Tool, operator: str, problem: Problem, method: Method, budget_s: float = 1.0
) -> Preparation:
    """Open a method and prepare a cell under the operator's name."""
    address = pack(method, {})
    bench.open(address, threads=1)
    where = points(problem).preparation
    return bench.prepare(
        operator, address, pack(problem, REGISTRY.origins), operator, where, budget_s
    )


def right(found: Answer, problem: Problem, operator: str) -> bool:
    truth = certify(problem, points(problem).check, operator)
    flat = np.concatenate([np.ravel(a) for a in found.arrays])
    return bool(np.allclose(flat, truth.high, rtol=1e-12, atol=1e-12 * truth.norm))


@pytest.mark.parametrize(
    ("operator", "problem", "lacks", "route"),
    [
        ("value", VECTOR, (), "native"),
        ("jacobian", VECTOR, (), "native"),
        ("jvp", VECTOR, (), "native"),
        ("vjp", VECTOR, (), "native"),
        ("hessian", SCALAR, (), "native"),
        ("hvp", SCALAR, (), "native"),
        ("jacobian", VECTOR, ("jacobian",), "2 vjps"),
        ("jacobian", VECTOR, ("jacobian", "vjp"), "2 jvps"),
        ("jvp", VECTOR, ("jvp",), "2 vjps"),
        ("vjp", VECTOR, ("vjp",), "2 jvps"),
        ("jvp", SCALAR, (), "gradient"),
        ("hessian", SCALAR, ("hessian",), "2 hvps"),
    ],
)
def test_a_cell_is_prepared_at_one_point_and_answers_at_another(
    operator: str, problem: Problem, lacks: tuple[str, ...], route: str
) -> None:
    method = type("Lacking", (ByHand,), {"lacks": lacks})()
    bench = Tool()
    found = prepared(bench, operator, problem, method)
    assert found.route == route
    assert found.prepare_s >= 0.0
    assert found.first_s > 0.0
    assert right(bench.answer(operator, points(problem).check), problem, operator)


def test_the_answer_is_for_the_directions_of_its_own_point() -> None:
    bench, (check, preparation) = Tool(), points(VECTOR)
    prepared(bench, "jvp", VECTOR, ByHand())
    assert right(bench.answer("jvp", check), VECTOR, "jvp")
    assert not right(bench.answer("jvp", preparation), VECTOR, "jvp")


@pytest.mark.parametrize(("operator", "arguments"), [("jacobian", 2), ("jvp", 4), ("vjp", 4)])
def test_a_native_call_gets_what_the_method_s_arguments_say(operator: str, arguments: int) -> None:
    bench = Tool()
    prepared(bench, operator, VECTOR, ByHand())
    call, args, given = bench.call(operator, points(VECTOR).check)
    assert (len(args), given) == (arguments, {})
    assert call is VECTOR.derivatives[operator] or callable(call)


def test_a_derived_call_gets_tuples_whatever_the_method_s_arguments_say() -> None:
    bench = Tool()
    prepared(bench, "jvp", SCALAR, ByHand())
    _, (inputs, given, tangents), rest = bench.call("jvp", points(SCALAR).check)
    assert ([a.shape for a in inputs], given, rest) == ([(2,)], {}, {})
    assert [a.shape for a in tangents] == [(2,)]


def test_none_is_told_with_the_answer() -> None:
    class Silent(ByHand):
        def gradient(self, f: Any) -> Any:
            return lambda *inputs, **given: [None]

    bench = Tool()
    prepared(bench, "gradient", SCALAR, Silent())
    assert bench.answer("gradient", points(SCALAR).check).note.startswith("1 None returned")


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "value"])
def test_a_method_is_told_the_operator_and_its_numbers(operator: str) -> None:
    class Declining(ByHand):
        def declines(self, operator: str, n: int, m: int) -> str | None:
            return f"{operator} of {n} inputs and {m} outputs"

    class Dear(ByHand):
        def evaluations(self, operator: str, n: int, m: int) -> int | None:
            return 10**12 + 1000 * len(operator) + 100 * n + m

    problem = SCALAR if OPERATORS[operator].of_scalars else VECTOR
    n, m = points(problem).check.n, points(problem).check.m
    with pytest.raises(Declined, match=f"^{operator} of {n} inputs and {m} outputs$"):
        prepared(Tool(), operator, problem, Declining())
    expected = f"^{10**12 + 1000 * len(operator) + 100 * n + m:,} primal evaluations a call"
    with pytest.raises(Declined, match=expected):
        prepared(Tool(), operator, problem, Dear())


def test_a_value_is_never_too_dear() -> None:
    class Dear(ByHand):
        def evaluations(self, operator: str, n: int, m: int) -> int | None:
            return 10**12

    bench = Tool()
    assert prepared(bench, "value", SCALAR, Dear()).route == "native"


@pytest.mark.parametrize(("budget_s", "fits"), [(1e6, True), (1e-9, False)])
def test_a_forecast_is_the_primal_times_the_evaluations(budget_s: float, fits: bool) -> None:
    class Linear(ByHand):
        def evaluations(self, operator: str, n: int, m: int) -> int | None:
            return n * m if operator == "jacobian" else None

    if fits:
        assert prepared(Tool(), "jacobian", VECTOR, Linear(), budget_s).route == "native"
    else:
        with pytest.raises(Declined, match=r"4 primal evaluations a call, .* ms each: forecast"):
            prepared(Tool(), "jacobian", VECTOR, Linear(), budget_s)
    assert prepared(Tool(), "jvp", VECTOR, Linear(), 1e-9).route == "native"


def test_a_method_may_decline_an_operator_by_its_numbers() -> None:
    class Declining(ByHand):
        def declines(self, operator: str, n: int, m: int) -> str | None:
            return f"{operator}: {n} by {m}" if operator == "jacobian" else None

    with pytest.raises(Declined, match="jacobian: 2 by 2"):
        prepared(Tool(), "jacobian", VECTOR, Declining())
    assert prepared(Tool(), "vjp", VECTOR, Declining()).route == "native"


def test_what_no_way_leads_to_is_unsupported() -> None:
    method = type("Bare", (ByHand,), {"lacks": ("jvp", "vjp")})()
    with pytest.raises(Unsupported, match="no jvp"):
        prepared(Tool(), "jvp", VECTOR, method)


@pytest.mark.parametrize("operator", ["value", "jacobian"])
def test_the_bench_certifies_and_outlines_and_finds_again(
    operator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path))
    address, where = pack(VECTOR, REGISTRY.origins), points(VECTOR).check
    assert Tool().outline(address, where) == ((), ())
    first = Tool().certify(address, where, operator)
    monkeypatch.setattr(lookup, "certify", lambda *case: pytest.fail("certified again"))
    again = Tool().certify(address, where, operator)
    np.testing.assert_array_equal(first.high, again.high)


def test_what_is_not_a_problem_has_no_reference() -> None:
    with pytest.raises(GradiometerError, match="'by-hand' is not a problem"):
        Tool().outline(pack(ByHand(), {}), points(VECTOR).check)


def test_a_cell_that_was_not_calibrated_cannot_be_sampled() -> None:
    bench = Tool()
    prepared(bench, "vjp", VECTOR, ByHand())
    with pytest.raises(GradiometerError, match="was not calibrated"):
        bench.sample("vjp", 1)
    loops, _ = bench.calibrate("vjp", points(VECTOR).check, 0.0001)
    assert bench.sample("vjp", loops).wall_s > 0.0
    bench.drop()
    with pytest.raises(GradiometerError, match="was not calibrated"):
        bench.sample("vjp", 1)
