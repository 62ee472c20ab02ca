"""Methods' own estimates of their errors: read, judged by the same norm, and shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import records
from test_agreement import compare, enclosed, exactly, zero
from test_hooks import trial

from gradiometer import Estimated, Method, Namespace
from gradiometer.cli.answers import Given, as_json, print_answers
from gradiometer.judging.estimate import Estimate, estimate
from gradiometer.report import tables
from gradiometer.vocabulary.answer import as_arrays
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Outcome, Status, Verdict
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

TRUE = np.array([2.0, -4.0])
LAYOUT = Space({"x": (2,)})
SIGNATURE = Signature(Space({"x": (2,)}), Space({"value": ()}))


class Estimating(Method):
    """The gradient of Σx², off by a share, and an estimate of its error."""

    name, mode, exact = "estimating", "numerical", False
    digits = {"float64": (3.0, 2.0)}  # noqa: RUF012

    def __init__(self, off: float = 0.0, claimed: Any = 0.0) -> None:
        self.off, self.claimed = off, claimed

    def namespace(self) -> Any:
        return Namespace(np)

    def gradient(self, f: Any) -> Any:
        def gradient(inputs: Any, given: Any) -> Any:
            true = 2.0 * inputs[0]
            return Estimated((true * (1.0 + self.off),), (np.abs(true) * self.claimed,))

        return gradient


def of_two(error: Any, answer: Any = TRUE) -> Estimate:
    """Return what an estimate of the error of an answer says, where the truth is `TRUE`."""
    found = compare(answer, exactly(*TRUE), promise=1.0, exact=False)
    return estimate(error, found.compared, LAYOUT)


# Reading.


def test_answer_and_estimate_are_read_in_the_same_layout() -> None:
    given = Estimated((TRUE,), (np.array([0.5, 0.25]),))
    found = as_arrays(given, operator("gradient"), SIGNATURE)
    assert found.error is not None
    assert [a.tolist() for a in (*found.arrays, *found.error)] == [[2.0, -4.0], [0.5, 0.25]]


def test_an_answer_without_an_estimate_has_none() -> None:
    assert as_arrays((TRUE,), operator("gradient"), SIGNATURE).error is None


def test_blocks_of_a_matrix_are_read_of_both() -> None:
    given = Estimated(np.eye(2), 0.1 * np.eye(2))
    found = as_arrays(given, operator("hessian"), SIGNATURE)
    assert found.error is not None
    assert [a.tolist() for a in found.arrays] == [[[1.0, 0.0], [0.0, 1.0]]]
    assert [a.tolist() for a in found.error] == [[[0.1, 0.0], [0.0, 0.1]]]


# Judging.


@pytest.mark.parametrize("k", [1, 3, 8, 12])
def test_estimated_digits_are_of_the_norm_of_the_truth(k: int) -> None:
    errors = 10.0**-k * np.array([-4.0, 2.0])  # signs do not matter
    assert of_two([errors]).digits == pytest.approx(k, abs=1e-9)


def test_no_error_is_as_many_digits_as_one_likes() -> None:
    assert of_two([np.zeros(2)]) == Estimate(math.inf)


@pytest.mark.parametrize(("times", "told"), [(0.1, False), (1, False), (9, False), (11, True)])
def test_an_error_of_more_than_ten_times_the_estimate_is_told(times: float, told: bool) -> None:
    off = 1e-4 * np.array([0.0, 4.0])
    assert bool(of_two([off], TRUE + times * off).note) is told


def test_rounding_is_not_held_against_an_estimate() -> None:
    found = compare(TRUE + 1e-10, enclosed(TRUE, 2e-10), promise=1.0, exact=False)
    assert estimate([np.zeros(2)], found.compared, LAYOUT).note == ""
    found = compare(TRUE + 1.5e-10, enclosed(TRUE, 2e-10, radius=1e-10), promise=1.0, exact=False)
    assert estimate([np.zeros(2)], found.compared, LAYOUT).note == ""
    found = compare(TRUE + 1e-10, enclosed(TRUE, 1e-12), promise=1.0, exact=False)
    assert estimate([np.zeros(2)], found.compared, LAYOUT).note != ""


def test_an_estimate_that_is_too_small_is_told_with_both_errors() -> None:
    found = of_two([np.array([0.0, 1e-6])], TRUE + np.array([0.0, 2e-3]))
    assert found.note == "estimates an error of 1.0e-06, has 2.0e-03"


@pytest.mark.parametrize(
    ("error", "note"),
    [
        ([np.zeros(3)], "cannot be read: x has shape (3,), (2,) expected"),
        ([np.array([np.nan, 0.0])], "is no number"),
        ([None], "cannot be read: None returned"),
    ],
)
def test_an_estimate_that_is_none_is_told(error: Any, note: str) -> None:
    found = of_two(error)
    assert found.digits is None
    assert note in found.note


def test_an_infinite_estimate_claims_nothing() -> None:
    assert of_two([np.array([np.inf, 0.0])]) == Estimate(-math.inf)


def test_of_a_truth_of_zero_no_digits_are_claimed() -> None:
    found = compare(np.array([1e-3, 0.0]), zero(1e-3, 1e-3), promise=1.0, exact=False)
    assert estimate([np.array([1e-3, 0.0])], found.compared, LAYOUT) == Estimate()


def test_without_an_estimate_or_a_readable_answer_there_is_nothing() -> None:
    found = compare(TRUE, enclosed(TRUE, 1e-16), promise=1.0, exact=False)
    assert estimate(None, found.compared, LAYOUT) == Estimate()
    assert estimate([np.zeros(2)], None, LAYOUT) == Estimate()


# In a cell.


def test_a_cell_keeps_the_digits_that_it_claims() -> None:
    found = trial(Estimating(1e-6, 1e-5), "gradient")
    found.check()
    verdict = found.outcome.verdict
    assert verdict.digits == pytest.approx(6.0, abs=1e-6)
    assert verdict.estimated_digits == pytest.approx(5.0, abs=1e-6)
    assert found.outcome.reason == ""


def test_a_cell_that_claims_too_much_says_so() -> None:
    found = trial(Estimating(1e-6, 1e-8), "gradient")
    found.check()
    assert found.outcome.status is Status.OK
    assert found.outcome.reason.startswith("estimates an error of ")


def test_a_wrong_answer_tells_what_it_claims() -> None:
    with pytest.raises(Failure, match=r"promised; .*; estimates an error of ") as caught:
        trial(Estimating(1e-2, 1e-8), "gradient").check()
    assert caught.value.status is Status.DISAGREES


@pytest.mark.parametrize("name", ["jacobian", "jvp", "vjp"])
def test_what_is_derived_of_estimates_has_none(name: str) -> None:
    found = trial(Estimating(1e-6, 1e-5), name)
    found.check()
    assert found.outcome.route == "gradient"
    assert found.outcome.verdict.estimated_digits is None


# Shown.

OUTCOME = Outcome(Status.OK, verdict=Verdict(digits=9.04, estimated_digits=8.26))


def test_show_tells_what_a_method_claims(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers("gradient", 2, [Given("gradient", "estimating", OUTCOME, None)])
    assert "estimating: ok, 9.0 digits; claims 8.3" in capsys.readouterr().out
    assert as_json(Given("gradient", "m", OUTCOME, None))["estimated_digits"] == 8.26


def test_show_says_nothing_of_a_method_that_claims_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = Outcome(Status.OK, verdict=Verdict(digits=9.04))
    print_answers("gradient", 2, [Given("gradient", "m", outcome, None)])
    assert "claims" not in capsys.readouterr().out


def test_a_report_has_claims_beside_digits_where_there_are_any() -> None:
    run = records.run(
        records.row("differences", digits=9.04, estimated_digits=8.26, promise=7.0),
        records.row("tape", digits=15.5, promise=12.0),
        records.row("differences", operator="value", digits=15.5, promise=12.0),
    )
    table = tables.claims(run)
    assert table is not None
    assert table.to_numpy().tolist() == [["differences", "affine", "9.0", "8.3"]]
    assert list(table.columns) == ["method", "function", "digits", "claims"]
    assert tables.claims(run, "value") is None
