"""The charts: every method and every status is in the picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gradiometer.measure.outcome import Status
from gradiometer.report import charts
from gradiometer.runs.run import Run, frame

MODES = {"by-hand": "manual", "tape": "reverse", "dual": "forward", "cas": "symbolic"}


def row(
    method: str,
    problem: str = "affine",
    size: str = "",
    operator: str = "gradient",
    **values: Any,
) -> dict[str, Any]:
    return {
        "case": "/".join(p for p in (problem, size, "float64", operator) if p),
        "problem": problem, "size": size, "dtype": "float64", "operator": operator,
        "method": method, "tool": method, "mode": MODES.get(method, "numerical"),
        "status": "ok", "reason": "", "route": "native",
    } | values  # fmt: skip


def timed(seconds: float, ratio: float) -> dict[str, Any]:
    return {
        "time_s": seconds, "low_s": 0.9 * seconds, "high_s": 1.1 * seconds,
        "ratio": ratio, "ratio_low": 0.9 * ratio, "ratio_high": 1.1 * ratio,
    }  # fmt: skip


def run(*rows: dict[str, Any]) -> Run:
    return Run(Path("results/r"), {"id": "r"}, frame(rows))


def of_sizes(*sizes: int, methods: tuple[str, ...] = ("by-hand", "tape")) -> Run:
    return run(
        *(
            row(m, "net", f"s{n}", n=n, digits=15.0, **timed(1e-7 * n * (1 + i), 1.0 + i))
            for n in sizes
            for i, m in enumerate(methods)
        )
    )


def words(chart: charts.Chart | None, path: Path) -> str:
    """Return the text in a chart's SVG, which must be well-formed XML."""
    assert chart is not None
    chart.save(str(path))
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.findall(".//{http://www.w3.org/2000/svg}path")
    return "\n".join(root.itertext())


def test_a_report_has_three_charts_with_titles() -> None:
    assert list(charts.CHARTS) == ["agreement", "ranking", "scaling"]
    assert all(title and callable(chart) for title, chart in charts.CHARTS.values())


@pytest.mark.parametrize("name", list(charts.CHARTS))
@pytest.mark.parametrize(
    "rows",
    [[], [row("tape", operator="value", n=3, digits=15.0, **timed(1e-6, 1.0))]],
    ids=["no records", "values only"],
)
def test_a_run_without_gradients_has_no_charts(name: str, rows: list[dict[str, Any]]) -> None:
    assert charts.CHARTS[name][1](run(*rows)) is None


@pytest.mark.parametrize("name", ["ranking", "scaling"])
def test_a_run_without_times_has_no_charts_of_times(name: str) -> None:
    told = run(row("tape", digits=15.0), row("bad", status="timeout", reason="slow"))
    assert charts.CHARTS[name][1](told) is None


def test_the_heat_map_shows_digits_and_every_status(tmp_path: Path) -> None:
    ends = [s for s in Status if s not in (Status.OK, Status.DISAGREES)]
    told = run(
        row("by-hand", digits=math.inf),
        row("tape", digits=15.46),
        row("wrong", status="disagrees", digits=-2.04),
        row("misfit", status="disagrees", reason="2 arrays returned, 3 expected"),
        *(row(f"ends-{s}", status=str(s), reason="why") for s in ends),
    )
    shown = words(charts.agreement(told), tmp_path / "a.svg").split("\n")
    for text in ["exact", "15.5", "-2.0", "disagrees", "affine", *map(str, ends)]:
        assert text in shown
    assert set(told.records["method"]) <= set(shown)


def test_the_heat_map_names_each_case_by_problem_and_size(tmp_path: Path) -> None:
    told = run(row("tape", digits=15.0), row("tape", "net", "2-3", digits=14.0))
    assert {"affine", "net 2-3"} <= set(
        words(charts.agreement(told), tmp_path / "a.svg").split("\n")
    )


@pytest.mark.parametrize("status", ["timeout", "not-installed"])
def test_the_heat_map_is_drawn_where_no_cell_has_a_figure(tmp_path: Path, status: str) -> None:
    told = run(row("tape", status=status), row("jit", status=status))
    assert words(charts.agreement(told), tmp_path / "a.svg").split("\n").count(status) == 2


@pytest.mark.parametrize("name", ["a & b", "<tape>", "σ-tape", 'say "tape"', "o'tape", "f" * 32])
def test_names_with_signs_of_xml_and_long_ones_are_drawn_in_full(tmp_path: Path, name: str) -> None:
    assert name in words(charts.agreement(run(row(name, digits=12.0))), tmp_path / "a.svg")


@pytest.mark.parametrize("top", [1.0, 3.0, 1e3, 1e7])
def test_the_ranking_shows_every_timed_method_of_every_case(tmp_path: Path, top: float) -> None:
    told = run(
        row("by-hand", **timed(1e-7, 1.0)),
        row("tape", **timed(1e-7 * top, top)),
        row("by-hand", "net", "2-3", **timed(1e-6, 1.0)),
        row("dual", "net", "2-3", **timed(2e-6, 2.0)),
    )
    shown = words(charts.ranking(told), tmp_path / "r.svg").split("\n")
    assert {"affine", "net 2-3", "by-hand", "tape", "dual", "× fastest (log scale)"} <= set(shown)
    assert shown.count("by-hand") == 2
    assert set(charts.MODES) <= set(shown)


def test_the_ranking_leaves_untimed_methods_to_the_tables(tmp_path: Path) -> None:
    told = run(row("tape", **timed(1e-6, 1.0)), row("bad", status="crashed", reason="x"))
    assert "bad" not in words(charts.ranking(told), tmp_path / "r.svg").split("\n")


@pytest.mark.parametrize("sizes", [(3,), (3, 30), (3, 3, 3)])
def test_scaling_needs_three_sizes(sizes: tuple[int, ...]) -> None:
    assert charts.scaling(of_sizes(*sizes)) is None


def test_scaling_names_every_method_once_with_units(tmp_path: Path) -> None:
    told = of_sizes(9, 3151, 85002, methods=("by-hand", "tape", "dual", "cas"))
    shown = words(charts.scaling(told), tmp_path / "s.svg").split("\n")
    assert [shown.count(m) for m in ("by-hand", "tape", "dual", "cas")] == [1, 1, 1, 1]
    assert {"1 ms", "10 µs", "1,000", "scalar inputs (log scale)"} <= set(shown)


def test_scaling_leaves_out_problems_of_a_single_size(tmp_path: Path) -> None:
    told = of_sizes(9, 99, 999)
    lone = frame([row("lonely", n=3, digits=15.0, **timed(1e-6, 1.0))])
    both = Run(told.path, told.info, frame([*rows(told), *rows(Run(told.path, {}, lone))]))
    assert "lonely" not in words(charts.scaling(both), tmp_path / "s.svg").split("\n")


def test_scaling_shows_a_method_that_stopped_early_where_it_stopped(tmp_path: Path) -> None:
    told = of_sizes(9, 99, 999)
    early = frame([r for r in rows(told) if (r["method"], r["n"]) != ("tape", 999)])
    shown = words(charts.scaling(Run(told.path, {}, early)), tmp_path / "s.svg").split("\n")
    assert shown.count("tape") == shown.count("by-hand") == 1


@pytest.mark.parametrize("name", list(charts.CHARTS))
def test_drawing_leaves_the_run_as_it_was(name: str) -> None:
    told = of_sizes(9, 99, 999)
    before = told.records.copy(deep=True)
    assert charts.CHARTS[name][1](told) is not None
    assert told.records.equals(before)


def rows(told: Run) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in r.items()} for r in told.records.to_dict("records")]
