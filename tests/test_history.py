"""A figure over runs: the series of each cell, its steps, and what changed where one is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import records
from records import plan, row
from shell import command

from gradiometer.errors import GradiometerError
from gradiometer.report.history import draw
from gradiometer.report.run import Run
from gradiometer.runs.compare import KEY
from gradiometer.runs.history import FEWEST, FIGURES, LEAST, PENALTY, Series, history
from gradiometer.runs.store import RunFolder

MACHINE = {"cpu": "one", "cores": 2, "python": "3.11", "versions": {"numpy": "2.1"}}


def recorded(seconds: float, number: int, *, digits: float = 15.0, **machine: Any) -> Run:
    """Return the run of a number, of two cells."""
    times = {"time_s": seconds, "low_s": 0.9 * seconds, "high_s": 1.1 * seconds, "ratio": 2.0}
    rows = [row("tape", digits=digits, **times), row("cas", "other", digits=3.0, time_s=1.0)]
    facts = {"environment": MACHINE | machine, "options": {}, "plan": plan(*rows)}
    return records.run(*rows, id=f"20260101-0000{number:02}-aaaa", **facts)


def write(found: Sequence[Run], results: Path) -> None:
    """Write runs into a folder."""
    for run in found:
        folder = RunFolder.create(results, run.info)
        for each in run.as_json()["records"]:
            folder.append(each)
        folder.finish("complete")
        folder.path.rename(results / run.id)


def runs(levels: Sequence[float], *, newer: int | None = None) -> list[Run]:
    """Return runs of these times, with a scatter of 1 %; `numpy` is newer from run `newer` on."""
    rng, found = np.random.default_rng(3), []
    for number, level in enumerate(levels):
        versions = {"numpy": "2.1" if newer is None or number < newer else "2.2"}
        seconds = level * float(np.exp(0.01 * rng.standard_normal()))
        found.append(recorded(seconds, number, versions=versions))
    return found


def one(found: list[Run], figure: str = "time") -> Series:
    (series,), _ = history(found, figure, method="tape")
    return series


def test_a_step_is_found_with_what_changed_there() -> None:
    series = one(runs([1e-6] * 5 + [1.3e-6] * 5, newer=5))
    (step,) = series.steps
    assert (step.run, step.changed) == ("20260101-000005-aaaa", "numpy 2.1 → 2.2")
    assert step.factor == pytest.approx(1.3, rel=0.03)
    assert series.table["step"].tolist() == [False] * 5 + [True] + [False] * 4
    assert series.name == "affine gradient tape"


@pytest.mark.parametrize(
    "levels", [[1e-6] * 12, [1e-6, 2e-6], [1e-6] * 6 + [2e-6] + [1e-6] * 5], ids=str
)
def test_scatter_few_runs_and_one_outlier_are_no_step(levels: list[float]) -> None:
    assert one(runs(levels)).steps == []


def test_two_steps_are_two() -> None:
    steps = one(runs([1e-6] * 4 + [0.5e-6] * 4 + [1e-6] * 4)).steps
    assert [round(step.factor, 1) for step in steps] == [0.5, 2.0]


def test_digits_are_followed_by_their_differences() -> None:
    found = [recorded(1e-6, k, digits=15.0 if k < 4 else 8.0) for k in range(8)]
    (step,) = one(found, "digits").steps
    assert step.factor == pytest.approx(-7.0)


def test_each_figure_is_a_column_with_its_interval() -> None:
    columns = ["time_s", "ratio", "digits", "call_bytes", "prepare_s", "first_s"]
    columns += ["low_s", "high_s", "ratio_low", "ratio_high"]
    numbers = {name: float(number) for number, name in enumerate(columns, start=2)}
    cell = row("tape", **numbers | {"call_bytes": 5})
    times, ratios = (numbers["low_s"], numbers["high_s"]), (10.0, 11.0)
    ends = {"time": times, "ratio": ratios}
    followed = ("time", "ratio", "digits", "memory", "prepare", "first")
    assert tuple(FIGURES) == followed
    for figure, column in zip(followed, columns, strict=False):
        (series,), _ = history([records.run(cell, id="r", environment=MACHINE)], figure)
        told = series.table[["value", "low", "high"]].to_numpy(float).tolist()[0]
        low, high = ends.get(figure, (math.nan, math.nan))
        assert told == pytest.approx([numbers[column], low, high], nan_ok=True)


def test_a_series_has_a_row_a_run_in_which_the_cell_was_right() -> None:
    rows = [
        [row("tape", time_s=1.0), row("tape", time_s=2.0)],  # measured again: the last counts
        [row("tape", status="disagrees", time_s=3.0)],
        [row("tape", time_s=None)],
        [],
        [row("tape", time_s=4.0)],
    ]
    started = [{"started": f"day {number}"} for number in range(len(rows))]
    found = [
        records.run(*cells, id=f"r{number}", environment=MACHINE | started[number], plan=[])
        for number, cells in enumerate(rows)
    ]
    table = one(found).table
    assert table["run"].tolist() == ["r0", "r4"]
    assert table["value"].tolist() == [2.0, 4.0]
    assert table["started"].tolist() == ["day 0", "day 4"]
    assert table["changed"].tolist() == ["", ""]


def levels(step: float, count: int, scatter: float = 0.0) -> list[Run]:
    """Return runs whose logarithms alternate, and are higher by a step from the middle on."""
    logs = [(-1) ** k * scatter + step * (k >= count // 2) for k in range(count)]
    return [recorded(1e-6 * math.exp(log), k) for k, log in enumerate(logs)]


@pytest.mark.parametrize("count", [FEWEST, 8, 20])
@pytest.mark.parametrize("scatter", [0.0, 0.05, 0.3])
def test_a_step_must_gain_more_than_the_penalty(count: int, scatter: float) -> None:
    jump = 2.0 * scatter  # from run to run
    reckoned = max(LEAST, 1.4826 * jump / math.sqrt(2.0))
    gained = PENALTY * reckoned * math.log(count) + count * scatter  # of each of count/2 runs
    least = gained / (count / 2)
    assert one(levels(0.95 * least, count, scatter)).steps == []
    assert len(one(levels(1.05 * least, count, scatter)).steps) == 1


def test_fewer_runs_than_tell_a_step_have_none() -> None:
    assert one(levels(9.0, FEWEST - 1)).steps == []


def test_exact_digits_are_seventeen() -> None:
    found = [recorded(1e-6, k, digits=math.inf if k < 4 else 8.0) for k in range(8)]
    series = one(found, "digits")
    assert [step.factor for step in series.steps] == [-9.0]
    assert series.table["value"].tolist()[:4] == [math.inf] * 4


def test_times_are_of_one_machine_and_ratios_of_all() -> None:
    found = [recorded(1e-6, 0, cpu="other"), *(recorded(2e-6, k) for k in (1, 2))]
    (series,), told = history(found, "time", method="tape")
    assert (len(series.table), told) == (2, ["1 runs of other machines are left out."])
    (series,), told = history(found, "ratio", method="tape")
    assert (len(series.table), told) == (3, [])


@pytest.mark.parametrize(
    ("figure", "chosen", "said"),
    [
        ("speed", {}, "Unknown figure 'speed': expected one of time, ratio"),
        ("time", {"method": "none"}, "No run has a time of method none"),
        ("memory", {}, "No run has a memory of any cell"),
    ],
)
def test_what_there_is_not_is_named(figure: str, chosen: dict[str, str], said: str) -> None:
    with pytest.raises(GradiometerError, match=said):
        history([recorded(1e-6, 0)], figure, **chosen)


def test_the_chart_shows_values_intervals_and_steps() -> None:
    chart: Any = draw([one(runs([1e-6] * 4 + [2e-6] * 4))], "time")
    intervals, lines, steps = chart.to_dict()["layer"]
    assert (intervals["encoding"]["y"]["field"], intervals["encoding"]["y2"]["field"]) == (
        "low", "high",
    )  # fmt: skip
    for layer in (lines, steps):
        assert layer["encoding"]["y"]["field"] == "value"
        assert layer["encoding"]["y"]["scale"]["type"] == "log"
        assert (layer["encoding"]["x"]["field"], layer["encoding"]["x"]["sort"]) == ("run", None)
    assert steps["transform"] == [{"filter": "datum.step"}]


def test_the_command_shows_a_cell_or_all(tmp_path: Path) -> None:
    write(runs([1e-6] * 4 + [2e-6] * 4, newer=4), tmp_path / "results")
    shown = command(tmp_path, "history", "--method", "tape", "--chart", "steps.svg")
    assert shown.code == 0, shown.err
    assert "numpy 2.1 → 2.2" in shown.out
    assert "<svg" in (tmp_path / "steps.svg").read_text("utf-8")
    several = command(tmp_path, "history")
    assert [line.split()[0] for line in several.out.splitlines()[4:6]] == ["affine", "other"]
    told = json.loads(command(tmp_path, "history", "--method", "tape", "--json").out)
    (told,) = told
    assert {name: told.pop(name) for name in KEY} == {
        "problem": "affine", "size": "", "dtype": "float64", "device": "cpu",
        "operator": "gradient", "method": "tape",
    }  # fmt: skip
    assert told.keys() == {"runs", "steps"}
    (step,) = told["steps"]
    assert (step["run"], step["changed"]) == ("20260101-000004-aaaa", "numpy 2.1 → 2.2")
    assert [each["step"] for each in told["runs"]] == [False] * 4 + [True] + [False] * 3
    columns = {"run", "started", "value", "low", "high", "step", "changed"}
    assert all(each.keys() == columns for each in told["runs"])
    assert [each["started"] for each in told["runs"]] == [None] * 8
    memory = json.loads(command(tmp_path, "history", "--figure", "digits", "--json").out)
    assert {(each["low"], each["high"]) for one in memory for each in one["runs"]} == {(None, None)}


def test_a_damaged_run_is_left_out_and_told(tmp_path: Path) -> None:
    write(runs([1e-6] * 2), tmp_path / "results")
    (tmp_path / "results/20260101-000000-aaaa/run.json").write_text("{")
    done = command(tmp_path, "history", "--method", "tape", "--json")
    assert (done.code, len(json.loads(done.out)[0]["runs"])) == (0, 1)
    assert "Left out: " in done.err
