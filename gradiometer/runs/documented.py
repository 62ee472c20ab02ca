"""The JSON Schema of `run.json`, and of a record, made of the classes whose fields they are.

python -m gradiometer.runs.documented > docs/run.schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any, get_args

from gradiometer.runs.formats import FORMAT
from gradiometer.runs.schema import COMPARISON, Identity, columns

TYPES: dict[type, Any] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": ["integer", "null"]},
    float: {"type": ["number", "string", "null"]},  # infinities are text
}

STATES = ("running", "complete", "interrupted", "failed")


def schema() -> dict[str, Any]:
    """Return the schema of what `gradiometer run --json` prints: `run.json`, with its records."""
    text, numbers = {"type": "string"}, {"type": "object"}
    machine = {
        "started": text, "python": text, "system": text, "cpu": text,
        "cores": {"type": "integer"}, "memory_gib": {"type": "number"},
        "load_average": {"type": "array", "items": {"type": "number"}},
        "versions": {"type": "object", "additionalProperties": text},
    }  # fmt: skip
    known = {
        "id": text,
        "format": {"const": FORMAT},
        "experiment": text,
        "state": {"enum": list(STATES)},
        "environment": {"type": "object", "properties": machine},
        "command": text,
        "timing": {"enum": ["interleaved", "sequential"]},
        "options": numbers,
        "plugins": {"type": "array", "items": text},
        "functions": {"type": "array", "items": {"type": "object"}},
        "plan": {"type": "array", "items": _row(columns(Identity))},
        "noise": {"type": "object"},
        "nodes": {"type": "object", "additionalProperties": _node(machine)},
        "lines": {"type": "object", "additionalProperties": {"type": "integer"}},
        "tables": {"type": "object", "additionalProperties": text},
        "repaired": text,
        "checksum": text,
        "records": {"type": "array", "items": _row(COMPARISON.columns)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A comparison, as run.json and --json tell it: format {FORMAT}",
        "type": "object",
        "required": ["id", "format", "experiment", "state", "plan"],
        "properties": known,
    }


def _node(machine: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what is kept of a node of a cluster."""
    own = {"machine": {"type": "string"}, "cases": {"type": "integer"}, "noise": {"type": "object"}}
    told = {name: kind for name, kind in machine.items() if name != "versions"}
    return {"type": "object", "required": list(own), "properties": told | own}


def _row(kinds: dict[str, Any]) -> dict[str, Any]:
    properties = {name: TYPES[(*get_args(kind), kind)[0]] for name, kind in kinds.items()}
    return {"type": "object", "required": list(kinds), "properties": properties}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
