"""The listings of CONTRIBUTING.md, exactly as printed, work as plugins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from here import in_this_process
from listings import blocks
from shell import Done, command

import gradiometer
from gradiometer import Options
from gradiometer.report.run import Run

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
LISTINGS = [block.text for block in blocks(TEXT) if block.language == "python"]
METHOD = next(code for code in LISTINGS if "class ImaginaryPart(Method)" in code)
PROBLEM = next(code for code in LISTINGS if "@spring.backprop" in code)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plugins")
    (path / "imaginary_part.py").write_text(METHOD, encoding="utf-8")
    (path / "springs.py").write_text(PROBLEM, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """What the command printed below the listings says, of fewer problems, and where it did."""
    work = tmp_path_factory.mktemp("work")
    files = [str(folder / "imaginary_part.py"), str(folder / "springs.py")]
    with in_this_process():
        words = ["run", *files, "backprop", "cos-exp-*", "mlp", "--quick"]
        return command(work, *words, drawn=True), work


@pytest.fixture(scope="module")
def run(finished: tuple[Done, Path]) -> Run:
    return gradiometer.load("latest", finished[1] / "results")


def test_the_method_is_complete_in_sixteen_lines() -> None:
    assert len(METHOD.splitlines()) <= 16


def test_the_run_ends_well(finished: tuple[Done, Path]) -> None:
    assert finished[0].code == 0, finished[0].err
    assert "imaginary-" in finished[0].out  # headings are broken at hyphens


def test_every_cell_of_the_new_method_is_right(run: Run) -> None:
    cells = run.records[run.records["method"] == "imaginary-part"]
    assert set(cells["status"]) == {"ok"}
    assert (cells["digits"] >= 12).all()


@pytest.mark.parametrize("table", ["agreement", "speed"])
def test_the_method_is_a_row_of_each_matrix(run: Run, table: str) -> None:
    row = getattr(run, table)().loc["imaginary-part"]
    assert row.map(lambda figure: isinstance(figure, float)).all()


@pytest.mark.parametrize("table", ["timing", "ranking"])
def test_the_method_is_in_each_list(run: Run, table: str) -> None:
    assert (getattr(run, table)()["method"] == "imaginary-part").sum() == run.records[
        "case"
    ].nunique()


def test_the_method_is_in_the_report(finished: tuple[Done, Path]) -> None:
    (report,) = (finished[1] / "reports").glob("*/report.md")
    assert report.read_text(encoding="utf-8").count("imaginary-part") > 10
    assert "imaginary-part" in (report.parent / "agreement-gradient.svg").read_text(
        encoding="utf-8"
    )


def test_the_problem_is_measured_like_the_others(run: Run) -> None:
    spring = run.records[run.records["problem"] == "spring"]
    assert len(spring) == 4
    assert set(spring["status"]) == {"ok"}


def test_the_problem_can_be_shown(folder: Path) -> None:
    with in_this_process():
        shown = command(folder, "show", "springs.py:spring", "--json")
    facts = json.loads(shown.out)
    assert facts["formula"] == "E = ½·k·(x − rest)²."
    assert [row["component"] for row in facts["components"]] == ["value", "∂/∂x", "∂/∂k"]


def test_the_readme_commands_are_make_targets() -> None:
    root = Path(__file__).parent.parent
    makefile = (root / "Makefile").read_text()
    readme = (root / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_a_problem_and_a_method_of_the_caller_travel_to_the_workers(tmp_path: Path) -> None:
    """What CONTRIBUTING puts into files can also be made in a notebook."""

    @gradiometer.problem(at={"x": 1.5}, given={"c": 3.0})
    def cubic(xp, x, *, c):
        """f = c·x³."""
        return c * x**3

    class ByHand(gradiometer.Method):
        """Knows one derivative."""

        name, mode = "by-hand", "manual"

        def namespace(self):
            import numpy as np

            return np

        def array(self, a):
            return a

        def gradient(self, f):
            return lambda inputs, given: (3.0 * given["c"] * inputs[0] ** 2,)

    run = gradiometer.run(
        cubic, [ByHand(), "central-difference"], options=Options(rounds=7), results=tmp_path
    )
    assert set(run.records["status"]) == {"ok"}
    assert run.agreement().loc["by-hand", "cubic"] > 15
