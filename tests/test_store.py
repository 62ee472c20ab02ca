"""The store: what was measured is kept, whatever ends the run."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.report.run import Run
from gradiometer.runs import store
from gradiometer.runs.facts import DamagedRun, read_info, write_facts
from gradiometer.runs.formats import FORMAT
from gradiometer.runs.frames import frame, read_table, tables
from gradiometer.runs.journal import Journal, read_journal, read_series, read_statuses
from gradiometer.runs.lock import hold
from gradiometer.runs.schema import Layout, dump, record, samples
from gradiometer.runs.store import RunFolder, find_run, remove, run_folders

INFO: dict[str, Any] = {
    "environment": {"started": "2026-01-01T12:00:00+00:00", "versions": {"numpy": "2.1"}},
    "timing": "interleaved",
    "options": {"threads": 1, "rounds": 7},
    "plan": [{"case": "affine/float64/gradient", "method": "tape"}],
}

FULL_DISK = """
import json, resource, signal, sys
from pathlib import Path
from gradiometer.errors import GradiometerError
from gradiometer.runs.store import RunFolder

sys.dont_write_bytecode = True  # what is cut off would be read again
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = RunFolder.create(Path(sys.argv[1]), json.loads(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
row = {"case": "c", "method": "m", "status": "ok", "reason": "x" * 100}
messages = []
try:
    while folder.recorded < 1000:
        folder.append(row)
except GradiometerError as error:
    messages.append(str(error))
try:
    folder.finish("failed")
except GradiometerError as error:
    messages.append(str(error))
print(json.dumps([folder.recorded, messages]))
"""

KILLED = """
import json, os, signal, sys
from pathlib import Path
from gradiometer.runs.store import RunFolder

folder = RunFolder.create(Path(sys.argv[1]), json.loads(sys.argv[2]))
for number in range(3):
    folder.append({"case": f"c{number}", "method": "m", "status": "ok"})
os.kill(os.getpid(), signal.SIGKILL)
"""

REOPEN = """
import sys
from pathlib import Path
from gradiometer.errors import GradiometerError
from gradiometer.runs.store import RunFolder

try:
    RunFolder.reopen(Path(sys.argv[1]))
    print("taken up")
except GradiometerError:
    print("held")
"""


def row(method: str = "tape", **values: Any) -> dict[str, Any]:
    return {
        "case": "affine/float64/gradient", "problem": "affine", "size": "", "dtype": "float64",
        "device": "cpu", "shared": "", "translated": "", "node": "", "machine": "",
        "operator": "gradient",
        "method": method, "tool": "tapes",
        "mode": "reverse", "status": "ok", "reason": "", "route": "native",
    } | values  # fmt: skip


def written(results: Path, *rows: dict[str, Any]) -> RunFolder:
    folder = RunFolder.create(results, INFO)
    for each in rows:
        folder.append(each)
    return folder


def elsewhere(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def bare(results: Path, name: str) -> Path:
    path = results / name
    path.mkdir(parents=True)
    (path / "records.jsonl").touch()
    return path


# Making a run's folder.


def test_a_new_run_is_running_and_named_by_time_and_chance(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "deep" / "results", INFO)
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", folder.path.name)
    assert folder.path.parent == tmp_path / "deep" / "results"
    info = read_info(folder.path)
    facts = {"id": folder.path.name, "format": 4, "experiment": "comparison", "state": "running"}
    assert info == facts | INFO
    assert read_journal(folder.journal) == Journal(folder.journal)


def test_runs_created_at_once_get_different_folders(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: RunFolder.create(tmp_path, INFO), range(4)))
    assert len({f.path for f in folders}) == 4
    assert {read_info(f.path)["id"] for f in folders} == {f.path.name for f in folders}


def test_runs_that_draw_the_same_name_never_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noon(store.datetime):  # type: ignore[misc]
        def __format__(self, spec: str) -> str:
            return "20260101-120000"

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2026, 1, 1, 12)

    monkeypatch.setattr(store, "datetime", Noon)
    monkeypatch.setattr(store.secrets, "token_hex", lambda n: "ab" * n)
    first = written(tmp_path, row())
    with pytest.raises(GradiometerError, match="File exists"):
        RunFolder.create(tmp_path, INFO)
    assert read_journal(first.journal) == Journal(first.journal, [row()])


def test_a_results_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    with pytest.raises(GradiometerError, match=r"^Cannot write .*: .*--results\.$"):
        RunFolder.create(tmp_path / "results", INFO)
    assert (tmp_path / "results").read_text() == "mine"


# Appending.


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_record_is_in_the_file_as_soon_as_it_is_appended(tmp_path: Path, count: int) -> None:
    folder = written(tmp_path, *(row(n=i) for i in range(count)))
    assert folder.recorded == count
    text = folder.journal.read_text("utf-8")
    assert text.endswith("}\n")
    assert text.count("\n") == count


def test_the_records_of_a_process_that_was_killed_survive(tmp_path: Path) -> None:
    done = elsewhere(KILLED, str(tmp_path), json.dumps(INFO))
    assert done.returncode == -signal.SIGKILL
    (path,) = run_folders(tmp_path)
    journal = read_journal(path / "records.jsonl")
    assert [r["case"] for r in journal.rows] == ["c0", "c1", "c2"]
    assert (journal.cut, journal.broken) == (False, [])
    assert read_info(path)["state"] == "interrupted"  # nobody measures it any more


@pytest.mark.parametrize("limit", [1000, 4096])
def test_a_disk_that_takes_no_more_keeps_the_earlier_records(tmp_path: Path, limit: int) -> None:
    done = elsewhere(FULL_DISK, str(tmp_path), json.dumps(INFO), str(limit))
    assert done.returncode == 0, done.stderr
    recorded, messages = json.loads(done.stdout)
    (path,) = run_folders(tmp_path)
    journal = read_journal(path / "records.jsonl")
    assert 3 < recorded == len(journal.rows) < 1000
    assert journal.cut
    assert {r["reason"] for r in journal.rows} == {"x" * 100}
    assert f"Cannot write {path / 'records.jsonl'}: " in messages[0]
    assert (
        f"The {recorded} records before it are kept: make room, and --resume the run."
        in messages[0]
    )
    assert all("Errno" not in m for m in messages)
    assert read_info(path)["state"] in ("interrupted", "failed")


@pytest.mark.parametrize(
    "separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r", "\n", "\0", "|"]
)
def test_a_reason_with_any_separator_can_be_read_again(tmp_path: Path, separator: str) -> None:
    reason = f"before{separator}after"
    folder = written(tmp_path, row(reason=reason, status="error"), row("other"))
    journal = read_journal(folder.journal)
    assert [r["reason"] for r in journal.rows] == [reason, ""]
    assert (journal.cut, journal.broken) == (False, [])


def test_a_reason_that_is_no_valid_unicode_does_not_end_the_run(tmp_path: Path) -> None:
    folder = written(tmp_path, row(reason="no file caf\udce9 here", status="error"), row("other"))
    journal = read_journal(folder.journal)
    assert journal.rows[0]["reason"].startswith("no file caf")
    assert journal.rows[1]["method"] == "other"


# Finishing.


@pytest.mark.parametrize("state", ["complete", "interrupted", "failed"])
def test_finishing_sets_the_state_and_keeps_the_facts_found_on_the_way(
    tmp_path: Path, state: str
) -> None:
    folder = written(tmp_path, row())
    folder.info["floor_s"] = 8.2e-08
    folder.finish(state)
    info = read_info(folder.path)
    assert info["state"] == state
    assert info["floor_s"] == 8.2e-08
    assert not list(folder.path.glob("*.new"))


def test_pandas_reads_the_parquet_as_it_reads_the_journal(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        row("exact", digits=math.inf, n=3, time_s=8.4e-08, ratio=1.0, rounds=7),
        row("lost", status="timeout", reason="σ | too long"),
    )
    folder.finish("complete")
    found = pd.read_parquet(folder.path / "records.parquet")
    pd.testing.assert_frame_equal(found, frame(read_journal(folder.journal).rows))
    assert found["digits"].tolist()[0] == math.inf


def test_a_run_without_records_finishes_without_parquet(tmp_path: Path) -> None:
    folder = written(tmp_path)
    folder.finish("interrupted")
    assert not (folder.path / "records.parquet").exists()
    assert Run.read(folder.path).records.empty


def test_finishing_where_nothing_can_be_written_says_what_is_kept(tmp_path: Path) -> None:
    folder = written(tmp_path, row(), row("other"))
    (folder.path / "run.json.new").mkdir()
    with pytest.raises(GradiometerError, match=r"The 2 records in the journal are kept\.$"):
        folder.finish("complete")
    assert len(read_journal(folder.journal).rows) == 2


@pytest.mark.parametrize("value", [1e-7, math.nan])
def test_the_facts_are_strict_json_even_where_one_has_no_figure(
    tmp_path: Path, value: float
) -> None:
    folder = written(tmp_path, row())
    folder.info["floor_s"] = value
    folder.finish("complete")
    assert "NaN" not in (folder.path / "run.json").read_text("utf-8")


# The samples behind the records.


def sampled(folder: RunFolder) -> pd.DataFrame:
    folder.finish("complete")
    return Run.read(folder.path).samples()


@pytest.mark.parametrize(
    ("calm", "told"),
    [
        ((), [False, False, False]),
        ([0, 5], [True, False, True]),
        (frozenset({0, 3, 5, 9}), [True, True, True]),
        ([4], [False, False, False]),
    ],
)
def test_the_table_tells_of_every_sample_whether_its_round_was_calm(
    tmp_path: Path, calm: Collection[int], told: list[bool]
) -> None:
    folder = written(tmp_path)
    folder.append(row(time_s=2.0, loops=4), samples({0: 1.0, 3: 2.0, 5: 3.0}, calm, 4))
    table = sampled(folder)
    assert list(table.columns) == ["case", "method", "loops", "round", "seconds", "calm"]
    assert table["round"].tolist() == [0, 3, 5]
    assert table["seconds"].tolist() == [1.0, 2.0, 3.0]
    assert table["loops"].tolist() == [4, 4, 4]
    assert table["calm"].dtype == bool
    assert table["calm"].tolist() == told


def test_a_cell_that_was_not_timed_has_no_samples(tmp_path: Path) -> None:
    folder = written(tmp_path, row("untimed"))
    folder.append(row(status="crashed"), samples({}))
    assert not folder.series.exists()
    assert sampled(folder).empty


def test_of_a_cell_that_was_measured_again_the_last_samples_and_calm_rounds_count(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path)
    folder.append(row(time_s=1.0, loops=1), samples({0: 1.0, 1: 1.0}, [0, 1], 1))
    folder.append(row(time_s=2.0, loops=2), samples({0: 2.0, 1: 2.0, 2: 2.0}, [2], 2))
    table = sampled(folder)
    assert table["seconds"].tolist() == [2.0] * 3
    assert table["calm"].tolist() == [False, False, True]


# Reading the journal.


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_half_written_last_line_is_left_out(tmp_path: Path, share: float) -> None:
    folder = written(tmp_path, row("a"), row("b"))
    line = dump(row("c"))
    with folder.journal.open("a", encoding="utf-8") as file:
        file.write(line[: int(share * len(line))])
    journal = read_journal(folder.journal)
    assert [r["method"] for r in journal.rows] == ["a", "b"]
    assert journal.cut


def test_a_last_line_cut_inside_a_letter_is_left_out(tmp_path: Path) -> None:
    folder = written(tmp_path, row("a"))
    letter = dump(row("b", reason="σ")).encode().index("σ".encode())
    with folder.journal.open("ab") as file:
        file.write(dump(row("b", reason="σ")).encode()[: letter + 1])
    journal = read_journal(folder.journal)
    assert [r["method"] for r in journal.rows] == ["a"]
    assert journal.cut


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"case": 1}', "\x00\x00", "other"])
def test_a_damaged_line_is_left_out_and_told(tmp_path: Path, number: int, damage: str) -> None:
    folder = written(tmp_path, *(row(m) for m in "abcd"))
    lines = folder.journal.read_text("utf-8").splitlines()
    other = lines[number - 1].replace('"affine"', '"affinf"')  # a letter, in what stays JSON
    lines[number - 1] = other if damage == "other" else damage
    folder.journal.write_text("\n".join(lines) + "\n", "utf-8")
    journal = read_journal(folder.journal)
    others = [m for i, m in enumerate("abcd", 1) if i != number]
    assert [r["method"] for r in journal.rows] == others
    assert journal.broken == [number]
    assert journal.damage == f"records.jsonl: 1 broken line ({number})"


def test_a_line_of_an_older_version_has_no_checksum(tmp_path: Path) -> None:
    folder = written(tmp_path)
    folder.journal.write_text(dump(row("a")) + "\n", "utf-8")
    assert [r["method"] for r in read_journal(folder.journal).rows] == ["a"]


# Reading the facts.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "it is missing"),
        ("", "no valid JSON"),
        ('{"id": "a", "form', "no valid JSON"),
        ("\x00", "no valid JSON"),
        ("[]", "it tells no format"),
        ("3", "it tells no format"),
        ('{"id": "a"}', "it tells no format"),
        ('{"id": "a", "format": "3"}', "it tells no format"),
        ('{"id": "a", "format": 4}', "it is not what was written"),
        ('{"id": "a", "format": 3, "checksum": "00000000"}', "it is not what was written"),
        ('{"format": 3}', "it lacks id, state, plan, experiment"),
        ('{"format": 2}', "it lacks id, state, plan"),
        ('{"format": 2, "id": "a", "state": "complete"}', "it lacks plan"),
        ('{"format": 3, "id": "a", "state": "complete", "plan": []}', "it lacks experiment"),
    ],
)
def test_damaged_facts_are_refused_with_what_to_do(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = bare(tmp_path, "run")
    if text is not None:
        (path / "run.json").write_text(text, "utf-8")
    with pytest.raises(DamagedRun, match=rf"run\.json is damaged: {said}.*runs repair"):
        read_info(path)


@pytest.mark.parametrize("number", [1, 5, 99])
def test_a_format_that_cannot_be_read_says_what_to_do(tmp_path: Path, number: int) -> None:
    path = bare(tmp_path, "run")
    (path / "run.json").write_text(f'{{"format": {number}}}')
    if number > FORMAT:
        write_facts(path, {"format": number})
    with pytest.raises(GradiometerError, match=f"format {number}: .* reads 2, 3, 4. Install"):
        read_info(path)


def test_facts_that_an_editor_has_changed_are_damaged(tmp_path: Path) -> None:
    folder = written(tmp_path, row())
    folder.finish("complete")
    file = folder.path / "run.json"
    file.write_text(file.read_text("utf-8").replace('"rounds": 7', '"rounds": 8'), "utf-8")
    with pytest.raises(DamagedRun, match="not what was written"):
        read_info(folder.path)


@pytest.mark.parametrize("read", [Run.read, RunFolder.reopen])
def test_a_run_of_another_experiment_is_refused(
    tmp_path: Path, read: Callable[[Path], Any]
) -> None:
    folder = RunFolder.create(tmp_path, INFO, DESCENT)
    folder.finish("complete")
    said = f"Run {folder.path.name} is a descent: expected a comparison."
    with pytest.raises(GradiometerError, match=said):
        read(folder.path)
    assert read_info(folder.path)["experiment"] == "descent"


# Another experiment's rows.


@dataclass
class Ended:
    rule: str
    method: str
    faulty: bool = False
    status: str = "ok"
    loss: float | None = None


@dataclass
class Steps:
    losses: list[float] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)


SINGULAR = {"losses": "loss"}
DESCENT = Layout("descent", ("rule", "method"), (Ended,), Steps, "steps", singular=SINGULAR)


def descended(results: Path) -> RunFolder:
    plan = [{"rule": "newton", "method": method} for method in ("tape", "jit", "cas")]
    folder = RunFolder.create(results, {"plan": plan}, DESCENT)
    folder.append(
        record(Ended("newton", "tape", loss=math.inf)), record(Steps([2.0, math.inf], [0, 1]))
    )
    folder.append(record(Ended("newton", "jit", True, "error")), record(Steps()))
    return folder


def test_another_experiment_keeps_its_own_columns(tmp_path: Path) -> None:
    folder = descended(tmp_path)
    folder.finish("interrupted")
    for name in ("records", "steps"):
        written = pd.read_parquet(folder.path / f"{name}.parquet")
        pd.testing.assert_frame_equal(written, tables(folder.path, DESCENT)[name])
        info = read_info(folder.path)
        pd.testing.assert_frame_equal(written, read_table(folder.path, name, info, DESCENT))
    ended = read_table(folder.path, "records", {}, DESCENT)
    assert ended.to_dict("list") == {
        "rule": ["newton"] * 2, "method": ["tape", "jit"], "faulty": [False, True],
        "status": ["ok", "error"], "loss": [math.inf, pytest.approx(math.nan, nan_ok=True)],
    }  # fmt: skip
    assert ended["faulty"].dtype == bool
    assert read_table(folder.path, "steps", {}, DESCENT).to_dict("list") == {
        "rule": ["newton"] * 2, "method": ["tape"] * 2, "loss": [2.0, math.inf], "taken": [0, 1],
    }  # fmt: skip


def test_another_experiment_is_taken_up(tmp_path: Path) -> None:
    path = descended(tmp_path).path
    with (path / "steps.jsonl").open("a") as file:
        file.write('{"rule": "newton", "meth')
    folder, rows = RunFolder.reopen(path, DESCENT)
    assert [DESCENT.name(r) for r in rows] == [("newton", "tape"), ("newton", "jit")]
    assert Ended(**rows[1]) == Ended("newton", "jit", True, "error")
    series = read_series(path, rows, DESCENT)
    assert series["newton", "tape"]["losses"] == [2.0, math.inf]
    assert series["newton", "jit"]["losses"] == []
    folder.append(record(Ended("newton", "cas")), record(Steps([1.0], [0])))
    folder.finish("complete")
    assert read_table(path, "steps", {}, DESCENT)["method"].tolist() == ["tape", "tape", "cas"]
    assert read_statuses(folder.journal) == ["ok", "error", "ok"]


def test_a_row_without_its_key_is_broken(tmp_path: Path) -> None:
    folder = descended(tmp_path)
    first, *rest = folder.journal.read_text("utf-8").splitlines(keepends=True)
    folder.journal.write_text(first.replace('"rule"', '"case"') + "".join(rest), "utf-8")
    assert read_journal(folder.journal, DESCENT).broken == [1]


# Taking up, holding, removing.


def test_taking_a_run_up_returns_what_is_recorded(tmp_path: Path) -> None:
    path = written(tmp_path, row("a"), row("b")).path
    with (path / "records.jsonl").open("a") as file:
        file.write(dump(row("c"))[:50])
    folder, rows = RunFolder.reopen(path)
    assert (rows, folder.recorded) == ([row("a"), row("b")], 2)
    folder.append(row("c"))
    assert read_journal(folder.journal) == Journal(folder.journal, [*map(row, "abc")])
    assert read_info(path)["state"] == "running"


def test_samples_of_an_earlier_try_do_not_count(tmp_path: Path) -> None:
    folder = written(tmp_path, row("a"))
    folder.append(row("b", status="crashed"), samples({0: 1.0}))
    assert sampled(folder).empty


def test_samples_of_a_run_that_goes_on_are_read(tmp_path: Path) -> None:
    folder = written(tmp_path)
    folder.append(row(time_s=2.0), samples({0: 2.0}, (), 1))
    assert Run.read(folder.path).samples()["seconds"].tolist() == [2.0]
    folder.finish("interrupted")
    again, _ = RunFolder.reopen(folder.path)
    again.append(row("other", time_s=3.0), samples({0: 3.0}, (), 1))
    assert Run.read(folder.path).samples()["seconds"].tolist() == [2.0, 3.0]
    assert len(Run.read(folder.path).records) == 2


def test_a_run_is_held_by_one_until_it_is_finished(tmp_path: Path) -> None:
    folder = written(tmp_path, row())
    for take in (RunFolder.reopen, hold):
        with pytest.raises(GradiometerError, match="is being measured by another process"):
            take(folder.path)
    assert elsewhere(REOPEN, str(folder.path)).stdout == "held\n"
    folder.finish("complete")
    assert elsewhere(REOPEN, str(folder.path)).stdout == "taken up\n"


def test_a_damaged_run_is_let_go(tmp_path: Path) -> None:
    folder = written(tmp_path, row("a"))
    folder.finish("interrupted")
    with folder.journal.open("a") as file:
        file.write("{}\n")
    with pytest.raises(DamagedRun, match=r"records\.jsonl: 1 broken line \(2\)"):
        RunFolder.reopen(folder.path)
    hold(folder.path).release()


def test_removing_takes_all_of_a_run_and_no_other(tmp_path: Path) -> None:
    runs = [written(tmp_path, row()) for _ in range(3)]
    for folder in runs:
        folder.finish("complete")
    remove([runs[0].path, runs[2].path])
    assert run_folders(tmp_path) == [runs[1].path]
    assert [p.name for p in tmp_path.iterdir()] == [runs[1].path.name]


def test_with_one_being_measured_none_is_removed(tmp_path: Path) -> None:
    whole, measured = written(tmp_path, row()), written(tmp_path, row())
    whole.finish("complete")
    with pytest.raises(GradiometerError, match=f"{measured.path.name} is being measured"):
        remove([whole.path, measured.path])
    assert run_folders(tmp_path) == sorted([whole.path, measured.path])
    hold(whole.path).release()


def test_a_folder_that_is_no_run_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.mkdir()
    with pytest.raises(GradiometerError, match=r"mine is no run: .*Nothing was removed"):
        remove([path])
    assert path.is_dir()


# Finding a run.


def test_a_run_is_found_by_path_by_id_and_as_latest(tmp_path: Path) -> None:
    old, new = bare(tmp_path, "20260101-000000-ffff"), bare(tmp_path, "20260102-000000-0000")
    assert find_run(old, tmp_path / "elsewhere") == old
    assert find_run(str(old), tmp_path / "elsewhere") == old
    assert find_run("20260101-000000-ffff", tmp_path) == old
    assert find_run("latest", tmp_path) == new


def test_a_run_with_a_name_of_its_own_is_the_latest_only_if_there_is_no_other(
    tmp_path: Path,
) -> None:
    named = bare(tmp_path, "reference")
    assert find_run("latest", tmp_path) == find_run("reference", tmp_path) == named
    dated = bare(tmp_path, "20260101-000000-ffff")
    assert find_run("latest", tmp_path) == dated
    assert run_folders(tmp_path) == [named, dated]


def test_runs_are_listed_oldest_first_and_nothing_else_is(tmp_path: Path) -> None:
    names = ["20260102-000000-0000", "20251231-235959-ffff", "20260101-000000-ffff"]
    paths = [bare(tmp_path, name) for name in names]
    (tmp_path / "notes.txt").touch()
    (tmp_path / "pytest-benchmark").mkdir()
    assert run_folders(tmp_path) == sorted(paths)


@pytest.mark.parametrize("results", ["missing", "file", "empty"])
def test_where_there_are_no_runs_none_are_listed(tmp_path: Path, results: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    assert run_folders(tmp_path / results) == []


@pytest.mark.parametrize("name", ["latest", "20260101-000000-ffff"])
def test_without_runs_the_error_says_how_to_start_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(GradiometerError, match=r"No runs under .*`gradiometer run`"):
        find_run(name, tmp_path)


@pytest.mark.parametrize(
    ("asked", "near"),
    [("20260101-000000-fffe", "'20260101-000000-ffff'"), ("lates", "'latest'")],
)
def test_an_unknown_run_names_the_nearest(tmp_path: Path, asked: str, near: str) -> None:
    bare(tmp_path, "20260101-000000-ffff")
    with pytest.raises(UnknownName, match=f"Unknown run '{asked}'.*Did you mean .*{near}"):
        find_run(asked, tmp_path)


def test_of_many_runs_the_newest_are_offered(tmp_path: Path) -> None:
    for day in range(10, 30):
        bare(tmp_path, f"202601{day}-000000-ffff")
    with pytest.raises(UnknownName, match="expected one of latest, 20260129-000000-ffff, 20260128"):
        find_run("other", tmp_path)


def test_a_folder_that_is_no_run_is_not_taken_for_one(tmp_path: Path) -> None:
    bare(tmp_path / "results", "20260101-000000-ffff")
    (tmp_path / "plain").mkdir()
    with pytest.raises(UnknownName, match="expected one of latest, 20260101-000000-ffff"):
        find_run(tmp_path / "plain", tmp_path / "results")
