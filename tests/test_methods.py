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
CASES = [(p.name, label) for p in REGISTRY.problems.values() for label in p.labels]
LARGE = {"10-50-50-1x32", "64-256-256-10x64"}
CORE = {
    "backprop", "forward-difference", "central-difference", "complex-step", "sympy",
    "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
    "jax", "jax-jit", "jax-forward",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Agreement of every planned cell, untimed."""
    options = Options(rounds=0, budget_s=2.0)
    run = gradiometer.run(options=options, results=tmp_path_factory.mktemp("results"))
    return run.records.set_index(["method", "problem", "size", "operator"]).sort_index()


def test_the_core_methods_are_all_there() -> None:
    assert set(METHODS) >= CORE


def test_every_planned_cell_has_exactly_one_record(records: pd.DataFrame) -> None:
    assert len(records) == len(METHODS) * len(CASES) * 2
    assert records.index.is_unique


@pytest.mark.parametrize("operator", ["value", "gradient"])
@pytest.mark.parametrize(("problem", "size"), CASES)
@pytest.mark.parametrize("method", METHODS)
def test_every_answer_keeps_its_promise_or_the_method_says_why_it_declines(
    records: pd.DataFrame, method: str, problem: str, size: str, operator: str
) -> None:
    record = records.loc[(method, problem, size, operator)]
    if record["status"] == "skipped":
        assert size in LARGE
        assert "forecast" in record["reason"]
    else:
        assert record["status"] == "ok", record["reason"]
        assert record["digits"] >= record["promise"]


@pytest.mark.parametrize(("problem", "size"), CASES)
@pytest.mark.parametrize("method", [n for n, m in REGISTRY.methods.items() if m.exact])
def test_every_exact_method_has_twelve_digits(
    records: pd.DataFrame, method: str, problem: str, size: str
) -> None:
    record = records.loc[(method, problem, size, "gradient")]
    assert record["status"] == "skipped" or record["digits"] >= 12


@pytest.mark.parametrize(("problem", "size"), [c for c in CASES if c[1] not in LARGE])
@pytest.mark.parametrize("method", METHODS)
def test_no_method_declines_a_small_case(
    records: pd.DataFrame, method: str, problem: str, size: str
) -> None:
    assert records.loc[(method, problem, size, "gradient"), "status"] == "ok"


@pytest.mark.parametrize("method", ["sympy", "forward-difference", "jax-forward"])
def test_a_method_too_slow_for_the_largest_network_declines_with_a_forecast(
    records: pd.DataFrame, method: str
) -> None:
    record = records.loc[(method, "mlp", "64-256-256-10x64", "gradient")]
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
            return worker.ask("answer", 60.0, key=name + problem_name, point=problem.point())

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
