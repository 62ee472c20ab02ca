"""Libraries that are needed for some purposes only, and how to install them."""

from __future__ import annotations

from importlib.machinery import PathFinder

BENCH = {
    "altair": "altair", "cloudpickle": "cloudpickle", "duckdb": "duckdb", "filelock": "filelock",
    "jinja2": "jinja2", "pandas": "pandas", "platformdirs": "platformdirs", "psutil": "psutil",
    "pyarrow": "pyarrow", "ruptures": "ruptures", "scipy": "scipy", "sympy": "sympy",
    "tabulate": "tabulate", "threadpoolctl": "threadpoolctl", "vl_convert": "vl-convert-python",
}  # fmt: skip
"""What measuring and reporting needs, by import name: what pip installs (the extra `bench`)."""


def not_installed(name: str) -> str:
    """Return that a library is missing, and a command that installs it and all that are, too.

    Args:
        name: The import name of what was missed.
    """
    wanted = [BENCH[each] for each in BENCH if each == name or PathFinder.find_spec(each) is None]
    return f"{name} is not installed: pip install {' '.join(wanted) or name}"
