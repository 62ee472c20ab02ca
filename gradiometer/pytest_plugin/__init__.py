"""In pytest: one test a cell, and with `--benchmark-only` one benchmark, by pytest-benchmark.

Offers two fixtures. `gradiometer_cell` is parametrised over every cell; its `check()` asserts the
agreement with the certified truth, and only then does `time(benchmark)` time the call. With
`gradiometer_floor` a test times a call that does nothing. Without `--benchmark-only` answers are
checked, nothing is timed, and nothing is kept; with it the session is kept as a run under
`results/`, with its report.

`pytest --pyargs gradiometer.conformance --gradiometer-method NAME` has one test a part of what the
conformance kit checks (`gradiometer.conformance.test_conformance`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from gradiometer.errors import GradiometerError
from gradiometer.libraries import not_installed

if TYPE_CHECKING:
    from gradiometer.pytest_plugin.session import BenchmarkCell, Session

TIMED = "gradiometer_floor"
"""The fixture of tests that do nothing but time."""

SESSION = pytest.StashKey["Session"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the benchmark suite."""
    group = parser.getgroup("gradiometer", "comparing differentiation methods")
    plugins = "File or folder with further problems and methods; repeatable."
    everything = "All problems, sizes and operators, instead of the default selection."
    problem = "Problems: name, glob, FILE.py, FILE.py:name; repeatable. The default selection else."
    method = "Methods, likewise; repeatable."
    no_builtin = "Leave out the built-in problems that are not named."
    dtype = "float64 or float32; a function's own by default; repeatable: both."
    group.addoption(
        "--gradiometer-plugins", action="append", default=[], metavar="PATH", help=plugins
    )
    group.addoption("--gradiometer-all", action="store_true", help=everything)
    group.addoption(
        "--gradiometer-problem", action="append", default=[], metavar="NAME", help=problem
    )
    group.addoption(
        "--gradiometer-method", action="append", default=[], metavar="NAME", help=method
    )
    quick = "Of a conformance check: three built-in problems, and float64 alone."
    expected = "Of a conformance check: TOML file with failures that are expected; repeatable."
    group.addoption("--gradiometer-quick", action="store_true", help=quick)
    group.addoption(
        "--gradiometer-expected", action="append", default=[], metavar="FILE", help=expected
    )
    group.addoption("--gradiometer-no-builtin", action="store_true", help=no_builtin)
    known = ("float64", "float32")
    group.addoption("--gradiometer-dtype", action="append", default=[], choices=known, help=dtype)


def pytest_configure(config: pytest.Config) -> None:
    """Hold every tool to one thread and one core, before any of them is imported."""
    if timing(config):
        from gradiometer.measure import environment
        from gradiometer.worker.cores import pin

        environment.restrict(os.environ, threads=1)
        pin(threads=1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of every cell, with the cell's id.

    Raises:
        CollectError: If what is named is not to be found: this is told without a traceback.
    """
    if "gradiometer_cell" in metafunc.fixturenames:
        try:
            cells = _session(metafunc.config).plan.cells
        except pytest.UsageError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        metafunc.parametrize("gradiometer_cell", cells, ids=[c.id for c in cells], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only times, unless it was asked for: a plain `pytest` times nothing."""
    if timing(config):
        return
    timed = [i for i in items if TIMED in getattr(i, "fixturenames", ())]
    if timed:
        config.hook.pytest_deselected(items=timed)
        items[:] = [i for i in items if i not in timed]


@pytest.fixture
def gradiometer_cell(request: pytest.FixtureRequest) -> Iterator[BenchmarkCell]:
    """One cell: call `check()`, then `time(benchmark)`."""
    from gradiometer.pytest_plugin.session import BenchmarkCell

    session = _session(request.config)
    cell = BenchmarkCell(request.param, session)
    yield cell
    if timing(request.config):
        session.add(cell.cell, cell.outcome, cell.kept, request.config.rootpath)


@pytest.fixture
def gradiometer_floor(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[Any]:
    """Return a function that does nothing: what timing it gives is the floor of every figure."""
    from gradiometer.worker.sampling import nothing

    yield nothing
    if benchmark.stats is not None:
        _session(request.config).floor_s = benchmark.stats.stats.median


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Conclude the session's run, if a cell was tried, and say where it and its report are."""
    session = config.stash.get(SESSION, None)
    if session is None or session.folder is None:
        return
    from gradiometer.report.process import write_report

    folder = session.folder
    terminalreporter.section("gradiometer")
    terminalreporter.write_line(f"run     {folder.path}")
    try:
        folder.info["floor_s"] = session.floor_s
        folder.finish("complete")
        report = write_report(folder.path, config.rootpath / "reports")
        terminalreporter.write_line(f"report  {report}")
    except GradiometerError as error:
        terminalreporter.write_line(f"report  {error}", red=True)


def timing(config: pytest.Config) -> bool:
    """Return whether calls are timed, and the session kept."""
    return bool(config.getoption("benchmark_only", default=False))


def _session(config: pytest.Config) -> Session:
    """Return what the session's cells share; made when the first test asks for it.

    Raises:
        UsageError: If what is named is not to be found, or a library of the benchmark is missing.
    """
    if SESSION not in config.stash:
        try:
            from gradiometer.pytest_plugin.session import Session

            names = ("plugins", "dtype", "problem", "method", "all", "no_builtin")
            chosen = {name: config.getoption(f"gradiometer_{name}") for name in names}
            config.stash[SESSION] = Session(
                chosen["plugins"],
                chosen["dtype"],
                problems=chosen["problem"],
                methods=chosen["method"],
                everything=chosen["all"],
                builtin=not chosen["no_builtin"],
                timed=timing(config),
            )
        except GradiometerError as error:
            raise pytest.UsageError(str(error)) from None
        except ModuleNotFoundError as error:
            told = f"gradiometer_cell: {not_installed(str(error.name))}"
            raise pytest.UsageError(told) from None
    return config.stash[SESSION]
