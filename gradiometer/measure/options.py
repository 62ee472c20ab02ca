"""The options of a run: how long, how often, with how many threads."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any

from gradiometer.errors import GradiometerError
from gradiometer.worker.cores import require_cores

FEWEST_ROUNDS = 7
"""Samples below which a distribution-free 95% interval of a median does not exist (6), plus one."""


MOST_PRECISION = 0.5
"""Half-width of a ratio's interval beyond which it would say nothing."""


@dataclass(frozen=True)
class Options:
    """How a run measures.

    Attributes:
        threads: Threads (and cores) that each tool may use.
        precision: Half-width, relative, of the 95% interval of every ratio to a case's fastest
            method, at which its rounds end.
        budget_s: Time after which they end all the same, seconds a case; half of it for a plain
            value. A method that is forecast not to come to the fewest samples in it is skipped.
        rounds: Most rounds of a case; 0 checks agreement only.
        sample_s: Length a sample is batched to, seconds.
        cold: Fresh workers in which the cold figures of a cell are repeated, in wall seconds; with
            0 they are CPU seconds of the worker in which the cell is timed.
        timeout_s: Time after which a worker is killed, for any one step, seconds.
        memory_gib: Resident memory at which a worker is killed, GiB; half of the machine's by
            default.
        seed: Seed of every drawn point and of the order within a round.
        most_inputs: Scalar inputs beyond which a case is skipped; no limit by default.
    """

    threads: int = 1
    precision: float = 0.02
    budget_s: float = 3.0
    rounds: int = 1000
    sample_s: float = 0.005
    cold: int = 0
    timeout_s: float = 60.0
    memory_gib: float | None = None
    seed: int = 0
    most_inputs: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check_kind(field.name, str(field.type))
        if self.rounds and self.rounds < FEWEST_ROUNDS:
            raise GradiometerError(
                f"rounds is {self.rounds}: expected {FEWEST_ROUNDS} or more, so that a median has "
                "an interval, or 0 to check agreement only."
            )
        for name, least in (("threads", 1), ("seed", 0), ("cold", 0)):
            value = getattr(self, name)
            if value < least:
                raise GradiometerError(f"{name} is {value}: expected {least} or more.")
        for name in ("precision", "sample_s", "budget_s", "timeout_s", "memory_gib", "most_inputs"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise GradiometerError(f"{name} is {value}: expected more than 0, and no infinity.")
        if self.precision > MOST_PRECISION:
            raise GradiometerError(
                f"precision is {self.precision:.0%}: expected at most {MOST_PRECISION:.0%}; beyond "
                "that a ratio says nothing."
            )
        require_cores(self.threads)

    def _check_kind(self, name: str, kind: str) -> None:
        """Take numbers of NumPy's, too, as plain ones.

        Raises:
            GradiometerError: If an option is no number, or no whole one where it has to be.
        """
        value: Any = getattr(self, name)
        if value is None and "None" in kind:
            return
        whole = "int" in kind
        if not isinstance(value, Integral if whole else Real) or isinstance(value, bool):
            expected = "a whole number" if whole else "a number"
            raise GradiometerError(f"{name} is {value!r}: expected {expected}.")
        if not isinstance(value, int | float):
            plain: Any = int if whole else float
            object.__setattr__(self, name, plain(value))

    @property
    def longest_call_s(self) -> float:
        """What one call may be forecast to take, seconds: the fewest samples fit the budget."""
        return self.budget_s / (FEWEST_ROUNDS if self.rounds else 1)

    def for_order(self, order: int) -> Options:
        """Return the options of a case: half the budget for a plain value."""
        return self if order else replace(self, budget_s=self.budget_s / 2)

    def quick(self) -> Options:
        """Return the same options with fewer and shorter samples."""
        return replace(
            self,
            rounds=min(self.rounds, 9),
            sample_s=min(self.sample_s, 0.002),
            budget_s=min(self.budget_s, 1.0),
        )
