"""What is not Gradiometer's own is described by another process: it may hang, print, or end it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradiometer.errors import GradiometerError
from gradiometer.plugins import describing
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import Registry

GOOD = """
import sys
from gradiometer import Method, problem
print("loaded")
sys.setrecursionlimit(4321)

class Acme(Method):
    name = "acme"

@problem(at={"x": 1.0})
def spring(xp, x):
    return x * x
"""

Write = Callable[[str, str], Path]


def reasons(registry: Registry) -> dict[str, str]:
    return {each.name: each.reason for each in registry.broken}


def test_what_a_file_does_stays_in_another_process(
    write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    path, before = write("acme.py", GOOD), {*sys.modules}
    registry = load([path])
    assert registry.methods["acme"].tool == "acme"
    assert registry.problems["spring"].address.path == path
    assert registry.paths == [path]
    came = {*sys.modules} - before
    assert not [name for name in came if name.startswith("gradiometer.files.acme_")]
    assert sys.getrecursionlimit() != 4321
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("while True: pass", "it takes longer than 4 s; leave that to functions"),
        ("import os\nos._exit(3)", "it ended the process (exit code 3)"),
        ("import absent_library", "No module named 'absent_library' (line 1)"),
    ],
    ids=["hangs", "exits", "raises"],
)
def test_a_file_without_an_end_is_told_and_stops_no_other(
    write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    text: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(describing, "LIMIT_S", 4.0)
    write("folder/acme.py", GOOD)
    folder = write("folder/before.py", text).parent
    registry = load([folder])
    assert "acme" in registry.methods
    assert reasons(registry)["before"].startswith("before.py failed to load: ")
    assert reasons(registry)["before"].endswith(reason)
    (told,) = (record.getMessage() for record in caplog.records)
    assert "before.py failed to load" in told


def test_a_name_that_is_taken_twice_names_both_files(write: Write) -> None:
    one, other = write("one.py", GOOD), write("two.py", GOOD)
    with pytest.raises(GradiometerError, match=f"'acme' is defined twice, in {one} and in {other}"):
        load([one, other])


def test_a_package_that_announces_something_is_described_there(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("acme_tool.py", GOOD)
    write("acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    write(
        "acme-1.0.dist-info/entry_points.txt",
        "[gradiometer.methods]\nacme = acme_tool\nabsent = acme_absent\n",
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = load()
    assert registry.methods["acme"].address.module == "acme_tool"
    assert "No module named 'acme_absent'" in reasons(registry)["absent"]
    assert "acme_tool" not in sys.modules
