"""How a cell ended: the statuses and the figures."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import re

import pytest

from gradiometer.vocabulary.outcome import Cold, Failure, Outcome, Status, Verdict, Warm

PARTS = {"verdict": Verdict, "cold": Cold, "warm": Warm}
FIGURES = [(part, f.name) for part, made in PARTS.items() for f in dataclasses.fields(made)]


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


def test_there_are_eleven_ways_to_end_and_no_other() -> None:
    assert len(Status) == 11
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
    found = {getattr(getattr(outcome, part), name) for part, name in FIGURES}
    assert found == {None, ""}


def test_two_outcomes_share_no_figures() -> None:
    one, other = Outcome(Status.OK), Outcome(Status.OK)
    for part in PARTS:
        assert getattr(one, part) is not getattr(other, part)


def test_an_outcome_without_a_status_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="status"):
        Outcome()


@pytest.mark.parametrize(
    ("part", "name"),
    [("verdict", "digits"), ("warm", "time_s"), ("warm", "ratio"), ("warm", "rounds"),
     ("cold", "prepare_s"), ("verdict", "n")],
)  # fmt: skip
def test_the_figures_that_reports_need_are_there(part: str, name: str) -> None:
    assert (part, name) in FIGURES


def test_no_two_figures_share_a_name() -> None:
    names = [name for _, name in FIGURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("documented", [Outcome, *PARTS.values()])
def test_every_field_is_documented(documented: type) -> None:
    told = re.findall(r"^    (\w+): ", inspect.getdoc(documented) or "", re.MULTILINE)
    assert told == [f.name for f in dataclasses.fields(documented)]


def test_outcomes_are_compared_by_what_they_say() -> None:
    one, same, other = (Outcome(Status.OK, verdict=Verdict(digits=d)) for d in (15.0, 15.0, 14.0))
    assert one == same
    assert one != other
    assert Outcome(Status.OK) != Outcome(Status.SKIPPED)


def test_a_failure_is_a_status_and_its_reason() -> None:
    failure = Failure(Status.TIMEOUT, "prepare took longer than 1 s.")
    assert (failure.status, str(failure)) == (Status.TIMEOUT, failure.reason)


def test_a_failure_travels_between_processes() -> None:
    sent = pickle.loads(pickle.dumps(Failure(Status.ERROR, "KeyError: 'x'")))
    assert (sent.status, sent.reason) == (Status.ERROR, "KeyError: 'x'")
