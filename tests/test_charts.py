"""The charts: every method and every status is in the picture."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawings import svg, words
from records import plan, row, run, timed

from gradiometer.report import charts, marks
from gradiometer.report.run import Run
from gradiometer.vocabulary.outcome import Status


def of_sizes(*sizes: int, methods: tuple[str, ...] = ("by-hand", "tape")) -> Run:
    return run(
        *(
            row(m, "net", f"s{n}", n=n, digits=15.0, **timed(1.0 + i, seconds=1e-7 * n * (1 + i)))
            for n in sizes
            for i, m in enumerate(methods)
        )
    )


def layers(chart: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Return the mark and the encoding of every layer in a chart's definition."""
    found: list[tuple[Any, dict[str, Any]]] = []

    def look(part: dict[str, Any]) -> None:
        if "mark" in part:
            found.append((part["mark"], part["encoding"]))
        for below in [*part.get("layer", []), *filter(None, [part.get("spec")])]:
            look(below)

    look(chart.to_dict(validate=False))
    return found


def drawn_data(chart: Any) -> list[list[dict[str, Any]]]:
    """Return the rows of every data set that a chart is drawn from."""
    return list(chart.to_dict(validate=False)["datasets"].values())


def test_a_report_has_three_charts_with_titles() -> None:
    assert list(charts.CHARTS) == ["agreement", "ranking", "scaling"]
    assert all("{}" in title and callable(chart) for title, chart in charts.CHARTS.values())


@pytest.mark.parametrize("name", list(charts.CHARTS))
@pytest.mark.parametrize(
    "rows",
    [[], [row("tape", operator="value", n=3, digits=15.0, **timed(1.0, seconds=1e-6))]],
    ids=["no records", "values only"],
)
def test_an_operator_without_records_has_no_charts(name: str, rows: list[Any]) -> None:
    assert charts.CHARTS[name][1](run(*rows), "gradient") is None


@pytest.mark.parametrize("name", ["ranking", "scaling"])
def test_a_run_without_times_has_no_charts_of_times(name: str) -> None:
    told = run(row("tape", digits=15.0), row("bad", status="timeout", reason="slow"))
    assert charts.CHARTS[name][1](told, "gradient") is None


@pytest.mark.parametrize("name", ["ranking", "scaling"])
def test_an_axis_is_logarithmic_if_and_only_if_its_title_says_so(name: str) -> None:
    drawn = charts.CHARTS[name][1](of_sizes(9, 99, 999), "gradient")
    titled = [
        (channel["title"], channel["scale"].get("type"))
        for _, encoding in layers(drawn)
        for axis, channel in encoding.items()
        if axis in ("x", "y") and channel.get("title")
    ]
    assert titled
    assert all(kind == "log" and "(log scale)" in title for title, kind in titled)


ENDS = [s.value for s in Status if s is not Status.OK] + ["of-a-later-version"]


def test_tiles_are_coloured_by_outcome_first_and_by_digits_if_right() -> None:
    right = {"exact": math.inf, "15.5": 15.46, "7.2": 7.2, "-2.0": -2.04, "zero": None}
    told = run(
        *(row(f"right-{text}", promise=12.0, digits=x) for text, x in right.items()),
        *(row(status, status=status, promise=12.0, digits=16.3) for status in ENDS),
    )
    drawn = charts.agreement(told, "gradient")
    (tiles, ends, _), (data,) = layers(drawn), drawn_data(drawn)
    assert (tiles[1]["color"]["field"], ends[1]["color"]["field"]) == ("level", "end")
    assert tiles[1]["color"]["scale"]["domain"] == [0, 16]
    assert {d["text"]: d["level"] for d in data if d["end"] == marks.RIGHT} == {
        "exact": 16.0, "15.5": 15.46, "7.2": 7.2, "-2.0": 0.0, "zero": None,
    }  # fmt: skip
    blameless = {s.value for s in Status if s.blameless}
    assert {d["text"]: (d["end"], d["level"]) for d in data if d["end"] != marks.RIGHT} == {
        status: (marks.MISSING if status in blameless else marks.WRONG, None) for status in ENDS
    }
    fills = re.findall('fill="(#[0-9a-f]{6})"', svg(drawn))
    legend = 1
    missing = len(blameless & set(ENDS))
    assert fills.count(marks.END_COLORS[marks.MISSING]) == missing + legend
    assert fills.count(marks.END_COLORS[marks.WRONG]) == len(ENDS) - missing + legend


