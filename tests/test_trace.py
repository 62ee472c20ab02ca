"""Intermediate values and their adjoints: certified, named, and beside those by hand."""

from __future__ import annotations

import inspect
import json
import linecache
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiometer
from gradiometer.errors import GradiometerError, ReferenceFailure
from gradiometer.intermediates.matching import DERIVATIVES
from gradiometer.intermediates.rows import Row
from gradiometer.plugins.registry import Registry
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.point import Argument
from gradiometer.vocabulary.problem import Problem

# What the source documents print.
CHAIN_FORWARD = {
    "f0": 1.230,
    "h1": 0.942,
    "f1": 1.623,
    "h2": 5.068,
    "f2": 7.137,
    "h3": 0.657,
    "f3": 2.372,
}
PRINTED: dict[str, tuple[int, dict[str, float], dict[str, float]]] = {
    "log-cos-exp-sin-chain": (
        3,
        CHAIN_FORWARD | {"h4": 0.864},
        {
            "h3": -0.632, "f2": 0.476, "h2": 0.953, "f1": 4.830, "h1": -1.932, "f0": -0.646,
            "beta4": 1.0, "omega4": 0.864, "beta3": -0.211, "omega3": -0.139, "beta2": 0.476,
            "omega2": 2.415, "beta1": 4.830, "omega1": 4.552, "beta0": -0.646,
        },
    ),
    "cos-exp-sin-chain": (
        3,
        CHAIN_FORWARD,
        {
            "f3": 0.745, "h3": 2.234, "f2": -1.683, "h2": -3.366, "f1": -17.060, "h1": 6.824,
            "f0": 2.281, "beta3": 0.745, "omega3": 0.489, "beta2": -1.683, "omega2": -8.530,
            "beta1": -17.060, "omega1": -16.079, "beta0": 2.281,
        },
    ),
    "product-of-sum": (0, {"q": 3.0, "f": -12.0}, {"x": -4.0, "y": -4.0, "z": 3.0, "q": -4.0}),
    "sigmoid-affine": (
        5,
        {"z": 7.0, "y": 0.99909},
        {"z": 0.00091, "x": 0.00273, "a": 0.00182, "b": 0.00091},
    ),
}  # fmt: skip


def load(registry: Registry, name: str) -> Problem:
    return registry.problems[name].address.load()  # type: ignore[union-attr]


def scalar(figure: Any) -> float:
    (value,) = figure.components.high
    return float(value)


@pytest.mark.parametrize("name", PRINTED)
def test_every_figure_that_a_source_prints_is_in_the_table(registry: Registry, name: str) -> None:
    decimals, values, slopes = PRINTED[name]
    done = gradiometer.trace(load(registry, name))
    found = {key: round(scalar(done[key].value), decimals) for key in values}
    assert found == values
    assert {key: round(scalar(done[key].adjoint), decimals) for key in slopes} == slopes


def test_mlp_has_the_values_and_derivatives_of_every_layer(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "mlp"), size="10-50-50-1x32")
    shapes = {row.name: row.adjoint.shape for row in done.rows if row.kind != "input"}
    layers = dict.fromkeys(("a₁", "h₁", "a₂", "h₂"), (32, 50))
    assert layers.items() <= shapes.items()
    assert done["h₁"].by_hand is not None
    assert done["a₂"].adjoint_by_hand is not None
    assert done.right


def test_no_pass_that_comes_along_is_called_wrong(registry: Registry) -> None:
    done = {name: gradiometer.trace(load(registry, name)) for name in registry.problems}
    assert {name: each.remark for name, each in done.items() if not each.right} == {}
    assert all(each.by_hand for each in done.values())


@pytest.mark.parametrize("name", ["prelu-chain", "black-scholes", "lotka-volterra"])
def test_what_flows_back_into_a_value_adds_up_to_its_adjoint(registry: Registry, name: str) -> None:
    rows = gradiometer.trace(load(registry, name)).rows
    for k, row in enumerate(rows):
        flows = [scalar(other.flows[k]) for other in rows if k in other.flows]
        if flows and row.kind != "output":
            size = max(map(abs, flows))
            assert sum(flows) == pytest.approx(scalar(row.adjoint), rel=0, abs=1e-14 * size)


