"""Which node is given which case: nothing is sent, and no clock is read."""

from __future__ import annotations

import pytest

from gradiometer.cluster.nodes import Facts, differences, free_name, mixed
from gradiometer.cluster.preparing import part
from gradiometer.cluster.spreading import MOST_TRIES, Spreading, Work
from gradiometer.cluster.travel import Folder
from gradiometer.cluster.where import Where
from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.case import Case, Cell

SECONDS = {"long": 9.0, "short": 1.0, "both": 2.0}


def cells(*problems: str, sizes: int = 2) -> list[Cell]:
    """Cells of two methods of each size of some problems."""
    return [
        Cell(Case(problem, str(size), "value"), method)
        for problem in problems
        for size in range(sizes)
        for method in ("one", "other")
    ]


def spreading(*problems: str, sizes: int = 2) -> Spreading:
    return Spreading(cells(*problems, sizes=sizes), lambda work: SECONDS[work[0].case.problem])


def named(work: Work | None) -> str:
    """A case in short."""
    return f"{work[0].case.problem} {work[0].case.size}" if work else ""


def test_the_longest_problem_begins_and_stays_with_its_node() -> None:
    found = spreading("short", "long", "both")
    assert named(found.give("a", "fast")) == "long 0"
    assert named(found.give("b", "fast")) == "both 0"
    found.end("a")
    assert named(found.give("a", "fast")) == "long 1"
    found.end("b")
    assert named(found.give("b", "fast")) == "both 1"
    assert found.under_way == 2
    found.end("b")
    assert named(found.give("b", "fast")) == "short 0"
    assert found.give("c", "fast") is None
    assert (found.left, found.left_s) == (3, 11.0)


def test_a_problem_stays_with_a_kind_of_machine() -> None:
    found = spreading("long")
    found.give("a", "fast")
    found.end("a")
    found.lose("a")
    assert found.give("b", "slow") is None
    assert list(found.stranded({"slow", "fast"})) == []
    assert named(found.give("c", "fast")) == "long 1"
    found.lose("c")
    assert [(named(work), kind) for work, kind in found.stranded({"slow"})] == [("long 1", "fast")]
    assert not found.left


def test_a_problem_without_a_figure_may_begin_on_another_kind() -> None:
    found = spreading("long")
    found.give("a", "fast")
    found.lose("a")
    assert named(found.give("b", "slow")) == "long 0"


def test_a_case_is_lost_with_its_last_node_and_those_after_it_are_not() -> None:
    found = spreading("long")
    for number in range(MOST_TRIES):
        assert named(found.give(f"node {number}", "fast")) == "long 0"
        lost = found.lose(f"node {number}")
    assert [cell.method for cell in lost] == ["one", "other"]
    assert named(found.give("another", "fast")) == "long 1"


def test_what_a_node_has_not_begun_counts_as_no_try() -> None:
    found = spreading("long")
    for _ in range(MOST_TRIES):
        found.give("a", "fast")
        found.recall("a")
    found.give("a", "fast")
    assert not found.lose("a")


def test_what_is_dropped_is_not_under_way() -> None:
    found = spreading("short", "long")
    found.give("a", "fast")
    assert sorted(named(work) for work in found.drop()) == ["short 0", "short 1"]
    assert found.left == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tcp://10.0.0.1:8786", Where("address", address="tcp://10.0.0.1:8786")),
        ("tls://[::1]:8786", Where("address", address="tls://[::1]:8786")),
        ("local:3", Where("local", workers=3)),
        ("ssh:one, two", Where("ssh", hosts=("one", "two"))),
    ],
)
def test_a_cluster_is_named(text: str, told: Where) -> None:
    assert Where.parsed(text) == told
    assert Where.parsed(str(told)) == told


@pytest.mark.parametrize(
    "text", ["", "local", "local:0", "tcp://host", "ssh:", "ssh:a,,b", "http://a:1"]
)
def test_what_names_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(GradiometerError, match="expected tcp://HOST:PORT"):
        Where.parsed(text)


def facts(python: str = "3.11.7", code: str = "c0de", **versions: str) -> Facts:
    return Facts("host", {"python": python, "versions": versions}, code)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (facts(numpy="2.4"), []),
        (facts(numpy="2.3"), ["numpy 2.3 instead of 2.4"]),
        (facts(), ["numpy not installed instead of 2.4"]),
        (facts(numpy="2.4", python="3.12.0"), ["Python 3.12.0 instead of 3.11.7"]),
        (facts(numpy="2.4", code="bad"), ["other code of Gradiometer (bad instead of c0de)"]),
    ],
)
def test_a_difference_of_a_node_is_told(node: Facts, told: list[str]) -> None:
    assert differences(node, facts(numpy="2.4")) == told


def test_nodes_of_a_host_have_names_of_their_own() -> None:
    assert free_name("host", []) == "host"
    assert free_name("host", ["host", "host-3"]) == "host-2"


def test_kinds_are_named_where_there_are_several() -> None:
    assert mixed(["a", "a"]) == ""
    assert mixed(["b", "a", "b"]) == "a; b"


@pytest.mark.parametrize(
    ("cores", "share", "parts"),
    [
        ([0, 1, 2, 3], 2, [[0, 1], [2, 3]]),
        ([4, 5, 6], 2, [[4], [5]]),
        ([0, 1], 3, [[0], [1], [0]]),
    ],
)
def test_nodes_of_a_machine_share_its_cores(
    cores: list[int], share: int, parts: list[list[int]]
) -> None:
    assert [part(cores, share, number) for number in range(share)] == parts


def test_files_that_changed_on_their_way_are_refused(tmp_path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\n")
    (tmp_path / "beside.py").write_text("y = 2\n")
    sent = Folder.read(tmp_path / "mine.py")
    there = sent.write(tmp_path / "node")
    assert (there / "beside.py").read_text() == "y = 2\n"
    changed = Folder(sent.digest, {**sent.files, "mine.py": b"x = 3\n"})
    with pytest.raises(GradiometerError, match="did not arrive as they were sent"):
        changed.write(tmp_path / "other")
    assert not (tmp_path / "other").exists()
