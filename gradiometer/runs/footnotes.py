"""Footnotes of a run's tables: what marks a figure, and what the mark says."""

from __future__ import annotations

import pandas as pd

from gradiometer.runs import analysis

DERIVED, SHARED, TRANSLATED = "†", "‡", "§"
FOOTNOTES = {
    DERIVED: "put together from the method's other operators",
    SHARED: "measured once, since several methods of the tool evaluate the same function alike",
    TRANSLATED: "of a translation, since the function is written in another framework",
}
"""What marks a figure, and what the mark says."""


def marks(cells: pd.DataFrame) -> pd.Series[str]:
    """Return the marks of each cell's time; of what was not timed, those of its digits."""
    timed = pd.Series(cells.index.isin(analysis.timed(cells).index), cells.index)
    held: dict[str, pd.Series[bool]] = {
        DERIVED: timed & (cells["route"] != "native"),
        SHARED: timed & (cells["shared"].fillna("") != "") & (cells["route"] == "native"),
        TRANSLATED: (cells["status"] == "ok") & analysis.translated(cells),
    }
    found = pd.Series("", index=cells.index, dtype="str")
    for mark, where in held.items():
        found = found.where(~where, found + mark)
    return found


def beside(cells: pd.DataFrame, operator: str, only: str = "".join(FOOTNOTES)) -> pd.DataFrame:
    """Return the marks of figures by method and case; empty where there is no figure.

    Args:
        cells: The cells of a run.
        operator: Of which the figures are.
        only: The marks that are shown.
    """
    table = analysis.matrix(cells.assign(mark=marks(cells)), "mark", operator)
    return table.map(lambda x: "".join(c for c in str(x) if c in only))


def meanings(cells: pd.DataFrame) -> dict[str, str]:
    """Return the marks that cells have, and what they say."""
    found = set("".join(marks(cells)))
    return {mark: meaning for mark, meaning in FOOTNOTES.items() if mark in found}


def named(cells: pd.DataFrame) -> pd.Series[str]:
    """Return the method of each cell, marked where it was given a translation."""
    of = cells["method"] + f" {TRANSLATED}"
    return of.where(analysis.translated(cells), cells["method"])
