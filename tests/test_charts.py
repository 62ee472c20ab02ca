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

from gradiometer.report import cases, charts, colors, first_answer, heat_map, marks, trade_off
from gradiometer.report.ranking import UNTIMED, order
from gradiometer.report.run import Run
from gradiometer.runs import analysis, growth
from gradiometer.vocabulary.outcome import Status


def of_sizes(*sizes: int, methods: tuple[str, ...] = ("by-hand", "tape")) -> Run:
    return run(
        *(
            row(
                m,
                "net",
                f"s{n}",
                operator,
                n=n,
                digits=15.0,
                call_bytes=10**5 * n,
                **timed(1.0 + i, seconds=share * n * (1 + i)),
            )
            for operator, share in (("gradient", 1e-7), ("value", 1e-8))
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
        for below in [*part.get("layer", []), *part.get("vconcat", []), *specs(part)]:
            look(below)

    def specs(part: dict[str, Any]) -> list[dict[str, Any]]:
        return [part["spec"]] if "spec" in part else []

    look(chart.to_dict(validate=False))
    return found


def drawn_data(chart: Any) -> list[list[dict[str, Any]]]:
    """Return the rows of every data set that a chart is drawn from."""
    return list(chart.to_dict(validate=False)["datasets"].values())


def test_a_report_has_charts_with_titles() -> None:
    assert list(charts.CHARTS) == [
        "agreement", "ranking", "accuracy-cost", "scaling", "memory", "cost",
    ]  # fmt: skip
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


def test_tiles_are_coloured_by_outcome_first_and_by_digits_beyond_the_promise_if_right() -> None:
    right = {"exact": math.inf, "15.5": 15.46, "12.2": 12.2, "7.2": 7.2, "zero": None}
    told = run(
        *(row(f"right-{text}", promise=12.0, digits=x) for text, x in right.items()),
        row("rough", promise=5.0, digits=7.5),
        *(row(status, status=status, promise=12.0, digits=16.3) for status in ENDS),
    )
    drawn = charts.CHARTS["agreement"][1](told, "gradient")
    (tiles, ends, texts), (data,) = layers(drawn), drawn_data(drawn)
    color = tiles[1]["color"]
    assert (color["field"], color["type"], color["scale"]) == (
        "beyond", "quantitative",
        {"type": "threshold", "domain": [0.0, 1.0, 2.0, 4.0], "range": heat_map.TEALS},
    )  # fmt: skip
    assert ends[1]["color"]["field"] == "end"
    assert (texts[1]["text"]["field"], texts[1]["color"]["field"]) == ("text", "ink")
    assert texts[1]["color"]["scale"] is None
    assert {d["text"]: d["beyond"] for d in data if d["end"] == analysis.RIGHT} == pytest.approx(
        {"exact": 4.0, "15.5": 3.46, "12.2": 0.2, "7.2": -4.8, "zero": 0.0, "7.5": 2.5}
    )
    blameless = {s.value for s in Status if s.blameless}
    assert {d["text"]: (d["end"], d["beyond"]) for d in data if d["end"] != analysis.RIGHT} == {
        status: (analysis.MISSING if status in blameless else analysis.WRONG, None)
        for status in ENDS
    }
    fills = re.findall('fill="(#[0-9a-f]{6})"', svg(drawn))
    legend = 1
    missing = len(blameless & set(ENDS))
    assert fills.count(heat_map.ENDS[analysis.MISSING]) == missing + legend
    assert fills.count(heat_map.ENDS[analysis.WRONG]) == len(ENDS) - missing + legend


def test_the_text_of_every_tile_can_be_read() -> None:
    digits = [None, *np.linspace(9.0, 17.0, 33), math.inf]
    told = run(
        *(row(f"right-{k}", promise=12.0, digits=x) for k, x in enumerate(digits)),
        *(row(status, status=status, promise=12.0) for status in ENDS),
    )
    (data,) = drawn_data(charts.CHARTS["agreement"][1](told, "gradient"))
    fills = {
        heat_map.ENDS[d["end"]] if d["beyond"] is None else heat_map.fill(d["beyond"]): d["ink"]
        for d in data
    }
    assert set(fills) == {*heat_map.TEALS, *heat_map.ENDS.values()}
    assert min(colors.contrast(fill, ink) for fill, ink in fills.items()) >= 4.5


def test_a_wide_heat_map_goes_on_in_a_block_below() -> None:
    wide = heat_map.ACROSS + 3
    rows = [row(f"m{i}", f"p{j}", digits=9.0) for j in range(wide + 9) for i in range(wide)]
    drawn: Any = charts.CHARTS["agreement"][1](run(*rows), "gradient")
    blocks = drawn.to_dict(validate=False)["vconcat"]
    assert [block["width"] for block in blocks] == [
        heat_map.WIDTH * count for count in (heat_map.ACROSS, 3)
    ]
    assert [len(layer[1]["x"]["sort"]) for layer in layers(drawn)[::3]] == [heat_map.ACROSS, 3]
    assert len({d["method"] for data in drawn_data(drawn) for d in data}) == wide


def test_the_heat_map_shows_digits_and_every_status() -> None:
    told = run(
        row("by-hand", digits=math.inf),
        row("tape", digits=15.46),
        row("naught"),
        *(row(f"ends-{s}", status=s, reason="why", digits=0.25) for s in ENDS),
    )
    shown = words(charts.CHARTS["agreement"][1](told, "gradient"))
    for text in ["exact", "15.5", "zero", "affine", *ENDS, *heat_map.ENDS]:
        assert text in shown
    assert "0.2" not in shown
    assert set(told.records["method"]) <= set(shown)


def test_the_heat_map_names_each_case_by_problem_and_size() -> None:
    told = run(row("tape", digits=15.0), row("tape", "net", "2-3", digits=14.0))
    assert {"affine", "net 2-3"} <= set(words(charts.CHARTS["agreement"][1](told, "gradient")))


@pytest.mark.parametrize("status", ["timeout", "not-installed"])
def test_the_heat_map_is_drawn_where_no_cell_has_a_figure(status: str) -> None:
    told = run(row("tape", status=status), row("jit", status=status))
    assert words(charts.CHARTS["agreement"][1](told, "gradient")).count(status) == 2


def test_names_with_signs_of_xml_and_long_ones_are_drawn_in_full() -> None:
    names = {"a & b", "<tape>", "σ-tape", 'say "tape"', "o'tape", "f" * 32}
    told = run(*(row(name, digits=12.0) for name in names))
    assert names <= set(words(charts.CHARTS["agreement"][1](told, "gradient")))


@pytest.mark.parametrize("operator", ["value", "jacobian", "hvp"])
def test_the_heat_map_is_of_one_operator(operator: str) -> None:
    others = {"value": 1.5, "jacobian": 2.5, "hvp": 3.5}
    told = run(*(row("tape", operator=name, digits=d) for name, d in others.items()))
    shown = words(charts.CHARTS["agreement"][1](told, operator))
    assert {text for text in shown if text in ("1.5", "2.5", "3.5")} == {str(others[operator])}


@pytest.mark.parametrize(("methods", "cases"), [(18, 2), (2, 18)])
def test_the_longer_axis_of_the_heat_map_goes_down(methods: int, cases: int) -> None:
    told = run(*(row(f"m{i}", f"p{j}", digits=9.0) for j in range(cases) for i in range(methods)))
    drawn = charts.CHARTS["agreement"][1](told, "gradient")
    assert drawn is not None
    across, down = sorted([methods, cases])
    size = drawn.to_dict(validate=False)
    assert (size["width"], size["height"]) == (
        heat_map.WIDTH * across,
        heat_map.HEIGHT * down,
    )


def test_the_heat_map_keeps_the_order_of_the_plan_where_the_first_has_no_figure() -> None:
    told = run(row("a", status="timeout"), row("b", digits=1.0), row("a", "p", digits=2.0))
    drawn = charts.CHARTS["agreement"][1](told, "gradient")
    assert drawn is not None
    assert drawn.to_dict(validate=False)["layer"][0]["encoding"]["y"]["sort"] == ["a", "b"]


def test_the_heat_map_shows_what_was_not_reached() -> None:
    told = run(row("tape", digits=15.0), plan=plan(row("tape"), row("tape", "net")))
    shown = words(charts.CHARTS["agreement"][1](told, "gradient"))
    assert {"net", "not-reached"} <= set(shown)


# Ranking.


def several() -> Run:
    """Return a run of three cases in which methods have figures, failed, or were not measured."""
    times = {
        "affine": {"slow": 8.0, "fast": 1.0, "mid": 2.0},
        "net": {"slow": 4.0, "fast": 2.0, "mid": 1.0},
        "chain": {"slow": 9.0, "fast": 1.0},
    }
    missed = {"absent": "not-installed", "broken": "crashed"}
    rows = [
        row(m, p, **timed(t, 0.9 * t, 1.2 * t)) for p, of in times.items() for m, t in of.items()
    ]
    rows += [row(m, p, status=status, reason="why") for p in times for m, status in missed.items()]
    return run(*rows, row("mid", "chain", status="skipped", reason="why"))


def ranked(told: Run) -> Any:
    return charts.CHARTS["ranking"][1](told, "gradient")


def test_every_panel_lists_the_same_methods_by_the_mean_of_their_ratios() -> None:
    drawn = ranked(several())
    methods = ["fast", "mid", "slow", "absent", "broken"]
    for _, encoding in layers(drawn):
        assert (encoding["y"]["field"], encoding["y"]["sort"]) == ("method", methods)
    definition, (data,) = drawn.to_dict(validate=False), drawn_data(drawn)
    assert definition["facet"]["sort"] == ["affine", "net", "chain"]
    assert definition["spec"]["height"] == marks.LINE * len(methods)
    for panel in definition["facet"]["sort"]:
        assert {d["method"] for d in data if d["label"] == panel} == set(methods)
    shown = [text for text in words(drawn) if text in methods]
    assert shown == methods  # once, since the panels of a row share their names


def test_each_panel_has_a_logarithmic_axis_of_its_own_on_a_common_scale() -> None:
    drawn = ranked(several())
    definition = drawn.to_dict(validate=False)
    assert definition["resolve"] == {"axis": {"x": "independent"}}
    scales = [e["x"]["scale"] for _, e in layers(drawn) if "scale" in e["x"]]
    assert len(scales) == 3
    assert all((s["type"], s["domain"]) == ("log", [0.7, 20.0]) for s in scales)
    assert words(drawn).count("× fastest (log scale)") == 3


def test_what_has_no_time_says_so_in_the_colour_of_its_end() -> None:
    told = run(*rows(several()), row("checked", "net", digits=9.0))
    drawn = ranked(told)
    mark, text = layers(drawn)[-1]
    assert (mark["type"], text["text"]["field"], text["color"]["field"]) == ("text", "ended", "ink")
    (data,) = drawn_data(drawn)
    assert {(d["method"], d["ended"], d["ink"]) for d in data if d["ended"]} == {
        ("absent", "not-installed", colors.MISSED), ("broken", "crashed", colors.FAULT),
        ("mid", "skipped", colors.MISSED), ("checked", UNTIMED, colors.MISSED),
        ("checked", "not-reached", colors.MISSED),
    }  # fmt: skip
    assert all((d["ratio"] is None) == bool(d["ended"]) for d in data)
    assert words(drawn).count("crashed") == 3


@pytest.mark.parametrize("top", [1.0, 1e7])
def test_the_ranking_shows_the_whole_interval_around_each_ratio(top: float) -> None:
    drawn = ranked(run(row("tape", **timed(top, 0.9 * top, 2.0 * top)), row("dual", **timed())))
    ((bar, ends), (point, middle), *_), (data,) = layers(drawn), drawn_data(drawn)
    assert (bar["type"], ends["x"]["field"], ends["x2"]["field"]) == (
        "rule", "ratio_low", "ratio_high",
    )  # fmt: skip
    assert (point["type"], middle["x"]["field"]) == ("point", "ratio")
    assert [d[name] for d in data[:1] for name in ("ratio_low", "ratio", "ratio_high")] == (
        pytest.approx([0.9 * top, top, 2.0 * top])
    )
    low, high = middle["x"]["scale"]["domain"]
    assert low <= 0.9
    assert high >= 2.0 * top


def test_methods_have_their_own_colours_and_shapes_in_every_chart() -> None:
    told = of_sizes(9, 99, 999, methods=("by-hand", "tape", "dual"))
    shown = colors.colors(told.records), colors.shapes(told.records)
    for name in ("ranking", "accuracy-cost", "scaling", "memory", "cost"):
        drawn = charts.CHARTS[name][1](told, "gradient")
        points = [encoding for _, encoding in layers(drawn) if "shape" in encoding]
        for channel in ("color", "shape"):
            assert all(e[channel]["field"] == channel for e in points)
            assert all(e[channel]["scale"] is None for e in points)
        data = [d for d in drawn_data(drawn)[0] if d["method"] is not None]
        assert data
        assert all(d["color"] == shown[0][d["method"]] for d in data)
        assert all(d["shape"] == shown[1][d["method"]] for d in data)


def test_methods_that_were_given_translations_follow_and_are_marked() -> None:
    times = {"middle": 2.0, "last": 3.0, "first": 1.0}
    rows = [row(m, **timed(t)) for m, t in times.items()]
    drawn = ranked(run(row("given", translated="jax", **timed(0.5)), *rows))
    mark, beside = layers(drawn)[2]
    assert (mark["type"], beside["text"]["field"], beside["x"]["field"]) == (
        "text", "mark", "ratio_high",
    )  # fmt: skip
    shown = words(drawn)
    assert [text for text in shown if text in {*times, "given"}] == [
        "first", "middle", "last", "given",
    ]  # fmt: skip
    assert shown.count("§") == 1


def test_a_method_without_a_ratio_stays_where_the_plan_has_it_behind_all_others() -> None:
    told = run(row("b", status="error"), row("c", **timed(2.0)), row("a", status="error"))
    assert order(told.records) == ["c", "b", "a"]


@pytest.mark.parametrize("name", ["ranking", "scaling"])
def test_times_of_what_is_not_ok_are_not_drawn(name: str) -> None:
    told = rows(of_sizes(9, 99, 999, methods=("by-hand", *ENDS)))
    told = [r | ({"status": r["method"]} if r["method"] in ENDS else {}) for r in told]
    (data,) = drawn_data(charts.CHARTS[name][1](run(*told), "gradient"))
    figure = {"ranking": "ratio"}.get(name, "value")
    assert {d["method"] for d in data if d[figure] is not None} == {"by-hand"}


@pytest.mark.parametrize("top", [1.0, 4e4])
def test_no_axis_names_what_lies_beyond_it(top: float) -> None:
    told = of_sizes(9, 99, 999)
    told.records.loc[told.records["method"] == "tape", "ratio"] = top
    known = {"by-hand", "tape", "net", "net s999"}
    drawn = words(charts.CHARTS["scaling"][1](told, "gradient"))
    ticks = [text for text in drawn if re.fullmatch(r"[\d,]+", text)]
    assert ticks
    assert all(9 <= int(text.replace(",", "")) <= 999 for text in ticks)
    assert not {"1 ns", "10 ns", "100 ns", "1 ms", "1 s"} & set(drawn)
    shown = words(charts.CHARTS["ranking"][1](told, "gradient"))
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
    shown = words(charts.CHARTS["agreement"][1](told, "gradient"))
    assert {"affine", "affine float32", "15.0", "6.0"} <= set(shown)


def test_the_ranking_shows_the_largest_size_of_each_problem() -> None:
    shown = words(charts.CHARTS["ranking"][1](of_sizes(9, 999, 99), "gradient"))
    assert [text for text in shown if text.startswith("net")] == ["net s999"]


@pytest.mark.parametrize("sizes", [(3,), (3, 30)])
def test_scaling_needs_three_sizes(sizes: tuple[int, ...]) -> None:
    assert charts.CHARTS["scaling"][1](of_sizes(*sizes), "gradient") is None


def test_scaling_names_every_method_once_with_units() -> None:
    told = of_sizes(9, 3151, 85002, methods=("by-hand", "tape", "dual", "cas"))
    shown = words(charts.CHARTS["scaling"][1](told, "gradient"))
    assert [shown.count(m) for m in ("by-hand", "tape", "dual", "cas")] == [1, 1, 1, 1]
    assert {"1 ms", "10 µs", "1,000", "scalar inputs (log scale)"} <= set(shown)


def test_scaling_has_a_panel_for_each_problem_of_several_sizes() -> None:
    told = run(
        *rows(of_sizes(9, 99, 999)),
        *(r | {"problem": "chain"} for r in rows(of_sizes(5, 55, 555))),
        row("lonely", n=3, digits=15.0, **timed(1.0, seconds=1e-6)),
    )
    shown = words(charts.CHARTS["scaling"][1](told, "gradient"))
    assert {"net", "chain"} <= set(shown)
    assert shown.count("tape") == 2
    assert "lonely" not in shown


def test_scaling_shows_a_method_that_stopped_early_where_it_stopped() -> None:
    early = [r for r in rows(of_sizes(9, 99, 999)) if (r["method"], r["n"]) != ("tape", 999)]
    shown = words(charts.CHARTS["scaling"][1](run(*early), "gradient"))
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
    drawn = charts.CHARTS["scaling"][1](told, "gradient")
    assert drawn is not None
    (data,) = drawn.to_dict(validate=False)["datasets"].values()
    placed = np.sort([math.log(r["place"]) for r in data if r["place"] is not None])
    low, high = (math.log(f(r["value"] for r in data)) for f in (min, max))
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


# Cost against accuracy.


def traded() -> Run:
    """Return a run of two cases: cheap and rough, dear and exact, worse in both, and partial."""
    figures = {"rough": (1.0, 6.0), "exact": (4.0, 15.0), "worse": (9.0, 12.0), "part": (2.0, 16.0)}
    cells = [
        row(m, p, digits=digits - k, **timed(ratio * 4.0**k))
        for k, p in enumerate(("affine", "net"))
        for m, (ratio, digits) in figures.items()
        if (m, p) != ("part", "net")
    ]
    return run(*cells, row("part", "net", status="skipped"), row("bad", status="disagrees"))


def test_cost_is_a_mean_of_ratios_and_accuracy_the_fewest_digits() -> None:
    table = trade_off.summary(marks.cells(traded(), "gradient")).set_index("method")
    assert table["ratio"].to_dict() == pytest.approx(
        {"rough": 2.0, "exact": 8.0, "worse": 18.0, "part (1 of 2)": 2.0}
    )
    assert table["digits"].to_dict() == {
        "rough": 5.0, "exact": 14.0, "worse": 11.0, "part (1 of 2)": 16.0,
    }  # fmt: skip
    assert table.index[table["whole"]].tolist() == ["rough", "exact", "worse"]
    assert table.index[table["front"]].tolist() == ["rough", "exact"]


def test_the_front_is_a_staircase_through_what_none_beats_in_both() -> None:
    drawn = charts.CHARTS["accuracy-cost"][1](traded(), "gradient")
    (line, encoding), *_ = layers(drawn)
    assert (line["type"], line["interpolate"]) == ("line", "step-before")
    assert [encoding[c]["field"] for c in ("x", "y", "order")] == ["digits", "ratio", "digits"]
    (data,) = drawn_data(drawn)
    corners = [d for d in data if d["front"]]
    assert [d["digits"] for d in corners] == [5.0, 5.0, 14.0, 14.0]
    assert [d["ratio"] for d in corners] == pytest.approx([2.0, 2.0, 8.0, 18.0])


def test_cost_is_logarithmic_and_accuracy_linear_with_every_method_named() -> None:
    drawn = charts.CHARTS["accuracy-cost"][1](traded(), "gradient")
    points = [e for mark, e in layers(drawn) if mark["type"] == "point"]
    assert [(e["y"]["scale"]["type"], e["y"]["scale"]["domain"]) for e in points] == [
        ("log", [pytest.approx(2.0), pytest.approx(18.0)])
    ] * 2
    assert all(e["x"]["scale"] == {"domain": [5.0, 17.0], "nice": False} for e in points)
    assert {"rough", "exact", "worse", "part (1 of 2)", "float64"} <= set(words(drawn))
    marked = [mark["filled"] for mark, _ in layers(drawn) if mark["type"] == "point"]
    assert marked == [True, False]


def test_an_answer_without_error_stands_at_the_edge() -> None:
    told = run(row("a", digits=math.inf, **timed()), row("b", digits=6.0, **timed(2.0)))
    drawn = charts.CHARTS["accuracy-cost"][1](told, "gradient")
    assert max(d["digits"] for d in drawn_data(drawn)[0]) == trade_off.EXACT
    assert "exact" in words(drawn)


# First answers.


def test_a_first_answer_is_drawn_in_layers_beside_the_warm_call() -> None:
    told = run(
        row("jit", n=3, import_s=1.0, prepare_s=0.5, first_s=2.0, **timed(seconds=1e-5)),
        row("tape", n=3, import_s=1.0, prepare_s=0.0, first_s=0.1, **timed(seconds=1e-4)),
        row("bad", n=3, status="crashed"),
    )
    (figure,) = first_answer.figures(told, *cases.largest(told))
    assert (figure.name, figure.title) == (
        "first-answer-0", "What a first answer takes, gradient of affine (3 inputs)",
    )  # fmt: skip
    (bar, joined), (point, encoding) = layers(figure.chart)
    assert (bar["type"], joined["x"]["aggregate"], joined["x2"]["aggregate"]) == (
        "rule", "min", "max",
    )  # fmt: skip
    assert (point["type"], encoding["x"]["field"], encoding["x"]["scale"]["type"]) == (
        "point", "seconds", "log",
    )  # fmt: skip
    assert encoding["y"]["sort"] == ["tape", "jit"]
    assert (encoding["shape"]["field"], encoding["color"]["field"]) == ("layer", "color")
    assert encoding["shape"]["scale"]["domain"] == [
        "import", "preparation", "first call", "warm call",
    ]  # fmt: skip
    (data,) = drawn_data(figure.chart)
    assert {(d["name"], d["layer"], d["seconds"]) for d in data} == {
        ("jit", "import", 1.0), ("jit", "preparation", 0.5), ("jit", "first call", 2.0),
        ("jit", "warm call", 1e-5), ("tape", "import", 1.0), ("tape", "first call", 0.1),
        ("tape", "warm call", 1e-4),
    }  # fmt: skip
    assert {"time (log scale)", "10 µs", "1 s", *encoding["shape"]["scale"]["domain"]} <= set(
        words(figure.chart)
    )


def test_first_answers_have_a_chart_for_each_dtype() -> None:
    told = run(*(row("tape", dtype=d, n=3, first_s=1.0, **timed()) for d in ("float64", "float32")))
    drawn = [first_answer.figures(told, case) for case in cases.largest(told)]
    assert [[figure.name for figure in each] for each in drawn] == [
        ["first-answer-0"], ["first-answer-1"],
    ]  # fmt: skip
    assert cases.largest(run(row("tape"))) == []  # and so no chart


# Growth.


@pytest.mark.parametrize(
    ("name", "field", "title"),
    [
        ("scaling", "time_s", "time a call (log scale)"),
        ("memory", "call_bytes", "memory of a call (log scale)"),
        ("cost", "per_primal", "× own primal (log scale)"),
    ],
)
def test_growth_is_drawn_against_size_on_logarithmic_axes(
    name: str, field: str, title: str
) -> None:
    told = of_sizes(9, 99, 999)
    drawn = charts.CHARTS[name][1](told, "gradient")
    line, encoding = layers(drawn)[2]
    assert line["type"] == "line"
    assert (encoding["x"]["field"], encoding["x"]["scale"]["type"]) == ("n", "log")
    assert (encoding["y"]["field"], encoding["y"]["scale"]["type"]) == ("value", "log")
    assert encoding["y"]["title"] == title
    (data,) = drawn_data(drawn)
    figures = growth.sized(told.records, "gradient")[field]
    assert [d["value"] for d in data] == pytest.approx(figures.tolist())


def test_panels_of_growth_are_high_enough_for_the_names_of_all_methods() -> None:
    many = tuple(f"m{k}" for k in range(30))
    drawn: Any = charts.CHARTS["scaling"][1](of_sizes(9, 99, 999, methods=many), "gradient")
    assert drawn.to_dict(validate=False)["spec"]["height"] == 30 * marks.LINE


def test_memory_that_cannot_be_told_is_not_drawn() -> None:
    told = rows(of_sizes(9, 99, 999))
    little = [r | {"call_bytes": 4096} if r["method"] == "tape" else r for r in told]
    (data,) = drawn_data(charts.CHARTS["memory"][1](run(*little), "gradient"))
    assert {d["method"] for d in data} == {"by-hand"}
    none = run(*(r | {"call_bytes": 4096} for r in told))
    assert charts.CHARTS["memory"][1](none, "gradient") is None
