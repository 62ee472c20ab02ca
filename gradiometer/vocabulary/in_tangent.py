"""A problem's function as source that tangent reads: straight-line NumPy, an operation a line.

It is spelled so that tangent's rules hold in both modes, and once more on their own result:
division that broadcasts is `numpy.divide`, a mean is a sum, axes are tuples, constants are
parameters. What tangent has no rule for is left to it to refuse.
"""

from __future__ import annotations

import contextlib
import operator
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.graph import Constant, Named, Operation, Value, call_method, substitute
from gradiometer.vocabulary.like_numpy import OLDER
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import SPECIAL
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.straight_line import straight_line

INFIX: dict[Any, str] = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.lt: "<", operator.le: "<=",
    operator.gt: ">", operator.ge: ">=", operator.eq: "==", operator.ne: "!=",
}  # fmt: skip
PREFIX: dict[Any, str] = {operator.neg: "-", operator.pos: "+"}
COMPARISONS = tuple(INFIX)[3:]
CALLED: dict[Any, str] = {
    operator.truediv: "divide", operator.pow: "power", operator.abs: "abs", operator.mod: "mod",
    operator.floordiv: "floor_divide", operator.and_: "logical_and", operator.or_: "logical_or",
    operator.xor: "logical_xor", operator.invert: "logical_not",
}  # fmt: skip
"""Python's operators, as NumPy's functions: tangent's `/` sums nothing that was broadcast, and the
tangent of its `**` leaves the exponent's out."""

REDUCTIONS = ("max", "mean", "min", "prod", "sum")
OWN = ("logaddexp", "relu", "softplus")
"""Functions that are not composed of simpler ones: what they are composed of compares."""

OF_SHAPES = ("empty_like", "full_like", "ones_like", "zeros_like")
"""Functions whose result depends on no component of an array."""


@dataclass(frozen=True)
class Source:
    """A function as source.

    Attributes:
        text: The source; its function is `f`.
        function: It, as Python's; parameters are the constants, the inputs, the given values.
        constants: Arrays that are part of the program.
        inputs: The numbers of the parameters that are inputs.
        values: How many parameters are no constants.
        operations: Their names, each once.
        lines: How many there are.
        several: Whether it returns several arrays.
        forward: Why tangent's forward mode cannot transform it, or nothing.
    """

    text: str
    function: Callable[..., Any]
    constants: tuple[Any, ...]
    inputs: tuple[int, ...]
    values: int
    operations: tuple[str, ...]
    lines: int
    several: bool
    forward: str


def source_of(f: Primal, modules: dict[str, Any]) -> Source:
    """Return a problem's function as source.

    Args:
        f: The function.
        modules: What the source refers to: `numpy`, `scipy`, `tangent`.

    Raises:
        Unsupported: If it is no straight line.
        UnsupportedOperation: If an operation cannot be written as one.
    """
    steps, result = straight_line(f, OWN, matrices_too=True)
    inputs = [f"x{k}" for k in range(len(f.point.inputs))]
    given = [f"g{k}" for k in range(len(f.point.given))]
    values = [*f.point.inputs.values(), *f.point.given.values()]
    writer = _Writer([*inputs, *given], values, np.dtype(f.point.dtype))
    for step in steps:
        writer.add(step)
    returned = substitute(result, lambda leaf: _Word(writer.text(leaf)))
    body = "".join(f"    {line}\n" for line in [*writer.lines, f"return {returned!r}"])
    parameters = ", ".join([*writer.constants, *inputs, *given])
    text, first = f"def f({parameters}):\n{body}", len(writer.constants)
    namespace = modules | writer.keys
    exec(compile(text, "<straight line>", "exec"), namespace)
    return Source(
        text, namespace["f"], tuple(writer.constants.values()),
        tuple(range(first, first + len(inputs))), len(inputs) + len(given),
        tuple(sorted(writer.operations)), len(writer.lines),
        isinstance(result, tuple), writer.forward,
    )  # fmt: skip


