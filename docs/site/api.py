"""The reference of the API: the names that stubs list, whose docstrings mkdocstrings renders.

Nothing is imported: names are read from the stubs, docstrings from the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

TITLES = {
    "functions": "Functions",
    "results": "What functions take and return",
    "authors": "For authors of problems and methods",
    "errors": "Errors",
}
"""Pages of what `import gradiometer` offers, by file name."""

PREFACES = {
    "functions": "`import gradiometer` offers these; each is imported when it is first used.",
    "results": "Results keep what was found, and show themselves in a notebook.",
    "authors": "What a problem or a method is made of: [how to write a method]"
    "(../tutorials/write-a-method.md), [a problem](../tutorials/write-a-problem.md).",
    "errors": "All are a `GradiometerError`; the command line tells them in one line.",
}

KITS = ("testing", "conformance")
"""Modules that are imported by their own names."""


def api_pages(package: Path) -> Mapping[str, str]:
    """Return the pages of the reference, by file name.

    Args:
        package: Folder of the package.
    """
    of: dict[str, list[str]] = {page: [] for page in TITLES}
    for name, module in _offered(package / "__init__.pyi"):
        of[_page(name, module)].append(f"gradiometer.{name}")
    pages = {page: _written(TITLES[page], PREFACES[page], names) for page, names in of.items()}
    return pages | {kit: _kit(package, kit) for kit in KITS}


def _offered(stub: Path) -> Iterator[tuple[str, str]]:
    """Yield the names that a stub offers, and the modules that they come from."""
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            yield from ((each.asname or each.name, node.module or "") for each in node.names)


def _page(name: str, module: str) -> str:
    room = module.partition(".")[0]
    if room in ("errors", "vocabulary"):
        return "errors" if room == "errors" else "authors"
    return "functions" if name.islower() else "results"


def _kit(package: Path, kit: str) -> str:
    """Return the page of a module: what it says and holds, and what its stub offers."""
    stub = package / kit / "__init__.pyi"
    offered = [name for name, _ in _offered(stub)] if stub.exists() else []
    module = f"gradiometer.{kit}"
    return _written(f"`{module}`", "", [module, *(f"{module}.{name}" for name in offered)])


def _written(title: str, preface: str, names: list[str]) -> str:
    paragraphs = [f"# {title}", preface, *(f"::: {name}" for name in names)]
    return "\n\n".join(filter(None, paragraphs)) + "\n"
