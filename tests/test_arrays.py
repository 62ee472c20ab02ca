"""The reference's arrays behave as NumPy's, or refuse by name: gone through one by one."""

from __future__ import annotations

import copy
import math
import pickle
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import flint
import numpy as np
import pytest

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import balls as numeric
from gradiometer.reference.array import Array
from gradiometer.reference.evaluation import Evaluation
from gradiometer.reference.node import Node
from gradiometer.reference.operations import NAMESPACE as xp
from gradiometer.reference.protocol import PROTOCOL, array
from gradiometer.reference.refusals import REFUSED


@pytest.fixture(autouse=True)
def evaluation() -> Iterator[None]:
    with flint.ctx.workprec(192), Evaluation():
        yield


def variable(x: Any) -> Array:
    return Array(Node(np.asarray(x, dtype=float), tracked=True), scalar=False)


def plain(x: Any) -> Any:
    """Return a result as NumPy has it."""
    if isinstance(x, Array):
        return numeric.floats(x.node.value)[()]
    return [plain(each) for each in x] if isinstance(x, tuple | list) else x


INHERITED = set(dir(object)) - {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}


@pytest.mark.parametrize("name", sorted(set(dir(np.ndarray)) - INHERITED))
def test_what_an_ndarray_has_is_there_or_refused_by_name(name: str) -> None:
    if name in REFUSED:
        with pytest.raises(ReferenceFailure, match=r"test_arrays.py, line .*: \w"):
            getattr(variable([1.0, 2.0]), name)
        assert name not in PROTOCOL
    else:
        assert hasattr(Array, name), f"{name} is neither supported nor refused"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_nothing_is_refused_that_numpy_has_not(name: str) -> None:
    had_once = {"itemset", "newbyteorder", "__buffer__"}  # before NumPy 2, from Python 3.12 on
    assert hasattr(np.ndarray, name) or name in had_once


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    assert not hasattr(variable([1.0]), "nothing_of_the_kind")


# The same program on NumPy's arrays and on the reference's. Each changes, or reads, x and y.


def _in_place(x: Any, y: Any) -> Any:
    z = x
    z += 1.0
    z *= y
    z -= 0.5
    z /= 2.0
    return x


def _power_in_place(x: Any, y: Any) -> Any:
    z = x
    z **= 2
    z //= 3.0
    z %= 2.0
    return x


def _through_transposed(x: Any, y: Any) -> Any:
    x.T[0] = 9.0
    x.mT[1, 1] = -1.0
    return x


def _through_reshaped(x: Any, y: Any) -> Any:
    flat = x.reshape(-1)
    flat[::2] = y.reshape(6)[::2]
    return x


def _not_through_copied(x: Any, y: Any) -> Any:
    x.copy()[0] = 9.0
    x.flatten()[0] = 9.0
    x[[0, 1]][0] = 9.0
    x.T.reshape(-1)[0] = 9.0
    (x + 0.0)[0] = 9.0
    copy.copy(x)[0] = 9.0
    copy.deepcopy(x)[0] = 9.0
    return x


def _through_ravel_and_swap(x: Any, y: Any) -> Any:
    x.ravel()[1] = 7.0
    x.swapaxes(0, 1)[2, 1] = 8.0
    x.transpose(1, 0)[0] += y[:, 0]
    x[:, None].squeeze()[0, 2] = 6.0
    x.view()[1, 0] = 5.0
    return x


def _a_number_is_no_view(x: Any, y: Any) -> Any:
    v = x[0, 0]
    v += 5.0
    x[0, 0] = x[0, 1]
    return [v, x]


def _views_see_what_is_written(x: Any, y: Any) -> Any:
    row, column = x[0], x[:, 1]
    x[0, 1] = 42.0
    row[1] += 1.0
    return [row, column, x]


def _overlapping(x: Any, y: Any) -> Any:
    x[:, 1:] = x[:, :-1]
    return x


def _by_mask(x: Any, y: Any) -> Any:
    x[x > 0.5] = 0.0
    x[y < 0.0] *= 3.0
    return x


def _by_integers(x: Any, y: Any) -> Any:
    x[[1, 1], [0, 2]] = [5.0, 6.0]
    x[..., -1] = y[..., 0]
    return x


def _filled(x: Any, y: Any) -> Any:
    x.fill(3.0)
    x[()] = y
    return x


def _broadcast_in(x: Any, y: Any) -> Any:
    x[:] = [[1.0, 2.0, 3.0]]
    x[:, 1:2] = y[:, :1]
    return x


