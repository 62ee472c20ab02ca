"""Derived operators: by which route, at which cost, how they answer, and when there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer import Method, Namespace, Primal, Problem
from gradiometer.errors import Unsupported, UnsupportedOperation
from gradiometer.judging.agreement import agree
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.answer import Components, as_arrays
from gradiometer.vocabulary.derivation import NATIVE, prepare
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Argument, Points, Signature

Array = np.ndarray

# Small problems: scalars, arrays and both; one output and several; wide and tall.


def product_of(xp: Any, x: Any, y: Any) -> Any:
    return x * x * y + xp.sin(y) * x


def cubes(xp: Any, W: Any, b: Any, *, c: Any) -> Any:
    """A scalar of a matrix and a scalar."""
    return xp.sum(c * W * W * W) * b + xp.sum(xp.exp(b * W))


def one_unused(xp: Any, x: Any, unused: Any) -> Any:
    return xp.sum(xp.sin(x) * x)


def polar(xp: Any, x: Any, y: Any) -> Any:
    return xp.sqrt(x * x + y * y), y / x


def tall(xp: Any, x: Any, s: Any) -> Any:
    """Two outputs with eight components, of three inputs' components."""
    return x[None, :] * xp.exp(x)[:, None] * s, xp.stack([s * s, s, x[0], x[1] * x[1]])


def wide(xp: Any, W: Any, b: Any) -> Any:
    """One output of two components, of seven inputs' components."""
    return xp.sum(W * W, axis=1) * xp.exp(b)


def product_of_both(xp: Any, x: Any) -> Any:
    """A scalar output that is named."""
    return x[0] * xp.exp(x[1])


def drawn(**shapes: tuple[int, ...]) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: rng.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}


def made(function: Callable[..., Any], given: Any = None, *outputs: str, **at: Any) -> Problem:
    return Problem(function.__name__, function, drawn(**at), given or {}, outputs=outputs)


PROBLEMS = {
    p.name: p
    for p in (
        made(product_of, x=(), y=()),
        made(cubes, {"c": [[1.0, 2.0, -1.0]]}, W=(2, 3), b=()),
        made(one_unused, x=(3,), unused=(2,)),
        made(polar, None, "r", "slope", x=(), y=()),
        made(tall, None, "M", "v", x=(2,), s=()),
        made(wide, None, "y", W=(2, 3), b=()),
        made(product_of_both, None, "y", x=(2,)),
    )
}
SCALARS = [name for name, p in PROBLEMS.items() if not p.outputs]
VECTORS = [name for name, p in PROBLEMS.items() if p.outputs]


@cache
def points(name: str) -> Points:
    """Return the point where answers are checked, and the one where methods are prepared."""
    return built_in.points(PROBLEMS[name])


def signature(name: str) -> Signature:
    """Return the shapes of a problem's inputs and outputs."""
    return points(name).signature


def checked(name: str) -> Argument:
    """Return where answers are checked."""
    return points(name).checked[0]


def primal(name: str, method: Method) -> Primal:
    """Return a problem's function in a method's arrays, at the point of preparation."""
    point = points(name).preparation.point
    return Primal(PROBLEMS[name], method.namespace(), point, signature(name))


# Minimal methods, which differentiate by complex steps: plain NumPy, and exact to rounding.

STEP = 1e-200
Flat = list[Array]


def flat(result: Any) -> Flat:
    """Return a primal's outputs as a list of arrays."""
    several = result if isinstance(result, tuple | list) else (result,)
    return [np.asarray(y) for y in several]


class Minimal(Method):
    """Has no operator; counts the calls of those that its heirs have."""

    name = "minimal"

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def namespace(self) -> Any:
        return Namespace(np)

    def array(self, a: Array) -> Any:
        return float(a) if a.ndim == 0 else a.copy()

    def push(self, f: Primal, inputs: Any, given: Any, tangents: Any) -> Flat:
        """Return J·v, an array an output."""
        moved = tuple(a + 1j * STEP * np.asarray(v) for a, v in zip(inputs, tangents, strict=True))
        return [np.imag(y) / STEP for y in flat(f(moved, given))]

    def pull(self, f: Primal, inputs: Any, given: Any, cotangents: Any) -> tuple[Array, ...]:
        """Return wᵀ·J, an array an input."""
        pulled = []
        for k, a in enumerate(inputs):
            slopes = np.zeros(np.shape(a))
            for i in np.ndindex(np.shape(a)):
                units = [np.zeros(np.shape(b)) for b in inputs]
                units[k][i] = 1.0
                pushed = self.push(f, inputs, given, units)
                slopes[i] = sum(np.sum(w * y) for w, y in zip(cotangents, pushed, strict=True))
            pulled.append(slopes)
        return tuple(pulled)


