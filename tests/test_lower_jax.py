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
import wrong_rules_jax

from gradiometer.errors import GradiometerError
from gradiometer.reference.lookup import certified
from gradiometer.tracing.derived import answer, derivative, named
from gradiometer.tracing.jax import framework as folder
from gradiometer.tracing.jax import taken as taking
from gradiometer.tracing.jax.framework import call
from gradiometer.tracing.jax.kernels import kernels
from gradiometer.tracing.jax.lower import flat, lower
from gradiometer.tracing.jax.taken import taken
from gradiometer.tracing.lowered import Lowered, Rule
from gradiometer.tracing.taken import Taken
from gradiometer.vocabulary.point import Argument, Directions, Point
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
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    with jax.enable_x64(True):
        spec.loader.exec_module(found)
    return found


def names(file: str) -> list[str]:
    found = inspect.getmembers(module(file), inspect.isroutine)
    return [name.removesuffix("_arguments") for name, _ in found if name.endswith("_arguments")]


FUNCTIONS = [(file, name) for file in ("networks", "sciences", "idioms") for name in names(file)]
DIGITS = {"dot_product_attention": 1e-6}
"""Functions that JAX computes in float32, of whatever type their arrays are."""

FORWARD_ONLY = {"newton"}
"""Functions that JAX cannot differentiate in reverse."""

BY_PYTHON = {"python_decides", "python_loops"}
"""Functions that JAX cannot compile: Python asks for their values."""

CUT_OTHERWISE = {"straight_through"}
"""Functions whose derivative as JAX sees it is not the true one."""


def taken_uncalled(function: Any, args: Any) -> Taken:
    """Return what `taken` does, of outputs as JAX infers them: nothing is run, nor compiled."""

    def inferred(flat: Any, arrays: Any, name: str) -> Any:
        zeros = lambda y: np.zeros(y.shape, y.dtype)  # noqa: E731
        shaped = lambda *xs: jax.tree_util.tree_map(zeros, jax.eval_shape(flat, *xs))  # noqa: E731
        return outputs(shaped, arrays, name)

    outputs = taking._outputs
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_outputs", inferred)
        return taken(function, args, {})


def of_gallery(file: str, name: str) -> Taken:
    function, args = (getattr(module(file), each) for each in (name, f"{name}_arguments"))
    return taken(function, args(), {}) if name in BY_PYTHON else taken_uncalled(function, args())


def called(at: Taken, **others: Any) -> dict[str, Any]:
    """Return the outputs by name, as JAX computes them; of other values, where these are named."""
    values = at.arrays | others
    return dict(zip(at.outputs, call(at.function, [values[n] for n in at.names]), strict=True))


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


def by_jax(
    at: Taken, *, forward: bool = False, compiled: bool = True
) -> tuple[Any, np.ndarray[Any, Any]]:
    """Return the outputs and the gradient of the first, as JAX computes them; in one program."""
    arrays = [jax.numpy.asarray(at.arrays[n]) for n in at.names]
    differentiate = jax.jacfwd if forward else jax.grad
    first = differentiate(lambda *xs: at.function(*xs)[0], argnums=range(len(at.inputs)))
    both = lambda *xs: (at.function(*xs), first(*xs))  # noqa: E731
    outputs, found = (jax.jit(both) if compiled else both)(*arrays)
    return outputs, np.concatenate([np.ravel(g) for g in found])


def close(found: Any, wanted: Any, digits: float = 1e-10) -> bool:
    scale = max(1e-300, float(np.max(np.abs(wanted), initial=0.0)))
    return bool(np.all(np.abs(np.asarray(found) - np.asarray(wanted)) <= digits * scale))


@pytest.mark.parametrize(("file", "name"), FUNCTIONS)
def test_gradients_of_the_gallery_agree(file: str, name: str) -> None:
    at, digits = of_gallery(file, name), DIGITS.get(name, 1e-10)
    found = lowered(at)
    outputs, wanted = by_jax(at, forward=name in FORWARD_ONLY, compiled=name not in BY_PYTHON)
    for value, output in zip(evaluated(found.graph, at), outputs, strict=True):
        assert close(value, output, digits)
    assert close(gradient(found.graph, at), wanted, digits)
    if found.uncut is not None and name not in CUT_OTHERWISE:
        assert close(gradient(found.uncut, at), wanted, digits)


