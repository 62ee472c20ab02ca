"""The array vocabulary `xp` that problem functions are written in.

`xp` follows the names of the Python array API standard (2024.12). A tool's own module usually has
them; a `Namespace` puts a method's overrides before that module, and behind it the few functions
that the standard lacks. A name found nowhere raises `UnsupportedOperation`, so that a cell ends as
`unsupported` with the operation's name instead of disappearing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.composed import COMPOSED


class Namespace:
    """A tool's array functions, completed.

    Args:
        module: What the tool offers under the standard's names, e.g. `numpy` or `jax.numpy`.
        overrides: Functions that replace or complete the module's, by name.
        special: Finds special functions by SciPy's names, for a module that has none.

    Example:
        >>> import numpy
        >>> xp = Namespace(numpy)
        >>> float(xp.sigmoid(0.0))
        0.5
    """

    def __init__(
        self,
        module: Any,
        overrides: Mapping[str, Any] | None = None,
        special: Callable[[str], Any] | None = None,
    ) -> None:
        self._module = module
        self._special = special
        self.__dict__.update(overrides or {})

    def __getattr__(self, name: str) -> Any:
        # Reached once a name: what is found stays as an attribute, so that calls pay nothing.
        if name.startswith("__"):
            raise AttributeError(name)
        if hasattr(self._module, name):
            found = getattr(self._module, name)
            if isinstance(found, ModuleType):
                found = Namespace(found)  # `linalg`: what it lacks has a name, too
        elif name in SPECIAL and self._special is not None:
            found = self._special(SPECIAL[name])
        elif name in BEYOND_THE_STANDARD:
            found = functools.partial(BEYOND_THE_STANDARD[name], self)
        else:
            origin = getattr(self._module, "__name__", type(self._module).__name__)
            raise UnsupportedOperation(f"{origin} has no operation {name!r}.")
        setattr(self, name, found)
        return found


BEYOND_THE_STANDARD = COMPOSED
SPECIAL = {
    name: name for name in (
        "erf", "erfc", "erfinv", "gamma", "digamma", "j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1",
        "polygamma",
    )
} | {"lgamma": "gammaln"}  # fmt: skip
"""Special functions, by SciPy's names."""


ALWAYS_REAL = ("empty", "eye", "linspace", "ones", "zeros")
AS_GIVEN = ("arange", "asarray", "full")
"""Functions that make arrays anew: of real numbers, or of the kind of numbers they are given."""


def typed(xp: Any, dtype: str) -> Any:
    """Return the namespace with what it makes anew of one dtype, that of the point.

    Left to themselves, tools make doubles (NumPy), single precision (PyTorch, TensorFlow), or what
    a flag says (JAX), and a computation would go on in the wider of this and the point's.
    """
    own = getattr(xp, dtype, None)
    if own is None or isinstance(xp, _Typed):
        return xp
    return _Typed(xp if isinstance(xp, Namespace) else Namespace(xp), own)


class _Typed(Namespace):
    """A namespace that makes real numbers anew in one dtype, unless it is told another.

    Args:
        module: What it completes.
        dtype: The tool's own object for the dtype.
    """

    def __init__(self, module: Any, dtype: Any) -> None:
        super().__init__(module)
        self._dtype = dtype

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._module, name)
        if name in (*ALWAYS_REAL, *AS_GIVEN):
            found = functools.partial(_made, found, self._dtype, always=name in ALWAYS_REAL)
        setattr(self, name, found)
        return found


def _made(make: Any, own: Any, /, *given: Any, always: bool, **options: Any) -> Any:
    """Return what a tool makes, in its own dtype where real numbers are made into an array."""
    kinds = [] if always else [_kinds(each) for each in (*given, *options.values())]
    real = always or ("f" in "".join(kinds) and "?" not in "".join(kinds))
    return make(*given, **({"dtype": own} if real else {}) | options)


def _kinds(x: Any) -> str:
    """Return the kinds of numbers, `f` of real ones; `?` of what is no number but a tool's own."""
    if isinstance(x, list | tuple):
        return "".join(map(_kinds, x))
    if isinstance(x, bool | int | float | np.ndarray | np.generic):
        return np.asarray(x).dtype.kind.replace("O", "?").replace("c", "?")
    return "?"
