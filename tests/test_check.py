"""Whether a derivative is right: verdicts, what explains wrong ones, and what cannot be checked."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiometer
from gradiometer import GradiometerError, problem
from gradiometer.checking import check as module
from gradiometer.checking.beside import NAMES, beside
from gradiometer.checking.check import check_problem
from gradiometer.checking.claims import Claimed
from gradiometer.checking.result import Verdict
from gradiometer.vocabulary.operators import MOST_OF_MATRIX, OPERATORS

rng = np.random.default_rng(3)
X, Y, Z = (rng.standard_normal(n) for n in (3, 3, 3))
Grads = dict[str, Any]


@problem(
    at={
        "W": rng.standard_normal((2, 3)),
        "b": rng.standard_normal(2),
        "c": rng.standard_normal(2),
        "A": rng.standard_normal((3, 3)),
    },
    given={"x": X},
)
def network(xp, W, b, c, A, *, x):
    """c·tanh(W·x + b) + sin(yᵀ·A·z)."""
    return xp.sum(c * xp.tanh(W @ x + b)) + xp.sin(xp.sum(xp.asarray(Y) * (A @ xp.asarray(Z))))


def backward(W, b, c, A, *, x):
    h = np.tanh(W @ x + b)
    d = c * (1 - h * h)
    return np.outer(d, x), d, h, np.cos(Y @ A @ Z) * np.outer(Y, Z)


def spoilt(fault: Callable[[Grads], Mapping[str, Any]]) -> Callable[..., Any]:
    """Return the backward pass with a fault in what it returns."""

    @functools.wraps(backward)
    def wrong(*inputs: Any, **given: Any) -> Any:
        grads = dict(zip("WbcA", backward(*inputs, **given), strict=True))
        return tuple((grads | fault({k: g.copy() for k, g in grads.items()})).values())

    return wrong


def at(g: Any, index: Any, factor: float) -> Any:
    g[index] *= factor
    return g


def every(change: Callable[[Any], Any]) -> Callable[[Grads], Grads]:
    return lambda g: {k: change(a) for k, a in g.items()}


def rounded32(a: Any) -> Any:
    return a.astype(np.float32).astype(np.float64)


FAULTS: dict[str, Callable[[Grads], Mapping[str, Any]]] = {
    "zero everywhere": every(lambda a: 0.0 * a),
    "zero in all of W": lambda g: {"W": 0.0 * g["W"]},
    "zero in b[1]": lambda g: {"b": at(g["b"], 1, 0.0)},
    "zero in W[0, :]": lambda g: {"W": at(g["W"], 0, 0.0)},
    "zero in W[:, 1]": lambda g: {"W": at(g["W"], (slice(None), 1), 0.0)},
    "the sign is reversed everywhere": every(np.negative),
    "the sign is reversed in all of W, b": lambda g: {"W": -g["W"], "b": -g["b"]},
    "the sign is reversed in A[2, 1]": lambda g: {"A": at(g["A"], (2, 1), -1.0)},
    "half what it should be everywhere": every(lambda a: a / 2),
    "twice what it should be in all of c": lambda g: {"c": 2 * g["c"]},
    "0.2 times what it should be everywhere": every(lambda a: a / 5),
    "7 times what it should be in all of A": lambda g: {"A": 7 * g["A"]},
    "(1 + 1e-07) times what it should be in all of A": lambda g: {"A": (1 + 1e-7) * g["A"]},
    "A is transposed": lambda g: {"A": g["A"].T},
    "W is transposed": lambda g: {"W": g["W"].T.reshape(2, 3)},
    "b and c are exchanged": lambda g: {"b": g["c"], "c": g["b"]},
    "the components of A are permuted": lambda g: {"A": np.roll(g["A"], 1)},
    "b[0] and b[1] are exchanged": lambda g: {"b": g["b"][::-1]},
    "the diagonal of A is half what it should be": lambda g: {
        "A": g["A"] * (1.0 - np.eye(3) / 2)
    },
    "rounded to float32 everywhere": every(rounded32),
    "errors of the size of float32's rounding": every(
        lambda a: a * (1 + 6e-8 * np.cos(1.0 + np.arange(a.size).reshape(a.shape)))
    ),
    "the sign is reversed in all of W; zero in all of b": lambda g: {"W": -g["W"], "b": 0 * g["b"]},
    "": lambda g: {"W": g["W"] + rng.standard_normal((2, 3))},
}  # fmt: skip


@pytest.mark.parametrize("pattern", FAULTS)
def test_a_wrong_backward_pass_is_found_and_explained(pattern: str) -> None:
    done = gradiometer.check(network, gradient=spoilt(FAULTS[pattern]))
    (claim,) = done.claims
    assert (done.verdict, bool(done), claim.name) == (Verdict.WRONG, False, "backward")
    assert claim.at[0].pattern == pattern
    assert repr(done).startswith("WRONG: backward is not the gradient of network at point 1 of 3: ")
    assert f"{pattern[:1].upper()}{pattern[1:]}" in repr(done)


def test_what_is_kept_from_an_earlier_call_is_stale() -> None:
    kept: list[Any] = []

    def remembered(*inputs: Any, **given: Any) -> Any:
        kept.append(backward(*inputs, **given))
        return kept[0]

    (claim,) = gradiometer.check(network, gradient=remembered).claims
    assert [each.verdict for each in claim.at] == ["right", "wrong", "wrong"]
    assert claim.at[1].pattern == "stale everywhere, right at another point that is checked"
    assert claim.worst == 1


def test_a_right_backward_pass_is_right_at_three_points_to_every_digit_owed() -> None:
    done = gradiometer.check(network, gradient=backward, seed=1)
    assert done
    assert repr(done).startswith("RIGHT: backward is the gradient of network at 3 points, to 1")
    assert len(done.claims[0].at[0].rows) == 10
    assert "the 10 worst of 19 components" in repr(done)
    assert "<table>" in done._repr_html_()
    assert all(10 < row.owed < 16 for row in done.claims[0].at[0].rows if row.owed)


# What is checked.


def test_what_a_problem_brings_along_is_checked_before_what_is_written_beside() -> None:
    @problem(at={"x": 2.0})
    def cube(xp, x):
        return x * x * x

    def cube_gradient(x):
        return 3 * x * x

    def wrong(x):
        return 3 * x

    names = {"cube_gradient": cube_gradient}
    assert check_problem(cube, names=names).claims[0].origin == "found beside the function"
    assert check_problem(cube, names=names).claims[0].name == "cube_gradient"
    cube.backprop(wrong)
    assert check_problem(cube, names=names).claims[0].name == "wrong"
    assert check_problem(cube, cube_gradient, names=names)


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "value"])
def test_a_derivative_beside_a_function_is_found_by_its_name(operator: str) -> None:
    for pattern in NAMES[operator]:
        names = {pattern.format("f"): backward, "f": network, "grads": 3.0}
        assert beside(names, "f", operator) is backward
    assert beside({"f": backward, "f_value": backward}, "f", operator) is None


@pytest.mark.parametrize(
    ("number", "kind"),
    [(np.array(2.5), float), (np.array(2.5, np.float32), np.float32), (np.array(2), np.int64)],
)
def test_numbers_are_handed_over_as_python_s_or_numpy_s_own(number: Any, kind: type) -> None:
    found = Claimed("claim", {}).array(number)
    assert type(found) is kind
    assert found == number


def test_arrays_are_handed_over_as_copies() -> None:
    given = np.array([1.0, 2.0])
    found = Claimed("claim", {}).array(given)
    found[0] = 7.0
    assert given.tolist() == [1.0, 2.0]


def test_the_docs_list_the_names() -> None:
    text = (Path(__file__).parents[1] / "docs" / "check.md").read_text(encoding="utf-8")
    named = {name.format("f") for names in NAMES.values() for name in names}
    assert named == set(
        re.findall(r"`(\w*f\w*)`", text[text.index("| operator") : text.index("## What")])
    )


def test_where_nothing_is_written_methods_are_checked() -> None:
    @problem(at={"x": np.array([0.5, 2.0])})
    def free(xp, x):
        return xp.sum(xp.sin(x) * x)

    done = check_problem(free, names={})
    names = {claim.name for claim in done.claims}
    assert names >= {"forward-difference", "central-difference", "complex-step"}
    assert done
    assert "7 promised" in repr(done)


def test_a_method_that_cannot_do_it_is_left_out() -> None:
    @problem(at={"x": np.array([0.5, 2.0])})
    def choosing(xp, x):
        return xp.sum(x * x) if bool(xp.all(x < 9.0)) else xp.sum(x)

    names = {claim.name for claim in check_problem(choosing, names={}).claims}
    assert {"forward-difference", "central-difference"} <= names
    assert "complex-step" not in names or "sympy" not in names


def test_where_no_method_can_do_it_a_function_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_methods", lambda problem: [])
    with pytest.raises(GradiometerError, match="nothing was found that computes the hessian of"):
        check_problem(cubes, operator="hessian", names={})


@problem(at={"x": np.array([1.0, 2.0]), "k": 3.0}, outputs=("u", "v"))
def outputs(xp, x, k):
    return k * x[0] * x[1], k * k * x


@outputs.backprop
def _(x, k, u, v):
    return u * k * x[::-1] + k * k * v, u * x[0] * x[1] + 2 * k * np.sum(v * x)


@pytest.mark.parametrize("operator", ["value", "jacobian", "jvp", "vjp"])
def test_other_operators_are_checked_from_what_is_there(operator: str) -> None:
    assert gradiometer.check(outputs, operator=operator)


@problem(at={"x": np.array([1.0, 2.0, 3.0])})
def cubes(xp, x):
    return xp.sum(x**3)


OF_CUBES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "hessian": (lambda x: np.diag(6 * x), lambda x: np.diag(3 * x)),
    "hvp": (lambda x, v: 6 * x * v, lambda x, v: 6 * x),
    "jvp": (lambda x, v: np.sum(3 * x * x * v), lambda x, v: np.sum(3 * x * x)),
    "vjp": (lambda x, w: 3 * x * x * w, lambda x, w: 3 * x * x),
    "jacobian": (lambda x: (3 * x * x)[None], lambda x: (x * x)[None]),
    "value": (lambda x: np.sum(x * x * x), lambda x: np.sum(x * x)),
}


@pytest.mark.parametrize("operator", OF_CUBES)
def test_what_is_claimed_of_an_operator_is_checked(operator: str) -> None:
    right, wrong = OF_CUBES[operator]
    assert gradiometer.check(cubes, gradient=right, operator=operator)
    assert gradiometer.check(cubes, gradient=wrong, operator=operator).verdict is Verdict.WRONG


def test_points_that_are_named_are_checked_too() -> None:
    @problem(at={"x": 2.0})
    def branch(xp, x):
        return xp.where(x > 1e6, 3 * x, x * x)

    done = gradiometer.check(branch, gradient=lambda x: 2 * x, also_at=[{"x": 2e6}])
    assert done.verdict is Verdict.WRONG
    assert done.claims[0].worst == len(done.claims[0].at) - 1


def test_float32_is_checked_in_float32() -> None:
    single = gradiometer.check(cubes, gradient=lambda x: 3 * x * x, dtype="float32")
    assert single
    assert single.points.declared.point.dtype == "float32"


# What returns no derivative, and what to return instead.

Sparse = type("csr_matrix", (), {"nnz": 1, "toarray": lambda self: np.zeros(3)})
UNREADABLE: dict[str, tuple[Any, str]] = {
    "None": (lambda x: None, "None returned, 1 array expected"),
    "text": (lambda x: "3", "returned '3': return an array of shape (3,), that of x."),
    "a generator": (lambda x: (g for g in x), "returned a generator: return an array"),
    "a class": (lambda x: np.ndarray, "returned 'ndarray' itself: call it"),
    "a function": (lambda x: np.sin, "call it, and return an array of shape (3,)"),
    "complex": (lambda x: x * 1j, "complex, real numbers expected"),
    "sparse": (lambda x: Sparse(), "returned a sparse matrix (csr_matrix): return its .toarray()."),
    "a column": (lambda x: x[:, None], "reshape the derivative in x to the shape of x"),
    "a batch": (lambda x: np.ones((5, 3)), "sum over the first axis, along which x was broadcast"),
    "too short": (lambda x: x[:2], "return the derivative in x in the shape of x"),
    "a dict": (lambda x: {"y": x}, "returned a dict with the keys ['y']: return an array"),
    "several": (lambda x: (x, x), "2 arrays returned, 1 expected"),
    "a ragged list": (lambda x: [[1.0], [1.0, 2.0]], "x is a list, an array of shape"),
    "objects": (lambda x: np.array([None, 1, 2]), "x holds object instead of numbers"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_no_derivative_is_told_with_what_to_return(what: str) -> None:
    gradient, told = UNREADABLE[what]
    done = gradiometer.check(cubes, gradient=gradient)
    assert done.verdict is Verdict.WRONG
    assert told in repr(done).splitlines()[0]


@pytest.mark.parametrize(
    "returned",
    [
        lambda x: 3 * x * x,
        lambda x: (3 * x * x,),
        lambda x: [3 * x * x],
        lambda x: (3 * x * x).tolist(),
        lambda x: {"x": 3 * x * x},
    ],
)
def test_one_derivative_may_be_returned_in_any_form(returned: Any) -> None:
    assert gradiometer.check(cubes, gradient=returned)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (
            lambda x, k: np.ones(3),
            "returned one array of shape (3,): return 2 arrays (x (2,), k ())",
        ),
        (lambda x, k: 1.0, "returned float: return 2 arrays"),
        (lambda x, k: (x,), "1 arrays returned, 2 expected"),
    ],
)
def test_one_for_each_input_is_due(returned: Any, told: str) -> None:
    @problem(at={"x": np.ones(2), "k": 2.0})
    def both(xp, x, k):
        return k * xp.sum(x)

    assert told in repr(gradiometer.check(both, gradient=returned))


def test_a_backward_pass_that_changes_its_inputs_is_wrong() -> None:
    def changing(x):
        x *= x
        return 3 * x

    done = gradiometer.check(cubes, gradient=changing)
    assert "a call changes x, which it is given" in repr(done)
    assert done.verdict is Verdict.WRONG


# What cannot be carried out.


class Slope:
    def __call__(self, x: Any) -> Any:
        return 3 * x * x


def test_an_object_that_can_be_called_is_checked() -> None:
    assert gradiometer.check(cubes, gradient=Slope()).claims[0].name == "Slope"


def raising(x: Any) -> Any:
    raise ValueError("no")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a class": ({"gradient": Slope}, "Slope is a class: name a function"),
    "an array": ({"gradient": np.ones(3)}, "the gradient is ndarray, not a function: give what"),
    "it raises": ({"gradient": raising}, r"raising raised ValueError: no at test_check.py, line"),
    "operator": ({"operator": "slope"}, "Unknown operator 'slope'"),
    "size": ({"size": "3"}, "Unknown size"),
    "dtype": ({"dtype": "float16"}, "Unknown dtype"),
    "shape": ({"also_at": [{"x": np.ones(2)}]}, r"x has shape \(2,\) at the point that is named"),
    "names": ({"also_at": [{"y": np.ones(3)}]}, r"has inputs \['y'\]"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_carried_out_is_refused_in_a_line(what: str) -> None:
    options, told = REFUSED[what]
    with pytest.raises(GradiometerError, match=told):
        gradiometer.check(cubes, **({"gradient": lambda x: 3 * x * x} | options))


def test_a_second_derivative_of_several_outputs_is_refused() -> None:
    with pytest.raises(GradiometerError, match="has several outputs and no hessian"):
        gradiometer.check(outputs, operator="hessian")


def test_a_function_that_is_no_scalar_is_not_decided_with_what_to_do() -> None:
    @problem(at={"x": np.ones(3)})
    def vector(xp, x):
        return x * x

    done = gradiometer.check(vector, gradient=lambda x: 2 * x)
    assert done.verdict is Verdict.UNDECIDED
    assert "a scalar, of shape (), was expected. Sum it, or name its outputs" in repr(done)


def test_a_gradient_may_have_more_components_than_a_matrix() -> None:
    n = MOST_OF_MATRIX + 1
    many = gradiometer.Problem("many", lambda xp, x: xp.sum(x * x), {"x": np.linspace(1.0, 2.0, n)})
    wrong = np.zeros(n)
    wrong[123_456] = 1e-9
    right, other = (
        gradiometer.check(many, gradient=lambda x, by=by: 2 * x + by, also_at=())
        for by in (0.0, wrong)
    )
    assert right.verdict is Verdict.RIGHT
    assert other.verdict is Verdict.WRONG
    assert "x[123456]" in repr(other)
    with pytest.raises(GradiometerError, match="none is certified beyond 300,000"):
        gradiometer.check(many, gradient=lambda x: 2 * x, operator="hessian")
