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
from gradiometer.plugins.loader import collect, load_file
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True)
class Address:
    """Where a worker finds an object: a module and a name in it, or the pickled object itself."""

    name: str
    tool: str
    module: str = ""
    path: Path | None = None
    pickled: bytes = b""


def pack(item: Problem | Method, origins: Mapping[str, Path | None]) -> Address:
    """Return a address for an object.

    Raises:
        GradiometerError: If it has no file, and cannot travel by value.
    """
    tool = item.tool if isinstance(item, Method) else ""
    module = home(item)
    if module in origins:
        return Address(item.name, tool, module, origins[module])
    source = sys.modules.get(module)
    by_value = source is not None and module != "__main__"
    try:
        if source is not None and by_value:
            cloudpickle.register_pickle_by_value(source)
        return Address(item.name, tool, pickled=cloudpickle.dumps(item))
    except Exception as error:
        raise GradiometerError(
            f"{item.name!r} cannot be sent to a worker process ({describe(error)}): put it into a "
            "file of its own, and name the file as a plugin."
        ) from error
    finally:
        if source is not None and by_value:
            cloudpickle.unregister_pickle_by_value(source)


def unpack(address: Address) -> Problem | Method:
    """Return the object that a address stands for; called in the worker."""
    if address.pickled:
        item: Problem | Method = cloudpickle.loads(address.pickled)
        return item
    if address.path is not None:
        module = load_file(address.module, address.path)
    else:
        module = import_module(address.module)
    found = [i for i in collect(module, address.tool) if i.name == address.name]
    if not found:
        raise GradiometerError(f"{address.module} no longer defines {address.name!r}.")
    return found[0]


def home(item: Problem | Method) -> str:
    """Return the module that an object was defined in."""
    return item.written.__module__ if isinstance(item, Problem) else type(item).__module__
