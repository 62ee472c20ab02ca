"""Opens Dask: reaches a scheduler that runs, or starts one with its nodes, and ends what it began.

The only file that knows how the engine is started. A scheduler that is started here listens on the
loopback address, but where its nodes are on other machines.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from gradiometer.cluster.nodes import SLOT
from gradiometer.cluster.settings import SETTINGS
from gradiometer.cluster.where import Where
from gradiometer.errors import GradiometerError

REACHED_S = 10.0
"""Time in which a scheduler has to answer, seconds."""

ORPHANED_S = 30.0
"""Time after which a node on another machine ends that finds no scheduler, seconds."""

NO_DASHBOARD = {"dashboard": False, "dashboard_address": ":0"}
"""For a scheduler: a web server of Dask's is left out, and what is left of it has any free port."""

NODE = "gradiometer.cluster.node"
"""The module that starts a node as it should be."""


@dataclass(frozen=True)
class Engine:
    """A cluster that can be asked.

    Attributes:
        client: Dask's client.
        where: What it is called.
        expected: Nodes that were asked for; 1 where they came by themselves.
        share: Nodes that share this machine; 0 where they are not of its making.
    """

    client: Any
    where: str
    expected: int = 1
    share: int = 0


@contextmanager
def opened(cluster: Any) -> Iterator[Engine]:
    """Yield a cluster, and end at last what was started for it.

    Args:
        cluster: What `Where` parses, or a client of Dask's.

    Raises:
        GradiometerError: If it names none, or a library is missing, or no scheduler answers.
    """
    distributed = _library("distributed", "distributed")
    if isinstance(cluster, distributed.Client):
        yield Engine(cluster, str(cluster.scheduler.address))
        return
    where = cluster if isinstance(cluster, Where) else Where.parsed(str(cluster))
    import dask

    with dask.config.set(SETTINGS), _silent():
        if where.kind == "address":
            with _client(distributed, where.address, where) as client:
                yield Engine(client, str(where))
            return
        start = {"local": _local, "ssh": _ssh, "slurm": _slurm}[where.kind]
        made, expected = start(where)
        with made as started, _client(distributed, started, where) as client:
            yield Engine(client, str(where), expected, where.workers)


def slurm(file: Path) -> tuple[Any, int]:
    """Return SLURM's cluster as a file describes it, and the number of its nodes.

    Args:
        file: YAML: `nodes`, a job each, and arguments of `dask_jobqueue.SLURMCluster`; its `cores`
            are those that a job is given.

    Raises:
        GradiometerError: If it is not such a description, or a library is missing.
    """
    yaml, jobqueue = _library("yaml", "pyyaml"), _library("dask_jobqueue", "dask-jobqueue")
    try:
        told = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise GradiometerError(f"{file} cannot be read: {error}.") from error
    if not isinstance(told, dict) or not isinstance(told.get("nodes"), int) or "cores" not in told:
        raise GradiometerError(
            f"{file} describes no jobs: expected nodes, cores, memory, and what else "
            "dask_jobqueue.SLURMCluster takes (queue, account, walltime, interface)."
        )
    nodes, cores = told.pop("nodes"), told.pop("cores")
    usual = {"python": sys.executable, "job_cpu": cores, "processes": 1, "cores": 1}
    extra = [*told.pop("worker_extra_args", ()), "--memory-limit", "0"]
    try:
        cluster = jobqueue.SLURMCluster(
            **(usual | told),
            worker_command=NODE,
            worker_extra_args=extra,
            scheduler_options=NO_DASHBOARD | told.pop("scheduler_options", {}),
        )
    except (TypeError, ValueError) as error:
        raise GradiometerError(f"{file} describes no jobs: {error}.") from error
    return cluster, nodes


def _local(where: Where) -> tuple[Any, int]:
    distributed: Any = import_module("distributed")
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)  # a node that imports the script, which is told below
    try:
        cluster = distributed.LocalCluster(
            n_workers=where.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            memory_limit=0,
            resources={SLOT: 1},
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise GradiometerError(
            f"The nodes of {where} cannot be started: {error} In a script, what starts them stands "
            "behind `if __name__ == '__main__':`, since each node imports it."
        ) from error
    return cluster, where.workers


def _ssh(where: Where) -> tuple[Any, int]:
    _library("asyncssh", "asyncssh")
    from distributed import SSHCluster

    try:
        cluster = SSHCluster(
            [where.hosts[0], *where.hosts],
            worker_options={
                "nthreads": 1,
                "memory_limit": 0,
                "resources": {SLOT: 1},
                "death_timeout": ORPHANED_S,  # else what its nanny starts again waits for ever
            },
            scheduler_options={"port": 0} | NO_DASHBOARD,
            remote_python=sys.executable,
        )
    except Exception as error:  # whatever ssh, or what it starts, raises
        raise GradiometerError(f"{where} cannot be started: {error}.") from error
    return cluster, len(where.hosts)


def _slurm(where: Where) -> tuple[Any, int]:
    cluster, nodes = slurm(where.file)
    cluster.scale(jobs=nodes)
    return cluster, nodes


@contextmanager
def _client(distributed: Any, scheduler: Any, where: Where) -> Iterator[Any]:
    """Yield a client.

    Raises:
        GradiometerError: If no scheduler answers.
    """
    try:
        client = distributed.Client(scheduler, timeout=REACHED_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise GradiometerError(
            f"No scheduler answers at {where} within {REACHED_S:g} s: start one with "
            "`dask scheduler`, or check the address."
        ) from error
    with client:
        yield client


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the engine from telling on stderr what is told here: nodes that come and go."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncssh")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _library(name: str, package: str) -> Any:
    """Return a library that clusters need.

    Raises:
        GradiometerError: If it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise GradiometerError(f"{name} is not installed: pip install {package}.") from None
