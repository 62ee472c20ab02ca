"""Starts a node: a worker of Dask with the settings under which timing is undisturbed.

    python -m gradiometer.cluster.node tcp://HOST:PORT

Further arguments are those of `dask worker`, such as `--name` and `--tls-cert`.
"""

from __future__ import annotations

import os
import sys

from gradiometer.cluster.nodes import SLOT
from gradiometer.cluster.settings import SETTINGS
from gradiometer.measure.environment import ONE_SETTING_EACH

ARGUMENTS = (
    "--nworkers", "1", "--nthreads", "1", "--resources", f"{SLOT}=1", "--memory-limit", "0",
    "--no-dashboard",
)  # fmt: skip


def main() -> None:
    """Start a node, which ends with its scheduler."""
    os.environ.update(dict.fromkeys(ONE_SETTING_EACH, "1"))
    import dask
    from distributed.cli import dask_worker

    dask.config.set(SETTINGS)
    dask_worker.main([*ARGUMENTS, *sys.argv[1:]])


if __name__ == "__main__":
    main()
