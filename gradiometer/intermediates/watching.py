"""Watches which values Python functions bind to their variables, line by line, while they run.

Knows nothing of what is bound: it is told what counts as a value, and when one is another.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, NamedTuple

from gradiometer.tracing.users import users_file

MOST_ELEMENTS = 1_000
"""Elements of a list, tuple or dict that are looked at."""

INLINE = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
"""Frames that are no function's."""


class Binding(NamedTuple):
    """A value that was bound to a variable.

    Attributes:
        code: The function.
        variable: The variable, or the list, tuple or dict that the value is an element of.
        element: Where it is in there: `[0]`, `['W']`; empty for a variable's own value.
        value: What `see` made of it.
        passed: Whether it was an argument of the function.
    """

    code: CodeType
    variable: str
    element: str
    value: Any
    passed: bool


@dataclass
class Watch:
    """Notes what functions of the user's bind while it is entered.

    Attributes:
        see: Returns what is kept of an object, `None` of what does not count.
        same: Whether what was seen of a variable before is what is seen now.
        files: Files whose functions are watched as the user's are.
        bindings: What was bound, in order.
    """

    see: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    files: frozenset[str] = frozenset()
    bindings: list[Binding] = field(default_factory=list)
    _before: Any = None

    def __enter__(self) -> Watch:
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self._before)

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if code.co_name in INLINE or not self._watched(code.co_filename):
            return None
        held: dict[tuple[str, str], Any] = {}
        lengths: dict[str, tuple[int, int]] = {}
        self._look(frame, held, lengths, passed=True)

        def traced(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "return":
                lengths.clear()  # elements may have been exchanged
            self._look(frame, held, lengths)
            return traced

        return traced

    def _watched(self, file: str) -> bool:
        return file in self.files or users_file(file)

    def _look(
        self,
        frame: FrameType,
        held: dict[tuple[str, str], Any],
        lengths: dict[str, tuple[int, int]],
        *,
        passed: bool = False,
    ) -> None:
        """Note what the variables of a frame hold that they did not hold before.

        Of a list that has only grown, what was appended is looked at alone.
        """
        for variable, x in list(frame.f_locals.items()):
            if isinstance(x, list | tuple):
                known, length = lengths.get(variable, (0, 0))
                start = length if known == id(x) and len(x) >= length else 0
                lengths[variable] = id(x), len(x)
                elements = [(f"[{k}]", x[k]) for k in range(start, min(len(x), MOST_ELEMENTS))]
            elif isinstance(x, dict):
                elements = [(f"[{k!r}]", x[k]) for k in list(x)[:MOST_ELEMENTS]]
            else:
                elements = [("", x)]
            for element, each in elements:
                found = self.see(each)
                key = variable, element
                if found is None or (key in held and self.same(held[key], found)):
                    continue
                held[key] = found
                self.bindings.append(Binding(frame.f_code, variable, element, found, passed))
