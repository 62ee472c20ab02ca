"""Tables as CSV that a spreadsheet may open: no text of a run becomes a formula there."""

from __future__ import annotations

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that spreadsheets compute (OWASP, CSV injection)."""


def as_csv(table: pd.DataFrame) -> str:
    r"""Return a table as CSV; a text that would be a formula has an apostrophe before it.

    Example:
        >>> as_csv(pd.DataFrame({"name": ["=1+1", "sum"], "value": [-1.0, 2.0]}))
        "name,value\n'=1+1,-1.0\nsum,2.0\n"
    """
    texts = table.select_dtypes(exclude=["number", "bool"])
    return str(
        table.assign(**{str(name): texts[name].map(_harmless) for name in texts}).to_csv(
            index=False
        )
    )


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
