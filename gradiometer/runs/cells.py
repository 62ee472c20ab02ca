"""The cells of a run with all that is known of them: a row a cell, a column a fact or a figure."""

from __future__ import annotations

import pandas as pd

from gradiometer.runs import analysis, footnotes, regimes

COLUMNS = (
    "case", "label", "problem", "size", "dtype", "device", "operator", "n", "method", "tool",
    "mode", "kind", "status", "end", "reason", "marks", "translated", "ratio", "ratio_low",
    "ratio_high", "time_s", "low_s", "high_s", "digits", "worst_digits", "promise", "owed",
    "per_primal", "cold_s", "import_s", "prepare_s", "first_s", "call_bytes", "prepare_bytes",
    "rounds", "calm", "condition", "node", "machine",
)  # fmt: skip
"""What is known of a cell.

`label` is the short name of its case, `kind` that of `regimes.KINDS`, `end` that of
`analysis.ends`, `marks` are those of its footnotes, `translated` says whether its method was given
a translation, `per_primal` is the time over that of the method's own value, `cold_s` the seconds
until the first answer.
"""


def whole(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells, in their order, with the columns of `COLUMNS`."""
    table = cells.assign(
        label=analysis.label(cells),
        kind=cells["mode"].map(regimes.KINDS),
        end=analysis.ends(cells),
        marks=footnotes.marks(cells),
        translated=analysis.translated(cells),
        cold_s=analysis.cold(cells),
        per_primal=analysis.per(cells, "value"),
    )
    return table[list(COLUMNS)].reset_index(drop=True)
