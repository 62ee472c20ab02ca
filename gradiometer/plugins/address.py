"""Where a worker process finds a problem or a method.

What came from a file is loaded there from the same file. What the caller made (in a notebook, say)
travels by value.
"""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from gradiometer.errors import GradiometerError, describe
from gradiometer.plugins.files import Plugin, collect, load_file
from gradiometer.plugins.own import Called
from gradiometer.tracing.users import users_package
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

T = TypeVar("T", Problem, Method)

BUILT_IN = ("gradiometer.problems.", "gradiometer.methods.")
"""How the modules of the built-in folders are named."""


@dataclass(frozen=True)
class Address(Generic[T]):
    """A module and a name in it, or the pickled object itself.

    Attributes:
        kind: `Problem` or `Method`.
        name: The registered name.
        module: The module that defines it.
        path: The module's file; `None` where it is importable.
        pickled: The object, where it has no module that a worker could load.
        called: The function of the user's that it is made of, where it is one.
    """

    kind: type[T]
    name: str
    module: str = ""
    path: Path | None = None
    pickled: bytes = b""
    called: Called | None = None

    @property
    def built_in(self) -> bool:
        """Whether the object came with Gradiometer."""
        return self.module.startswith(BUILT_IN)

    def load(self) -> T:
        """Return the object.

        Raises:
            GradiometerError: If its module no longer defines it.
        """
        if self.pickled:
            import cloudpickle  # of the benchmark's libraries

            return cast(T, cloudpickle.loads(self.pickled))
        if self.called is not None:
            made: Any = _made(self.called, self.name)
            return cast(T, made)
        path, name = self.path, self.module
        module = import_module(name) if path is None else load_file(name, path)
        for item in collect(module):
            if item.name == self.name and isinstance(item, self.kind):
                return item
        raise GradiometerError(f"{self.module} no longer defines {self.name!r}.")


@functools.cache
def _made(called: Called, name: str) -> Problem:
    """Return the problem of a function; made once a process, since the function is called."""
    return called.problem(name)


def by_value(item: T) -> Address[T]:
    """Return an address that holds the object itself, with its own module's code.

    Raises:
        GradiometerError: If it cannot travel by value.
    """
    import cloudpickle

    kind: Any = Problem if isinstance(item, Problem) else Method
    sources = _sources(item)
    try:
        for source in sources:
            cloudpickle.register_pickle_by_value(source)
        return Address(kind, item.name, pickled=cloudpickle.dumps(item))
    except Exception as error:
        raise GradiometerError(
            f"{item.name!r} cannot be sent to a worker process ({describe(error)}): put it into a "
            "file of its own, and name the file as a plugin."
        ) from error
    finally:
        for source in sources:
            cloudpickle.unregister_pickle_by_value(source)


def _sources(item: Plugin) -> list[ModuleType]:
    """Return the modules whose code travels with an object: its own; all of a function's user."""
    if isinstance(item, Problem) and isinstance(item.function, Written):
        named = [name for name in sys.modules if name.startswith("gradiometer.files.")]
        named += [name for name in sys.modules if not name.startswith("gradiometer")]
        return [
            module
            for name in named
            if name != "__main__"
            and isinstance(module := sys.modules[name], ModuleType)
            and users_package(module)
            and not name.startswith("__mp_")
        ]
    name = home(item)
    source = None if name == "__main__" else sys.modules.get(name)
    return [] if source is None else [source]


def home(item: Plugin) -> str:
    """Return the module that an object's code is in."""
    return item.written.__module__ if isinstance(item, Problem) else type(item).__module__
