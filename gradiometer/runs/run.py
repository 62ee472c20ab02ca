"""A run as it was recorded: its facts, and its records as pandas frames."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from gradiometer.errors import UnknownName
from gradiometer.runs import analysis, answers, machines
from gradiometer.runs.cells import whole
from gradiometer.runs.damage import find_damage
from gradiometer.runs.facts import read_info
from gradiometer.runs.frames import counted, is_whole, plain_rows, read_table
from gradiometer.runs.schema import COMPARISON
from gradiometer.vocabulary.outcome import Status


@dataclass(frozen=True)
class RecordedRun:
    """One environment and its records, as data: nothing is drawn or rendered.

    Attributes:
        path: The run's folder.
        info: What `run.json` holds: environment, versions, options, plan, state.
        records: One row a cell, in the order in which cells ended.
    """

    path: Path
    info: dict[str, Any]
    records: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the run that a folder holds.

        Raises:
            DamagedRun: If `run.json` is damaged.
            GradiometerError: If it is no comparison, or another version wrote it.
        """
        info = read_info(path, COMPARISON.experiment)
        records = analysis.with_ratios(read_table(path, "records", info))
        return cls(path, info, machines.apart(records, info))

    def samples(self) -> pd.DataFrame:
        """Return every sample of every timed cell.

        Columns: case, method, loops (calls in it), round, seconds (a call), calm (whether the
        machine was undisturbed).
        """
        return read_table(self.path, "samples", self.info)

    def answers(
        self,
        problem: str | None = None,
        operator: str | None = None,
        *,
        size: str | None = None,
        dtype: str | None = None,
    ) -> pd.DataFrame:
        """Return methods' own numbers beside the certified ones: a row a component.

        Columns: problem, size, dtype, operator, component, certified, and for each method `METHOD`
        and `METHOD error`, a bound on its error. Answers of up to 1,000 components are whole; of a
        larger one there are the ten worst of each method. A run that was recorded before answers
        were kept has none.

        Raises:
            UnknownName: If a name is none of this run's.
        """
        chosen = self.cells
        asked = {"problem": problem, "operator": operator, "size": size, "dtype": dtype}
        for kind, name in asked.items():
            if name is not None:
                if name not in set(chosen[kind]):
                    raise UnknownName(f"{kind} of the run", name, set(chosen[kind]))
                chosen = chosen[chosen[kind] == name]
        found = self.components
        return answers.wide(found[found["case"].isin(chosen["case"])], chosen)

    @cached_property
    def components(self) -> pd.DataFrame:
        """The components of kept answers, a row each.

        Columns: case, method, place (among the answer's components), component, certified, value,
        error, wrong.
        """
        if is_whole(self.path, answers.JOURNAL, self.info):
            return read_table(self.path, answers.JOURNAL, self.info)
        return answers.table(self.path, self.records)

    @property
    def id(self) -> str:
        """The run's name."""
        return str(self.info["id"])

    @property
    def floor_s(self) -> float:
        """Median time of a call that does nothing, seconds; NaN where it was not measured."""
        kept = self.info.get("floor_s")
        return float(self.records["floor_s"].median() if kept is None else kept)

    @property
    def warnings(self) -> list[str]:
        """What makes the run's times doubtful, one line each."""
        return list(self.info.get("noise", {}).get("warnings", ()))

    @cached_property
    def damage(self) -> dict[str, str]:
        """What can no longer be read of the run, by the name of the journal: see `runs repair`."""
        return find_damage(self.path, self.info, COMPARISON)

    @property
    def planned(self) -> int:
        """How many cells the run set out to measure."""
        return len(self.info["plan"])

    @property
    def faulty(self) -> pd.DataFrame:
        """The records of cells that disagree or failed, and were not expected to."""
        return self.ended([status for status in Status if not status.blameless])

    def ended(self, statuses: Collection[str]) -> pd.DataFrame:
        """Return the records of cells that ended so, and were not expected to."""
        status, expected = self.records["status"], self.records["expected"]
        return self.records[status.isin(statuses) & (status != expected)]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The records in the order of the plan, with a row for each planned cell without one."""
        plan = self.info["plan"]
        rows = analysis.with_unreached(self.records, plan, self.damage.get("records", ""))
        return machines.shown(analysis.in_order(rows, plan))

    @cached_property
    def cases(self) -> dict[str, pd.DataFrame]:
        """The cells of each case by its id, in the order of the plan."""
        return {str(case): rows for case, rows in self.cells.groupby("case", sort=False)}

    @cached_property
    def whole_cells(self) -> pd.DataFrame:
        """The cells with all that is known of them, what is derived too: `cells.COLUMNS`."""
        return whole(self.cells)

    @property
    def operators(self) -> list[str]:
        """The operators that the run set out to measure: derivatives first, the value last."""
        return analysis.operators(self.cells)

    def agreement(self, operator: str | None = None) -> pd.DataFrame:
        """Return digits proven correct, methods by cases.

        Args:
            operator: One of `operators`; by default the first.

        Raises:
            UnknownName: If the run has no such operator.
        """
        return analysis.agreement(self.cells, self._known(operator))

    def speed(self, operator: str | None = None) -> pd.DataFrame:
        """Return times as multiples of the fastest's, methods by cases.

        Args:
            operator: As of `agreement`.

        Raises:
            UnknownName: If the run has no such operator.
        """
        return analysis.speed(self.cells, self._known(operator))

    def cost(self, operator: str | None = None, base: str = "value") -> pd.DataFrame:
        """Return times as multiples of the same method's `base` operator, methods by cases.

        Args:
            operator: As of `agreement`.
            base: Another one of `operators`.

        Raises:
            UnknownName: If the run has not both operators.
        """
        return analysis.cost(self.cells, self._known(operator), self._known(base))

    def timing(self) -> pd.DataFrame:
        """Return cold and warm times of every timed cell, in seconds."""
        return analysis.timing(self.cells)

    def ranking(self) -> pd.DataFrame:
        """Return the methods of each case by speed, with ties."""
        return analysis.ranking(self.cells)

    def break_even(self, operator: str | None = None) -> pd.DataFrame:
        """Return after how many calls a method that starts slower has overtaken another.

        Args:
            operator: As of `agreement`.

        Raises:
            UnknownName: If the run has no such operator.
        """
        return analysis.break_even(self.cells, self._known(operator))

    def coverage(self) -> pd.DataFrame:
        """Return every planned cell that is not `ok`, with the reason."""
        return analysis.coverage(self.cells)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data: what `run.json` holds, and the records."""
        records = plain_rows(self.records)
        return {"run": self.id, "path": str(self.path), **self.info, "records": records}

    def __repr__(self) -> str:
        told = counted(self.records["status"]) or "no records"
        return f"{type(self).__name__}({self.id}: {told})"

    def _known(self, operator: str | None) -> str:
        """Return the name of an operator that the run has, of the first where none is named.

        Raises:
            UnknownName: If it has no such operator.
        """
        known = self.operators
        name = next(iter(known), "gradient") if operator is None else operator
        if name not in known:
            raise UnknownName("operator of the run", name, known, ordered=True)
        return name
