"""Three hosts on this machine: network namespaces on a bridge, where root can make them.

Where they cannot be made, all is on the loopback address, and no link can be cut.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

NET = "10.231.7"
"""The first three numbers of their addresses."""

HOSTS, BRIDGE = ("gm1", "gm2", "gm3"), "gm-bridge"
LOST_S = 15
"""Seconds without a word after which the scheduler gives up a node."""

PYTHON = (sys.executable, "-m")


@dataclass
class Cluster:
    """A scheduler, and a node on each host.

    Attributes:
        address: Where the scheduler listens.
        processes: The scheduler's, and those of the nodes.
        hosts: The names of the hosts, if they are some.
    """

    address: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    hosts: Sequence[str] = ()

    def cut(self, host: str) -> None:
        """Part a host from the others, who hear nothing of it."""
        _ip("link", "set", f"{host}-out", "down")

    def mend(self, host: str) -> None:
        """Let a host be reached again."""
        _ip("link", "set", f"{host}-out", "up")


def possible() -> bool:
    """Return whether hosts can be made."""
    with _hosts() as made:
        return bool(made)


@contextmanager
def cluster(folder: str) -> Iterator[Cluster]:
    """Yield a cluster of three nodes that work in a folder."""
    with _hosts() as hosts:
        here = f"{NET}.1" if hosts else "127.0.0.1"
        with socket.socket() as free:
            free.bind((here, 0))
            port = free.getsockname()[1]
        made = Cluster(f"tcp://{here}:{port}", hosts=hosts)
        where = ("--host", here, "--port", str(port), "--no-dashboard")
        node = (*PYTHON, "gradiometer.cluster.node", made.address)
        commands: list[tuple[str, ...]] = [(*PYTHON, "distributed.cli.dask_scheduler", *where)]
        commands += [("ip", "netns", "exec", host, *node) for host in hosts] or [node] * 3
        environ = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{LOST_S} s"}
        none = subprocess.DEVNULL
        try:
            for command in commands:
                started = subprocess.Popen(
                    command, cwd=folder, env=environ, stdout=none, stderr=none
                )
                made.processes.append(started)
            yield made
        finally:
            for process in reversed(made.processes):
                process.terminate()
            for process in made.processes:
                try:
                    process.wait(LOST_S)
                except subprocess.TimeoutExpired:  # it still hopes to reach the others
                    process.kill()
                    process.wait()


@contextmanager
def _hosts() -> Iterator[Sequence[str]]:
    """Make the hosts, and remove them at last; yield none where they cannot be made."""
    if os.geteuid() or not shutil.which("ip") or not _ip("link", "add", BRIDGE, "type", "bridge"):
        yield ()
        return
    try:
        _ip("addr", "add", f"{NET}.1/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        for number, host in enumerate(HOSTS, start=11):
            outer, inner, own = f"{host}-out", f"{host}-in", ("-n", host)
            _ip("netns", "add", host)
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", host)
            _ip("link", "set", outer, "master", BRIDGE, "up")
            _ip(*own, "addr", "add", f"{NET}.{number}/24", "dev", inner)
            _ip(*own, "link", "set", inner, "up")
            _ip(*own, "link", "set", "lo", "up")
        yield HOSTS
    finally:
        for host in HOSTS:
            _ip("netns", "del", host)
        _ip("link", "del", BRIDGE)


def _ip(*words: str) -> bool:
    """Return whether a command of `ip` succeeds."""
    return subprocess.run(["ip", *words], capture_output=True).returncode == 0
