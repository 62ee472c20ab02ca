"""Records: one a cell, and back from the journal's line as they were."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pytest

from gradiometer.runs.schema import (
    COMPARISON,
    Identity,
    Layout,
    Samples,
    columns,
    dump,
    parse,
    record,
    samples,
)
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Cold, Outcome, Status, Verdict, Warm

COLUMNS = list(COMPARISON.columns)
WHOLE = [name for name, kind in COMPARISON.columns.items() if kind is int]
PARTS = (Verdict, Cold, Warm)


@dataclass
class Ended:
    rule: str
    method: str
    faulty: bool
    status: Status = Status.OK
    loss: float | None = None


@dataclass
class Steps:
    losses: list[float] = field(default_factory=list)


DESCENT = Layout("descent", ("rule", "method"), (Ended,), Steps, "steps")


def identity(size: str = "", operator: str = "gradient") -> Identity:
    case = Case("affine", size, operator)
    return Identity(
        case=case.id, problem=case.problem, size=case.size, operator=case.operator,
        method="tape", tool="tapes", mode="forward",
    )  # fmt: skip


def row(**values: Any) -> dict[str, Any]:
    return record(identity(), Outcome(Status.OK)) | values


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return type(a) is type(b) and a == b and math.copysign(1, a or 0) == math.copysign(1, b or 0)


@pytest.mark.parametrize(
    ("size", "operator", "case"),
    [
        ("", "gradient", "affine/float64/gradient"),
        ("", "value", "affine/float64/value"),
        ("2-3", "gradient", "affine/2-3/float64/gradient"),
    ],
)
def test_a_record_begins_with_the_cell(size: str, operator: str, case: str) -> None:
    found = record(identity(size, operator), Outcome(Status.OK))
    assert list(found.items())[:10] == [
        ("case", case), ("problem", "affine"), ("size", size), ("dtype", "float64"),
        ("device", "cpu"), ("operator", operator), ("method", "tape"), ("tool", "tapes"),
        ("mode", "forward"), ("expected", ""),
    ]  # fmt: skip


def test_a_record_has_every_column_in_order() -> None:
    assert list(record(identity(), Outcome(Status.OK))) == COLUMNS


def test_columns_are_fields_of_identity_and_outcome() -> None:
    parts = [fields(Identity), fields(Outcome)[:7], *map(fields, PARTS)]
    assert [f.name for part in parts for f in part] == COLUMNS
    assert [f.name for f in fields(Outcome)[7:]] == [part.__name__.lower() for part in PARTS]
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_types_of_columns_are_those_of_the_fields() -> None:
    kinds = COMPARISON.columns
    assert {n for n, kind in kinds.items() if kind is str} == COMPARISON.text
    assert {f.name for f in fields(Identity)} <= COMPARISON.text
    assert COMPARISON.text >= {"status", "reason", "route", "stopped", "bound"}
    assert set(WHOLE) == {
        "n", "rounds", "calm", "loops", "prepare_bytes", "call_bytes", "cold", "undecided",
    }  # fmt: skip
    assert set(kinds.values()) == {str, int, float}


def test_another_experiment_has_columns_of_its_own() -> None:
    assert DESCENT.columns == {
        "rule": str, "method": str, "faulty": bool, "status": str, "loss": float,
    }  # fmt: skip
    assert columns(Steps) == {"losses": list[float]}
    assert DESCENT.text == {"rule", "method", "status"}
    assert DESCENT.name({"rule": "newton", "method": "jax", "loss": 1.0}) == ("newton", "jax")


@pytest.mark.parametrize("loss", [1.5, None, math.inf, -math.inf])
def test_records_of_another_experiment_come_back(loss: float | None) -> None:
    before = record(Ended("newton", "jax", False, Status.ERROR, loss))
    assert parse(dump(before), DESCENT) == before


def test_parts_of_a_record_are_flattened_once() -> None:
    outcome = Outcome(Status.OK, verdict=Verdict(n=3), cold=Cold(cold=2), warm=Warm(time_s=1.0))
    found = record(identity(), outcome)
    assert (found["n"], found["cold"], found["time_s"]) == (3, 2, 1.0)
    assert not {"verdict", "warm"} & found.keys()


def test_a_record_from_before_devices_is_of_the_cpu() -> None:
    before = {name: value for name, value in row().items() if name != "device"}
    assert parse(dump(before)) == row()
    assert parse(dump(before | {"device": "gpu"}))["device"] == "gpu"


def test_samples_hold_the_fields_of_their_class() -> None:
    found = samples({0: 1.0, 3: 2.0}, {3, 9}, 4)
    assert found == record(Samples(4, [0, 3], [1.0, 2.0], [False, True]))
    assert samples({}) is None


def test_infinities_in_series_come_back_as_numbers() -> None:
    line = {"rule": "nan", "method": "m", "losses": [1.0, math.inf, -math.inf, math.nan]}
    found = parse(dump(line), DESCENT, ())
    assert found["rule"] == "nan"
    assert all(map(same, line["losses"], found["losses"]))


@pytest.mark.parametrize("status", list(Status))
def test_a_record_holds_its_status_as_plain_text(status: Status) -> None:
    found = record(identity(), Outcome(status, "why"))["status"]
    assert type(found) is str
    assert found == status.value


@pytest.mark.parametrize("status", list(Status))
def test_every_status_comes_back_from_the_journal(status: Status) -> None:
    before = record(identity(), Outcome(status, "why"))
    assert parse(dump(before)) == before


@pytest.mark.parametrize(
    "value",
    [
        None, 0.0, -0.0, 1.0, 0.1, -2.5, 1 / 3, 8.428952006823387e-08, 5e-324,
        1.7976931348623157e308, math.inf, -math.inf, math.nan,
    ],
)  # fmt: skip
def test_every_number_comes_back_to_the_last_bit(value: float | None) -> None:
    columns = ["digits", "ulps", "time_s", "ratio_high", "condition", "owed"]
    kept = parse(dump(row(**dict.fromkeys(columns, value))))
    for found in (kept[column] for column in columns):
        assert found is None if value is None else same(value, found)


@pytest.mark.parametrize("value", [None, 0, 1, 85_002, 2**53 + 1, 2**70])
def test_whole_numbers_come_back_whole(value: int | None) -> None:
    kept = parse(dump(row(**dict.fromkeys(WHOLE, value))))
    for found in (kept[column] for column in WHOLE):
        assert found == value
        assert not isinstance(found, float)


@pytest.mark.parametrize(
    "text",
    ["", " ", "inf", "-inf", "nan", "null", "3", "a|b", 'say "no"', "C:\\new", "σ(a·x + b)", "☃😀"],
)
def test_text_comes_back_as_text_even_where_it_looks_like_a_number(text: str) -> None:
    kept = parse(dump(row(**dict.fromkeys(COMPARISON.text, text))))
    for found in (kept[column] for column in COMPARISON.text):
        assert found == text
        assert type(found) is str


@pytest.mark.parametrize(
    "value", [np.float64(0.1), np.float64("inf"), np.float64("nan"), np.float64(-np.inf)]
)
def test_numpy_floats_come_back_as_the_same_floats(value: np.float64) -> None:
    assert same(float(value), parse(dump(row(digits=value)))["digits"])


@pytest.mark.parametrize("reason", ["two\nlines", "carriage\r\nreturn", "tab\t", "bell\a", "nul\0"])
def test_a_record_is_one_line_whatever_its_reason_holds(reason: str) -> None:
    line = dump(row(reason=reason))
    assert "\n" not in line
    assert "\r" not in line
    assert parse(line)["reason"] == reason


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1.5, None])
def test_a_line_is_strict_json(value: float | None) -> None:
    json.loads(dump(row(digits=value, ulps=value)), parse_constant=refuse)


def test_a_line_keeps_letters_of_all_languages_readable() -> None:
    assert "größer als σ" in dump(row(reason="größer als σ"))


def test_what_json_cannot_hold_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        dump(row(reason=object()))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.99])
def test_a_line_cut_anywhere_is_refused(share: float) -> None:
    line = dump(row(reason="why", digits=12.5, status="error"))
    with pytest.raises(ValueError, match=r"\S"):
        parse(line[: int(share * len(line))])


@pytest.mark.parametrize(
    "line",
    ["[]", "3", "null", '"case method status"', "{}", '{"case": "a", "method": "b"}', "[{}]", "x"],
)
def test_json_that_is_no_record_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse(line)


def test_two_records_on_one_line_are_refused() -> None:
    with pytest.raises(ValueError, match="Extra data"):
        parse(dump(row()) + dump(row()))


def test_columns_of_a_later_version_are_kept() -> None:
    assert parse(dump(row(peak_bytes=7)))["peak_bytes"] == 7


@pytest.mark.parametrize(("column", "value"), COMPARISON.added.items())
def test_a_record_from_before_a_column_has_what_was_true_then(column: str, value: str) -> None:
    before = {name: x for name, x in row().items() if name != column}
    assert parse(dump(before))[column] == value
