"""What the process does that executes plugins, and describes what they hold (`describing`)."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError
from gradiometer.plugins import loader


def answer(connection: Connection) -> None:
    """Describe what is asked for, in the process that executes it."""
    paths, left_out = connection.recv()

    def begins(path: str) -> None:
        connection.send(("begins", path))

    message: tuple[str, Any]
    try:
        registry = loader.load_here(paths, list(map(Path, left_out)), begins)
        registry.forget_objects()
        message = "found", registry
    except GradiometerError as error:
        message = "error", str(error)
    connection.send(message)


def main(fd: int) -> None:
    """Answer what is asked for on a pipe."""
    with Connection(fd) as connection:
        answer(connection)
