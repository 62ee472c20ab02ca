"""How fast this machine does a fixed piece of work when nothing disturbs it, known from run to run.

A neighbour on the same processor can slow everything down for minutes, and slows different tools by
different factors. A run that never sees the machine undisturbed cannot know that from its own
figures; one that remembers the machine's pace can. It is kept beside the references, for a month.
"""

from __future__ import annotations

import json
import platform
import time

from gradiometer.measure.environment import cpu_model
from gradiometer.reference import cache

FILE = "baseline.json"
MONTH_S = 30 * 86400.0


def recall() -> float | None:
    """Return the pace kept for this processor and Python, seconds; `None` where there is none."""
    kept = _read().get(_machine())
    if kept is None or time.time() - kept[1] > MONTH_S:
        return None
    return kept[0]


def remember(seconds: float) -> None:
    """Keep a pace, unless a better one is known; a folder that cannot be written costs nothing."""
    known = recall()
    if known is not None and known <= seconds:
        return
    text = json.dumps(_read() | {_machine(): (seconds, time.time())})
    cache.write(FILE, lambda file: file.write(text.encode()))


def _read() -> dict[str, tuple[float, float]]:
    try:
        kept = json.loads((cache.folder() / FILE).read_text())
        return {name: (float(seconds), float(when)) for name, (seconds, when) in kept.items()}
    except Exception:  # whatever an absent or damaged file makes its readers raise
        return {}


def _machine() -> str:
    return f"{cpu_model()}, {platform.python_implementation()} {platform.python_version()}"
