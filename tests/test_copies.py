"""Copies of functions: what is copied with them, and that the originals stay as they are."""

from __future__ import annotations

import copy
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import Unsupported
from gradiometer.reference.operations import NAMESPACE
from gradiometer.reference.protocol import array
from gradiometer.tracing.array import Traced
from gradiometer.tracing.copies import Copies
from gradiometer.tracing.numpy_like import NumPyLike
from gradiometer.tracing.users import users_class, users_file, users_module

SOURCE = """
import functools
import math
import numpy as np
from numpy import exp
import {helper}
from {helper} import double

WEIGHTS = np.ones(2)
TABLE = {{"calls": 0}}
LAYERS = [np.tanh, math.sin]
calls = 0

class Base:
    def scale(self, x):
        return np.sum(x) * self.k

class Model(Base):
    kinds = []
    def __init__(self):
        self.k = 2.0
        self.log = []
    def scale(self, x):
        self.log.append(1)
        Model.kinds.append(x)
        return super().scale(x)

model = Model()

@functools.lru_cache
def remembered(n):
    return exp(n)

def f(x, scale=model.scale, table=TABLE):
    global calls
    calls += 1
    TABLE["calls"] += 1
    table["again"] = x
    WEIGHTS[0] = x[0]
    f.seen = x
    {helper}.SEEN.append(x)
    total = sum(layer(v) for layer, v in zip(LAYERS, x))
    return scale(double(x)) + total + WEIGHTS.sum() + remembered(1.0) + {helper}.double(x)[0]
"""
HELPER = """
import numpy as np
SEEN = []
def double(x):
    return np.multiply(x, 2.0)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """Return a module of the user's that holds state of all kinds."""
    monkeypatch.syspath_prepend(tmp_path)
    helper = "copied_helper"
    (tmp_path / f"{helper}.py").write_text(HELPER, encoding="utf-8")
    (tmp_path / "copied_main.py").write_text(SOURCE.format(helper=helper), encoding="utf-8")
    import copied_main  # type: ignore[import-not-found]

    yield copied_main
    for name in ("copied_main", helper):
        del sys.modules[name]


def of_the_tape(nx: NumPyLike, *x: float) -> Traced:
    """Return a vector on the reference's tape."""
    return Traced(nx, array(np.array(x)), scalar=False)


def state(module: types.ModuleType) -> Any:
    """Return all that an evaluation could change."""
    helper = module.copied_helper
    return repr((
        {k: v for k, v in vars(module).items() if isinstance(v, int | float | dict | str)},
        [module.WEIGHTS.tolist(), len(module.LAYERS), helper.SEEN, list(vars(module.f))],
        [module.Model.kinds, vars(module.model), sorted(vars(module.Model)), module.f.__defaults__],
        module.remembered.cache_info(),
    ))  # fmt: skip


def test_the_originals_stay_as_they_are(module: types.ModuleType) -> None:
    nx = NumPyLike(NAMESPACE)
    before, names = state(module), set(vars(module))
    objects = {k: id(v) for k, v in vars(module).items()}
    copies = Copies(nx)
    first = copies.copy(module.f)(of_the_tape(nx, 0.5, 0.25))
    assert float(first.native.node.floats) == pytest.approx(
        1.5 * 2 + np.tanh(0.5) + np.sin(0.25) + 1.5 + np.exp(1.0) + 1.0
    )
    assert state(module) == before
    assert set(vars(module)) == names
    assert {k: id(v) for k, v in vars(module).items()} == objects
    assert copies.changed


def test_an_object_is_copied_once(module: types.ModuleType) -> None:
    copies = Copies(NumPyLike(NAMESPACE))
    made = copies.copy(module.f)
    assert made is copies.copy(module.f)
    assert made.__globals__["f"] is made
    assert made.__defaults__[0].__self__ is copies.copy(module.model)
    assert isinstance(copies.copy(module.model), copies.copy(module.Base))
    assert not copies.changed


def test_names_are_found_as_they_are_bound_now(module: types.ModuleType) -> None:
    nx = NumPyLike(NAMESPACE)
    module.calls = 41
    copies = Copies(nx)
    copied = copies.copy(module.f)
    copied(of_the_tape(nx, 0.5, 0.25))
    assert (copied.__globals__["calls"], module.calls) == (42, 41)


def test_what_is_installed_is_not_copied() -> None:
    copies = Copies(NumPyLike(NAMESPACE))
    for installed in (pytest.approx, Path, Path(), copy.copy, types.SimpleNamespace, len):
        assert copies.copy(installed) is installed
    assert users_file(__file__)
    assert not users_file(pytest.__file__)
    assert not users_module("os")
    assert not users_class(Path)


def test_random_numbers_are_refused_wherever_they_come_from(module: types.ModuleType) -> None:
    copies = Copies(NumPyLike(NAMESPACE))
    for generator in (np.random.default_rng(0), np.random.RandomState(0)):
        with pytest.raises(Unsupported, match="draw outside"):
            copies.copy(generator).normal()


def test_a_class_with_slots_and_a_property_is_copied() -> None:
    class Slotted:
        __slots__ = ("x",)

        def __init__(self, x: float) -> None:
            self.x = x

        @property
        def twice(self) -> Any:
            return np.multiply(self.x, 2.0)

    copies = Copies(NumPyLike(NAMESPACE))
    made = copies.copy(Slotted(3.0))
    assert made.twice == 6.0
    assert type(made) is copies.copy(Slotted) is not Slotted
