"""Places of a graph: nothing overlaps, edges lead on; and the picture that is made of them."""

from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import gradiometer
from gradiometer.errors import GradiometerError
from gradiometer.intermediates.layout import Box, Edge, Layout, place
from gradiometer.intermediates.picture import CHARACTER, lay_out
from gradiometer.plugins.registry import Registry


def drawn(seed: int, nodes: int = 25) -> Layout:
    """Return the layout of a random graph."""
    rng = np.random.default_rng(seed)
    edges: dict[Edge, tuple[float, float]] = {}
    for b in range(4, nodes):
        for a in rng.choice(b, size=min(b, rng.integers(1, 4)), replace=False):
            edges[int(a), b] = (float(rng.uniform(10, 60)), 15.0)
    sizes = [(float(rng.uniform(20, 120)), float(rng.uniform(20, 50))) for _ in range(nodes)]
    return place(sizes, edges)


def disjoint(found: Layout) -> bool:
    passed = [box for route in found.routes.values() for box in route[1:-1]]
    boxes = [*found.nodes, *{id(box): box for box in (*passed, *found.labels.values())}.values()]
    return not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("seed", range(6))
def test_nothing_overlaps_and_edges_lead_to_the_right(seed: int) -> None:
    found = drawn(seed)
    assert disjoint(found)
    for route in found.routes.values():
        assert all(a.x + a.width <= b.x for a, b in pairwise(route))


@pytest.mark.parametrize("seed", range(3))
def test_all_is_within_the_picture(seed: int) -> None:
    found = drawn(seed)
    for box in (*found.nodes, *found.labels.values()):
        assert box.x >= 0 <= box.y
        assert box.x + box.width <= found.width
        assert box.y + box.height <= found.height


def test_overlaps_are_seen() -> None:
    box = Box(0.0, 0.0, 10.0, 10.0)
    assert box.overlaps(Box(9.0, 9.0, 10.0, 10.0))
    assert not box.overlaps(Box(10.0, 0.0, 10.0, 10.0))


def test_a_node_alone_has_a_place() -> None:
    found = place([(30.0, 20.0)], {})
    assert (found.nodes[0].x, found.labels) == (12.0, {})


PICTURES = ["log-cos-exp-sin-chain", "prelu-chain", "mlp", "lotka-volterra", "black-scholes"]


@pytest.mark.parametrize("name", PICTURES)
def test_texts_of_a_picture_are_in_boxes_that_are_apart(registry: Registry, name: str) -> None:
    done = gradiometer.trace(registry.problems[name].address.load())  # type: ignore[union-attr]
    found, texts, labels = lay_out(done)
    assert disjoint(found)
    for lines, box in zip(texts, found.nodes, strict=True):
        assert max(map(len, lines)) * CHARACTER <= box.width
    for edge, text in labels.items():
        assert len(text) * CHARACTER <= found.labels[edge].width
    root = ET.fromstring(done.svg())
    shown = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(filter(None, shown)) == sorted(
        [*labels.values(), *(line for lines in texts for line in lines)]
    )


def test_a_picture_can_be_converted(registry: Registry) -> None:
    vl_convert = pytest.importorskip("vl_convert")
    done = gradiometer.trace(registry.problems["product-of-sum"].address.load())  # type: ignore[union-attr]
    assert vl_convert.svg_to_png(done.svg()).startswith(b"\x89PNG")


def test_too_large_a_graph_is_not_drawn() -> None:
    def long(x: float) -> float:
        for _ in range(160):
            x = np.sin(x)
        return x

    done = gradiometer.trace(long, 1.0)
    assert done.rows[-1].name == "x₁₆₀"
    with pytest.raises(GradiometerError, match="161 intermediate values: a picture shows 150"):
        done.svg()