def pulled_back(rule: Rule) -> bool:
    """Return whether a rule's pullback is the certified one, of random cotangents."""
    rng = np.random.default_rng(0)
    found = rule.forward(NUMPY, *rule.at)
    outputs = found if isinstance(found, tuple) else (found,)
    cotangents = [rng.normal(size=np.shape(y)) for y in outputs]
    point = Point(dict(zip(rule.forward.inputs, rule.at, strict=True)))
    names = (f"y{k}" for k in range(len(outputs)))
    at = Argument(point, Directions(cotangents=dict(zip(names, cotangents, strict=True))))
    problem = Problem("rule", rule.forward, point.inputs, outputs=tuple(at.directions.cotangents))
    truth = np.ravel(certified(problem, at, "vjp", kept=False).high)
    back = np.concatenate(
        [np.ravel(g) for g in answer(folder, rule.function, rule.at, "vjp", cotangents)]
    )
    return close(back, truth)


@pytest.mark.parametrize("name", wrong_rules_jax.WRONG)
def test_a_wrong_rule_is_found_among_right_ones(name: str) -> None:
    x, y = np.array([0.4, -0.7, 1.2]), np.array([1.3, 0.6, -0.8])
    found = lower(wrong_rules_jax.used(name), [x, y], ["x", "y"])
    wrong = [rule for rule in found.rules if not pulled_back(rule)]
    assert {rule.name for rule in wrong} == {name}
    assert len(found.rules) > len(wrong)
    assert all("wrong_rules_jax.py, line" in rule.place for rule in found.rules)
    assert all("wrong_rules_jax.py, line" in rule.written for rule in wrong)


def test_a_rule_wrong_in_second_order_is_seen() -> None:
    x = np.array([0.3, -0.2])
    function = lambda x: jax.numpy.sum(wrong_rules_jax.SECOND_ORDER(x) * x)  # noqa: E731
    truth = lower(function, [x], ["x"])
    assert all(map(pulled_back, truth.rules))
    assert not truth.cuts
    ours = derivative(folder, function, [x], ["x"], (), "hvp", [np.array([1.0, 0.5])])
    at = Argument(Point({"x": x}), Directions(tangents={"x": np.array([1.0, 0.5])}))
    proven = certified(Problem("f", truth.graph, {"x": x}), at, "hvp", kept=False)
    found = ours.graph(NUMPY, x, direction0=np.array([1.0, 0.5]))
    assert not close(found, np.ravel(proven.high))


@pytest.mark.parametrize("name", ["relu_net", "mlp", "attention", "layer_norm"])
def test_second_order_of_networks_agrees(name: str) -> None:
    at = of_gallery("networks", name)
    graph = lowered(at).graph
    tangents = {n: np.cos(1.0 + np.arange(at.arrays[n].size)).reshape(at.arrays[n].shape)
                for n in at.inputs}  # fmt: skip
    point = Point({n: at.arrays[n] for n in at.inputs}, {n: at.arrays[n] for n in at.given})
    problem = Problem("lowered", graph, point.inputs, point.given)
    proven = certified(problem, Argument(point, Directions(tangents=tangents)), "hvp", kept=False)
    arrays = [at.arrays[n] for n in at.names]
    ours = derivative(
        folder, at.function, arrays, at.names, at.given, "hvp", list(tangents.values())
    )
    directions = named(list(tangents.values()))
    found = ours.graph(NUMPY, *point.inputs.values(), **point.given, **directions)
    found = found if isinstance(found, tuple) else (found,)
    assert close(np.concatenate([np.ravel(x) for x in found]), np.ravel(proven.high))


@pytest.mark.parametrize("operator", ["value", "gradient", "jacobian", "hessian", "jvp", "vjp"])
def test_derivatives_of_jax_are_lowered(operator: str) -> None:
    function = lambda x, c: jax.numpy.sum(jax.nn.softplus(x) ** 2 * c)  # noqa: E731
    x, c = np.array([0.3, -0.2]), np.array([1.0, 2.0])
    along = {"jvp": [np.ones(2)], "vjp": [np.ones(())]}.get(operator, [])
    found = derivative(folder, function, [x, c], ["x", "c"], ("c",), operator, along)
    extra = dict(zip(found.graph.given[1:], along, strict=True))
    value = found.graph(NUMPY, x, c=c, **extra)
    by = {
        "value": function, "gradient": jax.grad(function), "jacobian": jax.grad(function),
        "hessian": jax.hessian(function), "vjp": jax.grad(function),
        "jvp": lambda x, c: jax.grad(function)(x, c).sum(),
    }  # fmt: skip
    assert close(value, by[operator](x, c))


def test_cuts_tell_whose_they_are() -> None:
    found = lowered(of_gallery("idioms", "straight_through"))
    assert [(cut.what, cut.users) for cut in found.cuts] == [("stop_gradient", True)]
    assert "idioms.py, line" in found.cuts[0].place
    softmax = lower(lambda x: jax.nn.softmax(x)[0], [np.array([0.1, 0.2])], ["x"])
    assert [cut.users for cut in softmax.cuts] == [False]
    assert not lowered(of_gallery("sciences", "batched")).cuts


