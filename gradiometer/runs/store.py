"""A run on disk: `run.json`, journals of records and what they stand on, tables, workers' logs.

The journal is flushed after every line, so that whatever ends a run, what was measured is kept.
No pickle is ever read.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.runs.command import COMMAND
from gradiometer.runs.facts import COPY, FILE, DamagedRun, read_info, write_facts
from gradiometer.runs.formats import FORMAT
from gradiometer.runs.journal import append, count_lines, cut_half_line, read_journal
from gradiometer.runs.lock import hold
from gradiometer.runs.schema import COMPARISON, Layout, Row


class RunFolder:
    """The folder of one run, held by one process at a time.

    Attributes:
        path: `results/<run-id>`.
        info: What `run.json` holds.
        layout: How the experiment keeps its rows.
        journal: One record a line, in the order in which they ended.
        series: What the records stand on: one line a record that has a series.
        logs: What the workers printed.
        recorded: Records in the journal.
    """

    def __init__(self, path: Path, info: dict[str, Any], layout: Layout = COMPARISON) -> None:
        self.path = path
        self.info = info
        self.layout = layout
        self.journal = path / "records.jsonl"
        self.series = path / f"{layout.journal}.jsonl"
        self.logs = path / "logs"
        self.recorded = 0
        self._lock = hold(path)

    @classmethod
    def create(cls, results: Path, info: dict[str, Any], layout: Layout = COMPARISON) -> RunFolder:
        """Make a new run folder under `results`, named by time and chance.

        Args:
            results: Folder that holds the runs.
            info: What `run.json` is to hold; `plan` among it: a row a planned record, with its key.
            layout: How the experiment keeps its rows.

        Raises:
            GradiometerError: If it cannot be made there.
        """
        name = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        facts = {"id": name, "format": FORMAT, "experiment": layout.experiment, "state": "running"}
        if COMMAND.get():
            facts["command"] = COMMAND.get()
        path = results / name
        with writing(path, "Choose another folder with --results."):
            path.mkdir(parents=True)
            folder = cls(path, facts | info, layout)
            write_facts(path, folder.info)
            write_facts(path, folder.info, COPY)
            folder.journal.touch()
        return folder

    @classmethod
    def reopen(cls, path: Path, layout: Layout = COMPARISON) -> tuple[RunFolder, list[Row]]:
        """Take up a run that was cut off; return its folder and its records.

        A half-written last line is cut away: what it was of will be measured again.

        Raises:
            GradiometerError: If a file is damaged, the run is of another experiment, or another
                process holds it.
        """
        info = read_info(path, layout.experiment)
        with writing(path, "Nothing was lost."):
            folder = cls(path, info, layout)
            try:
                return folder, folder._take_up()
            except BaseException:  # a Ctrl-C, too: nobody holds a run that was not taken up
                folder._lock.release()
                raise

    def append(self, row: Row, series: Row | None = None, **further: Iterable[Row]) -> None:
        """Add a record and what it stands on, and make sure they have left this process.

        Args:
            row: The record.
            series: The fields of its series, if it has one.
            further: Lines of further journals, by their names.

        Raises:
            GradiometerError: If the disk takes no more.
        """
        kept = f"The {self.recorded} records before it are kept: make room, and --resume the run."
        with writing(self.journal, kept):
            # Before the record: what the record stands on is never missing.
            for name, lines in further.items():
                for line in lines:
                    append(self.path / f"{name}.jsonl", line)
            if series:
                append(self.series, {column: row[column] for column in self.layout.key} | series)
            append(self.journal, row)
        self.recorded += 1

    def note(self, **facts: Any) -> None:
        """Put facts into `run.json` at once."""
        self.info |= facts
        with writing(self.path, f"The {self.recorded} records in the journal are kept."):
            write_facts(self.path, self.info)

    def finish(self, state: str) -> None:
        """Set the run's state, `complete`, `interrupted` or `failed`, and let go of it."""
        self.info |= {"state": state, "lines": count_lines(self.path)}
        try:
            with writing(self.path, f"The {self.recorded} records in the journal are kept."):
                write_facts(self.path, self.info)  # the tables are made of what is kept anyway
                if self.recorded:
                    from gradiometer.runs.frames import write_tables  # pandas, after measuring

                    self.info["tables"] = write_tables(self.path, self.layout)
                    write_facts(self.path, self.info)
        finally:
            self._lock.release()

    def _take_up(self) -> list[Row]:
        for file in self.path.glob("*.jsonl"):
            cut_half_line(file)
        journal = read_journal(self.journal, self.layout)
        if journal.broken:
            raise DamagedRun(self.journal, journal.damage)
        self.recorded = len(journal.rows)
        self.info.pop("tables", None)  # which will be older than the journals
        self.info["state"] = "running"
        write_facts(self.path, self.info)
        return journal.rows


def remove(paths: Sequence[Path]) -> None:
    """Remove the folders of runs, with all that is in them.

    Raises:
        GradiometerError: If one of them is no run or is being measured, and so none is removed; or
            if the system does not let one be removed.
    """
    for path in paths:
        if not _is_run(path):
            raise GradiometerError(f"{path} is no run: it has no run.json. Nothing was removed.")
    with ExitStack() as held:
        for path in paths:
            with writing(path, "Nothing was removed."):
                held.callback(hold(path).release)
        for path in paths:
            with writing(path, "What it still holds is left."):
                shutil.rmtree(path)


@contextmanager
def writing(path: Path | str, advice: str) -> Iterator[None]:
    """Name the file and say what to do where the system does not let it be written."""
    try:
        yield
    except OSError as error:
        told = f"Cannot write {path}: {error.strerror or error}. {advice}"
        raise GradiometerError(told) from error


def try_folder(path: Path, option: str) -> None:
    """See whether a folder, and a file in it, can be made, before hours of work rely on that.

    Args:
        path: The folder.
        option: The option that names another.

    Raises:
        GradiometerError: If it does not let itself be written to.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    with writing(path, f"Choose another folder with {option}."):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
        for each in missing:  # a mistake that is found next leaves nothing behind
            each.rmdir()


def find_run(name: str | Path, results: Path) -> Path:
    """Return the folder of a run, given as a path, as an id, or as `latest`.

    Raises:
        GradiometerError: If there is no such run.
    """
    if _is_run(Path(name)):
        return Path(name)
    known = {path.name: path for path in run_folders(results)}  # the latest last
    if not known:
        advice = "start one with `gradiometer run`, or name the folder of a run."
        raise GradiometerError(f"No runs under {str(results)!r}: {advice}")
    if name == "latest":
        return [*known.values()][-1]
    if str(name) not in known:
        raise UnknownName("run", str(name), ["latest", *reversed(known)], ordered=True)
    return known[str(name)]


def run_folders(results: Path) -> list[Path]:
    """Return the folders of all runs, damaged ones too, oldest first.

    What was given a name of its own, as a reference is, comes before all that are named by time.
    """
    found = (path for path in results.glob("*") if _is_run(path))
    return sorted(found, key=lambda path: (path.name[:1].isdigit(), path.name))


def _is_run(path: Path) -> bool:
    return any((path / name).is_file() for name in (FILE, COPY, "records.jsonl"))
