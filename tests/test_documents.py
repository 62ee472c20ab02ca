"""Documents as a whole: every word, column, key and channel of a chart stays as it was read.

`python tests/documents.py` writes them anew: read what changed. Those of checks are compared in
`test_telling.py` and `test_certificate.py`.
"""

from __future__ import annotations

import documents
import pytest


@pytest.mark.parametrize("what", documents.MAKERS)
def test_documents_are_as_they_were_read_last(what: str) -> None:
    assert documents.others(documents.MAKERS[what]()) == []
