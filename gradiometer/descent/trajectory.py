"""What descending came to, by one rule with one method: how it ended, and every step of it.

A run's folder keeps how it ended as a record, and the steps as what the record stands on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from gradiometer.runs.schema import Layout, columns
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.outcome import Failure, Status

CERTIFIED = "certified"
"""The name under which the certified trajectory stands beside the methods."""


@dataclass
class End:
    """How a trajectory ended: a record of a descent.

    Attributes:
        rule: Name of the rule.
        method: Name of the method, or `certified`.
        mode: The method's mode.
        planned: Steps it was to take.
        status: How it ended.
        reason: Why, unless `ok`.
        faulty: Whether the method is to blame: where the certified trajectory ends too, it is not.
    """

    rule: str
    method: str
    mode: str
    planned: int
    status: Status = Status.OK
    reason: str = ""
    faulty: bool = False

    def end(self, failure: Failure) -> None:
        """Note why it did not come to its end."""
        self.status, self.reason = failure.status, failure.reason
        self.faulty = self.method != CERTIFIED and not failure.status.blameless


@dataclass
class Series:
    """The steps of a trajectory, the start first.

    Attributes:
        losses: The loss at every step: the method's own value.
        seconds: Time spent in derivative calls until each step was reached.
        drift: ‖θ − θ*‖/‖θ*‖ at every step, θ* the certified trajectory's; NaN where that has ended.
    """

    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    drift: list[float] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps taken."""
        return max(0, len(self.losses) - 1)


@dataclass
class Trajectory(Series, End):
    """What descending by one rule, with one method, came to."""

    def keep(self, folder: RunFolder) -> None:
        """Keep it in the folder of a run."""
        row = asdict(self)
        series = {name: row.pop(name) for name in columns(Series)}
        folder.append(row, series)  # empty, too: one of an earlier try would count instead


DESCENT = Layout(
    "descent", ("rule", "method"), (End,), Series, "steps", singular={"losses": "loss"}
)
