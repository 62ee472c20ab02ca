"""Which steps are tried, and how: plain data, for who tries them and who shows what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.measure.options import Options
from gradiometer.vocabulary.dtype import find_dtype

SHORTEST, LONGEST = 1e-3, 1.0
"""The first step, in units of rounding, and the last one; both relative to max(1, |x|)."""


@dataclass(frozen=True)
class Settings:
    """How the error is studied.

    Attributes:
        steps: How many steps are tried, beside the method's own.
        threads: Threads (and cores) that each tool may use.
        timeout_s: Time that all steps of one method may take, seconds.
        seed: Seed of a drawn point and of directions.
    """

    steps: int = 60
    threads: int = 1
    timeout_s: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise GradiometerError(f"steps is {self.steps}: expected 2 or more.")
        if not self.timeout_s > 0.0:
            raise GradiometerError(f"timeout is {self.timeout_s:g} s: expected more than 0.")
        Options(self.threads, rounds=0, timeout_s=self.timeout_s, seed=self.seed)  # refuses others

    def grid(self, dtype: str) -> list[float]:
        """Return the steps, a constant ratio apart: from well below the unit of rounding to 1."""
        shortest = SHORTEST * find_dtype(dtype).unit
        return [float(h) for h in np.geomspace(shortest, LONGEST, self.steps)]
