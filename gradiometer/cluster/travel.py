"""How problems and methods come to a node: files by their content, which is checked on arrival.

What is built in is found in the node's own installation, whose code is the same (`nodes`); what a
caller made travels by value, as to any worker. Of a file its folder's other Python files travel
too, which it may import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from gradiometer.errors import GradiometerError
from gradiometer.measure.plan import Plan
from gradiometer.plugins.address import Address
from gradiometer.plugins.loader import built_in
from gradiometer.plugins.registry import KINDS, MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.case import Case, Cell

MOST_BYTES = 4 * 2**20
"""Size of the Python files of a folder up to which all of them travel."""

Entry = TypeVar("Entry", ProblemEntry, MethodEntry)


@dataclass(frozen=True)
class Folder:
    """A folder's Python files.

    Attributes:
        digest: SHA-256 of their names and contents.
        files: Their contents by name.
    """

    digest: str
    files: Mapping[str, bytes]

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Return the folder that a file lies in, with as many others of its files as may travel.

        Raises:
            GradiometerError: If the file cannot be read.
        """
        beside = [each for each in sorted(path.parent.glob("*.py")) if each.is_file()]
        if sum(each.stat().st_size for each in beside) > MOST_BYTES:
            beside = [path]
        try:
            files = {each.name: each.read_bytes() for each in beside}
        except OSError as error:
            raise GradiometerError(f"{path} cannot be sent to nodes: {error.strerror}.") from error
        return cls(digest(files), files)

    def write(self, below: Path) -> Path:
        """Write it below a folder, and return where it lies.

        Raises:
            GradiometerError: If its content is not what was sent.
        """
        if digest(self.files) != self.digest:
            raise GradiometerError("a plugin's files did not arrive as they were sent.")
        folder = below / self.digest[:16]
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder


@dataclass(frozen=True)
class Package:
    """What a node is sent once: problems and methods of a plan, and the files that hold them.

    Attributes:
        problems: The problems.
        methods: The methods, in the order of the plan.
        folders: The folders of their files, by the paths that they have where they come from.
    """

    problems: Sequence[ProblemEntry]
    methods: Sequence[MethodEntry]
    folders: Mapping[str, Folder]

    @classmethod
    def of(cls, plan: Plan) -> Package:
        """Return what the cells of a plan need that can be tried.

        Raises:
            GradiometerError: If a file cannot be read.
        """
        tried = [cell for cell in plan.cells if cell not in plan.ended]
        names = dict.fromkeys(cell.case.problem for cell in tried)
        problems = [plan.registry.problems[name] for name in names]
        folders: dict[str, Folder] = {}
        addresses: list[Address[Any]] = [entry.address for entry in problems]
        for path in map(_file, [*addresses, *(entry.address for entry in plan.methods)]):
            if path is not None and str(path.parent) not in folders:
                folders[str(path.parent)] = Folder.read(path)
            elif path is not None and path.name not in folders[str(path.parent)].files:
                files = {**folders[str(path.parent)].files, path.name: path.read_bytes()}
                folders[str(path.parent)] = Folder(digest(files), files)
        return cls(problems, plan.methods, folders)

    def unpacked(self, below: Path) -> Registry:
        """Write the files below a folder, and return what they hold.

        Raises:
            GradiometerError: If a file did not arrive as it was sent.
        """
        places = {path: folder.write(below) for path, folder in self.folders.items()}
        registry = Registry()
        registry.problems = {e.name: e for e in _moved(self.problems, places)}
        registry.methods = {e.name: e for e in _moved(self.methods, places)}
        return registry

    def plan(self, below: Path) -> Plan:
        """Return a plan with all of its methods, each in one cell of the first problem."""
        registry = self.unpacked(below)
        (first, *_) = self.problems
        case = Case(first.name, first.labels[0], "value", first.dtype)
        return Plan([Cell(case, method.name) for method in self.methods], registry)


def digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of files: of their names and contents, in order of name."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name} {len(files[name])} ".encode() + files[name])
    return whole.hexdigest()


def _file(address: Address[Any]) -> Path | None:
    """Return the file that has to travel for an address, if one has."""
    if address.called is not None:
        return address.called.path
    return None if address.built_in else address.path


def _moved(entries: Iterable[Entry], places: Mapping[str, Path]) -> list[Entry]:
    return [replace(entry, address=_address(entry.address, places)) for entry in entries]


def _address(address: Address[Any], places: Mapping[str, Path]) -> Address[Any]:
    """Return where a node finds what an address names."""
    called, path = address.called, address.path
    if called is not None and called.path is not None:
        folder = places[str(called.path.parent)]
        search = str(folder) if called.search == str(called.path.parent) else called.search
        moved = replace(called, path=folder / called.path.name, search=search)
        return replace(address, called=moved)
    if path is None:
        return address
    if address.built_in:
        kind = next(kind for kind in KINDS if address.module.startswith(f"gradiometer.{kind}."))
        return replace(address, path=(built_in(kind) / path.name).resolve())
    return replace(address, path=places[str(path.parent)] / path.name)
