"""`gradiometer list`: problems, methods, operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradiometer.cli import options as shared
from gradiometer.cli.output import print_rows

if TYPE_CHECKING:
    from gradiometer.plugins.address import Address
    from gradiometer.plugins.registry import Kind, MethodEntry, ProblemEntry, Registry

Row = dict[str, Any]

app = shared.group("List what there is: problems, methods, operators.", "list problems")


@app.command("problems", epilog="Example: `gradiometer list problems --json`.")
def list_problems(plugins: shared.Plugins = None, json: shared.Json = False) -> None:
    """List the problems, with their sizes, numbers of inputs, and formulas."""
    from gradiometer.plugins import loader

    registry = loader.load(plugins or ())
    rows = [
        {
            "name": p.name,
            "sizes": [label for label in p.labels if label],
            "larger": list(p.larger),
            "inputs": [_inputs(p, label) for label in p.labels],
            "outputs": list(p.outputs or ("value",)),
            "by_hand": list(p.by_hand),
            "formula": p.summary,
            "source": p.source,
        }
        for p in registry.problems.values()
    ]
    unknown = {
        "name": "",
        "sizes": [],
        "larger": [],
        "inputs": [None],
        "outputs": [],
        "by_hand": [],
    }
    told = {"formula": "", "source": ""}
    print_rows("Problems", rows + _broken(registry, "problems", "formula", unknown | told), json)


@app.command("methods", epilog="Example: `gradiometer list methods --plugins my_method.py`.")
def list_methods(plugins: shared.Plugins = None, json: shared.Json = False) -> None:
    """List the methods by tool: from where, which operators each has itself, whether it can run.

    Digits are those that each promises of a first derivative; other operators are derived.
    """
    from gradiometer.plugins import loader

    registry = loader.load(plugins or (), ["methods"])
    rows = [
        {
            "name": m.name,
            "tool": m.tool,
            "version": m.version,
            "mode": m.mode,
            "native": list(m.native),
            "digits": {dtype: first for dtype, (first, _) in m.digits.items()},
            "available": not m.missing,
            "environment": m.environment or None,
            "from": _origin(m.address),
            "about": m.missing or m.about,
        }
        for m in _by_tool(registry)
    ]
    unknown: Row = {"name": "", "tool": "", "version": None, "mode": None, "native": []}
    unknown |= {"digits": {}, "available": False, "environment": None, "from": ""}
    print_rows("Methods", rows + _broken(registry, "methods", "about", unknown), json)


@app.command("operators", epilog="Example: `gradiometer list operators`.")
def list_operators(json: shared.Json = False) -> None:
    """List the operators: what can be computed of a problem."""
    from gradiometer.vocabulary.operators import OPERATORS

    rows = [
        {
            "name": o.name,
            "of": "scalar problems" if o.of_scalars else "all problems",
            "takes": o.direction or None,
            "what": o.meaning,
        }
        for o in OPERATORS.values()
    ]
    print_rows("Operators", rows, json)


def _by_tool(registry: Registry) -> list[MethodEntry]:
    """Return the methods, those of a tool together, in the order in which tools are met."""
    tools = {method.tool: None for method in registry.methods.values()}
    return [m for tool in tools for m in registry.methods.values() if m.tool == tool]


def _origin(address: Address[Any]) -> str:
    """Return where a method comes from: Gradiometer, a file, or an installed module."""
    return "gradiometer" if address.built_in else str(address.path or address.module)


def _inputs(problem: ProblemEntry, label: str) -> int | None:
    """Return a size's number of scalar inputs; None where the point cannot be drawn."""
    from gradiometer.vocabulary.space import Space

    try:
        return Space.of(problem.address.load().point(label).inputs).size
    except Exception:  # a problem's own code: `show` tells what it raises
        return None


def _broken(registry: Registry, kind: Kind, told: str, unknown: Row) -> list[Row]:
    """Return the rows of plugins that failed to load, with the reason in a column."""
    found = (broken for broken in registry.broken if broken.kind == kind)
    return [unknown | {"name": broken.name, told: broken.reason} for broken in found]
