"""How a problem or a method gets from the coordinator into a worker process.

What came from a file is loaded there from the same file. What the caller made (in a notebook, say)
travels by value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import cloudpickle

from gradiometer.errors import GradiometerError, describe
from gradiometer.method import Method
from gradiometer.plugins import collect, load_file
from gradiometer.problem import Problem


@dataclass(frozen=True)
class Ticket:
    """Where a worker finds an object: a module and a name in it, or the pickled object itself."""

    name: str
    tool: str
    module: str = ""
    path: Path | None = None
    pickled: bytes = b""


def pack(item: Problem | Method, origins: Mapping[str, Path | None]) -> Ticket:
    """Return a ticket for an object.

    Raises:
        GradiometerError: If it has no file, and cannot travel by value.
    """
    tool = item.tool if isinstance(item, Method) else ""
    module = home(item)
    if module in origins:
        return Ticket(item.name, tool, module, origins[module])
    source = sys.modules.get(module)
    by_value = source is not None and module != "__main__"
    try:
        if source is not None and by_value:
            cloudpickle.register_pickle_by_value(source)
        return Ticket(item.name, tool, pickled=cloudpickle.dumps(item))
    except Exception as error:
        raise GradiometerError(
            f"{item.name!r} cannot be sent to a worker process ({describe(error)}): put it into a "
            "file of its own, and name the file as a plugin."
        ) from error
    finally:
        if source is not None and by_value:
            cloudpickle.unregister_pickle_by_value(source)


def unpack(ticket: Ticket) -> Problem | Method:
    """Return the object that a ticket stands for; called in the worker."""
    if ticket.pickled:
        item: Problem | Method = cloudpickle.loads(ticket.pickled)
        return item
    if ticket.path is not None:
        module = load_file(ticket.module, ticket.path)
    else:
        module = import_module(ticket.module)
    found = [i for i in collect(module, ticket.tool) if i.name == ticket.name]
    if not found:
        raise GradiometerError(f"{ticket.module} no longer defines {ticket.name!r}.")
    return found[0]


def home(item: Problem | Method) -> str:
    """Return the module that an object was defined in."""
    return item.written.__module__ if isinstance(item, Problem) else type(item).__module__
