"""What stands for a module of the user's, its names and its memoised functions in copies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from gradiometer.tracing.array import Traced

OF_A_MODULE = ("__name__", "__package__", "__spec__", "__file__", "__path__")

Copy = Callable[[Any], Any]
Changes = list[Callable[[], bool]]
"""Each tells whether an evaluation changed something."""


class Globals(dict[str, Any]):
    """A module's names, each copied when it is first used."""

    def __init__(self, copy: Copy, names: dict[str, Any], own: Any) -> None:
        super().__init__({k: names[k] for k in OF_A_MODULE if k in names} | {"__builtins__": own})
        self._copy = copy
        self._names = names
        self._held = dict(self)

    def __missing__(self, name: str) -> Any:
        self._held[name] = self[name] = found = self._copy(self._names[name])
        return found

    @property
    def changed(self) -> bool:
        """Whether a name was bound anew."""
        return self.keys() != self._held.keys() or not same(self.values(), self._held.values())


class Module:
    """A module of the user's, each of its names copied when it is first used."""

    def __init__(self, copy: Copy, changes: Changes, module: ModuleType) -> None:
        self.__dict__.update(_copy=copy, _changes=changes, _module=module)

    def __getattr__(self, name: str) -> Any:
        found = self._copy(getattr(self._module, name))
        self.__dict__[name] = found
        self._changes.append(lambda: self.__dict__.get(name) is not found)
        return found


class Memoised:
    """A memoised function, which remembers for one evaluation; arrays are told by identity."""

    def __init__(self, function: Any, changes: Changes) -> None:
        self.__wrapped__ = function
        self._results: dict[Any, Any] = {}
        self._kept: list[Any] = []
        changes.append(lambda: bool(self._results))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result, remembered or made."""
        named = ((k, _identity(v)) for k, v in kwargs.items())
        key = (*map(_identity, args), *named)
        if key not in self._results:
            self._kept.append((args, kwargs))
            self._results[key] = self.__wrapped__(*args, **kwargs)
        return self._results[key]

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def cache_clear(self) -> None:
        """Forget the results."""
        self._results.clear()


def _identity(x: Any) -> Any:
    return id(x) if isinstance(x, Traced) else x


def attributes(x: Any) -> dict[str, Any]:
    """Return an instance's attributes, those in slots included."""
    slots = [s for c in type(x).__mro__ for s in _slots(c)]
    return {s: getattr(x, s) for s in slots if hasattr(x, s)} | getattr(x, "__dict__", {})


def _slots(cls: type) -> list[str]:
    slots = vars(cls).get("__slots__", ())
    return [s for s in ([slots] if isinstance(slots, str) else slots) if s[:2] != "__"]


def same(these: Any, those: Any) -> bool:
    """Return whether two sequences hold the very same objects."""
    these, those = list(these), list(those)
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))
