"""Two runs compared: matched cells, intervals that hold scatter, machines, statuses, exit codes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import records
from records import plan, row
from scipy import stats
from shell import command

from gradiometer.errors import GradiometerError
from gradiometer.report.compared import remarks, shown
from gradiometer.report.run import Run
from gradiometer.runs.compare import (
    BROKE,
    COLUMNS,
    EFFICIENCY,
    FEWEST_CELLS,
    KEY,
    LEAST_SCATTER,
    SCATTER,
    compare,
)
from gradiometer.runs.formats import FORMAT
from gradiometer.runs.schema import samples
from gradiometer.runs.store import RunFolder

MACHINE = {"cpu": "one", "cores": 2, "versions": {"numpy": "2.1"}}
METHODS = "abcdefghijklmnop"


def recorded(
    results: Path,
    factor: dict[str, float] | None = None,
    *,
    methods: str = METHODS,
    scatter: float = 0.0,
    seed: int = 0,
    status: dict[str, str] | None = None,
    machine: dict[str, Any] = MACHINE,
    speed: float = 1.0,
) -> Run:
    """Return a run in which the k-th method takes k µs, times a factor, on a machine of a speed."""
    rng, rounds = np.random.default_rng(seed), range(30)
    moment = np.exp(0.2 * np.sin(rounds))  # meets all methods alike
    rows, series = [], []
    for k, method in enumerate(methods, start=1):
        placed = math.exp(scatter * rng.standard_normal())
        typical = k * 1e-6 * (factor or {}).get(method, 1.0) * placed / speed
        seconds = typical * moment * np.exp(0.01 * rng.standard_normal(len(rounds)))
        ended = (status or {}).get(method, "ok")
        middle = float(np.median(seconds))
        times = {"time_s": middle, "low_s": middle * 0.998, "high_s": middle * 1.002}
        rows.append(row(method, digits=15.0, status=ended, **(times if ended == "ok" else {})))
        drawn = dict(zip(rounds, map(float, seconds), strict=True))
        series.append(samples(drawn, rounds, 10) if ended == "ok" else None)
    info = {"environment": machine, "options": {"threads": 1}, "plan": plan(*rows)}
    folder = RunFolder.create(results, info)
    for each, sampled in zip(rows, series, strict=True):
        folder.append(each, sampled)
    folder.finish("complete")
    return Run.read(folder.path)


def changes(old: Run, new: Run) -> dict[str, str]:
    table = compare(old, new).table
    return dict(zip(table["method"], table["change"], strict=True))


def test_a_run_compared_with_itself_has_not_changed(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    found = compare(run, run)
    assert found.counts == {"same": len(METHODS)}
    assert (found.scatter, found.shared, found.notes) == (LEAST_SCATTER, 1.0, [])
    assert found.changed.empty


@pytest.mark.parametrize("speed", [1.0, 0.6])
def test_what_changed_is_told_whatever_the_machine_did(tmp_path: Path, speed: float) -> None:
    old = recorded(tmp_path, scatter=0.01)
    new = recorded(tmp_path, {"c": 1.4, "d": 0.6}, scatter=0.01, seed=1, speed=speed)
    found = compare(old, new)
    told = dict(zip(found.table["method"], found.table["change"], strict=True))
    assert {m: c for m, c in told.items() if c in ("slower", "faster")} == {
        "c": "slower", "d": "faster",
    }  # fmt: skip
    assert found.shared == pytest.approx(1 / speed, rel=0.03)
    assert found.changed["method"].tolist() == ["c", "d"]
    (ratio,) = found.table.loc[found.table["method"] == "c", "ratio"]
    assert ratio == pytest.approx(1.4, rel=0.05)


def test_what_processes_scatter_is_part_of_every_interval(tmp_path: Path) -> None:
    old, new = (recorded(tmp_path, scatter=0.05, seed=seed) for seed in (1, 2))
    found = compare(old, new)
    assert 0.02 < found.scatter < 0.1
    assert not {"faster", "slower"} & {*found.counts}
    inside = (found.table["low"] < 1.0) & (found.table["high"] > 1.0)
    assert inside.mean() > 0.7


def test_few_cells_are_reckoned_with_what_processes_mostly_scatter(tmp_path: Path) -> None:
    old, new = recorded(tmp_path, methods="ab"), recorded(tmp_path, {"b": 1.5}, methods="ab")
    found = compare(old, new)
    assert (found.scatter, found.shared) == (SCATTER, 1.0)
    assert changes(old, new)["b"] == "slower"


def test_many_cells_are_corrected_for_their_number(tmp_path: Path) -> None:
    old = recorded(tmp_path, methods="ab")
    new = recorded(tmp_path, {"b": 1.06}, methods="ab")
    alone = compare(old, new).table.set_index("method").loc["b"]
    assert 0.025 < alone["p"] < 0.05
    assert alone["low"] > 1.0
    assert alone["change"] == "unclear"  # 5 % of one cell are 2.5 % of the likelier of two


def test_machines_are_compared_by_the_ratios_within_each(tmp_path: Path) -> None:
    old = recorded(tmp_path)
    new = recorded(tmp_path, {"e": 2.0}, speed=0.3, seed=3, machine=MACHINE | {"cpu": "other"})
    found = compare(old, new)
    assert found.across
    assert found.notes == ["processor: one → other"]
    told = found.table.set_index("method")
    assert told.loc["e", "change"] == "slower"
    assert told.loc["e", "ratio"] == pytest.approx(2.0, rel=0.02)
    assert math.isnan(told.loc["a", "ratio"])  # the fastest, which the others are compared with
    assert told.loc["a", "change"] == "not timed"
    assert told.index[told["change"].isin(["slower", "faster", "broke"])].tolist() == ["e"]


def test_statuses_digits_and_cells_of_one_run_alone_are_told(tmp_path: Path) -> None:
    old = recorded(tmp_path, methods="abcd", status={"b": "error", "d": "skipped"})
    new = recorded(tmp_path, methods="abce", status={"a": "disagrees", "c": "skipped"})
    assert changes(old, new) == {
        "a": "broke", "b": "mended", "c": "skipped", "d": "old only", "e": "new only",
    }  # fmt: skip
    assert len(compare(old, new).above(1.1)) == 1


def test_versions_and_options_that_differ_are_noted(tmp_path: Path) -> None:
    old = recorded(tmp_path)
    new = recorded(tmp_path, machine=MACHINE | {"versions": {"numpy": "2.2", "torch": "2.13"}})
    assert compare(old, new).notes == ["numpy: 2.1 → 2.2", "torch: – → 2.13"]


def test_runs_without_a_common_cell_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match="share no cell"):
        compare(recorded(tmp_path, methods="ab"), recorded(tmp_path, methods="cd"))


# By the formulas, of runs that are told figure by figure.


def timed(times: dict[str, tuple[float, float]], name: str) -> Run:
    """Return a run of methods, each with its time and the half-width of its logarithm."""
    rows = [
        row(method, digits=14.0, **records.alone(s, s * math.exp(-half), s * math.exp(half)))
        for method, (s, half) in times.items()
    ]
    return records.run(*rows, id=name, environment=MACHINE)


def pair(count: int) -> tuple[Run, Run, Any, Any]:
    """Return two runs of some cells, with the ratios and the errors of their logarithms."""
    rng = np.random.default_rng(5)
    times = np.exp(0.1 * rng.standard_normal((2, count)))
    halves = rng.uniform(0.01, 0.05, (2, count))
    runs = [
        timed({f"m{k}": (float(t[k]), float(h[k])) for k in range(count)}, name)
        for t, h, name in zip(times, halves, ("old", "new"), strict=True)
    ]
    return runs[0], runs[1], times[1] / times[0], np.hypot(*halves) / 1.96


@pytest.mark.parametrize("count", [1, FEWEST_CELLS - 1, FEWEST_CELLS, 30])
def test_an_interval_is_of_both_runs_and_the_scatter(count: int) -> None:
    old, new, ratios, errors = pair(count)
    scatter, shared, freedom = SCATTER, 1.0, math.inf
    if count >= FEWEST_CELLS:
        shared, freedom = float(np.median(ratios)), EFFICIENCY * count
        ratios = ratios / shared
        apart = stats.median_abs_deviation(np.log(ratios), center=lambda *_, **__: 0.0)
        whole = float(apart) / stats.norm.ppf(0.75)
        scatter = math.sqrt((whole**2 - float(np.median(errors)) ** 2) / 2.0)
    found = compare(old, new)
    assert (found.scatter, found.shared) == pytest.approx((scatter, shared), rel=1e-4)
    errors = np.hypot(errors, scatter * math.sqrt(2.0))
    drawn = stats.norm() if math.isinf(freedom) else stats.t(freedom)
    half, logs = drawn.ppf(0.975) * errors, np.log(ratios)
    figures = np.log(found.table.set_index("method").loc[:, ["ratio", "low", "high"]])
    expected = np.array([logs, logs - half, logs + half]).T
    by_name = [f"m{k}" for k in range(count)]
    assert figures.loc[by_name].to_numpy() == pytest.approx(expected, rel=1e-3, abs=1e-6)
    p_values = found.table.set_index("method").loc[by_name, "p"].to_numpy()
    assert p_values == pytest.approx(2 * drawn.sf(abs(logs) / errors), rel=1e-2)


def test_between_machines_four_processes_scatter(tmp_path: Path) -> None:
    old = recorded(tmp_path, methods="ab")
    new = recorded(tmp_path, methods="ab", machine=MACHINE | {"cores": 4}, speed=2.0)
    found = compare(old, new)  # the same rounds: their ratios are of no other scatter
    (cell,) = found.table[found.table["ratio"].notna()].to_dict("records")
    assert (found.across, cell["method"], cell["ratio"]) == (True, "b", pytest.approx(1.0))
    width = math.log(cell["high"] / cell["low"]) / (2 * 1.96)
    assert 2 * SCATTER < width < 2 * SCATTER + 0.002


def test_a_cell_is_told_with_the_figures_of_both_runs() -> None:
    found = compare(timed({"a": (1.0, 0.01)}, "one"), timed({"a": (2.0, 0.01)}, "two"))
    assert list(found.table.columns) == COLUMNS
    (cell,) = found.as_json()["cells"]
    assert {name: cell[name] for name in KEY} == {name: row("a")[name] for name in KEY}
    figures = ("old_s", "new_s", "old_digits", "new_digits", "old_status", "new_status", "change")
    assert [cell[name] for name in figures] == [1.0, 2.0, 14.0, 14.0, "ok", "ok", "slower"]
    facts = {name: value for name, value in found.as_json().items() if name != "cells"}
    assert facts == {
        "format": FORMAT, "old": "one", "new": "two", "across": False, "scatter": SCATTER,
        "shared": 1.0, "notes": [], "counts": {"slower": 1},
    }  # fmt: skip
    assert repr(found) == "RunComparison(one → two: 1 slower)"
    assert "slower" in found._repr_html_()


@pytest.mark.parametrize(
    ("was", "now", "time_s", "change"),
    [
        ("ok", "disagrees", 1.0, BROKE),
        ("ok", "unheard-of", 1.0, BROKE),
        ("ok", "skipped", 1.0, "skipped"),
        ("error", "ok", 1.0, "mended"),
        ("not-installed", "ok", 1.0, "mended"),
        ("error", "crashed", 1.0, "not timed"),
        ("ok", "ok", None, "not timed"),
        ("ok", "ok", 0.0, "not timed"),
        ("ok", "ok", 1.0, "unclear"),
    ],
)
def test_what_became_of_a_cell(was: str, now: str, time_s: float | None, change: str) -> None:
    runs = [
        records.run(row("a", status=status, time_s=time_s, low_s=1.0, high_s=1.0))
        for status in (was, now)
    ]
    assert compare(*runs).table["change"].tolist() == [change]


def test_what_changed_is_shown_by_how_bad_it_is() -> None:
    ended = {"a": "ok", "b": "error", "c": "ok", "d": "ok", "e": "ok"}
    times = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 9.0, "e": 1.0}
    old = records.run(*(row(m, status=s, time_s=times[m]) for m, s in ended.items()))
    ended, times = ended | {"a": "error", "b": "ok"}, times | {"c": 9.0, "d": 1.0}
    new = records.run(*(row(m, status=s, time_s=times[m]) for m, s in ended.items()))
    found = compare(old, new)
    assert found.changed["change"].tolist() == [BROKE, "slower", "mended", "faster"]
    assert found.above(8.9)["change"].tolist() == [BROKE, "slower"]
    assert found.above(9.0)["change"].tolist() == [BROKE]


def test_what_is_to_know_of_a_comparison_is_told() -> None:
    old, new, *_ = pair(FEWEST_CELLS)
    found = compare(old, new)
    unclear = "what is less than about"
    *_, reckoned = remarks(found)
    half = math.sqrt(float((found.table["high"] / found.table["low"]).median())) - 1
    assert reckoned == (
        f"Reckoned with processes that scatter by {found.scatter:.1%}: {unclear} {half:.0%} apart "
        "is unclear."
    )
    one, two = timed({"a": (1.0, 0.0)}, "one"), timed({"a": (9.0, 0.0)}, "two")
    noisy = replace(one, info=one.info | {"noise": {"warnings": ["the clock fell"]}})
    told = replace(compare(noisy, two), shared=2.0, notes=["numpy: 2.1 → 2.2"], scatter=0.0234)
    shared = "What all cells have in common, 2.00×, is taken out of the ratios: the machine, or "
    assert remarks(told) == [
        "1 cells: 1 slower.",
        f"{shared}something that all of them use.",
        f"Reckoned with processes that scatter by 2.3%: {unclear} 6% apart is unclear.",
        "Noisy machine in one: the clock fell.",
        "numpy: 2.1 → 2.2.",
    ]
    first, second, third, *_ = remarks(replace(compare(one, one), across=True, shared=2.0))
    assert (first, second) == ("1 cells: 1 unclear.", "Nothing changed that two runs can tell.")
    assert third.startswith("The runs are of different machines: ratios are those of each method")


def test_a_comparison_is_shown_as_text() -> None:
    sides = [
        [row("a", "net", "9", dtype="float32", digits=d, **records.alone(s, s, s)), other]
        for d, s, other in (
            (15.0, 1e-3, row("b", digits=3.0)), (7.0, 2e-3, row("c", status="error")),
        )
    ]  # fmt: skip
    old, new = (records.run(*rows, plan=list(map(records.identity, rows))) for rows in sides)
    found = compare(old, new)
    assert shown(found).to_dict("records") == [
        {
            "case": "net 9 float32 gradient", "method": "a", "change": "slower",
            "new / old": "2.00×", "95 %": "[1.89, 2.11]", "time, old": "1.00 ms",
            "time, new": "2.00 ms", "digits": "15.0 → 7.0", "status": "ok",
        }
    ]  # fmt: skip
    rest = shown(replace(found, across=True), everything=True).set_index("method")
    assert rest.loc["b"].to_dict() == {
        "case": "affine gradient", "change": "old only", "new / old": "–", "95 %": "–",
        "digits": "3.0 → –", "status": "ok → –",
    }  # fmt: skip
    assert rest.loc["c", "status"] == "– → error"


# The command.


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    where = tmp_path_factory.mktemp("two")
    old = recorded(where / "results")
    new = recorded(where / "results", {"c": 1.2}, status={"f": "error"})
    return where, old.path.name, new.path.name


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--fail-above", "1.10"], 1), (["--fail-above", "1.30"], 1)],
)
def test_the_exit_code_is_a_matter_of_the_bound(
    two: tuple[Path, str, str], options: list[str], code: int
) -> None:
    where, old, new = two
    done = command(where, "compare", old, new, *options)
    assert (done.code, done.err) == (code, "")
    assert "16 cells: 14 same, 1 slower, 1 broke." in done.out
    assert [line.split()[2] for line in done.out.splitlines() if "affine" in line] == ["f", "c"]


def test_slower_than_the_bound_alone_fails(tmp_path: Path) -> None:
    old, new = recorded(tmp_path), recorded(tmp_path, {"c": 1.2})
    codes = [
        command(tmp_path, "compare", str(old.path), str(new.path), "--fail-above", bound).code
        for bound in ("1.10", "1.30")
    ]
    assert codes == [1, 0]


def test_it_is_told_as_json_and_markdown(two: tuple[Path, str, str]) -> None:
    where, old, new = two
    told = json.loads(command(where, "compare", old, new, "--json").out)
    assert (told["old"], told["new"], len(told["cells"])) == (old, new, 16)
    text = command(where, "compare", old, new, "--markdown", "--all").out
    assert text.startswith(f"# Run {new} against {old}\n\n- 16 cells: ")
    assert text.count("| affine") == 16


@pytest.mark.parametrize("bound", ["0.9", "nan"])
def test_a_bound_below_one_is_refused(two: tuple[Path, str, str], bound: str) -> None:
    where, old, new = two
    done = command(where, "compare", old, new, "--fail-above", bound)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "expected a ratio, 1 or more" in done.err
