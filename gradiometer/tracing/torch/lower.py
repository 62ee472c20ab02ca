"""Lowers a function of PyTorch to a graph of `xp`, at the values of its inputs."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from gradiometer.errors import GradiometerError
from gradiometer.tracing.lowered import Lowered
from gradiometer.tracing.torch.functions import intercepted
from gradiometer.tracing.torch.mirror import Mirror
from gradiometer.tracing.torch.places import BOUNDARIES
from gradiometer.tracing.torch.refusing import NotLowered, wrong
from gradiometer.tracing.torch.storages import numbers
from gradiometer.tracing.torch.watching import DEPARTING, watched
from gradiometer.vocabulary.graph import Graph, Operation, Value
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import Unrecordable
from gradiometer.vocabulary.recording import record

Function = Callable[..., Any]

SHIFT = 1e-4
"""By how much numbers that leave their tensors are changed, to see whether it matters."""


def lower(
    function: Function, arrays: Sequence[Any], names: Sequence[str], given: Sequence[str] = (),
    trusted: Collection[str] = (),
) -> Lowered:  # fmt: skip
    """Return a function's graph, cuts and own rules, at the values of its arguments.

    Args:
        function: Takes tensors in the order of `names`, returns a tensor or a tuple of tensors.
        arrays: The tensors, real and dense.
        names: Their names: inputs first.
        given: Which of them are held constant.
        trusted: Rules whose derivative is taken as declared, by name.

    Raises:
        GradiometerError: If the function computes what has no meaning in real numbers, or nothing
            that can be enclosed; the message tells the line.

    Example:
        >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64)
        >>> [step.function for step in lower(torch.exp, (x,), ("x",)).graph.steps[1:]]
        ['exp']
    """
    asked = function, arrays, names, given
    graph, mirror = _recorded(*asked, trusted=trusted)
    cuts, uncut = mirror.cuts, None
    if cuts:
        uncut, _ = _recorded(*asked, trusted=trusted, cutting=False)
    if mirror.departed:
        shifted, _ = _recorded(*asked, trusted=trusted, shift=SHIFT)
        if shifted == graph:
            cuts = [cut for cut in cuts if cut.what not in DEPARTING]
        elif uncut is not None:
            uncut = _unknown(uncut)
    return Lowered(graph, uncut, tuple(cuts), tuple(mirror.rules), tuple(mirror.notes))


def _unknown(graph: Graph) -> Graph:
    """Return a graph of which no output is known: what it computes of them is no number."""
    results = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    count = sum(isinstance(step, Operation) for step in graph.steps)
    first = len(graph.inputs) + len(graph.given) + count
    lost = [Operation(operator.mul, (each, math.nan)) for each in results]
    found = tuple(Value(first + k) for k in range(len(results)))
    result = found if isinstance(graph.result, tuple) else found[0]
    return replace(graph, steps=(*graph.steps, *lost), result=result)


def values_only(
    function: Function, arrays: Sequence[Any], names: Sequence[str], given: Sequence[str] = ()
) -> Lowered:
    """Return the graph of a function's values, without what autograd would cut of it."""
    graph, mirror = _recorded(function, arrays, names, given, cutting=False)
    return Lowered(graph, notes=tuple(mirror.notes))


def _recorded(
    function: Function, arrays: Sequence[Any], names: Sequence[str], given: Sequence[str],
    *, trusted: Collection[str] = (), cutting: bool = True, shift: float = 0.0,
) -> tuple[Graph, Mirror]:  # fmt: skip
    values = {name: numbers(t) for name, t in zip(names, arrays, strict=True)}
    kinds = dict(zip(names, (t.dtype for t in arrays), strict=True))
    inputs = {name: x for name, x in values.items() if name not in given}
    point = Point(inputs, {name: values[name] for name in names if name in given})
    mirrors: list[Mirror] = []
    left: list[Any] = []

    def program(xp: Any, *shadows: Any, **others: Any) -> Any:
        mirror = Mirror(xp, cutting=cutting, trusted=trusted)
        mirror.shift = shift
        mirrors.append(mirror)
        stand = dict(zip(inputs, shadows, strict=True)) | others
        tensors = []
        for name in names:
            t = torch.tensor(values[name], dtype=kinds[name])
            t.requires_grad_(name in inputs)
            mirror.storages.define(t, stand[name], tracked=name in inputs)
            tensors.append(t)
        returned = run(function, tensors, mirror)
        left.append(torch.get_rng_state())
        return returned

    try:
        graph = record(program, point)
    except Unrecordable as error:
        if mirrors[-1].drawn and "two evaluations" in str(error):
            raise _drawn(mirrors[-1]) from None
        raise
    if mirrors[-1].drawn and not torch.equal(*left[-2:]):  # they were the same by chance
        raise _drawn(mirrors[-1])
    return graph, mirrors[-1]


def _drawn(mirror: Mirror) -> NotLowered:
    return NotLowered(
        f"{mirror.drawn[0]} draws random numbers: two evaluations must not differ. Pass what was "
        "drawn as an argument, or turn dropout off: module.eval(), training=False."
    )


def run(function: Function, tensors: Sequence[Any], mirror: Mirror) -> Any:
    """Return what stands for a function's results.

    Raises:
        GradiometerError: If these are no real numbers.
    """
    with plain(), intercepted(mirror), watched(mirror), mirror:
        returned = called(function, tensors)
    outputs = returned if isinstance(returned, tuple | list) else (returned,)
    found = tuple(_result(mirror, t) for t in outputs)
    return found if isinstance(returned, tuple | list) else found[0]


def called(function: Function, tensors: Sequence[Any]) -> Any:
    """Call a function: lines outside of this call are not the function's."""
    return function(*tensors)


BOUNDARIES.add(called.__code__)


def _result(mirror: Mirror, t: Any) -> Any:
    if not isinstance(t, torch.Tensor):
        raise GradiometerError(
            f"the function returns {type(t).__name__}: expected a tensor of real numbers."
        )
    met = wrong(t)
    if met or not t.is_floating_point():
        kind = f"a tensor that is {met[0]}" if met else f"integers or truth values ({t.dtype})"
        raise GradiometerError(f"the function returns {kind}: expected real numbers.")
    return mirror.array(t)


@contextmanager
def plain() -> Iterator[None]:
    """Let PyTorch run plainly: derivatives enabled, attention and layers by their formulas."""
    enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)  # the public way warns
    formulas = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)
    try:
        with torch.enable_grad(), formulas:
            yield
    finally:
        torch._C._set_mkldnn_enabled(enabled)
