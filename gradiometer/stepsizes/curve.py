"""The error of one method against its step: a record of a study, and the series it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from gradiometer.runs.schema import Layout, columns
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.outcome import Failure, Status


@dataclass
class End:
    """What trying steps came to; None where there is no figure.

    Steps are relative to max(1, |x|), errors to the norm of the truth.

    Attributes:
        method: Name of the method.
        mode: The method's mode.
        default_step: The step that it takes by itself.
        default_error: The error with it.
        best_step: The step with the least error, of all that were tried: its own where none is
            better, else the longest of equals.
        best_error: The error with it.
        theory_step: The step that theory gives, where it is simple.
        status: How it ended.
        reason: Why, unless `ok`.
        faulty: Whether the method is to blame.
    """

    method: str
    mode: str
    default_step: float | None = None
    default_error: float | None = None
    best_step: float | None = None
    best_error: float | None = None
    theory_step: float | None = None
    status: Status = Status.OK
    reason: str = ""
    faulty: bool = False

    def end(self, failure: Failure) -> None:
        """Note why it did not come to its end."""
        self.status, self.reason = failure.status, failure.reason
        self.faulty = not failure.status.blameless


@dataclass
class Series:
    """The steps that were tried, in ascending order.

    Attributes:
        steps: The steps, relative to max(1, |x|).
        errors: The error with each, in the norm, relative to the truth; infinite where the answer
            is not finite, or there is none.
        notes: Why there is no answer, where there is none.
    """

    steps: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Curve(Series, End):
    """What trying the steps of one method came to."""

    def add(self, step: float, error: float, note: str) -> None:
        """Note the error with a step."""
        self.steps.append(step)
        self.errors.append(error)
        self.notes.append(note)

    def conclude(self) -> None:
        """Find the best of all steps that were tried."""
        tried = list(self._tried())
        if tried:
            self.best_step, self.best_error = min(tried, key=lambda pair: pair[1])

    def keep(self, folder: RunFolder) -> None:
        """Keep it in the folder of a run."""
        row = asdict(self)
        series = {name: row.pop(name) for name in columns(Series)}
        folder.append(row, series)  # empty, too: one of an earlier try would count instead

    def _tried(self) -> Iterator[tuple[float, float]]:
        """Yield steps and errors, the method's own first, then the longest."""
        if self.default_step is not None and self.default_error is not None:
            yield self.default_step, self.default_error
        yield from zip(reversed(self.steps), reversed(self.errors), strict=True)


SINGULAR = {"steps": "step", "errors": "error", "notes": "note"}

STEPSIZE = Layout("stepsize", ("method",), (End,), Series, "curves", singular=SINGULAR)
