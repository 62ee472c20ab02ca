"""Where the other version of a file is: in git's history, in another folder, or environment.

Each side's workers find modules first where their own version of the code lies, so that a package
that is installed from a working tree is that of the side.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gradiometer.errors import GradiometerError

GIT = "git:"
"""How a revision is told from a folder: `git:main`."""


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Attributes:
        label: What it is called: `working tree`, `git:main`, a folder, an interpreter.
        root: Where its files lie; the others' root is replaced by it.
        search: Folders in which its workers find modules first.
        environment: The folder of the virtual environment of its workers, if it has one.
    """

    label: str
    root: Path
    search: tuple[str, ...]
    environment: str = ""

    def file(self, path: Path, ours: Path) -> Path:
        """Return this version of a file.

        Args:
            path: The file, of our version.
            ours: The root of our version.

        Raises:
            GradiometerError: If this version has none.
        """
        path = path.resolve()
        if self.environment:
            return path
        inside = path.is_relative_to(ours)
        tried = [self.root / path.relative_to(ours)] if inside else []
        tried.append(self.root / path.name)
        for file in tried:
            if file.is_file():
                return file
        raise GradiometerError(f"{self.label} has no {path.name}: expected it at {tried[0]}.")


@contextmanager
def sides(file: Path, against: str, python: str) -> Iterator[tuple[Side, Side]]:
    """Find the other version of a file; yield the old side and the new one.

    Args:
        file: A file of the new version, by which its root is found.
        against: `git:REVISION`, or a folder; empty if only the environment differs.
        python: An interpreter, or the folder of a virtual environment, of the old side.

    Raises:
        GradiometerError: If there is no such revision, folder or environment.
    """
    here = Path.cwd()
    alone = here if file.resolve().is_relative_to(here) else file.resolve().parent
    root = _repository(file.resolve().parent) or alone
    new = Side("working tree", root, _search(root))
    environment = _environment(python) if python else ""
    if not against:
        yield Side(python, root, new.search, environment), new
    elif against.startswith(GIT):
        with tempfile.TemporaryDirectory(prefix="gradiometer-version-") as folder:
            _extract(root, against.removeprefix(GIT), Path(folder))
            yield Side(against, Path(folder), _search(Path(folder)), environment), new
    else:
        other = Path(against).resolve()
        if not other.is_dir():
            raise GradiometerError(
                f"No folder {against!r} to compare with: name one, or git:REVISION."
            )
        yield Side(against, other, _search(other), environment), new


def _repository(folder: Path) -> Path | None:
    done = _git(folder, "rev-parse", "--show-toplevel")
    return Path(done.stdout.decode().strip()) if done.returncode == 0 else None


def _extract(root: Path, revision: str, to: Path) -> None:
    """Write all files of a revision into a folder.

    Raises:
        GradiometerError: If this is no repository, or has no such revision.
    """
    if _repository(root) is None:
        raise GradiometerError(f"{root} is in no git repository: name a folder to compare with.")
    if revision.startswith("-"):  # which git would take for an option
        raise GradiometerError(f"No revision {revision!r} in {root}.")
    done = _git(root, "archive", "--format=tar", revision)
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["git archive failed"]
        raise GradiometerError(f"No revision {revision!r} in {root}: {told[-1]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(to, filter="data")


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(folder), *words], capture_output=True)
    except FileNotFoundError:
        return subprocess.CompletedProcess(words, 1, b"", b"git is not installed")


def _search(root: Path) -> tuple[str, ...]:
    """Return the folders of a version in which packages lie: `src`, if there is one, and itself."""
    return tuple(str(folder) for folder in (root / "src", root) if folder.is_dir())


def _environment(python: str) -> str:
    """Return the folder of a virtual environment, named by itself or by its interpreter.

    Raises:
        GradiometerError: If it has no interpreter.
    """
    given = Path(python).absolute()  # not resolved: an environment's interpreter is a link
    folder = given.parent.parent if given.is_file() else given
    if not (folder / "bin" / "python").exists():
        raise GradiometerError(
            f"No environment at {python!r}: expected its folder, or its interpreter, bin/python."
        )
    return str(folder)
