"""NumPy's public functions on the reference's arrays: NumPy's values, or a refusal by name."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.special

from gradiometer.errors import GradiometerError, ReferenceFailure, Unsupported
from gradiometer.reference import balls as numeric
from gradiometer.reference.array import Array
from gradiometer.reference.node import Node
from gradiometer.reference.operations import NAMESPACE
from gradiometer.reference.protocol import array
from gradiometer.tracing.array import Traced
from gradiometer.tracing.methods import ATTRIBUTES, METHODS
from gradiometer.tracing.names import TABLES
from gradiometer.tracing.numpy_like import NumPyLike
from gradiometer.tracing.refusals import refusal

X, Y = np.array([0.3, 0.7, 0.45]), np.array([0.2, 0.9, 0.4])
M = np.array([[2.0, 0.3, 0.1], [0.3, 3.0, 0.2], [0.1, 0.2, 4.0]])
N = np.arange(6.0).reshape(2, 3) / 7 + 0.1
C = np.arange(8.0).reshape(2, 2, 2) + 0.5
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (X,), (M,), (X, Y), (M, M), (M, X), ([X, Y],), (X, 2), (M, 1), (X > 0.4, X, Y), (N, (3, 2)),
    (X > 0.4, X), ([X > 0.4, X <= 0.4], [X, Y]), (M, 0, 1), (X, 1, 0.5), (C, 2), (0.5, X, Y),
    (X, [0.0, 1.0], [0.3, 0.5]), (M, np.array([[0], [1], [2]]), 1), ("ij,j->i", M, X),
    (0.3, 0.9, 4), (np.sum, 0, N), (np.sum, N, [0]), (X, [X < 0.4, X >= 0.4], [np.sin, np.cos]),
    ((2, 3), 0.5), (np.array([0, 1, 1]), [X, Y]), (X, (3, 3)), (0.3,), (0.3, 0.9), ([0.3, 0.9],),
    ([0.3, 0.9], [0.1, 0.2]), (1.0 + X,), (1.3,),
    (2.5, 0.9, 0.3), (X, 2, 1), (N, [0, 1], 0.5), (C, -1, 0), (0, X), (N.T, X),
)  # fmt: skip
NO_VALUES = {"astype", "copyto", "empty", "empty_like", "fill_diagonal", "fromfunction", "fromiter",
             "frompyfunc", "full_like", "place", "put", "put_along_axis", "putmask", "select",
             "ldexp", "ndenumerate", "where", "bitwise_and", "bitwise_or", "bitwise_xor",
             "polyadd", "polyfit", "polymul", "polysub", "percentile"}  # fmt: skip
"""Functions of tables that change arrays, or need arguments of their own: they have tests below."""

UP_TO_SIGNS = {"eigh", "qr", "svd"}
"""Functions whose factors have signs that are not defined."""

MODULES: tuple[ModuleType, ...] = (np, np.linalg, math, scipy.special)


@pytest.fixture
def nx() -> NumPyLike:
    """Return NumPy's functions over the reference's."""
    return NumPyLike(NAMESPACE)


def traced(x: Any, nx: NumPyLike, *, numbers: bool = False) -> Any:
    """Return arguments with variables of the tape for real arrays, and for numbers, if asked."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        node = Node(numeric.balls(x), ("input", 0, x.shape), tracked=True)
        return Traced(nx, array(Array(node)), scalar=False)
    if isinstance(x, float) and numbers:
        return traced(np.array(x), nx)[()]
    return [traced(each, nx, numbers=numbers) for each in x] if isinstance(x, list) else x


def flat(x: Any) -> list[Any]:
    """Return results as NumPy's arrays."""
    if isinstance(x, list | tuple):
        return [each for part in x for each in flat(part)]
    if isinstance(x, Traced):
        return [x.native if x.constant else x.native.node.floats]
    return [np.asarray(x)]


