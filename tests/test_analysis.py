"""The tables of a run: ranks with ties, and no cell that drops out in silence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from records import alone, case, identity, plan, row, timed

from gradiometer.runs import analysis
from gradiometer.runs.frames import frame
from gradiometer.vocabulary.outcome import Status

DTYPES = {"float64": 15.0, "float32": 6.0}
NOT_OK = [*(s.value for s in Status if s is not Status.OK), "of-a-later-version"]


def ranks(*rows: dict[str, Any]) -> dict[str, int]:
    table = analysis.ranking(frame(rows))
    return dict(zip(table["method"], table["rank"], strict=True))


def random_records(seed: int) -> pd.DataFrame:
    """Return the records of a whole plan, each cell with a status drawn at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for problem, size in (("affine", ""), ("net", "2-3"), ("net", "10-50")):
        for method in ("by-hand", "tape", "jit", "differences"):
            status = str(rng.choice([*Status, Status.OK, Status.OK]))
            figures: dict[str, Any] = {"reason": "" if status == "ok" else "why"}
            if status in ("ok", "disagrees"):
                figures["digits"] = float(rng.choice([3.0, 15.2, math.inf]))
            if status == "ok":
                figures |= timed(*np.sort(rng.uniform(1, 9, 3))[[1, 0, 2]].tolist())
            rows.append(row(method, problem, size, status=status, **figures))
    rng.shuffle(rows)
    return frame(rows)


# Matrices.


def test_the_matrices_hold_a_row_a_method_and_a_column_a_case_in_order() -> None:
    records = frame(
        [
            row("tape", "net", "2-3", digits=15.0),
            row("by-hand", "net", "2-3", digits=16.0),
            row("tape", "affine", digits=14.0),
            row("by-hand", "affine", digits=13.0),
        ]
    )
    table = analysis.agreement(records)
    assert table.index.tolist() == ["tape", "by-hand"]
    assert table.columns.tolist() == ["net 2-3", "affine"]
    assert table.to_numpy().tolist() == [[15.0, 14.0], [16.0, 13.0]]


@pytest.mark.parametrize("figures", [{}, {"digits": 16.3, **timed()}])
def test_a_cell_that_is_not_ok_shows_its_status_whatever_else_it_has(
    figures: dict[str, Any],
) -> None:
    bad = [row(f"bad-{status}", status=status, reason="why", **figures) for status in NOT_OK]
    records = frame([row("good", digits=15.0, **timed()), *bad])
    assert analysis.agreement(records)["affine"].tolist() == [15.0, *NOT_OK]
    assert analysis.speed(records)["affine"].tolist() == [1.0, *NOT_OK]
    assert sorted(analysis.coverage(records)["status"]) == sorted(NOT_OK)


def test_what_is_not_ok_is_not_timed() -> None:
    rows = [row(status, status=status, n=9, **timed()) for status in NOT_OK]
    records = frame([row("good", n=9, **timed()), *rows])
    assert analysis.timed(records)["method"].tolist() == ["good"]


@pytest.mark.parametrize("status", ["disagrees", "skipped"])
def test_the_time_of_a_cell_that_is_not_ok_is_compared_with_nothing(status: str) -> None:
    rows = [starts(m, cold_s=c, warm_s=w) for m, c, w in (("a", 0.0, 2.0), ("b", 9.0, 1.0))]
    rows += [row(m, operator="value", n=9, **timed(seconds=1.0)) for m in "ab"]
    records = frame([r | ({"status": status} if r["method"] == "b" else {}) for r in rows])
    assert set(analysis.timed(records)["method"]) == {"a"}
    assert set(analysis.timing(records)["method"]) == {"a"}
    assert set(analysis.ranking(records)["method"]) == {"a"}
    assert analysis.break_even(records).empty
    assert analysis.largest(records[records["method"] == "b"]).empty
    assert analysis.cost(records, "gradient", "value")["affine"].tolist() == [2.0, status]
    assert analysis.with_ratios(records)["ratio"].tolist()[:2] == [
        1.0,
        pytest.approx(math.nan, nan_ok=True),
    ]


