"""The tables of single cases: rankings, cold figures, memory, and the headings over them."""

from __future__ import annotations

import pytest
from records import case, measured, row, run, timed

from gradiometer.report import cases

GRADIENT = case("affine")


def test_a_ranking_marks_shared_ranks() -> None:
    table = cases.rankings(measured())[GRADIENT]
    assert table["rank"].tolist() == ["1", "2=", "2="]
    assert table["method"].tolist() == ["by-hand", "tape", "jit"]
    assert table["× fastest"].tolist() == ["1.00×", "34.7×", "35.0×"]
    assert table["95% interval"].tolist() == ["[1.00, 1.00]", "[34.1, 35.5]", "[34.5, 36.0]"]
    assert table["time a call"].tolist() == ["100 ns", "3.47 µs", "3.50 µs"]
    assert table["× own primal"].tolist() == ["2.00×", "17.4×", "–"]


def test_there_is_a_ranking_for_each_timed_case() -> None:
    told = run(
        row("tape", "net", "2", **timed(seconds=1.0)),
        row("tape", "net", "9", "hessian", **timed(seconds=2.0)),
        row("tape", "net", "99"),
    )
    found = cases.rankings(told)
    assert list(found) == [case("net", "2"), case("net", "9", "hessian")]
    assert found[case("net", "9", "hessian")]["time a call"].tolist() == ["2.00 s"]


def test_a_ranking_names_routes_where_an_operator_was_derived() -> None:
    told = run(
        row("tape", operator="jvp", route="8 vjps", **timed(2.0)),
        row("dual", operator="jvp", **timed(1.0)),
        row("dual", operator="vjp", **timed(1.0)),
    )
    pushed, pulled = cases.rankings(told).values()
    assert pushed["route"].tolist() == ["native", "8 vjps"]
    assert "route" not in pulled


def test_cold_figures_stand_beside_the_warm_one_fastest_first() -> None:
    table = cases.cold(measured(), GRADIENT)
    assert table.columns.tolist() == [
        "method", "import", "preparation", "first call", "warm call",
    ]  # fmt: skip
    assert table.to_numpy().tolist() == [
        ["by-hand", "–", "4.00 µs", "1.50 µs", "100 ns"],
        ["tape", "1.23 s", "500 ms", "2.00 ms", "3.47 µs"],
        ["jit", "–", "–", "–", "3.50 µs"],
    ]


def test_translated_methods_are_named_so_and_follow() -> None:
    figures = {"prepare_s": 1e-3, "first_s": 1e-3, "import_s": 0.0, "call_bytes": 10**6}
    told = run(
        row("jit", translated="torch", **figures, **timed(0.5)),
        row("torch", **figures | {"prepare_s": 2.0}, **timed(2.0)),
        row("func", **figures | {"prepare_s": 1.0}, **timed(3.0)),
    )
    (ranking,) = cases.rankings(told).values()
    assert ranking[["rank", "method"]].to_numpy().tolist() == [
        ["1", "torch"], ["2", "func"], ["1", "jit §"],
    ]  # fmt: skip
    cold = cases.cold(told, GRADIENT)
    assert cold["method"].tolist() == ["torch", "func", "jit §"]
    assert cases.memory(told, GRADIENT)["method"].tolist() == ["torch", "func", "jit §"]


def test_cold_figures_are_in_order_of_the_warm_call() -> None:
    told = run(*(row(f"m{t}", **timed(t, t, t, float(t))) for t in (3, 1, 2)))
    assert cases.cold(told, GRADIENT)["method"].tolist() == ["m1", "m2", "m3"]


# Break-even.


def started(method: str, cold_s: float, warm_s: float, **values: object) -> dict[str, object]:
    return row(method, prepare_s=cold_s, first_s=0.0, **values, **timed(seconds=warm_s))


