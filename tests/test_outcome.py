"""How a cell ended: the statuses and the figures."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re

import pytest

from gradiometer.vocabulary.outcome import Outcome, Status

FIGURES = [f.name for f in dataclasses.fields(Outcome) if f.default is None]


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "disagrees",
        "nonfinite",
        "unsupported",
        "not-installed",
        "error",
        "timeout",
        "crashed",
        "out-of-memory",
        "skipped",
    ],
)
def test_a_status_is_its_text(text: str) -> None:
    status = Status(text)
    assert status == text
    assert str(status) == f"{status}" == text
    assert json.loads(json.dumps(status)) == text
    assert status.name.lower().replace("_", "-") == text


def test_there_are_ten_ways_to_end_and_no_other() -> None:
    assert len(Status) == 10
    with pytest.raises(ValueError, match="'fine' is not a valid Status"):
        Status("fine")


@pytest.mark.parametrize("status", Status)
def test_only_what_could_be_expected_is_blameless(status: Status) -> None:
    expected = status in {"ok", "skipped", "unsupported", "not-installed"}
    assert status.blameless is expected


def test_an_outcome_has_no_figure_until_one_was_measured() -> None:
    outcome = Outcome(Status.TIMEOUT, "too slow")
    assert (outcome.status, outcome.reason, outcome.route) == (
        Status.TIMEOUT,
        "too slow",
        "native",
    )
    assert {getattr(outcome, name) for name in FIGURES} == {None}


def test_an_outcome_without_a_status_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="status"):
        Outcome()


@pytest.mark.parametrize("name", ["digits", "time_s", "ratio", "rounds", "prepare_s", "n"])
def test_the_figures_that_reports_need_are_there(name: str) -> None:
    assert name in FIGURES


def test_every_field_is_documented() -> None:
    documented = re.findall(r"^    (\w+): ", inspect.getdoc(Outcome) or "", re.MULTILINE)
    assert documented == [f.name for f in dataclasses.fields(Outcome)]


def test_outcomes_are_compared_by_what_they_say() -> None:
    assert Outcome(Status.OK, digits=15.0) == Outcome(Status.OK, digits=15.0)
    assert Outcome(Status.OK, digits=15.0) != Outcome(Status.OK, digits=14.0)
    assert Outcome(Status.OK) != Outcome(Status.SKIPPED)
