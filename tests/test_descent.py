"""Descents through real workers: closed forms, drift, faults, and what is shown of them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gradiometer
from gradiometer import Descent, GradiometerError, problem
from gradiometer.descent import lead
from gradiometer.descent.descend import resume_descent
from gradiometer.descent.lead import Lead
from gradiometer.descent.settings import Settings
from gradiometer.descent.steps import RULES
from gradiometer.descent.trajectory import CERTIFIED, DESCENT, Trajectory
from gradiometer.errors import UnknownName
from gradiometer.runs.journal import append
from gradiometer.runs.schema import strict
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.outcome import Status

PLUGINS = Path(__file__).parent / "plugins"
PLUGIN = '''
import numpy as np

from gradiometer import problem

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 2.0]])
LOWEST = np.array([1.0, -2.0, 3.0])


def bowl(xp, s, x):
    d, e, f = s - 1.0, x[0] + 2.0, x[1] - 3.0
    return 2.0 * d * d + 1.5 * e * e + f * f + d * e + 0.5 * d * f


@problem(at={"s": 2.0, "x": [5.0, 7.0]})
def quadratic(xp, s, x):
    """f = ½(θ − θ*)ᵀA(θ − θ*), θ = (s, x)."""
    return bowl(xp, s, x)


@quadratic.backprop
def _(s, x):
    g = A @ (np.array([s, *x]) - LOWEST)
    return g[0], g[1:]


@quadratic.derivative("hessian")
def _(s, x):
    return A


@problem(at={"s": 1.0, "x": [-2.0, 3.0]})
def at_rest(xp, s, x):
    """The same, started at its minimum."""
    return bowl(xp, s, x)


@problem(at={"x": [0.5, 2.0]})
def runaway(xp, x):
    """f = −Σ x⁴, without a lower bound."""
    return -xp.sum(x * x * x * x)


@problem(at={"x": 2.0, "y": 3.0})
def plane(xp, x, y):
    """f = 3x − y, without curvature."""
    return 3.0 * x - y


@problem(at={"x": 0.5})
def cliff(xp, x):
    """f = log x, which ends at 0."""
    return xp.log(x)


@problem(at={"w": np.linspace(0.5, 1.5, 101)})
def many(xp, w):
    """f = ½·Σ w², of 101 inputs."""
    return 0.5 * xp.sum(w * w)


@problem(at={"x": 1.0}, outputs=("y", "z"))
def pair(xp, x):
    """Two outputs."""
    return x, 2.0 * x
'''
A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 2.0]])
LOWEST, START = np.array([1.0, -2.0, 3.0]), np.array([2.0, 5.0, 7.0])
NUMPY = ["backprop", "forward-difference", "central-difference", "complex-step"]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plugin") / "bowls.py"
    path.write_text(PLUGIN, "utf-8")
    return path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is descended out of the project's own results."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def bowl(plugin: Path) -> Descent:
    methods, results = [*NUMPY, "sympy"], plugin.parent / "results"
    return gradiometer.descend(
        "quadratic", methods, rate=0.1, steps=12, plugins=[plugin], results=results
    )


@pytest.fixture(scope="module")
def chart(bowl: Descent) -> Any:
    return bowl.chart()


def row(descent: Descent, rule: str, method: str) -> Any:
    rows = descent.methods
    (found,) = rows[(rows["rule"] == rule) & (rows["method"] == method)].itertuples()
    return found


def series(descent: Descent, rule: str, method: str, column: str) -> Any:
    frame = descent.frame
    return frame[(frame["rule"] == rule) & (frame["method"] == method)][column].to_numpy()


# What a descent is.


@pytest.mark.parametrize("method", [CERTIFIED, "backprop", "complex-step", "sympy"])
def test_the_losses_are_those_of_the_closed_form(bowl: Descent, method: str) -> None:
    powers = [np.linalg.matrix_power(np.eye(3) - 0.1 * A, k) @ (START - LOWEST) for k in range(13)]
    losses = [0.5 * d @ A @ d for d in powers]
    np.testing.assert_allclose(series(bowl, "gradient-descent", method, "loss"), losses, rtol=1e-12)


@pytest.mark.parametrize("method", [CERTIFIED, "backprop", "sympy"])
def test_newton_lands_in_one_step_also_where_the_hessian_comes_in_blocks(
    bowl: Descent, method: str
) -> None:
    losses = series(bowl, "newton", method, "loss")
    assert losses[0] > 100.0
    assert losses[1] < 1e-25


@pytest.mark.parametrize("method", ["backprop", "complex-step", "sympy"])
def test_exact_methods_stay_within_rounding_of_the_certified_trajectory(
    bowl: Descent, method: str
) -> None:
    assert series(bowl, "gradient-descent", method, "drift").max() < 1e-14


def test_differences_drift_as_far_as_their_error_goes(bowl: Descent) -> None:
    drift = {m: series(bowl, "gradient-descent", m, "drift").max() for m in NUMPY}
    assert 1e-10 < drift["forward-difference"] < 1e-5
    assert drift["backprop"] < drift["central-difference"] < drift["forward-difference"]
    assert series(bowl, "newton", "forward-difference", "drift")[1] > 1e-9


def test_all_start_at_the_same_point(bowl: Descent) -> None:
    starts = bowl.frame[bowl.frame["step"] == 0]
    assert set(starts["drift"]) == {0.0}
    assert len(set(starts["loss"])) == 1


def test_seconds_add_up_and_the_certified_trajectory_has_none(bowl: Descent) -> None:
    for (_, method), rows in bowl.frame.groupby(["rule", "method"]):
        if method == CERTIFIED:
            assert rows["seconds"].isna().all()
        else:
            assert rows["seconds"].iloc[0] == 0.0
            assert (rows["seconds"].diff().dropna() > 0.0).all()


def test_the_fastest_of_a_rule_has_the_ratio_one(bowl: Descent) -> None:
    rows = bowl.methods
    for _, ratios in rows.groupby("rule")["ratio"]:
        assert ratios.min() == 1.0
    ended = rows[(rows["status"] != "ok") | (rows["method"] == CERTIFIED)]
    assert ended["ratio"].isna().all()


def test_a_method_without_a_hessian_has_a_row_that_says_so(bowl: Descent) -> None:
    found = row(bowl, "newton", "complex-step")
    assert (found.status, found.steps, found.faulty) == ("unsupported", 0, False)
    assert found.reason == "Method 'complex-step' has no Hessian."


def test_every_method_has_one_row_a_rule(bowl: Descent) -> None:
    rows = bowl.methods
    assert len(rows) == len(RULES) * 6
    assert not rows.duplicated(["rule", "method"]).any()
    assert (rows[rows["reason"] == ""]["status"] == "ok").all()


@pytest.mark.usefixtures("in_this_process")
def test_the_default_rate_is_half_the_cauchy_step(plugin: Path) -> None:
    found = gradiometer.descend("quadratic", "backprop", steps=1, plugins=[plugin])
    g = A @ (START - LOWEST)
    assert found.facts["rate"] == pytest.approx(0.5 * (g @ g) / (g @ A @ g), rel=1e-14)


@pytest.mark.usefixtures("in_this_process")
def test_a_function_without_curvature_is_descended_all_the_same(plugin: Path) -> None:
    found = gradiometer.descend("plane", ["sympy", "central-*"], steps=5, plugins=[plugin])
    losses = series(found, "gradient-descent", "sympy", "loss")
    assert losses[-1] == pytest.approx(3.0 - 5 * found.facts["rate"] * 10.0)
    newton = row(found, "newton", "sympy")
    assert (newton.status, newton.faulty) == ("skipped", False)
    assert "the Hessian is singular" in newton.reason


@pytest.mark.usefixtures("in_this_process")
def test_newton_is_not_attempted_with_many_inputs(plugin: Path) -> None:
    found = gradiometer.descend("many", ["central-difference"], steps=3, plugins=[plugin])
    assert row(found, "gradient-descent", "central-difference").status == "ok"
    newton = row(found, "newton", "central-difference")
    assert newton.status == "skipped"
    assert newton.reason == "101 inputs: newton is not attempted beyond 100."
    assert CERTIFIED not in set(found.methods.query("rule == 'newton'")["method"])


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("sigmoid-affine", None), ("log-cos-exp-sin-chain", None), ("cos-exp-sin-chain", None),
        ("prelu-chain", "y=1"), ("product-of-sum", None), ("mlp", "2-3-1x1"),
    ],
)  # fmt: skip
def test_the_defaults_descend_the_problems_of_the_sources(name: str, size: str | None) -> None:
    found = gradiometer.descend(name, "backprop", size=size)
    done = row(found, "gradient-descent", "backprop")
    assert (done.status, done.steps) == ("ok", 100)
    losses = series(found, "gradient-descent", "backprop", "loss")
    scale = np.abs(losses[:-1])
    assert losses[-1] < losses[0] - 0.5 * abs(losses[0])
    assert (np.diff(losses) <= 1e-12 * np.maximum(scale, losses[0] * (losses[0] > 0))).all()


# Ends.


@pytest.mark.usefixtures("in_this_process")
def test_a_function_that_runs_away_is_no_fault_of_the_methods(plugin: Path) -> None:
    found = gradiometer.descend("runaway", "central-difference", rate=1.0, plugins=[plugin])
    true = row(found, "gradient-descent", CERTIFIED)
    done = row(found, "gradient-descent", "central-difference")
    assert true.status == done.status == "nonfinite"
    assert 0 < done.steps < 100
    assert "not finite" in done.reason
    assert done.reason.endswith(f"The certified trajectory ends at step {true.steps}.")
    assert np.isfinite(series(found, "gradient-descent", "central-difference", "loss")).all()
    assert not found.faulty


@pytest.mark.usefixtures("in_this_process")
def test_leaving_the_domain_is_no_fault_of_a_method_that_raises(plugin: Path) -> None:
    found = gradiometer.descend("cliff", "sympy", rate=0.1, plugins=[plugin])
    done = row(found, "gradient-descent", "sympy")
    assert (done.status, done.faulty) == ("error", False)
    assert done.steps == row(found, "gradient-descent", CERTIFIED).steps > 0


@pytest.mark.usefixtures("in_this_process")
def test_a_singular_hessian_ends_with_its_reason() -> None:
    found = gradiometer.descend("product-of-sum", ["sympy", "complex-step"], steps=2)
    true = row(found, "newton", CERTIFIED)
    assert (true.status, true.steps) == ("nonfinite", 0)
    assert true.reason == "the Hessian is singular to working precision at step 0."
    assert row(found, "newton", "sympy").status == "skipped"
    assert "takes no step" in row(found, "newton", "sympy").reason
    assert not found.faulty


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("rate", [None, 0.1])
def test_a_start_where_the_gradient_is_zero_has_nothing_to_descend(
    plugin: Path, rate: float | None
) -> None:
    found = gradiometer.descend("at-rest", "sympy", rate=rate, plugins=[plugin])
    assert set(found.methods["status"]) == {"skipped"}
    told = "the gradient is zero at the start: nothing to descend."
    assert set(found.methods["reason"]) == {told}
    assert not found.faulty
    assert found.frame.empty
    assert found.chart() is None


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Descent:
    results = tmp_path_factory.mktemp("faults")
    names = [
        "right", "zeros", "frozen", "nan", "wrong-shape", "raises-in-preparation", "raises-later",
        "exits", "hangs", "wavers", "lacks-an-operation", "needs-another-library",
    ]  # fmt: skip
    return gradiometer.descend(
        "sound", names, steps=150, rate=1e-3, timeout_s=3.0, plugins=[PLUGINS], results=results
    )


@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        ("right", "ok", ""),
        ("zeros", "disagrees", ""),
        ("frozen", "disagrees", ""),
        ("nan", "nonfinite", ""),
        ("wrong-shape", "disagrees", ""),
        ("raises-in-preparation", "error", "cannot trace this"),
        ("raises-later", "error", "RuntimeError: worn out"),
        ("exits", "crashed", "exit code 3"),
        ("hangs", "timeout", "took longer than 3 s"),
        ("wavers", "disagrees", "right at first, not"),
        ("lacks-an-operation", "unsupported", "no gradients on Sundays"),
        ("needs-another-library", "not-installed", "no_such_library_anywhere"),
    ],
)
def test_a_fault_costs_the_method_its_own_row(
    faults: Descent, method: str, status: str, reason: str
) -> None:
    done = row(faults, "gradient-descent", method)
    assert done.status == status, done.reason
    assert reason in done.reason
    assert done.faulty is (not Status(status).blameless)


def test_a_method_that_fails_on_its_way_keeps_its_steps(faults: Descent) -> None:
    steps = row(faults, "gradient-descent", "raises-later").steps
    assert 90 <= steps < 100
    right = series(faults, "gradient-descent", "right", "loss")
    kept = series(faults, "gradient-descent", "raises-later", "loss")
    np.testing.assert_array_equal(kept, right[: steps + 1])


@pytest.mark.usefixtures("in_this_process")
def test_a_broken_plugin_is_a_row(plugin: Path) -> None:
    found = gradiometer.descend(
        "quadratic", ["broken_at_import"], steps=2, plugins=[plugin, PLUGINS]
    )
    done = row(found, "gradient-descent", "broken_at_import")
    assert (done.status, done.faulty) == ("error", True)
    assert "moved away" in done.reason


@pytest.mark.usefixtures("in_this_process")
def test_time_that_is_up_keeps_the_steps_before(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead, "SLICE_S", 0.1)
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import time\n"
        "import numpy as np\n"
        "from gradiometer import Method, Namespace\n"
        "class Sleepy(Method):\n"
        "    name, mode = 'sleepy', 'manual'\n"
        "    def namespace(self):\n"
        "        return Namespace(np)\n"
        "    def array(self, a):\n"
        "        return a\n"
        "    def gradient(self, f):\n"
        "        def gradient(inputs, given):\n"
        "            time.sleep(0.05)\n"
        "            return f.problem.backward(*inputs, **given)\n"
        "        return gradient\n"
    )
    found = gradiometer.descend("quadratic", "sleepy", timeout_s=0.5, plugins=[plugin, slow])
    done = row(found, "gradient-descent", "sleepy")
    assert done.status == "timeout"
    assert 3 <= done.steps < 11
    assert done.reason == f"{done.steps} of 100 steps took 0.5 s."


def test_a_crash_is_a_fault_also_where_the_certified_trajectory_ends(tmp_path: Path) -> None:
    falls = tmp_path / "falls.py"
    falls.write_text(
        "from gradiometer import problem\n"
        "@problem(at={'x': 2.0, 'y': 3.0})\n"
        "def falls(xp, x, y):\n"
        "    return -xp.exp(x * y)\n"
        "@falls.backprop\n"
        "def _(x, y):\n"
        "    import math\n"
        "    return -y * math.exp(x * y), -x * math.exp(x * y)\n"
    )
    found = gradiometer.descend("falls", ["aborts", "right"], rate=1e-4, plugins=[falls, PLUGINS])
    assert row(found, "gradient-descent", CERTIFIED).status == "nonfinite"
    assert row(found, "gradient-descent", "right").faulty is False
    done = row(found, "gradient-descent", "aborts")
    assert (done.status, done.faulty) == ("crashed", True)


# What is refused.


def test_a_vector_problem_is_refused_with_a_list_of_those_that_fit(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match="'pair' has no loss to descend") as caught:
        gradiometer.descend("pair", plugins=[plugin])
    told = str(caught.value)
    assert "its outputs are y, z" in told
    assert {"mlp", "rosenbrock", "quadratic"} <= set(told.rstrip(".").replace(",", "").split())
    assert "robot-arm" not in told


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("rosenbrok", {}, "Did you mean 'rosenbrock'"),
        ("mlp", {"methods": "jx-jit"}, "Did you mean 'jax-jit'"),
        ("mlp", {"size": "2-3-1"}, "Unknown size of problem 'mlp' '2-3-1'"),
        ("mlp", {"steps": 0}, "steps is 0: expected 1 or more"),
        ("mlp", {"rate": 0.0}, "rate is 0: expected a finite number above 0"),
        ("mlp", {"rate": math.nan}, "rate is nan"),
        ("mlp", {"rate": math.inf}, "rate is inf"),
        ("mlp", {"threads": 0}, "threads is 0"),
        ("mlp", {"seed": -1}, "seed is -1"),
        ("mlp", {"timeout_s": -1.0}, "timeout is -1 s: expected more than 0"),
    ],
)
def test_a_mistake_is_an_error_that_says_what_was_expected(
    name: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(GradiometerError, match=told):
        gradiometer.descend(name, **options)


def test_an_unknown_problem_is_a_name_error_of_ours() -> None:
    with pytest.raises(UnknownName):
        gradiometer.descend("nothing*")


def test_several_problems_are_refused() -> None:
    with pytest.raises(GradiometerError, match=r"'\*' names \d+ problems: .* Name one\."):
        gradiometer.descend("*")


# What is kept.


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("ended", [1, 4])
def test_a_descent_that_was_cut_off_is_taken_up(
    ended: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trajectories = Lead.trajectories

    def cut_off(self: Lead, *given: Any) -> Any:
        for number, each in enumerate(trajectories(self, *given)):
            if number == ended:
                raise KeyboardInterrupt
            yield each

    asked: dict[str, Any] = {"methods": ["backprop", "central-difference"], "steps": 3}
    with monkeypatch.context() as patch:
        patch.setattr(Lead, "trajectories", cut_off)
        with pytest.raises(KeyboardInterrupt):
            gradiometer.descend("rosenbrock", **asked)
    (folder,) = (tmp_path / "results").iterdir()
    kept = Descent.read(folder)
    assert len((folder / "records.jsonl").read_text().splitlines()) == ended
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    again, whole = resume_descent("latest"), gradiometer.descend("rosenbrock", **asked)
    compared = ["rule", "method", "mode", "step", "loss", "drift"]
    pd.testing.assert_frame_equal(again.frame[compared], whole.frame[compared])
    pd.testing.assert_frame_equal(again.frame.head(len(kept.frame)), kept.frame, check_dtype=False)
    assert again.facts["rate"] == whole.facts["rate"]


@pytest.mark.usefixtures("in_this_process")
def test_steps_of_an_earlier_try_do_not_count(tmp_path: Path) -> None:
    kept = gradiometer.descend("product-of-sum", "sympy", steps=1)
    folder, _ = RunFolder.reopen(Path(kept.facts["path"]), DESCENT)
    series = {"losses": [2.0, 1.0], "seconds": [0.0, 1.0], "drift": [0.0, 0.0]}
    append(folder.series, {"rule": "newton", "method": "dual"} | series)  # killed before its record
    Trajectory("newton", "dual", "forward", 1, Status.CRASHED, "killed").keep(folder)
    folder.finish("complete")
    again = Descent.read(folder.path)
    assert [t.losses for t in again.trajectories if t.method == "dual"] == [[]]


@pytest.mark.usefixtures("in_this_process")
def test_a_comparison_is_no_descent_to_take_up() -> None:
    gradiometer.run("product-of-sum", "backprop", options=gradiometer.Options(rounds=0))
    with pytest.raises(GradiometerError, match="is a comparison: expected a descent"):
        resume_descent("latest")


# Objects, and certified values.


@pytest.mark.usefixtures("in_this_process")
def test_a_problem_object_is_descended_as_it_is() -> None:
    @problem(at={"x": 3.0})
    def parabola(xp: Any, x: Any) -> Any:
        """f = x² + 1"""
        return x * x + 1.0

    found = gradiometer.descend(parabola, "complex-step", steps=4, rate=0.25)
    assert found.reasons() == [
        "unsupported: newton/complex-step: Method 'complex-step' has no Hessian."
    ]
    losses = series(found, "gradient-descent", "complex-step", "loss")
    np.testing.assert_allclose(losses, [1.0 + (3.0 * 0.5**k) ** 2 for k in range(5)])


def test_the_coordinator_needs_neither_flint_nor_frameworks(tmp_path: Path) -> None:
    script = (
        "import sys, gradiometer\n"
        "if __name__ == '__main__':\n"
        "    gradiometer.descend('sigmoid-affine', 'backprop', steps=2)\n"
        "    heavy = {'flint', 'torch._C', 'jax._src', 'tensorflow.python', 'sympy.core'}\n"
        "    heavy |= {'altair', 'vl_convert'}\n"
        "    print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]", done.stderr


# What is shown.


def test_the_table_is_text_and_marks_the_one_measurement(bowl: Descent) -> None:
    table = bowl.table()
    assert list(table.columns) == [
        "rule", "method", "steps", "first loss", "last loss", "in derivatives",
        "× fastest, one measurement", "final drift", "status",
    ]  # fmt: skip
    assert all(isinstance(value, str) for value in table.to_numpy().ravel())
    assert "nan" not in table.to_string()
    assert "None" not in table.to_string()


def test_the_frame_is_tidy(bowl: Descent) -> None:
    frame = bowl.frame
    assert list(frame.columns) == ["rule", "method", "mode", "step", "loss", "seconds", "drift"]
    assert not frame.duplicated(["rule", "method", "step"]).any()
    assert frame["step"].dtype.kind == "i"
    assert all(frame[name].dtype == "float64" for name in ("loss", "seconds", "drift"))


def test_reasons_that_are_shared_are_told_once() -> None:
    same = [Trajectory("newton", m, "reverse", 5, Status.SKIPPED, "too many.") for m in "ab"]
    other = Trajectory("newton", "c", "reverse", 5, Status.ERROR, "KeyError: 'x'", faulty=True)
    fine = Trajectory("newton", "d", "reverse", 1, losses=[2.0, 1.0], seconds=[0, 1], drift=[0, 0])
    told = descent(*same, other, fine)
    assert told.reasons() == ["skipped: newton/a, b: too many.", "error: newton/c: KeyError: 'x'"]
    assert told.faulty
    assert repr(told) == "Descent(toy s (2 inputs): 2 skipped, 1 error, 1 ok)"


def test_a_notebook_shows_table_reasons_and_chart(
    bowl: Descent, chart: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Descent, "chart", lambda descent: chart)
    shown = bowl._repr_html_()
    assert shown.count("<table") == 1
    assert "has no Hessian" in shown
    assert "<svg" in shown
    assert "θ − θ*" in shown


def test_a_notebook_shows_reasons_as_text() -> None:
    bad = Trajectory("newton", "<b>", "reverse", 5, Status.ERROR, "<script>", faulty=True)
    shown = descent(bad)._repr_html_()
    assert "<script>" not in shown
    assert "<b>" not in shown


def test_the_page_has_chart_table_reasons_and_all_steps(
    bowl: Descent, chart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Descent, "chart", lambda descent: chart)
    _, page = bowl.write(tmp_path)
    assert page.parent.parent == tmp_path
    assert page.parent.name.startswith("descend-quadratic-2")
    text = page.read_text("utf-8")
    assert "](descent.svg)" in text
    assert (page.parent / "descent.svg").stat().st_size > 1000
    assert "| gradient-descent | backprop" in text
    assert "Method 'complex-step' has no Hessian." in text
    kept = pd.read_csv(page.parent / "trajectories.csv")
    pd.testing.assert_frame_equal(kept, bowl.frame)
    assert len(pd.read_csv(page.parent / "methods.csv")) == len(bowl.methods)


def test_two_pages_of_one_second_do_not_meet(tmp_path: Path) -> None:
    pages = {descent().write(tmp_path, ["md"])[0] for _ in range(3)}
    assert len(pages) == 3


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GradiometerError, match="Choose another folder with --reports"):
        descent().write(tmp_path / "file")


def test_as_data_it_is_strict_json_with_every_step(bowl: Descent) -> None:
    data = json.loads(json.dumps(strict(bowl.as_json()), allow_nan=False))
    assert data["problem"] == "quadratic"
    assert data["rate"] == 0.1
    told = {(m["rule"], m["method"]): m for m in data["methods"]}
    done = told["gradient-descent", "backprop"]
    assert len(done["trajectory"]["losses"]) == len(done["trajectory"]["drift"]) == 13
    assert told["gradient-descent", CERTIFIED]["trajectory"]["seconds"] == [None] * 13
    assert told["newton", "complex-step"]["last_loss"] is None


def descent(*trajectories: Trajectory) -> Descent:
    machine = {"cpu": "CPU", "started": "now", "versions": {"numpy": "2"}}
    facts = {"problem": "toy", "size": "s", "inputs": 2, "rate": 0.1, "seed": 0, "threads": 1}
    return Descent(facts | {"machine": machine}, trajectories)


def test_a_rule_has_its_default_steps_unless_told() -> None:
    lengths = {name: Settings().length(rule) for name, rule in RULES.items()}
    assert lengths == {"gradient-descent": 100, "newton": 20}
    assert {Settings(steps=7).length(rule) for rule in RULES.values()} == {7}