def test_an_answer_that_is_right_where_the_truth_is_zero_shows_zero_for_its_digits() -> None:
    records = frame(
        [row("right", **timed()), row("wrong", status="disagrees", reason="1 of 2 components")]
    )
    assert analysis.agreement(records)["affine"].tolist() == [analysis.ZERO, "disagrees"]
    assert analysis.speed(records)["affine"].tolist() == [1.0, "disagrees"]


def test_a_cell_that_was_only_checked_shows_ok_for_its_speed() -> None:
    records = frame([row("checked", digits=math.inf)])
    assert analysis.agreement(records).loc["checked", "affine"] == math.inf
    assert analysis.speed(records).loc["checked", "affine"] == "ok"


@pytest.mark.parametrize("operator", ["value", "gradient"])
def test_a_matrix_is_of_one_operator(operator: str) -> None:
    records = frame([row("tape", operator="value", digits=1.0), row("tape", digits=2.0)])
    expected = {"value": 1.0, "gradient": 2.0}[operator]
    assert analysis.agreement(records, operator).to_numpy().tolist() == [[expected]]


@pytest.mark.parametrize("figure", ["agreement", "speed"])
def test_an_operator_without_records_has_an_empty_matrix(figure: str) -> None:
    assert getattr(analysis, figure)(frame([row("tape", operator="value")])).empty
    assert getattr(analysis, figure)(frame([])).empty


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("figure", ["digits", "ratio"])
def test_no_planned_cell_is_ever_dropped(figure: str, seed: int) -> None:
    records = random_records(seed)
    table = analysis.matrix(records, figure, "gradient")
    assert table.shape == (4, 3)
    assert table.notna().all().all()
    shown = {str(s) for s in Status}
    assert all(isinstance(v, float) or v in shown for v in table.to_numpy().ravel())


@pytest.mark.parametrize("seed", range(8))
def test_every_cell_is_either_ok_or_covered(seed: int) -> None:
    records = random_records(seed)
    missed = analysis.coverage(records)
    ok = records[records["status"] == "ok"]
    assert len(ok) + len(missed) == len(records)
    assert not set(zip(ok["case"], ok["method"], strict=True)) & set(
        zip(missed["case"], missed["method"], strict=True)
    )


@pytest.mark.parametrize(
    ("problem", "size", "label"),
    [("affine", "", "affine"), ("net", "2-3", "net 2-3"), ("net", "10", "net 10")],
)
def test_a_label_is_the_problem_and_its_size(problem: str, size: str, label: str) -> None:
    assert analysis.label(frame([row("tape", problem, size)])).tolist() == [label]


@pytest.mark.parametrize(
    ("variant", "told"),
    [
        ({"dtype": "float32"}, "float32"), ({"device": "gpu"}, "gpu"),
        ({"dtype": "float32", "device": "gpu"}, "float32 gpu"),
    ],
)  # fmt: skip
def test_what_is_not_usual_of_a_case_is_in_its_names(variant: dict[str, str], told: str) -> None:
    records = frame([row("tape", "net", "9", **variant), row("tape", "affine", **variant)])
    assert analysis.label(records).tolist() == [f"net 9 {told}", f"affine {told}"]
    assert analysis.series(records).tolist() == [f"net {told}", f"affine {told}"]
    assert analysis.variant(records).tolist() == [told, told]


def test_dtypes_stand_side_by_side_and_none_takes_the_place_of_another() -> None:
    cases = [(d, p, o) for d in DTYPES for p in "ab" for o in ("value", "gradient")]
    rows = [row("tape", p, "", o, d, digits=DTYPES[d], **timed(2.0)) for d, p, o in cases]
    ordered = analysis.in_order(frame(rows), [identity(r) for r in rows])
    table = analysis.agreement(ordered)
    assert table.columns.tolist() == ["a", "a float32", "b", "b float32"]
    assert table.to_numpy().tolist() == [[15.0, 6.0, 15.0, 6.0]]
    assert len(analysis.ranking(ordered)) == len(analysis.timing(ordered)) == 8


def test_the_largest_size_is_that_of_each_dtype() -> None:
    sizes = [("float64", 9), ("float64", 99), ("float32", 9)]
    records = frame([row("tape", "net", str(n), dtype=d, n=n, **timed()) for d, n in sizes])
    found = analysis.largest(records)
    assert list(zip(found["dtype"], found["n"], strict=True)) == sizes[1:]


