"""Colours and shapes: a method looks the same in every report, and can be told from all others."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import pandas as pd
import pytest

from gradiometer.plugins import loader
from gradiometer.report import colors

STRANGERS = {f"tool-{k}": f"tool-{k}" for k in range(20)}


def of(tools: dict[str, str]) -> pd.DataFrame:
    """Return records of methods, given the tool of each."""
    return pd.DataFrame({"method": list(tools), "tool": list(tools.values())})


def built_in() -> dict[str, str]:
    """Return the tool of each built-in method."""
    return {name: entry.tool for name, entry in loader.load().methods.items()}


def test_what_is_named_is_built_in() -> None:
    named = {name: tool for tool, names in colors.TOOLS.items() for name in names}
    assert named.items() <= built_in().items()


def test_no_two_built_in_tools_have_hue_and_shape_in_common() -> None:
    places = list(colors.KNOWN.values())
    assert len(set(places)) == len(places)
    assert not set(places) & set(colors.FREE)
    assert len(places) + len(colors.FREE) == len(colors.FAMILIES) * len(colors.SHAPES)


def test_methods_of_a_tool_have_its_shape_and_colours_of_their_own() -> None:
    tools = built_in()
    shown, shapes = colors.colors(of(tools)), colors.shapes(of(tools))
    assert set(shown) == set(shapes) == set(tools)
    for one, other in combinations(tools, 2):
        if tools[one] == tools[other]:
            assert shapes[one] == shapes[other]
        assert (shown[one], shapes[one]) != (shown[other], shapes[other])


@pytest.mark.parametrize("page", [colors.WHITE, colors.DARK])
@pytest.mark.parametrize("tools", [built_in(), STRANGERS], ids=["built-in", "others"])
def test_marks_stand_out_from_the_page(page: str, tools: dict[str, str]) -> None:
    shown = {*colors.colors(of(tools)).values(), colors.FAULT, colors.MISSED}
    assert min(colors.contrast(color, page) for color in shown) >= 3.0


def test_a_method_looks_the_same_whatever_else_is_in_the_run() -> None:
    tools = built_in() | STRANGERS
    shown, shapes = colors.colors(of(tools)), colors.shapes(of(tools))
    for name in built_in():
        alone = of({name: tools[name]})
        assert colors.colors(alone) == {name: shown[name]}
        assert colors.shapes(alone) == {name: shapes[name]}


def test_the_order_of_the_records_does_not_matter() -> None:
    tools = built_in() | STRANGERS
    backwards = dict(reversed(tools.items()))
    assert colors.colors(of(backwards)) == colors.colors(of(tools))
    assert colors.shapes(of(backwards)) == colors.shapes(of(tools))


def test_tools_of_others_do_not_share_a_place_until_none_is_free() -> None:
    shown, shapes = colors.colors(of(STRANGERS)), colors.shapes(of(STRANGERS))
    assert len({(shown[name], shapes[name]) for name in STRANGERS}) == len(STRANGERS)
    many = {f"t{k}": f"t{k}" for k in range(len(colors.FREE) + 5)}
    shown, shapes = colors.colors(of(many)), colors.shapes(of(many))
    assert len({(shown[name], shapes[name]) for name in many}) == len(colors.FREE)


def test_other_methods_of_a_known_tool_follow_its_own() -> None:
    tools = {"jax": "jax_transforms", "b": "jax_transforms", "a": "jax_transforms"}
    shown = colors.colors(of(tools))
    assert shown["jax"] == colors.colors(of({"jax": "jax_transforms"}))["jax"]
    assert len(set(shown.values())) == 3


def test_without_tools_methods_are_known_by_their_names() -> None:
    methods = pd.DataFrame({"method": ["jax-jit", "mine", "jax-jit"]})
    whole = of({"jax-jit": "jax_transforms", "mine": "mine"})
    assert colors.colors(methods) == colors.colors(whole)


def test_no_records_have_no_colours() -> None:
    assert colors.colors(of({})) == colors.shapes(of({})) == {}


@pytest.mark.parametrize("against_white", [1.5, 3.0, 5.0, 12.0])
@pytest.mark.parametrize("hue", colors.FAMILIES)
def test_a_shade_has_the_contrast_that_was_asked_for(hue: str, against_white: float) -> None:
    made = colors.shade(hue, against_white)
    assert colors.contrast(made, colors.WHITE) == pytest.approx(against_white, rel=0.02)


@pytest.mark.parametrize(
    ("color", "luminance"),
    [("#000000", 0.0), ("#ffffff", 1.0), ("#ff0000", 0.2126), ("#777777", 0.1845)],
)
def test_luminance_is_that_of_the_guidelines(color: str, luminance: float) -> None:
    assert colors.luminance(color) == pytest.approx(luminance, abs=1e-4)


@pytest.mark.parametrize(("fill", "text"), [("#ffffff", colors.INK), ("#000000", colors.WHITE)])
def test_text_on_a_fill_has_the_colour_that_stands_out(fill: str, text: str) -> None:
    assert colors.ink(fill) == text


def test_colours_are_had_without_loading_what_draws() -> None:
    code = "import sys, gradiometer.report.colors; sys.exit('altair' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
