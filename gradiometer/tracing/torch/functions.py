"""Functions with a derivative rule of their own: met where they are applied, forward by forward."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch.utils import _pytree as pytree

from gradiometer.tracing.frameworks import framework
from gradiometer.tracing.lowered import Rule
from gradiometer.tracing.torch.mirror import Mirror
from gradiometer.tracing.torch.places import line
from gradiometer.tracing.torch.storages import numbers
from gradiometer.tracing.trusted import declared
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recording import record


@contextmanager
def intercepted(mirror: Mirror) -> Iterator[None]:
    """Let a mirror see where functions with rules of their own are applied.

    An `apply` that was bound before, as in `cube = Cube.apply`, reaches that of the base class.
    """
    applies: Any = torch.autograd.Function.__dict__["apply"]
    base = torch.autograd.function._SingleLevelFunction
    with (
        mock.patch.object(torch.autograd.Function, "apply", _seen(mirror, applies)),
        mock.patch.object(base, "apply", _seen(mirror, torch._C._FunctionBase.__dict__["apply"])),
    ):
        yield


def _seen(mirror: Mirror, original: Any) -> Any:
    """Return a class method that applies a function, and lets a mirror see it."""

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        call, rule = original.__get__(None, cls), None
        if mirror.within:
            return call(*args, **kwargs)
        if not torch._C._are_functorch_transforms_active():  # whose tensors have no storage
            args, kwargs = _own(mirror, args), _own(mirror, kwargs)
            if not cls.__module__.startswith("torch."):
                with mirror.inside():
                    rule = _rule(cls, call, args, kwargs)
                mirror.rules += [rule] if rule else []
        with mirror.inside():
            mirror.here = line()
            if rule is None or rule.name not in mirror.trusted:
                return call(*args, **kwargs)
            at = [t for t in pytree.tree_leaves((args, kwargs)) if _differentiated(t)]
            inputs = [mirror.array(t) for t in at]
            return _trusted(mirror, rule, inputs, call(*args, **kwargs))

    return classmethod(apply)


def _own(mirror: Mirror, nested: Any) -> Any:
    """Return arguments of which those that autograd cuts are tensors of their own."""

    def own(t: Any) -> Any:
        cut = isinstance(t, torch.Tensor) and not t.requires_grad and mirror.storages.tracked(t)
        return t.clone() if cut and t.is_floating_point() else t

    return pytree.tree_map(own, nested)


def _rule(cls: Any, call: Any, args: Any, kwargs: Any) -> Rule | None:
    """Return a rule with the values that flow into it; None if it is not differentiated here."""
    flat, structure = pytree.tree_flatten((args, kwargs))
    at = [k for k, t in enumerate(flat) if _differentiated(t)]
    if not at:
        return None
    with _outside():
        kept = [t.detach().clone() if isinstance(t, torch.Tensor) else t for t in flat]
    values = tuple(_plain(kept[k]).numpy(force=True) for k in at)

    def applied(*tensors: Any) -> tuple[Any, ...]:
        given = list(kept)
        for k, t in zip(at, tensors, strict=True):
            given[k] = t.to(kept[k].dtype)
        positional, named = pytree.tree_unflatten(given, structure)
        returned = call(*positional, **named)
        found = returned if isinstance(returned, tuple | list) else (returned,)
        return tuple(t for t in found if isinstance(t, torch.Tensor) and t.is_floating_point())

    def forward(xp: Any, *shadows: Any) -> Any:
        inner = Mirror(xp, cutting=False)
        with inner.inside():
            tensors = [kept[k].detach().clone().requires_grad_() for k in at]
            for t, shadow in zip(tensors, shadows, strict=True):
                inner.storages.define(t, shadow, tracked=True)
            with inner:
                found = applied(*tensors)
            arrays = tuple(inner.array(t) for t in found)
        return arrays if len(arrays) > 1 else arrays[0]

    with _outside():
        names = _names(cls, len(args), at)
        point = Point({n: numbers(kept[k]) for n, k in zip(names, at, strict=True)})
        graph = record(forward, point)
    return Rule(
        "autograd.Function", cls.__qualname__.split(".")[-1], line().text, _written(cls), graph,
        values, applied,
    )  # fmt: skip


def _plain(t: Any) -> Any:
    """Return a tensor in a type that NumPy has."""
    return t if t.itemsize > 2 else t.to(torch.float32)


def _differentiated(t: Any) -> bool:
    return isinstance(t, torch.Tensor) and t.is_floating_point() and t.requires_grad


def _trusted(mirror: Mirror, rule: Rule, inputs: Sequence[Any], returned: Any) -> Any:
    """Return what a rule returned; what stands for it has the derivative that the rule declares."""
    several = returned if isinstance(returned, tuple | list) else (returned,)
    outputs = [t for t in several if isinstance(t, torch.Tensor) and t.is_floating_point()]
    values = [mirror.xp.stop_gradient(mirror.storages.read(t)) for t in outputs]
    with _outside():
        found = declared(framework("torch"), rule, values, inputs)
    own = outputs[0].clone()  # it may be a view of an input
    mirror.storages.define(own, found, tracked=True)
    if isinstance(returned, tuple | list):
        return type(returned)(own if t is outputs[0] else t for t in returned)
    return own


@contextmanager
def _outside() -> Iterator[None]:
    """Carry something out without any mirror."""
    with torch.utils._python_dispatch._disable_current_modes(), torch.enable_grad():
        yield


def _names(cls: Any, count: int, at: Sequence[int]) -> list[str]:
    """Return the names of a forward's real inputs, by its signature where that tells them."""
    parameters = list(inspect.signature(cls.forward).parameters.values())
    named = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = named[len(named) - count :] if len(named) > count else named
    if len(named) == count and max(at) < count:
        return [named[k] for k in at]
    return [f"x{k}" for k in at]


def _written(cls: Any) -> str:
    code = getattr(cls.backward, "__code__", None)
    return f" at {Path(code.co_filename).name}, line {code.co_firstlineno}" if code else ""
