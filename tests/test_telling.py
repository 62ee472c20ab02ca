"""Checks as text, HTML and JSON: every word and key stays as it was read last."""

from __future__ import annotations

import documents
import pytest


@pytest.mark.parametrize("name", documents.CHECKS)
def test_a_check_is_told_as_it_was_read_last(name: str) -> None:
    assert documents.others(documents.of_check(name)) == []
