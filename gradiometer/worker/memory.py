"""Peak resident memory of a piece of work in this process, from the kernel's own account.

Linux keeps a high-water mark of each process's resident set; writing `5` to `clear_refs` sets it
back to the present level (man 5 proc). Elsewhere there is no figure.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Self

CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


class Peak:
    """A context manager: afterwards, `bytes` is the peak over the level at its start.

    `bytes` is `None` where the kernel gives no account.
    """

    bytes: int | None = None
    _before: int | None = None

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            CLEAR.write_text("5")
            self._before = _status("VmRSS")
        return self

    def __exit__(self, *details: object) -> None:
        peak = _status("VmHWM")
        if self._before is not None and peak is not None:
            self.bytes = max(0, peak - self._before)


def _status(name: str) -> int | None:
    """Return a line of /proc/self/status in bytes."""
    with contextlib.suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None
