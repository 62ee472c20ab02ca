"""Which tests run which lines, and for how long: recorded once by coverage.py, then looked up.

The tests run in a copy of the working tree, which is kept beside the figures, so that lines are
found again after they have moved. A process that a test starts is recorded under that test. It is
a pytest plugin, too, that keeps times, ends, and what is run for which test (`-p covering`).

coverage.py starts with each process: it asks all modules for their files when it starts, and so
imports what is lazy.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import json
import os
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from copied import ROOT, copy
from coverage import Coverage, CoverageData
from coverage.exceptions import NoDataError

if TYPE_CHECKING:
    from mutants import Place

KEPT = ROOT / "build" / "mutation"
TREE, LINES, TIMES = KEPT / "tree", KEPT / "lines", KEPT / "times.json"
CONFIG = KEPT / "coverage.ini"
OWN = 20
"""Cases of one test function, in test files about the module, that come before all others."""
SETTINGS = f"""\
[run]
source = gradiometer
parallel = true
relative_files = true
data_file = {LINES}
context = ${{PYTEST_CURRENT_TEST-}}
"""
START = """\
import os; 'COVERAGE_PROCESS_START' in os.environ and __import__('coverage').process_startup()
"""


@dataclass
class Times:
    """Seconds of one test, and whether it passed."""

    setup: float = 0.0
    call: float = 0.0
    passed: bool = True


class Clock:
    """Writes the times of all tests, of several processes as well."""

    def __init__(self) -> None:
        self._times: defaultdict[str, Times] = defaultdict(Times)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a part of a test took."""
        times = self._times[report.nodeid]
        times.passed &= report.passed
        if report.when == "setup":
            times.setup += report.duration
        else:
            times.call += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write everything down."""
        kept = json.dumps({name: vars(times) for name, times in self._times.items()})
        (ROOT.parent / TIMES.name).write_text(kept, encoding="utf-8")


class Contexts:
    """Records lines under the test that is run, called as pytest's environment calls it."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Tell that a test's fixtures are made."""
        _switch(f"{item.nodeid} (setup)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Tell that a test is run."""
        _switch(f"{item.nodeid} (call)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Tell that its fixtures end."""
        _switch(f"{item.nodeid} (teardown)")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Keep what was recorded: xdist's workers end without asking."""
        coverage = _recording()
        coverage.stop()
        coverage.save()


def _switch(context: str) -> None:
    _recording().switch_context(context)


def _recording() -> Coverage:
    coverage = Coverage.current()
    assert coverage is not None
    return coverage


def pytest_configure(config: pytest.Config) -> None:
    """In the copy: tell tests apart where these run, keep times where all are told."""
    config.pluginmanager.register(Contexts() if hasattr(config, "workerinput") else Clock())


LEFT_OUT = (
    "contributing", "descend_command", "descent", "hooks", "methods", "pytest_plugin",
    "second_proof",
)  # fmt: skip
"""Test files that take minutes, most of it in frameworks: no mutant has the time for them."""


def record() -> None:
    """Run the tests in a copy of the working tree, and keep which lines each of them runs."""
    shutil.rmtree(KEPT, ignore_errors=True)
    TREE.mkdir(parents=True)
    python = copy(TREE)
    (packages,) = (TREE / ".venv").glob("lib/python*/site-packages")
    (packages / "started.pth").write_text(START, encoding="utf-8")
    CONFIG.write_text(SETTINGS, encoding="utf-8")
    words = ["-q", "-n", "2", "--dist=loadfile", "-p", "covering", "-p", "no:cacheprovider"]
    words += ["tests", *(f"--ignore=tests/test_{name}.py" for name in LEFT_OUT)]
    recorded = os.environ | {"COVERAGE_PROCESS_START": str(CONFIG)}
    subprocess.run([python, "-m", "pytest", *words], cwd=TREE, env=recorded, check=False)
    if not json.loads(TIMES.read_text(encoding="utf-8")):
        raise SystemExit("No test was run.")
    coverage = Coverage(config_file=str(CONFIG))
    coverage.load()
    with contextlib.suppress(NoDataError):  # processes that outlived the tests left none
        coverage.combine()
    coverage.save()


class Covering:
    """What was recorded, looked up for files as they are now.

    Args:
        now: The tree with these files.
        budget_s: Seconds of tests that a mutant has, as recorded: under coverage.py, which takes
            its time, too.
    """

    def __init__(self, now: Path, budget_s: float) -> None:
        self._now, self._budget_s = now, budget_s
        kept = json.loads(TIMES.read_text(encoding="utf-8"))
        self._times = {name: Times(**times) for name, times in kept.items()}
        self.known = frozenset(self._times)
        self._passed = {name for name, times in self._times.items() if times.passed}
        self._data = CoverageData(str(LINES))
        self._data.read()

    def tests(self, path: Path, place: Place) -> tuple[list[str], float]:
        """Return tests that may kill what is mutated at a place, and the seconds they take.

        Those of the file's own tests come first, then those of test files that import the module,
        then all others: the quickest first, and of a test function a second case as if it took
        twice its time, and so on. A file that has changed stands for its tests that were not
        recorded, before all others if it is about the module, else after them.
        """
        lines = self._tests_by_line(path)
        first, last = place.ran
        near = {test for line in range(first, last + 1) for test in lines.get(line, ())}
        far = set(self._naming(path)) if place.at_import else set()
        if place.at_import:
            far.update(*lines.values())
        shared = {file for file in near | far if "::" not in file}
        near, far = near - shared, far - shared
        far |= {test for test in self._passed if test.partition("::")[0] in shared}
        chosen = self._first(path, near) + self._first(path, far - near)
        about, others = self._changed(path, near)
        return self._within([*about, *chosen, *others])

    def _naming(self, path: Path) -> Iterator[str]:
        """Yield the recorded tests of files that name a module."""
        for test in self._passed:
            if _names(self._now / test.partition("::")[0], path):
                yield test

    def _changed(self, path: Path, run: set[str]) -> tuple[list[str], list[str]]:
        """Return the test files that have changed: those about a module, and others that run it."""
        concerned = _files_of(run)
        about, others = list[str](), list[str]()
        for file in sorted((self._now / "tests").glob("test_*.py")):
            then, name = TREE / "tests" / file.name, f"tests/{file.name}"
            if then.exists() and then.read_bytes() == file.read_bytes():
                continue
            if file.stem == f"test_{path.stem}" or _names(file, path):
                about.append(name)
            elif name in concerned:
                others.append(name)
        return about, others

    def _first(self, path: Path, tests: set[str]) -> list[str]:
        """Put first what is most likely to tell, for its time."""
        own = f"tests/test_{path.stem}.py"
        named = {file for file in _files_of(tests) if _names(self._now / file, path)}
        seconds = {test: self._times[test].setup + self._times[test].call for test in tests}
        ranks: Counter[str] = Counter()
        order = {}
        for test in sorted(sorted(tests), key=seconds.__getitem__):
            file, function = test.partition("::")[0], test.partition("[")[0]
            kind = 0 if file == own else 1 if file in named else 2
            far = kind if ranks[function] < OWN else 2
            order[test] = (far, (1 + ranks[function]) * seconds[test])
            ranks[function] += 1
        return sorted(order, key=order.__getitem__)

    def _within(self, tests: list[str]) -> tuple[list[str], float]:
        """Return the tests that go into the time a mutant has, file by file."""
        files: dict[str, list[str]] = {}
        spent = 0.0
        for test in tests:
            file = test.partition("::")[0]
            needed = self._times.get(test, Times()).call
            needed += 0.0 if file in files else self._set_up.get(file, 0.0)
            if files and test in self._times and spent + needed > self._budget_s:
                continue
            spent += needed
            files.setdefault(file, []).append(test)
        return [test for file in files.values() for test in file], spent

    @functools.cached_property
    def _set_up(self) -> dict[str, float]:
        """Seconds that the fixtures of each file take, whichever test is the first to ask."""
        longest: dict[str, float] = {}
        for test, times in self._times.items():
            file = test.partition("::")[0]
            longest[file] = max(times.setup, longest.get(file, 0.0))
        return longest

    @functools.lru_cache(maxsize=2)  # noqa: B019
    def _tests_by_line(self, path: Path) -> dict[int, set[str]]:
        """Return the tests that passed and ran each line of a file."""
        if not (TREE / path).exists():
            return {}
        then, now = (
            (root / path).read_text(encoding="utf-8").splitlines() for root in (TREE, self._now)
        )
        same = difflib.SequenceMatcher(None, then, now, autojunk=False).get_matching_blocks()
        moved = {a + k + 1: b + k + 1 for a, b, size in same for k in range(size)}
        kept = self._passed | {test.partition("::")[0] for test in self._passed}
        return {
            moved[line]: {_test(context) for context in contexts} & kept
            for line, contexts in self._data.contexts_by_lineno(str(path)).items()
            if line in moved
        }


@functools.cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _files_of(tests: Iterable[str]) -> set[str]:
    return {test.partition("::")[0] for test in tests}


def _names(file: Path, path: Path) -> bool:
    """Whether a test file imports a module."""
    return ".".join(path.with_suffix("").parts) in _text(file)


def _test(context: str) -> str:
    """Return the id of a test, which stands in the context `ID (call)`.

    What fixtures do is recorded under the first test that asks for them: its file stands for all.
    """
    test = context.rpartition(" (")[0]
    return test.partition("::")[0] if context.endswith(" (setup)") else test
