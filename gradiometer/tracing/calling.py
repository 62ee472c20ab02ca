"""What a function is called with: its arguments bound, its inputs told from the rest."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.tracing.arguments import Leaves, results, wrong
from gradiometer.tracing.at import drawn
from gradiometer.tracing.function import OwnFunction
from gradiometer.tracing.lazy import lazy_modules_hidden
from gradiometer.tracing.users import users_file

Argnums = int | str | Sequence[int | str] | None


class Calling:
    """A function and what it is called with.

    Args:
        function: The function.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        argnums: Which of them are differentiated; see `own_problem`.
        at: Further arguments.
        root: A package of the user's that is installed.
    """

    def __init__(
        self, function: Any, args: Any, kwargs: Any, argnums: Argnums, at: Any, root: str
    ) -> None:
        self.function = function
        self.title, self.where = title(function), where(function)
        self.drawn, self._at = drawn(at)
        self._args, self._kwargs, self._argnums = args, kwargs, argnums
        self._root = root
        if inspect.isclass(function):
            raise GradiometerError(
                f"{self.title!r} is a class: expected a function. Name an instance that can be "
                "called, or a method of one."
            )
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise GradiometerError(
                f"{self.title!r} is an async function: expected a plain one. Write `def`."
            )
        if not callable(function):
            what = type(function).__name__
            raise GradiometerError(
                f"{what} cannot be called: expected a function. Pass it first, its arguments "
                "behind it."
            )
        try:
            self._signature = inspect.signature(function)
        except (TypeError, ValueError):  # NumPy's universal functions
            kind = inspect.Parameter.POSITIONAL_ONLY
            count = max(len(args), getattr(function, "nin", 0))
            names = ("x", "y", "z", "u", "v", "w")[:count]
            self._signature = inspect.Signature([inspect.Parameter(n, kind) for n in names])
        self.program: Any = None

    def leaves(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the values of inputs and given values; the first time, make the program."""
        bound = self._bound(rng)
        leaves, given = Leaves(self.title), Leaves(self.title)
        chosen = self._chosen(bound)

        def taken(parameter: str, x: Any) -> Any:
            if parameter in chosen:
                return leaves.take(parameter, x)
            return given.take(parameter, x, held=True)

        positional: list[Any] = []
        named: dict[str, Any] = {}
        for parameter, x in bound.arguments.items():
            kind = self._signature.parameters[parameter].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                positional += [taken(parameter, each) for each in x]
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named |= {k: leaves.take(k, v) for k, v in x.items()}
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                named[parameter] = taken(parameter, x)
            else:
                positional.append(taken(parameter, x))
        clash = set(leaves.values) & set(given.values)
        if clash:
            raise GradiometerError(f"Two arguments are named {sorted(clash)[0]!r}: rename one.")
        if self.program is None:
            if not leaves.values:
                raise GradiometerError(self._nothing(bound))
            names = tuple(leaves.values), tuple(given.values)
            self.program = OwnFunction(self.function, positional, named, *names, root=self._root)
        return leaves.values | given.values

    def inputs(self, size: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the inputs."""
        self._state = rng.bit_generator.state
        found = self.leaves(rng)
        return {k: found[k] for k in self.program.names[0]}

    def given(self, size: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the given values, from where the inputs were drawn: they belong together."""
        again = np.random.default_rng(0)
        again.bit_generator.state = self._state
        found = self.leaves(again)
        return {k: found[k] for k in self.program.names[1]}

    def outcome(self, values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what the function returns, by names, called once as it is.

        Args:
            values: Those of inputs and given values, by name.

        Raises:
            GradiometerError: If it fails, or returns what has no derivative.
        """
        try:
            with np.errstate(all="ignore"), lazy_modules_hidden():
                returned = self.program.run(values)
        except GradiometerError:
            raise
        except Exception as error:
            raise self.failure(error) from error
        what = wrong(returned) or _no_array(returned)
        if what:
            raise GradiometerError(f"{self.title!r} returns {what}")
        found = results(returned)
        for name, y in found.items():
            kind = np.asarray(y).dtype.kind if not isinstance(y, str | None) else "O"
            no = "" if kind == "f" else f"{type(y).__name__}: expected real numbers."
            if what := wrong(y) or no:
                raise GradiometerError(f"{self.title!r} returns {what}{name and f' ({name})'}")
        if not found:
            raise GradiometerError(
                f"{self.title!r} returns no real number: expected a float or arrays."
            )
        self.program.outputs = tuple(found)
        return {name: np.shape(y) for name, y in found.items()}

    def failure(self, error: Exception) -> GradiometerError:
        """Return what is raised where the function fails, with the user's line."""
        own = [f for f in traceback.extract_tb(error.__traceback__) if users_file(f.filename)]
        at = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
        return GradiometerError(f"{self.title!r} fails when it is called: {describe(error)}{at}.")

    def _bound(self, rng: np.random.Generator) -> inspect.BoundArguments:
        args, more = self._at(rng)
        kwargs = self._kwargs | more
        parameters = self._signature.parameters
        open_ = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        for each in kwargs:
            if each not in parameters and not open_:
                raise UnknownName(f"argument of {self.title!r}", each, list(parameters))
        positional = list(self._args or args)
        left = list(parameters.values())[len(positional) :]
        only = [p.name for p in left if p.kind is p.POSITIONAL_ONLY and p.name in kwargs]
        positional += [kwargs.pop(each) for each in only]
        try:
            bound = self._signature.bind(*positional, **kwargs)
        except TypeError as error:
            missing = [
                p.name
                for p in list(parameters.values())[len(positional) :]
                if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
                and p.name not in kwargs
            ]  # fmt: skip
            if not missing:
                raise GradiometerError(f"{self.title!r} cannot be called so: {error}.") from None
            options = " ".join(f"--at {each}=…" for each in missing)
            raise GradiometerError(
                f"{self.title!r} has no value for {', '.join(map(repr, missing))}: expected an "
                f"argument each. Give {options} (2.0, normal:3x4, or a file), or pass them in "
                "Python."
            ) from None
        if not _numpys(self.function):
            bound.apply_defaults()  # NumPy's mark what was left out, and take no other value
        return bound

    def _chosen(self, bound: inspect.BoundArguments) -> set[str]:
        """Return the names of the arguments that are differentiated.

        Raises:
            GradiometerError: If one of `argnums` is none of them.
        """
        parameters = list(self._signature.parameters.values())
        names = [p.name for p in parameters]
        if self._argnums is not None:
            several = self._argnums
            listed = [several] if isinstance(several, int | str) else several
            for each in listed:
                fits = each in names if isinstance(each, str) else -len(names) <= each < len(names)
                if not fits:
                    raise UnknownName(f"argument of {self.title!r}", str(each), names)
            return {each if isinstance(each, str) else names[each] for each in listed}
        first = names[: len(self._args)]
        needed = [
            p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY
        ]
        return set(first) | set(needed) or set(names)

    def _nothing(self, bound: inspect.BoundArguments) -> str:
        kinds = {k: type(v).__name__ for k, v in bound.arguments.items()}
        told = ", ".join(f"{k} is {v}" for k, v in kinds.items()) or "it has no arguments"
        return (
            f"{self.title!r} has no real number to differentiate ({told}): expected floats, or "
            "arrays of floats. Write 2.0 for 2, or say which arguments by `argnums` (--wrt)."
        )


def _no_array(returned: Any) -> str:
    if returned is None:
        return "None: expected a number or arrays. End it by `return`."
    if isinstance(returned, str):
        return "a str: expected a number or arrays."
    if isinstance(returned, bool | int | np.bool_ | np.integer):
        kind = type(returned).__name__
        return f"{kind}: expected a float. A count has no derivative; write 1.0 for 1."
    return ""


def _numpys(function: Any) -> bool:
    """Return whether a function is one of NumPy's own."""
    module = getattr(function, "__module__", None) or ""
    return isinstance(function, np.ufunc) or module.partition(".")[0] == "numpy"


def title(function: Any) -> str:
    """Return a function's name as a problem's: in kebab-case."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", "")
    if not name or name in ("__call__", "<lambda>"):
        held = getattr(function, "__self__", function)
        name = "function" if name == "<lambda>" else type(held).__name__
    return str(name).replace("_", "-").strip("-").lower() or "function"


def where(function: Any) -> str:
    """Return the file and line that a function is written at."""
    function = inspect.unwrap(function) if callable(function) else function
    function = getattr(function, "func", function)
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = type(function).__call__
    code = getattr(function, "__code__", None)
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}" if code else ""
