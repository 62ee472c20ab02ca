"""`gradiometer runs`: what is recorded is listed, shown, removed and merged."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from records import plan, row, timed
from shell import command
from typer.testing import CliRunner, Result

import gradiometer
from gradiometer.cli.runs import app
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.runs.schema import Layout, Samples, samples
from gradiometer.runs.store import RunFolder, run_folders

INFO: dict[str, Any] = {
    "environment": {
        "started": "2026-01-01T12:00:00+00:00", "python": "3.12.1", "cpu": "EPYC [7]",
        "memory_gib": 23.5, "versions": {"numpy": "2.1.0", "jax": "0.6"},
    },
    "timing": "interleaved",
    "options": {"threads": 1, "sample_s": 0.005},
    "plan": plan(row("tape", "a"), row("jit", "a", operator="value")),
}  # fmt: skip
DESCENT = Layout("descent", ("rule", "method"), (), Samples, "steps")
VERBS = ["list", "show", "rm", "merge"]


def recorded(results: Path, *statuses: str, state: str = "complete", **changes: Any) -> RunFolder:
    folder = RunFolder.create(results, INFO | changes)
    for status in statuses:
        seconds = samples({0: 1e-6}, (), 1)
        folder.append(row("tape", "a", status=status, digits=15.3, **timed()), seconds)
    folder.finish(state)
    return folder


def descended(results: Path) -> RunFolder:
    folder = RunFolder.create(results, {"plan": [{"rule": "newton", "method": "jax"}]}, DESCENT)
    folder.append({"rule": "newton", "method": "jax", "status": "ok"})
    folder.finish("complete")
    return folder


def asked(*words: str | Path) -> Result:
    """Return what a command printed; its own errors, which the root tells in a line, are raised."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def as_json(*words: str | Path) -> Any:
    done = asked(*words, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout, parse_constant=pytest.fail)


# Help.


