"""Documents as a whole: every word, column, key and channel of a chart stays as it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
