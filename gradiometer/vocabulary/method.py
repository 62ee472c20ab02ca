"""A method: one configured way to differentiate, in one tool and one mode.

This is what the author of a file in `methods/` meets. Only `namespace` and one of
`gradient`, `vjp` and `jvp` are required: the other operators are derived where they are
not overridden (`gradiometer.vocabulary.derivation`). A method must not know the harness that
measures it, nor any other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.dtype import DTYPES
from gradiometer.vocabulary.namespace import typed
from gradiometer.vocabulary.point import Point, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array

Mode = Literal["manual", "numerical", "symbolic", "forward", "reverse"]
Prepared = Callable[..., Any]
Digits = Mapping[str, tuple[float, float | None]]


@dataclass(frozen=True)
class Target:
    """What a tool is set up for.

    Attributes:
        threads: Threads (and cores) that it may use.
        device: What computes; `cpu` is the only one so far.
        dtype: What the numbers are.
    """

    threads: int = 1
    device: str = "cpu"
    dtype: str = "float64"


class Primal:
    """A problem's function in one tool's arrays: `f(inputs, given) -> native output`.

    The output is a native scalar; of a vector problem, one array, or a tuple of several.

    Attributes:
        problem: The problem, for methods that need more than its value (its backward pass).
        xp: The tool's array namespace; arrays that it makes anew are of the point's dtype.
        point: The point of preparation, for methods that need values before the first call.
        signature: The shapes of inputs and outputs.
    """

    def __init__(self, problem: Problem, xp: Any, point: Point, signature: Signature) -> None:
        self.problem = problem
        self.xp = typed(xp, point.dtype)
        self.point = point
        self.signature = signature
        self._function = problem.function
        self.__name__ = problem.name

    def __call__(self, inputs: tuple[Any, ...], given: dict[str, Any]) -> Any:
        """Return the function's value at native inputs and given values."""
        return self._function(self.xp, *inputs, **given)

    def step(self, usual: float) -> float:
        """Return the step that differences of this function take, relative to max(1, |x|).

        It is the method's usual one, unless the error is studied against the step (`gradiometer
        stepsize`): methods derived from `Differences` ask for their step here.
        """
        return usual


