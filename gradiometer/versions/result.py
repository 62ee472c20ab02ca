"""What two versions came to, as it is kept, read and shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from gradiometer.measure.verdicts import BAND, LEVEL, Change
from gradiometer.report.quantities import GAP, digits, duration, interval, multiple
from gradiometer.report.sections import Section, Table
from gradiometer.report.writing import USUAL, formatted
from gradiometer.runs.damage import find_damage
from gradiometer.runs.facts import read_info
from gradiometer.runs.frames import counted, plain_rows, read_table
from gradiometer.runs.schema import Identity, Layout
from gradiometer.vocabulary.outcome import Status


@dataclass
class Ended:
    """How a cell ended: a record of the experiment, beside its identity.

    Attributes:
        status: `ok`, or how a side ended that is not; the new side's, if both are not.
        reason: Why, with the side.
        change: What became of its time: `same`, `faster`, `slower`, `unclear`; empty if none.
        ratio: Geometric mean, over processes, of the paired ratio of times, new to old.
        low: Lower end of its 99 % interval.
        high: Upper end.
        processes: Processes of each side.
        old_s: Median over processes of the old version's time, seconds.
        new_s: The same of the new one.
        old_digits: Digits proven correct of the old version's answers.
        new_digits: The same of the new one's.
    """

    status: str = Status.OK
    reason: str = ""
    change: str = ""
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    processes: int = 0
    old_s: float | None = None
    new_s: float | None = None
    old_digits: float | None = None
    new_digits: float | None = None


@dataclass
class Processes:
    """What a cell's ratio is the mean of: an entry a pair of processes.

    Attributes:
        ratios: The ratio of times, paired within rounds, new to old.
        old_seconds: Median time of a call of the old version, seconds.
        new_seconds: The same of the new one.
    """

    ratios: list[float] = field(default_factory=list)
    old_seconds: list[float] = field(default_factory=list)
    new_seconds: list[float] = field(default_factory=list)


VERSIONS = Layout(
    experiment="versions",
    key=("case", "method"),
    record=(Identity, Ended),
    series=Processes,
    journal="processes",
    figure="ratio",
    singular={"ratios": "ratio", "old_seconds": "old_s", "new_seconds": "new_s"},
)


@dataclass(frozen=True)
class Versions:
    """Two versions of one's own code, compared.

    Attributes:
        path: The run's folder.
        info: What `run.json` holds; `versions`: what the old and the new one are called.
        records: A row a cell: names, change, ratio with its interval, times, digits, status.
    """

    path: Path
    info: dict[str, Any]
    records: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> Versions:
        """Return what a folder holds.

        Raises:
            GradiometerError: If `run.json` is damaged, or it is another experiment.
        """
        info = read_info(path, VERSIONS.experiment)
        return cls(path, info, read_table(path, "records", info, VERSIONS))

    @cached_property
    def processes(self) -> pd.DataFrame:
        """A row a cell and pair of processes: case, method, ratio, old_s, new_s."""
        return read_table(self.path, VERSIONS.journal, self.info, VERSIONS)

    @cached_property
    def damage(self) -> Mapping[str, str]:
        """What can no longer be read of it, by the name of the journal."""
        return find_damage(self.path, self.info, VERSIONS)

    @property
    def id(self) -> str:
        """The run's name."""
        return str(self.info["id"])

    @property
    def warnings(self) -> list[str]:
        """What makes the times doubtful, one line each."""
        return list(self.info.get("noise", {}).get("warnings", ()))

    @property
    def title(self) -> str:
        """What is compared with what."""
        return f"{self.info['versions']['new']} against {self.info['versions']['old']}"

    @property
    def faulty(self) -> pd.DataFrame:
        """The records of cells that disagree or failed."""
        return self.records[self.records["status"].isin([s for s in Status if not s.blameless])]

    def above(self, bound: float) -> pd.DataFrame:
        """Return the records of cells that are slower by more than a bound, or failed."""
        slower = (self.records["change"] == Change.SLOWER) & (self.records["ratio"] > bound)
        return self.records[slower | self.records.index.isin(self.faulty.index)]

    def table(self) -> pd.DataFrame:
        """Return a row a cell, as text."""
        rows = self.records
        case = rows["case"].str.replace("/float64", "").str.replace("/", " ")
        ends = zip(rows["low"], rows["high"], strict=True)
        right = zip(rows["old_digits"], rows["new_digits"], strict=True)
        told = (tuple(map(digits, map(float, pair))) for pair in right)
        return pd.DataFrame(
            {
                "case": case.tolist(),
                "method": rows["method"].tolist(),
                "change": [
                    name or status
                    for name, status in zip(rows["change"], rows["status"], strict=True)
                ],
                "new / old": [multiple(value) for value in rows["ratio"]],
                "99 %": [interval(*pair) for pair in ends],
                "processes": [str(n) if n else GAP for n in rows["processes"]],
                "old": [duration(value) for value in rows["old_s"]],
                "new": [duration(value) for value in rows["new_s"]],
                "digits": [was if was == now else f"{was} → {now}" for was, now in told],
            }
        )

    def remarks(self) -> list[str]:
        """Return what is to know of the table, in sentences."""
        named = self.records["change"].where(self.records["change"] != "", self.records["status"])
        told = [f"{len(self.records)} cells: {counted(named) or 'none'}."]
        told.append(
            f"Each ratio is a mean over pairs of fresh processes, with its {LEVEL:.0%} interval; "
            f"same: within {BAND - 1:.0%} either way; slower, faster: beyond that, for sure."
        )
        failed = self.records[self.records["reason"] != ""]
        ends = failed[["status", "case", "method", "reason"]].to_numpy().tolist()
        return told + [f"{status}: {case}/{method}: {why}" for status, case, method, why in ends]

    def write(
        self, reports: str | Path = "reports", formats: Collection[str] = USUAL
    ) -> list[Path]:
        """Write the report and its tables; return its main files, the page first.

        Raises:
            GradiometerError: If it cannot be written there.
        """
        told = "\n".join(f"- {line}" for line in [*self.remarks(), *self.warnings])
        page = Section(f"{self.title}: {self.id}", [told, Table(self.table())])
        tables = {"records": self.records, "processes": self.processes}
        return formatted(lambda: page, tables, Path(reports) / self.id, formats)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        records = plain_rows(self.records)
        return {"run": self.id, "path": str(self.path), **self.info, "records": records}

    def __repr__(self) -> str:
        return f"Versions({self.title}: {self.remarks()[0]})"

    def _repr_html_(self) -> str:
        return str(self.table().to_html(index=False, escape=True))
