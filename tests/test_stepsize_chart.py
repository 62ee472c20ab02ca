"""The chart of a study of steps: its own definition, and what is read in its drawing."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from drawings import words

from gradiometer.stepsizes.chart import BEST, BEYOND, COLORS, DASHES, DEFAULT, SHAPES, draw

STEPS = [10.0**k for k in range(-18, 1)]
METHODS = ["forward", "complex"]


def study(*names: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what a chart is made of: the V of a forward difference under each name."""
    rows = [(name, h, 1e-16 / h + h if h > 1e-17 else math.inf) for name in names for h in STEPS]
    frame = pd.DataFrame(rows, columns=["method", "step", "error"])
    columns = ["method", "default_step", "default_error", "best_step", "best_error"]
    marked = [(name, 1e-200 if name == "complex" else 1.5e-8, 2e-8, 1e-8, 2e-8) for name in names]
    return frame, pd.DataFrame(marked, columns=columns)


@pytest.fixture(scope="module")
def chart() -> Any:
    frame, methods = study(*METHODS)
    before = frame.copy(deep=True), methods.copy(deep=True)
    found = draw(frame, methods)
    for given, was in zip((frame, methods), before, strict=True):
        pd.testing.assert_frame_equal(given, was)
    return found


@pytest.fixture(scope="module")
def definition(chart: Any) -> dict[str, Any]:
    found: dict[str, Any] = chart.to_dict()
    return found


def rows(definition: dict[str, Any], layer: int) -> pd.DataFrame:
    return pd.DataFrame(definition["datasets"][definition["layer"][layer]["data"]["name"]])


def test_both_axes_are_logarithmic_and_span_what_is_drawn(definition: dict[str, Any]) -> None:
    for layer in definition["layer"]:
        x, y = layer["encoding"]["x"], layer["encoding"]["y"]
        assert (x["field"], x["scale"]["type"], x["scale"]["domain"]) == ("step", "log", [1e-18, 1])
        assert (y["field"], y["scale"]["type"], y["scale"]["domain"][1]) == ("error", "log", 1e2)
        assert 0.0 < y["scale"]["domain"][0] <= rows(definition, 0)["error"].min()
        assert {1e-18, 1.0} <= {*x["axis"]["values"]}


def test_a_method_has_a_line_of_one_colour_and_one_dash(definition: dict[str, Any]) -> None:
    line = definition["layer"][0]
    assert line["mark"]["type"] == "line"
    for channel, kinds in (("color", COLORS), ("strokeDash", DASHES)):
        scale = line["encoding"][channel]["scale"]
        assert line["encoding"][channel]["field"] == "method"
        assert (scale["domain"], scale["range"]) == (METHODS, kinds[:2])


def test_default_and_best_steps_have_shapes_of_their_own(definition: dict[str, Any]) -> None:
    points = definition["layer"][1]
    assert points["mark"]["type"] == "point"
    shape = points["encoding"]["shape"]
    assert (shape["field"], shape["scale"]["domain"]) == ("mark", [DEFAULT, BEYOND, BEST])
    assert shape["scale"]["range"] == [SHAPES[each] for each in shape["scale"]["domain"]]
    found = rows(definition, 1).set_index(["method", "mark"])
    assert found.loc[("forward", DEFAULT), "step"] == 1.5e-8
    assert found.loc[("complex", BEYOND), "step"] == 1e-18
    assert found.loc[("complex", BEYOND), "at"] == 1e-200


def test_a_line_has_a_gap_where_there_is_no_answer(definition: dict[str, Any]) -> None:
    drawn = rows(definition, 0)
    assert {*drawn[drawn["error"].isna()]["step"]} == {1e-18, 1e-17}


def test_a_line_leaves_the_panel_where_nothing_is_right() -> None:
    frame, methods = study("forward")
    drawn: Any = draw(frame.assign(error=1e6 * frame["error"]), methods)
    line = drawn.to_dict()["layer"][0]
    assert line["mark"]["clip"] is True
    assert line["encoding"]["y"]["scale"]["domain"][1] == 1e2
    assert rows(drawn.to_dict(), 0)["error"].max() > 1e5


def test_an_error_of_zero_is_drawn() -> None:
    frame, methods = study("forward")
    drawn: Any = draw(frame.assign(error=frame["error"].where(frame["step"] != 1e-3, 0.0)), methods)
    assert 1e-17 in set(rows(drawn.to_dict(), 0)["error"])


def test_methods_and_marks_are_named(chart: Any) -> None:
    found = words(chart)
    assert {*METHODS, DEFAULT, BEYOND, BEST} <= {*found}
    assert any("relative to the truth" in text for text in found)


def test_many_methods_are_told_apart(chart: Any) -> None:
    names = [f"method-{k}" for k in range(30)]
    drawn: Any = draw(*study(*names))
    line = drawn.to_dict()["layer"][0]["encoding"]
    looks = zip(line["color"]["scale"]["range"], map(tuple, line["strokeDash"]["scale"]["range"]),
                strict=True)  # fmt: skip
    assert len({*looks}) == 30
    assert {*names} <= {*words(drawn)}


def test_without_an_answer_there_is_no_chart() -> None:
    frame, methods = study("forward")
    assert draw(frame.assign(error=math.inf), methods) is None
    assert draw(frame[:0], methods[:0]) is None