@pytest.mark.parametrize("name", ["prelu-chain", "gaussian-process", "softmax-cross-entropy"])
def test_adjoints_of_inputs_are_the_certified_gradient(registry: Registry, name: str) -> None:
    problem = load(registry, name)
    done = gradiometer.trace(problem)
    truth = certify(problem, Argument(done.point), "gradient")
    found = np.concatenate([r.adjoint.components.high for r in done.rows if r.kind == "input"])
    assert (found == truth.high).all()


def loop(x: Any, y: Any) -> Any:
    """L = …."""
    total = 0.0
    parts = []
    for k in range(2):
        total = total + np.exp(x[k])
        parts.append(total * y)
    kept = {"last": parts[-1] - parts[0]}
    return kept["last"] / y


def rebound(x: Any) -> Any:
    y = x
    x = np.sin(x)
    x = np.cos(x)
    return x * y


def _squared(z: Any) -> Any:
    half = z / 2.0
    return half * half


def helped(x: Any) -> Any:
    w = _squared(3.0 * x)
    return np.log(w)


def in_place(x: Any) -> Any:
    y = np.zeros(2)
    y[0] = x
    y[1] = np.exp(y[0])
    y *= 2.0
    return np.sum(y)


FUNCTIONS: list[tuple[Callable[..., Any], list[Any], list[str]]] = [
    (loop, [np.array([0.1, 0.2]), 3.0], [
        "x", "y", "exp(x[0])", "total₁", "exp(x[1])", "total₂", "parts[1]", "parts[0]",
        "kept['last']", "L",
    ]),
    (rebound, [0.3], ["x", "x₁", "x₂", "x₂*x"]),
    (helped, [0.3], ["x", "_squared.z", "_squared.half", "w", "log(w)"]),
    (in_place, [0.3], ["x", "y₂", "exp(y₂[0])", "y₃", "y₄", "sum(y₄)"]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args", "names"), FUNCTIONS)
def test_names_are_those_of_the_variables(
    function: Callable[..., Any], args: list[Any], names: list[str]
) -> None:
    assert [row.name for row in gradiometer.trace(function, *args).rows] == names


def test_what_has_no_variable_is_named_by_its_operation() -> None:
    done = gradiometer.trace(lambda x, y: np.exp(-(x**2) / (2.0 - y)) * (x - y) / y, 0.5, 0.25)
    assert [row.name for row in done.rows][2:] == [
        "x**2", "-x**2", "2 - y", "-x**2/(2 - y)", "exp(-x**2/(2 - y))", "x - y",
        "exp(-x**2/(2 - y))*(x - y)", "exp(-x**2/(2 - y))*(x - y)/y",
    ]  # fmt: skip


def test_long_operations_are_numbered() -> None:
    def long(x: Any) -> Any:
        return np.exp(np.sin(np.cos(np.tanh(np.sqrt(np.log1p(x + 1.0) + x)))))

    rows = gradiometer.trace(long, 0.5).rows
    assert [row.name for row in rows][-2:] == ["v8", "exp(v8)"]
    assert rows[-2].operation == "sin(cos(tanh(sqrt(log1p(x + 1) + x))))"


def test_an_assignment_is_told() -> None:
    assert gradiometer.trace(in_place, 0.3)["y₃"].operation == "y₂ ← exp(y₂[0])"


def test_with_full_every_operation_has_a_row(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "product-of-sum"), full=True)
    assert len(done.rows) == 5
    chain = gradiometer.trace(load(registry, "cos-exp-sin-chain"), full=True)
    assert {"omega0*x", "f0"} <= {row.name for row in chain.rows}


FAULTS: dict[str, tuple[str, str, set[str]]] = {
    "sign": ("-math.sin(f2)", "math.sin(f2)", {"f2", "f1", "f0", "beta2"}),
    "factor": ("df3 = 2.0 * (", "df3 = (", {"f3", "f2", "f1", "f0", "beta3"}),
    "forward": ("h1 = math.sin(f0)", "h1 = math.sin(f0) + 1e-9", {"h1"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_local_is_marked(registry: Registry, fault: str) -> None:
    problem = load(registry, "cos-exp-sin-chain")
    before, after, names = FAULTS[fault]
    assert problem.backward is not None
    code = problem.backward.__code__
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno :]
    source = "".join(inspect.getblock(lines)).replace("def _(", "def by_hand(")
    assert before in source
    scope: dict[str, Any] = {"math": math}
    exec(compile(source.replace(before, after), __file__, "exec"), scope)
    broken = replace(problem, derivatives={"gradient": scope["by_hand"]})
    done = gradiometer.trace(broken)
    assert not done.right
    assert names <= {row.name for row in done.rows if row.wrong}
    assert "WRONG: by_hand holds other numbers at" in repr(done)


def neuron(w: Any, x: Any) -> Any:
    z = w @ x
    y = np.tanh(z)
    return 0.5 * y * y


def neuron_backward(w: Any, x: Any) -> Any:
    z = w @ x
    dy = np.tanh(z)
    dydz = 1.0 - dy * dy
    z_bar = dy * dydz
    return z_bar * x, z_bar * w


def test_a_backward_pass_of_an_own_function_is_laid_beside() -> None:
    args = np.array([0.5, -0.25]), np.array([1.0, 3.0])
    done = gradiometer.trace(neuron, *args, gradient=neuron_backward)
    assert done.right
    found = {row.name: row.adjoint_by_hand for row in done.rows}
    assert {name: each.variable for name, each in found.items() if each} == {
        "w": "", "x": "", "z": "z_bar", "y": "dy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gradient", "told"),
    [
        (lambda w, x: x, "returned 1 derivatives, 2 expected: one an input"),
        (
            lambda w, x: (x, 1.0),
            "the derivative in x is of shape (), an array of shape (2,) expected",
        ),
    ],
)
def test_what_does_not_fit_is_wrong(gradient: Any, told: str) -> None:
    done = gradiometer.trace(neuron, np.ones(2), np.ones(2), gradient=gradient)
    assert told in done.remark
    assert not done.right


def test_of_several_outputs_the_sum_or_one_is_differentiated(registry: Registry) -> None:
    problem = load(registry, "polar-coordinates")
    both, one = gradiometer.trace(problem), gradiometer.trace(problem, output="r")
    assert (both.of, one.of) == ("Σ", "r")
    parts = [gradiometer.trace(problem, output=name) for name in problem.outputs]
    summed = sum(scalar(each["x"].adjoint) for each in parts)
    assert summed == pytest.approx(scalar(both["x"].adjoint), rel=1e-14)
    assert all(each.right for each in (both, one, *parts))


def test_a_component_of_an_output_is_differentiated(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "mlp-outputs"), output="y[1]")
    assert done["b2"].adjoint.components.high.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("output", ["s", "y[9]", "value"])
def test_other_outputs_are_refused(registry: Registry, output: str) -> None:
    with pytest.raises(GradiometerError, match="output of 'mlp-outputs'"):
        gradiometer.trace(load(registry, "mlp-outputs"), output=output)


def test_a_kink_is_refused_and_a_harmless_tie_is_told() -> None:
    with pytest.raises(ReferenceFailure, match="kink"):
        gradiometer.trace(lambda x: np.abs(x) * 2.0, 0.0)
    done = gradiometer.trace(lambda x: np.maximum(x, 0.0) ** 2, 0.0)
    assert "could have come out otherwise" in done.note


def test_what_is_not_a_function_is_refused() -> None:
    counted = iter(range(9))
    with pytest.raises(GradiometerError, match="two evaluations at one point differ"):
        gradiometer.trace(lambda x: x * next(counted), 1.0)


def test_a_value_that_is_not_finite_is_told(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "where-trap"))
    assert "not finite" in repr(done)
    assert "derivative is not finite" not in repr(done)
    assert done.right
    infinite = gradiometer.trace(lambda x: np.sqrt(x) * 2.0, 0.0)
    assert "The derivative is not finite in x: choose another point." in repr(infinite)


