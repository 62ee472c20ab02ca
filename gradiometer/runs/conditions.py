"""Under which conditions a run was measured, by the names that they are told by; what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradiometer.runs import machines

VERSION = "version of "
"""How a package's version is told from the other conditions."""


def conditions(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return processor, cores, system, Python, way of timing, versions and options of a run.

    Args:
        info: What `run.json` says.
    """
    machine = info.get("environment", {})
    return {
        "processor": machine.get("cpu"),
        "cores": machine.get("cores"),
        "system": machine.get("system"),
        "Python": machine.get("python"),
        "timing": info.get("timing"),
        **{f"{VERSION}{name}": version for name, version in machine.get("versions", {}).items()},
        **{f"option {name}": value for name, value in info.get("options", {}).items()},
    }


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return what differs between two runs: by its name, `2.1 → 2.2`; a dash where one has none."""
    was, now = conditions(old), conditions(new)
    names = dict.fromkeys([*was, *now])
    pairs = ((name, was.get(name), now.get(name)) for name in names)
    return {
        name.removeprefix(VERSION): f"{_told(before)} → {_told(after)}"
        for name, before, after in pairs
        if before != after
    }


def machine(info: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells one machine from another: times of one are compared with each other.

    A run of several kinds of machine is like no other.
    """
    kinds = sorted(machines.kinds(info))
    return (*kinds, info.get("id")) if len(kinds) > 1 else tuple(kinds)


def _told(value: Any) -> str:
    return "–" if value is None else str(value)