def test_making_tables_leaves_the_records_as_they_were() -> None:
    records = random_records(3)
    before = records.copy(deep=True)
    for table in ("agreement", "speed", "timing", "ranking", "coverage", "with_ratios"):
        getattr(analysis, table)(records)
    pd.testing.assert_frame_equal(records, before)


# Operators and order.


def test_operators_are_shown_derivatives_first_and_the_primal_last() -> None:
    assert analysis.SHOWN == ["gradient", "jacobian", "hessian", "jvp", "vjp", "hvp", "value"]
    records = frame([row(operator=name) for name in ("value", "hvp", "gradient", "value")])
    assert analysis.operators(records) == ["gradient", "hvp", "value"]
    assert analysis.operators(frame([])) == []


@pytest.mark.parametrize("seed", range(4))
def test_records_are_put_into_the_order_of_the_plan(seed: int) -> None:
    cases = [("b", "gradient"), ("a", "value"), ("a", "gradient")]
    rows = [row(m, problem, operator=o) for problem, o in cases for m in ("y", "x")]
    planned = [identity(r) for r in rows]
    np.random.default_rng(seed).shuffle(rows)
    found = analysis.in_order(frame(rows), planned)
    cells = [(r["case"], r["method"]) for r in planned]
    assert list(zip(found["case"], found["method"], strict=True)) == cells


def test_records_that_were_not_planned_come_last() -> None:
    planned = plan(row("x", "a"))
    found = analysis.in_order(frame([row("z", "a"), row("x", "b"), row("x", "a")]), planned)
    assert found.iloc[0][["problem", "method"]].tolist() == ["a", "x"]
    assert len(found) == 3


def test_the_first_derivative_is_the_gradient_or_the_jacobian_of_problems_without() -> None:
    rows = [row(problem="net", operator=o) for o in ("value", "gradient", "jacobian", "hessian")]
    rows += [row(problem="polar", operator=o) for o in ("value", "jacobian", "jvp")]
    first = analysis.first_derivatives(frame(rows))
    found = {name: cells["problem"].tolist() for name, cells in first.items()}
    assert found == {"gradient": ["net"], "jacobian": ["polar"]}


@pytest.mark.parametrize(
    ("operators", "shown"),
    [
        (["jacobian"], ["jacobian"]), (["value", "hvp", "jvp"], ["jvp"]), (["value"], ["value"]),
        ([], []),
    ],
)  # fmt: skip
def test_without_a_first_derivative_the_first_operator_is_shown(
    operators: list[str], shown: list[str]
) -> None:
    assert list(analysis.first_derivatives(frame([row(operator=o) for o in operators]))) == shown


def test_the_largest_size_is_that_with_the_most_inputs_that_was_timed() -> None:
    rows = [
        row("tape", "net", "big", n=900, **timed()), row("jit", "net", "big", status="skipped"),
        row("tape", "net", "small", n=9, **timed()), row("tape", "net", "huge", n=9000),
        row("tape", "net", "small", "hessian", n=9, **timed()),
        row("tape", "affine", n=None, **timed()),
    ]  # fmt: skip
    found = analysis.largest(frame(rows))
    assert found["case"].tolist() == [
        case("net", "big"), case("net", "big"), case("net", "small", "hessian"), case("affine"),
    ]  # fmt: skip


def test_of_sizes_with_the_same_inputs_the_last_is_the_largest() -> None:
    rows = [row("tape", "loop", size, n=6, **timed()) for size in ("1", "10", "100")]
    assert analysis.largest(frame(rows))["size"].tolist() == ["100"]


@pytest.mark.parametrize("rows", [[], [row()], [row(status="error")]])
def test_without_times_there_is_no_largest_size(rows: list[dict[str, Any]]) -> None:
    assert analysis.largest(frame(rows)).empty


# Times.


def test_only_timed_cells_have_times_and_none_of_them_is_lost() -> None:
    records = random_records(5)
    table = analysis.timing(records)
    assert len(table) == records["time_s"].notna().sum()
    assert set(table["time_s"]) == set(records["time_s"].dropna())


