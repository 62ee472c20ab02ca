"""A run on disk: `run.json`, the journals of records and samples, their tables, the workers' logs.

The journal is flushed after every line, so that whatever ends a run, what was measured is kept.
No pickle is ever read.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.runs.schema import dump, parse, strict

FORMAT = 2


class RunFolder:
    """The folder of one run, held by one process at a time.

    Attributes:
        path: `results/<run-id>`.
        info: What `run.json` holds.
        recorded: Records in the journal.
    """

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self.path = path
        self.info = info
        self.recorded = 0
        self._lock: int | None = None

    @classmethod
    def create(cls, results: Path, info: dict[str, Any]) -> RunFolder:
        """Make a new run folder under `results`, named by time and chance.

        Raises:
            GradiometerError: If it cannot be made there.
        """
        name = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        folder = cls(results / name, {"id": name, "format": FORMAT, "state": "running"} | info)
        with _writing(folder.path, "Choose another folder with --results."):
            folder.path.mkdir(parents=True)
            folder._hold()
            folder._write_info()
            folder.journal.touch()
        return folder

    @classmethod
    def reopen(cls, path: Path) -> tuple[RunFolder, set[str]]:
        """Take up a run that was cut off; return its folder and the ids of cells that have ended.

        A half-written last line is cut away: its cell will be measured again.

        Raises:
            GradiometerError: If a file is damaged, or another process holds the run.
        """
        folder = cls(path, read_info(path))
        with _writing(path, "Nothing was lost."):
            folder._hold()
            try:
                rows = folder._take_up()
            except BaseException:  # a Ctrl-C, too: nobody holds a run that was not taken up
                folder._let_go()
                raise
        return folder, {f"{row['case']}/{row['method']}" for row in rows}

    @property
    def journal(self) -> Path:
        """One record a line, in the order in which cells ended."""
        return self.path / "records.jsonl"

    @property
    def samples(self) -> Path:
        """The samples behind the records: one line a timed cell."""
        return self.path / "samples.jsonl"

    @property
    def logs(self) -> Path:
        """What the workers printed."""
        return self.path / "logs"

    def append(
        self,
        row: dict[str, Any],
        samples: Mapping[int, float] | None = None,
        calm: Collection[int] = (),
    ) -> None:
        """Add a record and its samples, and make sure they have left this process.

        Args:
            row: The record.
            samples: Seconds a call by the number of the round, if it was timed.
            calm: Rounds in which the machine was undisturbed.

        Raises:
            GradiometerError: If the disk takes no more.
        """
        kept = f"The {self.recorded} records before it are kept: make room, and --resume the run."
        with _writing(self.journal, kept):
            if samples:  # before the record: what the record stands on is never missing
                taken = {"rounds": list(samples), "seconds": list(samples.values())}
                taken["calm"] = [number in calm for number in samples]
                cell = {"case": row["case"], "method": row["method"], "loops": row["loops"]}
                _append(self.samples, json.dumps(cell | taken))
            _append(self.journal, dump(row))
        self.recorded += 1

    def finish(self, state: str) -> None:
        """Set the run's state, `complete`, `interrupted` or `failed`, and let go of it."""
        self.info["state"] = state
        try:
            with _writing(self.path, f"The {self.recorded} records in the journal are kept."):
                self._write_info()
                if self.recorded:
                    self._write_tables()
        finally:
            self._let_go()

    def _take_up(self) -> list[dict[str, Any]]:
        for journal in (self.journal, self.samples):
            _cut_half_line(journal)
        rows, damaged = read_journal(self.journal)
        if damaged:
            raise GradiometerError(f"The last line of {self.journal} was edited: remove it.")
        self.recorded = len(rows)
        self.info["state"] = "running"
        self._write_info()
        return rows

    def _write_info(self) -> None:
        draft = self.path / "run.json.new"
        draft.write_text(
            json.dumps(strict(self.info), indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        draft.replace(self.path / "run.json")

    def _write_tables(self) -> None:
        from gradiometer.runs.run import frame, sample_frame  # pandas, once the measuring is over

        rows, _ = read_journal(self.journal)
        timed = {(row["case"], row["method"]) for row in rows if row.get("time_s") is not None}
        tables = {"records": frame(rows), "samples": sample_frame(self.samples, timed)}
        for name, table in tables.items():
            draft = self.path / f"{name}.parquet.new"
            table.to_parquet(draft, index=False)
            draft.replace(self.path / f"{name}.parquet")

    def _hold(self) -> None:
        """Hold the run against other processes; the system lets go if this one dies.

        Raises:
            GradiometerError: If another process holds it.
        """
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._let_go()
            raise GradiometerError(
                f"Run {self.path.name} is being measured by another process: wait for its end, or "
                "start a run of its own."
            ) from None

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def _cut_half_line(file: Path) -> None:
    """Cut a half-written line off a journal's end."""
    data = file.read_bytes() if file.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with file.open("r+b") as stream:
            stream.truncate(whole)


def find_run(name: str | Path, results: Path) -> Path:
    """Return the folder of a run, given as a path, as an id, or as `latest`.

    Raises:
        GradiometerError: If there is no such run.
    """
    if (Path(name) / "records.jsonl").is_file():
        return Path(name)
    known = {path.name: path for path in run_folders(results)}
    if str(name) == "latest" and known:
        return known[max(known)]
    if str(name) in known:
        return known[str(name)]
    if not known:
        raise GradiometerError(
            f"No runs under {str(results)!r}: start one with `gradiometer run`, or name the "
            "folder of a run."
        )
    raise UnknownName("run", str(name), [*known, "latest"])


def run_folders(results: Path) -> list[Path]:
    """Return the folders of all runs, oldest first."""
    if not results.is_dir():
        return []
    return sorted(p.parent for p in results.glob("*/records.jsonl"))


def read_info(path: Path) -> dict[str, Any]:
    """Return what `run.json` says.

    Raises:
        GradiometerError: If it is missing or is not what was written.
    """
    file = path / "run.json"
    try:
        info = json.loads(_read(file))
    except ValueError as error:
        raise GradiometerError(
            f"{file} is not valid JSON ({error}): it was edited or cut."
        ) from error
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise GradiometerError(f"{file} is not of format {FORMAT}: another version wrote it.")
    lacking = [key for key in ("id", "state", "plan") if key not in info]
    if lacking:
        raise GradiometerError(f"{file} lacks {', '.join(lacking)}: it was edited.")
    return info


def read_journal(journal: Path) -> tuple[list[dict[str, Any]], bool]:
    """Return the records, and whether a half-written last line was left out.

    Raises:
        GradiometerError: If a line that is not the last cannot be read.
    """
    text = _read(journal)
    lines = text.removesuffix("\n").split("\n") if text else []
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(parse(line))
        except ValueError as error:
            if number == len(lines):
                return rows, True
            raise GradiometerError(
                f"{journal}, line {number}: {error}. The file was edited."
            ) from error
    return rows, False


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise GradiometerError(f"Cannot read {file}: {error.strerror}.") from error


@contextmanager
def _writing(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GradiometerError(
            f"Cannot write {path}: {error.strerror or error}. {advice}"
        ) from error
