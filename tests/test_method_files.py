"""Files of methods as a whole: short, unlike each other, and each class says whom it is for."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path

import built_in
import pytest

from gradiometer.plugins import loader
from gradiometer.plugins.files import python_files

MOST_LINES, MOST_OF_ONE = 249, 79
"""Lines that a file may have, and one of a single method."""

ALIKE = 6
"""Lines in a row that no two files have alike."""

FILES = python_files(loader.built_in("methods"))
METHODS = built_in.registry().methods


def kept(text: str) -> list[str]:
    """Return the lines that are to be compared: no imports, class attributes, or blank lines."""
    dropped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        drops = [node] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ClassDef):
            drops = [each for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
        for each in drops:
            dropped |= {*range(each.lineno, (each.end_lineno or each.lineno) + 1)}
    lines = (line.strip() for k, line in enumerate(text.splitlines(), 1) if k not in dropped)
    return [line for line in lines if line]


def runs(text: str) -> set[tuple[str, ...]]:
    """Return all runs of so many lines that no other file may have."""
    lines = kept(text)
    return {tuple(lines[k : k + ALIKE]) for k in range(len(lines) - ALIKE + 1)}


def named(path: Path) -> Iterator[str]:
    """Yield the names of the methods that a file brings."""
    return (name for name, m in METHODS.items() if m.address.path == path.resolve())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_methods_is_short(path: Path) -> None:
    methods = list(named(path))
    assert methods
    most = MOST_OF_ONE if len(methods) == 1 else MOST_LINES
    assert len(path.read_text("utf-8").splitlines()) <= most


def test_no_two_files_of_methods_are_alike() -> None:
    found = {path.name: runs(path.read_text("utf-8")) for path in FILES}
    for (one, ours), (other, theirs) in itertools.combinations(found.items(), 2):
        both = ["\n".join(each) for each in sorted(ours & theirs)]
        assert not both, f"{one} and {other} have in common:\n" + "\n\n".join(both)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_when_to_use_it(name: str) -> None:
    told = inspect.cleandoc(type(METHODS[name].address.load()).__doc__ or "")
    assert "Use it when" in " ".join(told.split())


# That lines alike are found.

BODY = [f"    x = f{k}(x)" for k in range(ALIKE)]


def written(head: str, body: list[str]) -> str:
    return "\n".join([*head.splitlines(), "def g(x):", *body, "    return h(x)"])


def test_six_lines_alike_are_found_wherever_they_stand() -> None:
    apart = [*BODY[:2], "", *BODY[2:]]
    one, other = written("a = 1", BODY), written("import b\nb.c()", apart)
    assert tuple(line.strip() for line in BODY) in runs(one) & runs(other)


def test_five_lines_alike_are_none() -> None:
    other = ["    x = other(x)", *BODY[1:]]
    assert not runs(written("a = 1", BODY)) & runs(f"{written('b = 1', other)} + 1")


def test_imports_and_class_attributes_may_be_alike() -> None:
    many = "\n".join(f"import m{k}\nfrom n{k} import (\n    a,\n    b,\n)" for k in range(ALIKE))
    attributes = "\n".join(
        f"    a{k} = {k}\n    b{k}: int = (\n        {k}\n    )" for k in range(ALIKE)
    )
    alike = f"{many}\n\n\nclass A:\n{attributes}\n"
    assert kept(alike) == ["class A:"]
