"""What is told of long work while it goes on."""

from __future__ import annotations

from pathlib import Path


class Progress:
    """Listens to long work, and shows nothing of it; derive from it to show it."""

    def start(self, planned: int, done: int, folder: Path | None) -> None:
        """Begin to follow.

        Args:
            planned: Rows that will be kept.
            done: Rows of them that are kept already.
            folder: Where they are kept, if they are.
        """

    def warn(self, text: str) -> None:
        """Hear, in a sentence, what makes the work worth less."""

    def say(self, text: str) -> None:
        """Hear in a few words what is being done."""

    def advance(self, text: str) -> None:
        """Hear that a row was kept, and of what."""
