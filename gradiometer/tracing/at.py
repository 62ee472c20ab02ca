"""The arguments that a function is called at: values, drawn ones, or what a function returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName

DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Any]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(size=shape),
    "zeros": lambda rng, shape: np.zeros(shape),
    "ones": lambda rng, shape: np.ones(shape),
}

Drawn = Callable[[np.random.Generator], tuple[tuple[Any, ...], dict[str, Any]]]
"""Returns positional and named arguments."""


@dataclass(frozen=True)
class Random:
    """An argument that is drawn.

    Attributes:
        distribution: One of `DISTRIBUTIONS`.
        shape: Its shape.
    """

    distribution: str
    shape: tuple[int, ...] = ()

    def draw(self, rng: np.random.Generator) -> Any:
        """Return it."""
        found = DISTRIBUTIONS[self.distribution](rng, self.shape)
        return found if self.shape else float(found)


def random(text: str) -> Random:
    """Return the drawn argument that a text stands for: `normal:3x4`, or `uniform` for a number.

    Raises:
        UnknownName: If there is no such distribution.
        GradiometerError: If the shape is none.
    """
    distribution, _, shape = text.partition(":")
    if distribution not in DISTRIBUTIONS:
        raise UnknownName("distribution", distribution, list(DISTRIBUTIONS))
    try:
        return Random(distribution, tuple(int(n) for n in shape.split("x") if shape))
    except ValueError:
        raise GradiometerError(
            f"{text!r} names no shape: expected lengths, as in {distribution}:3x4."
        ) from None


def drawn(at: Any) -> tuple[bool, Drawn]:
    """Return whether arguments are drawn, and a function that draws or returns them.

    Args:
        at: Arguments by name, a function that returns them, or nothing.

    Raises:
        GradiometerError: If it is none of these.
    """
    if at is None or isinstance(at, Mapping):
        given = dict(at or {})
        draws = any(isinstance(x, Random) for x in given.values())
        return draws, lambda rng: (
            (), {k: x.draw(rng) if isinstance(x, Random) else x for k, x in given.items()}
        )  # fmt: skip
    if isinstance(at, list):
        return _together([drawn(each) for each in at])
    if not callable(at):
        raise GradiometerError(
            f"`at` is {type(at).__name__}: expected arguments by name, or a function of them."
        )
    if "rng" in inspect.signature(at).parameters:
        return True, lambda rng: _as_arguments(at(rng=rng))
    fixed = _as_arguments(at())
    return False, lambda rng: fixed


def _together(parts: list[tuple[bool, Drawn]]) -> tuple[bool, Drawn]:
    """Return several arguments as one; of one name the last counts."""

    def both(rng: np.random.Generator) -> tuple[tuple[Any, ...], dict[str, Any]]:
        positional: tuple[Any, ...] = ()
        named: dict[str, Any] = {}
        for _, part in parts:
            args, kwargs = part(rng)
            positional, named = args or positional, named | kwargs
        return positional, named

    return any(draws for draws, _ in parts), both


def _as_arguments(returned: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(returned, Mapping):
        return (), dict(returned)
    return (tuple(returned) if isinstance(returned, tuple | list) else (returned,)), {}