class Gradient(Minimal):
    name = "gradient-only"

    def gradient(self, f: Primal) -> Any:
        if f.problem.outputs:
            raise Unsupported("This gradient is of scalars.")

        def gradient(inputs: Any, given: Any) -> Any:
            self.calls["gradient"] += 1
            return self.pull(f, inputs, given, [np.ones(())])

        return gradient


class Vjp(Minimal):
    name = "vjp-only"

    def vjp(self, f: Primal) -> Any:
        def vjp(inputs: Any, given: Any, cotangents: Any) -> Any:
            self.calls["vjp"] += 1
            return self.pull(f, inputs, given, cotangents)

        return vjp


class Jvp(Minimal):
    name = "jvp-only"

    def jvp(self, f: Primal) -> Any:
        def jvp(inputs: Any, given: Any, tangents: Any) -> Any:
            self.calls["jvp"] += 1
            pushed = self.push(f, inputs, given, tangents)
            return tuple(pushed) if len(f.problem.output_names) > 1 else pushed[0]

        return jvp


class Both(Jvp, Vjp):
    name = "both"


class NoneForUnused(Gradient):
    """A gradient that has `None` for zeros."""

    name = "none-for-unused"

    def gradient(self, f: Primal) -> Any:
        gradient = super().gradient(f)
        return lambda *args: [g if np.any(g) else None for g in gradient(*args)]


class OwnArguments(Both):
    """Takes inputs and directions one by one, and given values by name."""

    name = "own-arguments"

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        return (*inputs, *(v for direction in directions for v in direction)), given

    def _as_called(self, f: Primal, call: Any) -> Any:
        n = len(f.point.inputs)
        return lambda *args, **given: call(args[:n], given, args[n:])

    def jvp(self, f: Primal) -> Any:
        return self._as_called(f, super().jvp(f))

    def vjp(self, f: Primal) -> Any:
        return self._as_called(f, super().vjp(f))


class InComponents(Gradient):
    """A gradient by its components, in declared order."""

    name = "gradient-in-components"

    def gradient(self, f: Primal) -> Any:
        gradient = super().gradient(f)
        return lambda *args: components(gradient(*args))


class PulledInComponents(Vjp):
    """A pullback by its components."""

    name = "vjp-in-components"

    def vjp(self, f: Primal) -> Any:
        vjp = super().vjp(f)
        return lambda *args: components(vjp(*args))


class PushedInComponents(Jvp):
    """A pushforward by its components."""

    name = "jvp-in-components"

    def jvp(self, f: Primal) -> Any:
        jvp = super().jvp(f)
        return lambda *args: components(flat(jvp(*args)))


def components(arrays: Any) -> Components:
    """Return arrays as a tool of scalars returns them."""
    return Components(np.concatenate([np.ravel(a) for a in arrays]))


IN_COMPONENTS = (InComponents, PulledInComponents, PushedInComponents)
METHODS: dict[str, Callable[[], Minimal]] = {
    cls.name: cls for cls in (Gradient, Vjp, Jvp, Both, NoneForUnused, OwnArguments, *IN_COMPONENTS)
}


def evaluate(
    method: Minimal, problem: str, name: str, at: Argument | None = None
) -> tuple[Any, str]:
    """Prepare an operator at one point; return its result at the other, and its route."""
    route = prepare(method, primal(problem, method), name)
    method.calls.clear()
    inputs, given, directions = operator(name).native(at or checked(problem), method)
    if route.text != NATIVE:
        return route.call(inputs, given, *directions), route.text
    args, kwargs = method.arguments(inputs, given, *directions)
    return route.call(*args, **kwargs), route.text


