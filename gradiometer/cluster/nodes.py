"""What a node is: its machine, its versions, its code; and whether it may measure for a run."""

from __future__ import annotations

import functools
import hashlib
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradiometer
from gradiometer.measure.environment import describe_machine, kind_of_machine
from gradiometer.plugins.environments import Environment
from gradiometer.plugins.loader import built_in
from gradiometer.plugins.registry import KINDS
from gradiometer.worker import cores

SLOT = "slot"
"""The resource of which a node offers one, and of which each case takes one."""


@dataclass(frozen=True)
class Asked:
    """What a node is asked about.

    Attributes:
        packages: Packages whose versions have to be the same.
        environments: Packages of each environment of methods that are installed apart.
    """

    packages: Sequence[str]
    environments: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Facts:
    """What a process tells of itself and of its machine.

    Attributes:
        host: The machine's name.
        machine: Its facts, versions of packages among them: `environment.describe_machine`.
        code: SHA-256 of Gradiometer's own files.
    """

    host: str
    machine: dict[str, Any]
    code: str

    @property
    def kind(self) -> str:
        """The kind of machine: times of one are compared with each other."""
        return kind_of_machine(self.machine)


@dataclass
class Node:
    """A node that measures.

    Attributes:
        address: Where the engine reaches it.
        name: What records call it.
        facts: What it told of itself.
        noise: How steady it was so far, as `run.json` keeps it.
        cases: How many cases it has measured.
        opened: Whether it has what it needs for the run.
        met: Other runs that were measured on it at the same time.
    """

    address: str
    name: str
    facts: Facts
    noise: dict[str, Any] = field(default_factory=dict)
    cases: int = 0
    opened: bool = False
    met: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The kind of machine that it is."""
        return self.facts.kind

    def record(self) -> dict[str, Any]:
        """Return what `run.json` keeps of it; versions are those of the run's environment."""
        told = {k: v for k, v in self.facts.machine.items() if k != "versions"}
        return {"machine": self.kind, **told, "cases": self.cases, "noise": self.noise}


def look(asked: Asked) -> Facts:
    """Return the facts of this process and its machine."""
    machine = describe_machine(asked.packages)
    machine["cores"] = len(cores.ALLOWED) or machine["cores"]
    for name, packages in asked.environments.items():
        told = Environment(name).versions(packages)
        machine["versions"] |= {f"{package} ({name})": told[package] for package in told}
    return Facts(socket.gethostname(), machine, code())


@functools.cache
def code() -> str:
    """Return the SHA-256 of Gradiometer's own Python files, as they are when first asked."""
    folders = {"gradiometer": Path(gradiometer.__file__).parent}
    folders |= {kind: built_in(kind) for kind in KINDS}
    whole = hashlib.sha256()
    for name, folder in folders.items():
        for file in sorted(folder.rglob("*.py")):
            where = file.relative_to(folder).as_posix()
            if name == "gradiometer" and where.partition("/")[0] in KINDS:
                continue  # an installed package has them inside: they are read as what they are
            content = file.read_bytes()
            whole.update(f"{name}/{where} {len(content)} ".encode() + content)
    return whole.hexdigest()


def differences(node: Facts, ours: Facts) -> list[str]:
    """Return what of a node is not as it is where the run was started, a text each."""
    theirs, here = _versions(node), _versions(ours)
    found = [
        f"{name} {theirs.get(name, 'not installed')} instead of {here.get(name, 'none')}"
        for name in sorted({*theirs, *here})
        if theirs.get(name) != here.get(name)
    ]
    if not found and node.code != ours.code:
        found.append(f"other code of Gradiometer ({node.code[:8]} instead of {ours.code[:8]})")
    return found


def mixed(kinds: Collection[str]) -> str:
    """Return, of several kinds of machine, which there are; empty where there is one."""
    return "; ".join(sorted(set(kinds))) if len(set(kinds)) > 1 else ""


def free_name(host: str, taken: Collection[str]) -> str:
    """Return what a node on a host is called: `host`, where others are there `host-2`, and on."""
    names = (host if number == 1 else f"{host}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _versions(facts: Facts) -> dict[str, str]:
    return {"Python": facts.machine["python"], **facts.machine["versions"]}