PROGRAMS = [
    _in_place, _power_in_place, _through_transposed, _through_reshaped, _not_through_copied,
    _through_ravel_and_swap, _a_number_is_no_view, _views_see_what_is_written, _overlapping,
    _by_mask, _by_integers, _filled, _broadcast_in,
]  # fmt: skip
READS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, y: [x.sum(), x.sum(0), x.sum(axis=1), x.sum(axis=(0, 1), keepdims=True)],
    "mean, var, std": lambda x, y: [x.mean(), x.mean(1), x.var(0), x.std()],
    "prod": lambda x, y: [x.prod(), x.prod(axis=0), x.prod(axis=1, keepdims=True)],
    "max, min": lambda x, y: [x.max(), x.max(axis=0), x.min(axis=1), x.min()],
    "argmax, argmin": lambda x, y: [x.argmax(), x.argmax(axis=1), x.argmin(axis=0)],
    "argsort": lambda x, y: [x.argsort(), x.argsort(axis=0)],
    "cumsum, cumprod": lambda x, y: [x.cumsum(), x.cumsum(axis=1), x.cumprod(axis=0)],
    "clip, round": lambda x, y: [x.clip(-0.5, 0.5), x.round(), x.round(1), round(x[0, 0])],
    "dot": lambda x, y: [x.dot(y.T), x @ y.T, x[0] @ y[0], x.T @ y],
    "take, repeat": lambda x, y: [x.take([0, 4]), x.take([1, 0], axis=1), x.repeat(2, axis=0)],
    "trace, diagonal": lambda x, y: [x.trace(), x.diagonal(), x.diagonal(1)],
    "shape": lambda x, y: [x.shape, x.ndim, x.size, len(x), x.nbytes, x.itemsize, x.T.shape],
    "arithmetic": lambda x, y: [x + y, x - y, x * y, x / y, x // y, x % y, -x, +x, abs(x)],
    "on the left": lambda x, y: [1 + x, 1 - x, 2 * x, 1 / x, 3.1 // x, 3.1 % x, 2.0**x],
    "with arrays of NumPy on the left": lambda x, y: [
        np.ones(3) + x, np.ones((2, 3)) * x, np.ones(3) / x, np.ones((2, 2)) @ x, np.float64(2) * x,
    ],
    "powers": lambda x, y: [x**2, x**3, x**-1, abs(x) ** 0.5, abs(x) ** y, pow(x, 2)],
    "divmod": lambda x, y: [*divmod(x, 0.7), *divmod(2.0, x)],
    "comparisons": lambda x, y: [x > y, x >= y, x < y, x <= y, x == y, x != y, 0.5 > x],  # noqa: SIM300
    "not a number": lambda x, y: [x is None, (x[0, 0] == None) is None],  # noqa: E711
    "any, all": lambda x, y: [(x > 0).any(), (x > 0).all(axis=0), x.any(), x.all()],
    "containment": lambda x, y: [x[0, 0] in x, 77.0 in x],
    "iteration": lambda x, y: [list(x), [v for row in x for v in row], list(x.flat)],
    "indices": lambda x, y: [x[1], x[-1, 0], x[:, ::-1], x[None], x[..., 0], x[[1, 0]], x[x > 0]],
    "truth": lambda x, y: [bool(x[0, 0]), bool(x[:1, :1]), not x[0, 1]],
    "real": lambda x, y: [x.real, x.conj(), x.conjugate(), x.astype(float)],
}  # fmt: skip
X = np.array([[0.75, -1.5, 0.3], [2.25, 0.6, -0.4]])
Y = np.array([[1.5, -0.3, 2.0], [0.9, -2.5, 0.8]])


@pytest.mark.parametrize("program", [*PROGRAMS, *READS.values()],
                         ids=[*(p.__name__ for p in PROGRAMS), *READS])  # fmt: skip
def test_a_program_does_what_it_does_with_numpy(program: Callable[[Any, Any], Any]) -> None:
    expected = program(X.copy(), Y.copy())
    found = plain(program(variable(X), variable(Y)))
    for one, other in zip(_listed(found), _listed(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-14)


def _listed(x: Any) -> list[Any]:
    return x if isinstance(x, list) else [x]


# Refusals, in the user's words.


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (lambda x: float(x[0]), "float.*write the operation with `xp`"),
        (lambda x: complex(x[0]), "write the operation with `xp`"),
        (lambda x: int(x[0]), "write the operation with `xp`"),
        (lambda x: math.exp(x[0]), "write the operation with `xp`"),
        (lambda x: math.floor(x[0]), "write xp.floor"),
        (lambda x: math.trunc(x[0]), "write xp.trunc"),
        (lambda x: x.tolist(), "write the operation with `xp`"),
        (lambda x: np.asarray(x), "write the operation with `xp`"),
        (lambda x: np.exp(x), "write xp.exp"),
        (lambda x: np.sum(x), "write xp.sum"),
        (lambda x: np.add(np.ones(2), x, out=np.ones(2)), "xp.zeros"),
        (lambda x: range(x[0]), "integer"),
        (lambda x: [1, 2][x[0]], "integer"),
        (lambda x: np.ones(3)[x], "write the operation|integer"),
        (lambda x: x[x], "an index takes integers"),
        (lambda x: bool(x), "2 components.*xp.where"),
        (lambda x: iter(x[0]), "nothing to loop over"),
        (lambda x: len(x[0]), "no length"),
        (lambda x: statistics.fmean(x), "write the operation with `xp`"),
        (lambda x: x & 1, "bits"),
        (lambda x: 1 | x, "bits"),
        (lambda x: ~x, "bits"),
        (lambda x: x << 1, "bits"),
        (lambda x: pow(x, 2, 3), "remainder"),
        (lambda x: x.__setitem__(0, [1.0, 2.0]), "shapes must fit"),
        (lambda x: x[0].__setitem__((), 2.0), "cannot be changed in place"),
        (lambda x: x.__delitem__(0), "keep their length"),
        (lambda x: x.__iadd__(np.ones((3, 2))), "changed in place to shape"),
        (lambda x: x + "text", "used as an array"),
        (lambda x: x + None, "used as an array"),
        (lambda x: x + 1j, "complex"),
        (lambda x: x.astype(np.float32), "dtype"),
        (lambda x: x.astype(int), "conversion to integers"),
        (lambda x: x.sum(dtype=np.float32), "dtype"),
        (lambda x: xp.sum(x, out=x), "assign the result"),
        (lambda x: xp.sum(x, where=True), "other arguments"),
        (lambda x: x.reshape(2, order="F"), "transpose first"),
        (lambda x: x.mT, "of matrices"),
        (lambda x: pickle.dumps(x), "pickled"),
        (lambda x: array([1, 2], integer=True).__setitem__(0, 0.5), "fraction"),
        (lambda x: xp.max(x[:0]), "not defined"),
    ],
)  # fmt: skip
def test_a_misuse_is_told_with_its_line_and_what_to_write(
    misuse: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(ReferenceFailure, match=said) as caught:
        misuse(variable([1.0, 2.0]))
    assert "test_arrays.py, line" in str(caught.value)
    assert "Node" not in str(caught.value)


# Integers.


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_integers_are_exact_whatever_holds_them(dtype: Any) -> None:
    k = array(np.array([100, 3], dtype=dtype), integer=True)
    assert plain(k * k * k).tolist() == [1_000_000, 27]
    assert plain(k - 200).tolist() == [-100, -197]
    assert plain(k // 7).tolist() == [14, 0]
    assert plain(k % 7).tolist() == [2, 3]
    assert plain((k**20)[0]) == 1e40
    assert (k * k).integer
    assert not (k / 2).integer
    assert not (k * 0.5).integer
    assert not (k * k).node.bound.any()


def test_integers_index_and_count() -> None:
    x, k = variable([1.0, 2.0, 3.0]), array(np.array([2, 0], dtype=np.int8), integer=True)
    assert plain(x[k]).tolist() == [3.0, 1.0]
    assert plain(x[k[0]]) == 3.0
    assert plain(x[: k[0]]).tolist() == [1.0, 2.0]
    assert list(range(k[0])) == [0, 1]
    assert np.arange(3)[k].tolist() == [2, 0]


def test_a_constant_array_may_leave_for_numpy() -> None:
    assert np.asarray(array([0.5, 2.0])).tolist() == [0.5, 2.0]
    assert float(array(0.5)) == 0.5
    with pytest.raises(ReferenceFailure, match="that doubles do not hold"):
        float(xp.sqrt(2.0))


def test_an_array_shows_its_numbers() -> None:
    assert repr(variable([1.0, 2.0])) == "Array([1.0, 2.0])"
    assert f"{array(1.5):.2f}" == "1.50"


def test_the_text_of_an_array_is_no_number_to_compute_with() -> None:
    assert f"{variable(1.5):.2f}" == "≈1.50"
    with pytest.raises(ValueError, match="could not convert"):
        float(f"{variable(1.5)}")
