"""A program that was made of a function of the user's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiometer.vocabulary.program import Program


class Written(Program):
    """A program that was made of a function.

    Attributes:
        written: The function.
    """

    written: Callable[..., Any]
