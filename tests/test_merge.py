"""Runs made one: no cell lost, none twice, and nothing merged that was not measured alike."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from records import case, plan, row, timed

from gradiometer.errors import GradiometerError
from gradiometer.report.run import Run
from gradiometer.runs import store
from gradiometer.runs.merge import merge
from gradiometer.runs.schema import Layout, Samples, samples
from gradiometer.runs.store import RunFolder, run_folders

INFO: dict[str, Any] = {
    "environment": {
        "started": "2026-01-01T12:00:00+00:00", "python": "3.12.1", "system": "Linux 6.1",
        "cpu": "EPYC", "load_average": [0.1], "versions": {"numpy": "2.1.0"},
    },
    "timing": "interleaved",
    "options": {"threads": 1, "seed": 0},
}  # fmt: skip


def recorded(
    results: Path, *rows: dict[str, Any], planned: Any = None, **changes: Any
) -> RunFolder:
    """Return a finished run of these records, with two samples behind each time."""
    info = copy.deepcopy(INFO) | changes | {"plan": planned or plan(*rows)}
    folder = RunFolder.create(results, info)
    for each in rows:
        seconds = each.get("time_s")
        folder.append(each, samples({0: seconds, 1: seconds}, {1}, 5) if seconds else None)
    folder.finish("complete")
    return folder


def machine(**changes: Any) -> dict[str, Any]:
    return {"environment": INFO["environment"] | changes}


def merged(results: Path, *runs: RunFolder) -> Run:
    return Run.read(merge([run.path for run in runs], results).path)


def test_a_merged_run_has_every_cell_with_its_samples(tmp_path: Path) -> None:
    a = recorded(tmp_path, row("tape", "sine", **timed(1.0)), row("jit", "sine", **timed(2.0)))
    b = recorded(tmp_path, row("tape", "net", "9", **timed(3.0)))
    run = merged(tmp_path, a, b)
    before = pd.concat([Run.read(a.path).records, Run.read(b.path).records], ignore_index=True)
    pd.testing.assert_frame_equal(run.records, before)
    assert run.samples()["method"].tolist() == ["tape"] * 2 + ["jit"] * 2 + ["tape"] * 2
    assert run.samples()["seconds"].tolist() == [1e-6] * 2 + [2e-6] * 2 + [3e-6] * 2
    assert run.samples()["calm"].tolist() == [False, True] * 3
    assert run.info["state"] == "complete"
    assert run.info["merged"] == [a.path.name, b.path.name]
    assert run.planned == 3
    assert run_folders(tmp_path) == sorted([a.path, b.path, run.path])


@pytest.mark.parametrize(
    ("ends", "kept"),
    [
        (("ok", "ok"), 1), (("ok", "error"), 0), (("error", "ok"), 1), (("error", "timeout"), 1),
        (("ok", "ok", "crashed"), 1), (("error", "ok", "crashed"), 1),
        (("crashed", "error", "error"), 2), (("ok", "error", "ok"), 2),
    ],
)  # fmt: skip
def test_the_last_record_counts_or_the_last_that_is_ok(
    tmp_path: Path, ends: tuple[str, ...], kept: int
) -> None:
    runs = [
        recorded(tmp_path, row(status=status, reason=f"run {i}", **timed(i + 1.0)))
        for i, status in enumerate(ends)
    ]
    run = merged(tmp_path, *runs)
    assert run.records["reason"].tolist() == [f"run {kept}"]
    assert run.records["status"].tolist() == [ends[kept]]
    assert run.samples()["seconds"].tolist() == [1e-6 * (kept + 1)] * 2


def test_ratios_of_a_mixed_case_are_of_medians(tmp_path: Path) -> None:
    a = recorded(
        tmp_path, row("tape", "sine", **timed(1.0)), row("jit", "sine", **timed(3.0)),
        row("tape", "net", **timed(1.0, 0.99, 1.01)), row("jit", "net", **timed(2.0, 1.98, 2.02)),
    )  # fmt: skip
    b = recorded(tmp_path, row("cas", "sine", **timed(1.0, seconds=0.5e-6)))
    cells = merged(tmp_path, a, b).records.set_index(["problem", "method"])
    assert cells.loc["sine", "ratio"].to_dict() == {"tape": 2.0, "jit": 6.0, "cas": 1.0}
    assert cells.loc[("sine", "tape"), "ratio_high"] == pytest.approx(1.1 / 0.45)
    assert cells.loc["net", "ratio_low"].tolist() == [0.99, 1.98]


def test_ratios_of_a_case_of_one_run_stay_paired(tmp_path: Path) -> None:
    rows = [row("tape", **timed(1.0, 0.99, 1.01)), row("jit", **timed(2.0, 1.98, 2.02))]
    run = merged(tmp_path, recorded(tmp_path, *rows), recorded(tmp_path, *rows))
    assert run.records["ratio_low"].tolist() == [0.99, 1.98]


def test_what_no_run_reached_is_still_planned(tmp_path: Path) -> None:
    both = plan(row("tape"), row("jit"))
    a, b = recorded(tmp_path, row("tape"), planned=both), recorded(tmp_path, row("tape", "net"))
    run = merged(tmp_path, a, b)
    assert run.info["state"] == "interrupted"
    assert run.coverage()[["status", "method"]].to_numpy().tolist() == [["not-reached", "jit"]]
    rest = recorded(tmp_path, row("jit"))
    assert merged(tmp_path, a, b, rest).info["state"] == "complete"


def test_the_plan_is_in_the_order_of_the_runs(tmp_path: Path) -> None:
    a = recorded(tmp_path, row("tape", "z"), row("jit", "z"))
    b = recorded(tmp_path, row("cas", "a"), row("tape", "z"))
    cells = merged(tmp_path, b, a).cells
    assert cells[["problem", "method"]].to_numpy().tolist()[:3] == [
        ["a", "cas"], ["a", "tape"], ["z", "cas"],
    ]  # fmt: skip
    assert len(cells) == 5


def test_versions_warnings_and_plugins_of_all_are_kept(tmp_path: Path) -> None:
    a = recorded(
        tmp_path, row("tape"), plugins=["a", "b"], noise={"warnings": ["x", "y"], "calm": 0.5},
        **machine(versions={"numpy": "2.1.0", "jax": "0.6"}),
    )  # fmt: skip
    b = recorded(
        tmp_path, row("jit"), plugins=["b", "c"], noise={"warnings": ["y", "z"]},
        **machine(versions={"numpy": "2.1.0", "torch": "2.13"}, started="2026-02-02"),
    )  # fmt: skip
    info = merged(tmp_path, a, b).info
    assert info["environment"]["versions"] == {"numpy": "2.1.0", "jax": "0.6", "torch": "2.13"}
    assert info["environment"]["started"] == "2026-02-02"
    assert info["noise"] == {"warnings": ["x", "y", "z"]}
    assert info["plugins"] == ["a", "b", "c"]
    assert info["options"] == INFO["options"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (machine(cpu="Xeon"), "processor (Xeon, not EPYC)"),
        (machine(system="Linux 6.9"), "system (Linux 6.9, not Linux 6.1)"),
        (machine(python="3.13.0"), "Python (3.13.0, not 3.12.1)"),
        (machine(versions={"numpy": "2.2.0"}), "version of numpy (2.2.0, not 2.1.0)"),
        ({"timing": "sequential"}, "timing (sequential, not interleaved)"),
        ({"options": {"threads": 4, "seed": 1}}, "option threads (4, not 1), option seed (1, not"),
    ],
)
def test_runs_that_were_not_measured_alike_are_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    a, b = recorded(tmp_path, row("tape")), recorded(tmp_path, row("jit"), **change)
    with pytest.raises(GradiometerError, match=re.escape(said)) as refused:
        merged(tmp_path, a, b)
    assert f"Run {b.path.name} differs" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert run_folders(tmp_path) == sorted([a.path, b.path])


def test_a_library_is_the_same_in_all_that_have_it(tmp_path: Path) -> None:
    jax = [{"numpy": "2.1.0", "jax": version} for version in ("0.6", "0.7")]
    first, other = (recorded(tmp_path, row(), **machine(versions=v)) for v in jax)
    between = recorded(tmp_path, row("jit"))
    with pytest.raises(GradiometerError, match=r"version of jax \(0\.7, not 0\.6\)"):
        merged(tmp_path, first, between, other)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_run_alone_or_twice_is_refused(tmp_path: Path, count: int) -> None:
    run = recorded(tmp_path, row())
    with pytest.raises(GradiometerError, match="expected two or more runs, each named once"):
        merged(tmp_path, *[run] * count)


def test_a_run_of_another_experiment_is_not_merged(tmp_path: Path) -> None:
    layout = Layout("descent", ("rule", "method"), (), Samples, "steps")
    descent = RunFolder.create(tmp_path, INFO | {"plan": []}, layout)
    with pytest.raises(GradiometerError, match="is a descent: expected a comparison"):
        merged(tmp_path, recorded(tmp_path, row()), descent)


def test_a_damaged_run_is_not_merged(tmp_path: Path) -> None:
    a, b = recorded(tmp_path, row("tape")), recorded(tmp_path, row("jit"))
    b.journal.write_text("{}\n" + b.journal.read_text("utf-8"), "utf-8")
    with pytest.raises(GradiometerError, match=r"records\.jsonl: 1 broken line"):
        merged(tmp_path, a, b)
    assert run_folders(tmp_path) == sorted([a.path, b.path])


def test_runs_without_an_environment_are_merged(tmp_path: Path) -> None:
    bare = {"environment": {}, "options": {}}
    run = merged(
        tmp_path, recorded(tmp_path, row("tape"), **bare), recorded(tmp_path, row("jit"), **bare)
    )
    assert run.records["method"].tolist() == ["tape", "jit"]


def test_a_merge_that_cannot_be_written_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = recorded(tmp_path, row("tape")), recorded(tmp_path, row("jit"))

    def full(file: Path, line: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(GradiometerError, match="No space left"):
        merged(tmp_path, a, b)
    (made,) = set(run_folders(tmp_path)) - {a.path, b.path}
    assert Run.read(made).info["state"] == "failed"


def test_a_run_recorded_by_format_2_is_merged(tmp_path: Path) -> None:
    old = Path(__file__).parent / "recorded" / "format-2"
    facts = {k: Run.read(old).info[k] for k in ("environment", "timing", "options")}
    new = recorded(tmp_path, row("tape", "sine", **timed()), **facts)
    run = Run.read(merge([old, new.path], tmp_path).path)
    assert len(run.records) == 25
    assert set(run.records["device"]) == {"cpu"}
    assert len(run.samples()) == len(Run.read(old).samples()) + 2
    assert run.records["case"].tolist()[-1] == case("sine")