def test_the_heat_map_shows_digits_and_every_status() -> None:
    told = run(
        row("by-hand", digits=math.inf),
        row("tape", digits=15.46),
        row("naught"),
        *(row(f"ends-{s}", status=s, reason="why", digits=0.25) for s in ENDS),
    )
    shown = words(charts.agreement(told, "gradient"))
    for text in ["exact", "15.5", "zero", "affine", *ENDS, *marks.END_COLORS]:
        assert text in shown
    assert "0.2" not in shown
    assert set(told.records["method"]) <= set(shown)


def test_the_heat_map_names_each_case_by_problem_and_size() -> None:
    told = run(row("tape", digits=15.0), row("tape", "net", "2-3", digits=14.0))
    assert {"affine", "net 2-3"} <= set(words(charts.agreement(told, "gradient")))


@pytest.mark.parametrize("status", ["timeout", "not-installed"])
def test_the_heat_map_is_drawn_where_no_cell_has_a_figure(status: str) -> None:
    told = run(row("tape", status=status), row("jit", status=status))
    assert words(charts.agreement(told, "gradient")).count(status) == 2


def test_names_with_signs_of_xml_and_long_ones_are_drawn_in_full() -> None:
    names = {"a & b", "<tape>", "σ-tape", 'say "tape"', "o'tape", "f" * 32}
    told = run(*(row(name, digits=12.0) for name in names))
    assert names <= set(words(charts.agreement(told, "gradient")))


@pytest.mark.parametrize("operator", ["value", "jacobian", "hvp"])
def test_the_heat_map_is_of_one_operator(operator: str) -> None:
    others = {"value": 1.5, "jacobian": 2.5, "hvp": 3.5}
    told = run(*(row("tape", operator=name, digits=d) for name, d in others.items()))
    shown = words(charts.agreement(told, operator))
    assert {text for text in shown if text in ("1.5", "2.5", "3.5")} == {str(others[operator])}


@pytest.mark.parametrize(("methods", "cases"), [(18, 2), (2, 18)])
def test_the_longer_axis_of_the_heat_map_goes_down(methods: int, cases: int) -> None:
    told = run(*(row(f"m{i}", f"p{j}", digits=9.0) for j in range(cases) for i in range(methods)))
    drawn = charts.agreement(told, "gradient")
    assert drawn is not None
    across, down = sorted([methods, cases])
    size = drawn.to_dict(validate=False)
    assert (size["width"], size["height"]) == (58 * across, 18 * down)


def test_the_heat_map_keeps_the_order_of_the_plan_where_the_first_has_no_figure() -> None:
    told = run(row("a", status="timeout"), row("b", digits=1.0), row("a", "p", digits=2.0))
    drawn = charts.agreement(told, "gradient")
    assert drawn is not None
    assert drawn.to_dict(validate=False)["layer"][0]["encoding"]["y"]["sort"] == ["a", "b"]


def test_the_heat_map_shows_what_was_not_reached() -> None:
    told = run(row("tape", digits=15.0), plan=plan(row("tape"), row("tape", "net")))
    shown = words(charts.agreement(told, "gradient"))
    assert {"net", "not-reached"} <= set(shown)


@pytest.mark.parametrize("top", [1.0, 1e7])
def test_the_ranking_shows_every_timed_method_of_every_problem(top: float) -> None:
    told = run(
        row("by-hand", **timed(1.0, seconds=1e-7)),
        row("tape", **timed(top, seconds=1e-7 * top)),
        row("by-hand", "net", "2-3", **timed(1.0, seconds=1e-6)),
        row("dual", "net", "2-3", **timed(2.0, seconds=2e-6)),
    )
    shown = words(charts.ranking(told, "gradient"))
    assert {"affine", "net 2-3", "by-hand", "tape", "dual", "× fastest (log scale)"} <= set(shown)
    assert shown.count("by-hand") == 2
    assert set(marks.MODE_COLORS) <= set(shown)


