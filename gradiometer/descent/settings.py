"""How to descend: plain data, for who leads a descent and who shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradiometer.descent.steps import RULES, Rule
from gradiometer.errors import GradiometerError
from gradiometer.measure.options import Options


@dataclass(frozen=True)
class Settings:
    """How to descend.

    Attributes:
        steps: Most steps of a trajectory; by default 100, and 20 of Newton's method.
        rate: η of gradient descent; by default half the Cauchy step at the start.
        threads: Threads (and cores) that each tool may use.
        timeout_s: Time that one trajectory may take, seconds; also what its preparation may.
        seed: Seed of a drawn start.
    """

    steps: int | None = None
    rate: float | None = None
    threads: int = 1
    timeout_s: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise GradiometerError(f"steps is {self.steps}: expected 1 or more.")
        if self.rate is not None and not 0.0 < self.rate < math.inf:
            raise GradiometerError(f"rate is {self.rate:g}: expected a finite number above 0.")
        if not self.timeout_s > 0.0:
            raise GradiometerError(f"timeout is {self.timeout_s:g} s: expected more than 0.")
        for rule in RULES.values():
            self.options(rule)

    def length(self, rule: Rule) -> int:
        """Return the most steps by a rule."""
        return self.steps or rule.steps

    def options(self, rule: Rule) -> Options:
        """Return the options of a run that fit: a call's budget is its share of the time."""
        share_s = self.timeout_s / self.length(rule)
        return Options(
            self.threads, budget_s=share_s, rounds=0, timeout_s=self.timeout_s, seed=self.seed
        )
