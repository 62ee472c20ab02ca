"""Functions of JAX, lowered: certified, and compared with what JAX computes."""

from __future__ import annotations

import importlib.util
import inspect
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from gradiometer.reference.lookup import certified
from gradiometer.tracing.jax.lower import lower
from gradiometer.tracing.jax.taken import Taken, taken
from gradiometer.tracing.lowered import Lowered
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.recorded import NUMPY

GALLERY = Path(__file__).parent / "gallery_jax"


@pytest.fixture(autouse=True)
def doubles() -> Any:
    with jax.enable_x64(True):
        yield


@cache
def module(file: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"gallery_jax_{file}", GALLERY / f"{file}.py")
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    with jax.enable_x64(True):
        spec.loader.exec_module(found)
    return found


def names(file: str) -> list[str]:
    found = inspect.getmembers(module(file), inspect.isroutine)
    return [name.removesuffix("_arguments") for name, _ in found if name.endswith("_arguments")]


FUNCTIONS = [(file, name) for file in ("networks", "sciences", "idioms") for name in names(file)]
CUT_OTHERWISE = {"straight_through"}
"""Functions whose derivative as JAX sees it is not the true one."""


def of_gallery(file: str, name: str) -> Taken:
    found = module(file)
    return taken(getattr(found, name), getattr(found, f"{name}_arguments")(), {}, None)


def lowered(at: Taken) -> Lowered:
    return lower(at.function, [at.arrays[n] for n in at.names], at.names, at.given)


def gradient(graph: Any, at: Taken, operator: str = "gradient") -> np.ndarray[Any, Any]:
    point = Point({n: at.arrays[n] for n in at.inputs}, {n: at.arrays[n] for n in at.given})
    found = certified(Problem("lowered", graph, point.inputs, point.given), Argument(point),
                      operator, kept=False)  # fmt: skip
    return np.ravel(np.asarray(found.high))


def evaluated(graph: Any, at: Taken) -> list[Any]:
    found = graph(NUMPY, *(at.arrays[n] for n in at.inputs), **{n: at.arrays[n] for n in at.given})
    return list(found) if isinstance(found, tuple) else [found]


def by_jax(at: Taken) -> np.ndarray[Any, Any]:
    arrays = [jax.numpy.asarray(at.arrays[n]) for n in at.names]
    found = jax.grad(lambda *xs: at.function(*xs)[0], argnums=range(len(at.inputs)))(*arrays)
    return np.concatenate([np.ravel(g) for g in found])


def close(found: Any, wanted: Any, digits: float = 1e-10) -> bool:
    scale = max(1e-300, float(np.max(np.abs(wanted), initial=0.0)))
    return bool(np.all(np.abs(np.asarray(found) - np.asarray(wanted)) <= digits * scale))


@pytest.mark.parametrize(("file", "name"), FUNCTIONS)
def test_gradients_of_the_gallery_agree(file: str, name: str) -> None:
    at = of_gallery(file, name)
    found = lowered(at)
    for value, wanted in zip(evaluated(found.graph, at), at.call(at.arrays).values(), strict=True):
        assert close(value, wanted)
    assert close(gradient(found.graph, at), by_jax(at))
    if found.uncut is not None and name not in CUT_OTHERWISE:
        assert close(gradient(found.uncut, at), by_jax(at))
