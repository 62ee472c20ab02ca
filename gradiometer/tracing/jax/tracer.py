"""Runs functions of JAX on recorded arrays: JAX hands each operation to the interpretation.

The function is called as it is, so that Python may decide on values, as it does where JAX
differentiates without compiling; a decision becomes a guard.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax._src import core

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.interpret import Call, Interpreter
from gradiometer.tracing.jax.lines import line_of, present_traceback
from gradiometer.tracing.jax.values import needed, plain, real
from gradiometer.tracing.users import users_file
from gradiometer.vocabulary.place import at_place
from gradiometer.vocabulary.recorded import Recorded, Unrecordable


class RecordedTracer(core.Tracer):  # type: ignore[misc]  # of a library without types
    """An array of JAX's that stands for a value of an interpretation."""

    __slots__ = ("recorded_value",)

    def __init__(self, trace: RecordingTrace, aval: Any, value: Any) -> None:
        super().__init__(trace, aval)
        self.recorded_value = value

    def __array__(self, *kind: Any, **options: Any) -> Any:
        """Return truth values or integers, which Python may decide on."""
        if real(self.aval):
            return super().__array__(*kind, **options)
        return Decision(self).__array__(*kind)

    def to_concrete_value(self) -> Any:
        """Return what Python may decide on."""
        return Decision(self)


class Decision:
    """A value that Python is about to decide on: when it does, a guard is recorded.

    Args:
        tracer: What stands for the value.

    Raises:
        Unrecordable: If it is a real number that depends on an input, when it is used.
    """

    def __init__(self, tracer: RecordedTracer) -> None:
        self._value, self._dtype = tracer.recorded_value, tracer.aval.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        value = needed(self._value)
        with at_place(line_of(present_traceback())):
            found = value.held() if isinstance(value, Recorded) else value
        return np.asarray(found, dtype=dtype or self._dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.__array__(), name)

    def __bool__(self) -> bool:
        value = needed(self._value)
        with at_place(line_of(present_traceback())):
            return bool(value if isinstance(value, Recorded) else self.__array__())

    def __int__(self) -> int:
        return int(self.__array__())

    def __float__(self) -> float:
        return float(self.__array__())

    def __index__(self) -> int:
        if np.issubdtype(self._dtype, np.integer):
            return int(self)
        raise TypeError("a real number is no index: expected an integer.")


class RecordingTrace(core.Trace):  # type: ignore[misc]  # of a library without types
    """Hands operations of JAX to an interpreter.

    Args:
        interpreter: The interpreter.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        super().__init__()
        self.interpreter = interpreter

    def tracer(self, aval: Any, value: Any) -> RecordedTracer:
        """Return what stands for a value."""
        return RecordedTracer(self, aval, value)

    def stage_value(self, val: Any) -> Any:
        """Return what stands for a value of JAX's."""
        if isinstance(val, RecordedTracer):
            return val
        return self.tracer(core.typeof(val), plain(val))

    def process_primitive(self, primitive: Any, tracers: Any, params: Any, /) -> Any:
        """Carry out an operation."""
        avals = [core.typeof(t) for t in tracers]
        results, _ = primitive.abstract_eval(*avals, **params)
        if not primitive.multiple_results:
            results = [results]
        call = Call(self.interpreter, primitive, params, avals, results, present_traceback())
        with core.set_current_trace(core.eval_trace):
            found = self.interpreter.apply(call, [self._value(t) for t in tracers])
        made = [self.tracer(aval, v) for aval, v in zip(results, found, strict=True)]
        return made if primitive.multiple_results else made[0]

    def process_call(self, call_primitive: Any, f: Any, tracers: Any, params: Any, /) -> Any:
        """Carry out a function that was wrapped by JAX."""
        with core.set_current_trace(self):
            return f.call_wrapped(*tracers)

    def process_custom_jvp_call(
        self, primitive: Any, fun: Any, jvp: Any, tracers: Any, /, *, symbolic_zeros: bool
    ) -> Any:
        """Carry out a function that has a rule for tangents."""
        return self._staged(primitive, (fun, jvp), tracers, {"symbolic_zeros": symbolic_zeros})

    def process_custom_vjp_call(
        self, primitive: Any, fun: Any, fwd: Any, bwd: Any, tracers: Any, /, *, out_trees: Any,
        symbolic_zeros: bool,
    ) -> Any:  # fmt: skip
        """Carry out a function that has a rule for cotangents."""
        given = {"out_trees": out_trees, "symbolic_zeros": symbolic_zeros}
        return self._staged(primitive, (fun, fwd, bwd), tracers, given)

    def _staged(self, primitive: Any, functions: Any, tracers: Any, given: Any) -> Any:
        """Carry out a function and its rules as JAX's graphs hold them."""
        staged = jax.make_jaxpr(lambda *xs: primitive.bind(*xs, subfuns=functions, **given))
        try:
            jaxpr = staged(*tracers)
        except jax.errors.ConcretizationTypeError as error:
            raise GradiometerError(
                "a function with a derivative rule of its own decides in Python on a value: "
                f"{str(error).splitlines()[0]} Write jax.lax.cond or jnp.where there."
            ) from error
        place = at_place(line_of(present_traceback()))
        with core.set_current_trace(core.eval_trace), place:
            found = self.interpreter.closed(jaxpr, *(self._value(t) for t in tracers))
        for store in functions[1].stores:  # a rule was asked for a derivative, the caller was not
            if store is not None:
                store.reset()
        return [self.tracer(a, v) for a, v in zip(jaxpr.out_avals, found, strict=True)]

    def _value(self, x: Any) -> Any:
        if isinstance(x, RecordedTracer):
            return x.recorded_value
        if isinstance(x, core.Tracer):
            raise GradiometerError("an array of another transformation of JAX is met.")
        return plain(x)


def run(
    interpreter: Interpreter, function: Callable[..., Any], avals: Sequence[Any],
    values: Sequence[Any],
) -> list[Any]:  # fmt: skip
    """Return the values of what a function returns, a list of arrays.

    Args:
        interpreter: What interprets its operations.
        function: Takes flat arrays of JAX.
        avals: Their shapes and types.
        values: What stands for them.
    """
    trace = RecordingTrace(interpreter)
    with core.set_current_trace(trace):
        try:
            returned = function(*(trace.tracer(a, v) for a, v in zip(avals, values, strict=True)))
        except GradiometerError as error:
            vars(error).pop("__notes__", None)  # of JAX, on tracebacks
            raise
        except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError) as error:
            raise Unrecordable(
                f"a number is taken out of the computation{_raised_at(error)}: its derivative "
                "would be lost. Leave it an array of JAX; write jnp. for math. and np."
            ) from error
        found = [each if isinstance(each, core.Tracer) else plain(each) for each in returned]
    return [needed(x.recorded_value) if isinstance(x, RecordedTracer) else x for x in found]


def _raised_at(error: BaseException) -> str:
    """Return ` at FILE, line N`, of the user's innermost line that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if users_file(frame.filename)]
    return f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
