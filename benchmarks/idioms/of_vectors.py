"""Differences of functions of one vector."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, library, of_vector


def numdifftools(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return numdifftools.Gradient(f)(x)."""
    nd = library("numdifftools")

    f, x = of_vector(problem, _numpy(), inputs, given)
    return functools.partial(nd.Gradient(f), x)


def numdifftools_complex(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return numdifftools.Gradient(f, method="complex")(x)."""
    nd = library("numdifftools")

    f, x = of_vector(problem, _numpy(), inputs, given)
    return functools.partial(nd.Gradient(f, method="complex"), x)


def jacobi(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jacobi.jacobi(f, x, step=…)."""
    from jacobi import jacobi

    f, x = of_vector(problem, _numpy(), inputs, given)
    return lambda: jacobi(f, x, step=(1 / 32, 0.5))[0]


def scipy_differentiate(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return scipy.differentiate.jacobian(f, x, initial_step=…), of an f that takes many points."""
    from scipy.differentiate import jacobian
    from scipy.special import logsumexp

    if problem == "mlp":
        raise NotImplementedError("the function would be written anew, for arrays of points")
    tool = SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + np.exp(-z)),
        logsumexp=functools.partial(logsumexp, axis=0),
    )
    f, x = of_vector(problem, tool, inputs, given)
    first = np.maximum(1.0, np.abs(x)) / 32
    return lambda: jacobian(f, x, initial_step=first).df


def _numpy() -> Any:
    from scipy.special import logsumexp

    return SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + np.exp(-z)), logsumexp=logsumexp, tanh=np.tanh, sum=np.sum
    )


IDIOMS: dict[str, Idiom] = {
    "numdifftools": numdifftools,
    "numdifftools-complex": numdifftools_complex,
    "jacobi": jacobi,
    "scipy-differentiate": scipy_differentiate,
}
