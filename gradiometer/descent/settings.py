"""How to descend, and what came of it: plain data, for who leads a descent and who shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gradiometer.descent.steps import RULES, Rule
from gradiometer.errors import GradiometerError
from gradiometer.measure.options import Options
from gradiometer.measure.pool import Failure
from gradiometer.vocabulary.outcome import Status

CERTIFIED = "certified"
"""The name under which the certified trajectory stands beside the methods."""


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
        return Options(
            threads=self.threads,
            timeout_s=self.timeout_s,
            budget_s=self.timeout_s / self.length(rule),
            seed=self.seed,
            rounds=0,
        )


@dataclass
class Trajectory:
    """What descending by one rule, with one method, came to.

    Attributes:
        rule: Name of the rule.
        method: Name of the method, or `certified`.
        mode: The method's mode.
        planned: Steps it was to take.
        status: How it ended.
        reason: Why, unless `ok`.
        faulty: Whether the method is to blame: where the certified trajectory ends too, it is not.
        losses: The loss at every step, the start first: the method's own value.
        seconds: Time spent in derivative calls until each step was reached.
        drift: ‖θ − θ*‖/‖θ*‖ at every step, θ* the certified trajectory's; NaN where that has ended.
    """

    rule: str
    method: str
    mode: str
    planned: int
    status: Status = Status.OK
    reason: str = ""
    faulty: bool = False
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    drift: list[float] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps taken."""
        return max(0, len(self.losses) - 1)

    def end(self, failure: Failure) -> None:
        """Note why it did not come to its end."""
        self.status, self.reason = failure.status, failure.reason
        self.faulty = not failure.status.blameless
