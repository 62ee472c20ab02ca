"""Sections as Markdown: parts in their places, text that breaks nothing, files beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from gradiometer.report import markdown
from gradiometer.report.markdown import Prose, literal
from gradiometer.report.sections import Cells, Figure, Section, Table

FRAME = pd.DataFrame({"method": ["tape", "jit"], "× fastest": ["1.00×", "2.00×"]})
SIGNS = "a|b <c> _d_ *e* `f` \\ g [h](i) ![j](k) [l][m] &amp; &#65; n[0]"


def figure(name: str = "dots") -> Figure:
    chart = alt.Chart(pd.DataFrame({"x": [1.0, 2.0]})).mark_point().encode(x="x:Q")
    return Figure(name, "Dots by x", chart)


def html_of(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(report: Section) -> str:
    return MarkdownIt("commonmark").enable("table").render(markdown.render(report))


def test_parts_stand_in_their_order_and_sections_follow_them() -> None:
    below = [Section("Second", ["words"], [Section("Third", ["more"])]), Section("Last")]
    text = markdown.render(Section("First", ["prose", figure(), Table(FRAME), "end"], below))
    places = [
        text.index("# First\n\nprose\n\n![Dots by x](dots.svg)\n\n| method"),
        text.index("|\n\nend\n\n## Second\n\nwords"),
        text.index("\n\n### Third\n\nmore"),
        text.index("\n\n## Last"),
    ]
    assert places == sorted(places)


def test_a_folded_table_shows_its_summary() -> None:
    text = markdown.render(Section("First", [Table(FRAME, "2 <rows>")]))
    assert "<details>\n<summary>2 &lt;rows&gt;</summary>\n\n| method" in text
    assert text.endswith("|\n\n</details>\n")


def test_a_folded_section_keeps_the_level_of_those_below_it() -> None:
    below = Section("net", ["prose"], [Section("case")], folded=True)
    text = markdown.render(Section("First", (), [Section("Second", (), [below])]))
    assert "<summary>net</summary>\n\nprose\n\n#### case" in text
    assert "# net" not in text


@pytest.mark.parametrize("separator", ["|", "\n", "\r\n", "\x0b", "\u2028"])
def test_an_entry_stays_in_its_cell(separator: str) -> None:
    frame = pd.DataFrame({"method": ["tape"], "reason": [f"before{separator}after"]})
    shown = re.findall(r"<td[^>]*>(.*?)</td>", html(Section("First", [Table(frame)])), re.DOTALL)
    assert shown[0] == "tape"
    assert re.fullmatch(r"before\W+after", shown[1])


def test_titles_and_entries_read_as_they_were_given() -> None:
    shown = html(Section(SIGNS, [Table(pd.DataFrame({"x": [SIGNS]}))]))
    expected = html_of(SIGNS)
    assert f"<h1>{expected}</h1>" in shown
    assert re.search(rf"<td[^>]*>{re.escape(expected)}</td>", shown)


def test_a_large_table_is_not_aligned_in_the_source() -> None:
    frame = pd.DataFrame({"method": ["a", "a-long-name"] * 100})
    assert "| a           |" in markdown.render(Section("First", [Table(frame[:2])]))
    assert "\n| a |\n" in markdown.render(Section("First", [Table(frame)]))


def test_charts_of_all_sections_are_written_beside_the_text(tmp_path: Path) -> None:
    unseen = Cells(FRAME, "matrix", [figure("plain")])
    report = Section("First", [figure(), unseen], [Section("Second", [figure("deep")])])
    path = markdown.write(report, tmp_path)
    assert path == tmp_path / "report.md"
    assert path.read_text("utf-8") == markdown.render(report)
    assert "](plain.svg)" in markdown.render(report)
    assert {p.name for p in path.parent.iterdir()} == {
        "report.md", "dots.svg", "deep.svg", "plain.svg",
    }  # fmt: skip


@pytest.mark.parametrize("kept", [SIGNS, "two\nlines", "plain"])
def test_literal_text_reads_as_it_is(kept: str) -> None:
    shown = MarkdownIt("commonmark").renderInline(literal(kept))
    assert shown == html_of(" ".join(kept.split("\n")))


def test_prose_is_a_block_of_a_template_without_gaps(tmp_path: Path, monkeypatch: Any) -> None:
    templates = tmp_path / "written" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "__init__.py").write_text("")
    block = "\nfor {{ name }}\n{% if more %}\nmore\n{% endif %}\n\n{{ last | literal }}\n"
    (templates / "text.md.j2").write_text(f"{{% block told %}}{block}{{% endblock %}}")
    monkeypatch.syspath_prepend(tmp_path)
    prose = Prose("written", "text.md.j2", name="us", more=False)
    assert prose("told", last="a_b") == "for us\n\na\\_b"
    assert prose("told", last="c", more=True) == "for us\n\nmore\n\nc"
