"""Problems: their points, how those are drawn, and what happens when names do not fit."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import DERIVATIVES, Problem, problem
from gradiometer.vocabulary.space import Space


def drawn_inputs(size: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a vector and a matrix of a size."""
    return {"x": rng.standard_normal(size), "W": rng.standard_normal((size, 2))}


def drawn_given(size: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a constant vector."""
    return {"y": rng.standard_normal(2)}


def make(name: str = "drawn", sizes: tuple[Any, ...] = (3, 10)) -> Problem:
    """Return a problem that draws its inputs and its constant."""

    def function(xp: Any, x: Any, W: Any, *, y: Any) -> Any:
        """L = Σ (x·W − y)."""
        return xp.sum(x @ W - y)

    return problem(at=drawn_inputs, given=drawn_given, sizes=sizes, name=name)(function)


def fixed(inputs: dict[str, Any], given: dict[str, Any] | None = None) -> Problem:
    """Return a problem at a fixed point, whatever its inputs are called."""

    def function(xp: Any, *inputs: Any, k: Any = None) -> Any:
        return inputs[0]

    def without(xp: Any, *inputs: Any) -> Any:
        return inputs[0]

    return Problem("fixed", function if given else without, inputs, given or {})


def checked(p: Problem, label: str = "", seed: int = 0) -> Point:
    """Return the declared point."""
    return p.points(label, seed).checked[0].point


def prepared(p: Problem, label: str = "", seed: int = 0) -> Point:
    """Return the point of preparation."""
    return p.points(label, seed).preparation.point


def another(p: Problem, label: str = "", seed: int = 0) -> Point:
    """Return the first point that could be checked besides."""
    return next(p.candidates(p.points(label, seed), label, seed)).point


Draw = Callable[..., Point]
DRAWS: list[Draw] = [Problem.point, checked, prepared, another]


def flat(point: Point) -> np.ndarray[Any, Any]:
    """Return all floats of a point in one vector, inputs first."""
    arrays = [a for a in (*point.inputs.values(), *point.given.values()) if a.dtype.kind == "f"]
    return np.concatenate([a.ravel() for a in arrays])


# The decorator


def test_the_decorator_makes_a_problem_named_as_its_function_in_kebab_case() -> None:
    @problem(at={"x": 3.0}, source="a book")
    def two_word_name(xp: Any, x: Any) -> Any:
        """y = x²."""
        return x * x

    assert isinstance(two_word_name, Problem)
    assert two_word_name.name == "two-word-name"
    assert two_word_name.source == "a book"
    assert two_word_name.labels == ("",)
    assert two_word_name.backward is None
    assert two_word_name.function(np, 3.0) == 9.0


def test_a_name_of_ones_own_stands_before_the_functions() -> None:
    assert make(name="my-own").name == "my-own"


def test_the_decorator_takes_its_settings_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        problem({"x": 1.0})


def test_the_backward_pass_is_registered_and_stays_callable() -> None:
    p = fixed({"x": 2.0})

    @p.backprop
    def backward(x: float) -> tuple[float]:
        return (2.0 * x,)

    assert p.backward is backward
    assert backward(3.0) == (6.0,)


@pytest.mark.parametrize(
    ("sizes", "labels"),
    [((), ("",)), ((1, 10), ("1", "10")), (("2-3x1",), ("2-3x1",)), ([5], ("5",))],
)
def test_labels_are_the_sizes_as_text(sizes: Any, labels: tuple[str, ...]) -> None:
    assert make(sizes=sizes).labels == labels


def test_problems_are_compared_by_identity_so_that_they_can_be_keys() -> None:
    one, same = make(), make()
    assert one != same
    assert len({one, same}) == 2


# Points


def test_a_fixed_point_holds_float64_arrays_in_the_order_of_the_function() -> None:
    point = fixed({"b": 2, "a": [1, 2], "c": [[1.5]]}).point()
    assert list(point.inputs) == ["b", "a", "c"]
    assert [a.dtype for a in point.inputs.values()] == [np.float64] * 3
    assert [a.shape for a in point.inputs.values()] == [(), (2,), (1, 1)]
    assert point.given == {}


@pytest.mark.parametrize(
    ("inputs", "n"),
    [
        ({"x": 1.0}, 1),
        ({"x": np.zeros((3, 4)), "y": 1.0}, 13),
        ({"x": np.zeros((0, 5)), "y": np.ones((1, 1, 2))}, 2),
    ],
)
def test_n_counts_the_scalar_inputs_only(inputs: dict[str, Any], n: int) -> None:
    assert fixed(inputs, {"k": np.ones(7)}).points().signature.n == n


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (2.5, np.float64),
        (np.float32([1.5, 2.0]), np.float64),
        (3, np.int64),
        (np.array([1, 2], dtype=np.int32), np.int32),
        (True, np.bool_),
        (np.array([True, False]), np.bool_),
    ],
)
def test_constants_are_float64_or_keep_what_they_are(value: Any, dtype: Any) -> None:
    constant = fixed({"x": 1.0}, {"k": value}).point().given["k"]
    assert constant.dtype == dtype
    np.testing.assert_array_equal(constant, value)


def test_a_point_is_the_callers_own_copy() -> None:
    source = np.array([1.0, 2.0])
    p = fixed({"x": source}, {"k": source})
    point = p.point()
    point.inputs["x"][:] = 99.0
    point.given["k"][:] = 99.0
    np.testing.assert_array_equal(source, [1.0, 2.0])
    np.testing.assert_array_equal(flat(p.point()), [1.0, 2.0, 1.0, 2.0])


def test_a_point_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        fixed({"x": 1.0}).point().inputs = {}


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("label", "seed"), [("3", 0), ("10", 0), ("3", 7)])
def test_the_same_seed_draws_the_same_point(draw: Draw, label: str, seed: int) -> None:
    one, other = (draw(make(), label, seed) for _ in range(2))
    np.testing.assert_array_equal(flat(one), flat(other))


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(
    ("name", "seed"), [("other", 0), ("drawn", 1), ("drawn", -1), ("drawn", 2**70)]
)
def test_another_problem_or_seed_draws_another_point(draw: Draw, name: str, seed: int) -> None:
    one, other = flat(draw(make(), "3", 0)), flat(draw(make(name), "3", seed))
    assert not np.any(one == other)


def test_another_size_draws_another_point_even_of_the_same_shape() -> None:
    p = problem(at=lambda size, rng: {"x": rng.standard_normal(3)}, sizes=("a", "b"), name="p")(
        lambda xp, x: x
    )
    assert not np.any(flat(p.point("a")) == flat(p.point("b")))


def test_inputs_and_constants_are_drawn_from_one_stream() -> None:
    point = problem(
        at=lambda size, rng: {"x": rng.random()},
        given=lambda size, rng: {"y": rng.random()},
        name="p",
    )(lambda xp, x, *, y: x).point()
    assert point.inputs["x"] != point.given["y"]


def test_a_draw_is_handed_the_size_itself_and_not_its_label() -> None:
    seen = []

    def at(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        seen.append(size)
        return {"x": 1.0}

    p = problem(at=at, sizes=(4, (2, 3)), name="p")(lambda xp, x: x)
    p.point("4")
    p.point("(2, 3)")
    assert seen == [4, (2, 3)]


def test_a_problem_without_sizes_draws_with_none() -> None:
    seen = []

    def at(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        seen.append(size)
        return {"x": 1.0}

    problem(at=at, name="p")(lambda xp, x: x).point()
    assert seen == [None]


# The declared point, that of preparation, and fresh ones


def test_the_declared_point_alone_is_checked_at_first() -> None:
    points = make().points("3", 7)
    assert points.checked == (points.declared,)
    np.testing.assert_array_equal(flat(points.declared.point), flat(make().point("3", 7)))


@pytest.mark.parametrize("p", [make(sizes=(3,)), fixed({"x": [1.0, 2.0, 3.0]})])
def test_no_two_points_share_a_component(p: Problem) -> None:
    vectors = [flat(at.point) for at in all_of(p, p.labels[0])]
    assert len(vectors) == 6
    for one, other in itertools.combinations(vectors, 2):
        assert not np.any(one == other)


def test_the_preparation_point_of_a_drawn_problem_has_the_same_shapes_and_other_values() -> None:
    p = make()
    check, other = p.point("10"), prepared(p, "10")
    assert [a.shape for a in other.inputs.values()] == [a.shape for a in check.inputs.values()]
    assert [a.shape for a in other.given.values()] == [a.shape for a in check.given.values()]
    assert list(other.inputs) == list(check.inputs)
    assert not np.any(flat(check) == flat(other))


@pytest.mark.parametrize(
    "value",
    [1.0, -3.0, 1e300, -1e-300, [0.5, -2.0, 7.0], [[1.0, 2.0], [3.0, 4.0]], np.full(100, 2.5)],
)
def test_a_fixed_point_is_shrunk_by_one_to_five_percent_in_each_component(value: Any) -> None:
    p = fixed({"x": value}, {"k": value})
    check, other = flat(p.point()), flat(prepared(p))
    ratio = other / check
    assert np.all(ratio > 0.95 - 1e-12)
    assert np.all(ratio < 0.99 + 1e-12)


def test_the_components_of_a_fixed_point_are_shrunk_each_by_its_own_share() -> None:
    ratio = flat(prepared(fixed({"x": np.ones(50)})))
    assert len(set(ratio.tolist())) == 50


def test_zeros_stay_zeros_since_no_share_of_them_is_anything() -> None:
    point = prepared(fixed({"x": [0.0, 1.0, -0.0]}))
    np.testing.assert_array_equal(point.inputs["x"] == 0.0, [True, False, True])


@pytest.mark.parametrize(
    "value", [3, [1, 2, 3], True, [False, True], np.array([7], dtype=np.int32)]
)
def test_the_preparation_point_keeps_integers(value: Any) -> None:
    p = fixed({"x": 1.0}, {"k": value})
    check, other = p.point().given["k"], prepared(p).given["k"]
    np.testing.assert_array_equal(check, other)
    assert check.dtype == other.dtype


def test_a_point_that_is_drawn_in_part_is_moved_in_its_fixed_components_too() -> None:
    def at(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        return {"x": np.concatenate([[1.0, 0.0, -2.0], rng.standard_normal(2)])}

    p = problem(at=at, name="p")(lambda xp, x: x)
    check, other = p.point().inputs["x"], prepared(p).inputs["x"]
    np.testing.assert_array_equal(check == other, [False, True, False, False, False])


def test_a_draw_that_ignores_the_generator_is_shrunk_as_a_fixed_point_is() -> None:
    p = problem(at=lambda size, rng: {"x": 2.0}, name="p")(lambda xp, x: x)
    assert 1.9 <= float(prepared(p).inputs["x"]) <= 1.98


def test_the_preparation_point_changes_with_the_seed() -> None:
    p = fixed({"x": 2.0})
    assert prepared(p, seed=1).inputs["x"] != prepared(p, seed=2).inputs["x"]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_points_are_of_the_dtype_and_otherwise_the_same(dtype: str) -> None:
    p = fixed({"x": [1.1, -3.0]}, {"k": [0.1, 0.2]})
    for one, other in zip(all_of(p, dtype=dtype), all_of(p), strict=True):
        for a, b in zip(numbers(one), numbers(other), strict=True):
            assert a.dtype == dtype
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("value", [3, True, np.array([7], dtype=np.int32)])
def test_the_dtype_is_that_of_fractions_alone(value: Any) -> None:
    point = fixed({"x": 1.0}, {"k": value}).points(dtype="float32").preparation.point
    assert point.given["k"].dtype == np.asarray(value).dtype


# Directions


def vector(*outputs: str) -> Problem:
    """Return a problem with these outputs, and two inputs."""
    at = {"x": [1.0, 2.0], "y": 3.0}
    return problem(at=at, outputs=outputs, name="vector")(lambda xp, x, y: x)


def along(at: Argument) -> np.ndarray[Any, Any]:
    """Return all components of both directions in one vector."""
    directions = at.directions
    arrays = [*directions.tangents.values(), *directions.cotangents.values()]
    return np.concatenate([a.ravel() for a in arrays])


def numbers(at: Argument) -> list[np.ndarray[Any, Any]]:
    """Return all arrays of a point and its directions."""
    parts = (*vars(at.point).values(), *vars(at.directions).values())
    return [array for arrays in parts for array in arrays.values()]


def all_of(
    p: Problem, label: str = "", seed: int = 0, dtype: str = "float64", outline: Any = None
) -> list[Argument]:
    """Return all points of a case, and two that could be checked besides."""
    points = p.points(label, seed, dtype, **({"outline": outline} if outline else {}))
    besides = itertools.islice(p.candidates(points, label, seed, dtype), 2)
    return [*points.checked, points.preparation, *points.fresh, *besides]


def test_there_is_a_tangent_of_the_shape_of_every_input() -> None:
    for at in all_of(make(), "3"):
        assert Space.of(at.directions.tangents) == Space.of(at.point.inputs)
        assert {a.dtype for a in at.directions.tangents.values()} == {np.dtype(np.float64)}


def test_the_output_of_a_scalar_problem_is_called_value_and_has_a_scalar_cotangent() -> None:
    points = fixed({"x": 1.0}).points()
    assert fixed({"x": 1.0}).output_names == ("value",)
    cotangents = points.checked[0].directions.cotangents
    assert {k: (a.shape, a.dtype) for k, a in cotangents.items()} == {
        "value": ((), np.dtype(np.float64))
    }
    assert points.signature.outputs == Space({"value": ()})


def test_the_outputs_of_a_vector_problem_have_the_shapes_that_are_told() -> None:
    p = vector("a", "b")
    assert p.output_names == p.outputs == ("a", "b")
    points = p.points(outline=lambda at: [(2, 3), ()])
    assert points.signature.outputs.shapes == {"a": (2, 3), "b": ()}
    assert (points.signature.n, points.signature.m) == (3, 7)
    for at in all_of(p, outline=lambda at: [(2, 3), ()]):
        assert Space.of(at.directions.cotangents) == points.signature.outputs
        assert Space.of(at.point.inputs) == points.signature.inputs


def test_the_shapes_of_outputs_are_found_at_the_declared_point() -> None:
    asked: list[Point] = []

    def outline(point: Point) -> list[tuple[int, ...]]:
        asked.append(point)
        return [(4,)]

    p = vector("a")
    all_of(p, outline=outline)
    (only,) = asked
    np.testing.assert_array_equal(flat(only), flat(p.point()))


def test_a_scalar_problem_is_not_asked_for_the_shapes_of_its_outputs() -> None:
    def never(point: Point) -> Any:
        raise AssertionError("they are known")

    assert fixed({"x": 1.0}).points(outline=never).signature.m == 1


def test_a_vector_problem_whose_outputs_were_not_told_has_no_cotangents() -> None:
    points = vector("a", "b").points()
    directions = points.checked[0].directions
    assert (directions.cotangents, points.signature.m) == ({}, 0)
    assert list(directions.tangents) == ["x", "y"]


def test_directions_are_drawn_by_the_seed() -> None:
    one, again, other = (all_of(make(), "3", seed) for seed in (1, 1, 2))
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(along(a), along(b))
        assert not np.any(along(a) == along(c))


def test_the_directions_at_other_points_are_others() -> None:
    for p, label in ((make(), "10"), (fixed({"x": 2.0}), "")):
        for one, other in itertools.combinations(all_of(p, label), 2):
            assert not np.any(along(one) == along(other))


def test_directions_are_no_share_of_the_point() -> None:
    at = make().points("10").checked[0]
    for name, tangent in at.directions.tangents.items():
        assert not np.any(tangent == at.point.inputs[name])
    assert not np.any(at.directions.tangents["x"] == at.directions.tangents["W"][:, 0])


def test_whether_outputs_were_told_does_not_change_the_point_or_its_tangents() -> None:
    one = vector("a").points().checked[0]
    other = vector("a").points(outline=lambda at: [(4,)]).checked[0]
    np.testing.assert_array_equal(flat(one.point), flat(other.point))
    for name, tangent in one.directions.tangents.items():
        np.testing.assert_array_equal(tangent, other.directions.tangents[name])


@pytest.mark.parametrize("seed", range(5))
def test_no_direction_vanishes(seed: int) -> None:
    at = make().points("10", seed).checked[0]
    assert np.all(np.abs(along(at)) > 1e-6)


# Derivatives by hand


def test_the_backward_pass_of_a_scalar_problem_is_its_gradient_and_of_a_vector_its_pullback() -> (
    None
):
    for p, operator in ((fixed({"x": 1.0}), "gradient"), (vector("a"), "vjp")):
        assert p.backward is None
        function = p.backprop(lambda *arguments: arguments)
        assert p.derivatives == {operator: function}
        assert p.backward is function


@pytest.mark.parametrize("name", DERIVATIVES)
def test_any_derivative_can_be_written_and_stays_callable(name: str) -> None:
    p = fixed({"x": 1.0})

    @p.derivative(name)
    def written(x: float) -> tuple[float]:
        return (2.0 * x,)

    assert p.derivatives == {name: written}
    assert written(3.0) == (6.0,)


@pytest.mark.parametrize("name", ["value", "jacobain", "", "Hessian"])
def test_what_is_no_derivative_is_refused_with_those_there_are(name: str) -> None:
    expected = f"Unknown derivative '{name}': expected one of gradient, hessian, hvp, jacobian, jvp"
    with pytest.raises(UnknownName, match=expected):
        fixed({"x": 1.0}).derivative(name)


def test_derivatives_of_one_problem_are_not_those_of_another() -> None:
    one, other = fixed({"x": 1.0}), fixed({"x": 1.0})
    one.backprop(lambda x: (1.0,))
    assert other.derivatives == {}


# What is refused


@pytest.mark.parametrize("draw", DRAWS)
def test_an_unknown_size_is_answered_with_the_known_ones(draw: Draw) -> None:
    expected = "Unknown size of problem 'drawn' '30': expected one of 10, 3. Did you mean '3'"
    with pytest.raises(UnknownName, match=expected):
        draw(make(), "30")


def test_a_problem_that_has_sizes_must_be_asked_for_one() -> None:
    with pytest.raises(UnknownName, match="expected one of 10, 3"):
        make().point()


def test_a_size_of_a_problem_without_sizes_is_answered_with_none() -> None:
    with pytest.raises(UnknownName, match=r"expected one of \(none\)"):
        fixed({"x": 1.0}).point("big")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1.0, math.nan], [[math.inf]]])
def test_an_input_that_is_not_finite_is_refused_by_name(value: Any) -> None:
    with pytest.raises(GradiometerError, match="Input 'x' of problem 'fixed' is not finite") as e:
        fixed({"x": value}).point()
    assert "Choose a point inside the function's domain." in str(e.value)
    assert repr(value) in str(e.value)


def scalar(xp: Any, x: Any, y: Any) -> Any:
    return x


def with_given(xp: Any, x: Any, *, c: Any, d: Any) -> Any:
    return x


def variadic(xp: Any, x: Any, *rest: Any) -> Any:
    return x


def positional_only(xp: Any, x: Any, y: Any, /) -> Any:
    return x


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({}, "[]"),
        ({"x": 1.0}, "['x']"),
        ({"y": 1.0, "x": 2.0}, "['y', 'x']"),
        ({"x": 1.0, "y": 1.0, "z": 1.0}, "['x', 'y', 'z']"),
        ({"x": 1.0, "Y": 1.0}, "['x', 'Y']"),
    ],
)
def test_inputs_that_the_function_does_not_take_are_refused(
    inputs: dict[str, Any], shown: str
) -> None:
    with pytest.raises(GradiometerError) as caught:
        Problem("p", scalar, inputs).point()
    assert str(caught.value) == (
        f"Problem 'p' has inputs {shown}: its function takes ['x', 'y']. "
        "Name them in `at` as the function does, in the same order."
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "[]"),
        ({"c": 1.0}, "['c']"),
        ({"d": 1.0, "c": 1.0, "e": 1.0}, "['c', 'd', 'e']"),
        ({"x": 1.0, "c": 1.0, "d": 1.0}, "['c', 'd', 'x']"),
    ],
)
def test_given_values_that_the_function_does_not_take_are_refused(
    given: dict[str, Any], shown: str
) -> None:
    with pytest.raises(GradiometerError) as caught:
        Problem("p", with_given, {"x": 1.0}, given).point()
    assert str(caught.value) == (
        f"Problem 'p' has given values {shown}: its function takes ['c', 'd'] after the star. "
        "Name them in `given`."
    )


def test_given_values_may_be_named_in_any_order() -> None:
    p = Problem("p", with_given, {"x": 1.0}, {"d": 2.0, "c": 3.0})
    assert set(p.point().given) == {"c", "d"}


@pytest.mark.parametrize("names", [["x"], ["x", "a"], ["x", "W1", "b1", "W2"]])
def test_a_function_of_any_number_of_inputs_takes_any_names_for_them(names: list[str]) -> None:
    point = Problem("p", variadic, dict.fromkeys(names, 1.0)).point()
    assert list(point.inputs) == names


def test_a_function_of_any_number_of_inputs_still_names_the_first() -> None:
    with pytest.raises(GradiometerError, match=r"has inputs \['a', 'x'\]"):
        Problem("p", variadic, {"a": 1.0, "x": 1.0}).point()


def test_positional_only_parameters_are_inputs_like_any_other() -> None:
    point = Problem("p", positional_only, {"x": 1.0, "y": 2.0}).point()
    assert list(point.inputs) == ["x", "y"]


def test_names_are_checked_for_drawn_values_too() -> None:
    p = Problem("p", scalar, lambda size, rng: {"x": 1.0})
    with pytest.raises(GradiometerError, match=r"its function takes \['x', 'y'\]"):
        p.point()


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), ValueError("no")])
def test_what_a_draw_raises_is_not_hidden(error: Exception) -> None:
    def at(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        raise error

    with pytest.raises(type(error), match=str(error)):
        Problem("p", scalar, at).point()


@pytest.mark.parametrize("draw", DRAWS)
def test_a_point_needs_no_library_but_numpy(draw: Draw) -> None:
    def never(xp: Any, x: Any) -> Any:
        raise AssertionError("the function itself is not called to draw a point")

    assert draw(Problem("p", never, {"x": 1.0})).inputs["x"].shape == ()


# As it shows itself


class Unsigned:
    __signature__ = "unknown"

    def __call__(self, xp: Any, x: Any) -> Any:
        return x


def undocumented(xp: Any, *rows: Any, c: Any = 1.0) -> Any:
    return c * sum(rows)


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (make(), "Problem(drawn(x, W, *, y): L = Σ (x·W − y); sizes 3, 10)"),
        (
            make("p", tuple(range(9))),
            "Problem(p(x, W, *, y): L = Σ (x·W − y); sizes 0, 1, 2, 3, …)",
        ),
        (Problem("bare", undocumented, {"a": 1.0}), "Problem(bare(*rows, c))"),
        (Problem("p", positional_only, {"x": 1.0, "y": 2.0}), "Problem(p(x, y))"),
        (Problem("odd", Unsigned(), {"x": 1.0}), "Problem(odd(…))"),
    ],
)  # fmt: skip
def test_a_problem_is_shown_in_one_line_as_it_is_called(p: Problem, shown: str) -> None:
    assert repr(p) == shown
