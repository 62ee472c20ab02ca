"""What a claim is worth at all points together."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from gradiometer.checking.result import Finding, Judged, Judgement, Verdict

LETTERS = {"r": Verdict.RIGHT, "w": Verdict.WRONG, "u": Verdict.UNDECIDED}


def judged(verdicts: str, *digits: float | None) -> Judged:
    """Return a claim with a verdict at each point, which owes 12 digits."""
    shown = digits or (None,) * len(verdicts)
    at = [Judgement(LETTERS[v], "", digits=d) for v, d in zip(verdicts, shown, strict=True)]
    return Judged("claim", "given", at, 12.0, True)


@pytest.mark.parametrize(
    ("verdicts", "verdict", "worst"),
    [
        ("r", "right", 0), ("rrr", "right", 0), ("rur", "undecided", 1), ("ruu", "undecided", 1),
        ("uw", "wrong", 1), ("wu", "wrong", 0), ("ruww", "wrong", 2),
    ],
)  # fmt: skip
def test_the_worst_verdict_counts_and_where_it_is_first(
    verdicts: str, verdict: str, worst: int
) -> None:
    found = judged(verdicts)
    assert (found.verdict, found.worst) == (verdict, worst)


@pytest.mark.parametrize(
    ("verdicts", "digits", "rounded"),
    [
        ("rr", (12.0, 15.0), False),
        ("rr", (15.0, 11.9), True),
        ("rr", (None, 11.9), True),
        ("rr", (None, None), False),
        ("rw", (11.9, 3.0), False),
        ("ru", (11.9, None), False),
    ],
)
def test_what_is_right_with_fewer_digits_than_it_owes_is_rounded(
    verdicts: str, digits: tuple[float | None, ...], rounded: bool
) -> None:
    assert judged(verdicts, *digits).rounded is rounded


def test_of_an_answer_that_is_not_judged_nothing_is_told_but_why() -> None:
    found = asdict(Judgement(Verdict.UNDECIDED, "no proof"))
    assert found == {
        "verdict": "undecided", "reason": "no proof", "pattern": "", "digits": None, "wrong": 0,
        "size": 0, "rows": (), "note": "",
    }  # fmt: skip


def test_findings_are_told_in_these_words() -> None:
    assert list(Finding) == [
        "right", "rounding", "intended", "wrong rule", "wrong kernel", "wrong", "undecided",
    ]  # fmt: skip
