"""Write docs/licences.md: the licences of all that Gradiometer depends on, as their metadata say.

    python benchmarks/licences.py

What is not installed here keeps its row.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from gradiometer.plugins.environments import Environment

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "licences.md"

FLAVOURS = {"all", "bench", "cluster", "dev", "heavy", "light", "test"}
"""Extras that are no tool's."""

FIELDS = ("License-Expression", "License", "Classifier")
"""What metadata tell of a licence, the clearest first."""

NOTES = {
    "casadi": "LGPL: weak copyleft; CasADi is loaded as a library, and replaceable",
    "drjit": "uses LLVM where that is installed (Apache-2.0 WITH LLVM-exception)",
    "heyoka": "MPL: weak copyleft, by file",
    "itables": "pages of reports hold its bundle of DataTables and jQuery (MIT)",
    "python-flint": "its wheels contain FLINT, GMP and MPFR, LGPL-3.0-or-later: loaded as "
    "libraries, and replaceable",
    "symforce": "its wheels contain SymEngine (MIT)",
    "vl-convert-python": "pages of reports hold its bundle of Vega and Vega-Lite (BSD-3-Clause)",
}
"""What the metadata do not tell."""

OPENING = """# Licences

Gradiometer is under the MIT licence. What it depends on, and the tools that it measures, are not
part of it: pip installs them. Made by `python benchmarks/licences.py` of the metadata of what is
installed; a test holds the table to these.

| package | wanted by | licence, as its metadata say | note |
|---|---|---|---|
"""


def wanted() -> dict[str, list[str]]:
    """Return by whom each direct dependency is wanted: the package itself, or its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"gradiometer": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, list[str]] = {}
    for group, requirements in groups.items():
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)
            if name and name[0] != "gradiometer":
                found.setdefault(name[0], []).append(group)
    return dict(sorted(found.items()))


def installed(package: str) -> Distribution | None:
    """Return a package that is installed here, or in an environment that goes by an extra."""
    apart = (Environment(extra).search_path for extra in wanted()[package] if extra not in FLAVOURS)
    paths = [sys.path, *apart]
    return next((each for path in paths for each in distributions(name=package, path=path)), None)


def licence(found: Distribution) -> str:
    """Return a package's licence: its SPDX expression, what it calls it, or its classifiers."""
    told = {name: found.metadata.get_all(name, []) for name in FIELDS}
    texts = [*told["License-Expression"], *told["License"]]
    short = [text for text in texts if text and "\n" not in text and "Copyright" not in text]
    classified = [
        line.rpartition(" :: ")[2] for line in told["Classifier"] if line.startswith("License :: ")
    ]
    return short[0] if short else ", ".join(classified)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the table."""
    before = written()
    for package, groups in wanted().items():
        found = installed(package)
        told = before.get(package, "") if found is None else licence(found)
        yield package, ", ".join(groups), told, NOTES.get(package, "")


def written() -> dict[str, str]:
    """Return the licences that the document tells, by package."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    rows = text.partition("|---|\n")[2]
    return dict(re.findall(r"^\| ([\w.-]+) \| [^|]* \| ([^|]*) \|", rows, re.MULTILINE))


def main() -> None:
    """Write the document."""
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows())
    DOCUMENT.write_text(OPENING + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
