"""The way in: opens a cluster for a plan, with nodes that may measure it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradiometer.cluster.engine import Engine, opened
from gradiometer.cluster.members import JOINED_S, Members
from gradiometer.cluster.nodes import Asked, look
from gradiometer.measure.options import Options
from gradiometer.measure.progress import Progress
from gradiometer.plugins.environments import asked_for
from gradiometer.plugins.registry import MethodEntry

CARRIERS = ("cloudpickle", "dask", "distributed")
"""Packages by which what is measured travels."""

QUEUED_S = 3600.0
"""Time in which the first job of a queue has to begin, seconds."""


@contextmanager
def joined(
    cluster: Any,
    methods: Sequence[MethodEntry],
    options: Options,
    packages: Sequence[str],
    progress: Progress | None = None,
    *,
    pin_kind: bool = False,
) -> Iterator[tuple[Engine, Members]]:
    """Yield a cluster and its nodes; end at last what was started for it.

    Args:
        cluster: What `Where` parses, or a client of Dask's.
        methods: What is to be measured.
        options: How.
        packages: Further packages whose versions have to be the same on all nodes.
        progress: Told whom is waited for.
        pin_kind: Whether all nodes have to be of one kind.

    Raises:
        GradiometerError: If there is no such cluster, or no node of it may measure.
    """
    shared = {package for m in methods if not m.environment for package in m.packages}
    apart = {
        name: ["numpy", *(package for method in asking for package in method.packages)]
        for name, asking in asked_for(methods).items()
    }
    say = (progress or Progress()).say
    with opened(cluster) as engine:
        from gradiometer.cluster.preparing import Preparing

        say(f"preparing the nodes of {engine.where}")
        engine.client.register_plugin(Preparing(options.threads, engine.share))
        asked = Asked(sorted({*CARRIERS, *packages, *shared}), apart)
        members = Members(engine.client, engine.where, asked, look(asked), pin_kind=pin_kind)
        limit_s = QUEUED_S if engine.where.startswith("slurm:") else JOINED_S
        members.join(engine.expected, limit_s, say)
        yield engine, members
