"""The chart of a descent: scales that fit, every method named, nothing where nothing was done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from gradiometer.descent.chart import draw

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


def words(chart: Any, folder: Path) -> list[str]:
    """Return the text of the chart's SVG."""
    path = folder / "chart.svg"
    chart.save(str(path))
    root = ET.parse(path).getroot()
    return [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}text")]


def encodings(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what every mark of a chart's definition encodes."""
    if "encoding" in chart:
        yield chart["encoding"]
    for part in ("vconcat", "hconcat", "layer"):
        for each in chart.get(part, []):
            yield from encodings(each)


FALLING = [2.0 * 0.5**k for k in range(20)]


def test_every_method_is_named_beside_its_lines(tmp_path: Path) -> None:
    found = words(
        drawn(*(rows("newton", name, FALLING) for name in ("certified", "tape", "dual"))), tmp_path
    )
    assert found.count("tape") == found.count("dual") == 2
    assert "certified" not in found
    assert any("thick grey: the certified trajectory" in text for text in found)


def test_each_rule_has_its_panels(tmp_path: Path) -> None:
    found = words(drawn(*(rows(rule, "tape", FALLING) for rule in TITLES)), tmp_path)
    assert set(TITLES.values()) <= set(found)
    assert found.count("tape") == 4


def test_a_rule_by_which_nobody_took_a_step_is_left_out(tmp_path: Path) -> None:
    found = words(
        drawn(rows("gradient-descent", "tape", FALLING), rows("newton", "tape", [2.0])), tmp_path
    )
    assert "newton" not in found


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
    chart = drawn(rows("newton", "tape", losses)).to_dict(validate=False)
    axes = [e["y"] for e in encodings(chart) if e.get("y", {}).get("field") == "loss"]
    assert len(axes) >= 2
    for y in axes:
        assert (y["scale"].get("type"), y["title"]) == (scale, title)


@pytest.mark.parametrize("drift", [0.0, 1e20, math.inf, math.nan])
def test_any_drift_can_be_drawn(tmp_path: Path, drift: float) -> None:
    found = words(drawn(rows("newton", "tape", FALLING, drift)), tmp_path)
    assert any("‖θ − θ*‖" in text for text in found)


def test_forty_methods_keep_their_names_apart(tmp_path: Path) -> None:
    many = [rows("newton", f"method-{i}", FALLING) for i in range(40)]
    found = words(drawn(*many), tmp_path)
    assert all(found.count(f"method-{i}") == 2 for i in range(40))


def test_drawing_leaves_the_frame_as_it_was() -> None:
    frame = rows("newton", "tape", [*FALLING, 0.0])
    before = frame.copy(deep=True)
    draw(frame, TITLES)
    pd.testing.assert_frame_equal(frame, before)
