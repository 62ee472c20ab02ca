"""Random programs, drawn by a seed: what bounds on rounding are tried with.

A program takes an array namespace and an array, and returns a scalar. It is made of operations of
all kinds (sums, products, quotients, elementary functions, matrices, branches off their kinks),
some of which cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Program = Callable[[Any, Any], Any]

UNARY: dict[str, Program] = {
    "exp": lambda xp, x: xp.exp(x * 0.3),
    "log": lambda xp, x: xp.log(x * x + 0.5),
    "sqrt": lambda xp, x: xp.sqrt(x * x + 0.1),
    "sin": lambda xp, x: xp.sin(x * 2.0),
    "tanh": lambda xp, x: xp.tanh(x),
    "cube": lambda xp, x: x * x * x / 3.0,
    "where": lambda xp, x: xp.where(x > 0.0123, x * 1.5, x * x),
    "shifted": lambda xp, x: (x + 1e3) - 1e3,
    "centred": lambda xp, x: x - xp.sum(x) / 6.0,
    "reciprocal": lambda xp, x: 1.0 / (x * x + 1.0),
    "expm1": lambda xp, x: xp.exp(x * 1e-3) - 1.0,
}
BINARY: dict[str, Program] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 0.25),
    "mix": lambda a, b: a * 1.7 - b * 0.3,
}


def program(seed: int, steps: int = 8) -> tuple[Program, np.ndarray]:
    """Return a random program, and a point to evaluate it at."""
    rng = np.random.default_rng([seed, 77])
    W = rng.standard_normal((6, 6)) / 2.0
    plan = []
    for k in range(steps):
        kind = rng.choice(["unary", "binary", "matrix"], p=[0.45, 0.4, 0.15])
        names = sorted({"unary": UNARY, "binary": BINARY, "matrix": {"@": None}}[kind])
        plan.append((kind, str(rng.choice(names)), *rng.integers(0, k + 1, 2).tolist()))
    signs = rng.choice([-1.0, 1.0], 6)

    def run(xp: Any, x: Any) -> Any:
        made = [x]
        for kind, name, i, j in plan:
            if kind == "unary":
                made.append(UNARY[name](xp, made[i]))
            elif kind == "binary":
                made.append(BINARY[name](made[i], made[j]))
            else:
                made.append(xp.matmul(W, made[i]))
        return xp.sum(made[-1] * signs) + xp.sum(made[len(made) // 2])

    return run, rng.standard_normal(6)
