"""A run on two nodes of this machine comes to what it comes to without a cluster."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import here
import numpy as np
import pandas as pd
import psutil
import pytest
from shell import command

import gradiometer
from gradiometer import GradiometerError, Options
from gradiometer.cluster import coordinator, engine, measuring, members, spreading
from gradiometer.cluster.nodes import Facts, look
from gradiometer.cluster.where import Where
from gradiometer.measure.progress import Progress
from gradiometer.report.run import Run
from gradiometer.runs.facts import read_info
from gradiometer.runs.store import find_run

OPTIONS = Options(rounds=7, sample_s=0.0005)
METHODS = ["backprop", "complex-step"]

FATAL = """
import os, signal, time
from pathlib import Path
import gradiometer

@gradiometer.problem(at=lambda size, rng: {{"x": [1.0, 2.0]}})
def fatal(xp, x):
    'Kill the node once, then return a sum.'
    if not Path({tried!r}).exists():
        Path({tried!r}).touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60.0)
    return xp.sum(x)
"""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a cluster of two nodes."""
    with engine.opened(Where.parsed("local:2")) as opened:
        yield opened.client


def measured(results: Path, problems: Any, methods: Any = METHODS, **more: Any) -> Run:
    return gradiometer.run(problems, methods, options=OPTIONS, results=results, **more)


def figures(run: Run) -> pd.DataFrame:
    """What does not depend on the time."""
    kept = run.records.set_index(["case", "method"])[["status", "digits", "reason", "n"]]
    return kept.sort_index()


def whole(run: Run) -> bool:
    """Whether every planned cell has exactly one record."""
    found = list(zip(run.records["case"], run.records["method"], strict=True))
    planned = {(row["case"], row["method"]) for row in run.info["plan"]}
    return len(found) == len(planned) and set(found) == planned


