"""The default selection: what is measured where no problem, or no method, is named.

It stays as it is while built-in problems and methods are added, so that default runs can be
compared with each other and take as long as they did. Everything else is measured by name; what the
user brings (`--plugins`, entry points, files, objects) is always taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradiometer.plugins.registry import Broken, Kind, ProblemEntry, Registry

PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "product-of-sum": ("",),
    "sigmoid-affine": ("",),
    "log-cos-exp-sin-chain": ("",),
    "cos-exp-sin-chain": ("",),
    "prelu-chain": ("y=1",),
    "speelpenning": ("10",),
    "helmholtz": ("3",),
    "rosenbrock": ("10", "1000"),
    "log-sum-exp": ("10",),
    "determinant": ("3",),
    "lennard-jones": ("2", "100"),
    "mlp": ("2-3-1x1", "64-256-256-10x64"),
    "mlp-outputs": ("2-3-2", "20-50-10"),
    "rnn": ("1-2-1x3",),
    "logistic-regression": ("2x4", "100x1000"),
    "softmax-cross-entropy": ("2-3x4", "100-10x200"),
    "black-scholes": ("",),
    "polar-coordinates": ("",),
}
"""Built-in problems by name, and their sizes: one at which tools are told apart by what a call
costs them, and of six problems another one, at which the work costs more than the call."""

METHODS = (
    "backprop", "forward-difference", "central-difference", "complex-step", "sympy",
    "jax", "jax-jit", "jax-forward", "jax-linearize",
    "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
)  # fmt: skip
"""Built-in methods by name."""


SIZES = "default"
"""What asks for the sizes that are taken where a problem is not named, in the place of a size."""


def selected(registry: Registry, kind: Kind) -> list[Any]:
    """Return the entries of a kind that are taken where none is named, broken ones last."""
    named: Mapping[str, Any] = registry.named(kind)
    listed = PROBLEMS if kind == "problems" else METHODS
    return [
        entry
        for name, entry in named.items()
        if name in listed or not (built_in(entry) or getattr(entry, "on_request", False))
    ]


def sizes(problem: ProblemEntry | Broken) -> Sequence[str]:
    """Return the sizes of a problem that are taken where it is not named.

    Of one that is not listed the first, or the second of three or more.
    """
    if built_in(problem) and problem.name in PROBLEMS:
        return PROBLEMS[problem.name]
    typical = 1 if len(problem.labels) > 2 else 0
    return problem.labels[typical : typical + 1]


def built_in(entry: Any) -> bool:
    """Return whether a problem or a method came with Gradiometer."""
    return not isinstance(entry, Broken) and entry.address.built_in
