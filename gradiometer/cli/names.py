"""Names of what comes with Gradiometer, for the shell: without loading it, where that can be.

To name problems and methods, their files have to be executed, which takes longer than a Tab may.
So what was found is kept beside the references, for as long as the files are as they were.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]

Known = dict[str, dict[str, list[str]]]
"""By kind: problems with their sizes, methods with the environment that they ask for, if any."""


def known() -> Known:
    """Return the names of all that comes along, by kind."""
    found, file = _state(), _file()
    if file is not None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["state"] == found:
                return dict(kept["names"])
    names = _loaded()
    if file is not None:
        _write(file, {"state": found, "names": names})
    return names


def _loaded() -> Known:
    from gradiometer.plugins import loader

    registry = loader.built_ins()
    return {
        "problems": {p.name: [*filter(None, p.labels)] for p in registry.problems.values()},
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


def _file() -> Path | None:
    """Return where names are kept; None where there is no telling."""
    chosen = os.environ.get("GRADIOMETER_CACHE")
    if chosen:
        return Path(chosen) / "names.json"
    try:
        import platformdirs  # of the benchmark's libraries
    except ModuleNotFoundError:
        return None
    return Path(platformdirs.user_cache_path("gradiometer")) / "references" / "names.json"


def _write(file: Path, kept: dict[str, Any]) -> None:
    """Write a file, whole or not at all; a folder that takes none costs time, and nothing else."""
    draft = file.with_name(f"names.{os.urandom(4).hex()}.new")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(file)
