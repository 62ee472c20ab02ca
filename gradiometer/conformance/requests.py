"""What a conformance check asks of a worker, beside what is asked when methods are measured."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

from gradiometer.errors import describe
from gradiometer.plugins.address import Address
from gradiometer.plugins.lazily import is_unused
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.point import Argument

if TYPE_CHECKING:
    from gradiometer.worker.tool import Tool

SIZES = ((3, 1), (3, 4))
"""Inputs and outputs at which a method is asked for its costs."""

WRITES = 1
"""The file descriptor of standard output."""


class Described(NamedTuple):
    """What a method says of itself, where its file is loaded for the first time.

    Attributes:
        name: Its name.
        mode: Its mode.
        about: Its docstring.
        primal: What its value is shared by.
        requires: The libraries that it needs.
        imported: Those of them that loading its file imported.
        faults: What its `evaluations` and `declines` return that they should not, in words.
    """

    name: str
    mode: str
    about: str
    primal: object
    requires: tuple[str, ...]
    imported: tuple[str, ...]
    faults: tuple[str, ...]


def listen(tool: Tool, path: str) -> None:
    """Write what is printed on standard output, in C too, to a file from now on."""
    sys.stdout.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, WRITES)
    os.close(file)


def described(tool: Tool, address: Address[Method]) -> Described:
    """Load a method, and return what it says of itself."""
    before = {name for name in sys.modules if _imported(name)}
    method = address.load()
    needed = dict.fromkeys(name.partition(".")[0] for name in method.requires)
    imported = tuple(name for name in needed if name not in before and _imported(name))
    about = inspect.cleandoc(vars(type(method)).get("__doc__") or "")  # its own, not its base's
    told = (method.name, method.mode, about, method.primal)
    return Described(*told, method.requires, imported, tuple(_faults(method)))


def _imported(name: str) -> bool:
    """Return whether a module was imported: one that is to be imported lazily stands there, too."""
    return name in sys.modules and not is_unused(sys.modules[name])


def _faults(method: Method) -> list[str]:
    """Return what the answers to questions of cost should not be."""
    kinds: dict[str, tuple[Any, ...]] = {
        "evaluations": (int, float, type(None)),
        "declines": (str, type(None)),
    }
    found = []
    for question, kind in kinds.items():
        for operator in (name for name, each in OPERATORS.items() if each.differentiates):
            for n, m in SIZES:
                asked = f"{question}({operator!r}, {n}, {m})"
                try:
                    answer = getattr(method, question)(operator, n, m)
                except Exception as error:  # the method's own: it is what is told
                    found.append(f"{asked} raises {describe(error)}")
                    continue
                if not isinstance(answer, kind):
                    found.append(f"{asked} is {answer!r}")
    return found


def call_s(tool: Tool, key: str) -> float:
    """Return the least that a call took, of those that were checked, seconds."""
    return tool.cells[key].call_s


def threads_used(tool: Tool, key: str, at: Sequence[Argument], seconds: float) -> float:
    """Return the CPU time of repeated calls, over their wall time; at least as long as it is said.

    Where other processes want the cores, wall time grows, and the ratio with it falls.
    """
    calls = [tool.ready(key).called(each) for each in at]
    for call, args, kwargs in calls:
        call(*args, **kwargs)
    start, before = time.perf_counter(), time.process_time()
    for call, args, kwargs in cycle(calls):
        call(*args, **kwargs)
        wall = time.perf_counter() - start
        if wall >= seconds:
            break
    return (time.process_time() - before) / wall