def assert_certified(result: Any, problem: str, name: str) -> None:
    """Check an answer against the enclosure of the truth."""
    asked = operator(name)
    truth = certify(PROBLEMS[problem], checked(problem), name)
    arrays = as_arrays(result, asked, signature(problem)).arrays
    found = agree(arrays, truth, asked.layout(signature(problem)), promise=12.0, exact=True)
    assert (found.status, found.reason) == (Status.OK, "")


# The routes.

N = {name: signature(name).n for name in PROBLEMS}
M = {name: signature(name).m for name in PROBLEMS}
ROUTES: list[tuple[str, str, Callable[[str], str], Sequence[str]]] = [
    ("gradient-only", "gradient", lambda p: NATIVE, SCALARS),
    ("gradient-only", "jacobian", lambda p: "gradient", SCALARS),
    ("gradient-only", "jvp", lambda p: "gradient", SCALARS),
    ("gradient-only", "vjp", lambda p: "gradient", SCALARS),
    ("none-for-unused", "jacobian", lambda p: "gradient", SCALARS),
    ("none-for-unused", "jvp", lambda p: "gradient", SCALARS),
    ("none-for-unused", "vjp", lambda p: "gradient", SCALARS),
    ("vjp-only", "gradient", lambda p: "one vjp", SCALARS),
    ("vjp-only", "jacobian", lambda p: f"{M[p]} vjps", list(PROBLEMS)),
    ("vjp-only", "jvp", lambda p: f"{M[p]} vjps", list(PROBLEMS)),
    ("vjp-only", "vjp", lambda p: NATIVE, list(PROBLEMS)),
    ("jvp-only", "gradient", lambda p: f"{N[p]} jvps", SCALARS),
    ("jvp-only", "jacobian", lambda p: f"{N[p]} jvps", list(PROBLEMS)),
    ("jvp-only", "jvp", lambda p: NATIVE, list(PROBLEMS)),
    ("jvp-only", "vjp", lambda p: f"{N[p]} jvps", list(PROBLEMS)),
    ("both", "gradient", lambda p: "one vjp", SCALARS),
    ("both", "jacobian", lambda p: f"{M[p]} vjps" if M[p] <= N[p] else f"{N[p]} jvps",
     list(PROBLEMS)),
    ("both", "jvp", lambda p: NATIVE, list(PROBLEMS)),
    ("both", "vjp", lambda p: NATIVE, list(PROBLEMS)),
    ("own-arguments", "gradient", lambda p: "one vjp", SCALARS),
    ("own-arguments", "jacobian", lambda p: f"{M[p]} vjps" if M[p] <= N[p] else f"{N[p]} jvps",
     list(PROBLEMS)),
    ("own-arguments", "vjp", lambda p: NATIVE, list(PROBLEMS)),
]  # fmt: skip
ROUTES += [
    (cls.name, name, text, problems)
    for cls in IN_COMPONENTS
    for method, name, text, problems in ROUTES
    if method == cls.__mro__[1].name
]
CELLS = [(m, o, text(p), p) for m, o, text, problems in ROUTES for p in problems]


@pytest.mark.parametrize(("method", "name", "text", "problem"), CELLS)
def test_an_operator_is_derived_by_the_cheapest_way_there_is_and_is_right(
    method: str, name: str, text: str, problem: str
) -> None:
    result, found = evaluate(METHODS[method](), problem, name)
    assert found == text
    assert_certified(result, problem, name)


@pytest.mark.parametrize(("method", "name", "text", "problem"), CELLS)
def test_a_route_costs_as_many_calls_as_it_says(
    method: str, name: str, text: str, problem: str
) -> None:
    minimal = METHODS[method]()
    evaluate(minimal, problem, name)
    number, _, kind = text.partition(" ")
    if text in (NATIVE, "gradient"):
        assert minimal.calls.total() == 1
    else:
        expected = {kind.rstrip("s"): 1 if number == "one" else int(number)}
        assert dict(minimal.calls) == expected


def test_a_jacobian_that_is_as_wide_as_tall_goes_by_rows() -> None:
    assert (N["polar"], M["polar"]) == (2, 2)
    assert evaluate(Both(), "polar", "jacobian")[1] == "2 vjps"


