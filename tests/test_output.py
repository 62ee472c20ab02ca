"""Where commands write: tables, and JSON that is strict."""

from __future__ import annotations

import json
import math
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from gradiometer.cli import output
from gradiometer.vocabulary.outcome import Status


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


# Tables.


def test_a_frame_is_printed_with_its_columns_and_rows() -> None:
    console = Console(file=StringIO(), width=80)
    frame = pd.DataFrame({"method": ["tape"], 3: ["15.0"]})
    output.print_frame(console, "Digits", frame)
    assert isinstance(console.file, StringIO)
    lines = [line.split() for line in console.file.getvalue().splitlines() if line.strip()]
    assert lines[0] == ["Digits"]
    assert lines[1] == ["method", "3"]
    assert lines[-1] == ["tape", "15.0"]


# Consoles.


def test_results_that_are_piped_are_wide_and_without_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output.stdout().width == output.WIDE
    output.print_rows("Digits", [{"method": "tape", "x": "disagrees"}], json=False)
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out
    assert printed.err == ""


def test_remarks_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.stderr().print("working")
    assert capsys.readouterr() == ("", "working\n")


@pytest.mark.parametrize("text", ["12.5 s", "'quoted'", "/a/path", ":warning:"])
def test_plain_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.stdout().print(text)
    assert capsys.readouterr().out == f"{text}\n"


# JSON.


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], []),
        ({}, {}),
        (None, None),
        ([1, 1.5, True, None, "σ"], [1, 1.5, True, None, "σ"]),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, None),
        ({"a": [math.nan, {"b": (math.inf, 2.0)}]}, {"a": [None, {"b": ["inf", 2.0]}]}),
        ((1, 2), [1, 2]),
        (Status.TIMEOUT, "timeout"),
        (8.231884518001506e-08, 8.231884518001506e-08),
        (2**70, 2**70),
    ],
)
def test_json_is_strict_and_keeps_what_it_can(
    data: Any, expected: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    output.print_json(data)
    text = capsys.readouterr().out
    assert text.endswith("\n")
    assert json.loads(text, parse_constant=refuse) == expected


def test_json_keeps_letters_readable(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"formula": "y = σ(a·x + b)"})
    assert "y = σ(a·x + b)" in capsys.readouterr().out


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        output.print_json({"a": object()})
