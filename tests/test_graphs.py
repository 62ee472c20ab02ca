"""What rounding does in a framework's own graph, granted to answers; graphs as problems."""

from __future__ import annotations

import numpy as np
import pytest

from gradiometer.checking.graphs import granted, of_graph
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.recording import record


def enclosed(high: float, low: float = 0.0, radius: float = 0.0, bound: float = 0.0) -> Enclosure:
    return Enclosure(*(np.array([x]) for x in (high, low, radius, bound)), 192)


@pytest.mark.parametrize(
    ("truth", "own", "bound"),
    [
        (enclosed(2.0, bound=0.5), enclosed(2.0, bound=0.25), 0.5),
        (enclosed(2.0, bound=0.5), enclosed(2.0, bound=0.75), 0.75),
        (enclosed(2.0), enclosed(2.25, bound=0.125), 0.375),
        (enclosed(2.25), enclosed(2.0, bound=0.125), 0.375),
        (enclosed(2.0, 0.125), enclosed(2.0, -0.125), 0.25),
        (enclosed(2.0, 0.125), enclosed(2.25, 0.125), 0.25),
        (enclosed(2.0, radius=0.5), enclosed(2.0, radius=0.0625), 0.0625),
    ],
)
def test_the_larger_bound_counts_and_how_far_the_graphs_are_apart(
    truth: Enclosure, own: Enclosure, bound: float
) -> None:
    found = granted(truth, own)
    assert found.bound.tolist() == [bound]
    assert (found.high, found.low, found.radius) == (truth.high, truth.low, truth.radius)


@pytest.mark.parametrize(
    ("function", "outputs", "values"),
    [
        (lambda xp, x, k: k * x, ("y0",), [6.0]),
        (lambda xp, x, k: (k * x, x + k), ("y0", "y1"), [6.0, 5.0]),
    ],
)
def test_the_outputs_of_a_graph_are_numbered(
    function: object, outputs: tuple[str, ...], values: list[float]
) -> None:
    at = Point({"x": np.array(2.0)}, {"k": np.array(3.0)})
    graph = record(Problem("made", function, at.inputs, at.given, outputs=outputs).function, at)
    made = of_graph("named", graph, at.inputs, at.given)
    assert (made.name, made.outputs) == ("named", outputs)
    assert made.point().given == at.given
    returned = made.function(np, *at.inputs.values(), **at.given)
    assert np.ravel(returned).tolist() == values


def test_a_graph_needs_no_given_values() -> None:
    at = Point({"x": np.array(2.0)})
    graph = record(Problem("made", lambda xp, x: x * x, at.inputs).function, at)
    assert of_graph("square", graph, at.inputs).point().given == {}
