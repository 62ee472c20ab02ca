"""A run on disk: `run.json`, the journal `records.jsonl`, `records.parquet`, and the workers' logs.

The journal is flushed after every line, so that whatever ends a run, what was measured is kept.
No pickle is ever read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.runs.record import dump, parse, strict

FORMAT = 1


class RunFolder:
    """The folder of one run.

    Attributes:
        path: `results/<run-id>`.
        info: What `run.json` holds.
    """

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self.path = path
        self.info = info
        self.recorded = 0

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
            folder._write_info()
            folder.journal.touch()
        return folder

    @property
    def journal(self) -> Path:
        """One record a line, in the order in which cells ended."""
        return self.path / "records.jsonl"

    @property
    def logs(self) -> Path:
        """What the workers printed."""
        return self.path / "logs"

    def append(self, row: dict[str, Any]) -> None:
        """Add a record to the journal, and make sure it has left this process.

        Raises:
            GradiometerError: If the disk takes no more.
        """
        kept = f"The {self.recorded} records before it are kept; make room and run again."
        with _writing(self.journal, kept), self.journal.open("a", encoding="utf-8") as file:
            file.write(dump(row) + "\n")
        self.recorded += 1

    def finish(self, state: str) -> None:
        """Set the run's state: `complete`, `interrupted` or `failed`."""
        self.info["state"] = state
        with _writing(self.path, f"The {self.recorded} records in the journal are kept."):
            self._write_info()
            if self.recorded:
                self._write_parquet()

    def _write_info(self) -> None:
        draft = self.path / "run.json.new"
        draft.write_text(
            json.dumps(strict(self.info), indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        draft.replace(self.path / "run.json")

    def _write_parquet(self) -> None:
        from gradiometer.runs.run import frame  # pandas, once the measuring is over

        rows, _ = read_journal(self.journal)
        draft = self.path / "records.parquet.new"
        frame(rows).to_parquet(draft, index=False)
        draft.replace(self.path / "records.parquet")


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
