"""The command line that a run is measured by, which is kept with it, so that it can be repeated."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

COMMAND: ContextVar[str] = ContextVar("command", default="")
"""As a shell takes it; empty where a run is measured from Python."""


def came_by(arguments: Sequence[str]) -> None:
    """Note the arguments of the command that is being carried out."""
    COMMAND.set(shlex.join(["gradiometer", *arguments]))
