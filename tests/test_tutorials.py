"""Tutorials do what they say: each is carried out from nothing, and shows what comes.

`python tests/listings.py docs/tutorials/*.md` writes what they show anew: read what changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from listings import blocks, different

PAGES = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_shows_what_comes(page: Path, tmp_path: Path) -> None:
    came = different(page.read_text(encoding="utf-8"), tmp_path)
    assert not came, "\n".join(came)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_in_a_tutorial_is_left_out(page: Path) -> None:
    found = blocks(page.read_text(encoding="utf-8"))
    assert {block.language for block in found} <= {"python", "pycon", "console"}
    typed = [block.text for block in found if block.language == "console"]
    assert typed
    assert all(text.startswith("$ ") for text in typed)