def test_the_dearer_way_is_taken_where_there_is_no_other() -> None:
    assert M["tall"] > N["tall"]
    assert evaluate(Vjp(), "tall", "jacobian")[1] == f"{M['tall']} vjps"
    assert N["wide"] > M["wide"]
    assert evaluate(Jvp(), "wide", "jacobian")[1] == f"{N['wide']} jvps"


@pytest.mark.parametrize("name", list(OPERATORS))
def test_what_a_method_has_of_its_own_is_native_whatever_else_it_has(name: str) -> None:
    own = type("Own", (Both,), {name: lambda self, f: lambda *args: ("own", name)})
    method = own()
    result, text = evaluate(method, "product_of", name)
    assert (result, text) == (("own", name), NATIVE)
    assert not method.calls


def test_a_value_is_the_primal() -> None:
    result, text = evaluate(Minimal(), "tall", "value")
    assert text == NATIVE
    assert_certified(result, "tall", "value")


def test_directions_are_those_of_the_call_and_not_of_the_preparation() -> None:
    at = checked("cubes")
    changed = at._replace(directions=points("cubes").preparation.directions)
    for method in (Gradient(), Vjp(), Jvp()):
        for name in ("jvp", "vjp"):
            asked = operator(name)
            one, other = (
                as_arrays(evaluate(method, "cubes", name, each)[0], asked, signature("cubes"))
                for each in (at, changed)
            )
            assert any((a != b).all() for a, b in zip(one.arrays, other.arrays, strict=True))


# Second derivatives, of methods that can differentiate their own gradient.


class Dual:
    """a + a′·ε with ε² = 0; the parts are floats, or duals themselves."""

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> Dual:
        o = dual(other)
        return Dual(self.a + o.a, self.b + o.b)

    def __mul__(self, other: Any) -> Dual:
        o = dual(other)
        return Dual(self.a * o.a, self.a * o.b + self.b * o.a)

    __radd__, __rmul__ = __add__, __mul__


def dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(x, 0.0)


def sine(x: Any) -> Any:
    return Dual(sine(x.a), cosine(x.a) * x.b) if isinstance(x, Dual) else float(np.sin(x))


def cosine(x: Any) -> Any:
    if isinstance(x, Dual):
        return Dual(cosine(x.a), -1.0 * (sine(x.a) * x.b))
    return float(np.cos(x))


class Nested(Method):
    """Forward mode in dual numbers of scalars, which nest; says so."""

    name, composes = "nested", True

    def namespace(self) -> Any:
        return Namespace(object(), {"sin": sine, "cos": cosine, "sum": sum})

    def array(self, a: Array) -> Any:
        return float(a)

    def jvp(self, f: Primal) -> Any:
        def jvp(inputs: Any, given: Any, tangents: Any) -> Any:
            pushed = f(tuple(map(Dual, inputs, tangents)), given)
            if isinstance(pushed, tuple):
                return tuple(dual(y).b for y in pushed)
            return dual(pushed).b

        return jvp

    def gradient(self, f: Primal) -> Any:
        push = self.jvp(f)

        def gradient(inputs: Any, given: Any) -> Any:
            n = range(len(inputs))
            return [push(inputs, given, [float(i == k) for i in n]) for k in n]

        return gradient


class Reversed(Nested):
    """Has a pullback only, of which the gradient is its own."""

    name = "reversed"

    def jvp(self, f: Primal) -> Any:
        raise Unsupported("There is no pushforward.")

    def gradient(self, f: Primal) -> Any:
        return lambda inputs, given: self.vjp(f)(inputs, given, (1.0,))

    def vjp(self, f: Primal) -> Any:
        push = Nested.jvp(self, f)

        def vjp(inputs: Any, given: Any, cotangents: Any) -> Any:
            n = range(len(inputs))
            units = [[float(i == k) for i in n] for k in n]
            columns = [push(inputs, given, unit) for unit in units]
            outputs = [c if isinstance(c, tuple) else (c,) for c in columns]
            return [sum(w * y for w, y in zip(cotangents, c, strict=True)) for c in outputs]

        return vjp


class WithJacobian(Nested):
    name = "with-jacobian"

    def jacobian(self, f: Primal) -> Any:
        push = self.jvp(f)

        def jacobian(inputs: Any, given: Any) -> Any:
            n = range(len(inputs))
            columns = [push(inputs, given, [float(i == k) for i in n]) for k in n]
            return np.array(columns).T

        return jacobian