def test_numbers_of_float32_are_judged_as_such(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "prelu-chain"), dtype="float32")
    assert done.right
    assert done.point.dtype == "float32"


def test_a_problem_takes_no_arguments(registry: Registry) -> None:
    with pytest.raises(GradiometerError, match="is a problem, which has a point"):
        gradiometer.trace(load(registry, "product-of-sum"), 1.0)


@pytest.mark.parametrize(
    ("gradient", "told"),
    [(np.ones(2), "gradient is ndarray, not a fun"), (dict, "dict is a class")],
)
def test_a_gradient_that_is_no_function_is_refused(gradient: Any, told: str) -> None:
    with pytest.raises(GradiometerError, match=told):
        gradiometer.trace(lambda x: np.sum(x * x), np.ones(2), gradient=gradient)


def test_html_markdown_and_data_hold_the_rows(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "product-of-sum"))
    assert "<td>q</td><td>3</td><td>-4</td>" in done._repr_html_()
    assert "| q | 3 | -4 | 3 | -4 | q right, dq right | x + y |" in done.markdown()
    told = json.loads(json.dumps(done.as_dict()))
    (row,) = (each for each in told["rows"] if each["name"] == "q")
    assert row["components"] == [
        {
            "component": "q",
            "value": "3",
            "radius": 0.0,
            "derivative": "-4",
            "derivative_radius": 0.0,
        }
    ]
    assert (told["right"], row["derivative_by_hand"]["variable"]) == (True, "dq")


