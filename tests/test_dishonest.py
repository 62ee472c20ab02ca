"""A method that only looks right never ends as `ok`: each fault gets the verdict that it must."""

from __future__ import annotations

import re
from pathlib import Path

import dishonest
import pandas as pd
import pytest

import gradiometer
from gradiometer.measure.options import Options

FILE = Path(dishonest.__file__)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the records of a run of all that the file holds, by method and problem/operator."""
    runs = [
        gradiometer.run(
            sorted({case.partition("/")[0] for _, case in cells}),
            ["honest", *dict.fromkeys(method for method, _ in cells)],
            plugins=[FILE],
            operators=operator,
            options=Options(rounds=20, sample_s=0.002, budget_s=2.0, precision=1e-9),
            results=tmp_path_factory.mktemp("results"),
        )
        for operator in ("gradient", "jacobian", "hessian", "hvp")
        if (cells := [cell for cell in dishonest.VERDICTS if cell[1].endswith(f"/{operator}")])
    ]
    found = pd.concat([run.records for run in runs])
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
