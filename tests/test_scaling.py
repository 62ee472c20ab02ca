"""What is told of growth, as text: slopes with intervals, and who overtakes whom."""

from __future__ import annotations

from typing import Any

from records import row, run, timed

from gradiometer.report import scaling
from gradiometer.report.run import Run

SIZES = (10, 100, 1000, 10000)


def of(times: dict[str, list[float]], problem: str = "net", **values: Any) -> list[dict[str, Any]]:
    """Return records of methods at growing sizes, given their times; intervals of one per cent."""
    rows = []
    for k, n in enumerate(SIZES[: len(next(iter(times.values())))]):
        best = min(several[k] for several in times.values())
        for method, several in times.items():
            ratio = several[k] / best
            figures = timed(ratio, 0.99 * ratio, 1.01 * ratio, several[k])
            rows.append(row(method, problem, str(n), n=n, **values | figures))
    return rows


def changing() -> Run:
    """Return a run in which methods change places on two problems; one has a translation."""
    net = of({"by-hand": [1.0, 1.0, 1.0, 1.0], "tape": [9.0, 4.0, 2.0, 0.25], "slow": [5.0] * 4})
    chain = of({"by-hand": [1.0, 1.0, 1.0], "given": [4.0, 2.0, 0.5]}, "chain")
    marked = [r | {"translated": "torch"} if r["method"] == "given" else r for r in chain]
    return run(*net, *marked)


def test_slopes_stand_beside_their_intervals_where_they_have_one() -> None:
    held = [10**5, 10**6, 10**7, 10**8]
    rows = of({"tape": [1.0, 10.0, 100.0, 1000.0], "dual": [1.0, 100.0, 10.0, 1e4]})
    rows = [
        r | {"call_bytes": held[SIZES.index(r["n"])]} for r in rows if r["method"] == "tape"
    ] + [r for r in rows if r["method"] == "dual"]
    told = scaling.slopes(run(*rows, *of({"cas": [1.0, 1.0, 1.0]}, "chain")), "gradient")
    assert told is not None
    assert told.columns.tolist() == ["problem", "method", "time", "memory"]
    assert told.to_numpy().tolist() == [
        ["net", "tape", "1.00 [1.00, 1.00]", "1.00 [1.00, 1.00]"],
        ["net", "dual", "1.10 [-1.14, 3.34]", "–"],
        ["chain", "cas", "0.00", "–"],
    ]


def test_crossovers_name_both_methods_and_where_it_is_sure_those_of_the_lead_first() -> None:
    told = scaling.crossovers(changing(), "gradient")
    assert told is not None
    assert told.to_numpy().tolist() == [
        ["net", "tape", "by-hand", "2,200 inputs", "1,000 and 10,000", "yes"],
        ["chain", "given §", "by-hand", "320 inputs", "100 and 1,000", "yes"],
        ["net", "tape", "slow", "53 inputs", "10 and 100", ""],
    ]
    assert told.columns.tolist() == [
        "problem", "method", "overtakes", "at about", "sure at", "takes the lead",
    ]  # fmt: skip


def test_changes_of_the_lead_are_told_in_sentences() -> None:
    assert scaling.sentences(changing(), "gradient") == [
        "tape overtakes by-hand on net at n ≈ 2,200",
        "given § overtakes by-hand on chain at n ≈ 320",
    ]


def test_without_growth_there_is_nothing_to_tell() -> None:
    told = run(*of({"tape": [1.0, 2.0]}))
    for operator in ("gradient", "hvp"):
        assert scaling.slopes(told, operator) is None
        assert scaling.crossovers(told, operator) is None
        assert scaling.sentences(told, operator) == []
