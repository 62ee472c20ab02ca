"""Documents as a whole: every word, column, key and channel of a chart stays as it was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import documents
import pytest


@pytest.mark.parametrize("made", documents.MAKERS)
def test_documents_are_as_they_were_read_last(
    made: Callable[[], Iterator[tuple[str, str]]],
) -> None:
    kind = made.__name__.removeprefix("of_").removesuffix("s")
    names = set()
    for name, text in made():
        names.add(name)
        kept = documents.KEPT / name
        assert kept.exists(), f"{name} is new: `python tests/documents.py` writes it; read it"
        assert text == kept.read_text(encoding="utf-8"), f"{name} is another {kind} now"
    assert names


SHOWN = re.compile(r"<!-- ([\w.-]+) -->\n\n```[a-z]*\n(.*?)```\n", re.DOTALL)
PAGES = Path(__file__).parents[1] / "docs"


def test_pages_show_what_is_printed() -> None:
    shown = [
        found for page in PAGES.glob("*.md") for found in SHOWN.findall(page.read_text("utf-8"))
    ]
    assert len(shown) >= 6
    for name, text in shown:
        kept = (documents.KEPT / name).read_text("utf-8")
        assert text.strip() == kept.strip(), f"{name} is another in docs now"