def test_the_ranking_shows_the_whole_interval_around_each_ratio() -> None:
    drawn = charts.ranking(run(row("tape", **timed(3.0, 2.0, 5.0))), "gradient")
    ((bar, ends), (point, middle)), (data,) = layers(drawn), drawn_data(drawn)
    assert (bar["type"], ends["x"]["field"], ends["x2"]["field"]) == (
        "rule", "ratio_low", "ratio_high",
    )  # fmt: skip
    assert (point["type"], middle["x"]["field"]) == ("point", "ratio")
    assert [(d["ratio_low"], d["ratio"], d["ratio_high"]) for d in data] == [(2.0, 3.0, 5.0)]


def test_the_fastest_stands_at_the_top_of_the_ranking() -> None:
    times = {"middle": 2.0, "last": 3.0, "first": 1.0}
    rows = [row(m, **timed(t)) for m, t in times.items()]
    drawn = charts.ranking(run(row("given", translated="jax", **timed(0.5)), *rows), "gradient")
    for _, encoding in layers(drawn):
        assert encoding["y"]["sort"] == {"field": "order", "order": "ascending"}
    shown = [text for text in words(drawn) if text in times or text.startswith("given")]
    assert shown == ["first", "middle", "last", "given §"]


@pytest.mark.parametrize("name", ["ranking", "scaling"])
def test_times_of_what_is_not_ok_are_not_drawn(name: str) -> None:
    told = rows(of_sizes(9, 99, 999, methods=("by-hand", *ENDS)))
    told = [r | ({"status": r["method"]} if r["method"] in ENDS else {}) for r in told]
    (data,) = drawn_data(charts.CHARTS[name][1](run(*told), "gradient"))
    assert {d["method"] for d in data} == {"by-hand"}


@pytest.mark.parametrize("top", [1.0, 4e4])
def test_no_axis_names_what_lies_beyond_it(top: float) -> None:
    told = of_sizes(9, 99, 999)
    told.records.loc[told.records["method"] == "tape", "ratio"] = top
    known = {"by-hand", "tape", "net", "net s999", "mode", *marks.MODE_COLORS}
    drawn = words(charts.scaling(told, "gradient"))
    ticks = [text for text in drawn if re.fullmatch(r"[\d,]+", text)]
    assert ticks
    assert all(9 <= int(text.replace(",", "")) <= 999 for text in ticks)
    assert not {"1 ns", "10 ns", "100 ns", "1 ms", "1 s"} & set(drawn)
    shown = words(charts.ranking(told, "gradient"))
    assert {"1", "10"} <= {t for t in shown if t not in known} <= {
        "1", "10", "100", "1k", "10k", "× fastest (log scale)", "",
    }  # fmt: skip


def of_both(*sizes: int) -> Run:
    """Return a run in both dtypes."""
    both = [
        r | {"dtype": dtype, "case": f"{r['case']}-{dtype}"}
        for dtype in ("float64", "float32")
        for r in rows(of_sizes(*sizes))
    ]
    return run(*both)


@pytest.mark.parametrize(
    ("name", "field", "panels", "points"),
    [
        ("ranking", "label", ["net s999", "net s999 float32"], 2),
        ("scaling", "series", ["net", "net float32"], 6),
    ],
)
def test_times_in_two_dtypes_have_panels_side_by_side(
    name: str, field: str, panels: list[str], points: int
) -> None:
    drawn: Any = charts.CHARTS[name][1](of_both(9, 99, 999), "gradient")
    definition, (data,) = drawn.to_dict(validate=False), drawn_data(drawn)
    assert (definition["facet"]["field"], definition["columns"]) == (field, 2)
    assert definition["facet"]["sort"] == panels
    assert [sum(d[field] == panel for d in data) for panel in panels] == [points, points]


def test_the_heat_map_shows_each_dtype() -> None:
    told = run(row("tape", digits=15.0), row("tape", dtype="float32", digits=6.0))
    shown = words(charts.agreement(told, "gradient"))
    assert {"affine", "affine float32", "15.0", "6.0"} <= set(shown)


def test_the_ranking_shows_the_largest_size_of_each_problem() -> None:
    shown = words(charts.ranking(of_sizes(9, 999, 99), "gradient"))
    assert [text for text in shown if text.startswith("net")] == ["net s999"]


def test_the_ranking_leaves_untimed_methods_to_the_tables() -> None:
    told = run(row("tape", **timed(1.0, seconds=1e-6)), row("bad", status="crashed", reason="x"))
    assert "bad" not in words(charts.ranking(told, "gradient"))