def test_the_cost_in_primals_is_over_the_same_methods_own_value() -> None:
    records = frame(
        [
            row("tape", operator="value", **timed(1, 1, 1, seconds=2e-6)),
            row("jit", operator="value", **timed(4, 4, 4, seconds=8e-6)),
            row("tape", **timed(1, 1, 1, seconds=6e-6)),
            row("jit", **timed(2, 2, 2, seconds=12e-6)),
        ]
    )
    table = analysis.timing(records).set_index(["case", "method"])["per_primal"]
    assert table["affine/float64/value"].tolist() == [1.0, 1.0]
    assert table["affine/float64/gradient", "tape"] == pytest.approx(3.0)
    assert table["affine/float64/gradient", "jit"] == pytest.approx(1.5)


def test_the_cost_in_primals_is_of_the_same_size() -> None:
    records = frame(
        [
            row("tape", "net", "2", "value", **timed(1, 1, 1, seconds=1.0)),
            row("tape", "net", "9", "value", **timed(1, 1, 1, seconds=10.0)),
            row("tape", "net", "2", **timed(1, 1, 1, seconds=5.0)),
            row("tape", "net", "9", **timed(1, 1, 1, seconds=20.0)),
        ]
    )
    table = analysis.timing(records).set_index("case")["per_primal"]
    assert table["net/2/float64/gradient"] == 5.0
    assert table["net/9/float64/gradient"] == 2.0


def test_a_method_whose_value_was_not_timed_has_no_cost_in_primals() -> None:
    records = frame(
        [
            row("tape", operator="value", status="timeout", reason="slow"),
            row("jit", operator="value", **timed(1, 1, 1)),
            row("tape", **timed(1, 1, 1)),
        ]
    )
    table = analysis.timing(records).set_index(["case", "method"])["per_primal"]
    assert math.isnan(table["affine/float64/gradient", "tape"])


@pytest.mark.parametrize("variant", [{"device": "gpu"}, {"dtype": "float32"}])
def test_the_cost_in_primals_is_of_the_same_device_and_dtype(variant: dict[str, str]) -> None:
    rows = [
        row("jit", operator="value", **timed(seconds=1.0)),
        row("jit", operator="value", **variant, case="g", **timed(seconds=10.0)),
        row("jit", **variant, case="h", **timed(seconds=20.0)),
    ]
    table = analysis.timing(frame(rows)).set_index("case")["per_primal"]
    assert table["h"] == 2.0


INTERVAL = "ratio ratio_low ratio_high"
COLUMNS = {
    "timing": "case method route translated time_s low_s high_s "
    f"{INTERVAL} import_s prepare_s first_s rounds loops per_primal",
    "ranking": f"case rank method {INTERVAL} time_s per_primal route translated",
    "break_even": "case method overtakes calls",
    "coverage": "status case method reason",
}


@pytest.mark.parametrize("table", COLUMNS)
def test_lists_name_the_cell_of_each_row(table: str) -> None:
    rows = [
        starts("eager", cold_s=0.0, warm_s=2e-3, problem="net", size="9"),
        starts("jit", cold_s=1.0, warm_s=1e-3, problem="net", size="9"),
        row("tape", "net", "9", status="error"),
    ]
    found = getattr(analysis, table)(frame(rows))
    assert list(found) == COLUMNS[table].split()
    assert set(found["case"]) == {case("net", "9")}


def test_the_cost_is_over_another_operator_of_the_same_method_and_case() -> None:
    records = frame(
        [
            row("tape", "net", "2", "gradient", **timed(seconds=2.0)),
            row("tape", "net", "9", "gradient", **timed(seconds=9.0)),
            row("tape", "net", "2", "hvp", **timed(seconds=5.0)),
            row("tape", "net", "9", "hvp", **timed(seconds=18.0)),
            row("jit", "net", "2", "hvp", **timed(seconds=5.0)),
            row("jit", "net", "9", "hvp", status="timeout"),
        ]
    )
    table = analysis.cost(records, "hvp", "gradient")
    assert table.loc["tape"].tolist() == [2.5, 2.0]
    assert table.loc["jit"].tolist() == ["ok", "timeout"]


