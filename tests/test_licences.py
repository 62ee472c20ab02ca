"""The table of licences is complete, and says what the metadata of what is installed say."""

from __future__ import annotations

import importlib.util
import re
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SOURCE = Path(__file__).parents[1] / "benchmarks" / "licences.py"
SPEC = importlib.util.spec_from_file_location("licences", SOURCE)
assert SPEC is not None
assert SPEC.loader is not None
licences: Any = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(licences)


def test_every_direct_dependency_has_a_licence() -> None:
    told = licences.written()
    assert list(told) == list(licences.wanted())
    assert [name for name, licence in told.items() if not licence.strip()] == []


@pytest.mark.parametrize("package", licences.wanted())
def test_the_table_says_what_the_metadata_say(package: str) -> None:
    found = licences.installed(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    assert licences.written()[package] == licences.licence(found)


def test_the_table_says_who_wants_what() -> None:
    text = licences.DOCUMENT.read_text(encoding="utf-8")
    assert re.search(r"^\| numpy \| gradiometer \|", text, re.MULTILINE)
    assert re.search(
        r"^\| casadi \| casadi \| .*Lesser General Public.* \| LGPL", text, re.MULTILINE
    )
    assert re.search(r"^\| autograd \| autograd, test \|", text, re.MULTILINE)
    assert re.search(r"^\| python-flint \| .*LGPL-3\.0-or-later.* FLINT", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([("License-Expression", "MIT"), ("License", "see the file")], "MIT"),
        ([("License", "Apache 2.0"), ("Classifier", "License :: OSI Approved :: X")], "Apache 2.0"),
        (
            [
                ("License", "Copyright 2020 Someone"),
                ("Classifier", "License :: OSI Approved :: MIT License"),
                ("Classifier", "License :: Other"),
                ("Classifier", "Topic :: System"),
            ],
            "MIT License, Other",
        ),
        ([], ""),
    ],
)
def test_a_licence_is_told_as_shortly_as_it_can(fields: list[tuple[str, str]], told: str) -> None:
    message = Message()
    for name, value in fields:
        message[name] = value
    found: Distribution | Any = SimpleNamespace(metadata=message)
    assert licences.licence(found) == told
