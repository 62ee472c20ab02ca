"""Names the nodes of a tape by the variables that they were bound to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import CodeType

from gradiometer.intermediates.watching import Binding
from gradiometer.reference.node import Node

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def subscript(number: int) -> str:
    """Return a number as a subscript."""
    return str(number).translate(SUBSCRIPTS)


class Variables:
    """The variables that nodes were bound to.

    A variable that is bound again is numbered, from 1; what it first stood for counts as 0 if it
    was passed, or has another name. Elements are named by their index. Variables of a function that
    this one calls are named with that function, unless their values have names here.

    Args:
        bindings: What was bound.
        inputs: The names of the inputs.
        own: The code of the function itself; by default of the one that was called first.
    """

    def __init__(
        self, bindings: Sequence[Binding], inputs: Mapping[Node, str], own: CodeType | None
    ) -> None:
        codes = [each.code for each in bindings]
        self._own = own if own in codes else (codes[0] if codes else None)
        self.names: dict[Node, str] = dict(inputs)
        self.bound: dict[str, list[Node]] = {}
        """What the function itself bound to each variable, in order; or its elements."""

        for mine in (True, False):
            self._take([each for each in bindings if (each.code is self._own) is mine], mine)

    def _take(self, bindings: Iterable[Binding], mine: bool) -> None:
        several: dict[tuple[CodeType, str, str], list[Node]] = {}
        passed = set()
        for code, variable, element, node, argument in bindings:
            key = code, variable, element
            several.setdefault(key, []).append(node)
            if argument and len(several[key]) == 1:
                passed.add(key)
        elements: dict[str, list[Node]] = {}
        for (code, variable, element), nodes in several.items():
            name = variable + element if mine else f"{code.co_name}.{variable}{element}"
            argument = mine and (code, variable, element) in passed
            first = 0 if argument or nodes[0] in self.names else 1
            for number, node in enumerate(nodes, first):
                plain = len(nodes) == 1 or (argument and number == 0)
                self.names.setdefault(node, name if plain else f"{name}{subscript(number)}")
            if mine and element:
                elements.setdefault(variable, []).append(nodes[-1])
            elif mine:
                self.bound[variable] = nodes
        self.bound |= elements

    def of(self, node: Node) -> str:
        """Return a node's name; empty if it has none."""
        return self.names.get(node, "")
