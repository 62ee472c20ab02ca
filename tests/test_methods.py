"""Every method on every problem, for real: certified to what it promises, in its own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gradiometer
from gradiometer import Options, plugins
from gradiometer.measure.fleet import Fleet
from gradiometer.measure.shipping import pack
from gradiometer.registry import Registry

REGISTRY = plugins.load()
METHODS = list(REGISTRY.methods)
PROBLEMS = list(REGISTRY.problems)
CORE = {
    "backprop", "forward-difference", "central-difference", "complex-step", "sympy",
    "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
    "jax", "jax-jit", "jax-forward", "jax-linearize",
}  # fmt: skip
COMPILED = [m for m in METHODS if m.startswith(("jax", "tensorflow"))]
"""Methods that compile for seconds: all operators on some problems, one of each tool on all."""

LIGHT = [m for m in METHODS if m not in COMPILED]
ONE_EACH = ["jax-jit", "tensorflow-function"]
SOME = ["sigmoid-affine", "log-sum-exp", "polar-coordinates"]
MEASURED = [
    (m, p) for m in METHODS for p in PROBLEMS if m in (*LIGHT, *ONE_EACH) or p in (*SOME, "mlp")
]
LARGEST = "64-256-256-10x64"
MAY_LACK = {
    "unsupported": ("complex step", "hand-coded", "linalg.", "has no", "Forward mode", "nested"),
    "skipped": ("forecast", "not attempted", "is zero"),
}
"""What a cell that is not right may say, by its status."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Agreement of all cells of the runs below, untimed."""
    options, results = Options(rounds=0, budget_s=2.0), tmp_path_factory.mktemp("results")
    first = ("gradient", "jacobian")
    runs = [
        gradiometer.run(
            methods=LIGHT, everything=True, quick=True, options=options, results=results
        ),
        gradiometer.run(SOME, COMPILED, everything=True, quick=True, options=options,
                        results=results),
        gradiometer.run([p for p in PROBLEMS if p not in SOME], ONE_EACH, operators=first,
                        quick=True, options=options, results=results),
        gradiometer.run("mlp", sizes=LARGEST, operators="gradient", options=options,
                        results=results),
    ]  # fmt: skip
    for run in runs:
        assert len(run.records) == run.planned
    records = pd.concat([run.records for run in runs])
    return records.set_index(["method", "problem", "size", "operator"]).sort_index()


def test_the_core_methods_are_all_there() -> None:
    assert set(METHODS) >= CORE


def test_every_cell_has_exactly_one_record(records: pd.DataFrame) -> None:
    assert records.index.is_unique
    assert set(records.index.get_level_values("method")) == set(METHODS)
    assert set(records.index.get_level_values("problem")) == set(PROBLEMS)


@pytest.mark.parametrize(("method", "problem"), MEASURED)
def test_every_answer_keeps_its_promise_or_the_record_says_why_there_is_none(
    records: pd.DataFrame, method: str, problem: str
) -> None:
    for cell in records.loc[(method, problem)].itertuples():
        if cell.status == "ok":
            rounding = -np.log10(8 * 2.0**-53 * cell.condition)
            assert cell.digits >= min(cell.promise, rounding), cell
        else:
            assert any(word in cell.reason for word in MAY_LACK[cell.status]), cell


@pytest.mark.parametrize("method", [*LIGHT, *ONE_EACH])
def test_every_method_has_the_first_derivative_of_every_problem_or_lacks_an_operation(
    records: pd.DataFrame, method: str
) -> None:
    for problem in REGISTRY.problems.values():
        operator = "jacobian" if problem.outputs else "gradient"
        cell = records.loc[(method, problem.name, problem.labels[0], operator)]
        assert cell["status"] == "ok" or "linalg." in cell["reason"], cell["reason"]