# Ranks.


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([(1.0, 1.0, 1.0)], [1]),
        ([(1.0, 1.0, 1.0), (2.0, 1.9, 2.1), (3.0, 2.9, 3.1)], [1, 2, 3]),
        ([(1.0, 1.0, 1.0), (1.1, 0.9, 1.3)], [1, 1]),
        ([(1.0, 1.0, 1.0), (1.1, 1.0, 1.3)], [1, 1]),
        ([(1.0, 1.0, 1.0), (2.0, 1.8, 2.4), (2.2, 2.0, 2.6), (5.0, 4.0, 6.0)], [1, 2, 2, 4]),
        ([(1.0, 1.0, 1.0), (2.0, 1.5, 2.5), (2.4, 2.4, 2.4), (3.0, 2.6, 3.4)], [1, 2, 2, 4]),
        ([(1.0, 1.0, 1.0), (1.2, 0.9, 2.0), (1.5, 1.2, 3.0)], [1, 1, 2]),
        ([(1.0, 1.0, 1.0)] * 3, [1, 1, 1]),
        ([(1.0, 1.0, 1.0), (1e6, 9e5, 2e6)], [1, 2]),
    ],
)
def test_a_rank_is_one_more_than_the_methods_faster_beyond_doubt(
    intervals: list[tuple[float, float, float]], expected: list[int]
) -> None:
    rows = [row(f"m{i}", **timed(*interval)) for i, interval in enumerate(intervals)]
    assert list(ranks(*rows).values()) == expected


