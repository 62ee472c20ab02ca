"""Runs a hand-written backward pass, and catches what its variables hold while it runs."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.checking.reading import Unreadable
from gradiometer.errors import GradiometerError, describe
from gradiometer.intermediates.naming import subscript
from gradiometer.intermediates.watching import Binding, Watch
from gradiometer.reference.refusals import users
from gradiometer.vocabulary.point import Point


@dataclass(frozen=True)
class Local:
    """What a variable of a hand-written pass held.

    Attributes:
        base: The variable, or the list that it is an element of.
        label: Its name: numbered where the variable was bound again.
        numbers: What it held.
    """

    base: str
    label: str
    numbers: Any


@dataclass(frozen=True)
class Pass:
    """A hand-written pass that has run.

    Attributes:
        name: What to call it.
        locals: What its variables held, in the order in which they were bound.
        returned: What it returned.
        fault: Why that cannot be read, if so.
    """

    name: str
    locals: list[Local]
    returned: list[Any]
    fault: str = ""


def run(
    name: str,
    backward: Callable[..., Any],
    point: Point,
    cotangents: Mapping[str, Any],
    written: Callable[..., Any],
) -> Pass:
    """Run a hand-written backward pass under a watch, as `backprop` calls it.

    Args:
        name: What to call it.
        backward: It, called with the inputs, the cotangents, and the given values by name.
        point: The point.
        cotangents: Cotangents of the outputs that it takes, by name; of scalar problems none.
        written: The function that is watched: `backward`, or what that calls.

    Raises:
        GradiometerError: If it raises an exception.
    """
    watch = Watch(_numbers, _same, frozenset(_file(written)))
    arrays = [_argument(a) for a in (*point.inputs.values(), *cotangents.values())]
    given = {key: _argument(a) for key, a in point.given.items()}
    try:
        with np.errstate(all="ignore"), watch:
            returned = backward(*arrays, **given)
    except Unreadable as error:
        return Pass(name, _locals(watch.bindings), [], str(error))
    except Exception as error:
        own = [f for f in traceback.extract_tb(error.__traceback__) if users(f.filename)]
        where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
        raise GradiometerError(f"{name} raised {describe(error)}{where}.") from error
    several = isinstance(returned, list | tuple)
    return Pass(name, _locals(watch.bindings), list(returned) if several else [returned])


def _locals(bindings: Sequence[Binding]) -> list[Local]:
    """Return what the pass itself bound; elements of a list as it was at last, in order."""
    if not bindings:
        return []
    own = [each for each in bindings if each.code is bindings[0].code and not each.passed]
    whole: dict[tuple[str, str], list[Any]] = {}
    for each in own:
        if each.variable != "_":
            whole.setdefault((each.variable, each.element), []).append(each.value)
    found = []
    for (variable, element), several in whole.items():
        name = variable + element
        if element:
            found.append(Local(variable, name, several[-1]))
            continue
        for number, numbers in enumerate(several, 1):
            label = f"{name}{subscript(number)}" if len(several) > 1 else name
            found.append(Local(variable, label, numbers))
    return found


def _argument(a: Any) -> Any:
    """Return an array as a hand-written pass is given it; numbers are Python's."""
    if a.ndim:
        return np.array(a)
    return a[()] if a.dtype == np.float32 else a.item()


def _numbers(x: Any) -> Any:
    """Return the numbers of a value, to be kept; `None` of what holds none.

    Counts are none, and neither are booleans.
    """
    if isinstance(x, float | np.floating):
        return x
    if isinstance(x, int) and not isinstance(x, bool):
        return None
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size:
        return _Kept(x)
    return None


class _Kept:
    """An array, and what was in it when it was seen."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.copy = array.copy()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.copy, dtype)


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, _Kept) and isinstance(now, _Kept):
        return before.array is now.array and np.array_equal(before.copy, now.copy, equal_nan=True)
    return before is now


def _file(function: Any) -> list[str]:
    code = getattr(function, "__code__", None)
    return [code.co_filename] if code is not None else []
