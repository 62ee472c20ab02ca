"""What a run comes to, in sentences: each with what must make it say otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import records

from gradiometer.report.conclusions import conclusions
from gradiometer.report.run import Run


def said(*rows: dict[str, Any], **info: Any) -> dict[str, str]:
    """Return the paragraphs of a run by what they begin with."""
    run = Run(
        Path("r"), {"id": "r", "plan": records.plan(*rows)} | info, records.run(*rows).records
    )
    parts = (line.removeprefix("**").split("**", 1) for line in conclusions(run))
    return {head.rstrip(":"): text.strip() for head, text in parts}


def good(method: str, problem: str = "affine", ratio: float = 1.0, **values: Any) -> dict[str, Any]:
    return records.row(method, problem, **records.timed(ratio, ratio, ratio) | values)


def test_that_all_are_right_is_said_only_if_none_is_wrong() -> None:
    told = said(good("tape"), good("dual", ratio=2.0))
    assert told["Right"].startswith("all 2 methods; each of 2 answers")
    assert "Wrong" not in told
    wrong = records.row("bad", status="disagrees", reason="W is transposed | <b>")
    told = said(good("tape"), wrong)
    assert told["Right"].startswith("1 of 2 methods")
    assert told["Wrong"].startswith(r"`bad` in 1 of 1 cells (disagrees: W is transposed \| \<b>)")


def test_what_a_problem_expects_is_no_fault() -> None:
    trap = records.row("bad", status="disagrees", expected="disagrees", reason="as known")
    assert "Wrong" not in said(good("tape"), trap)


def test_what_failed_is_told_apart_from_what_is_wrong() -> None:
    slow = records.row("slow", status="timeout", reason="took longer than 60 s.")
    told = said(good("tape"), slow)
    assert "Wrong" not in told
    assert told["Failed"].startswith("`slow` in 1 of 1 cells (timeout: took longer than 60 s.)")


def test_nothing_right_is_said() -> None:
    told = said(records.row("bad", status="disagrees", reason="0.3 digits"))
    assert told["Right"].startswith("none")
    assert "nothing was timed" in told["Not compared"]


def test_long_reasons_and_many_methods_are_cut() -> None:
    rows = [records.row(f"m{k}", status="error", reason="word " * 100) for k in range(9)]
    told = said(*rows)["Failed"]
    assert "and 3 more methods" in told
    assert "…" in told
    assert len(told) < 1200


def test_the_fastest_automatic_method_is_named_with_its_lead_and_others_apart() -> None:
    rows = [
        good(method, problem, ratio, time_s=1e-6 * ratio)
        for problem in ("affine", "chain")
        for method, ratio in (("by-hand", 1.0), ("tape", 10.0), ("dual", 25.0), ("cas", 1.5))
    ]
    told = said(*rows)["Fast, first derivative"]
    assert "the fastest automatic method is `tape` (10.0× the fastest)" in told
    assert "`dual`, takes 2.50× as long (95% [2.50, 2.50])" in told
    assert "by hand `by-hand` (1.00× the fastest), symbolic `cas` (1.50× the fastest)" in told


def test_methods_that_no_measurement_tells_apart_are_level() -> None:
    rows = [good("tape"), records.row("dual", **records.timed(1.05, 0.95, 1.15))]
    assert "level with `dual`" in said(*rows)["Fast, first derivative"]


def test_small_and_large_functions_are_told_apart() -> None:
    rows = [
        good(method, problem, ratio, time_s=scale * ratio)
        for problem, scale, ratios in (("small", 1e-7, (1.0, 100.0)), ("large", 1e-3, (2.0, 1.0)))
        for method, ratio in zip(("by-hand", "tape"), ratios, strict=True)
    ]
    told = said(*rows)
    calls = told["Fast, first derivative, where the call costs more than the work"]
    assert calls.startswith("(1 function, of which the fastest method takes less than 10.0 µs)")
    work = told["Fast, first derivative, where the work costs more than the call"]
    assert "`tape` (1.00× the fastest)" in work


def test_a_method_that_lacks_functions_is_not_the_best_and_says_on_how_many() -> None:
    rows = [good("tape", p, 5.0) for p in ("a", "b")] + [good("dual", "a", 1.0), good("cas", "b")]
    told = said(*rows)["Fast, first derivative"]
    assert "the fastest automatic method is `tape`" in told
    assert "symbolic `cas` (1.00× the fastest on 1 of 2)" in told


@pytest.mark.parametrize("values", [{"dtype": "float32"}, {"operator": "hvp"}])
def test_operators_and_dtypes_have_paragraphs_of_their_own(values: dict[str, str]) -> None:
    case = records.case("affine", **values)
    told = said(good("tape"), good("tape", case=case, **values))
    names = {"float32": "first derivative in float32", "hvp": "hvp"}
    assert {f"Fast, {names[v]}" for v in values.values()} < {*told}


def test_kinds_of_machine_have_paragraphs_of_their_own() -> None:
    other = records.case("quartic", dtype="float32")
    told = said(
        good("tape", node="a", machine="Old, 1 core"),
        good("tape", case=other, dtype="float32", node="b", machine="New, 8 cores"),
    )
    names = {"first derivative on Old, 1 core", "first derivative in float32 on New, 8 cores"}
    assert {f"Fast, {name}" for name in names} < {*told}


def test_translations_are_no_rivals() -> None:
    rows = [good("tape", ratio=2.0), good("jit", translated="torch")]
    told = said(*rows)
    assert "is `tape`" in told["Fast, first derivative"]
    assert "translation of the function (`jit`)" in told["Not compared"]


def test_the_machine_is_steady_noisy_or_unknown() -> None:
    noise = {"spread": 0.01, "others": 0.002}
    assert said(good("tape"))["Machine"] == "its noise was not measured."
    assert said(good("tape"), noise=noise)["Machine"].startswith("steady enough: a fixed piece")
    nodes = {"a": {"machine": "Old"}, "b": {"machine": "Old"}}
    assert said(good("tape"), nodes=nodes)["Machine"] == "steady enough, each of 2 nodes."
    noisy = said(good("tape"), noise=noise | {"warnings": ["it varied by 40%"]})
    assert noisy["Machine"] == "not steady, take the times with care: it varied by 40%."
