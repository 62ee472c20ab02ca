"""The tables that people read: three digits, a unit, and no figure without its status."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from records import case, measured, plan, row, run, timed

from gradiometer.report import tables
from gradiometer.report.run import Run
from gradiometer.vocabulary.outcome import Status

UNFIGURED = [s for s in Status if s not in (Status.OK, Status.DISAGREES)]


# Agreement and speed.


def test_agreement_shows_the_promise_beside_the_outcome() -> None:
    table = tables.agreement(measured())
    assert table.columns.tolist() == ["promise", "affine"]
    assert table.loc["by-hand"].tolist() == ["12", "exact"]
    assert table.loc["tape"].tolist() == ["12", "15.5"]
    assert table.loc["jit"].tolist() == ["7", "8.2"]
    assert table.loc["wrong"].tolist() == ["12", "disagrees (0.3)"]
    assert table.loc["absent"].tolist() == ["–", "not-installed"]


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"status": "disagrees", "digits": 16.3}, "disagrees (16.3)"),
        ({"status": "disagrees", "digits": math.inf}, "disagrees (exact)"),
        ({"status": "disagrees"}, "disagrees"),
        ({"status": "timeout", "digits": 16.3}, "timeout"),
        ({"status": "of-a-later-version", "digits": 16.3}, "of-a-later-version"),
    ],
)
def test_digits_of_a_wrong_answer_stand_behind_its_status(
    figures: dict[str, Any], shown: str
) -> None:
    assert tables.agreement(run(row("bad", promise=12.0, **figures)))["affine"].tolist() == [shown]


def both(**figures: Any) -> list[dict[str, Any]]:
    """Return records in two dtypes of a method that owes 12 digits in one and 5 in the other."""
    found = {"float64": (12.0, 15.5), "float32": (5.0, 6.5)}
    return [
        row("tape", dtype=d, promise=p, digits=x, **timed(2.0), **figures)
        for d, (p, x) in found.items()
    ]


def test_each_dtype_has_its_promises_and_its_columns() -> None:
    table = tables.agreement(run(*both(owed=10.0)))
    assert table.columns.tolist() == ["promise", "promise float32", "affine", "affine float32"]
    assert table.loc["tape"].tolist() == ["12", "5", "15.5", "6.5"]
    assert table.loc[tables.OWED].tolist() == ["–", "–", "10.0", "10.0"]
    assert tables.upright(table)["method"].tolist() == [tables.OWED, "tape"]
    assert tables.speed(run(*both())).loc["tape"].tolist() == ["2.00×", "2.00×"]


def test_what_rounding_leaves_is_compared_with_the_promise_in_the_same_dtype() -> None:
    rows = [r | {"owed": r["promise"] + 1.0} for r in both()]
    assert tables.agreement(run(*rows)).index.tolist() == ["tape"]


def test_costs_are_over_the_same_dtype() -> None:
    values = [
        row("tape", operator="value", dtype=d, **timed(seconds=s))
        for d, s in (("float64", 1e-6), ("float32", 5e-7))
    ]
    table = tables.cost(run(*both(), *values), "gradient")
    assert table is not None
    assert table.loc["tape"].tolist() == ["4 to 5", "2.00×", "4.00×"]


def test_a_promise_is_shown_where_any_case_of_the_method_knows_it() -> None:
    told = run(
        row("jit", "a", status="crashed", reason="x"), row("jit", "b", promise=4.5, digits=5.0)
    )
    assert tables.agreement(told).loc["jit"].tolist() == ["4.5", "crashed", "5.0"]


def test_where_nothing_could_be_checked_no_promise_is_shown() -> None:
    told = run(row("jit", status="error", reason="x"), row("tape", status="crashed", reason="x"))
    assert tables.agreement(told)["promise"].tolist() == ["–", "–"]


def test_an_answer_that_is_right_where_the_truth_is_zero_shows_zero() -> None:
    told = run(row("tape", promise=11.0), row("wrong", status="disagrees", promise=11.0))
    assert tables.agreement(told)["affine"].tolist() == ["zero", "disagrees"]


def test_where_rounding_leaves_less_than_is_promised_the_first_row_says_how_much() -> None:
    told = run(
        *(row(m, p, promise=promise, digits=9.0, owed=owed, **more)
          for m, promise in (("tape", 12.0), ("steps", 7.0))
          for p, owed, more in (
              ("cancels", 3.25, {}), ("fair", 12.5, {}), ("naught", None, {}),
              ("exact", math.inf, {}),
          ))
    )  # fmt: skip
    table = tables.agreement(told)
    assert table.index.tolist() == [tables.OWED, "tape", "steps"]
    assert table.loc[tables.OWED].tolist() == ["–", "3.2", "12.5", "–", "exact"]
    assert table.loc["tape", "promise"] == "12"


def test_where_rounding_leaves_what_is_promised_nothing_is_said_of_it() -> None:
    told = run(row("tape", promise=12.0, digits=15.0, owed=12.0))
    assert tables.agreement(told).index.tolist() == ["tape"]


def test_speed_shows_multiples_and_statuses() -> None:
    shown = tables.speed(measured())["affine"]
    assert shown.to_dict() == {
        "by-hand": "1.00×", "tape": "34.7×", "jit": "35.0×", "wrong": "disagrees",
        "absent": "not-installed",
    }  # fmt: skip


@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
def test_a_cell_without_a_figure_is_told_by_its_status(table: Any) -> None:
    good = row("good", promise=12.0, digits=15.0, **timed(1.0, 1.0, 1.0, 1.0))
    told = run(good, *(row(f"bad-{status}", status=str(status)) for status in UNFIGURED))
    shown = table(told)["affine"]
    assert {status: shown[f"bad-{status}"] for status in UNFIGURED} == {
        status: status.value for status in UNFIGURED
    }


@pytest.mark.parametrize("operator", ["value", "gradient"])
@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
def test_every_entry_is_text(table: Any, operator: str) -> None:
    shown = table(measured(), operator)
    assert all(type(v) is str and v for v in shown.to_numpy().ravel())


def test_only_times_are_marked_by_how_they_came_about() -> None:
    told = run(
        row("tape", operator="jvp", route="8 vjps", digits=15.0, **timed(2.0)),
        row("dual", operator="jvp", digits=15.0, **timed(1.0)),
        row("same", operator="jvp", shared="dual", digits=15.0, **timed(1.0)),
        row("gone", operator="jvp", shared="dual", status="timeout"),
        row("slow", operator="jvp", route="8 vjps", status="timeout"),
        row("checked", operator="jvp", route="8 vjps"),
    )
    assert tables.speed(told, "jvp")["affine"].to_dict() == {
        "tape": "2.00×†", "dual": "1.00×", "same": "1.00×‡", "gone": "timeout",
        "slow": "timeout", "checked": "ok",
    }  # fmt: skip
    assert tables.agreement(told, "jvp").loc["tape", "affine"] == "15.0"


def test_what_translations_gave_is_marked_and_stands_behind() -> None:
    told = run(
        row("jit", translated="torch", digits=15.0, route="8 vjps", **timed(0.5)),
        row("torch", digits=15.0, **timed(1.0)),
        row("dual", translated="torch", status="disagrees", digits=3.0),
        row("xla", translated="torch", digits=16.0),
    )
    assert tables.speed(told)["affine"].to_dict() == {
        "torch": "1.00×", "jit": "0.50×†§", "dual": "disagrees", "xla": "ok§",
    }  # fmt: skip
    assert tables.agreement(told)["affine"].to_dict() == {
        "torch": "15.0", "jit": "15.0§", "dual": "disagrees (3.0)", "xla": "16.0§",
    }  # fmt: skip
    assert list(tables.speed(told).index) == ["torch", "jit", "dual", "xla"]


@pytest.mark.parametrize(("methods", "cases"), [(3, 2), (3, 3), (2, 3), (1, 5), (5, 1)])
@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
def test_an_upright_table_has_its_longer_axis_downwards(
    table: Any, methods: int, cases: int
) -> None:
    told = run(
        *(
            row(f"m{i}", f"p{j}", promise=12.0, digits=float(i + j))
            for j in range(cases)
            for i in range(methods)
        )
    )
    tall = tables.upright(table(told))
    if cases > methods:
        assert tall.columns.tolist() == ["function", *(f"m{i}" for i in range(methods))]
        assert tall["function"].tolist()[-cases:] == [f"p{j}" for j in range(cases)]
    else:
        assert tall["method"].tolist() == [f"m{i}" for i in range(methods)]
        assert tall.columns.tolist()[-cases:] == [f"p{j}" for j in range(cases)]


def costs() -> Run:
    """Two sizes of a net, by reverse mode and by differences; the gradient of one is missing."""
    return run(
        row("tape", "net", "2", "value", n=9, **timed(seconds=1.0)),
        row("differences", "net", "2", "value", n=9, **timed(seconds=1.0)),
        row("tape", "net", "2", n=9, **timed(seconds=50.0)),
        row("differences", "net", "2", n=9, **timed(seconds=10.0)),
        row("tape", "net", "9", "value", n=900, **timed(seconds=1.0)),
        row("differences", "net", "9", "value", n=900, **timed(seconds=1.0)),
        row("tape", "net", "9", n=900, **timed(seconds=3.0)),
        row("differences", "net", "9", n=900, status="timeout"),
    )


def test_costs_are_of_the_largest_size_beside_the_bound_where_it_holds() -> None:
    table = tables.cost(costs(), "gradient")
    assert table is not None
    assert table.columns.tolist() == ["bound", "net 9"]
    assert table.loc["tape"].tolist() == ["4 to 5", "3.00×"]
    assert table.loc["differences"].tolist() == ["–", "timeout"]


def test_a_cost_over_what_was_not_timed_is_a_dash() -> None:
    hvps = [row(m, operator="hvp", n=2, **timed(seconds=5.0)) for m in ("tape", "jit")]
    table = tables.cost(run(row("tape", n=2, **timed(seconds=2.0)), *hvps), "hvp")
    assert table is not None
    assert table["affine"].to_dict() == {"tape": "2.50×", "jit": "–"}
    assert tables.cost(run(*hvps), "hvp") is None


@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
@pytest.mark.parametrize("rows", [[], [row("tape", operator="value")]])
def test_an_operator_without_records_has_an_empty_table(
    table: Any, rows: list[dict[str, Any]]
) -> None:
    assert table(run(*rows)).empty


# What is not installed.


def absent(method: str, problem: str = "affine", reason: str = "", **more: Any) -> dict[str, Any]:
    reason = reason or f"{method} is not installed: pip install {method}"
    return row(method, problem, status="not-installed", reason=reason, **more)


@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
def test_methods_that_are_not_installed_are_left_out_and_named(table: Any) -> None:
    told = run(
        row("tape", "a", promise=12.0, digits=9.0, owed=9.0, **timed(1.0)), row("tape", "b"),
        absent("jax", "a"), absent("jax", "b"), row("half", "a"), absent("half", "b"),
    )  # fmt: skip
    shown, line = tables.installed(told, table(told))
    assert set(shown.index) - {tables.OWED} == {"tape", "half"}
    assert shown.loc["half", "b"] == "not-installed"
    assert line == "Not installed: jax (pip install jax)."
    assert set(told.coverage()["method"]) == {"jax", "half"}


def test_methods_of_one_library_are_named_with_what_installs_them_once() -> None:
    apart, own = "it has an environment of its own", "/e/bin/python -m pip install x"
    jax, make = "jax is not installed: pip install jax", "gradiometer environments make paddle"
    told = run(
        row("tape"), *(absent(f"jax-{i}", reason=jax) for i in range(5)),
        absent("paddle", reason=f"paddle is not installed: {apart}, {make}"),
        absent("odd", reason="it has gone"),
        absent("own", reason=f"x is not installed in the environment /e: {own}"),
    )  # fmt: skip
    assert tables.installed(told, tables.speed(told))[1] == (
        "Not installed: jax-0, jax-1, jax-2 and 2 more (pip install jax); "
        f"paddle ({make}); odd (it has gone); own ({own})."
    )


def test_an_operator_is_judged_by_its_own_cells() -> None:
    told = run(
        row("tape", operator="value"), row("tape"), absent("jax", operator="value"), row("jax")
    )
    assert tables.installed(told, tables.speed(told, "value"), "value")[0].index.tolist() == [
        "tape"
    ]
    whole, line = tables.installed(told, tables.speed(told))
    assert (whole.index.tolist(), line) == (["tape", "jax"], "")


@pytest.mark.parametrize("table", [tables.agreement, tables.speed])
def test_where_nothing_is_installed_no_row_is_left(table: Any) -> None:
    told = run(absent("jax", owed=3.0, promise=12.0), absent("torch"))
    shown, line = tables.installed(told, table(told))
    assert shown.empty
    assert line == "Not installed: jax (pip install jax); torch (pip install torch)."


# Counts, CSV.


def test_counts_tell_how_every_cell_ended() -> None:
    assert tables.counts(measured()).startswith("5 ok, 1 disagrees, 1 not-installed")


@pytest.mark.parametrize(
    ("rows", "operators", "told"),
    [
        ([], [], "none"),
        ([], ["gradient", "value"], "4 not reached"),
        ([row("tape")], ["gradient"], "1 ok, 1 not reached"),
        ([row("tape"), row("jit", status="timeout")], ["gradient"], "1 ok, 1 timeout"),
    ],
)
def test_counts_add_up_to_the_plan(
    rows: list[dict[str, Any]], operators: list[str], told: str
) -> None:
    planned = plan(*(row(m, operator=name) for name in operators for m in ("tape", "jit")))
    assert tables.counts(run(*rows, plan=planned)) == told


def test_a_reason_is_told_once_with_the_number_of_cells_that_it_ended() -> None:
    rows = [row("jit", f"p{i}", status="crashed", reason="boom") for i in range(30)]
    rows += [
        row("cas", status="crashed", reason="bang"),
        row("dual", status="error", reason="bang"),
    ]
    rows += [row(m, "p0", status="timeout", reason="slow") for m in ("tape", "jit")]
    assert tables.reasons(run(*rows).records).to_numpy().tolist() == [
        ["crashed", "30", "jit", ", ".join(map(case, ("p0", "p1", "p2"))) + " and 27 more", "boom"],
        ["crashed", "1", "cas", case("affine"), "bang"],
        ["error", "1", "dual", case("affine"), "bang"],
        ["timeout", "2", "tape, jit", case("p0"), "slow"],
    ]  # fmt: skip
    assert tables.reasons(run().records).empty


def test_the_environment_tells_each_kind_of_noise_by_its_name() -> None:
    noise = {"spread": 0.01, "others": 0.02, "efficiency": 0.3, "calm": 0.4}
    machine = {
        "cpu": "X", "cores": 2, "memory_gib": 15.5, "system": "Linux", "python": "3.11",
        "started": "now", "load_average": [0.1], "versions": {},
    }  # fmt: skip
    options = {"sample_s": 0.005, "precision": 0.02, "budget_s": 5.0, "threads": 1, "seed": 0}
    told = run(noise=noise, environment=machine, options=options, timing="interleaved")
    facts = tables.environment(told).set_index("fact")["value"]
    assert facts["Noise"].split("; ") == [
        "a fixed piece of work varied by 1.0% (interquartile range)",
        "other processes used 2.0% of the cores' time",
        "30% of the rounds' time was spent in timed calls",
        "the machine was undisturbed in 40% of the rounds",
    ]


def test_the_csv_tables_of_a_run_without_cells_are_empty() -> None:
    found = tables.csv(run())
    assert list(found) == list(tables.csv(measured()))
    assert all(table.empty for table in found.values())


def test_the_csv_tables_are_those_promised_and_unrounded() -> None:
    told = measured()
    found = tables.csv(told)
    assert list(found) == [
        "agreement", "speed", "ranking", "timing", "break_even", "coverage", "answers", "records",
    ]  # fmt: skip
    where = ["operator", "method"]
    assert found["agreement"].set_index(where).loc[("gradient", "tape"), "affine"] == 15.46
    for table in ("agreement", "speed"):
        assert found[table].set_index(where).loc[("gradient", "wrong"), "affine"] == "disagrees"
    assert found["speed"].set_index(where).loc[("value", "tape"), "affine"] == 4.0
    assert 3.47e-6 in found["timing"]["time_s"].tolist()
    assert found["ranking"]["rank"].tolist() == [1, 2, 1, 2, 2]
    assert found["coverage"]["method"].tolist()[:2] == ["wrong", "absent"]
    pd.testing.assert_frame_equal(found["records"], told.records)
