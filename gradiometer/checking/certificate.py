"""A check as plain data, and a certificate that can be checked without Gradiometer.

Numbers of a certificate are hexadecimal, and so exact. The function is in it as a graph of
operations, recorded at each point, with all its constants; what cannot be recorded, as text alone.
"""

from __future__ import annotations

import inspect
import json
import linecache
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.graph import Constant, Graph, Guard, Named, Operation, Value, shape_of
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.recording import record
from gradiometer.vocabulary.space import Array

if TYPE_CHECKING:
    from gradiometer.checking.checked import Check
    from gradiometer.checking.places import Place

FORMAT = "gradiometer certificate 1"

Data = dict[str, Any]


def as_data(check: Check) -> Data:
    """Return a check as plain data."""
    return {
        "function": check.problem.name,
        "operator": check.operator.name,
        "verdict": str(check.verdict),
        "seed": check.seed,
        "dtype": check.points.declared.point.dtype,
        "remark": check.remark,
        "versions": check.versions,
        "finding": str(check.finding),
        "causes": [asdict(each) for each in check.causes],
        "cuts": list(check.cuts),
        "trusted": list(check.trusted),
        "notes": list(check.notes),
        "components": list(check.operator.components(check.points.signature)),
        "points": [_place(check, each, _listed) for each in check.places],
        "claims": [
            {
                "name": claim.name,
                "origin": claim.origin,
                "verdict": str(claim.verdict),
                "promise": claim.promise,
                "exact": claim.exact,
                "points": [asdict(each) | {"verdict": str(each.verdict)} for each in claim.at],
            }
            for claim in check.claims
        ],
    }


def certificate(check: Check) -> Data:
    """Return what it takes to check the enclosures again, as plain data."""
    return {
        "format": FORMAT,
        "function": check.problem.name,
        "text": _source(check.problem.written),
        "operator": check.operator.name,
        "inputs": list(check.points.signature.inputs.names),
        "outputs": list(check.points.signature.outputs.names),
        "components": list(check.operator.components(check.points.signature)),
        "seed": check.seed,
        "dtype": check.points.declared.point.dtype,
        "versions": check.versions,
        "points": [_place(check, each, _hex) | _recorded(check, each) for each in check.places],
    }


def write(check: Check, path: Path) -> None:
    """Write a check's certificate into a file.

    Raises:
        GradiometerError: If it cannot be written.
    """
    text = json.dumps(certificate(check), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        told = f"the certificate cannot be written: {path}: {error.strerror or error}"
        raise GradiometerError(told) from error


def _recorded(check: Check, place: Place) -> Data:
    """Return the function at a point as a graph, or why it cannot be recorded as one."""
    found: Data = {"output_sizes": list(check.points.signature.outputs.sizes)}
    try:
        return found | {"graph": _graph(record(check.problem.function, place.at.point))}
    except GradiometerError as error:
        return found | {"graph": None, "unrecorded": str(error)}


def _source(function: Any) -> str:
    """Return a function's text, if there is any.

    `inspect.getsource` would ask all modules for their files, and so import what is lazy.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    return "".join(inspect.getblock(lines)) if lines else ""


def _place(check: Check, place: Place, numbers: Any) -> Data:
    """Return a point, and what is proven there."""
    point, along = place.at
    directions = check.operator.directions(along)
    found: Data = {
        "inputs": _arrays(point.inputs, numbers),
        "given": _arrays(point.given, numbers),
        "directions": _arrays(directions, numbers),
    }
    truth = place.truth
    if isinstance(truth, Hull):
        branches = [_enclosure(each, numbers) for each in truth.branches]
        box = _enclosure(truth.box, numbers)
        return found | {"kink": {"ties": truth.ties, "branches": branches, "box": box}}
    if truth is None:
        return found | {"refused": place.refusal}
    return found | {"enclosure": _enclosure(truth, numbers)}


def _arrays(named: Mapping[str, Array], numbers: Any) -> Data:
    return {name: numbers(np.asarray(a)) for name, a in named.items()}


def _enclosure(truth: Enclosure, numbers: Any) -> Data:
    found = {name: numbers(getattr(truth, name)) for name in ("high", "low", "radius", "bound")}
    found |= {"bits": truth.bits, "convention": truth.convention}
    if truth.other is not None:
        found |= {"other": _enclosure(truth.other, numbers)}
    return found


def _listed(array: Array) -> Any:
    return array.tolist()


def _hex(array: Array) -> Data:
    """Return an array with exact numbers: real ones are hexadecimal."""
    flat = array.ravel().tolist()
    values = [x.hex() if isinstance(x, float) else x for x in flat]
    return {"shape": list(array.shape), "values": values}


def _graph(graph: Graph) -> Data:
    """Return a graph; what is known of shapes stands in the point."""
    kept = [s for s in graph.steps if not (isinstance(s, Guard) and s.test is shape_of)]
    steps = [_guard(step) if isinstance(step, Guard) else _operation(step) for step in kept]
    return {
        "inputs": list(graph.inputs),
        "given": list(graph.given),
        "steps": steps,
        "result": _plain(graph.result),
    }


def _guard(guard: Guard) -> Data:
    return {
        "guard": guard.test.__name__,
        "of": _plain(guard.value),
        "outcome": _plain(guard.outcome),
        "line": guard.place.strip(),
    }


def _operation(step: Operation) -> Data:
    called = step.function
    name = called if isinstance(called, str) else f"operator.{getattr(called, '__name__', called)}"
    return {
        "call": name,
        "arguments": [_plain(each) for each in step.arguments],
        "options": {name: _plain(each) for name, each in step.options.items()},
        "line": step.place.strip(),
    }


def _plain(item: Any) -> Any:
    """Return an argument of an operation as JSON holds it: what is no plain value is tagged."""
    if isinstance(item, Value):
        return {"value": item.number}
    if isinstance(item, Named):
        return {"named": item.name}
    if isinstance(item, Constant):
        return {"array": _hex(item.array)}
    if isinstance(item, np.ndarray | np.generic):
        return {"array": _hex(np.asarray(item))}
    if isinstance(item, float):
        return {"float": item.hex()}
    if isinstance(item, slice):
        return {"slice": [_plain(each) for each in (item.start, item.stop, item.step)]}
    if isinstance(item, tuple | list):
        kind = "tuple" if isinstance(item, tuple) else "list"
        return {kind: [_plain(each) for each in item]}
    if item is Ellipsis:
        return {"ellipsis": True}
    if isinstance(item, type | np.dtype):
        return {"type": np.dtype(item).name}
    return item
