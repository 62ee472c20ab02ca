"""Numbers that carry their derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, of_vector


def num_dual(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return num_dual.gradient(f, list(p))."""
    import num_dual

    f, p = of_vector(problem, _methods(), inputs, given)
    scalars = all(a.ndim == 0 for a in inputs)
    whole = f if scalars else lambda p: f(np.array(p, object))
    return lambda: num_dual.gradient(whole, p.tolist())[1]


def fastdual(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return fastdual.jac([f(v)], v), of a DualArray v."""
    import fastdual

    f, p = of_vector(problem, _methods(), inputs, given)

    def call() -> Any:
        fastdual.reset()
        v = fastdual.DualArray(p)
        return fastdual.jac([f(v)], v)

    return call


def _methods() -> Any:
    """Return NumPy's functions, which call the methods of what an array of objects holds."""
    return SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + np.exp(-z)), logsumexp=lambda x: np.log(np.sum(np.exp(x))),
        tanh=np.tanh, sum=np.sum,
    )  # fmt: skip


IDIOMS: dict[str, Idiom] = {
    "num-dual": num_dual,
    "fastdual": fastdual,
}
