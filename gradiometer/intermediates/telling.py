"""Tells a trace: as cells of a table, as Markdown, as HTML, and as plain data."""

from __future__ import annotations

import html as markup
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.errors import listing
from gradiometer.intermediates.rows import ByHand, Figure, Row
from gradiometer.vocabulary.enclosure import Enclosure, decimal, norm
from gradiometer.vocabulary.space import component

if TYPE_CHECKING:
    from gradiometer.intermediates.traced import Trace

DIGITS = 17
"""Significant digits that are shown: they tell every double from the next."""

MOST_ROWS = 200
"""Rows of a table."""

Cells = list[list[str]]


def certain(found: Enclosure, k: int = 0, digits: int = DIGITS) -> str:
    """Return a component to so many significant digits, or to as many as are certain."""
    high, low, radius = (float(a[k]) for a in (found.high, found.low, found.radius))
    size = abs(high)
    if math.isnan(high):
        return "not finite"
    if radius == 0.0:
        return decimal(high, low, digits)
    if radius >= size:
        return f"0 ± {size + radius:.0e}"
    known = math.floor(math.log10(size) - math.log10(radius))
    return decimal(high, low, max(1, min(digits, known)))


def table(trace: Trace, digits: int = DIGITS) -> tuple[list[str], Cells]:
    """Return the headings and the cells of a trace's table."""
    slope = f"∂{trace.of}/∂·"
    hand = bool(trace.by_hand)
    headings = ["name", "value", slope]
    headings += ["value by hand", f"{slope} by hand", "by hand"] if hand else []
    lines = [line for row in trace.rows for line in _lines(row, trace.full, hand, digits)]
    return [*headings, "operation"], lines


def _lines(row: Row, full: bool, hand: bool, digits: int) -> Iterator[list[str]]:
    """Yield the lines of a row: one, or with all components one for each."""
    shape = row.value.shape
    verdict = [_verdict(row)] if hand else []
    if not shape or not full:
        cells = [_shown(row.value, digits), _shown(row.adjoint, digits)]
        byhand = [_held(row.by_hand, shape, digits), _held(row.adjoint_by_hand, shape, digits)]
        yield [row.name, *cells, *(byhand if hand else []), *verdict, row.operation]
        return
    for k, index in enumerate(np.ndindex(shape)):
        cells = [certain(each.components, k, digits) for each in (row.value, row.adjoint)]
        held = [_at(each, k, digits) for each in (row.by_hand, row.adjoint_by_hand)]
        first = [*verdict, row.operation] if k == 0 else [*("" for _ in verdict), ""]
        yield [component(row.name, index), *cells, *(held if hand else []), *first]


def _shown(figure: Figure, digits: int) -> str:
    if not figure.shape:
        return certain(figure.components, 0, digits)
    return f"‖{_size(figure.shape)}‖ {certain(figure.norm, 0, digits)}"


def _size(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _held(found: ByHand | None, shape: tuple[int, ...], digits: int) -> str:
    if found is None:
        return ""
    if not shape:
        return _at(found, 0, digits)
    return f"‖{_size(shape)}‖ {_number(norm(found.numbers), digits)}"


def _at(found: ByHand | None, k: int, digits: int) -> str:
    return "" if found is None else _number(float(found.numbers[k]), digits)


def _number(x: float, digits: int) -> str:
    return decimal(x, 0.0, digits) if math.isfinite(x) else str(x)


def _verdict(row: Row) -> str:
    """Return what the hand-written pass calls a row, and whether it is right there."""
    told = []
    for found in (row.by_hand, row.adjoint_by_hand):
        if found is None:
            continue
        right = "right"
        if found.wrong:
            size = found.numbers.size
            right = "WRONG" if size == 1 else f"WRONG in {found.wrong} of {size}"
        told.append(f"{found.variable or 'returned'} {right}")
    return ", ".join(told)


def remarks(trace: Trace) -> list[str]:
    """Return what is to be said of a trace beside its table."""
    found = []
    if trace.remark:
        found.append(f"WRONG: {trace.remark}.")
    wrong = [row.name for row in trace.rows if row.wrong]
    if wrong:
        found.append(f"WRONG: {trace.by_hand} holds other numbers at {', '.join(wrong)}.")
    elif trace.by_hand and not trace.remark:
        found.append(f"All that was found of {trace.by_hand} is right.")
    if trace.left:
        found.append(f"Not found among the values: {listing(trace.left)} of {trace.by_hand}.")
    unknown = [r.name for r in trace.rows if r.kind == "input" and _infinite(r.adjoint)]
    if unknown:
        found.append(f"The derivative is not finite in {', '.join(unknown)}: choose another point.")
    if trace.of == "Σ":
        found.append(f"Σ is the sum of all components of {', '.join(trace.outputs)}.")
    if trace.note:
        found.append(f"Note: {trace.note}.")
    return found + [f"Note: {each}." for each in trace.notes]


def _infinite(figure: Figure) -> bool:
    return bool(np.isnan(figure.components.high).any())


def markdown(trace: Trace, digits: int = DIGITS) -> str:
    """Return a trace as Markdown."""
    headings, cells = table(trace, digits)
    lines = [headings, ["---"] * len(headings), *cells]
    text = "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in lines)
    told = "\n\n".join(_escaped(each) for each in remarks(trace))
    return f"## {trace.title}\n\n{text}\n" + (f"\n{told}\n" if told else "")


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "|*_`<[" else c for c in text) if text != "---" else text


def html(trace: Trace, digits: int = DIGITS) -> str:
    """Return a trace as HTML."""
    headings, cells = table(trace, digits)
    head = "".join(f"<th>{markup.escape(each)}</th>" for each in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{markup.escape(cell)}</td>" for cell in line) + "</tr>"
        for line in cells[:MOST_ROWS]
    )
    told = "".join(f"<p>{markup.escape(each)}</p>" for each in remarks(trace))
    title = markup.escape(trace.title)
    return (
        f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{told}"
    )


def as_data(trace: Trace) -> dict[str, Any]:
    """Return a trace as plain data, every component with its radius."""
    return {
        "function": trace.problem.name,
        "derivative": f"∂{trace.of}/∂·",
        "outputs": list(trace.outputs),
        "dtype": trace.point.dtype,
        "inputs": {name: a.tolist() for name, a in trace.point.inputs.items()},
        "given": {name: a.tolist() for name, a in trace.point.given.items()},
        "by_hand": trace.by_hand,
        "right": trace.right,
        "remark": trace.remark,
        "not_found": list(trace.left),
        "note": trace.note,
        "notes": list(trace.notes),
        "rows": [_row(row) for row in trace.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    shape = row.value.shape
    indices = enumerate(np.ndindex(shape))
    return {
        "name": row.name,
        "operation": row.operation,
        "kind": row.kind,
        "shape": list(shape),
        "norm": certain(row.value.norm),
        "derivative_norm": certain(row.adjoint.norm),
        "by_hand": _named(row.by_hand),
        "derivative_by_hand": _named(row.adjoint_by_hand),
        "components": [
            {
                "component": component(row.name, index),
                "value": certain(row.value.components, k),
                "radius": float(row.value.components.radius[k]),
                "derivative": certain(row.adjoint.components, k),
                "derivative_radius": float(row.adjoint.components.radius[k]),
            }
            for k, index in indices
        ],
    }


def _named(found: ByHand | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "variable": found.variable,
        "components": found.numbers.tolist(),
        "wrong": found.wrong,
        "found_by": "its number"
        if found.matched
        else "its name"
        if found.variable
        else "its place",
    }
