"""References on disk, found again by content: the problem's source, the point, and the rules.

A file is an `.npz` without pickles. One that cannot be read is computed anew; a folder that cannot
be written leaves the run without a cache, which costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import cloudpickle
import numpy as np
import platformdirs

from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.operators import operator as find_operator
from gradiometer.problem import Point, Problem


def through(
    problem: Problem, point: Point, operator: str, compute: Callable[[], Enclosure]
) -> Enclosure:
    """Return the enclosure that is kept, or else what `compute` finds, which is kept then."""
    digest = key(problem, point, operator)
    known = find(digest)
    if known is not None:
        return known
    found = compute()
    keep(digest, found)
    return found


def folder() -> Path:
    """Return where references are kept: `$GRADIOMETER_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("GRADIOMETER_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("gradiometer") / "references"


def key(problem: Problem, point: Point, operator: str) -> str:
    """Return the digest of everything that an enclosure depends on."""
    digest = hashlib.sha256()
    name = getattr(problem.function, "__qualname__", "")
    for text in (version("python-flint"), operator, name):
        digest.update(text.encode() + b"\0")
    digest.update(_source(problem))
    for rules in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(rules.read_bytes())
    for values in (point.inputs, point.given, find_operator(operator).directions(point)):
        for name, array in values.items():
            digest.update(f"{name}:{array.dtype}:{array.shape}\0".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def find(digest: str) -> Enclosure | None:
    """Return the enclosure stored under a digest, or `None`."""
    path = folder() / f"{digest}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in ("high", "low", "radius", "magnitude")}
            shapes = tuple(map(tuple, json.loads(str(stored["shapes"]))))
            return Enclosure(**arrays, bits=int(stored["bits"]), shapes=shapes)
    except Exception:  # whatever a damaged archive makes its readers raise
        return None


def keep(digest: str, enclosure: Enclosure) -> None:
    """Store an enclosure."""
    stored = asdict(enclosure) | {"shapes": json.dumps(enclosure.shapes)}
    write(f"{digest}.npz", lambda file: np.savez(file, **stored))


def write(name: str, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file into the cache folder; whole or not at all."""
    draft = folder() / f"{name}.{secrets.token_hex(4)}.new"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            fill(file)
        draft.replace(folder() / name)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()


def _source(problem: Problem) -> bytes:
    """Return what defines the function: its file's text and its bound values, else its pickle."""
    function = problem.function
    try:
        path = inspect.getsourcefile(function)
        text = Path(path).read_bytes() if path else b""
    except (OSError, TypeError):
        text = b""
    defines: Any = function
    if text and inspect.isfunction(function):
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        defines = (function.__defaults__, function.__kwdefaults__, cells)
    try:
        pickled: bytes = cloudpickle.dumps(defines)
    except Exception:  # bound to what has no content to speak of: such a key is never met again
        pickled = os.urandom(16)
    return text + pickled