class Method:
    """How one tool differentiates; derive a class, give it a name, and fill in three functions.

    An operator's function returns a prepared callable, which takes `(inputs, given)` and, for
    `jvp`, `vjp` and `hvp`, a third tuple: one direction array an input (tangents), or one an output
    (cotangents).

    Attributes:
        name: Registered name, kebab-case.
        mode: Manual, numerical, symbolic, forward or reverse.
        requires: Import names of the libraries it needs; the first is the tool's own.
        package: What pip installs, where that is called otherwise than what is imported.
        extra: Gradiometer's extra that installs them, if there is one.
        environment: A name for an environment of their own, where they do not resolve with other
            tools' libraries; empty where they do. Methods of one name share it.
        environ: Environment variables that its libraries read when they are imported; they are set
            before that, in the tool's process.
        digits: Decimal digits promised of a first and of a second derivative, by dtype. Where there
            are none, or a second is `None`, the method is unsupported.
        exact: Whether rounding is the only error. An exact method is held to its promise in each
            component, as far as rounding allows; one with a truncation error in the norm.
        composes: Whether it can differentiate its own gradient, from which second derivatives are
            then derived.
        tool: The family whose worker process it shares: the stem of its file, or its own name.
        primal: A name for what it evaluates as a problem's value. Methods of a tool that give the
            same name evaluate the same, with the same arrays and compiled in the same way: that is
            measured once. Empty where it has a primal of its own.
    """

    name: str = ""
    mode: Mode = "reverse"
    requires: tuple[str, ...] = ()
    package: str = ""
    extra: str | None = None
    environment: str = ""
    environ: ClassVar[Mapping[str, str]] = {}
    digits: ClassVar[Digits] = {each.name: each.digits for each in DTYPES.values()}
    exact: bool = True
    composes: bool = False
    tool: str = ""
    primal: str = ""

    def __repr__(self) -> str:
        about = (type(self).__doc__ or "").partition("\n")[0].rstrip(".")
        told = "; ".join(filter(None, (f"{self.mode} mode", about)))
        return f"{type(self).__name__}({self.name}: {told})"

    def setup(self, target: Target) -> None:
        """Configure the tool for this method, after its import: precision, threads.

        Called again whenever the process turns to cells of another target.
        """

    def namespace(self) -> Any:
        """Return the tool's array functions: a module, or a `Namespace` with overrides."""
        raise NotImplementedError

    def array(self, a: Array) -> Any:
        """Return a NumPy array as the tool's own, of the same dtype; as it is by default."""
        return a

    def variable(self, a: Array) -> Any:
        """Return an array that will be differentiated; the same as `array` for most tools."""
        return self.array(a)

    def value(self, f: Primal) -> Prepared:
        """Return the prepared primal, called as `arguments` says."""
        return f

    def gradient(self, f: Primal) -> Prepared:
        """Return the prepared gradient: one derivative an input, in order, as native arrays."""
        raise Unsupported(f"Method {self.name!r} has no gradient.")

    def jacobian(self, f: Primal) -> Prepared:
        """Return the prepared Jacobian: one matrix (outputs, inputs), or blocks an input.

        Blocks have the output's shape followed by the input's, one an input in a tuple; of a
        problem with several outputs, a tuple of such tuples.
        """
        raise Unsupported(f"Method {self.name!r} has no Jacobian.")

    def hessian(self, f: Primal) -> Prepared:
        """Return the prepared Hessian: a matrix (inputs, inputs), or tuples of tuples of blocks."""
        raise Unsupported(f"Method {self.name!r} has no Hessian.")

    def jvp(self, f: Primal) -> Prepared:
        """Return the prepared pushforward of tangents: as the output, the primal left out."""
        raise Unsupported(f"Method {self.name!r} has no jvp.")

    def vjp(self, f: Primal) -> Prepared:
        """Return the prepared pullback of cotangents: one array an input, in order."""
        raise Unsupported(f"Method {self.name!r} has no vjp.")

    def hvp(self, f: Primal) -> Prepared:
        """Return the prepared product of Hessian and tangents: one array an input, in order."""
        raise Unsupported(f"Method {self.name!r} has no hvp.")

    def finish(self, prepared: Prepared) -> Prepared:
        """Return a native operator as this variant runs it: compiled, say; unchanged by default."""
        return prepared

    def result(self, native: Any) -> Any:
        """Return a finished answer as `gradiometer.vocabulary.operators` says; it is not timed."""
        return native

    def arguments(
        self, inputs: tuple[Any, ...], given: dict[str, Any], *directions: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the positional and keyword arguments of a prepared callable."""
        return (inputs, given, *directions), {}

    @property
    def wait(self) -> Callable[[Any], Any] | None:
        """The tool's function that blocks until a result is finished; `None` where calls block."""
        return None

    def evaluations(self, operator: str, n: int, m: int) -> int | None:
        """Return how many primal evaluations one call of an operator costs, where that grows.

        Of `n` scalar inputs and `m` scalar outputs. The harness multiplies by the measured primal,
        and skips a cell of which seven calls are forecast to exceed the budget.
        """
        return None

    def declines(self, operator: str, n: int, m: int) -> str | None:
        """Return why it will not attempt `n` scalar inputs and `m` outputs, with a forecast."""
        return None


def missing(requires: Sequence[str], package: str = "") -> str | None:
    """Return why a method cannot run here: a library is not installed. Imports nothing.

    Args:
        requires: The libraries, by their import names.
        package: What pip installs, where that is called otherwise.
    """
    for library in requires:
        if not findable(library):
            return f"{library} is not installed: pip install {package or library.partition('.')[0]}"
    return None


def findable(
    library: str, finders: Sequence[Any] | None = None, path: Sequence[str] | None = None
) -> bool:
    """Return whether a library, or a module in one, can be imported.

    Asks the finders alone; `importlib.util.find_spec` would ask a lazy module, and so import it.

    Args:
        library: Its import name.
        finders: What is asked; by default all that this process asks.
        path: Folders that are looked through; by default those of this process.
    """
    name = ""
    for part in library.split("."):
        name = f"{name}.{part}" if name else part
        specs = (each.find_spec(name, path) for each in finders or sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True
