"""Whether mypy accepts a mutant: asked of mypy's daemon, in a copy of the working tree."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import TracebackType
from typing import Self

from copied import copy
from mutants import Mutant

IDLE_S = 900
"""Seconds without a question after which the daemon ends by itself, if nobody else has ended it."""


class Types:
    """A daemon that knows all of the project; a context manager that ends it.

    Args:
        tree: Where its copy is made.
        of: The tree that is copied.
        cache: What mypy keeps for the next time.
    """

    def __init__(self, tree: Path, of: Path, cache: Path) -> None:
        self._tree, self._of = tree, of
        self._options = (
            f"--python-executable={tree / '.venv' / 'bin' / 'python'}", f"--cache-dir={cache}",
            "--cache-fine-grained", "--use-fine-grained-cache",
        )  # fmt: skip

    def __enter__(self) -> Self:
        copy(self._tree, self._of)
        self._hide_skipped()
        self._prepared()
        if self._asked("run", f"--timeout={IDLE_S}", "--", *self._options):
            raise SystemExit("mypy refuses the files as they are: expected none. Run `make lint`.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._asked("kill")

    def accepts(self, mutant: Mutant) -> bool:
        """Whether the project with this mutant passes mypy."""
        path = self._tree / mutant.path
        kept = path.read_bytes()
        path.write_text(mutant.text, encoding="utf-8")
        accepted = not self._asked("run", f"--timeout={IDLE_S}", "--", *self._options)
        path.write_bytes(kept)
        return accepted

    def _hide_skipped(self) -> None:
        """Let mypy find all installed packages but those whose insides `pyproject.toml` skips.

        The daemon follows imports of skipped modules when a file changes (mypy 2.4: a KeyError
        or their faults); one that it does not find is of any type, as a skipped one is.
        """
        settings = tomllib.loads((self._tree / "pyproject.toml").read_text(encoding="utf-8"))
        skipped = {
            override["module"][0].removesuffix(".*")
            for override in settings["tool"]["mypy"]["overrides"]
            if override.get("follow_imports") == "skip"
        }
        found = self._tree / ".packages"
        found.mkdir()
        for package in Path(sysconfig.get_path("purelib")).iterdir():
            if package.name not in skipped:
                (found / package.name).symlink_to(package)
        (paths,) = (self._tree / ".venv").glob("lib/python*/site-packages/*.pth")
        paths.write_text(f"{found}\n", encoding="utf-8")

    def _prepared(self) -> None:
        """Fill the cache, which the daemon reads and does not write."""
        command = [sys.executable, "-m", "mypy", "--cache-fine-grained", *self._options[:2]]
        subprocess.run(command, cwd=self._tree, stdout=subprocess.DEVNULL, check=False)

    def _asked(self, *words: str) -> int:
        command = [sys.executable, "-m", "mypy.dmypy", "--status-file", ".dmypy.json", *words]
        quiet = subprocess.DEVNULL  # no pipe, which the daemon would hold open
        return subprocess.run(command, cwd=self._tree, stdout=quiet, stderr=quiet).returncode
