"""Draws a trace as a graph in SVG: values on the nodes, adjoints on the edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from gradiometer.errors import GradiometerError
from gradiometer.intermediates.layout import COLUMN_GAP, Box, Edge, Layout, Size, place
from gradiometer.intermediates.rows import MOST_DRAWN, Figure, Row
from gradiometer.intermediates.telling import certain

if TYPE_CHECKING:
    from gradiometer.intermediates.traced import Trace

FONT, LINE = 12.0, 16.0
"""Size of the text, and height of a line of it, in pixels."""

CHARACTER = 0.61 * FONT
"""Width of a character of a monospaced font."""

PADDING = 7.0
DIGITS = 4
"""Significant digits of the numbers."""

FILLS = {"input": "#eef3fa", "output": "#fdf3dc", "": "#ffffff"}
VALUE, ADJOINT, LINES, WRONG = "#1b5e20", "#b71c1c", "#8a8f98", "#d50000"


def svg(trace: Trace) -> str:
    """Return the picture.

    Raises:
        GradiometerError: If there are too many nodes.
    """
    found, texts, labels = lay_out(trace)
    parts = [_edge(found.routes[edge]) for edge in labels]
    parts += [_label(found.labels[edge], text) for edge, text in labels.items()]
    parts += [_node(*each) for each in zip(trace.rows, found.nodes, texts, strict=True)]
    size = f"{found.width:.0f} {found.height:.0f}"
    width, height = size.split()
    style = f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT:g}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {size}" role="img" {style}>'
    )
    title = f"<title>{escape(trace.title)}</title>"
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, ground, *parts, "</svg>", ""])


def lay_out(trace: Trace) -> tuple[Layout, list[list[str]], dict[Edge, str]]:
    """Return where everything is, the lines of text of each node, and the labels of the edges.

    Raises:
        GradiometerError: If there are too many nodes.
    """
    if len(trace.rows) > MOST_DRAWN:
        raise GradiometerError(
            f"{trace.problem.name} has {len(trace.rows):,} intermediate values: a picture shows "
            f"{MOST_DRAWN} at most. Choose a smaller size."
        )
    edges = {(to, k): flow for k, row in enumerate(trace.rows) for to, flow in row.flows.items()}
    labels = {edge: _shown(flow) for edge, flow in sorted(edges.items())}
    leaving = [sum(a == k for a, _ in edges) for k in range(len(trace.rows))]
    texts = [_texts(row, several != 1) for row, several in zip(trace.rows, leaving, strict=True)]
    sizes = [_size(lines) for lines in texts]
    found = place(sizes, {edge: _size([text], padding=3.0) for edge, text in labels.items()})
    return found, texts, labels


def _texts(row: Row, sums: bool) -> list[str]:
    """Return the lines of a node: name, value, and the derivative where no edge tells it."""
    lines = [row.name, _shown(row.value)]
    return [*lines, f"∂ {_shown(row.adjoint)}"] if sums else lines


def _shown(figure: Figure) -> str:
    if not figure.shape:
        return certain(figure.components, 0, DIGITS)
    return f"‖{certain(figure.norm, 0, DIGITS)}‖"


def _size(lines: Sequence[str], padding: float = PADDING) -> Size:
    width = max(map(len, lines)) * CHARACTER + 2 * padding
    return width, len(lines) * LINE + padding


def _node(row: Row, box: Box, lines: Sequence[str]) -> str:
    border = WRONG if row.wrong else LINES
    told = row.operation or row.kind or row.name
    x, y = box.x + box.width / 2, box.y + PADDING / 2 - 4.0
    colours = ("#000000", VALUE, ADJOINT)
    weight = ' font-weight="bold"'
    text = "".join(
        f'<text x="{x:.1f}" y="{y + LINE * k:.1f}" text-anchor="middle" fill="{colours[k - 1]}"'
        f"{weight if k == 1 else ''}>{escape(line)}</text>"
        for k, line in enumerate(lines, 1)
    )
    return (
        f'<g><title>{escape(told)}</title><rect x="{box.x:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="5" fill="{FILLS[row.kind]}" '
        f'stroke="{border}" stroke-width="{2 if row.wrong else 1}"/>{text}</g>'
    )


def _label(box: Box, text: str) -> str:
    x, y = box.x + box.width / 2, box.middle + FONT * 0.35
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'fill="#ffffff"/><text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{ADJOINT}">'
        f"{escape(text)}</text>"
    )


def _edge(route: Sequence[Box]) -> str:
    """Return an edge, which bends between layers alone, and is level within them."""
    first = route[0]
    path = [f"M{first.x + first.width:.1f} {first.middle:.1f}"]
    x = first.x + first.width
    y = first.middle
    for box in route[1:]:
        bend = min(COLUMN_GAP, box.x - x)
        start, end = (x + box.x - bend) / 2, (x + box.x + bend) / 2
        half = (start + end) / 2
        path.append(f"H{start:.1f}")
        path.append(f"C{half:.1f} {y:.1f} {half:.1f} {box.middle:.1f} {end:.1f} {box.middle:.1f}")
        path.append(f"H{box.x + box.width:.1f}" if box is not route[-1] else f"H{box.x:.1f}")
        x, y = box.x + box.width, box.middle
    return f'<path d="{" ".join(path)}" fill="none" stroke="{LINES}"/>'
