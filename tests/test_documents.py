"""Documents as a whole: every word, column, key and channel of a chart stays as it was read.

`python tests/documents.py` writes them anew: read what changed. Those of checks are compared in
`test_telling.py` and `test_certificate.py`.
"""

from __future__ import annotations

from pathlib import Path

import documents
import pytest
from listings import blocks


@pytest.mark.parametrize("what", documents.MAKERS)
def test_documents_are_as_they_were_read_last(what: str) -> None:
    assert documents.others(documents.MAKERS[what]()) == []


PAGES = Path(__file__).parents[1] / "docs"


def test_pages_show_what_is_printed() -> None:
    found = (blocks(page.read_text("utf-8")) for page in PAGES.glob("*.md"))
    shown = [block for each in found for block in each if block.name]
    assert len(shown) >= 5
    for text, _, name, _ in shown:
        kept = (documents.KEPT / name).read_text("utf-8")
        assert text.strip() == kept.strip(), f"{name} is another in docs now"
