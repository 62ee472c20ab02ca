"""Writes sections as Markdown: `report.md`, with charts as SVG beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from gradiometer.report.sections import Cells, Figure, Section, Table

SIGNS = r"[\\|<_*`]|\](?=[(\[])|&(?=#?\w+;)"
"""What CommonMark would not show as it is: signs, links and pictures, entities."""

MOST_TEXT = 2000
"""Characters of a table beyond which its columns are not aligned in the source."""


def write(report: Section, folder: Path) -> Path:
    """Write a report as `report.md` into a folder, its charts beside it; return its path."""
    for figure in report.figures():
        (folder / f"{figure.name}.svg").write_text(figure.svg(), encoding="utf-8")
    path = folder / "report.md"
    path.write_text(render(report), encoding="utf-8")
    return path


def render(report: Section) -> str:
    """Return a report as Markdown, with links to its figures."""
    return _section(report, 1) + "\n"


def as_html(text: str) -> str:
    """Return CommonMark as HTML; markup in it is text."""
    return str(_commonmark().render(text))


class Prose:
    """The blocks of a package's template, filled in with facts.

    Args:
        package: The package in whose folder `templates` the template is.
        template: Its file name.
        facts: What every block may name.
    """

    def __init__(self, package: str, template: str, **facts: Any) -> None:
        engine = Environment(loader=PackageLoader(package), undefined=StrictUndefined)
        engine.filters["literal"] = literal
        self._template = engine.get_template(template)
        self._facts = facts

    def __call__(self, block: str, **facts: Any) -> str:
        """Return the text of a block, filled in with further facts of its own."""
        context = self._template.new_context(self._facts | facts)
        text = "".join(self._template.blocks[block](context))
        return re.sub(r"\n{3,}", "\n\n", text.strip())


def literal(text: str) -> str:
    """Return text in one line that CommonMark shows as it is, in a table, too."""
    return re.sub(SIGNS, r"\\\g<0>", " ".join(text.splitlines()))


@cache
def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def _section(section: Section, level: int) -> str:
    text = "\n\n".join(_blocks(section, level))
    if section.folded:
        return _folded(section.title, text)
    return f"{'#' * level} {literal(section.title)}\n\n{text}"


def _blocks(section: Section, level: int) -> Iterator[str]:
    for part in section.parts:
        for plain in part.plain if isinstance(part, Cells) else [part]:
            yield _part(plain)
    for below in section.sections:
        yield _section(below, level + 1)


def _part(part: str | Table | Figure) -> str:
    if isinstance(part, Table):
        text = _table(part.frame)
        return _folded(part.summary, text) if part.summary else text
    return f"![{literal(part.title)}]({part.name}.svg)" if isinstance(part, Figure) else part


def _folded(summary: str, text: str) -> str:
    shown = html.escape(summary, quote=False)
    return f"<details>\n<summary>{shown}</summary>\n\n{text}\n\n</details>"


def _table(frame: pd.DataFrame) -> str:
    escaped = frame.map(lambda value: literal(value) if isinstance(value, str) else value)
    text = str(escaped.to_markdown(index=False, disable_numparse=True))
    return re.sub(r" +\|", " |", re.sub(r"-{3,}", "---", text)) if len(text) > MOST_TEXT else text
