"""What is not Gradiometer's own is executed, and described, in a process of its own (`describe`).

What a file does when it is loaded, its author decides: it may hang, print, change settings, or end
the process. The process tells each file that it begins with; one that takes too long is left out,
and told as broken.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import Pipe
from pathlib import Path

from gradiometer.errors import GradiometerError
from gradiometer.plugins.registry import Broken, Registry

LIMIT_S = 60.0
"""Seconds that a file may take: frameworks take several to import."""

START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from gradiometer.plugins.describe import main; main(int(sys.argv[1]))"
)
"""The process finds modules where this one does, Gradiometer itself among them."""


def described(extra: Sequence[str | Path], limit_s: float | None = None) -> Registry:
    """Return everything that can be found, described by another process.

    Args:
        extra: Files, or folders of files, with problems and methods.
        limit_s: Seconds that each may take, `LIMIT_S` by default.

    Raises:
        GradiometerError: If an extra path does not exist, or brings nothing, or a name is taken
            twice.
    """
    paths, limit = [str(Path(each)) for each in extra], limit_s or LIMIT_S
    ended: dict[str, str] = {}
    while True:
        found = _asked(paths, list(ended), limit)
        if isinstance(found, Registry):
            break
        path, reason = found
        if not path or path in ended:
            raise GradiometerError(f"plugins cannot be described: {reason}.")
        ended[path] = reason
    for path, reason in ended.items():
        name = Path(path)
        told = f"{name.name} failed to load: {reason}"
        found.broken.append(Broken("methods", name.stem, told, name))
    return found


def _asked(paths: list[str], left_out: list[str], limit_s: float) -> Registry | tuple[str, str]:
    """Return what a process finds; or the file that it does not come to an end of, and why."""
    ours, theirs = Pipe()
    command = [sys.executable, "-P", "-c", START, str(theirs.fileno()), *sys.path]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,  # Ctrl-C is for who asks
    )
    theirs.close()
    begun = ""
    try:
        ours.send((paths, left_out))
        while True:
            if not ours.poll(limit_s):
                return begun, f"it takes longer than {limit_s:g} s; leave that to functions"
            what, told = ours.recv()
            if what == "error":
                raise GradiometerError(told)
            if what == "found":
                registry: Registry = told
                return registry
            begun = told
    except EOFError:
        return begun, f"it ended the process (exit code {process.wait()})"
    finally:
        process.kill()
        process.wait()
        ours.close()
