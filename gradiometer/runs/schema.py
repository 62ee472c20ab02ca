"""One tidy record a planned cell: what it was, how it ended, what was measured."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from gradiometer.measure.plan import Cell
from gradiometer.vocabulary.outcome import Outcome


@dataclass(frozen=True)
class Identity:
    """Which cell a record is of: the leading columns of every table."""

    case: str
    problem: str
    size: str
    dtype: str
    operator: str
    method: str
    tool: str
    mode: str
    expected: str = ""

    @classmethod
    def of(cls, cell: Cell) -> Identity:
        """Return a cell's identity."""
        case, method = cell.case, cell.method
        names = (case.id, case.problem.name, case.size, case.dtype, case.operator)
        expected = case.problem.expects(method.name)
        return cls(*names, method.name, method.tool, method.mode, expected)


COLUMNS = [f.name for f in (*fields(Identity), *fields(Outcome))]
"""The columns of a run's records, in order."""

TEXT = {f.name for f in fields(Identity)} | {"status", "reason", "route", "stopped", "bound"}
WHOLE = {"n", "rounds", "calm", "loops", "prepare_bytes", "call_bytes", "cold", "undecided"}


INFINITE = ("inf", "-inf", "nan")
"""How numbers that JSON has not are written."""


def record(cell: Cell, outcome: Outcome) -> dict[str, Any]:
    """Return a cell's record, one value a column."""
    return asdict(Identity.of(cell)) | asdict(outcome) | {"status": str(outcome.status)}


def dump(row: dict[str, Any]) -> str:
    """Return a record as one line of strict JSON; infinities (an exact answer's digits) as text."""
    return json.dumps(strict(row, nan="nan"), ensure_ascii=False, allow_nan=False)


def strict(data: Any, nan: str | None = None) -> Any:
    """Return data that strict JSON can hold: infinities as text, text as Unicode, NaN as `nan`."""
    if isinstance(data, dict):
        return {key: strict(value, nan) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [strict(value, nan) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return nan if math.isnan(data) else str(data)
    if isinstance(data, str):
        return data.encode("utf-8", errors="backslashreplace").decode("utf-8")
    return data


def parse(line: str) -> dict[str, Any]:
    """Return the record that a line of the journal holds.

    Raises:
        ValueError: If the line is not one whole record.
    """
    row = json.loads(line)
    if not isinstance(row, dict) or not set(row) >= {"case", "method", "status"}:
        raise ValueError("not a record")
    if any(word in line for word in ('"inf"', '"-inf"', '"nan"')):
        numbers = {k: float(v) for k, v in row.items() if v in INFINITE and k not in TEXT}
        row |= numbers
    return row
