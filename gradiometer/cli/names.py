"""Names of what comes with Gradiometer, for the shell: without loading it, where that can be.

To name problems and methods, their files have to be executed, which takes longer than a Tab may.
So what was found is kept beside the references, for as long as the files are as they were.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from gradiometer.cache_folder import folder, write

FILE = "names.json"
PACKAGE = Path(__file__).parents[1]

Known = dict[str, dict[str, list[str]]]
"""By kind: problems with their sizes, methods with the environment that they ask for, if any."""


def known() -> Known:
    """Return the names of all that comes along, by kind."""
    found, kept = _state(), _kept()
    if kept.get("state") == found and "names" in kept:
        return dict(kept["names"])
    names = _loaded()
    text = json.dumps({"state": found, "names": names})
    with contextlib.suppress(ModuleNotFoundError):  # platformdirs: nothing is kept without it
        write(FILE, lambda file: file.write(text.encode()))
    return names


def _kept() -> dict[str, Any]:
    """Return what is kept; nothing where it is not there, or damaged."""
    try:
        return dict(json.loads((folder() / FILE).read_text(encoding="utf-8")))
    except (ModuleNotFoundError, OSError, ValueError, TypeError):
        return {}


def _loaded() -> Known:
    from gradiometer.plugins import loader

    registry = loader.built_ins()
    return {
        "problems": {
            p.name: [*filter(None, p.labels + p.larger)] for p in registry.problems.values()
        },
        "methods": {m.name: [*filter(None, [m.environment])] for m in registry.methods.values()},
    }


def _state() -> list[list[Any]]:
    """Return what changes where the files of plugins do."""
    places = [PACKAGE / kind for kind in ("problems", "methods")]
    folders = [each if each.is_dir() else PACKAGE.parent / each.name for each in places]
    return [
        [str(path), path.stat().st_mtime_ns, path.stat().st_size]
        for each in folders
        for path in sorted(each.glob("*.py"))
    ]