@pytest.mark.parametrize("method", ["jax-jit", "pytorch-func", "tensorflow-function", "sympy"])
def test_what_a_tool_has_a_way_of_its_own_for_is_native(records: pd.DataFrame, method: str) -> None:
    assert set(records.loc[method]["route"]) == {"native"}


def test_what_a_method_has_not_is_derived_and_marked(records: pd.DataFrame) -> None:
    routes = records["route"]
    assert routes["backprop", "sigmoid-affine", "", "jvp"] == "gradient"
    assert routes["backprop", "mlp-outputs", "2-3-2", "jvp"] == "2 vjps"
    assert routes["central-difference", "polar-coordinates", "", "vjp"] == "2 jvps"


def test_a_none_for_an_input_that_is_not_used_is_noted(records: pd.DataFrame) -> None:
    assert "None returned" in records["reason"]["pytorch", "log-cos-exp-sin-chain", "", "hvp"]


@pytest.mark.parametrize("method", ["sympy", "forward-difference", "jax-forward"])
def test_a_method_too_slow_for_the_largest_network_declines_with_a_forecast(
    records: pd.DataFrame, method: str
) -> None:
    record = records.loc[(method, "mlp", LARGEST, "gradient")]
    assert record["status"] == "skipped"
    assert "89,09" in record["reason"]


@pytest.mark.parametrize("method", [n for n, m in REGISTRY.methods.items() if m.package])
def test_cold_figures_of_a_library_are_kept_apart(records: pd.DataFrame, method: str) -> None:
    record = records.loc[(method, "sigmoid-affine", "", "gradient")]
    assert record["import_s"] > 0.01
    assert record["prepare_s"] > 0
    assert record["first_s"] > 0


Answers = Callable[[str, str], list[np.ndarray]]

PUBLISHED = {
    "product-of-sum": ([-4.0, -4.0, 3.0], 3),
    "sigmoid-affine": ([0.00273, 0.00182, 0.00091], 5),
    "log-cos-exp-sin-chain": (
        [-0.646, 4.830, 0.476, -0.211, 1.0, None, 4.552, 2.415, -0.139, 0.864],
        3,
    ),
    "cos-exp-sin-chain": (
        [2.281, -17.060, -1.683, 0.745, 5.246, -16.079, -8.530, 0.489],
        3,
    ),
}
"""The sources' printed figures of the gradient (`None` where a source prints none), decimals."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Return the answer of a method to a problem's gradient, from the method's own worker."""
    registry: Registry = REGISTRY
    with Fleet(tmp_path_factory.mktemp("logs"), threads=1) as fleet:

        @cache
        def answer(name: str, problem_name: str) -> list[np.ndarray]:
            method, problem = registry.methods[name], registry.problems[problem_name]
            ticket, worker = pack(method, registry.origins), fleet.worker(method.tool)
            worker.ask("open", 60.0, ticket=ticket, threads=1)
            worker.ask(
                "prepare",
                60.0,
                key=name + problem_name,
                method=ticket,
                problem=pack(problem, registry.origins),
                op="gradient",
                point=problem.preparation_point(),
                budget_s=5.0,
            )
            found = worker.ask("answer", 60.0, key=name + problem_name, point=problem.point())
            return found.arrays

        yield answer


@pytest.mark.parametrize("problem", PUBLISHED)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_reproduces_the_published_figures(
    answers: Answers, method: str, problem: str
) -> None:
    printed, decimals = PUBLISHED[problem]
    found = answers(method, problem)
    for figure, part in zip(printed, found, strict=True):
        if figure is not None:
            # Half a unit for the source's rounding, the rest for the error of differences.
            assert float(part) == pytest.approx(figure, abs=0.51 * 10.0**-decimals)


def test_the_folder_of_methods_holds_no_file_named_like_a_library() -> None:
    stems = {path.stem for path in plugins.built_in("methods").glob("*.py")}
    packages = {m.package for m in REGISTRY.methods.values() if m.package}
    assert not stems & packages
    assert Path(plugins.built_in("methods")).is_dir()
