"""What cannot be lowered: which operator, at which line, and what to do."""

from __future__ import annotations

from typing import NoReturn

from gradiometer.errors import Unsupported
from gradiometer.tracing.torch.places import line


class NotLowered(Unsupported):
    """What a function of PyTorch does that has no meaning, or none yet, in real numbers.

    It is no `TypeError`: PyTorch's operators would take that for an operand they do not know.
    """


def refuse(met: str, instead: str, place: str = "") -> NoReturn:
    """Raise an error: what was met, at which line of the program, and what to do instead."""
    raise NotLowered(f"{met}{place or line().text}: {instead}")
