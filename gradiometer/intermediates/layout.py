"""Places the nodes of a graph in layers, its edges between them, and the labels of those.

What Sugiyama, Tagawa and Toda (1981) do: layers by the longest path, an order in each that crosses
few edges, then coordinates. The label of an edge is placed as a node is, in a layer of its own, and
so is each bend of a long edge; since nothing shares its place in a layer, nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP, COLUMN_GAP, MARGIN = 10.0, 26.0, 12.0
"""Distance between boxes of a layer, between layers, and from the edge of the picture."""

SWEEPS = 12
"""How often layers are put into the order of their neighbours."""

BEND = 4.0
"""Height of the place that an edge takes in a layer that it passes."""

Size = tuple[float, float]
Edge = tuple[int, int]


@dataclass
class Box:
    """A place: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The height at which edges arrive and leave."""
        return self.y + self.height / 2

    def overlaps(self, other: Box) -> bool:
        """Return whether two boxes have more than a border in common."""
        apart_x = self.x + self.width <= other.x or other.x + other.width <= self.x
        apart_y = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not (apart_x or apart_y)


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        nodes: Boxes of the nodes, in their order.
        labels: Boxes of the edges' labels.
        routes: The boxes that each edge passes, from its first node to its last.
        width: Of the picture.
        height: Of the picture.
    """

    nodes: list[Box]
    labels: dict[Edge, Box]
    routes: dict[Edge, list[Box]]
    width: float
    height: float


def place(sizes: Sequence[Size], labels: Mapping[Edge, Size]) -> Layout:
    """Return the places of a graph.

    Args:
        sizes: Width and height of each node; edges lead from a node to a later one.
        labels: Width and height of the label of each edge.
    """
    layer = _layers(len(sizes), list(labels))
    boxes = [Box(0.0, 0.0, *size) for size in sizes]
    columns: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    for node, k in enumerate(layer):
        columns[k].append(node)
    paths: dict[Edge, list[int]] = {}
    for edge, size in labels.items():
        a, b = edge
        path = [a]
        for k in range(layer[a] + 1, layer[b]):
            labelled = k == layer[b] - 1
            boxes.append(Box(0.0, 0.0, *(size if labelled else (0.0, BEND))))
            columns[k].append(len(boxes) - 1)
            path.append(len(boxes) - 1)
        paths[edge] = [*path, b]
    before, after = _neighbours(paths.values(), len(boxes))
    _order(columns, before, after)
    _rows(columns, boxes, before, after)
    width = _columns(columns, boxes)
    height = max((box.y + box.height for box in boxes), default=0.0) + MARGIN
    return Layout(
        boxes[: len(sizes)],
        {edge: boxes[path[-2]] for edge, path in paths.items()},
        {edge: [boxes[k] for k in path] for edge, path in paths.items()},
        width,
        height,
    )


def _layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """Return the layer of each node: an even one, what leads nowhere but to it right before it."""
    layer = [0] * count
    for a, b in sorted(edges, key=lambda edge: edge[1]):
        layer[b] = max(layer[b], layer[a] + 2)
    sources = set(range(count)) - {b for _, b in edges}
    for source in sources:
        after = [layer[b] for a, b in edges if a == source]
        layer[source] = min(after) - 2 if after else 0
    return layer


def _neighbours(paths: object, count: int) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for path in paths:  # type: ignore[attr-defined]
        for a, b in pairwise(path):
            after[a].append(b)
            before[b].append(a)
    return before, after


def _order(
    columns: list[list[int]], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> None:
    """Put each layer into the order of its neighbours' mean places, to and fro."""
    place: dict[int, float] = {}
    for column in columns:
        place |= {node: k / max(1, len(column) - 1) for k, node in enumerate(column)}
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        near = before if forth else after
        for column in columns if forth else columns[::-1]:
            means = {
                node: sum(place[n] for n in near[node]) / len(near[node])
                if near[node]
                else place[node]
                for node in column
            }
            column.sort(key=means.__getitem__)
            place |= {node: k / max(1, len(column) - 1) for k, node in enumerate(column)}


def _rows(
    columns: list[list[int]],
    boxes: list[Box],
    before: Sequence[Sequence[int]],
    after: Sequence[Sequence[int]],
) -> None:
    """Find the heights: near the neighbours', without overlaps, in the order of each layer."""
    for column in columns:
        y = 0.0
        for node in column:
            boxes[node].y = y
            y += boxes[node].height + GAP
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = []
            for node in column:
                near = [*before[node], *after[node]]
                middle = (
                    sum(boxes[n].middle for n in near) / len(near) if near else boxes[node].middle
                )
                wanted.append(middle - boxes[node].height / 2)
            for node, y in zip(column, _apart(column, boxes, wanted), strict=True):
                boxes[node].y = y
    least = min((box.y for box in boxes), default=0.0)
    for box in boxes:
        box.y += MARGIN - least


def _apart(column: Sequence[int], boxes: Sequence[Box], wanted: Sequence[float]) -> list[float]:
    """Return the heights nearest to the wanted ones, in the least squares, that do not overlap.

    Boxes that would overlap are moved together, as a block (pool adjacent violators).
    """
    offset, offsets = 0.0, []
    for node in column:
        offsets.append(offset)
        offset += boxes[node].height + GAP
    blocks: list[tuple[float, int]] = []
    for y, start in zip(wanted, offsets, strict=True):
        mean, count = y - start, 1
        while blocks and blocks[-1][0] > mean:
            other, several = blocks.pop()
            mean = (mean * count + other * several) / (count + several)
            count += several
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [shift + start for shift, start in zip(shifts, offsets, strict=True)]


def _columns(columns: Sequence[Sequence[int]], boxes: Sequence[Box]) -> float:
    """Find where the layers lie beside each other; return the width of all."""
    x = MARGIN
    for column in columns:
        widest = max((boxes[node].width for node in column), default=0.0)
        for node in column:
            boxes[node].x = x + (widest - boxes[node].width) / 2
        x += widest + COLUMN_GAP
    return x - COLUMN_GAP + MARGIN
