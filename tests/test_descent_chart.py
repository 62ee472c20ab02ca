"""The chart of a descent: scales that fit, every method named, nothing where nothing was done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pytest
from drawings import words

from gradiometer.descent.chart import draw, loss_axis

TITLES = {"gradient-descent": "gradient-descent, η = 0.1", "newton": "newton"}


def rows(rule: str, method: str, losses: Sequence[float], drift: float = 1e-16) -> pd.DataFrame:
    count = len(losses)
    return pd.DataFrame(
        {
            "rule": rule,
            "method": method,
            "mode": "certified" if method == "certified" else "reverse",
            "step": range(count),
            "loss": losses,
            "seconds": [math.nan if method == "certified" else 1e-5 * k for k in range(count)],
            "drift": [0.0] + [drift] * (count - 1),
        }
    )


def drawn(*parts: pd.DataFrame) -> Any:
    return draw(pd.concat(parts, ignore_index=True), TITLES)


def encodings(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what every mark of a chart's definition encodes."""
    if "encoding" in chart:
        yield chart["encoding"]
    for part in ("vconcat", "hconcat", "layer"):
        for each in chart.get(part, []):
            yield from encodings(each)


FALLING = [2.0 * 0.5**k for k in range(20)]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Descents by one rule, beside one that took no step."""
    taken = [rows("gradient-descent", name, FALLING) for name in ("certified", "tape", "dual")]
    return pd.concat([*taken, rows("newton", "tape", [2.0])], ignore_index=True)


@pytest.fixture(scope="module")
def chart(frame: pd.DataFrame) -> Any:
    before = frame.copy(deep=True)
    found = draw(frame, TITLES)
    pd.testing.assert_frame_equal(frame, before)
    return found


@pytest.fixture(scope="module")
def shown(chart: Any) -> list[str]:
    return words(chart)


def test_every_method_is_named_beside_its_lines(shown: list[str]) -> None:
    assert shown.count("tape") == shown.count("dual") == 2
    assert "certified" not in shown
    assert any("thick grey: the certified trajectory" in text for text in shown)


def test_a_rule_by_which_nobody_took_a_step_is_left_out(shown: list[str]) -> None:
    assert TITLES["gradient-descent"] in shown
    assert "newton" not in shown


def test_the_loss_has_the_same_axis_against_steps_and_time(chart: Any) -> None:
    found = encodings(chart.to_dict(validate=False))
    axes = [e["y"] for e in found if e.get("y", {}).get("field") == "loss"]
    assert len(axes) >= 2
    assert all((y["scale"]["type"], y["title"]) == ("log", "loss (log scale)") for y in axes)


def test_each_rule_has_its_panels_whatever_the_drift() -> None:
    drifts = zip(TITLES, (0.0, 1e20), strict=True)
    found = words(drawn(*(rows(rule, "tape", FALLING, drift) for rule, drift in drifts)))
    assert set(TITLES.values()) <= set(found)
    assert found.count("tape") == 4


def test_a_drift_that_is_not_finite_has_an_empty_panel() -> None:
    found = words(drawn(rows("newton", "tape", FALLING, math.inf)))
    assert any("‖θ − θ*‖" in text for text in found)
    assert found.count("tape") == 1


def test_without_a_step_there_is_no_chart() -> None:
    assert drawn(rows("newton", "tape", [2.0]), rows("newton", "certified", FALLING)) is None
    assert draw(rows("newton", "tape", FALLING)[:0], TITLES) is None


@pytest.mark.parametrize(
    ("losses", "scale", "title"),
    [
        (FALLING, "log", "loss (log scale)"),
        ([*FALLING, 0.0], "log", "loss (log scale)"),
        ([3.0, 2.9, 2.8], None, "loss"),
        ([-1.0, -1.5, -2.0], None, "loss"),
        ([1.0, 0.1, -0.5], None, "loss"),
        ([-(10.0**k) for k in range(30)], "symlog", "loss (log scale on both sides of 0)"),
        ([5.0, 0.0, -1e9], "symlog", "loss (log scale on both sides of 0)"),
        ([0.0, 0.0, 0.0], None, "loss"),
        ([1.0, 1.0, 1.0], None, "loss"),
    ],
)
def test_the_loss_has_a_scale_that_fits(losses: list[float], scale: str | None, title: str) -> None:
    axis = loss_axis(pd.Series(losses)).to_dict()
    assert (axis["scale"].get("type"), axis["title"]) == (scale, title)


def test_forty_methods_keep_their_names_apart() -> None:
    found = words(drawn(*(rows("newton", f"method-{i}", FALLING) for i in range(40))))
    assert all(found.count(f"method-{i}") == 2 for i in range(40))
