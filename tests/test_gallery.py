"""Functions as people write them, taken as they stand: certified, and differentiated by tools."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer import Problem, Target
from gradiometer.plugins.loader import load
from gradiometer.plugins.own import Arguments, Called
from gradiometer.reference.lookup import certified, outline
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.point import Points
from gradiometer.worker.tool import PreparedCell

GALLERY = Path(__file__).parent / "gallery"
FUNCTIONS = {
    "notebooks": (
        "neuron", "chain", "branchy", "absolute_and_extremes", "squares", "polynomial", "memoised",
        "own_memo", "recursive", "newton", "decorated", "other_file", "of_an_instance",
        "numpy_scalars", "power", "cubed", "comprehension", "several", "named", "vector",
        "where_tools_fail",
    ),
    "networks": (
        "mlp", "softmax_cross_entropy", "one_hot", "logistic", "cnn", "attention", "rnn",
        "of_a_dataclass", "model", "batch_norm", "kmeans", "hinge", "dropout_mask",
    ),
    "sciences": (
        "euler", "runge_kutta", "cholesky_by_hand", "gp_likelihood", "dft", "log_sum_exp",
        "reshuffled", "in_place", "potential", "mixture", "heat", "order_statistics", "inverse",
        "vectorised", "meshes", "masked", "signal", "kalman", "rotation",
    ),
    "idioms": (
        "nested_lists", "swaps", "indices", "iterators", "generators", "layers", "micrograd",
        "named_tuple", "frozen", "counting", "made", "matching", "flats", "outs", "special",
        "elimination", "gram_schmidt", "windows", "pairwise",
    ),
}  # fmt: skip
AT = {"power": ("x=1.1",), "model": ("x=[0.1, 0.2, 0.3]",)}
WRT = {"mlp": ("params",), "logistic": ("w",), "runge_kutta": ("theta",)}
NAMES = [(file, name) for file, names in FUNCTIONS.items() for name in names]
STEP = 2e-5


@cache
def taken(file: str, name: str) -> tuple[Problem, Points]:
    """Return a function of the gallery as a problem, and its points."""
    path = GALLERY / f"{file}.py"
    at = AT.get(name, ())
    if f"def {name}_arguments" in path.read_text(encoding="utf-8"):
        at = (f"{path}:{name}_arguments",)
    problem = Called.named(f"{path}:{name}", Arguments(at, WRT.get(name, ()))).problem()
    return problem, problem.points(outline=lambda at: outline(problem, at))


def by_differences(problem: Problem, points: Points) -> Any:
    """Return the Jacobian by central differences of fourth order, of the function itself."""
    space, point = points.signature.inputs, points.declared.point

    def f(x: Any) -> Any:
        found = problem.function(np, *space.split(x).values(), **point.given)
        several = found if isinstance(found, tuple) else (found,)
        return np.concatenate([np.ravel(y) for y in several])

    x = space.flatten(point.inputs.values())
    columns = []
    for unit in np.eye(x.size):
        h = STEP * max(1.0, abs(unit @ x))
        near = f(x + h * unit) - f(x - h * unit)
        far = f(x + 2 * h * unit) - f(x - 2 * h * unit)
        columns.append((8.0 * near - far) / (12.0 * h))
    return np.array(columns).T


@pytest.mark.parametrize(("file", "name"), NAMES)
def test_the_gallery_is_certified(file: str, name: str) -> None:
    problem, points = taken(file, name)
    truth = certified(problem, points.declared, "jacobian" if problem.outputs else "gradient")
    assert truth.high == pytest.approx(by_differences(problem, points).ravel(), rel=1e-6, abs=1e-7)
    assert (truth.radius <= 1e-25 * np.maximum(1.0, np.abs(truth.high))).all()


@cache
def method(name: str) -> Any:
    """Return a method that is set up."""
    found = load().methods[name].address.load()
    found.setup(Target())
    return found


def answer(name: str, problem: Problem, points: Points, asked: str) -> Any:
    """Return a method's answer at the declared point, prepared at another one."""
    tool = method(name)
    xp = tool.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(problem, wrapped, points.preparation.point, points.signature)
    route = prepare(tool, f, asked)
    found = PreparedCell(tool, operator(asked), route, points.signature).answer(points.declared)
    return np.concatenate([np.ravel(a) for a in found.arrays])


SAMPLED = {
    "central-difference": ("attention", "micrograd", "decorated"),
    "complex-step": ("in_place", "rnn", "cubed"),
    "sympy": ("branchy", "in_place"),
    "jax": ("decorated", "matching"),
    "jax-jit": (
        "branchy",
        "where_tools_fail",
        "softmax_cross_entropy",
        "in_place",
        "layers",
        "newton",
    ),
    "jax-forward": ("several", "vectorised"),
    "pytorch": ("cnn", "order_statistics", "swaps", "model", "gp_likelihood"),
    "pytorch-func": ("attention", "elimination"),
    "tensorflow": ("in_place", "pairwise", "mlp"),
    "tensorflow-function": ("branchy", "where_tools_fail", "rnn"),
}
CELLS = [(name, f) for name, functions in SAMPLED.items() for f in functions]


@pytest.mark.parametrize(("name", "function"), CELLS)
def test_methods_differentiate_the_gallery(name: str, function: str) -> None:
    ((file, _),) = [pair for pair in NAMES if pair[1] == function]
    problem, points = taken(file, function)
    asked = "jacobian" if problem.outputs else "gradient"
    truth = certified(problem, points.declared, asked)
    exact = method(name).exact
    least = 1e-10 if exact else 1e-5
    found = answer(name, problem, points, asked)
    assert found == pytest.approx(truth.high, rel=least, abs=least)


def test_a_recorded_graph_is_told_and_nan_where_no_branch_is_known() -> None:
    problem, points = taken("notebooks", "branchy")
    answer("jax-jit", problem, points, "value")
    assert "recorded graph" in problem.function.note  # type: ignore[attr-defined]
    answer("jax", problem, points, "value")
    assert problem.function.note == ""  # type: ignore[attr-defined]


def test_second_derivatives_of_a_function_as_it_stands() -> None:
    problem, points = taken("notebooks", "neuron")
    truth = certified(problem, points.declared, "hessian").high
    assert answer("jax-jit", problem, points, "hessian") == pytest.approx(truth, rel=1e-11)


def test_a_case_is_named_after_the_function() -> None:
    problem, _ = taken("notebooks", "own_memo")
    assert Case(problem.name, "", "gradient", "float64").id.startswith("own-memo")