def test_alone_it_shows_what_there_is() -> None:
    done = asked()
    assert done.exit_code == 0
    assert all(re.search(rf"^ +{verb} ", done.stdout, re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example(verb: str) -> None:
    assert re.search(rf"Examples?: `gradiometer\s+runs\s+{verb}", asked(verb, "--help").stdout)


def test_help_says_which_record_of_a_cell_counts() -> None:
    told = " ".join(asked("merge", "--help").stdout.split())
    assert "the record of the run named last counts, unless only an earlier one is ok" in told


# Listing.


@pytest.mark.parametrize("results", ["missing", "empty", "file"])
def test_without_runs_nothing_is_listed(results: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert as_json("list", "--results", tmp_path / results) == []
    assert asked("list", "--results", tmp_path / results).stdout == "No runs yet.\n"


def test_a_run_is_listed_with_what_came_of_it(tmp_path: Path) -> None:
    folder = recorded(tmp_path, "ok", "timeout", "ok", state="interrupted")
    assert as_json("list", "--results", tmp_path) == [
        {
            "run": folder.path.name, "experiment": "comparison",
            "started": "2026-01-01T12:00:00+00:00", "state": "interrupted", "planned": 4,
            "recorded": 3, "ok": 2, "damage": "",
        }
    ]  # fmt: skip


def test_runs_of_every_experiment_are_listed(tmp_path: Path) -> None:
    recorded(tmp_path, "ok")
    descended(tmp_path)
    found = {r["experiment"]: r for r in as_json("list", "--results", tmp_path)}
    assert set(found) == {"comparison", "descent"}
    assert [found["descent"][k] for k in ("planned", "recorded", "ok")] == [1, 1, 1]
    assert found["descent"]["started"] == "–"


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    for name in ("20260103-000000-aaaa", "20251231-000000-ffff", "20260102-000000-0000"):
        recorded(tmp_path, "ok").path.rename(tmp_path / name)
    ids = [r["run"] for r in as_json("list", "--results", tmp_path)]
    assert ids == ["20251231-000000-ffff", "20260102-000000-0000", "20260103-000000-aaaa"]
    shown = asked("list", "--results", tmp_path).stdout
    assert sorted(ids, key=shown.index) == ids
    assert re.search(r"20260103-000000-aaaa +comparison +2026-01-01T\S+ +complete +4 +1 +1", shown)


def test_of_a_cut_run_the_whole_lines_are_counted(tmp_path: Path) -> None:
    folder = recorded(tmp_path, "ok", "ok", state="running")
    with folder.journal.open("a") as file:
        file.write('{"case": "c2", "met')
    (found,) = as_json("list", "--results", tmp_path)
    assert (found["recorded"], found["ok"], found["state"]) == (2, 2, "interrupted")


def test_damaged_runs_are_listed_among_the_others(tmp_path: Path) -> None:
    whole, broken, lost = (recorded(tmp_path, "ok", "ok") for _ in range(3))
    broken.journal.write_text("oops\n" + broken.journal.read_text())
    (broken.path / "records.parquet").unlink(missing_ok=True)
    (lost.path / "run.json").write_text("{")
    found = {r["run"]: r for r in as_json("list", "--results", tmp_path)}
    facts = {run: (r["state"], r["planned"], r["recorded"]) for run, r in found.items()}
    assert facts == {
        whole.path.name: ("complete", 4, 2),
        broken.path.name: ("damaged", 4, 2),
        lost.path.name: ("damaged", 4, 2),
    }
    assert found[broken.path.name]["damage"] == "records.jsonl: 1 broken line (1)"
    assert "run.json is damaged: no valid JSON" in found[lost.path.name]["damage"]
    assert "1 broken line" in asked("list", "--results", tmp_path).stdout


# Showing.


def test_a_run_is_shown_with_its_facts_and_tables(tmp_path: Path) -> None:
    noise = {"warnings": ["the clock fell"]}
    folder = recorded(tmp_path, "ok", state="interrupted", noise=noise, merged=["one", "two"])
    shown = asked("show", "latest", "--results", tmp_path).stdout
    assert shown.startswith(f"Run {folder.path.name}\n")
    for fact in (
        r"python +3\.12\.1", r"cpu +EPYC \[7\]", r"memory gib +23\.5", r"state +interrupted",
        r"versions +numpy 2\.1\.0, jax 0\.6", r"options +threads 1, sample s 0\.005",
        r"planned +4", r"recorded +1", r"merged +one, two",
    ):  # fmt: skip
        assert re.search(rf"^ *{fact} *$", shown, re.MULTILINE), fact
    assert "Noisy machine, take the times with care: the clock fell." in shown
    assert re.search(r"Correct digits, gradient\n", shown)
    assert re.search(r"1 cells: 1 ok, 3 not reached\.", shown)


def test_a_run_is_shown_as_json(tmp_path: Path) -> None:
    folder = recorded(tmp_path, "ok", "error")
    told = as_json("show", folder.path)
    assert (told["run"], told["path"]) == (folder.path.name, str(folder.path))
    assert told["environment"] == INFO["environment"]
    assert told["plan"] == INFO["plan"]
    assert [r["status"] for r in told["records"]] == ["ok", "error"]
    assert told["records"][0]["condition"] is None


def test_a_descent_is_shown_with_its_own_tables(tmp_path: Path) -> None:
    descent = gradiometer.descend("rosenbrock", "backprop", steps=2, results=tmp_path)
    shown = asked("show", "latest", "--results", tmp_path).stdout
    assert "rosenbrock 2 (2 inputs): gradient-descent" in shown
    assert descent.facts["path"] in shown
    assert as_json("show", descent.facts["path"])["problem"] == "rosenbrock"


def test_a_run_of_another_experiment_is_not_merged(tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match="is a descent: expected a comparison"):
        asked("merge", descended(tmp_path).path, recorded(tmp_path, "ok").path)


@pytest.mark.parametrize("verb", ["show", "rm", "merge"])
def test_a_run_that_is_not_there_is_an_error(verb: str, tmp_path: Path) -> None:
    folder = recorded(tmp_path, "ok")
    near = folder.path.name[:-1] + "z"
    with pytest.raises(UnknownName, match=rf"Did you mean .*'{folder.path.name}'"):
        asked(verb, near, "--results", tmp_path)
    with pytest.raises(GradiometerError, match="No runs under"):
        asked(verb, near, "--results", tmp_path / "nowhere")
    assert asked(verb, "--results", tmp_path).exit_code == 2
    assert run_folders(tmp_path) == [folder.path]


# Removing.


def test_named_runs_are_removed_and_told(tmp_path: Path) -> None:
    kept, by_id, by_path = (recorded(tmp_path, "ok").path for _ in range(3))
    descent = descended(tmp_path).path
    done = asked("rm", by_id.name, by_path, descent, by_path, "--results", tmp_path)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [f"removed {path}" for path in (by_id, by_path, descent)]
    assert list(tmp_path.iterdir()) == [kept]


def test_a_run_that_is_being_measured_is_not_removed(tmp_path: Path) -> None:
    whole, measured = recorded(tmp_path, "ok"), RunFolder.create(tmp_path, INFO)
    with pytest.raises(GradiometerError, match="is being measured by another process"):
        asked("rm", whole.path, measured.path, "--yes")
    assert run_folders(tmp_path) == sorted([whole.path, measured.path])
    measured.finish("interrupted")
    assert as_json("rm", whole.path, measured.path) == [str(whole.path), str(measured.path)]
    assert run_folders(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "answer", "code"),
    [([], "y", 0), ([], "yes", 0), ([], "n", 1), ([], "", 1), ([], "x", 1), (["--yes"], "", 0)],
)
def test_on_a_terminal_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], answer: str, code: int
) -> None:
    folder = recorded(tmp_path, "ok")
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        done = command(tmp_path, "runs", "rm", str(folder.path), *options)
    os.close(ours)
    assert done.code == code
    assert (f"Remove {folder.path}? [y/N]" in done.err) is not bool(options)
    assert ("Nothing was removed." in done.err) is bool(code)
    assert folder.path.exists() is bool(code)


# Merging.


def test_runs_are_merged_into_a_new_one(tmp_path: Path) -> None:
    a, b = recorded(tmp_path, "ok"), recorded(tmp_path, "error")
    told = as_json("merge", a.path.name, b.path.name, "--results", tmp_path)
    made = Path(told["path"])
    assert (told["run"], told["recorded"]) == (made.name, 1)
    assert run_folders(tmp_path) == sorted([a.path, b.path, made])
    assert as_json("show", made)["records"][0]["status"] == "ok"
    shown = asked("merge", a.path, b.path, made, "--results", tmp_path).stdout
    assert re.fullmatch(rf"1 cells of 3 runs\nrun +{tmp_path}/\S+\n", shown)


def test_runs_that_differ_are_refused(tmp_path: Path) -> None:
    a, b = recorded(tmp_path, "ok"), recorded(tmp_path, "ok", options={"threads": 2})
    with pytest.raises(GradiometerError, match=r"option threads \(2, not 1\)"):
        asked("merge", a.path, b.path, "--results", tmp_path)
    with pytest.raises(GradiometerError, match="expected two or more runs"):
        asked("merge", a.path, "--results", tmp_path)
