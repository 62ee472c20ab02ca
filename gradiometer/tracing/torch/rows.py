"""What a row of the tables is: how an operator's arguments reach its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Rule = Callable[..., Any]

CONSTANT = object()
"""Returned by a rule for an output that does not depend on the inputs, decided by a guard."""


@dataclass(frozen=True)
class Row:
    """An operator of ATen in the operations of `xp`.

    Attributes:
        rule: `rule(xp, *arguments)`, in the order of the operator's schema; it returns an array, or
            a tuple of them; a function in the place of an array is called when that is read, None
            says that nothing is known of an output.
        kind: `real`: tensors come as arrays of real numbers; `raw`: truth values and integers stay
            what they are; `tensors`: tensors come as they are, and instead of `xp` the mirror.
    """

    rule: Rule
    kind: str = "real"


def real(xp: Any, x: Any) -> Any:
    """Return an array of real numbers, of one that may hold truth values or integers."""
    if isinstance(x, np.ndarray):
        return xp.asarray(x.astype(np.float64))
    kind = getattr(getattr(x, "dtype", None), "name", "float64")
    if kind == "bool":
        return xp.where(x, 1.0, 0.0)
    return xp.astype(x, xp.float64) if kind.startswith(("int", "uint")) else x


def all_real(rules: Mapping[str, Rule]) -> dict[str, Row]:
    """Return rules as rows whose arrays are real numbers."""
    return {name: Row(rule) for name, rule in rules.items()}


def all_raw(rules: Mapping[str, Rule]) -> dict[str, Row]:
    """Return rules as rows whose arrays are what they are."""
    return {name: Row(rule, "raw") for name, rule in rules.items()}


def all_tensors(rules: Mapping[str, Rule]) -> dict[str, Row]:
    """Return rules as rows that are given the mirror, and tensors."""
    return {name: Row(rule, "tensors") for name, rule in rules.items()}
