"""The nodes that a run has: those that joined and may measure, and why others may not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from gradiometer.cluster.nodes import SLOT, Asked, Facts, Node, differences, free_name, look, mixed
from gradiometer.errors import GradiometerError

JOINED_S = 60.0
"""Time in which nodes have to join, seconds; those that come later are taken, too."""

PAUSE_S = 0.1
"""How often is looked for them, seconds."""

NO_SLOT = (
    f"no node offers the resource {SLOT!r}, which each case takes: start nodes with "
    "`python -m gradiometer.cluster.node ADDRESS`"
)


class Members:
    """Keeps account of the nodes of a cluster.

    Args:
        client: Dask's client.
        where: What the cluster is called.
        asked: What nodes are asked about.
        ours: What this process tells of that.
        pin_kind: Whether all have to be of one kind.

    Attributes:
        nodes: Those that measure, by name.
        seen: All that ever did, by name.
        refused: Why others may not, by address.
    """

    def __init__(
        self, client: Any, where: str, asked: Asked, ours: Facts, *, pin_kind: bool = False
    ) -> None:
        self._client, self._where, self._asked, self._ours = client, where, asked, ours
        self._pin_kind = pin_kind
        self.nodes: dict[str, Node] = {}
        self.seen: dict[str, Node] = {}
        self.refused: dict[str, str] = {}

    def join(self, expected: int, limit_s: float, say: Callable[[str], None]) -> None:
        """Wait until as many nodes are there as are expected, or for a while.

        Raises:
            GradiometerError: If none comes, none may measure, or they are of several kinds and must
                not be.
        """
        end = time.monotonic() + limit_s
        while True:
            self.look()
            there = len(self.nodes) + len(self.refused)
            if there >= expected or time.monotonic() > end:
                break
            say(f"waiting for nodes: {there} of {expected} are there")
            time.sleep(PAUSE_S)
        if not there:
            raise GradiometerError(f"No node has joined {self._where} within {limit_s:g} s.")
        if not self.nodes and set(self.refused.values()) != {NO_SLOT}:
            raise GradiometerError(f"No node of {self._where} may measure: {self.told()}.")
        kinds = mixed([node.kind for node in self.nodes.values()])
        if self._pin_kind and kinds:
            raise GradiometerError(
                f"{self._where} has nodes of several kinds, --pin-kind: {kinds}."
            )

    def look(self) -> tuple[list[Node], list[str]]:
        """See who has come and gone; return the nodes that are lost, and what is to be told."""
        there = self._client.scheduler_info(n_workers=-1)["workers"]
        lost = [node for node in self.nodes.values() if node.address not in there]
        for node in lost:
            self.drop(node)
        known = {node.address for node in self.nodes.values()} | self.refused.keys()
        new = [address for address in there if address not in known]
        told = []
        for address, facts in self._facts(new).items():
            reason = self._refusal(facts, there[address]["resources"])
            if reason:
                self.refused[address] = reason
                told.append(f"Node {facts.host} ({address}) does not measure: {reason}.")
            else:
                self._take(address, facts)
        return lost, told

    def drop(self, node: Node) -> None:
        """Give up a node; should it be there again, it begins anew."""
        self.nodes.pop(node.name, None)

    @property
    def kinds(self) -> set[str]:
        """The kinds of machine of which there are nodes."""
        return {node.kind for node in self.nodes.values()}

    @property
    def unoffered(self) -> str:
        """Why no node can ever be given a case; empty where one can, or could."""
        return NO_SLOT if not self.seen and set(self.refused.values()) == {NO_SLOT} else ""

    def told(self) -> str:
        """Return why nodes may not measure, each reason once."""
        return "; ".join(dict.fromkeys(self.refused.values())) or "all have ended"

    def _facts(self, addresses: Iterable[str]) -> dict[str, Facts]:
        """Return what nodes tell of themselves; those that die meanwhile tell nothing."""
        asked = [*addresses]
        if not asked:
            return {}
        found = self._client.run(look, self._asked, workers=asked, on_error="return")
        for address, facts in found.items():
            if not isinstance(facts, Facts) and not isinstance(facts, OSError):
                self.refused[address] = f"it cannot be asked ({type(facts).__name__}: {facts})"
        return {address: facts for address, facts in found.items() if isinstance(facts, Facts)}

    def _refusal(self, facts: Facts, offers: dict[str, float]) -> str:
        """Return why a node may not measure; empty where it may."""
        found = differences(facts, self._ours)
        if found:
            return f"it has {', '.join(found)}"
        if offers.get(SLOT, 0.0) < 1.0:
            return NO_SLOT
        kinds = {node.kind for node in self.seen.values()}
        if self._pin_kind and self.seen and self.nodes and facts.kind not in kinds:
            return f"it is of another kind, {facts.kind}"
        return ""

    def _take(self, address: str, facts: Facts) -> None:
        name = free_name(facts.host, self.nodes)
        node = Node(address, name, facts)
        before = self.seen.get(name)
        if before is not None and before.kind == node.kind:
            node.cases, node.met = before.cases, before.met
        self.nodes[name] = self.seen[name] = node
