"""Mutants of a source file: its text, changed in one place by one of mutmut's operators.

mutmut itself mutates functions without decorators only, and switches between copies of them. Here
its operators are applied to all that runs, commands and constants too, and a mutant is a whole
file, so that processes which tests start meet it as well. Left out is what no test should hold to:
annotations, decorators, imports, prose (a string with a blank between words), `FIXED` arguments.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_CALLS, deep_replace
from mutmut.mutation.mutators import mutation_operators, operator_string

Positions = Mapping[cst.CSTNode, CodeRange]
PROSE = re.compile(r"\w\S* +\S*\w")
FIXED = ("strict", "encoding")
"""Keywords of arguments that stay: `zip` is to refuse what holds by construction, and files are in
the encoding that is the default where tests run."""
BLOCKS = (cst.If, cst.For, cst.While, cst.With, cst.Try, cst.Match)
"""Statements that hold others; what is changed in one itself stands in its first lines."""


@dataclass(frozen=True)
class Place:
    """Where a change stands.

    Attributes:
        within: The qualified name of the function or class; empty outside of any.
        ran: First and last line of what is run when the change can matter.
        at_import: Whether these lines are run at import, once for all tests.
    """

    within: str
    ran: tuple[int, int]
    at_import: bool


@dataclass(frozen=True)
class Mutant:
    """A changed file.

    Attributes:
        path: The file, relative to the repository.
        place: Where the change stands.
        line: The first line that changes.
        removed: The lines that change, without indentation.
        added: What stands in their place.
        text: The whole file, changed.
    """

    path: Path
    place: Place
    line: int
    removed: str
    added: str
    text: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others, and stays the same when lines move."""
        return str(self.path), self.place.within, self.removed, self.added

    def __str__(self) -> str:
        changed = [f"  - {line}" for line in self.removed.splitlines()]
        changed += [f"  + {line}" for line in self.added.splitlines()]
        return "\n".join([f"{self.path}:{self.line} {self.place.within}".rstrip(), *changed])


@dataclass(frozen=True)
class Change:
    """A way to change a file, of which a mutant is made when it is asked for.

    Attributes:
        path: The file, relative to the repository.
        place: Where the change stands.
        source: The file as it is, as one text,
        parts: and as the texts of its statements.
        k: The number of the statement that changes.
        statement: It.
        node: What is replaced in it,
        new: and by what.
    """

    path: Path
    place: Place
    source: str
    parts: Sequence[str]
    k: int
    statement: cst.CSTNode
    node: cst.CSTNode
    new: cst.CSTNode

    def mutant(self) -> Mutant | None:
        """Return the mutant; none if the text stays the same."""
        changed = deep_replace(self.statement, self.node, self.new)
        assert isinstance(changed, cst.CSTNode)
        here = cst.Module([]).code_for_node(changed)
        if here == self.parts[self.k]:
            return None
        text = "".join([*self.parts[: self.k], here, *self.parts[self.k + 1 :]])
        return _mutant(self.path, self.source, text, self.place)


def mutants(path: Path, source: str) -> list[Mutant]:
    """Return the mutants of a file by line; no two of them have the same text."""
    made: dict[str, Mutant] = {}
    for change in changes(path, source):
        mutant = change.mutant()
        if mutant is not None:
            made.setdefault(mutant.text, mutant)
    return sorted(made.values(), key=lambda mutant: mutant.line)


def changes(path: Path, source: str) -> Iterator[Change]:
    """Yield the ways to change a file; several may come to the same text."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    module, positions = wrapper.module, wrapper.resolve(PositionProvider)
    top = Place("", (1, source.count("\n") + 1), at_import=True)
    parts = [*map(module.code_for_node, (*module.header, *module.body, *module.footer))]
    for k, statement in enumerate(module.body, len(module.header)):
        place = _placed(statement, top, positions)
        for inside, node, new in _changes(statement, place, positions):
            yield Change(path, inside, source, parts, k, statement, node, new)


def _mutant(path: Path, source: str, text: str, place: Place) -> Mutant:
    old, new = source.splitlines(), text.splitlines()
    same = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [block for block in same if block[0] != "equal"]
    removed = old[changed[0][1] : changed[-1][2]]
    added = new[changed[0][3] : changed[-1][4]]
    return Mutant(path, place, changed[0][1] + 1, _flat(removed), _flat(added), text)


def _flat(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def _changes(
    node: cst.CSTNode, place: Place, positions: Positions
) -> Iterator[tuple[Place, cst.CSTNode, cst.CSTNode]]:
    """Go through a node and all in it: what can be replaced, by what."""
    if _left_out(node):
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind) and not (operator is operator_string and _is_prose(node)):
            for new in operator(node):
                if _fixed(new) == _fixed(node):
                    yield place, node, new
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        place = replace(place, within=f"{place.within}.{node.name.value}".lstrip("."))
    if isinstance(node, cst.FunctionDef):
        place = replace(place, ran=_lines(node.body, positions), at_import=False)
    for child in node.children:
        yield from _changes(child, _placed(child, place, positions), positions)


def _placed(node: cst.CSTNode, place: Place, positions: Positions) -> Place:
    """Return the place of what is in a node: narrower, where the node is a statement."""
    if isinstance(node, cst.SimpleStatementLine):
        return replace(place, ran=_lines(node, positions))
    if isinstance(node, BLOCKS):
        first = positions[node].start.line
        body = node.cases[0] if isinstance(node, cst.Match) else node.body
        return replace(place, ran=(first, max(first, positions[body].start.line - 1)))
    return place


def _lines(node: cst.CSTNode, positions: Positions) -> tuple[int, int]:
    return positions[node].start.line, positions[node].end.line


def _left_out(node: cst.CSTNode) -> bool:
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Call(func=cst.Name(value=name)):
            return name in NEVER_MUTATE_FUNCTION_CALLS
        case cst.Arg():
            return _is_fixed(node)
        case cst.If(test=cst.Name(value="TYPE_CHECKING")):
            return True
    return False


def _fixed(node: cst.CSTNode) -> list[str]:
    """Return the fixed arguments of a node that is a call, as text."""
    args = node.args if isinstance(node, cst.Call) else ()
    return [cst.Module([]).code_for_node(arg.value) for arg in args if _is_fixed(arg)]


def _is_fixed(arg: cst.Arg) -> bool:
    named = arg.keyword is not None and arg.keyword.value in FIXED
    return named or (isinstance(arg.value, cst.SimpleString) and arg.value.value == '"utf-8"')


def _is_prose(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and bool(PROSE.search(node.value))
