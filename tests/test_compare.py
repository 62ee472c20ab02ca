"""Two runs compared: matched cells, intervals that hold scatter, machines, statuses, exit codes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import plan, row
from shell import command

from gradiometer.errors import GradiometerError
from gradiometer.report.run import Run
from gradiometer.runs.compare import LEAST_SCATTER, SCATTER, compare
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