def test_no_more_digits_are_shown_than_are_certain() -> None:
    from gradiometer.intermediates.telling import certain
    from gradiometer.vocabulary.enclosure import Enclosure

    def shown(high: float, radius: float) -> str:
        parts = (np.array([x]) for x in (high, 0.0, radius, 0.0))
        return certain(Enclosure(*parts, 192))

    assert shown(1 / 3, 1e-30) == "0.33333333333333331"
    assert shown(1 / 3, 1e-5) == "0.3333"
    assert shown(1e-9, 1e-5) == "0 ± 1e-05"


def test_a_trace_leaves_the_tracer_as_it_was() -> None:
    import sys

    before = sys.gettrace()
    with pytest.raises(ReferenceFailure):
        gradiometer.trace(lambda x: np.log(x) * 2.0, -1.0)
    assert sys.gettrace() is before


def test_rows_are_found_by_their_names(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "product-of-sum"))
    assert isinstance(done["q"], Row)
    with pytest.raises(KeyError):
        done["nothing"]


def test_the_docs_have_the_names_of_derivatives() -> None:
    page = (Path(__file__).parents[1] / "docs/trace.md").read_text(encoding="utf-8")
    told = re.search(r"`h1` is the value of `h1`;(.*?)are", page, re.DOTALL)
    assert told is not None
    names = re.findall(r"`(\w+)`", told.group(1))
    for pattern in DERIVATIVES:
        assert any(re.fullmatch(pattern.format("f0"), name) for name in names)
    for name in names:
        assert any(re.fullmatch(pattern.format("f0"), name) for pattern in DERIVATIVES)


def powers(x: Any) -> Any:
    p = x
    for _ in range(3):
        p = p * x
    return p * 2.0


def powers_backward(x: Any) -> Any:
    p = [x]
    for _ in range(3):
        p.append(p[-1] * x)
    dp, dx = 2.0, 0.0
    for k in reversed(range(3)):
        dx = dx + dp * p[k]
        dp = dp * x * 1.0
    return dx + dp


def test_what_is_bound_again_is_matched_in_reverse() -> None:
    done = gradiometer.trace(powers, 1.5, gradient=powers_backward)
    held = {row.name: (row.by_hand, row.adjoint_by_hand) for row in done.rows}
    found = {k: tuple(each and each.variable for each in pair) for k, pair in held.items()}
    assert found["p₃"] == ("p[3]", "dp₁")
    assert found["p₁"] == ("p[1]", "dp₃")
    assert done.right


def test_the_symmetric_form_counts_as_right_where_cholesky_reads(registry: Registry) -> None:
    done = gradiometer.trace(load(registry, "gaussian-process"))
    assert done["K"].adjoint_by_hand is not None
    assert "of its lower triangle" in done.note


def shared(x: Any) -> Any:
    h = np.sin(x)
    return h * np.exp(h)


def shared_backward(x: Any) -> Any:
    h = np.sin(x)
    dh = np.exp(h)
    dh += h * np.exp(h)
    return dh * np.cos(x)


def shared_backward_wrong(x: Any) -> Any:
    h = np.sin(x)
    dh = np.exp(h)
    dh += np.exp(h)
    return dh * np.cos(x)


def test_what_is_added_up_is_judged_at_last() -> None:
    done = gradiometer.trace(shared, 0.5, gradient=shared_backward)
    found = done["h"].adjoint_by_hand
    assert found is not None
    assert (found.variable, found.wrong, done.right) == ("dh₂", 0, True)
    broken = gradiometer.trace(shared, 0.5, gradient=shared_backward_wrong)
    assert [row.name for row in broken.rows if row.wrong] == ["x", "h"]
