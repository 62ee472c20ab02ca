"""How fast this machine does a fixed piece of work when nothing disturbs it, known from run to run.

A neighbour on the same processor can slow everything down for minutes, and slows different tools by
different factors. A run that never sees the machine undisturbed cannot know that from its own
figures; one that remembers the machine's baseline can. It is kept for a month, beside the
references.
"""

from __future__ import annotations

import json
import math
import platform
import time

from gradiometer import cache_folder
from gradiometer.measure.environment import cpu_model

FILE = "baseline.json"
MONTH_S = 30 * 86400.0


def recall() -> float | None:
    """Return what is kept for this processor and Python, seconds; `None` where nothing is."""
    seconds, when = _read().get(_machine(), (None, 0.0))
    return None if time.time() - when > MONTH_S else seconds


def remember(seconds: float) -> None:
    """Keep a baseline, unless a better one is known; an unwritable folder costs nothing."""
    if not (recall() or math.inf) <= seconds:
        text = json.dumps(_read() | {_machine(): (seconds, time.time())})
        cache_folder.write(FILE, lambda file: file.write(text.encode()))


def _read() -> dict[str, tuple[float, float]]:
    try:
        kept = json.loads((cache_folder.folder() / FILE).read_text())
        return {name: (float(seconds), float(when)) for name, (seconds, when) in kept.items()}
    except Exception:  # whatever an absent or damaged file makes its readers raise
        return {}


def _machine() -> str:
    return f"{cpu_model()}, {platform.python_implementation()} {platform.python_version()}"
