"""What was measured on several machines is kept apart."""

from __future__ import annotations

from typing import Any

import pandas as pd
import records
import yaml

from gradiometer.cluster.engine import slurm
from gradiometer.runs import analysis, machines, regimes
from gradiometer.runs.conditions import machine
from gradiometer.runs.frames import frame
from gradiometer.runs.growth import sized

INFO = {
    "id": "this",
    "environment": {"cpu": "Old", "cores": 2},
    "nodes": {"a": {"machine": "Old, 2 cores"}, "b": {"machine": "New, 8 cores"}},
}


def on(node: str, kind: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"node": node, "machine": kind} for row in rows]


def case(problem: str = "affine", **values: Any) -> list[dict[str, Any]]:
    """Two methods of a case, of which one takes twice as long."""
    return [
        records.row(name, problem, n=3, **(records.timed(ratio) | values))
        for name, ratio in (("tape", 1.0), ("dual", 2.0))
    ]


def apart(*rows: dict[str, Any]) -> pd.DataFrame:
    return machines.shown(machines.apart(frame(rows), INFO))


def test_of_one_kind_of_machine_nothing_is_said() -> None:
    found = apart(*on("a", "Old, 2 cores", *case()), *on("b", "Old, 2 cores", *case("quartic")))
    assert list(analysis.label(found).unique()) == ["affine", "quartic"]


def test_of_several_kinds_a_case_names_its_own() -> None:
    missing = records.row("absent", status="not-installed")
    found = apart(
        *on("b", "New, 8 cores", *case()), missing, *on("a", "Old, 2 cores", *case("quartic"))
    )
    assert list(analysis.label(found).unique()) == ["affine New, 8 cores", "quartic Old, 2 cores"]
    assert len(list(found.groupby(analysis.variant(found)))) == 2


def test_what_was_measured_where_the_run_began_is_of_its_kind() -> None:
    found = apart(*on("b", "New, 8 cores", *case()), *case("quartic"))
    assert set(found.loc[found["problem"] == "quartic", "machine"]) == {"Old, 2 cores"}


def test_a_case_of_two_nodes_has_no_ratio() -> None:
    first, second = case()
    whole = on("a", "Old, 2 cores", *case("quartic"))
    found = apart(*on("a", "Old, 2 cores", first), *on("b", "Old, 2 cores", second), *whole)
    assert found["ratio"].isna().tolist() == [True, True, False, False]
    assert set(regimes.compared(found)["problem"]) == {"quartic"}


def test_a_multiple_of_the_value_is_of_one_node() -> None:
    rows = [records.row(operator=name, **records.timed(2.0)) for name in ("value", "gradient")]
    same = analysis.per(frame(on("a", "Old, 2 cores", *rows)), "value")
    other = on("a", "Old, 2 cores", rows[0]) + on("b", "Old, 2 cores", rows[1])
    assert same.tolist() == [1.0, 1.0]
    assert analysis.per(frame(other), "value").isna().tolist() == [False, True]


def test_growth_is_of_one_kind_of_machine() -> None:
    sizes = [
        records.row(size=str(n), n=n, **records.timed(float(n))) for n in (10, 100, 1000, 10000)
    ]
    alike = on("a", "Old, 2 cores", *sizes)
    mixed = on("a", "Old, 2 cores", *sizes[:2]) + on("b", "New, 8 cores", *sizes[2:])
    assert len(sized(apart(*alike), "gradient")) == 4
    assert sized(apart(*mixed), "gradient").empty


def test_a_run_of_several_kinds_is_like_no_other() -> None:
    old = {"environment": {"cpu": "Old", "cores": 2}}
    one = {"environment": {"cpu": "Laptop", "cores": 4}, "nodes": {"a": INFO["nodes"]["a"]}}
    assert machine(old) == machine(one)
    assert machine(INFO) != machine(INFO | {"id": "another"})


def test_a_job_of_slurms_starts_a_node(tmp_path) -> None:
    told = {
        "nodes": 2, "cores": 4, "memory": "16GB", "walltime": "04:00:00", "queue": "short",
        "interface": "lo", "python": "python3",
    }  # fmt: skip
    file = tmp_path / "jobs.yaml"
    file.write_text(yaml.safe_dump(told))
    cluster, nodes = slurm(file)
    with cluster:
        lines = cluster.job_script().splitlines()
    assert nodes == 2
    for line in ("-p short", "-n 1", "--cpus-per-task=4", "--mem=15G", "-t 04:00:00"):
        assert f"#SBATCH {line}" in lines
    (start,) = [line for line in lines if line.startswith("python3")]
    assert start.startswith("python3 -m gradiometer.cluster.node tcp://127.0.0.1:")
    assert start.partition("--memory-limit 0")[1]
