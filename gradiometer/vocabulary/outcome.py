"""How a cell ended: its status, the reason for it, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """The ways a cell can end; all but `ok` carry a reason."""

    OK = "ok"
    DISAGREES = "disagrees"
    NONFINITE = "nonfinite"
    MEMOISES = "memoises"
    UNSUPPORTED = "unsupported"
    NOT_INSTALLED = "not-installed"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    SKIPPED = "skipped"

    @property
    def blameless(self) -> bool:
        """Whether the cell ended as could be expected: nothing broke, and nothing was wrong."""
        return self in (Status.OK, Status.SKIPPED, Status.UNSUPPORTED, Status.NOT_INSTALLED)


class Failure(Exception):
    """A step that ends a cell: its status, and the reason."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass
class Verdict:
    """What comparing the answers with the truth gave.

    Attributes:
        n: Number of scalar inputs.
        promise: Digits the method promises.
        digits: Digits proven correct in the norm.
        worst_digits: Digits proven correct in the worst component.
        estimated_digits: Digits in the norm by the method's own estimate of its error, if it makes
            one; at the point where they are fewest, as `digits`.
        ulps: Largest error of a component, in units in its last place.
        condition: How far the case amplifies rounding, from the reference.
        owed: Digits that rounding leaves of the answer; none where the truth is zero.
        undecided: Components of which it leaves none.
        bound: `sound` where that holds whatever the order of summation, `likely` where roundings
            are taken for random.
    """

    n: int | None = None
    promise: float | None = None
    digits: float | None = None
    worst_digits: float | None = None
    estimated_digits: float | None = None
    ulps: float | None = None
    condition: float | None = None
    owed: float | None = None
    undecided: int | None = None
    bound: str = ""


@dataclass
class Cold:
    """What a first answer costs; times in seconds.

    CPU seconds, since several tools are prepared at once; wall seconds of repeated figures, which
    are taken alone.

    Attributes:
        import_s: Import of the tool's library, once a worker.
        prepare_s: Preparation: building, tracing, lambdifying.
        first_s: First call, with what the tool compiles in it.
        prepare_bytes: Peak resident memory of preparation and first call, over the level before.
        cold: Fresh workers whose median the times are; 0 for those of the timed worker.
    """

    import_s: float | None = None
    prepare_s: float | None = None
    first_s: float | None = None
    prepare_bytes: int | None = None
    cold: int | None = None


@dataclass
class Warm:
    """What further calls cost; times in seconds.

    Attributes:
        time_s: Median of the warm call.
        low_s: Lower end of its 95% interval.
        high_s: Upper end.
        ratio: Median over the rounds of its time to that of the case's fastest method.
        ratio_low: Lower end of the ratio's 95% interval.
        ratio_high: Upper end.
        rounds: Samples taken.
        calm: Samples of them that were taken while the machine was undisturbed; where there are
            enough, the times and ratios are of these alone.
        loops: Calls in a sample.
        stopped: What ended its samples: `precision`, `budget`, `rounds`, or `slow` where the method
            left the rounds early because its calls are long.
        floor_s: What calling a function that does nothing took, in the same rounds.
        threads_used: CPU time over wall time of its samples.
        call_bytes: Peak resident memory of a warm call, over the level before.
    """

    time_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    rounds: int | None = None
    calm: int | None = None
    loops: int | None = None
    stopped: str = ""
    floor_s: float | None = None
    threads_used: float | None = None
    call_bytes: int | None = None


@dataclass
class Outcome:
    """What measuring one cell gave; `None` where there is no figure.

    Attributes:
        status: How it ended.
        reason: Why, unless `ok`; for some `ok` cells a note.
        route: `native`, or how the operator was derived.
        shared: The method of which all this was measured, where several evaluate the same primal;
            empty for that one, and where a method has its own.
        translated: The framework that the problem's function is written in, where the method was
            given a translation of it; empty where it took the function itself.
        node: The node of a cluster that it was measured on; empty where the run was started.
        machine: The kind of machine that the node is; empty for that of the run's environment.
        verdict: What its answers are worth.
        cold: What its first answer costs.
        warm: What further calls cost.
    """

    status: Status
    reason: str = ""
    route: str = "native"
    shared: str = ""
    translated: str = ""
    node: str = ""
    machine: str = ""
    verdict: Verdict = field(default_factory=Verdict)
    cold: Cold = field(default_factory=Cold)
    warm: Warm = field(default_factory=Warm)