class WithHvp(Nested):
    name, composes = "with-hvp", False

    def hvp(self, f: Primal) -> Any:
        # x²·y + x·sin y, differentiated by hand
        def hvp(inputs: Any, given: Any, tangents: Any) -> Any:
            (x, y), (v, w) = inputs, tangents
            mixed = 2.0 * x + np.cos(y)
            return 2.0 * y * v + mixed * w, mixed * v - x * np.sin(y) * w

        return hvp


@pytest.mark.parametrize(
    ("method", "name", "text"),
    [
        (Nested, "hvp", "jvp of gradient"),
        (Nested, "hessian", "2 jvps of gradient"),
        (Reversed, "hvp", "vjp of gradient"),
        (Reversed, "hessian", "2 vjps of gradient"),
        (WithJacobian, "hessian", "jacobian of gradient"),
        (WithJacobian, "hvp", "jvp of gradient"),
        (WithHvp, "hessian", "2 hvps"),
        (WithHvp, "hvp", NATIVE),
    ],
)
def test_second_derivatives_come_of_differentiating_the_gradient(
    method: Callable[[], Method], name: str, text: str
) -> None:
    chosen = method()
    route = prepare(chosen, primal("product_of", chosen), name)
    assert route.text == text
    inputs, given, directions = operator(name).native(checked("product_of"), chosen)
    assert_certified(route.call(inputs, given, *directions), "product_of", name)


@pytest.mark.parametrize("name", ["hvp", "hessian"])
def test_a_method_that_cannot_nest_is_not_asked_to(name: str) -> None:
    method = Nested()
    method.composes = False
    with pytest.raises(Unsupported, match="Method 'nested' has no"):
        prepare(method, primal("product_of", method), name)


# No way.


@pytest.mark.parametrize(
    ("method", "problem", "name", "called"),
    [
        (Minimal, "product_of", "gradient", "gradient"),
        (Minimal, "polar", "jacobian", "Jacobian"),
        (Minimal, "polar", "jvp", "jvp"),
        (Minimal, "polar", "vjp", "vjp"),
        (Minimal, "product_of", "hvp", "hvp"),
        (Minimal, "product_of", "hessian", "Hessian"),
        (Gradient, "polar", "jacobian", "Jacobian"),
        (Gradient, "polar", "jvp", "jvp"),
        (Gradient, "polar", "vjp", "vjp"),
        (Gradient, "product_of", "hvp", "hvp"),
        (Both, "product_of", "hessian", "Hessian"),
        (Vjp, "product_of", "hvp", "hvp"),
    ],
)
def test_without_a_way_the_reason_is_why_there_is_none_of_its_own(
    method: Callable[[], Minimal], problem: str, name: str, called: str
) -> None:
    chosen = method()
    expected = rf"^Method '{chosen.name}' has no {called}\.$"
    with pytest.raises(Unsupported, match=expected):
        evaluate(chosen, problem, name)


def test_the_reason_is_the_method_s_own_and_not_that_of_the_last_way_tried() -> None:
    class Reasoned(Minimal):
        def jacobian(self, f: Primal) -> Any:
            raise Unsupported("not on Sundays")

        def jvp(self, f: Primal) -> Any:
            raise Unsupported("not on Mondays")

    with pytest.raises(Unsupported, match=r"^not on Sundays$"):
        evaluate(Reasoned(), "polar", "jacobian")


def test_a_way_that_is_not_supported_gives_way_to_the_next() -> None:
    class Picky(Both):
        def vjp(self, f: Primal) -> Any:
            raise Unsupported("no pullbacks here")

    result, text = evaluate(Picky(), "product_of", "gradient")
    assert text == "2 jvps"
    assert_certified(result, "product_of", "gradient")


def lacking(operation: str) -> Any:
    def prepared(self: Any, f: Primal) -> Any:
        raise UnsupportedOperation(f"there is no {operation}")

    return prepared


