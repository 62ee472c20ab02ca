"""Copies of the user's functions in which NumPy's, `math`'s and SciPy's names mean ours.

Whatever a function reaches is copied with it: globals, closures, defaults, helpers in other files,
classes and their instances, containers, decorated and memoised functions. The originals are read
alone. A name is looked up when it is first used, so that a module is copied as far as it is needed.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from types import CellType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.array import Traced
from gradiometer.tracing.copied import Globals, Memoised, Module, attributes, same
from gradiometer.tracing.pythons import BUILTINS
from gradiometer.tracing.users import users_class, users_function, users_module, users_package

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

MEMOISED = type(functools.lru_cache(lambda: None))
NOT_COPIED = ("__dict__", "__weakref__", "__abstractmethods__", "_abc_impl", "__slots__")


class Copies:
    """Makes copies, each object's once.

    Args:
        nx: What stands for NumPy.
        root: A package that counts as the user's wherever it lies.
    """

    def __init__(self, nx: NumPyLike, root: str = "") -> None:
        self.nx = nx
        self._root = root
        self._made: dict[int, tuple[Any, Any]] = {}
        self._changes: list[Callable[[], bool]] = []
        own = {"__import__": self._import, **BUILTINS}
        self._builtins = vars(builtins) | own

    @property
    def changed(self) -> bool:
        """Whether an evaluation changed a copy that the next one would meet."""
        return any(change() for change in self._changes)

    def copy(self, x: Any) -> Any:
        """Return the copy of an object; the object itself where it is not the user's."""
        if isinstance(x, bool | int | float | str | bytes | type(None) | Traced):
            return x
        if id(x) in self._made:
            return self._made[id(x)][1]
        stands = self.nx.standing_for(x)
        if stands is not x:
            return stands
        rule = next((rule for kind, rule in RULES if isinstance(x, kind)), Copies._instance)
        return rule(self, x)

    def keep(self, x: Any, made: Any) -> Any:
        """Note what an object's copy is."""
        self._made[id(x)] = x, made
        return made

    # By kind.

    def _function(self, f: FunctionType) -> Any:
        if not users_function(f, self._root):
            return f
        cells = tuple(CellType() for _ in f.__closure__ or ())
        made = FunctionType(
            f.__code__, self._globals(f.__globals__), f.__name__, None, cells or None
        )
        self.keep(f, made)
        for own, cell in zip(cells, f.__closure__ or (), strict=True):
            self._fill(own, cell)
        if f.__defaults__:
            made.__defaults__ = tuple(map(self.copy, f.__defaults__))
        if f.__kwdefaults__:
            made.__kwdefaults__ = {k: self.copy(v) for k, v in f.__kwdefaults__.items()}
        made.__dict__.update({k: self.copy(v) for k, v in vars(f).items()})
        made.__qualname__, made.__module__, made.__doc__ = f.__qualname__, f.__module__, f.__doc__
        return made

    def _fill(self, own: CellType, cell: CellType) -> None:
        """Fill a closure's cell; a name that was not bound yet stays unbound."""
        try:
            content = cell.cell_contents
        except ValueError:
            return
        own.cell_contents = held = self.copy(content)
        self._changes.append(lambda: own.cell_contents is not held)

    def _globals(self, names: dict[str, Any]) -> Globals:
        if id(names) not in self._made:
            self.keep(names, made := Globals(self.copy, names, self._builtins))
            self._changes.append(lambda: made.changed)
        return self._made[id(names)][1]  # type: ignore[no-any-return]

    def _method(self, m: MethodType) -> Any:
        return MethodType(self.copy(m.__func__), self.copy(m.__self__))

    def _partial(self, p: functools.partial[Any]) -> Any:
        named = {k: self.copy(v) for k, v in p.keywords.items()}
        made = functools.partial(self.copy(p.func), *map(self.copy, p.args), **named)
        return self.keep(p, made)

    def _memoised(self, f: Any) -> Any:
        made = self.keep(f, Memoised(None, self._changes))
        made.__wrapped__ = self.copy(f.__wrapped__)
        return made

    def _module(self, m: ModuleType) -> Any:
        if not users_package(m, self._root):
            return m
        return self.keep(m, Module(self.copy, self._changes, m))

    def _wrapped(self, x: Any) -> Any:
        return type(x)(self.copy(x.__func__))

    def _property(self, x: property) -> Any:
        parts = (x.fget, x.fset, x.fdel)
        return type(x)(*(None if f is None else self.copy(f) for f in parts))

    def _cached(self, x: functools.cached_property[Any]) -> Any:
        made: Any = functools.cached_property(self.copy(x.func))
        made.attrname = x.attrname
        return made

    def _class(self, cls: type) -> Any:
        if not users_class(cls, self._root):
            return cls
        bases = tuple(map(self.copy, cls.__bases__))
        own = {k: v for k, v in vars(cls).items() if k in ("__orig_bases__", "__parameters__")}
        slots = vars(cls).get("__slots__")
        if slots is not None:
            own["__slots__"] = slots
        made = type(cls)(cls.__name__, bases, own | {"__module__": cls.__module__})
        self.keep(cls, made)
        left = {*NOT_COPIED, *own, *((slots,) if isinstance(slots, str) else slots or ())}
        for name, x in vars(cls).items():
            if name not in left:
                setattr(made, name, self.copy(x))
        if getattr(cls, "__abstractmethods__", None) is not None:
            made.__abstractmethods__ = cls.__abstractmethods__  # type: ignore[attr-defined]
        return made

    def _array(self, a: Any) -> Any:
        made = self.keep(a, self.nx.constant(a.copy()))
        if isinstance(made, Traced):
            native = made.native
            self._changes.append(lambda: made.native is not native)
        else:
            self._changes.append(lambda: not np.array_equal(made, a))
        return made

    def _list(self, x: Any) -> Any:
        made = self.keep(x, type(x)())
        made.extend(map(self.copy, x))
        held = list(made)
        self._changes.append(lambda: not same(made, held))
        return made

    def _dict(self, x: Any) -> Any:
        made = self.keep(x, x.copy())
        made.clear()
        made.update({k: self.copy(v) for k, v in x.items()})
        held = dict(made)
        self._changes.append(
            lambda: list(made) != list(held) or not same(made.values(), held.values())
        )
        return made

    def _tuple(self, x: Any) -> Any:
        parts = [self.copy(each) for each in x]
        if all(a is b for a, b in zip(parts, x, strict=True)):
            return x
        made = type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
        return self.keep(x, made)

    def _set(self, x: Any) -> Any:
        made, held = self.keep(x, set(x)), set(x)
        self._changes.append(lambda: made != held)
        return made

    def _instance(self, x: Any) -> Any:
        if hasattr(x, "py_func"):
            return self.copy(x.py_func)  # compiled by Numba: its Python
        cls = type(x)
        if not (users_module(cls.__module__, self._root) or cls is SimpleNamespace):
            return x
        if getattr(cls, "__new__", None) is not object.__new__ and cls is not SimpleNamespace:
            return x
        made = self.keep(x, object.__new__(self.copy(cls)))
        for name, value in attributes(x).items():
            object.__setattr__(made, name, self.copy(value))
        held = attributes(made)
        self._changes.append(
            lambda: (
                list(attributes(made)) != list(held)
                or not same(attributes(made).values(), held.values())
            )
        )
        return made

    def _import(
        self, name: str, names: Any = None, local: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        return self.copy(builtins.__import__(name, names, local, fromlist, level))


RULES: tuple[tuple[Any, Callable[[Copies, Any], Any]], ...] = (
    (FunctionType, Copies._function),
    (MethodType, Copies._method),
    (functools.partial, Copies._partial),
    (MEMOISED, Copies._memoised),
    (ModuleType, Copies._module),
    (staticmethod | classmethod, Copies._wrapped),
    (property, Copies._property),
    (functools.cached_property, Copies._cached),
    (type, Copies._class),
    (np.ndarray, Copies._array),
    (list, Copies._list),
    (dict, Copies._dict),
    (tuple, Copies._tuple),
    (set, Copies._set),
)
"""How objects are copied, by the first kind that fits; others as instances of their class."""
