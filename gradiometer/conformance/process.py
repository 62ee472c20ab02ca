"""What a method does to the process it runs in, and to the machine around it.

One process of its own for each method, with an empty folder for all that it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradiometer.conformance import requests as asked
from gradiometer.conformance.requests import Described
from gradiometer.conformance.result import Check
from gradiometer.errors import listing
from gradiometer.measure.conditions import References
from gradiometer.measure.pool import P, Pool, Request, T, Worker
from gradiometer.measure.trial import MEMOISES, MORE_THAN_GIVEN
from gradiometer.plugins.registry import MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Points
from gradiometer.worker import requests
from gradiometer.worker.requests import Work

STEP_S, LONG_S = 60.0, 15.0
"""Time that a step may take, and those of long arrays, which some tools trace by components."""

REPEATED_S = 0.2
"""How long calls are repeated for their CPU time, seconds."""

ENDING_S = 5.0
"""How long a process may take to come to its end by itself, seconds."""

WIDE = (("special-wide", "200"), ("special-wide", "5"), ("product-of-sum", ""))
"""Problems and sizes of which the first that a method takes is asked of it again and again."""

LONG = ("special-long", "")

KEY = "conformance"


class Place(NamedTuple):
    """Where a method was prepared.

    Attributes:
        key: The prepared cell.
        points: Its points.
        operator: What is computed.
    """

    key: str
    points: Points
    operator: str


class Probe:
    """A method in a process of its own; a context manager that ends it.

    Args:
        method: The description of the method.
        registry: What holds the problems.
        pool: The workers, of which the reference's is asked for points.
        folder: Where the process writes, and its log.
        threads: Threads that it is given.
    """

    def __init__(
        self, method: MethodEntry, registry: Registry, pool: Pool, folder: Path, threads: int = 1
    ) -> None:
        self._method, self._registry, self._threads = method, registry, threads
        dtype = next((d for d, (first, _) in method.digits.items() if first is not None), "float64")
        self._target = Target(threads, dtype=dtype)
        self._references = References(pool, STEP_S)
        self._within, self._printed = folder / "within", folder / "stdout.txt"
        folder.mkdir(parents=True, exist_ok=True)
        self._worker = Worker(
            folder / "log.txt",
            threads,
            pool.memory,
            environment=method.environment,
            within=self._within,
        )

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *details: object) -> None:
        self._worker.stop()

    def described(self) -> Described:
        """Return what the method says of itself, when its file is loaded for the first time.

        Raises:
            Failure: If it cannot be loaded.
        """
        self._ask(asked.listen, str(self._printed))
        return self._ask(asked.described, self._method.address)

    def checks(self) -> Iterator[Check]:
        """Yield the checks of the process; a step that fails ends those that need it."""
        try:
            self._ask(requests.set_up, self._method.address, self._target)
            place = self._prepared(WIDE)
        except Failure as failure:
            declined = failure.status.blameless
            status = str(failure.status) if declined else "failed"
            yield self._check("prepared", "a derivative to call", failure.reason, status)
        else:
            yield from self._of_calls(place)
        yield from self._of_traces()

    def _of_calls(self, place: Place) -> Iterator[Check]:
        """Yield the checks of calls: steps that fail are told, and the next one is tried."""
        for subject, wanted, step in (
            ("same-twice", "the same answer to the same call", self._same_twice),
            ("same-after-another", "the same answer after a call at another point", self._again),
            ("memory", "first calls at new points take as long as second ones", self._novelty),
            ("wait", "the work is done when the call returns", self._waits),
            ("threads", f"{self._threads} thread{'s' * (self._threads > 1)}", self._threads_used),
        ):
            try:
                fault, note = step(place)
                status = "failed" if fault else "ok"
                yield self._check(subject, wanted, fault or note, status)
            except Failure as failure:
                told = f"{failure.status}: {failure.reason}"
                yield self._check(subject, wanted, told, "failed")
                if not self._worker.alive:
                    return

    def _of_traces(self) -> Iterator[Check]:
        """Yield the checks of what the process leaves; it is at its end then."""
        self._worker.end(ENDING_S)
        printed = self._printed.read_text("utf-8", "replace") if self._printed.exists() else ""
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        told = f"{len(lines)} lines, of which the first is {lines[0][:120]!r}" if lines else ""
        status = "failed" if lines else "ok"
        yield self._check("stdout", "nothing on standard output", told, status)
        left = [path.relative_to(self._within) for path in self._within.rglob("*")]
        files = sorted(str(path) for path in left if (self._within / path).is_file())
        told = f"{len(files)} files: {listing(files, 4)}" if files else ""
        yield self._check("files", "no file left behind", told, "failed" if files else "ok")

    def _prepared(
        self, problems: Sequence[tuple[str, str]], timeout_s: float = STEP_S, key: str = KEY
    ) -> Place:
        """Prepare the gradient of the first problem that the method takes.

        Raises:
            Failure: If it takes none; the last one's.
        """
        for number, (name, size) in enumerate(problems, 1):
            problem = self._registry.problems[name]
            points = self._references.points(problem.address, size, 0, self._target.dtype)
            work = self._work(problem, points)
            try:
                self._worker.ask(
                    requests.prepare, timeout_s, key, work, points.preparation, timeout_s / 10
                )
                return Place(key, points, work.operator)
            except Failure as failure:
                if number == len(problems) or not failure.status.blameless:
                    raise
        raise Failure(Status.SKIPPED, "there is no problem to prepare")

    def _work(self, problem: ProblemEntry, points: Points) -> Work:
        told = (self._method.address, problem.address, "gradient")
        return Work(*told, points.signature, self._target)

    def _same_twice(self, place: Place) -> tuple[str, str]:
        at = place.points.declared
        one, other = self._ask(requests.answers, place.key, [at, at])
        return self._compared(one, other, place)

    def _again(self, place: Place) -> tuple[str, str]:
        at, elsewhere = place.points.declared, place.points.fresh[0]
        one, _, other = self._ask(requests.answers, place.key, [at, elsewhere, at])
        return self._compared(one, other, place)

    def _compared(self, one: Answer, other: Answer, place: Place) -> tuple[str, str]:
        """Return what is wrong in how two answers differ, and what is to be noted of it."""
        if any(
            np.asarray(x).dtype.kind not in "fiuc" for each in (one, other) for x in each.arrays
        ):
            return "", "no numbers, which are not compared"
        digits = operator(place.operator).promise(self._method.digits, self._target.dtype) or 0.0
        a, b = (
            np.concatenate([np.ravel(np.real(x)) for x in each.arrays]) for each in (one, other)
        )
        if a.tobytes() == b.tobytes():
            return "", ""
        size = float(np.linalg.norm(a))
        apart = float(np.linalg.norm(a - b)) / (size or 1.0)
        told = f"they differ by {apart:.1e}, relative"
        return ("", f"{told}, within the promise") if apart <= 10.0**-digits else (told, "")

    def _novelty(self, place: Place) -> tuple[str, str]:
        call_s = self._ask(asked.call_s, place.key)
        times = self._ask(requests.novelty, place.key, place.points.fresh, call_s)
        told = f"{times:.3g} times slower at a point that is new: answers are remembered"
        return (told if times > MEMOISES else ""), ""

    def _waits(self, place: Place) -> tuple[str, str]:
        self._ask(requests.inspect, place.key)
        return "", ""

    def _threads_used(self, place: Place) -> tuple[str, str]:
        """Compare the threads that repeated calls use, with those given; of long arrays, too.

        Raises:
            Failure: If a call fails.
        """
        self._ask(requests.spread)
        used, note = self._used(place), ""
        if self._method.mode != "symbolic":
            try:
                used = max(used, self._used(self._prepared([LONG], LONG_S, f"{KEY}-long")))
            except Failure as failure:
                note = f"of short arrays alone: {failure.reason}"
        told = f"{used:.2f} threads are used, {self._threads} given"
        return (told if used > MORE_THAN_GIVEN * self._threads else ""), note

    def _used(self, place: Place) -> float:
        at = [place.points.declared, place.points.preparation]
        return self._ask(asked.threads_used, place.key, at, REPEATED_S)

    def _ask(self, request: Request[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._worker.ask(request, STEP_S, *args, **kwargs)

    def _check(self, subject: str, wanted: str, found: str, status: str) -> Check:
        return Check(
            self._method.name, "process", subject, status=status, wanted=wanted, found=found
        )