class Meddling(Progress):
    """Does something once a row is kept."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act, self.told, self.said = act, "", ""

    def advance(self, text: str) -> None:
        if not self.told:
            self.told = text
            self.act()

    def say(self, text: str) -> None:
        self.said = self.said or (text if "under way" in text else "")


def test_nodes_come_to_the_same_each_with_problems_of_its_own(client: Any, tmp_path: Path) -> None:
    problems, sizes, told = ["rosenbrock", "log-sum-exp"], ["2", "3", "10"], Meddling(int)
    run = measured(tmp_path, problems, sizes=sizes, cluster=client, progress=told)
    with here.in_this_process():
        alone = measured(tmp_path / "here", problems, sizes=sizes)
    pd.testing.assert_frame_equal(figures(run), figures(alone))
    placed = run.records.groupby("problem")["node"].nunique()
    assert placed.max() == 1
    assert set(run.records["node"]) == set(run.info["nodes"])
    assert (
        sum(node["cases"] for node in run.info["nodes"].values()) == run.records["case"].nunique()
    )
    assert set(run.records["machine"]) == {n["machine"] for n in run.info["nodes"].values()}
    assert told.said.startswith("2 nodes, ")


def test_nothing_of_it_listens_beyond_this_machine(client: Any) -> None:
    own = psutil.Process()
    sockets = [c for each in (own, *own.children(recursive=True)) for c in each.net_connections()]
    listening = {c.laddr.ip for c in sockets if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_files_and_objects_travel(
    client: Any, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    write("mine/helping.py", "def double(x):\n    return 2.0 * x\n")
    file = write(
        "mine/mine.py",
        "import gradiometer\nfrom helping import double\n\n\n"
        "@gradiometer.problem(at=lambda size, rng: {'x': [1.0, 2.0]})\ndef doubled(xp, x):\n"
        '    """Return a sum."""\n    return xp.sum(double(x))\n',
    )

    @gradiometer.problem(at=lambda size, rng: {"x": np.array([3.0])})
    def made_here(xp: Any, x: Any) -> Any:
        """Return a square."""
        return xp.sum(x * x)

    run = measured(
        tmp_path / "results", [f"{file}", made_here], METHODS[:1], operators="value", cluster=client
    )
    assert run.records.set_index("problem")["status"].to_dict() == {
        "doubled": "ok",
        "made-here": "ok",
    }


def test_a_case_is_measured_anew_if_its_node_cannot_hand_over_what_it_came_to(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, parted = distributed.Future.result, []

    def result(future: Any, timeout: float) -> Any:
        if future.key.startswith("measure") and not parted:
            parted.append(timeout)
            raise TimeoutError
        return fetch(future, timeout)

    monkeypatch.setattr(distributed.Future, "result", result)
    run = measured(tmp_path, "product-of-sum", cluster=client)
    assert parted == [coordinator.FETCH_S]
    assert whole(run)
    assert set(run.records["status"]) == {"ok"}


@pytest.mark.parametrize(("tries", "status"), [(2, "ok"), (1, "crashed")])
def test_a_case_whose_node_dies_is_tried_on_another(
    client: Any,
    tmp_path: Path,
    write: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tries: int,
    status: str,
) -> None:
    monkeypatch.setattr(spreading, "MOST_TRIES", tries)
    file = write("fatal.py", FATAL.format(tried=str(tmp_path / "tried")))
    problems = [f"{file}", "product-of-sum"]
    run = measured(tmp_path, problems, METHODS[:1], operators="value", cluster=client)
    assert whole(run)
    found = run.records.set_index("problem")
    assert found["status"].to_dict() == {"fatal": status, "product-of-sum": "ok"}
    assert ("its node died" in found["reason"]["fatal"]) == (status == "crashed")


def other_version(facts: Facts) -> Facts:
    facts.machine["versions"]["numpy"] = "0.1"
    return facts


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (other_version, r"numpy \S+ instead of 0.1"),
        (
            lambda facts: replace(facts, code="0" * 64),
            r"other code of Gradiometer \(\w+ instead of 0",
        ),
    ],
)
def test_a_node_of_another_version_is_refused(
    client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: Callable[[Facts], Facts],
    told: str,
) -> None:
    monkeypatch.setattr(measuring, "look", lambda asked: other(look(asked)))
    with pytest.raises(GradiometerError, match=told):
        measured(tmp_path, "product-of-sum", cluster=client)
    assert not list(tmp_path.iterdir())


def test_what_nobody_offers_is_skipped_with_the_reason(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "SLOT", "telescope")
    run = measured(tmp_path, "product-of-sum", cluster=client)
    assert whole(run)
    assert set(run.records["status"]) == {"skipped"}
    assert run.records["reason"].str.contains("no node offers the resource").all()


def test_a_run_is_taken_up_with_a_cluster_or_without(client: Any, tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(
            tmp_path, "rosenbrock", sizes=["2", "10"], cluster=client, progress=Meddling(interrupt)
        )
    path = find_run("latest", tmp_path)
    cut = Path(shutil.copytree(path, tmp_path / "further" / path.name))
    assert read_info(path)["state"] == "interrupted"
    with here.in_this_process():
        found = gradiometer.resume(path, cluster=client), gradiometer.resume(cut)
    for run in found:
        assert whole(run)
        assert run.info["nodes"]
    pd.testing.assert_frame_equal(*map(figures, found))
    assert (found[0].records["node"] == "").sum() == 0
    assert 0 < (found[1].records["node"] == "").sum() < len(found[1].records)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cluster", "nowhere"], "--cluster is 'nowhere': expected tcp://HOST:PORT"),
        (["--cluster", "tcp://127.0.0.1:9"], "No scheduler answers at tcp://127.0.0.1:9"),
        (["--cluster", "slurm:gone.yaml"], "there is no file gone.yaml"),
        (["--cluster", "local:2", "--wait"], "--wait is of this machine"),
        (["--pin-kind"], "--pin-kind is of clusters"),
        (["--cluster", "local:2", "--against", "git:main"], "--cluster is not of two versions"),
    ],
)
def test_what_cannot_be_carried_out_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.setattr(engine, "REACHED_S", 0.2)
    done = command(tmp_path, "run", "product-of-sum", "backprop", *words)
    assert done.code == 2
    assert told in done.err
    assert not (tmp_path / "results").exists()


def test_a_run_that_is_whole_is_taken_up_without_nodes(tmp_path: Path) -> None:
    with here.in_this_process():
        run = measured(tmp_path, "product-of-sum", METHODS[:1], operators="value")
        again = gradiometer.resume(run.path, cluster="tcp://127.0.0.1:1", pin_kind=True)
    pd.testing.assert_frame_equal(figures(again), figures(run))


def test_a_script_that_its_nodes_would_carry_out_again_is_told_so(
    tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    script = write(
        "script.py", "import gradiometer\ngradiometer.run('mlp', 'backprop', cluster='local:1')\n"
    )
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=60.0
    )
    assert done.returncode == 1
    assert "stands behind `if __name__ == '__main__':`" in done.stderr.splitlines()[-1]
