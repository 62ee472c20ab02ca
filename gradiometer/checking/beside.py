"""Finds the derivative that is written beside a function, by its name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gradiometer.vocabulary.problem import Problem

NAMES: Mapping[str, tuple[str, ...]] = {
    "gradient": (
        "{}_gradient", "{}_grad", "{}_backward", "{}_backprop", "{}_prime", "{}_derivative",
        "gradient_{}", "gradient_of_{}", "grad_{}", "backward_{}", "backprop_{}", "d_{}", "d{}",
        "derivative_{}",
    ),
    "jacobian": ("{}_jacobian", "{}_jac", "jacobian_{}", "jacobian_of_{}", "jac_{}"),
    "hessian": ("{}_hessian", "{}_hess", "hessian_{}", "hessian_of_{}", "hess_{}", "d2_{}", "d2{}"),
    "jvp": ("{}_jvp", "{}_pushforward", "jvp_{}", "pushforward_{}"),
    "vjp": ("{}_vjp", "{}_pullback", "vjp_{}", "pullback_{}", "{}_backward", "backward_{}"),
    "hvp": ("{}_hvp", "hvp_{}"),
    "value": (),
}  # fmt: skip
"""What the derivative of a function is called, by operator, the first that is found counts; `{}`
stands for the function's name."""


def scope(problem: Problem) -> Mapping[str, Any]:
    """Return what is defined in the module of a problem's function, if that has one."""
    module = sys.modules.get(getattr(problem.written, "__module__", None) or "")
    return {} if module is None else vars(module)


def beside(names: Mapping[str, Any], function: str, operator: str) -> Callable[..., Any] | None:
    """Return the function of a namespace that is named as another one's derivative.

    Args:
        names: What is defined beside the function.
        function: Its name.
        operator: The derivative that is wanted.
    """
    for pattern in NAMES[operator]:
        found = names.get(pattern.format(function))
        if inspect.isroutine(found):
            return found
    return None
