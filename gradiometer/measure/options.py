"""The options of a run: how long, how often, with how many threads."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradiometer.errors import GradiometerError

FEWEST_ROUNDS = 7
"""Samples below which a distribution-free 95% interval of a median does not exist (6), plus one."""


@dataclass(frozen=True)
class Options:
    """How a run measures.

    Attributes:
        threads: Threads (and cores) that each tool may use.
        rounds: Samples of each method in a case; 0 checks agreement only.
        sample_s: Length a sample is batched to, seconds.
        budget_s: Time that the samples of one cell may take, seconds. A method that leaves the
            rounds early has at least `FEWEST_ROUNDS`; one whose forecast exceeds it is skipped.
        timeout_s: Time after which a worker is killed, for any one step, seconds.
        seed: Seed of every drawn point and of the order within a round.
    """

    threads: int = 1
    rounds: int = 25
    sample_s: float = 0.005
    budget_s: float = 5.0
    timeout_s: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise GradiometerError(f"threads is {self.threads}: expected 1 or more.")
        if self.rounds and self.rounds < FEWEST_ROUNDS:
            raise GradiometerError(
                f"rounds is {self.rounds}: expected {FEWEST_ROUNDS} or more, so that a median has "
                "an interval, or 0 to check agreement only."
            )
        if self.seed < 0:
            raise GradiometerError(f"seed is {self.seed}: expected 0 or more.")
        for name in ("sample_s", "budget_s", "timeout_s"):
            if not getattr(self, name) > 0:
                raise GradiometerError(f"{name} is {getattr(self, name)}: expected more than 0.")

    def quick(self) -> Options:
        """Return the same options with fewer and shorter samples."""
        return replace(
            self,
            rounds=min(self.rounds, 9),
            sample_s=min(self.sample_s, 0.002),
            budget_s=min(self.budget_s, 1.0),
        )