def test_break_even_is_against_the_fastest_automatic_method() -> None:
    told = run(
        started("jit", 1.0, 1e-3),
        started("eager", 0.5, 2e-3),
        started("lazy", 3.0, 5e-3),
        started("by-hand", 0.1, 1e-4),
        started("cas", 10.0, 5e-4),
        started("differences", 1e-6, 1e-5),
        row("broken", status="crashed"),
    )
    assert cases.opponent(told, GRADIENT) == "jit"
    table = cases.break_even(told, GRADIENT)
    assert table is not None
    assert dict(table[["method", "ahead of jit"]].to_numpy()) == {
        "differences": "always", "by-hand": "always", "cas": "from 18,000 calls on", "jit": "–",
        "eager": "until 500 calls", "lazy": "never",
    }  # fmt: skip
    assert table["method"].tolist()[:3] == ["differences", "by-hand", "cas"]
    assert dict(table[["method", "first answer"]].to_numpy())["cas"] == "10.0 s"
    assert dict(table[["method", "warm call"]].to_numpy())["cas"] == "500 µs"


def test_break_even_is_against_whatever_method_is_asked_for() -> None:
    told = run(started("jit", 1.0, 1e-3), started("eager", 0.0, 2e-3))
    table = cases.break_even(told, GRADIENT, "eager")
    assert table is not None
    assert dict(table[["method", "ahead of eager"]].to_numpy()) == {
        "jit": "from 1,000 calls on", "eager": "–",
    }  # fmt: skip
    assert cases.break_even(told, GRADIENT, "absent") is None


def test_a_translation_is_no_opponent_where_a_method_took_the_function_itself() -> None:
    rows = [started("jit", 1.0, 1e-3, translated="torch"), started("torch", 0.5, 2e-3)]
    assert cases.opponent(run(*rows), GRADIENT) == "torch"
    assert cases.opponent(run(rows[0]), GRADIENT) == "jit"


def test_without_a_timed_automatic_method_there_is_no_break_even() -> None:
    told = run(started("by-hand", 0.0, 1e-3), row("tape", status="crashed"))
    assert cases.opponent(told, GRADIENT) is None
    assert cases.break_even(told, GRADIENT) is None


def test_a_start_that_was_not_measured_is_neither_ahead_nor_behind() -> None:
    told = run(started("jit", 1.0, 1e-3), row("eager", **timed(seconds=1e-2)))
    table = cases.break_even(told, GRADIENT)
    assert table is not None
    assert dict(table[["method", "ahead of jit"]].to_numpy())["eager"] == "–"


def test_memory_of_preparation_and_of_a_call_stand_in_their_columns() -> None:
    held = {"tape": (7 * 10**7, 3 * 10**6), "jit": (5 * 10**8, 2 * 10**6)}
    told = run(
        *(row(m, prepare_bytes=p, call_bytes=c, **timed()) for m, (p, c) in held.items()),
        row("wrong", status="disagrees", prepare_bytes=1, call_bytes=1, **timed()),
    )
    assert cases.memory(told, GRADIENT).to_dict("list") == {
        "method": ["jit", "tape"],
        "preparation and first call": ["500 MB", "70.0 MB"],
        "warm call": ["2.00 MB", "3.00 MB"],
    }


def test_the_case_with_the_most_inputs_is_found_in_each_dtype() -> None:
    sizes = {"float64": (9, 99), "float32": (99, 9, 999)}
    told = run(
        *(
            row("tape", "net", str(n), dtype=d, n=n, **timed())
            for d, several in sizes.items()
            for n in several
        ),
        row("tape", "net", "5", "value", n=9999, **timed()),
    )
    found = cases.largest(told)
    assert found == [case("net", "99"), case("net", "999", dtype="float32")]
    assert [cases.title(told, each) for each in found] == [
        "gradient of net 99 (99 inputs)", "gradient of net 999 float32 (999 inputs)",
    ]  # fmt: skip
    assert cases.largest(run(row("tape"))) == []


def test_dtypes_stay_in_the_order_of_the_plan() -> None:
    dtypes = ["float32", "float64"]
    told = run(*(row("tape", dtype=dtype, n=3, **timed()) for dtype in dtypes))
    assert cases.largest(told) == [case("affine", dtype=dtype) for dtype in dtypes]


@pytest.mark.parametrize(
    ("size", "n", "title"),
    [
        ("", 3, "gradient of affine (3 inputs)"),
        ("10-50", 3151, "gradient of affine 10-50 (3,151 inputs)"),
        ("", None, "gradient of affine"),
    ],
)
def test_a_heading_has_the_operator_the_short_name_and_the_inputs(
    size: str, n: int | None, title: str
) -> None:
    told = run(row("absent", size=size, status="not-installed"), row("tape", size=size, n=n))
    assert cases.title(told, told.records["case"].iloc[0]) == title