def test_masks_and_mixed_kinds_are_followed() -> None:
    def masked(x: Any) -> Any:
        (at,) = jax.numpy.nonzero(x < 1.0)
        return jax.numpy.sum(x[x > 0.0] ** 2) + x[at].prod() + (x > 0.0) @ x

    at = taken(masked, (np.array([0.5, -1.5, 2.25]),), {})
    assert close(gradient(lowered(at).graph, at), by_jax(at, compiled=False)[1])


def test_float32_is_taken_as_it_is() -> None:
    function = lambda x: jax.numpy.sum(x.astype(jax.numpy.float16) * 0.1)  # noqa: E731
    found = lower(function, [np.array([1.5, 2.5], np.float32)], ["x"])
    (note,) = found.notes
    assert note.startswith("float32 becomes float16 at test_lower_jax.py, line")
    constant = lambda x: jax.numpy.sum(x * np.float64(2.0).astype(np.float16))  # noqa: E731
    assert lower(constant, [np.ones(2, np.float32)], ["x"]).notes == ()
    reduced = lambda x: jax.numpy.sum(jax.lax.reduce_precision(x, 8, 7))  # noqa: E731
    (note,) = lower(reduced, [np.ones(2, np.float32)], ["x"]).notes
    assert note.startswith("float32 becomes a number of 7 bits at test_lower_jax.py, line")
    with jax.enable_x64(False):
        lower(lambda x: jax.numpy.sum(x) * 0.1, [np.ones(2, np.float32)], ["x"])
        lower(lambda x: jax.numpy.sum(x) * 0.1, [np.ones(2)], ["x"])
        assert not jax.config.jax_enable_x64


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (
            lambda x: jax.numpy.abs(jax.numpy.fft.fft(x))[0],
            "complex numbers are met at test_lower_jax.py, line",
        ),
        (lambda x: jax.lax.nextafter(x, x + 1).sum(), "'nextafter'"),
        (lambda x: x[x.astype(int)].sum(), "jnp.floor"),
        (lambda x: float(x[0]) * x[1], "out of the computation"),
        (lambda x: x.sum() * np.random.default_rng().normal(), "two evaluations"),
    ],
)
def test_what_cannot_be_lowered_is_refused(function: Any, told: str) -> None:
    with pytest.raises(GradiometerError, match=told):
        lower(function, [np.array([0.3, 0.6, 1.2])], ["x"])


def test_arguments_are_taken_by_their_ways() -> None:
    params = {"W": [np.eye(2), np.ones(2)], "b": (1.0, np.arange(3)), "act": jax.numpy.tanh}
    function = lambda params, x: {"loss": params["act"](params["W"][0] @ x).sum(), "n": (x, 1)}  # noqa: E731
    at = taken(function, (params, np.ones(2)), {}, ["params"])
    assert at.inputs == ("params_W_0", "params_W_1", "params_b_0")
    assert at.given == ("x",)
    assert list(called(at)) == ["loss", "n_0"]
    assert taken(lambda a: (a, a * 2), (1.0,), {}).outputs == {"y0": (), "y1": ()}
    assert taken(lambda a: a, (1.0,), {}).outputs == {"": ()}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1, "no real number"),
        (1j, "complex"),
        (jax.numpy.ones(2, jax.numpy.bfloat16), "bfloat16"),
        (np.array(["a"]), "no real number"),
    ],
)
def test_wrong_arguments_are_refused(value: Any, told: str) -> None:
    with pytest.raises(GradiometerError, match=told):
        taken(lambda a: a, (value,), {})


@pytest.mark.parametrize("returned", [None, 3, "a", 1j])
def test_wrong_outputs_are_refused(returned: Any) -> None:
    with pytest.raises(GradiometerError, match="returns"):
        taken(lambda a: returned, (1.0,), {})


def test_kernels_are_what_they_should_be() -> None:
    function = lambda x, A: jax.numpy.sum(jax.nn.gelu(A @ x) ** 2) + jax.lax.lgamma(x[0])  # noqa: E731
    found = kernels(function, [np.array([0.4, 1.1]), np.array([[1.0, 2.0], [0.5, 0.1]])])
    assert {"dot_general", "tanh", "lgamma", "reduce_sum"} <= {each.name for each in found}
    for each in found:
        assert "test_lower_jax.py, line" in each.place
        values = each.forward(NUMPY, *each.at)
        for value, ours in zip(flat(values), each.found, strict=True):
            assert close(ours, value, 1e-14)


def test_kernels_of_float32_hold_float32() -> None:
    found = kernels(lambda x: jax.numpy.exp(x) * 3, [np.array([0.4, 1.1], np.float32)])
    assert [each.name for each in found] == ["exp", "mul"]
    assert all(each.found[0].dtype == np.float32 for each in found)
