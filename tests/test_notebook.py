"""What a notebook shows: a run's matrices, and all of it in a Jupyter kernel."""

from __future__ import annotations

import math
import re
from typing import Any

import nbformat
import pytest
import records
from nbclient import NotebookClient
from records import row, timed

from gradiometer.report import heat_map
from gradiometer.report.colors import luminance
from gradiometer.report.run import Run
from gradiometer.runs import analysis


def of_all(*problems: str, operators: str = "value gradient jacobian hessian") -> Run:
    """A run of every operator, by one method."""
    rows = [row(problem=p, operator=o, digits=9.0) for p in problems for o in operators.split()]
    return records.run(*rows)


def headings(shown: str) -> list[str]:
    return re.findall("<h4>(.*?)</h4>", shown)


def styles(shown: str) -> dict[str, str]:
    """Return the style of each cell by its text."""
    cells = dict(re.findall(r'<td id="(\w+)"[^>]*>(.*?)</td>', shown))
    found = {}
    for names, style in re.findall(r"((?:#\w+(?:, )?)+) \{\s*([^}]*?)\s*\}", shown):
        found |= {cells[name]: style for name in re.findall(r"#(\w+)", names) if name in cells}
    return dict.fromkeys(cells.values(), "") | found


def colors(style: str) -> list[str]:
    """Return the colours of a cell's text and of what is behind it."""
    return re.findall(r"#\w{6}", style)


def contrast(style: str) -> float:
    """Return the ratio of luminances by which a text is read: WCAG ask for 4.5."""
    low, high = sorted(luminance(color) for color in colors(style))
    return (high + 0.05) / (low + 0.05)


# A run.


def test_a_run_is_shown_by_times_and_digits_beside_each_other() -> None:
    shown = records.measured()._repr_html_()
    assert "Run(r: 5 ok, 1 disagrees, 1 not-installed)" in shown
    assert headings(shown) == [
        "Time of the gradient, as a multiple of the fastest", "Correct digits of the gradient",
    ]  # fmt: skip
    assert {"1.00×", "34.7×", "35.0×", "exact", "15.5", "disagrees"} <= set(styles(shown))


def test_times_are_left_out_where_nothing_was_timed() -> None:
    assert headings(of_all("net")._repr_html_())[0] == "Correct digits of the gradient"


def test_matrices_have_their_longer_axis_downwards() -> None:
    wide = of_all("a", "b", "c", operators="gradient")._repr_html_()
    assert re.findall("<th[^>]*row_heading[^>]*>(.*?)</th>", wide) == ["a", "b", "c"]
    assert re.findall("<th[^>]*col_heading[^>]*>(.*?)</th>", wide) == ["tape"]


@pytest.mark.parametrize(
    ("figures", "text", "kind"),
    [
        ({"digits": 15.0}, "15.0", ""), ({"digits": math.inf}, "exact", ""), ({}, "zero", ""),
        ({"status": "disagrees", "digits": 16.3}, "disagrees", analysis.WRONG),
        ({"status": "of-a-later-version", "digits": 16.3}, "of-a-later-version", analysis.WRONG),
        ({"status": "skipped"}, "skipped", analysis.MISSING),
    ],
)  # fmt: skip
def test_what_is_not_right_has_the_colour_that_it_has_in_charts(
    figures: dict[str, Any], text: str, kind: str
) -> None:
    style = styles(records.run(row("tape", **figures))._repr_html_())[text]
    assert (heat_map.ENDS[kind] in style) if kind else not style


def test_a_time_is_darker_the_nearer_it_is_to_the_fastest_and_always_read() -> None:
    ratios = [1.0, 1.2, 2.0, 7.0, 30.0, 200.0, 1e4, 1e5]
    rows = [row(f"m{r}", digits=9.0, **timed(r)) for r in ratios]
    rows += [row("bad", status="crashed"), row("left", status="skipped")]
    found = styles(records.run(*rows)._repr_html_())
    shown = {text: style for text, style in found.items() if style}
    assert len(shown) == len(rows)
    assert min(map(contrast, shown.values())) >= 4.5
    behind = [luminance(colors(s)[1]) for t, s in shown.items() if "×" in t]
    assert behind == sorted(behind)
    assert len(set(behind)) == len(ratios) - 1  # two are beyond the last shade


def test_translations_are_marked_and_coloured_as_the_fastest_at_best() -> None:
    told = records.run(
        row("torch", digits=15.0, **timed(1.0)),
        row("jit", translated="torch", digits=15.0, **timed(0.5)),
    )
    found = styles(told._repr_html_())
    assert found["0.50×§"] == found["1.00×"]
    assert "15.0§" in found
    assert told._repr_html_().count("<p>§ of a translation, since") == 1


