"""A method that only looks right never ends as `ok`: each fault gets the verdict that it must."""

from __future__ import annotations

import re

import dishonest
import pandas as pd
import pytest

from gradiometer.api import measure
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case, Cell


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the records of a run of all that the file holds, by method and problem/operator."""
    cells = [
        Cell(Case(problem, "", operator), name)
        for method, case in dishonest.VERDICTS
        for problem, _, operator in [case.partition("/")]
        for name in ("honest", method)
    ]
    once = sorted(set(cells), key=lambda cell: (cell.case.id, cell.method))
    options = Options(rounds=20, sample_s=0.002, budget_s=2.0, precision=1e-9)
    results = tmp_path_factory.mktemp("results")
    found = measure(Plan.of(once, loader.load(dishonest.FILES)), options, results).records
    return found.set_index(["method", found["problem"] + "/" + found["operator"]])


@pytest.mark.parametrize(("method", "case"), dishonest.VERDICTS)
def test_a_method_that_only_looks_right_is_found_out(
    records: pd.DataFrame, method: str, case: str
) -> None:
    status, reason = dishonest.VERDICTS[method, case]
    found = records.loc[method, case]
    assert re.fullmatch(status, found["status"]), found["reason"]
    assert re.search(reason, found["reason"])
    assert pd.isna(found["ratio"])


@pytest.mark.parametrize("case", sorted({case for _, case in dishonest.VERDICTS}))
def test_an_honest_method_is_ok_beside_them(records: pd.DataFrame, case: str) -> None:
    assert records.loc["honest", case]["status"] == "ok", records.loc["honest", case]["reason"]


def test_there_are_at_least_twenty_five() -> None:
    assert len({method for method, _ in dishonest.VERDICTS}) >= 25
