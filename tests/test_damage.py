"""Each file of a run is cut and flipped: what was recorded is read or named, and nothing invented.

`make stress` does it as often as the environment variable TIMES says.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import here
import pandas as pd
import pytest

import gradiometer
from gradiometer import GradiometerError, Options
from gradiometer.report.run import Run
from gradiometer.runs.analysis import DAMAGED
from gradiometer.runs.damage import repair
from gradiometer.runs.facts import DamagedRun
from gradiometer.runs.schema import COMPARISON
from gradiometer.runs.store import find_run

TIMES = int(os.environ.get("TIMES", "3"))
"""How often each file is damaged in each way."""

FILES = [
    "run.json", "begun.json", "records.jsonl", "samples.jsonl", "answers.jsonl",
    "records.parquet", "samples.parquet", "answers.parquet",
]  # fmt: skip


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flipped(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def removed(data: bytes, rng: random.Random) -> bytes | None:
    return None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two problems by three methods, one of which is wrong."""
    with here.in_this_process():
        return gradiometer.run(
            "product-of-sum",
            ["backprop", "central-difference", "zeros"],
            options=Options(rounds=7, sample_s=0.0005),
            plugins=[Path(__file__).parent / "plugins"],
            results=tmp_path_factory.mktemp("whole"),
        ).path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / whole.name))


@pytest.mark.parametrize(
    ("name", "tables"),
    [(name, True) for name in FILES if name != "begun.json"]
    + [(name, False) for name in FILES if name.endswith(".jsonl")],
)
@pytest.mark.parametrize("damage", [cut, flipped, removed])
def test_what_was_recorded_is_read_or_named(copy: Path, name: str, tables: bool, damage) -> None:
    truth, data, rng = Run.read(copy), (copy / name).read_bytes(), random.Random(name)
    kept = {"samples": truth.samples(), "answers": truth.components}
    if not tables:
        for table in copy.glob("*.parquet"):
            table.unlink()
    assert Run.read(copy).damage == {}
    recorded = by_cell(truth.records)
    for _ in range(TIMES if damage is not removed else 1):
        change(copy / name, damage(data, rng))
        if name == "run.json":
            with pytest.raises(DamagedRun, match="runs repair"):
                Run.read(copy)
            continue
        run = Run.read(copy)
        cells = by_cell(run.cells)
        lost = {cell for cell, row in cells.items() if row["status"] == DAMAGED}
        assert cells.keys() == recorded.keys()
        assert all(run.damage["records"] in cells[cell]["reason"] for cell in lost)
        assert all(same(cells[cell], recorded[cell]) for cell in recorded.keys() - lost)
        found = {"samples": run.samples(), "answers": run.components}
        for what, now in found.items():
            assert run.damage.keys() & {what, "records"} or now.equals(kept[what])
            assert len(pd.concat([kept[what], now]).drop_duplicates()) == len(kept[what])


def same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    both = [each.sort_values(["case", "method"], kind="stable") for each in (one, other)]
    return both[0].reset_index(drop=True).equals(both[1].reset_index(drop=True))


def by_cell(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["case"], row["method"]): row for row in frame.to_dict("records")}


def same(row: dict[str, object], written: dict[str, object]) -> bool:
    return all(row[c] == written[c] or pd.isna([row[c], written[c]]).all() for c in written)


def change(file: Path, data: bytes | None) -> None:
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flipped, removed])
@pytest.mark.parametrize("name", FILES)
def test_a_repaired_run_has_everything_as_one_file_is_damaged(
    copy: Path, name: str, damage
) -> None:
    truth, data, rng = Run.read(copy), (copy / name).read_bytes(), random.Random(name)
    samples, components = truth.samples(), truth.components
    change(copy / name, damage(data, rng))
    repair(copy, [COMPARISON])
    found = Run.read(copy)
    assert (found.damage, found.info["state"]) == ({}, "complete")
    assert same_rows(truth.records, found.records)
    assert same_rows(samples, found.samples())
    assert same_rows(components, found.components)


TABLE = "records.parquet"


@pytest.mark.parametrize(
    ("damage", "done"),
    [
        ({}, []),
        ({"run.json": ""}, ["run.json: taken from begun.json, as the run began"]),
        ({"begun.json": ""}, []),
        ({TABLE: ""}, ["records.parquet: written anew"]),
        ({"records.jsonl": "1 broken"},
         ["records.jsonl: 1 broken line (1), moved to records.jsonl.broken",
          "records.jsonl: 1 rows taken from records.parquet"]),
        ({"records.jsonl": "1 broken", TABLE: None},
         ["records.jsonl: 1 broken line (1), moved to records.jsonl.broken",
          "records.parquet: written anew"]),
        ({"records.jsonl": None}, ["records.jsonl: {n} rows taken from records.parquet"]),
        ({"records.jsonl": None, TABLE: None},
         ["records.jsonl: {n} rows are lost", "records.parquet: written anew"]),
    ],
)  # fmt: skip
def test_a_repair_tells_what_it_did(
    copy: Path, damage: dict[str, str | None], done: list[str]
) -> None:
    count = len(Run.read(copy).records)
    for name, text in damage.items():
        if text == "1 broken":
            lines = (copy / name).read_text("utf-8").splitlines(keepends=True)
            (copy / name).write_text("".join(["?" + lines[0], *lines[1:]]), "utf-8")
        else:
            change(copy / name, None if text is None else text.encode())
    told = [line.format(n=count) for line in done]
    assert repair(copy, [COMPARISON]) == told
    assert Run.read(copy).damage == {}
    assert repair(copy, [COMPARISON]) == []


def test_a_repaired_run_without_tables_goes_on(copy: Path) -> None:
    for table in copy.glob("*.parquet"):
        table.unlink()
    journal = copy / "records.jsonl"
    first, second, *others = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join([first, second[:40] + "\n", *others]), "utf-8")
    planned = len(Run.read(copy).cells)
    with pytest.raises(GradiometerError, match="runs repair"):
        gradiometer.resume(copy)
    done = repair(copy, [COMPARISON])
    assert "records.jsonl: 1 broken line (2), moved to records.jsonl.broken" in done
    assert (copy / "records.jsonl.broken").read_text("utf-8") == second[:40] + "\n"
    found = Run.read(copy)
    assert (len(found.records), found.info["state"]) == (planned - 1, "interrupted")
    assert repair(copy, [COMPARISON]) == []
    assert find_run(copy, copy) == copy