def test_the_first_derivative_of_each_kind_of_problem_is_shown() -> None:
    scalar, vector = of_all("net"), of_all("polar", operators="value jacobian jvp")
    told = records.run(
        *(r.to_dict() for both in (scalar, vector) for _, r in both.records.iterrows())
    )
    shown = told._repr_html_()
    assert headings(shown) == ["Correct digits of the gradient", "Correct digits of the jacobian"]
    assert re.findall("<th[^>]*>(net|polar)</th>", shown) == ["net", "polar"]
    assert "Also in this run: hessian, jvp, value." in shown
    assert "<code>run.agreement('hessian')</code>" in shown


@pytest.mark.parametrize(
    ("operators", "first", "others"),
    [("hvp value", "hvp", "value"), ("value", "value", None), ("gradient", "gradient", None)],
)
def test_what_a_run_has_is_shown(operators: str, first: str, others: str | None) -> None:
    shown = of_all("net", operators=operators)._repr_html_()
    assert headings(shown)[0] == f"Correct digits of the {first}"
    assert ("Also in this run" in shown) is (others is not None)
    assert others is None or f"Also in this run: {others}." in shown


def test_a_run_without_records_is_shown() -> None:
    assert "no records" in records.run(plan=records.plan(row()))._repr_html_()


def test_names_are_shown_as_text_and_never_as_markup() -> None:
    rows = row("<script>", status="<b>"), row("tape", problem="a<b")
    shown = records.run(*rows, id="<i>")._repr_html_()
    assert not re.search("<script>|<b>|<i>|a<b", shown)
    for escaped in ("&lt;script&gt;", "a&lt;b", "&lt;b&gt;", "&lt;i&gt;"):
        assert escaped in shown


# In a kernel.

CELLS = """
import numpy as np
import gradiometer
from gradiometer import Method, problem

@problem(at={"x": np.array([1.0, -2.0])})
def cubes(xp, x):
    '''y = Σx³.'''
    return xp.sum(x * x * x)

cubes
---
cubes(), cubes([2.0, 1.0])
---
options = gradiometer.Options(rounds=8, sample_s=0.0005, budget_s=0.1)
run = gradiometer.run(cubes, ["forward-difference", "complex-step"], options=options, results="r")
run
---
run.chart("ranking")
---
run.speed("hessian")
---
gradiometer.load(run.path)
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """Return the outputs of the cells of a notebook that a kernel has executed."""
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in CELLS.split("---\n")]
    made = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("notebook")
    client = NotebookClient(
        made, timeout=120, kernel_name="python3", allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    client.execute()
    return [list(cell.outputs) for cell in made.cells]


def data(output: dict[str, Any]) -> dict[str, str]:
    """Return an output by its kinds."""
    assert "data" in output, output
    return {kind: "".join(text) for kind, text in output["data"].items()}


def test_a_kernel_shows_a_problem_in_a_line_and_calls_it(executed: Any) -> None:
    problem, called = (data(outputs[-1])["text/plain"] for outputs in executed[:2])
    assert problem == "Problem(cubes(x): y = Σx³)"
    assert re.findall(r"-?\d+\.\d", called) == ["-7.0", "9.0"]


def test_a_kernel_shows_progress_and_then_the_run(executed: Any) -> None:
    bar, run = map(data, executed[2])
    assert re.match("4 of 4 cells in 0:.*, kept in r/", bar["text/plain"])
    assert "<progress" not in bar["text/html"]
    assert headings(run["text/html"]) == [
        "Time of the gradient, as a multiple of the fastest", "Correct digits of the gradient",
    ]  # fmt: skip
    assert ">complex-step<" in run["text/html"]


def test_a_kernel_shows_a_chart_as_a_drawing(executed: Any) -> None:
    (chart,) = map(data, executed[3])
    assert chart["image/svg+xml"].startswith("<svg")
    assert "complex-step" in chart["image/svg+xml"]


def test_a_kernel_says_which_operators_a_run_has(executed: Any) -> None:
    (error,) = executed[4]
    assert error["ename"] == "UnknownName"
    assert error["evalue"].endswith("'hessian': expected one of gradient, value.")


def test_what_is_loaded_is_shown_alike(executed: Any) -> None:
    (run,) = map(data, executed[5])
    assert run["text/html"].startswith("<p><code>Run(")
    assert "4 ok" in run["text/plain"]
