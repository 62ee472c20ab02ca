"""A stand-in for the pool of workers: pytest's own process, in which all tools are measured."""

from __future__ import annotations

import warnings

from gradiometer.measure.pool import P, Request, T
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker.process import failure
from gradiometer.worker.tool import Tool


class ThisProcess:
    """Answers requests in this process; it is its own pool, and serves every tool."""

    alive = True

    def __init__(self) -> None:
        self.tool = Tool()
        self.opened: dict[tuple[str, Target], float] = {}

    def worker(self, tool: str, environment: str = "") -> ThisProcess:
        """Return the one worker that there is.

        Raises:
            Failure: If a tool has an environment of its own.
        """
        if environment:
            told = f"it has an environment of its own, {environment}: this process is none of it"
            raise Failure(Status.SKIPPED, told)
        return self

    def start(self, tool: str, environment: str = "") -> ThisProcess:
        """Return the one worker that there is, as if nothing were set up in it.

        Raises:
            Failure: As `worker`.
        """
        self.worker(tool, environment)
        self.opened = {}
        return self

    def ask(self, request: Request[P, T], timeout_s: float, *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry a request out; its time is pytest's to limit.

        Raises:
            Failure: If it fails.
        """
        try:
            with warnings.catch_warnings(action="ignore"):  # a tool's own are no fault of the cell
                return request(self.tool, *args, **kwargs)
        except Exception as error:  # the tool's own: it becomes the reason of the record
            raise failure(error) from error

    def stop(self) -> None:
        """Go on: this process outlives its measurements."""
