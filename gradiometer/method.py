"""A method: one configured way to differentiate, in one tool and one mode.

This is what the author of a file in `methods/` meets. Only `namespace`, `array` and `gradient`
are required. A method must not know the harness that measures it, nor any other method.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

from gradiometer.errors import Unsupported
from gradiometer.problem import Array, Point, Problem

Mode = Literal["manual", "numerical", "symbolic", "forward", "reverse"]
Prepared = Callable[..., Any]


class Primal:
    """A problem's function in one tool's arrays: `f(inputs, given) -> native scalar`.

    Attributes:
        problem: The problem, for methods that need more than its value (its backward pass).
        xp: The tool's array namespace.
        point: The point of preparation, for methods that need shapes before the first call.
    """

    def __init__(self, problem: Problem, xp: Any, point: Point) -> None:
        self.problem = problem
        self.xp = xp
        self.point = point
        self._function = problem.function
        self.__name__ = problem.name

    def __call__(self, inputs: tuple[Any, ...], given: dict[str, Any]) -> Any:
        """Return the function's value at native inputs and given values."""
        return self._function(self.xp, *inputs, **given)


class Method:
    """How one tool differentiates; derive a class, give it a name, and fill in three functions.

    Attributes:
        name: Registered name, kebab-case.
        mode: Manual, numerical, symbolic, forward or reverse.
        package: Import name of the library it needs, if any.
        extra: Gradiometer's extra that installs it, if there is one.
        digits: Decimal digits promised of a derivative in float64.
        exact: Whether rounding is the only error. An exact method is held to its promise in each
            component, as far as rounding allows; one with a truncation error in the norm.
        tool: The family whose worker process it shares; set by the loader to the file's stem.
        fault: Why its file could not be loaded, if so.
    """

    name: str = ""
    mode: Mode = "reverse"
    package: str | None = None
    extra: str | None = None
    digits: float = 12.0
    exact: bool = True
    tool: str = ""
    fault: str | None = None

    def setup(self, threads: int) -> None:
        """Configure the tool once, after its import: precision, threads."""

    def namespace(self) -> Any:
        """Return the tool's array functions: a module, or a `Namespace` with overrides."""
        raise NotImplementedError

    def array(self, a: Array) -> Any:
        """Return a NumPy array as the tool's own, of the same dtype."""
        raise NotImplementedError

    def variable(self, a: Array) -> Any:
        """Return an array that will be differentiated; the same as `array` for most tools."""
        return self.array(a)

    def value(self, f: Primal) -> Prepared:
        """Return the prepared primal, called as `arguments` says."""
        return f

    def gradient(self, f: Primal) -> Prepared:
        """Return the prepared gradient: one derivative an input, in order, as native arrays."""
        raise Unsupported(f"Method {self.name!r} has no gradient.")

    def arguments(
        self, inputs: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the positional and keyword arguments of a prepared callable."""
        return (inputs, given), {}

    @property
    def wait(self) -> Callable[[Any], Any] | None:
        """The tool's function that blocks until a result is finished; `None` where calls block."""
        return None

    def evaluations(self, n: int) -> int | None:
        """Return how many primal evaluations one derivative costs, where that grows with `n`.

        The harness multiplies by the measured primal, and skips a cell whose forecast exceeds the
        budget.
        """
        return None

    def declines(self, n: int) -> str | None:
        """Return why the method will not attempt `n` scalar inputs, with a forecast."""
        return None

    @property
    def missing(self) -> str | None:
        """Why the method cannot run here: its library is not installed. Imports nothing."""
        if self.package is None or _findable(self.package):
            return None
        wanted = f"gradiometer[{self.extra}]" if self.extra else self.package
        return f"{self.package} is not installed: pip install '{wanted}'"


def _findable(package: str) -> bool:
    """Return whether a library can be imported.

    Asks the finders alone; `importlib.util.find_spec` would ask a lazy module, and so import it.
    """
    path: Sequence[str] | None = None
    name = ""
    for part in package.split("."):
        name = f"{name}.{part}" if name else part
        finders = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((found for found in finders if found is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True
