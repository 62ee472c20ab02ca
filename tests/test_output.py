"""Where commands write: tables, and JSON that is strict."""

from __future__ import annotations

import json
import math
import sys
from io import StringIO
from pathlib import Path
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


LONG = "/a/path " * 30 + "[red]'quoted'[/red] 12.5 s :warning:"


def test_remarks_go_to_stderr_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.stderr().print(LONG, soft_wrap=True)
    output.stderr().print("[red]12 :warning:")
    assert capsys.readouterr() == ("", f"{LONG}\n[red]12 :warning:\n")


def test_results_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.stdout().print(LONG)
    assert capsys.readouterr() == (f"{LONG}\n", "")


def test_on_a_terminal_numbers_have_no_colour_and_damage_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "400"}.items():
        monkeypatch.setenv(variable, value)
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    shown = {}
    for name in ("stdout", "stderr"):
        stream = StringIO()
        stream.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, name, stream)
        shown[name] = stream
    assert output.stdout().width == 400
    output.stdout().print("12.5 'quoted' /a/path")
    output.stderr().print("12.5 'quoted' /a/path")
    damage = {"records": "records.jsonl: 1 broken line (2)", "samples": "samples.jsonl is missing"}
    assert output.tell_damage(damage, Path("results/r"))
    assert not output.tell_damage({}, Path("results/r"))
    plain = "12.5 'quoted' /a/path\n"
    assert shown["stdout"].getvalue() == plain
    advice = "`gradiometer runs repair results/r` saves what can be."
    assert shown["stderr"].getvalue() == plain + "".join(
        f"\x1b[31mDamaged: {told}. {advice}\x1b[0m\n" for told in damage.values()
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"), (False, "no"), (None, "–"), ("", ""), ("a_b", "a_b"),
        ({}, "–"), ({"a_b": 1.5, "c": True}, "a b 1.5, c yes"),
        ([], "–"), ([1, None, "x"], "1, –, x"),
        (1234567, "1,234,567"), (0.125, "0.125"), (1234567.0, "1.23457e+06"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_people_read_it(value: Any, text: str) -> None:
    assert output.as_text(value) == text


def test_rows_are_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"by_hand": True, "n": 1234, "source": "A book"}]
    output.print_rows("Things", rows, json=False)
    title, _, headings, _, cells, _ = capsys.readouterr().out.splitlines()
    assert (title, headings.split(), cells.split()) == (
        "Things", ["by", "hand", "n"], ["yes", "1,234"],
    )  # fmt: skip
    output.print_rows("Things", rows, json=True)
    assert json.loads(capsys.readouterr().out) == rows


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


def test_json_is_indented_and_keeps_letters_readable(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"formula": "y = σ(a·x + b)"})
    assert capsys.readouterr().out == '{\n  "formula": "y = σ(a·x + b)"\n}\n'


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        output.print_json({"a": object()})
