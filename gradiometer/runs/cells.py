"""The cells of a run, as a page explores them: a row a cell, a column a fact or a figure."""

from __future__ import annotations

import pandas as pd

from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

COLUMNS = (
    "case", "label", "problem", "size", "dtype", "device", "operator", "n", "method", "tool",
    "mode", "status", "expected", "reason", "marks", "translated", "ratio", "ratio_low",
    "ratio_high", "time_s", "low_s", "high_s", "digits", "worst_digits", "promise", "owed",
    "per_primal", "cold_s", "import_s", "prepare_s", "first_s", "call_bytes", "prepare_bytes",
    "rounds", "calm", "condition",
)  # fmt: skip
"""What is known of a cell there.

`label` is the short name of its case, `marks` are those of its footnotes, `expected` and
`translated` say whether, `per_primal` is the time over that of the method's own value, `cold_s` the
seconds until the first answer.
"""


def cells(run: RecordedRun) -> pd.DataFrame:
    """Return the planned cells in the order of the plan, with the columns of `COLUMNS`."""
    found = run.cells
    keys = ["case", "method"]
    primal = run.timing().set_index(keys)["per_primal"]
    table = found.assign(
        label=analysis.label(found),
        marks=footnotes.marks(found),
        expected=(found["status"] == found["expected"]) & (found["status"] != "ok"),
        translated=analysis.translated(found),
        cold_s=analysis.cold(found),
        per_primal=primal.reindex(pd.MultiIndex.from_frame(found[keys])).to_numpy(),
    )
    return table[list(COLUMNS)].reset_index(drop=True)