@contextlib.contextmanager
def transforming(source: Source) -> Iterator[None]:
    """Let tangent transform a source: what it cannot is refused, its temporary files are removed.

    Raises:
        UnsupportedOperation: If it lacks a rule, or cannot read what it wrote itself.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="gradiometer-") as folder:
        tempfile.tempdir = folder  # it imports its source from a file
        try:
            yield
        except (ArithmeticError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError,
                import_module("tangent.error_handlers").TangentError) as error:  # fmt: skip
            told = next((line for line in str(error).splitlines() if line.strip(" =")), "")
            raise UnsupportedOperation(
                f"tangent cannot transform {', '.join(source.operations)}: "
                f"{type(error).__name__}: {told}"
            ) from error
        finally:
            tempfile.tempdir = before


class _Word(str):
    """A piece of source, which stands for itself where tuples and slices are written out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Writer:
    """Writes operations, and evaluates them in NumPy: some are spelled by the shapes they meet."""

    def __init__(self, names: Sequence[str], values: Sequence[Any], dtype: np.dtype[Any]) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.keys: dict[str, Any] = {}
        self.operations: set[str] = set()
        self.forward = ""
        self._texts = list(names)
        self._values = [np.asarray(each) for each in values]
        self._dtype = dtype
        self._fixed = [False] * len(names)

    def add(self, step: Operation) -> None:
        """Write an operation, or what it gives where that depends on no value."""
        with np.errstate(all="ignore"):
            value = step.evaluate(NUMPY, self._values)
        met: list[Any] = []
        substitute((step.arguments, step.options), met.append)
        values = [each for each in met if isinstance(each, Value)]
        fixed = all(self._fixed[each.number] for each in values) or step.function in OF_SHAPES
        self._values.append(value)
        self._fixed.append(fixed)
        if fixed:
            self._texts.append("" if isinstance(value, tuple | list) else self._constant(value))
            return
        self.operations.add(getattr(step.function, "__name__", str(step.function)))
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {self._spelled(step, value)}")
        self._texts.append(name)

    def text(self, leaf: Any) -> str:
        """Return what stands for an argument."""
        if isinstance(leaf, Value):
            return self._texts[leaf.number]
        if isinstance(leaf, Constant):
            return self._constant(leaf.array)
        if isinstance(leaf, Named):
            return f"numpy.{leaf.name}"
        if isinstance(leaf, float) and not np.isfinite(leaf):
            return f"numpy.{leaf}" if leaf > 0 or leaf != leaf else "-numpy.inf"
        return repr(leaf)

    def _constant(self, array: Any) -> str:
        name = f"c{len(self.constants)}"
        array = np.asarray(array)
        self.constants[name] = array.astype(self._dtype) if array.dtype.kind == "f" else array
        return name

    def _written(self, nested: Any) -> Any:
        return substitute(nested, lambda leaf: _Word(self.text(leaf)))

    def _spelled(self, step: Operation, value: Any) -> str:
        function, arguments = step.function, step.arguments
        words = [repr(self._written(each)) for each in arguments]
        if function in COMPARISONS:
            self.forward = "comparisons"
        if function in INFIX:
            return f"{words[0]} {INFIX[function]} {words[1]}"
        if function in PREFIX:
            return f"{PREFIX[function]}{words[0]}"
        if function is operator.pow and isinstance(arguments[1], int | float):
            return f"{words[0]} ** {words[1]}"
        if function is operator.getitem:
            return self._taken(words[0], arguments[1], value)
        if function in (operator.matmul, "matmul"):
            flat = all(np.ndim(self._value(each)) <= 2 for each in arguments)
            return f"numpy.dot({', '.join(words)})" if flat else " @ ".join(words)
        if function in CALLED:
            return f"numpy.{CALLED[function]}({', '.join(words)})"
        if not isinstance(function, str) or function in ("astype",):
            return self._other(step, words, value)
        return self._call(step, words, value)

    def _taken(self, word: str, key: Any, value: Any) -> str:
        """Return an array's part; keys are named, since tangent does not write slices forward."""
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(each, Value) for each in keys):
            raise UnsupportedOperation("tangent has no indexing by values that are computed.")
        if all(map(_only_adds_axes, keys)):
            return f"numpy.reshape({word}, {np.shape(value)})"
        if isinstance(key, int):
            return f"{word}[{key}]"
        name = f"k{len(self.keys)}"
        self.keys[name] = substitute(key, lambda leaf: getattr(leaf, "array", leaf))
        return f"{word}[{name}]"

    def _value(self, leaf: Any) -> Any:
        return leaf.find(None, self._values) if isinstance(leaf, Value | Constant) else leaf

    def _call(self, step: Operation, words: list[str], value: Any) -> str:
        function, arguments, options = str(step.function), step.arguments, dict(step.options)
        if function in ("concat", "concatenate", "stack"):
            axis = options.get("axis", arguments[1] if len(arguments) > 1 else 0)
            called = "np_stack_seq" if function == "stack" else "np_concat_seq"
            parts = [repr(self._written(each)) for each in arguments[0]]
            return f"tangent.{called}({', '.join([repr(axis), *parts])})"
        if function == "relu":
            return f"tangent.numpy_relu({words[0]})"
        if function == "softplus":
            return f"numpy.logaddexp(0.0, {words[0]})"
        if function in REDUCTIONS:
            axis = options.get("axis", arguments[1] if len(arguments) > 1 else None)
            array = self._value(arguments[0])
            if axis is not None:
                axes = axis if isinstance(axis, tuple) else (axis,)
                options["axis"] = tuple(sorted(each % array.ndim for each in axes))
            if function == "mean":
                count = array.size // max(1, np.size(value))
                words[0] += f" / {float(count)}"
                function = "sum"
            words = words[:1]
        options = {name: each for name, each in options.items() if each is not None}
        called = f"numpy.{OLDER.get(function, function)}"
        if function in SPECIAL:
            called = f"scipy.special.{SPECIAL[function]}"
        if function == "stop_gradient":
            called = "tangent.stop_gradient"
        named = [f"{name}={self._written(each)!r}" for name, each in options.items()]
        return f"{called}({', '.join([*words, *named])})"

    def _other(self, step: Operation, words: list[str], value: Any) -> str:
        """Return what has no function: a type changed, an array turned."""
        changed = step.function == "astype"
        if changed and np.asarray(self._value(step.arguments[0])).dtype == value.dtype:
            return f"+{words[0]}"
        if changed and value.dtype.kind == "f":
            return f"numpy.where({words[0]}, 1.0, 0.0)"
        if step.function is getattr and step.arguments[1] == "T":
            return f"numpy.transpose({words[0]})"
        own = step.function in (getattr, call_method)
        name = step.arguments[1] if own else getattr(step.function, "__name__", step.function)
        raise UnsupportedOperation(f"tangent has no operation {name!r} here{step.place}.")


def _only_adds_axes(key: Any) -> bool:
    whole = isinstance(key, slice) and (key.start, key.stop, key.step) == (None, None, None)
    return key is None or key is Ellipsis or whole
