"""A worker in an environment of its own: with the Gradiometer of who starts it.

Run as a file, `python -P …/elsewhere.py FD THREADS`, by an interpreter that has no Gradiometer
installed, or another one: the package that this file is part of is loaded from where it lies, and
nothing that lies beside it can be imported.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def load() -> None:
    """Load the package `gradiometer` from the folder above this file's."""
    name, folder = PACKAGE.name, [str(PACKAGE)]
    spec = spec_from_file_location(name, PACKAGE / "__init__.py", submodule_search_locations=folder)
    assert spec is not None  # for every .py file there is one
    assert spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load()
    from gradiometer.worker.process import main

    main()