@pytest.mark.parametrize(
    ("missing", "name", "problem"),
    [("jacobian", "jacobian", "polar"), ("vjp", "gradient", "product_of"),
     ("vjp", "jacobian", "polar"), ("gradient", "jacobian", "product_of")],
)  # fmt: skip
def test_a_missing_operation_is_not_evaded_by_another_way(
    missing: str, name: str, problem: str
) -> None:
    method = type("Lacking", (Both,), {missing: lacking("sin")})()
    with pytest.raises(UnsupportedOperation, match="there is no sin"):
        evaluate(method, problem, name)


def test_an_operation_that_is_missing_only_when_called_is_told_by_the_call() -> None:
    class Bare(Both):
        def namespace(self) -> Any:
            return Namespace(object())

    with pytest.raises(UnsupportedOperation, match="has no operation 'sqrt'"):
        evaluate(Bare(), "polar", "jacobian")


@pytest.mark.parametrize("error", [ValueError("broken"), ZeroDivisionError("broken")])
def test_an_error_that_is_no_refusal_ends_the_search(error: Exception) -> None:
    class Broken(Both):
        def vjp(self, f: Primal) -> Any:
            raise error

    with pytest.raises(type(error), match="broken"):
        evaluate(Broken(), "polar", "jacobian")


def test_an_all_none_gradient_pushes_nothing() -> None:
    class Nothing(Minimal):
        def gradient(self, f: Primal) -> Any:
            return lambda inputs, given: [None] * len(inputs)

    result, text = evaluate(Nothing(), "cubes", "jvp")
    assert text == "gradient"
    assert result == 0.0
    result, _ = evaluate(Nothing(), "cubes", "vjp")
    found = as_arrays(result, operator("vjp"), signature("cubes"))
    assert found.note == "2 None returned, counted as zeros"
    assert not any(a.any() for a in found.arrays)


@pytest.mark.parametrize("problem", list(PROBLEMS))
@pytest.mark.parametrize("name", list(OPERATORS))
def test_the_problems_here_have_every_operator_that_applies(problem: str, name: str) -> None:
    if not (operator(name).of_scalars and PROBLEMS[problem].outputs):
        assert certify(PROBLEMS[problem], checked(problem), name).norm > 0.0


# Native operators are finished, those that another is derived from as well.


class Finishing(Minimal):
    """Notes which native operators it is handed, and how often the finished ones are called."""

    def __init__(self) -> None:
        super().__init__()
        self.finished: list[Any] = []

    def finish(self, prepared: Any) -> Any:
        self.finished.append(prepared)

        def finished(*args: Any, **kwargs: Any) -> Any:
            self.calls["finished"] += 1
            return prepared(*args, **kwargs)

        return finished


FINISHING = [
    (Gradient, "value", 1),
    (Gradient, "gradient", 1),
    (Gradient, "jacobian", 1),
    (Gradient, "jvp", 1),
    (Gradient, "vjp", 1),
    (Vjp, "gradient", 1),
    (Vjp, "vjp", 1),
    (Vjp, "jacobian", 1),
    (Jvp, "jvp", 1),
    (Jvp, "gradient", 2),
    (Jvp, "jacobian", 2),
    (Jvp, "vjp", 2),
    (OwnArguments, "vjp", 1),
    (OwnArguments, "gradient", 1),
]


@pytest.mark.parametrize(("method", "name", "calls"), FINISHING)
def test_every_native_operator_is_finished_once(method: Any, name: str, calls: int) -> None:
    finishing = type("Finished", (Finishing, method), {})()
    result, _ = evaluate(finishing, "product_of", name)
    assert len(finishing.finished) == 1
    assert finishing.calls["finished"] == calls
    assert_certified(result, "product_of", name)


class NestedFinishing(Nested):
    """Nests, and notes what it is handed."""

    def __init__(self) -> None:
        self.finished: list[str] = []

    def finish(self, prepared: Any) -> Any:
        self.finished.append(prepared.__name__)
        return prepared


@pytest.mark.parametrize("name", ["hvp", "hessian"])
def test_what_is_nested_is_finished_too(name: str) -> None:
    method = NestedFinishing()
    prepare(method, primal("product_of", method), name)
    assert method.finished[-2:] == ["gradient", "jvp"]


def test_a_derived_operator_itself_is_not_finished() -> None:
    finishing = type("Finished", (Finishing, Both), {})()
    evaluate(finishing, "tall", "jacobian")
    (only,) = finishing.finished
    assert only.__name__ == "jvp"
