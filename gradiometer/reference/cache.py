"""References on disk, by the digest of what was certified.

A file is an `.npz` without pickles. One that cannot be read is computed anew; a folder that cannot
be written leaves the run without a cache, which costs time and nothing else.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gradiometer.cache_folder import folder, write
from gradiometer.vocabulary.enclosure import Enclosure

ARRAYS = ("high", "low", "radius", "bound")
MOST_KEPT = 2_000_000
"""Components up to which an enclosure is kept, in 32 bytes each; to read more takes no less time
than to certify it."""

FACTS = ("bits", "shapes", "zero", "probable", "convention", "dtype")


def find(digest: str) -> Enclosure | None:
    """Return the enclosure stored under a digest, or `None`."""
    path = folder() / f"{digest}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            found = None
            for k, each in reversed(list(enumerate(facts))):
                arrays = {name: stored[f"{name}{k}"] for name in ARRAYS}
                shapes = tuple(map(tuple, each.pop("shapes")))
                found = Enclosure(**arrays, **each, shapes=shapes, other=found)
            return found
    except Exception:  # whatever a damaged archive makes its readers raise
        return None


def keep(digest: str, enclosure: Enclosure) -> None:
    """Store an enclosure, unless it is too large."""
    if enclosure.high.size > MOST_KEPT:
        return
    both = [each for each in (enclosure, enclosure.other) if each]
    facts = [{name: getattr(each, name) for name in FACTS} for each in both]
    stored: dict[str, Any] = {
        f"{name}{k}": getattr(each, name) for k, each in enumerate(both) for name in ARRAYS
    }
    write(f"{digest}.npz", lambda file: np.savez(file, facts=json.dumps(facts), **stored))
