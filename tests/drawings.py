"""What a reader sees of a chart: the texts in its drawing."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import vl_convert

SVG = "{http://www.w3.org/2000/svg}"


def svg(chart: Any) -> str:
    """Return a chart's drawing; its definition, which a report has checked, is taken as it is."""
    assert chart is not None
    text: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    return text


def words(chart: Any) -> list[str]:
    """Return the texts in a chart's drawing, which must be well-formed XML."""
    root = ET.fromstring(svg(chart))
    assert root.tag == f"{SVG}svg"
    assert root.findall(f".//{SVG}path")
    return [text.text or "" for text in root.iter(f"{SVG}text")]
