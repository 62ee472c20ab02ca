"""Tries mutants in a process of its own: a copy of the tree, and a fork of pytest an attempt.

What the project builds on is imported before the fork, once; the project itself after it, from the
copy. No framework is imported before the fork, since those hang when they are forked after use.
"""

from __future__ import annotations

import compileall
import contextlib
import ctypes
import enum
import importlib
import math
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from copied import copy
from mutants import Mutant

IMPORTED = (
    "altair", "cloudpickle", "filelock", "flint", "jinja2", "numpy", "pandas",
    "platformdirs", "psutil", "pyarrow.parquet", "rich.progress",
    "scipy.special", "sympy", "tabulate", "threadpoolctl", "typer",
)  # fmt: skip
MEMORY = 8 * 2**30
"""Bytes of data that a process of an attempt may have: a mutant may ask for any number."""
WALL = 20.0
"""Seconds by the clock for one of CPU time that tests may use: the machine may be busy."""
FAILED = "failed"
PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
ANSWERED = (
    *PASSED,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.INTERNAL_ERROR,
    pytest.ExitCode.USAGE_ERROR,
)


class End(enum.Enum):
    """How a mutant ended."""

    KILLED = "killed"
    OUT_OF_TIME = "out of time"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Attempt:
    """What came of a mutant: how it ended, and how many tests were to kill it."""

    mutant: Mutant
    end: End
    tests: int
    by: str = ""


class Chosen:
    """A pytest plugin: runs the tests chosen in the order given, and keeps what fails.

    Args:
        tests: The tests; a file stands for those of its tests that are not known.
        known: Those that are.
        unsound: Those that are not to be run.
    """

    def __init__(
        self, tests: Sequence[str], known: frozenset[str], unsound: frozenset[str]
    ) -> None:
        self._order = {test: k for k, test in enumerate(tests)}
        self._known = known
        self._unsound = unsound

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what was chosen."""
        chosen = {item: k for item in items if (k := self.place(item.nodeid)) is not None}
        items[:] = sorted(chosen, key=chosen.__getitem__)

    def place(self, test: str) -> int | None:
        """Return when a test is to be run, `None` if it is not."""
        if test in self._unsound or test in self._order:
            return None if test in self._unsound else self._order[test]
        return None if test in self._known else self._order.get(test.partition("::")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what fails."""
        if report.failed:
            Path(FAILED).write_text(report.nodeid, encoding="utf-8")


class Trier:
    """A copy of the tree in which mutants are tried, one after the other."""

    def __init__(self, tree: Path, of: Path, known: frozenset[str]) -> None:
        self._tree = tree
        self._known = known
        self._python = copy(tree, of)
        compileall.compile_dir(tree / "gradiometer", quiet=1)
        self._sound: set[str] = set()
        self._unsound: set[str] = set()
        for name in IMPORTED:
            importlib.import_module(name)

    def attempt(self, mutant: Mutant, tests: Sequence[str], cpu_s: float) -> Attempt:
        """Run the tests that may kill a mutant, until one does.

        A test that fails is asked again by itself: it counts if it fails once more, and passes
        where nothing is mutated. One that does not is not asked again.
        """
        for part in _parts(tests):
            left = part
            while left:
                code, test = self._run(left, cpu_s, mutant)
                if code in PASSED:
                    break
                if code not in ANSWERED:
                    return Attempt(mutant, End.OUT_OF_TIME, len(tests))
                again = [test] if test else left  # where a file cannot be imported it is not known
                twice = self._run(again, cpu_s, mutant)[0] not in PASSED
                if twice and self._passes(again, cpu_s):
                    return Attempt(mutant, End.KILLED, len(tests), test)
                self._unsound.update(again)
                left = [other for other in left if other not in again]
        return Attempt(mutant, End.SURVIVED, len(tests))

    def _passes(self, tests: Sequence[str], cpu_s: float) -> bool:
        """Whether tests pass where nothing is mutated."""
        if not self._sound.issuperset(tests) and self._run(tests, cpu_s)[0] in PASSED:
            self._sound.update(tests)
        return self._sound.issuperset(tests)

    def _run(
        self, tests: Sequence[str], cpu_s: float, mutant: Mutant | None = None
    ) -> tuple[int, str]:
        """Run tests in a fork; return its exit code, and the test that failed."""
        failed = self._tree / FAILED
        failed.unlink(missing_ok=True)
        with self._mutated(mutant):
            child = os.fork()
            if not child:
                self._become_pytest(tests, cpu_s)
            try:
                code = _ended(child, time.monotonic() + WALL * cpu_s)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
        return code, failed.read_text(encoding="utf-8") if failed.exists() else ""

    @contextlib.contextmanager
    def _mutated(self, mutant: Mutant | None) -> Iterator[None]:
        if mutant is None:
            yield
            return
        path, kept = self._tree / mutant.path, self._tree / "kept"
        shutil.copy2(path, kept)
        path.write_text(mutant.text, encoding="utf-8")
        try:
            yield
        finally:
            shutil.copy2(kept, path)

    def _become_pytest(self, tests: Sequence[str], cpu_s: float) -> NoReturn:
        try:
            os.setsid()
            _end_with_parent(signal.SIGKILL)
            os.chdir(self._tree)
            log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
                os.dup2(to, stream)
            seconds = math.ceil(cpu_s)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            sys.path.insert(0, str(self._tree))
            sys.executable = str(self._python)
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            files = dict.fromkeys(test.partition("::")[0] for test in tests)
            words = ["-q", "-x", "--tb=native", "-p", "no:cacheprovider"]
            words += [f"--basetemp={self._tree / 'tmp'}"]
            code = pytest.main(
                [*words, *files], plugins=[Chosen(tests, self._known, frozenset(self._unsound))]
            )
        except BaseException:  # the fork must end here, never in what its parent was doing
            traceback.print_exc()
            code = pytest.ExitCode.INTERNAL_ERROR
        os._exit(code)


def _parts(tests: Sequence[str]) -> list[Sequence[str]]:
    """Return the tests of the first file, which kill most, then those that take time to collect."""
    own = {test for test in tests if test.partition("::")[0] == tests[0].partition("::")[0]}
    return [[test for test in tests if (test in own) == first] for first in (True, False)]


def _ended(child: int, until: float) -> int:
    """Return how a child ended: its exit code, or a signal's number, negative."""
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _end_with_parent(number: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


_trier: Trier


def prepare(folder: Path, of: Path, known: frozenset[str]) -> None:
    """Make this process one that tries mutants, in a copy of its own of a tree."""
    global _trier
    _end_with_parent(signal.SIGTERM)
    _trier = Trier(folder / str(os.getpid()), of, known)


def run(mutant: Mutant, tests: Sequence[str], cpu_s: float) -> Attempt:
    """Try one."""
    return _trier.attempt(mutant, tests, cpu_s)
