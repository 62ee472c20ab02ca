"""What a run keeps: flat records whose columns are the fields of dataclasses.

An experiment gives its `Layout`; the store, its journals and its tables know no column of their
own. The comparison's stands here, that of any other experiment beside it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, is_dataclass
from enum import StrEnum
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from gradiometer.vocabulary.outcome import Outcome

Row = dict[str, Any]

INFINITE = ("inf", "-inf", "nan")
"""How numbers that JSON has not are written."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which cell a record is of: the leading columns of every table, and a row of the plan.

    Attributes:
        case: The case's id.
        problem: The problem's name.
        size: Label of its size; empty where it has a single one.
        dtype: What the point's numbers are.
        device: What computes.
        operator: Name of the operator.
        method: The method's name.
        tool: The tool that the method belongs to.
        mode: The method's mode.
        expected: Status, other than `ok`, that the problem expects of the method.
    """

    case: str
    problem: str
    size: str
    dtype: str = "float64"
    device: str = "cpu"
    operator: str
    method: str
    tool: str
    mode: str
    expected: str = ""


@dataclass(frozen=True)
class Samples:
    """What a cell's time is the median of.

    Attributes:
        loops: Calls in a sample.
        rounds: Number of each sample's round.
        seconds: Seconds a call.
        calm: Whether the machine was undisturbed.
    """

    loops: int
    rounds: list[int]
    seconds: list[float]
    calm: list[bool]


@dataclass(frozen=True)
class Layout:
    """How an experiment keeps its rows in a run's folder.

    A column's type is its field's annotation: `str`, `bool`, `int` or `float`, those two with
    `| None` where there may be no figure, and `list` of one of them in a series. Every record has
    a `status`. A series that is left of an earlier try does not count where the record has no
    figure; without a column that tells, give every record a series, if one of empty lists.

    Attributes:
        experiment: Name of the experiment.
        key: Columns, of text, that name a record.
        record: Dataclasses whose fields, one after the other, are a record's columns.
        series: Dataclass whose fields are what a record stands on: a line of the second journal,
            and a row of its table for each item of its lists.
        journal: Name of that journal and table.
        figure: Column of a record that is empty where no series counts, if there is one.
        singular: Columns of that table that are not named as the journal's lists are.
        added: What columns hold in records written before there were such columns.
    """

    experiment: str
    key: tuple[str, ...]
    record: tuple[type, ...]
    series: type
    journal: str
    figure: str = ""
    singular: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def columns(self) -> dict[str, Any]:
        """A record's columns, in order, with their types."""
        return columns(*self.record)

    @cached_property
    def text(self) -> set[str]:
        """The columns that hold text."""
        kinds = self.columns.items()
        return {*self.key, *(name for name, kind in kinds if str in (kind, *get_args(kind)))}

    def name(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what names a record, or its series."""
        return tuple(row[column] for column in self.key)


def columns(*parts: type) -> dict[str, Any]:
    """Return the fields of dataclasses, nested ones flattened, with their types."""
    found: dict[str, Any] = {}
    for part in parts:
        for name, hint in get_type_hints(part).items():
            nested = isinstance(hint, type) and is_dataclass(hint)
            found |= columns(hint) if nested else {name: _kind(hint)}
    return found


def record(*parts: Any) -> Row:
    """Return the values of dataclasses, nested ones flattened, as one row.

    Example:
        `record(identity, outcome)` is a cell's record.
    """
    row: Row = {}
    for part in parts:
        for name, value in vars(part).items():
            plain = str(value) if isinstance(value, StrEnum) else value
            row |= record(value) if is_dataclass(value) else {name: plain}
    return row


def samples(
    seconds: Mapping[int, float], calm: Collection[int] = (), loops: int | None = None
) -> Row | None:
    """Return a cell's samples as its journal has them; None where there are none.

    Args:
        seconds: Seconds a call by the number of the round.
        calm: Rounds in which the machine was undisturbed.
        loops: Calls in a sample.
    """
    if not seconds:
        return None
    told = [number in calm for number in seconds]
    return {"loops": loops, "rounds": [*seconds], "seconds": [*seconds.values()], "calm": told}


COMPARISON = Layout(
    experiment="comparison",
    key=("case", "method"),
    record=(Identity, Outcome),
    series=Samples,
    journal="samples",
    figure="time_s",
    singular={"rounds": "round"},
    added={"device": "cpu", "shared": "", "translated": "", "node": "", "machine": ""},
)


def dump(row: Row) -> str:
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


def parse(line: str, layout: Layout = COMPARISON, required: Collection[str] = ("status",)) -> Row:
    """Return the row that a line of a journal holds.

    Raises:
        ValueError: If the line is not one whole row, with a key and what else is required.
    """
    row = json.loads(line)
    if not isinstance(row, dict) or not row.keys() >= {*layout.key, *required}:
        raise ValueError("not a record")
    if any(f'"{word}"' in line for word in INFINITE):
        row |= {name: _number(v) for name, v in row.items() if name not in layout.text}
    return {**layout.added, **row}


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(v) for v in value]
    return float(value) if value in INFINITE else value


def _kind(hint: Any) -> Any:
    if get_origin(hint) is UnionType:
        (hint,) = (kind for kind in get_args(hint) if kind is not NoneType)
    return str if isinstance(hint, type) and issubclass(hint, str) else hint