def tried(module: ModuleType, name: str, nx: NumPyLike) -> Iterator[tuple[Any, Any]]:
    """Yield what NumPy returns and what comes of traced arrays, for arguments that NumPy takes."""
    function, ours = getattr(module, name), getattr(nx.names.module(module), name)
    for arguments in ARGUMENTS:
        met: list[Any] = []
        for each in arguments:
            met += each if isinstance(each, list) else [each]
        if not any(isinstance(x, float) or getattr(x, "dtype", None) == np.float64 for x in met):
            continue
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                want = flat(function(*copy.deepcopy(arguments)))
        except Exception:  # NumPy takes other arguments
            continue
        if want and all(a.dtype.kind in "fbiu" and np.isfinite(a).all() for a in want):
            numbers = all(isinstance(x, float) for x in met)
            yield want, ours(*traced(list(copy.deepcopy(arguments)), nx, numbers=numbers))


RULES = [
    (module, name)
    for module in MODULES
    for name in TABLES[module.__name__]
    if name not in NO_VALUES and hasattr(module, name)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("module", "name"), RULES)
def test_a_mapped_function_returns_what_numpy_returns(
    module: ModuleType, name: str, nx: NumPyLike
) -> None:
    count, sized = 0, abs if name in UP_TO_SIGNS else np.asarray
    try:
        for want, found in tried(module, name, nx):
            got = flat(found)
            assert [a.shape for a in got] == [a.shape for a in want]
            for a, b in zip(map(sized, got), map(sized, want), strict=True):
                assert np.asarray(a, float) == pytest.approx(np.asarray(b, float), rel=1e-12)
            count += 1
    except (Unsupported, ReferenceFailure) as refused:
        if "at test_numpy_names.py, line" not in str(refused):
            raise
        count += 1
    assert count, "no arguments of the table are taken"


LEFT = [
    name
    for name in sorted(np.__all__)
    if callable(getattr(np, name, None))
    and not isinstance(getattr(np, name), type)
    and name not in TABLES["numpy"]
    and name not in ("info", "show_config", "show_runtime", "test", "get_include", "save")
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LEFT)
def test_every_other_function_of_numpy_is_refused_by_name(name: str, nx: NumPyLike) -> None:
    alias = getattr(np, name) in [getattr(np, known) for known in TABLES["numpy"]]
    x = traced(X, nx)
    function = getattr(nx, name)
    if alias:
        assert function.rule is not None
        return
    with pytest.raises(GradiometerError, match=rf"numpy\.\S*{function.__name__} is called at "):
        function(x)


def test_a_refusal_says_what_to_write_instead(nx: NumPyLike) -> None:
    with pytest.raises(Unsupported, match=r"numpy.histogram is called at test_numpy_names.py, .*s"):
        nx.histogram(traced(X, nx))
    for name in ("rand", "default_rng", "normal"):
        with pytest.raises(Unsupported, match=f"numpy.random.{name} is called.*draw outside"):
            getattr(nx.random, name)(3)
    with pytest.raises(Unsupported, match=r"cannot|is called"):
        nx.fft.fft(traced(X, nx))


def test_constants_go_to_numpy_itself(nx: NumPyLike) -> None:
    assert nx.hanning(5).native.node.floats == pytest.approx(np.hanning(5))
    assert nx.arange(3).native.tolist() == [0, 1, 2]
    assert nx.prod((2, 3)) == 6
    assert nx.finfo(float).eps == np.finfo(float).eps


def test_functions_that_change_arrays(nx: NumPyLike) -> None:
    x = nx.array(traced(X, nx))
    nx.copyto(x, 1.0)
    nx.put(x, [0], 5.0)
    nx.putmask(x, np.array([False, True, False]), [7.0, 8.0, 9.0])
    nx.put_along_axis(x, np.array([2]), -1.0, 0)
    assert flat(x)[0].tolist() == [5.0, 8.0, -1.0]
    nx.place(x, np.array([True, False, True]), [3.0, 4.0])
    assert flat(x)[0].tolist() == [3.0, 8.0, 4.0]
    m = nx.array(traced(M, nx))
    nx.fill_diagonal(m, 0.0)
    nx.add.at(m, (np.array([0, 0]), np.array([0, 0])), 1.5)
    assert np.diagonal(flat(m)[0]).tolist() == [3.0, 0.0, 0.0]


