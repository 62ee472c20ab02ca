"""Writes sections as one page, `report.html`, that carries all it needs and asks nobody for more.

Prose becomes HTML by markdown-it, charts are drawn by Vega-Lite, tables are sorted by DataTables:
their bundles are packed into the page, as the data is. Whatever text comes from a run is escaped.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gradiometer.report.colors import colors
from gradiometer.report.markdown import as_html
from gradiometer.report.quantities import GAP
from gradiometer.report.sections import Cells, Figure, Part, Section, Table
from gradiometer.report.spreadsheet import as_csv
from gradiometer.runs import analysis
from gradiometer.vocabulary.outcome import Status

FILE = "report.html"

SCRIPTS = (
    "numbers.js", "data.js", "figures.js", "colors.js", "tables.js", "records.js", "matrix.js",
    "break_even.js", "charts.js", "start.js",
)  # fmt: skip
"""The page's own scripts, in the order in which they name each other."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
"""What a browser lets the page do: nothing leaves it. Vega compiles its expressions (`eval`)."""

UNITS = {
    "": 1.0, "×": 1.0, "%": 1.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "MB": 1.0,
    "calls": 1.0, "digits": 1.0,
}  # fmt: skip
"""Units of numbers in tables, by which columns are sorted."""

NO_NUMBER = {GAP, "", *Status, analysis.NOT_REACHED, analysis.DAMAGED}
"""What stands in a column of numbers where there is none."""

NUMBER = re.compile(r"(?:< |= |≈ )?([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?) ?([^\d\s]*)[†‡§=]*")


@dataclass
class Page:
    """What a page carries, beside its text.

    Attributes:
        blobs: Packed texts, by the id of the element that holds them.
        charts: Definitions of charts by name.
        ids: Ids of sections that are taken.
        frames: Ids of the elements that hold frames, by the frames' identity.
    """

    blobs: dict[str, str] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    frames: dict[int, str] = field(default_factory=dict)


def write(report: Section, tables: Mapping[str, pd.DataFrame], folder: Path) -> Path:
    """Write a report as one page into a folder; return its path.

    Args:
        report: The outermost section.
        tables: What the page offers as CSV, and as Parquet where it is called `records`, by name.
        folder: Where it is written.
    """
    path = folder / FILE
    path.write_text(render(report, tables), encoding="utf-8")
    return path


def render(report: Section, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return a report as the text of a page."""
    engine = Environment(
        loader=PackageLoader("gradiometer.report"), undefined=StrictUndefined, autoescape=True
    )
    page = Page()
    told = _section(report, page)
    downloads = list(_downloads(tables, page))
    if page.charts:
        page.blobs |= {"charts": packed(json.dumps(page.charts)), "vega": _vega()}
    page.blobs["datatables"] = _packed_datatables()
    styles = f"{_datatables('css')}\n{_asset('page.css')}"
    script = "(() => {\n'use strict';\n" + "\n".join(map(_asset, SCRIPTS)) + "})();\n"
    return engine.get_template("page.html.j2").render(
        report=told,
        downloads=downloads,
        blobs=page.blobs,
        policy=POLICY,
        styles=Markup(styles),
        script=Markup(script),
        version=metadata.version("gradiometer"),
    )


def packed(content: str | bytes) -> str:
    """Return a text, or bytes, by gzip and base64."""
    raw = content.encode() if isinstance(content, str) else content
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode("ascii")


def columns(frame: pd.DataFrame) -> str:
    """Return a frame as JSON, column by column: gaps are null, infinities text."""
    return json.dumps({str(name): [_plain(v) for v in frame[name]] for name in frame.columns})


def sortable(texts: Iterable[Any]) -> list[float | None] | None:
    """Return the numbers that a column's texts say, None for gaps; None if one says no number.

    Durations are in seconds. What is `exact` is above all numbers.

    Example:
        >>> sortable(["34.7×", "1,200×†", "–"])
        [34.7, 1200.0, None]
    """
    found: list[float | None] = []
    for text in map(str, texts):
        match = NUMBER.fullmatch(text)
        unit = match[2].rstrip("†‡§=") if match else ""
        if match and unit in UNITS:
            found.append(float(match[1].replace(",", "")) * UNITS[unit])
        elif text in NO_NUMBER or text == "exact":
            found.append(math.inf if text == "exact" else None)
        else:
            return None
    return found if any(each is not None for each in found) else None


def _section(section: Section, page: Page) -> dict[str, Any]:
    return {
        "title": section.title,
        "id": _id(section.title, page),
        "folded": section.folded,
        "parts": [_part(part, page) for part in section.parts],
        "sections": [_section(each, page) for each in section.sections],
    }


def _id(title: str, page: Page) -> str:
    """Return the id of a section: what a link in CommonMark calls it."""
    slug = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") or "section"
    found, number = slug, 1
    while found in page.ids:
        found, number = f"{slug}-{number}", number + 1
    page.ids.add(found)
    return found


def _part(part: Part, page: Page) -> dict[str, Any]:
    if isinstance(part, Table):
        return {"kind": "table", "summary": part.summary} | _table(part.frame)
    if isinstance(part, Figure):
        page.charts[part.name] = part.definition()
        return {"kind": "chart", "name": part.name, "title": part.title}
    if isinstance(part, Cells):
        return {
            "kind": "cells",
            "view": part.view,
            "case": part.case,
            "blob": _blob(part.frame, page),
            "colors": json.dumps(colors(part.frame)),
            "plain": [_part(each, page) for each in part.plain if isinstance(each, str | Table)],
        }
    return {"kind": "prose", "html": Markup(as_html(part))}


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    orders = [sortable(frame.iloc[:, k]) for k in range(frame.shape[1])]
    rows = [
        [
            {"text": text, "order": None if order is None else _order(order[i])}
            for text, order in zip(row, orders, strict=True)
        ]
        for i, row in enumerate(frame.itertuples(index=False, name=None))
    ]
    return {"columns": list(frame.columns), "rows": rows}


def _order(number: float | None) -> str:
    return "" if number is None else repr(min(number, sys.float_info.max))


def _blob(frame: pd.DataFrame, page: Page) -> str:
    """Return the id under which the page carries a frame, once whoever shows it."""
    if id(frame) not in page.frames:
        page.frames[id(frame)] = name = f"cells-{len(page.frames)}"
        page.blobs[name] = packed(columns(frame))
    return page.frames[id(frame)]


def _downloads(tables: Mapping[str, pd.DataFrame], page: Page) -> Iterator[dict[str, Any]]:
    """Yield what may be downloaded, and make the page carry it."""
    for name, table in tables.items():
        page.blobs[f"csv-{name}"] = packed(as_csv(table))
        yield {"id": f"csv-{name}", "name": f"{name}.csv", "type": "text/csv", "packed": True}
    if "records" in tables:
        buffer = io.BytesIO()
        tables["records"].to_parquet(buffer, index=False)
        page.blobs["parquet-records"] = base64.b64encode(buffer.getvalue()).decode("ascii")
        kind = "application/vnd.apache.parquet"
        yield {"id": "parquet-records", "name": "records.parquet", "type": kind, "packed": False}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


@cache
def _asset(name: str) -> str:
    return (resources.files("gradiometer.report") / "assets" / name).read_text("utf-8")


@cache
def _datatables(suffix: str) -> str:
    """Return DataTables with its extensions, as itables brings them."""
    return (resources.files("itables") / "html" / f"dt_bundle.{suffix}").read_text("utf-8")


@cache
def _packed_datatables() -> str:
    return packed(_datatables("js"))


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed, as vl-convert brings them, packed."""
    import vl_convert

    return packed(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
