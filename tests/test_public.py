"""What is public is what docs/api.md lists, and what is deprecated is gone in time."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import gradiometer
from gradiometer.deprecation import deprecated, overdue

TEXT = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
LISTED = {
    title: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    for title, section in re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
}
TYPING = {"annotations", "Any", "TYPE_CHECKING"}
"""What a module has of typing."""


def public(module: ModuleType) -> set[str]:
    """Return the names of a module that look as if they were public; submodules have their own."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name not in TYPING
        and not (inspect.ismodule(value) and value.__name__ == f"{module.__name__}.{name}")
    }


def items(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the public items of a module, and the members of its classes, by name."""
    for name in module.__all__:
        item = getattr(module, name)
        yield name, item
        if inspect.isclass(item):
            yield from ((f"{name}.{member}", value) for member, value in vars(item).items())


def test_the_document_lists_the_modules_that_are_public() -> None:
    assert list(LISTED) == ["gradiometer", "gradiometer.testing", "gradiometer.conformance"]


@pytest.mark.parametrize("title", LISTED)
def test_what_is_offered_is_what_is_listed_once(title: str) -> None:
    assert sorted(LISTED[title]) == sorted(importlib.import_module(title).__all__)


@pytest.mark.parametrize("title", LISTED)
def test_nothing_is_public_by_accident(title: str) -> None:
    module = importlib.import_module(title)
    assert public(module) <= set(module.__all__)


@pytest.mark.parametrize("title", LISTED)
def test_what_is_deprecated_is_gone_in_time(title: str) -> None:
    found = items(importlib.import_module(title))
    assert [name for name, item in found if overdue(item, gradiometer.__version__)] == []


# Deprecation, of examples.


@deprecated("0.3", "new_name")
def old_name(x: int) -> int:
    """Return the double of x."""
    return 2 * x


@deprecated("1.9", "NewKind")
class OldKind:
    def __init__(self, x: int) -> None:
        self.x = x


def test_what_is_deprecated_works_and_says_what_to_use_instead() -> None:
    told = "deprecated since 0.3, gone in 0.4: use new_name"
    with pytest.warns(DeprecationWarning, match=re.escape(told)):
        assert old_name(3) == 6
    with pytest.warns(DeprecationWarning, match=r"since 1\.9, gone in 1\.10: use NewKind"):
        assert OldKind(3).x == 3
    assert (old_name.__name__, old_name.__doc__) == ("old_name", "Return the double of x.")


def test_the_warning_is_of_the_line_that_uses_it() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old_name(3)
    assert [Path(each.filename).name for each in caught] == ["test_public.py"]


@pytest.mark.parametrize(
    ("item", "version", "late"),
    [
        (old_name, "0.3.0", False),
        (old_name, "0.3.7", False),
        (old_name, "0.4.0", True),
        (old_name, "0.10.0", True),
        (old_name, "1.0", True),
        (OldKind, "1.9.2", False),
        (OldKind, "1.10.0", True),
        (int, "9.0", False),
    ],
)
def test_it_is_overdue_from_the_next_minor_version_on(
    item: object, version: str, late: bool
) -> None:
    assert overdue(item, version) is late


@pytest.mark.parametrize("since", ["", "0", "0.3.1", "next"])
def test_a_deprecation_names_the_minor_version_that_first_warns(since: str) -> None:
    with pytest.raises(ValueError, match="no minor version"):
        deprecated(since, "something")
