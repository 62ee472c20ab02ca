"""The settings of Dask under which timing is undisturbed and nothing waits for ever.

A node's engine samples its own stacks every 10 ms, asks for the interpreter's lock every ms and
watches memory, unless it is told not to; work moves between nodes; tasks of lost nodes begin anew.
"""

from __future__ import annotations

from typing import Any

from gradiometer.measure.environment import ONE_SETTING_EACH

SETTINGS: dict[str, Any] = {
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(ONE_SETTING_EACH, "1"),
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-ttl": "60 s",
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
}
"""Threads are set before a node's process loads NumPy: a nanny starts it with these variables."""

DISTURBING = ("MALLOC_TRIM_THRESHOLD_",)
"""Variables that a nanny sets otherwise, and that tools' processes would inherit."""
