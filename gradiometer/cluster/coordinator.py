"""Measures a plan on the nodes of a cluster: a second source of the outcomes that a run keeps.

It sends a case to a node when the node is free, one at a time, so that no case waits on a node that
dies. Nodes come and go; each is looked at before it is given anything. It runs no code of a problem
or method, and takes no times.
"""

from __future__ import annotations

import math
import queue
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from gradiometer.cluster import task
from gradiometer.cluster.engine import Engine
from gradiometer.cluster.members import Members
from gradiometer.cluster.nodes import SLOT, Node
from gradiometer.cluster.spreading import MOST_TRIES, Spreading, Work
from gradiometer.cluster.travel import Package
from gradiometer.errors import GradiometerError, describe
from gradiometer.measure.forecast import Cost, needed
from gradiometer.measure.harness import Ended
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan, estimate_s
from gradiometer.measure.progress import Progress
from gradiometer.vocabulary.case import Cell
from gradiometer.vocabulary.outcome import Outcome, Status

LOOK_S = 1.0
"""How often is looked which nodes there are, seconds."""

FETCH_S = 20.0
"""Time in which a node has to hand over what a case came to, seconds; else it cannot be reached."""

ALONE_S = 60.0
"""Time without a node after which a run ends, seconds."""


class Coordinator:
    """Measures a plan on nodes; a context manager that ends what is under way there.

    Args:
        plan: What to measure.
        options: How to measure it.
        engine: The cluster.
        members: Its nodes.
        run: The run's folder, as others that measure on a node are told.
        done: Cells, by ids of case and method, that ended in an earlier part of the run, with what
            they needed, if that is known.
        progress: Told what is being done.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        engine: Engine,
        members: Members,
        run: Path,
        done: Mapping[tuple[str, str], Cost | None] = MappingProxyType({}),
        progress: Progress | None = None,
    ) -> None:
        self._plan, self._options, self._done = plan, options, done
        self._client, self._members = engine.client, members
        self._progress = progress or Progress()
        self._token = f"{run.name}-{secrets.token_hex(4)}"
        self._run, self._share = str(run.resolve()), max(1, engine.share)
        self._setup: task.Setup | None = None
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._futures: dict[str, Any] = {}
        self._known: dict[str, dict[Cell, Cost]] = {}
        self._told: dict[str, set[Cell]] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        """End what is under way, on nodes that answer: what they would still return is lost."""
        for future in self._futures.values():
            future.cancel()
        opened = [node.address for node in self._members.nodes.values() if node.opened]
        if opened and self._client.status == "running":
            self._client.run(task.end, self._token, workers=opened, on_error="ignore", wait=True)

    def learnt(self) -> dict[str, Any]:
        """Return what `run.json` keeps: the nodes, and what makes times doubtful, by node."""
        nodes = [node for node in self._members.seen.values() if node.cases]
        warnings = [
            f"{node.name}: {line}"
            for node in nodes
            for line in (*node.noise.get("warnings", ()), *node.met)
        ]
        return {
            "noise": {"warnings": warnings},
            "nodes": {node.name: node.record() for node in nodes},
        }

    def outcomes(self) -> Iterator[Ended]:
        """Yield every planned cell that is not done with its outcome, in the order of their ends.

        Raises:
            GradiometerError: If the scheduler is lost, or no node is left.
        """
        tried, ended = self._plan.begun(self._done)
        yield from (Ended(cell, outcome) for cell, outcome in ended.items())
        if not tried:
            return
        for cell in self._plan.cells:
            cost = self._done.get((cell.case.id, cell.method))
            if cost is not None:
                self._known.setdefault(cell.case.problem, {})[cell] = cost
        spreading = Spreading(tried, lambda work: estimate_s(work, self._options))
        package = Package.of(self._plan)
        self._setup = task.Setup(self._token, self._run, package, self._options, self._share)
        whole_s, looked, alone = spreading.left_s, -math.inf, time.monotonic()
        while spreading.left:
            now = time.monotonic()
            if now - looked >= LOOK_S:
                for node in self._look():
                    yield from self._lose(spreading, node)
                yield from self._impossible(spreading)
                looked = now
            alone = now if self._members.nodes else alone
            if now - alone > ALONE_S:
                told = f"No node is left for {ALONE_S:g} s: {self._members.told()}"
                raise GradiometerError(f"{told}. What ended is kept, --resume the run.")
            for node in self._members.nodes.values():
                if node.name not in self._futures:
                    self._give(spreading, node)
            self._say(spreading, whole_s)
            yield from self._next(spreading)

    def _look(self) -> list[Node]:
        """Look which nodes there are; return those that are lost.

        Raises:
            GradiometerError: If the scheduler is lost.
        """
        if self._client.status != "running":
            raise GradiometerError("The scheduler is lost: what ended is kept, --resume the run.")
        lost, told = self._members.look()
        for line in told:
            self._progress.warn(line)
        return lost

    def _give(self, spreading: Spreading, node: Node) -> None:
        """Send a free node what it needs for the run, or a case."""
        if not node.opened:
            future = self._submit(node, task.begin, self._setup)
        else:
            work = spreading.give(node.name, node.kind)
            if work is None:
                return
            told = self._told[node.name]
            costs = self._known.get(work[0].case.problem, {})
            known = {cell: cost for cell, cost in costs.items() if cell not in told}
            told |= known.keys()
            future = self._submit(node, task.measure, self._token, work, known)
        self._futures[node.name] = future
        future.add_done_callback(lambda done, name=node.name: self._events.put((name, done)))

    def _submit(self, node: Node, request: Any, *args: Any) -> Any:
        return self._client.submit(
            request,
            *args,
            workers=[node.address],
            allow_other_workers=False,
            resources={SLOT: 1},
            pure=False,
            retries=0,
        )

    def _next(self, spreading: Spreading) -> Iterator[Ended]:
        """Wait for what ends next, and yield its cells."""
        try:
            name, future = self._events.get(timeout=LOOK_S)
        except queue.Empty:
            return
        node = self._members.nodes.get(name)
        if node is None or name not in self._futures or self._futures[name] is not future:
            return  # of a node that was lost meanwhile
        del self._futures[name]
        try:
            found = future.result(FETCH_S)  # which the node still has, if it is there
        except Exception as error:  # whatever a task raised
            if not _lost(error):
                raise GradiometerError(f"node {name} failed: {describe(error)}") from error
            self._members.drop(node)
            yield from self._lose(spreading, node)
            return
        if not node.opened:
            node.opened, self._told[name] = True, set()
        elif found is None:
            spreading.recall(name)
            node.opened = False
        else:
            node.noise, node.met, node.cases = found.noise, found.met, node.cases + 1
            spreading.end(name)
            for end in found.ended:
                self._learn(node, end)
                placed = replace(end.outcome, node=node.name, machine=node.kind)
                yield end._replace(outcome=placed)

    def _learn(self, node: Node, end: Ended) -> None:
        """Keep what a cell needed, for a node that goes on in the place of this one."""
        self._told[node.name].add(end.cell)
        n = end.outcome.verdict.n
        if n is not None:
            cost = needed(n, end.outcome)
            self._known.setdefault(end.cell.case.problem, {})[end.cell] = cost

    def _lose(self, spreading: Spreading, node: Node) -> Iterator[Ended]:
        """Give up a node; yield the cells of a case that was lost too often."""
        future = self._futures.pop(node.name, None)
        if future is not None:
            future.cancel()
        self._told.pop(node.name, None)
        reason = f"its node died, {MOST_TRIES} times: on {node.name} at last"
        yield from _all(spreading.lose(node.name), Status.CRASHED, reason)

    def _impossible(self, spreading: Spreading) -> Iterator[Ended]:
        """Yield the cells that no node can be given: none offers what they take, or is right."""
        if self._members.unoffered:
            for work in spreading.drop():
                yield from _all(work, Status.SKIPPED, self._members.unoffered)
        if self._members.nodes:
            for work, kind in spreading.stranded(self._members.kinds):
                told = f"no node is left of the kind that the problem was begun on: {kind}"
                yield from _all(work, Status.SKIPPED, told)

    def _say(self, spreading: Spreading, whole_s: float) -> None:
        busy, left = spreading.under_way, spreading.left
        text = f"{_counted(len(self._members.nodes), 'node')}, {_counted(busy, 'case')} under way"
        text += f", {left} left"
        passed_s = time.monotonic() - self._began
        done_s = whole_s - spreading.left_s
        if done_s > 0.0 and left:
            text += f", about {_duration(spreading.left_s * passed_s / done_s)}"
        self._progress.say(text)


def _all(work: Work, status: Status, reason: str) -> Iterator[Ended]:
    return (Ended(cell, Outcome(status, reason)) for cell in work)


def _lost(error: BaseException) -> bool:
    """Return whether there is no result because its node was lost, or cannot be reached."""
    from distributed import CancelledError, KilledWorker  # loaded by whoever opened the engine

    return isinstance(error, CancelledError | KilledWorker | TimeoutError)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120.0 else f"{seconds / 60.0:.0f} min"
