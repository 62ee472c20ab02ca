"""The mutation tester: what is changed, what it is called, and what counts as killed."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest
from mutants import Mutant, Place, mutants
from mutate import in_turn
from trying import Attempt, Chosen, End, Trier

SOURCE = '''\
"""A module."""
import os
LIMIT: int = 3

@os.register("name")
def limited(x: int | None, least: int = 1) -> int:
    """Return x, within limits."""
    if x is None or x < least:
        raise ValueError("too low: expected more")
    return min(x, LIMIT)


class Scale:
    def times(self, x):
        return {"key": len(x) * 2}

    def read(self, path):
        path.write_text("two", "utf-8")
        text = path.read_text(encoding="utf-8")
        return zip(text, x, strict=True)
'''
PATH = Path("gradiometer/measure/limits.py")


def changes(source: str = SOURCE) -> dict[tuple[str, str], Mutant]:
    return {(mutant.removed, mutant.added): mutant for mutant in mutants(PATH, source)}


@pytest.mark.parametrize(
    ("removed", "added"),
    [
        ("LIMIT: int = 3", "LIMIT: int = 4"),
        ("if x is None or x < least:", "if x is None or x <= least:"),
        ("if x is None or x < least:", "if x is None and x < least:"),
        ("return min(x, LIMIT)", "return min(x, )"),
        ('raise ValueError("too low: expected more")', "raise ValueError(None)"),
        ('return {"key": len(x) * 2}', 'return {"XXkeyXX": len(x) * 2}'),
        ('path.write_text("two", "utf-8")', 'path.write_text(None, "utf-8")'),
    ],
)
def test_code_is_changed_wherever_it_runs(removed: str, added: str) -> None:
    assert (removed, added) in changes()


UNCHANGED = (
    "len(None)", '"two", None', '"two", )', "XXutf", "UTF", "encoding=None", "strict=None",
    "strict=False", "zip(text, x, )",
)  # fmt: skip


def test_what_no_test_should_hold_to_is_left() -> None:
    for removed, added in changes():
        assert not removed.startswith(("import", "@", '"""'))
        assert "too low" not in added or "XX" not in added
        assert not any(each in added for each in UNCHANGED)
        if "def limited" in removed:
            assert added.startswith("def limited(x: int | None, least: int = ")


def test_every_mutant_is_one_change_of_valid_text() -> None:
    texts = [mutant.text for mutant in mutants(PATH, SOURCE)]
    assert len(set(texts)) == len(texts)
    for mutant in mutants(PATH, SOURCE):
        ast.parse(mutant.text)
        lines, changed = SOURCE.splitlines(), mutant.text.splitlines()
        assert lines[: mutant.line - 1] == changed[: mutant.line - 1]
        assert lines[mutant.line - 1].strip() == mutant.removed


@pytest.mark.parametrize(
    ("added", "place"),
    [
        ("LIMIT: int = 4", Place("", (3, 3), at_import=True)),
        ("if x is None or x <= least:", Place("limited", (8, 8), at_import=False)),
        (
            "def limited(x: int | None, least: int = 2) -> int:",
            Place("limited", (7, 10), at_import=False),
        ),
        ('return {"KEY": len(x) * 2}', Place("Scale.times", (15, 15), at_import=False)),
    ],
)
def test_a_change_tells_which_lines_make_it_matter(added: str, place: Place) -> None:
    (found,) = (mutant.place for mutant in mutants(PATH, SOURCE) if mutant.added == added)
    assert found == place


def test_a_mutant_keeps_its_name_when_lines_move() -> None:
    moved = SOURCE.replace("import os\n", "import os\nimport sys\n\n")
    before, after = mutants(PATH, SOURCE), mutants(PATH, moved)
    assert [mutant.key for mutant in before] == [mutant.key for mutant in after]
    assert {mutant.line for mutant in before} != {mutant.line for mutant in after}


class Told(Trier):
    """One that is told which tests fail with the mutant, and which fail without: how often each."""

    def __init__(self, failing: dict[str, int], broken: Sequence[str], code: int) -> None:
        self._failing, self._broken, self._code = dict(failing), broken, code
        self._sound, self._unsound = set(), set()

    def _run(
        self, tests: Sequence[str], cpu_s: float, mutant: Mutant | None = None
    ) -> tuple[int, str]:
        for test in tests:
            if mutant is None and test in self._broken:
                return pytest.ExitCode.TESTS_FAILED, test
            if mutant is not None and self._failing.get(test, 0):
                self._failing[test] -= 1
                return self._code, test
        return pytest.ExitCode.OK, ""


@pytest.mark.parametrize(
    ("failing", "broken", "code", "expected"),
    [
        ({}, (), pytest.ExitCode.TESTS_FAILED, (End.SURVIVED, "")),
        ({"b": 9}, (), pytest.ExitCode.TESTS_FAILED, (End.KILLED, "b")),
        ({"b": 1}, (), pytest.ExitCode.TESTS_FAILED, (End.SURVIVED, "")),
        ({"b": 9}, ("b",), pytest.ExitCode.TESTS_FAILED, (End.SURVIVED, "")),
        ({"a": 9, "c": 9}, ("a",), pytest.ExitCode.TESTS_FAILED, (End.KILLED, "c")),
        ({"a": 9}, (), -24, (End.OUT_OF_TIME, "")),
    ],
    ids=["none fails", "one fails", "fails once", "fails without", "another fails", "time"],
)
def test_a_mutant_is_killed_by_what_passes_without_it(
    failing: dict[str, int], broken: Sequence[str], code: int, expected: tuple[End, str]
) -> None:
    mutant = mutants(PATH, SOURCE)[0]
    attempt = Told(failing, broken, code).attempt(mutant, ["a", "b", "c"], 1.0)
    assert isinstance(attempt, Attempt)
    assert (attempt.end, attempt.by) == expected


def test_a_file_stands_for_its_tests_that_are_not_known() -> None:
    chosen = Chosen(["b.py", "a.py::two"], frozenset({"b.py::old"}), frozenset({"b.py::flaky"}))
    met = [chosen.place(name) for name in ("a.py::two", "b.py::new", "b.py::old")]
    assert met == [1, 0, None]
    assert chosen.place("b.py::flaky") is None
    assert chosen.place("a.py::one") is None


def test_rooms_take_turns_until_none_has_a_mutant_left() -> None:
    one, two, three = mutants(PATH, SOURCE)[:3]
    rooms = {"runs": iter([one, two]), "cli": iter([three]), "worker": iter(list[Mutant]())}
    assert list(in_turn(rooms)) == [("runs", one), ("cli", three), ("runs", two)]
