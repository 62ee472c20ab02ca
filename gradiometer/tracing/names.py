"""What stands for NumPy's, `math`'s and SciPy's names: a function of the tables, or a refusal."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing import (
    algebra,
    choices,
    creation,
    elementwise,
    joining,
    pythons,
    rearranged,
    reductions,
    special,
    universal,
)
from gradiometer.tracing.kinds import STAND_INS
from gradiometer.tracing.refusals import RANDOM, refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

ROOTS = ("numpy", "math", "cmath", "scipy", "numbers")
"""Packages whose names have stand-ins."""

Rule = Callable[..., Any]

TABLES: dict[str, dict[str, Rule]] = {
    "numpy": elementwise.TABLE | choices.TABLE | reductions.TABLE | rearranged.TABLE | joining.TABLE
    | creation.TABLE | algebra.TABLE,
    "numpy.lib.stride_tricks": rearranged.WINDOWS,
    "numpy.linalg": algebra.LINALG,
    "math": pythons.TABLE,
    "scipy.special": special.TABLE,
    "scipy.linalg": algebra.SCIPY,
}  # fmt: skip
"""What stands for functions, by module: rules that are called with `nx` first."""

UNFOLDED = frozenset({
    "numpy.apply_along_axis", "numpy.apply_over_axes", "numpy.fromfunction", "numpy.fromiter",
    "numpy.frompyfunc", "numpy.ndenumerate", "numpy.piecewise", "math.fsum", "math.prod",
    "math.sumprod",
})  # fmt: skip
"""Functions whose arguments do not show all arrays: functions may hold some, or iterators."""


INITIALISED = {id(np.empty): np.zeros, id(np.empty_like): np.zeros_like}
"""What stands for functions whose results are nothing that can be certified."""


class Facade:
    """Stands for a module.

    Args:
        names: What finds stand-ins.
        module: The module.
    """

    def __init__(self, names: Names, module: ModuleType) -> None:
        self._names = names
        self._module = module

    def __getattr__(self, name: str) -> Any:
        module = self._module
        found = getattr(module, name)
        if module.__name__.startswith("numpy.random") or module.__name__ == "cmath":
            return self._names.forbidden(f"{module.__name__}.{name}")
        found = self._names.standing_for(found, f"{module.__name__}.{name}")
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return dir(self._module)


class Names:
    """Finds what stands for an object of NumPy's, `math`'s or SciPy's.

    Args:
        nx: What rules are called with.
    """

    def __init__(self, nx: NumPyLike) -> None:
        self.nx = nx
        self._found: dict[int, Any] = {}
        self._facades: dict[str, Facade] = {}

    def module(self, module: ModuleType) -> Facade:
        """Return what stands for a module."""
        return self._facades.setdefault(module.__name__, Facade(self, module))

    def standing_for(self, x: Any, label: str = "") -> Any:
        """Return what stands for an object; the object itself where nothing does."""
        if isinstance(x, ModuleType):
            if type(x) is not ModuleType:
                return x  # lazy: asking it for anything would import it
            return self.module(x) if x.__name__.partition(".")[0] in ROOTS else x
        if isinstance(x, type):
            if x is np.vectorize:
                return functools.partial(universal.vectorize, self.nx)
            if id(x) not in _rules():
                return STAND_INS.get(x, x)
        if isinstance(x, np.random.Generator | np.random.RandomState):
            return self.forbidden("numpy.random")
        if isinstance(x, np.vectorize):
            return universal.vectorize(self.nx, x.pyfunc)
        x = INITIALISED.get(id(x), x)
        if not callable(x) or not _of_roots(x) or (isinstance(x, type) and id(x) not in _rules()):
            return x
        if id(x) not in self._found:
            rule, name = _rules().get(id(x), (None, label or _label(x)))
            self._found[id(x)] = universal.Function(
                self.nx, name, x, rule, folds=name not in UNFOLDED
            )
        return self._found[id(x)]

    def forbidden(self, name: str) -> Any:
        """Return what stands for random numbers, and complex ones: it is refused when called."""
        return _Forbidden(name)


class _Forbidden:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Forbidden(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        complex_ = self._name.startswith("cmath")
        raise refusal(
            f"{self._name} is called",
            "functions are of real numbers; write `math`." if complex_ else RANDOM,
        )


def _of_roots(x: Any) -> bool:
    module = getattr(x, "__module__", None) or ""
    return isinstance(x, np.ufunc) or module.partition(".")[0] in ROOTS


def _label(x: Any) -> str:
    module = "numpy" if isinstance(x, np.ufunc) else getattr(x, "__module__", "")
    return f"{module}.{getattr(x, '__name__', type(x).__name__)}"


@functools.cache
def _rules_of(loaded: frozenset[str]) -> dict[int, tuple[Rule, str]]:
    found: dict[int, tuple[Rule, str]] = {}
    for module, table in TABLES.items():
        for name, rule in table.items() if module in loaded else ():
            function = getattr(sys.modules[module], name, None)
            if function is not None:
                found.setdefault(id(function), (rule, f"{module}.{name}"))
    return found


def _rules() -> dict[int, tuple[Rule, str]]:
    """Return the rule for each function of the modules that are loaded, by its identity."""
    return _rules_of(frozenset(name for name in TABLES if name in sys.modules))