def test_functions_with_arguments_of_their_own(nx: NumPyLike) -> None:
    x = traced(X, nx)
    for found, want in (
        (nx.where(X > 0.4, x, 0.0), np.where(X > 0.4, X, 0.0)),
        (nx.where(x > 0.4)[0], np.where(X > 0.4)[0]),
        (nx.select([x > 0.5, x > 0.4], [x, 2 * x]), np.select([X > 0.5, X > 0.4], [X, 2 * X])),
        (nx.full_like(x, 2.0), np.full_like(X, 2.0)),
        (nx.fromfunction(lambda i: i * x[0], (3,)), np.fromfunction(lambda i: i * X[0], (3,))),
        (nx.fromiter((v * v for v in x), float), np.fromiter((v * v for v in X), float)),
        (nx.frompyfunc(math.floor, 1, 1)(2.5), 2),
        (nx.ldexp(x, 3), np.ldexp(X, 3)),
        (nx.astype(x, np.float64), X),
        (nx.empty_like(x), np.zeros(3)),
        (nx.polyadd(x, [1.0, 2.0]), np.polyadd(X, [1.0, 2.0])),
        (nx.polymul(x, [1.0, 2.0]), np.polymul(X, [1.0, 2.0])),
        (nx.polyfit(X, traced(Y, nx), 1), np.polyfit(X, Y, 1)),
        (nx.polysub(x, [1.0, 2.0]), np.polysub(X, [1.0, 2.0])),
        (nx.logaddexp.reduce(x), np.logaddexp.reduce(X)),
        (nx.hypot.reduce(traced(M, nx), 1), np.hypot.reduce(M, 1)),
        (nx.linalg.svd(traced(N, nx), compute_uv=False), np.linalg.svd(N, compute_uv=False)),
        *((nx.linalg.norm(traced(N, nx), p), np.linalg.norm(N, p))
          for p in (1, -1, 2, -2, np.inf, -np.inf, "nuc")),
        *((nx.linalg.cond(traced(M, nx), p), np.linalg.cond(M, p)) for p in (1, -2, "fro")),
        (nx.percentile(x, 30), np.percentile(X, 30)),
        ((x > 0.4) & ~(x > 0.5) | (x > 0.6), (X > 0.4) & ~(X > 0.5) | (X > 0.6)),
        (nx.maximum.accumulate(x), np.maximum.accumulate(X)),
        (nx.einsum("...i,i", traced(M, nx), x), np.einsum("...i,i", M, X)),
        (nx.einsum("ij,kj,k->i", traced(M, nx), traced(N, nx), [1.0, 2.0]),
         np.einsum("ij,kj,k->i", M, N, [1.0, 2.0])),
        (nx.einsum("ii->i", traced(M, nx)), np.diagonal(M)),
    ):  # fmt: skip
        (got,) = flat(found)
        assert np.asarray(got, float) == pytest.approx(np.asarray(want, float), rel=1e-12)


def test_scipys_linear_algebra(nx: NumPyLike) -> None:
    import scipy.linalg

    ours, m = nx.names.module(scipy.linalg), traced(M, nx)
    for name, args in (("cho_solve", (X,)), ("solve", (X,)), ("solve_triangular", (X,))):
        theirs = getattr(scipy.linalg, name)
        factored = name == "cho_solve"
        a = ours.cho_factor(m, lower=True) if factored else m
        b = scipy.linalg.cho_factor(M, lower=True) if factored else M
        (got,) = flat(getattr(ours, name)(a, *args))
        assert got == pytest.approx(theirs(b, *args), rel=1e-12)


def test_all_that_numpys_arrays_have_is_there_or_refused(nx: NumPyLike) -> None:
    x = traced(X, nx)
    for name in dir(np.ndarray):
        if name.startswith("__") or name in (*METHODS, *ATTRIBUTES) or name in dir(Traced):
            continue
        with pytest.raises(Unsupported, match=rf"\.{name} of an array"):
            getattr(x, name)
    with pytest.raises(AttributeError, match="has no attribute 'foo'"):
        _ = x.foo


def test_the_page_lists_the_names_that_are_mapped() -> None:
    page = (Path(__file__).parents[1] / "docs/functions.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        for name in table:
            assert f"`{name}" in page or f" {name}" in page, name


def test_a_refusal_names_the_line() -> None:
    assert "test_numpy_names.py, line" in str(refusal("x", "y."))