@pytest.mark.parametrize("sizes", [(3,), (3, 30), (3, 3, 3)])
def test_scaling_needs_three_sizes(sizes: tuple[int, ...]) -> None:
    assert charts.scaling(of_sizes(*sizes), "gradient") is None


def test_scaling_names_every_method_once_with_units() -> None:
    told = of_sizes(9, 3151, 85002, methods=("by-hand", "tape", "dual", "cas"))
    shown = words(charts.scaling(told, "gradient"))
    assert [shown.count(m) for m in ("by-hand", "tape", "dual", "cas")] == [1, 1, 1, 1]
    assert {"1 ms", "10 µs", "1,000", "scalar inputs (log scale)"} <= set(shown)


def test_scaling_has_a_panel_for_each_problem_of_several_sizes() -> None:
    told = run(
        *rows(of_sizes(9, 99, 999)),
        *(r | {"problem": "chain"} for r in rows(of_sizes(5, 55, 555))),
        row("lonely", n=3, digits=15.0, **timed(1.0, seconds=1e-6)),
    )
    shown = words(charts.scaling(told, "gradient"))
    assert {"net", "chain"} <= set(shown)
    assert shown.count("tape") == 2
    assert "lonely" not in shown


def test_scaling_shows_a_method_that_stopped_early_where_it_stopped() -> None:
    early = [r for r in rows(of_sizes(9, 99, 999)) if (r["method"], r["n"]) != ("tape", 999)]
    shown = words(charts.scaling(run(*early), "gradient"))
    assert shown.count("tape") == shown.count("by-hand") == 1


@pytest.mark.parametrize("count", [2, 18])
@pytest.mark.parametrize("slower", [1.0, 3.0])
def test_names_beside_lines_never_overlap_and_stay_in_the_panel(count: int, slower: float) -> None:
    told = run(
        *(
            row(f"m{i}", "net", f"s{n}", n=n, **timed(seconds=1e-7 * n * slower**i))
            for n in (9, 99, 999)
            for i in range(count)
        )
    )
    drawn = charts.scaling(told, "gradient")
    assert drawn is not None
    (data,) = drawn.to_dict(validate=False)["datasets"].values()
    placed = np.sort([math.log(r["place"]) for r in data if r["place"] is not None])
    low, high = (math.log(f(r["time_s"] for r in data)) for f in (min, max))
    assert len(placed) == count
    assert np.diff(placed).min() >= (high - low) * marks.LINE / marks.HEIGHT * 0.999
    assert low <= placed[0]
    assert placed[-1] <= high + 1e-9


def test_names_stand_at_the_ends_of_lines_where_these_are_apart() -> None:
    told = pd.DataFrame({"y": [1.0, 1e-3, 1e3]}, index=[7, 8, 9])
    placed = marks.placed(told, told, "y", (1e-3, 1e3), marks.HEIGHT)
    np.testing.assert_allclose(placed["place"], told["y"])


def test_names_of_lines_that_end_together_follow_the_order_of_the_rows() -> None:
    told = pd.DataFrame({"y": [2.0, 2.0, 1.0]})
    placed = marks.placed(told, told.iloc[:2], "y", (1.0, 2.0), 10 * marks.LINE)
    np.testing.assert_allclose(placed["place"], [2.0**0.9, 2.0, np.nan])


def test_where_all_times_are_equal_names_are_placed_at_them() -> None:
    told = pd.DataFrame({"y": [3.0, 3.0]})
    placed = marks.placed(told, told, "y", (3.0, 3.0), marks.HEIGHT)
    np.testing.assert_allclose(placed["place"], [3.0, 3.0])


def test_a_figure_has_a_name_of_its_own_and_says_what_it_shows() -> None:
    (figure,) = charts.figures(run(row("tape", digits=15.0)), "agreement", "gradient")
    assert figure.name == "agreement-gradient"
    assert figure.title == "Correct digits, gradient, by method and function"
    assert charts.figures(run(), "agreement", "gradient") == []


@pytest.mark.parametrize("name", list(charts.CHARTS))
def test_drawing_leaves_the_run_as_it_was(name: str) -> None:
    told = of_sizes(9, 99, 999)
    before = told.records.copy(deep=True)
    assert charts.CHARTS[name][1](told, "gradient") is not None
    assert told.records.equals(before)


def rows(told: Run) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in r.items()} for r in told.records.to_dict("records")]