def test_a_ranking_is_in_order_of_the_ratio_within_each_case() -> None:
    records = frame(
        [
            row("slow", "b", **timed(3, 3, 3)),
            row("fast", "b", **timed(1, 1, 1)),
            row("fast", "a", **timed(2, 2, 2)),
            row("slow", "a", **timed(1, 1, 1)),
        ]
    )
    table = analysis.ranking(records)
    assert table["case"].tolist() == ["b/float64/gradient"] * 2 + ["a/float64/gradient"] * 2
    assert table["method"].tolist() == ["fast", "slow", "slow", "fast"]
    assert table["rank"].tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_ranks_do_not_depend_on_the_order_of_the_records(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [row(f"m{i}", **timed(i, 0.7 * i, 1.3 * i)) for i in range(1, 9)]
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    assert ranks(*shuffled) == ranks(*rows)


def test_a_ranking_says_how_each_operator_came_about() -> None:
    rows = [row("a", route="8 jvps", **timed(2.0)), row("b", **timed(1.0))]
    assert analysis.ranking(frame(rows))["route"].tolist() == ["native", "8 jvps"]


def test_translated_methods_follow_in_a_ranking_of_their_own() -> None:
    rows = [
        row("jit", translated="torch", **timed(0.5)), row("torch", **timed(1.0)),
        row("func", **timed(3.0)), row("eager", translated="torch", **timed(9.0)),
    ]  # fmt: skip
    table = analysis.ranking(frame(rows))
    assert list(zip(table["method"], table["rank"], strict=True)) == [
        ("torch", 1), ("func", 2), ("jit", 1), ("eager", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("torch", "ratio"), [("", 0.5), ("jax", 1.0)])
def test_alone_ratios_are_to_the_fastest_that_took_the_function(torch: str, ratio: float) -> None:
    rows = [
        row("jit", translated="torch", **alone(1.0, 1.0, 1.0)),
        row("torch", translated=torch, **alone(2.0, 2.0, 2.0)),
    ]
    assert analysis.with_ratios(frame(rows))["ratio"].tolist() == [ratio, 2 * ratio]


def test_methods_that_failed_have_no_rank() -> None:
    assert ranks(row("good", **timed(1, 1, 1)), row("bad", status="error", reason="x")) == {
        "good": 1
    }


@pytest.mark.parametrize("rows", [[], [row("a")], [row("a", status="error")]])
def test_a_run_without_times_has_an_empty_ranking_of_the_same_columns(
    rows: list[dict[str, Any]],
) -> None:
    table = analysis.ranking(frame(rows))
    assert table.empty
    full = analysis.ranking(frame([row("a", **timed(1, 1, 1))]))
    assert list(table.columns) == list(full.columns)


# Coverage.


def test_coverage_is_worst_first_and_keeps_the_order_within_a_status() -> None:
    ends = ["skipped", "ok", "unsupported", "timeout", "error", "disagrees", "error", "skipped"]
    records = frame([row(f"m{i}", status=s, reason=f"r{i}") for i, s in enumerate(ends)])
    missed = analysis.coverage(records)
    assert missed.columns.tolist() == ["status", "case", "method", "reason"]
    assert missed["method"].tolist() == ["m5", "m4", "m6", "m3", "m2", "m0", "m7"]
    assert missed["reason"].tolist() == ["r5", "r4", "r6", "r3", "r2", "r0", "r7"]


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_every_status_but_ok_has_a_place_in_coverage(status: Status) -> None:
    missed = analysis.coverage(frame([row("tape", status=str(status), reason="why")]))
    assert missed.to_numpy().tolist() == [[status.value, "affine/float64/gradient", "tape", "why"]]


def test_what_went_wrong_stands_before_what_could_be_expected() -> None:
    blameless = [s.value for s in Status if s.blameless and s is not Status.OK]
    wrong = [s.value for s in Status if not s.blameless]
    order = analysis.WORST_FIRST
    assert max(map(order.index, wrong)) < min(map(order.index, blameless))


@pytest.mark.parametrize("rows", [[], [row("tape")]])
def test_where_nothing_is_missing_coverage_is_empty(rows: list[dict[str, Any]]) -> None:
    assert analysis.coverage(frame(rows)).empty


@pytest.mark.parametrize("recorded", [0, 1, 3, 4])
def test_planned_cells_without_a_record_are_not_reached(recorded: int) -> None:
    rows = [row(method, problem) for problem in "ab" for method in ("tape", "jit")]
    missed = analysis.coverage(analysis.with_unreached(frame(rows[:recorded]), plan(*rows)))
    cells = [(r["case"], r["method"]) for r in rows[recorded:]]
    assert list(zip(missed["case"], missed["method"], strict=True)) == cells
    assert set(missed["status"]) <= {"not-reached"}
    assert set(missed["reason"]) <= {"the run ended before it"}


def test_cells_not_reached_keep_what_they_are() -> None:
    rows = [row("tape", "a", "2/3"), row("jit", "b/c", operator="hvp", device="gpu")]
    cells = analysis.with_unreached(frame([]), [identity(r) for r in rows])
    assert [cells.loc[i, list(identity(r))].to_dict() for i, r in enumerate(rows)] == [
        identity(r) for r in rows
    ]


def test_cells_that_were_not_reached_stand_after_those_that_failed() -> None:
    records = frame([row("tape", status="skipped", reason="too slow")])
    missed = analysis.coverage(analysis.with_unreached(records, plan(row("jit"), row("tape"))))
    assert missed["status"].tolist() == ["skipped", "not-reached"]


# Ratios of methods that were timed one after the other.


def test_ratios_are_of_the_medians_and_their_intervals_the_widest_possible() -> None:
    records = frame(
        [row("slow", **alone(6.0, 5.0, 8.0)), row("fast", **alone(2.0, 1.6, 2.5)), row("untimed")]
    )
    filled = analysis.with_ratios(records).set_index("method")
    assert filled.loc["slow", ["ratio", "ratio_low", "ratio_high"]].tolist() == [3.0, 2.0, 5.0]
    assert filled.loc["fast", ["ratio", "ratio_low", "ratio_high"]].tolist() == pytest.approx(
        [1.0, 0.64, 1.5625]
    )
    assert math.isnan(filled.loc["untimed", "ratio"])


def test_ratios_are_to_the_fastest_of_the_same_case() -> None:
    records = frame(
        [
            row("tape", "a", **alone(2.0, 2.0, 2.0)),
            row("tape", "b", **alone(3.0, 3.0, 3.0)),
            row("jit", "a", **alone(1.0, 1.0, 1.0)),
            row("jit", "b", **alone(30.0, 30.0, 30.0)),
            row("jit", "b", operator="value", **alone(0.5, 0.5, 0.5)),
        ]
    )
    assert analysis.with_ratios(records)["ratio"].tolist() == [2.0, 1.0, 1.0, 10.0, 1.0]


def test_ratios_that_were_paired_by_round_are_left_alone() -> None:
    records = frame([row("tape", **timed(1, 1, 1, seconds=5.0)), row("jit", **timed(1.2, 1, 1.4))])
    pd.testing.assert_frame_equal(analysis.with_ratios(records), records)


@pytest.mark.parametrize("rows", [[], [row("tape")], [row("tape", status="error")]])
def test_without_times_there_are_no_ratios(rows: list[dict[str, Any]]) -> None:
    records = frame(rows)
    pd.testing.assert_frame_equal(analysis.with_ratios(records), records)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_ratios_do_not_depend_on_the_unit_of_time(unit: float) -> None:
    rng = np.random.default_rng(7)
    times = np.sort(rng.uniform(1, 9, (5, 3)), axis=1)[:, [1, 0, 2]]

    def ratios(scale: float) -> list[float]:
        rows = [row(f"m{i}", **alone(*(scale * t).tolist())) for i, t in enumerate(times)]
        return analysis.with_ratios(frame(rows))["ratio"].tolist()

    assert ratios(unit) == pytest.approx(ratios(1.0))


def test_intervals_that_could_meet_share_a_rank_when_timed_one_after_the_other() -> None:
    records = frame([row("a", **alone(1.0, 0.8, 1.2)), row("b", **alone(1.1, 0.9, 1.3))])
    assert analysis.ranking(analysis.with_ratios(records))["rank"].tolist() == [1, 1]


# Break-even.


def starts(
    method: str, *, cold_s: float, warm_s: float, import_s: float | None = None, **values: Any
) -> dict[str, Any]:
    """A timed record whose first answer costs `cold_s`, half of it preparation."""
    halves = {"prepare_s": cold_s / 2, "first_s": cold_s / 2, "import_s": import_s}
    return row(method, time_s=warm_s, **halves, **values)


def test_the_slow_starter_has_overtaken_when_it_has_earned_its_start() -> None:
    rows = [starts("eager", cold_s=0.0, warm_s=2e-3), starts("jit", cold_s=1.0, warm_s=1e-3)]
    (pair,) = analysis.break_even(frame(rows)).itertuples()
    assert (pair.method, pair.overtakes, pair.calls) == ("jit", "eager", 1000.0)


def test_the_import_counts_towards_the_start() -> None:
    rows = [
        starts("eager", cold_s=0.0, warm_s=2e-3),
        starts("jit", cold_s=1.0, warm_s=1e-3, import_s=3.0),
    ]
    assert analysis.break_even(frame(rows))["calls"].tolist() == [4000.0]


@pytest.mark.parametrize(
    ("cold_s", "warm_s"),
    [(1.0, 2e-3), (1.0, 3e-3), (0.0, 1e-3)],
    ids=["as slow", "slower", "ahead from the start"],
)
def test_a_method_that_never_catches_up_or_never_lagged_is_no_pair(
    cold_s: float, warm_s: float
) -> None:
    rows = [
        starts("first", cold_s=0.0, warm_s=2e-3),
        starts("other", cold_s=cold_s, warm_s=warm_s),
    ]
    assert analysis.break_even(frame(rows)).empty


def test_break_even_is_of_one_operator() -> None:
    rows = [starts("eager", cold_s=0.0, warm_s=2e-3), starts("jit", cold_s=1.0, warm_s=1e-3)]
    hessians = [r | {"operator": "hessian", "case": case("affine", "", "hessian")} for r in rows]
    hessians[1]["prepare_s"] += 1.0
    records = frame(rows + hessians)
    assert analysis.break_even(records, "gradient")["calls"].tolist() == [1000.0]
    assert analysis.break_even(records, "hessian")["calls"].tolist() == [2000.0]
    assert analysis.break_even(records, "jvp").empty


def test_methods_whose_start_was_not_measured_are_left_out() -> None:
    rows = [starts("eager", cold_s=0.0, warm_s=2e-3), starts("jit", cold_s=1.0, warm_s=1e-3)]
    rows[0]["first_s"] = None
    assert analysis.break_even(frame(rows)).empty
