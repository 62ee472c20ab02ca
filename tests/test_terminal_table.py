"""Tables lose nothing, at any width."""

from __future__ import annotations

import re
import string
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from gradiometer.cli.terminal_table import print_table
from gradiometer.vocabulary.outcome import Status

COLUMNS = ["method", "promise", "log-cos-exp-sin-chain", "mlp 10-50-50-1x32", "sigmoid-affine"]
ROWS = [
    ["backprop", "12", "15.4", "not-installed", "exact"],
    ["central-difference", "7", "10.9", "out-of-memory", "disagrees"],
]


def printed(width: int, columns: list[str], rows: list[list[Any]], title: str = "Digits") -> str:
    console = Console(file=StringIO(), width=width, highlight=False, emoji=False)
    print_table(console, title, columns, rows)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def letters(text: str) -> Counter[str]:
    return Counter(c for c in text if not c.isspace() and c != "─")


@pytest.mark.parametrize("width", [24, 30, 40, 57, 80, 120, 160, 400])
def test_no_column_and_no_entry_is_lost_at_any_width(width: int) -> None:
    shown = printed(width, COLUMNS, ROWS)
    blocks = shown.count("Digits")
    expected = letters("".join([*COLUMNS, *ROWS[0], *ROWS[1]]))
    repeated = letters("".join([COLUMNS[0], ROWS[0][0], ROWS[1][0], "Digits"]))
    for _ in range(blocks - 1):
        expected += repeated
    assert letters(shown) == expected + letters("Digits")


@pytest.mark.parametrize("width", [40, 57, 80, 120, 160])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    assert max(map(len, printed(width, COLUMNS, ROWS).splitlines())) <= width


@pytest.mark.parametrize(("width", "blocks"), [(40, 4), (160, 1), (400, 1)])
def test_a_table_too_wide_is_printed_in_blocks_that_repeat_the_first_column(
    width: int, blocks: int
) -> None:
    shown = printed(width, COLUMNS, ROWS)
    assert shown.count("central-difference") == shown.count("Digits") == blocks


def test_words_and_statuses_are_not_broken_where_there_is_room_for_them() -> None:
    shown = printed(60, COLUMNS, ROWS)
    for word in ("backprop", "out-of-memory", "not-installed", "disagrees", "exact"):
        assert word in shown


@pytest.mark.parametrize("count", [1, 2, 30])
@pytest.mark.parametrize("width", [20, 80])
def test_every_column_of_many_stands_in_exactly_one_block(width: int, count: int) -> None:
    columns = ["first", *(f"c{i:02}" for i in range(count))]
    shown = printed(width, columns, [["row", *(f"v{i:02}" for i in range(count))]])
    assert all(shown.count(f"c{i:02}") == shown.count(f"v{i:02}") == 1 for i in range(count))


def test_a_table_without_entries_shows_its_columns() -> None:
    assert letters(printed(160, COLUMNS, [])) == letters("".join(["Digits", *COLUMNS]))


def test_a_single_column_wider_than_the_console_is_folded_and_kept() -> None:
    shown = printed(20, ["name", "formula"], [["a", string.ascii_letters * 2], ["b", "c"]])
    folded = re.sub(r"[\s─]", "", shown).partition("formula")[2]
    assert letters(folded) == letters("abc" + string.ascii_letters * 2)


@pytest.mark.parametrize(
    "text", ["[bold]", "[/bold]", "x[i]", "[red]no[/red]", ":smile:", "a\\[b]"]
)
def test_entries_and_headings_are_text_and_never_markup(text: str) -> None:
    assert text in printed(80, ["name", "value"], [["a", text]])
    assert text in printed(80, ["name", text], [["a", "b"]])
    assert text in printed(80, ["name", "value"], [["a", "b"]], title=f"Certified at {text}")


@pytest.mark.parametrize("value", [None, 3, 1.5, True, Status.OK])
def test_entries_of_any_type_are_shown(value: Any) -> None:
    assert str(value) in printed(80, ["name", "value"], [["a", value]])


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
@pytest.mark.parametrize("behind", ["", " (16.3)"])
def test_what_is_not_ok_is_printed_red_or_dim(status: Status, behind: str) -> None:
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system="standard")
    print_table(console, "Digits", ["method", "x"], [["tape", f"{status}{behind}"]])
    assert isinstance(console.file, StringIO)
    code = "2" if status.blameless else "1;31"
    assert f"\x1b[{code}m{status}{behind}\x1b[0m" in console.file.getvalue()


@pytest.mark.parametrize("entry", ["15.5", "zero", "ok", "errors", "disagrees with it"])
def test_other_entries_are_printed_plainly(entry: str) -> None:
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system="standard")
    print_table(console, "Digits", ["method"], [[entry]])
    assert isinstance(console.file, StringIO)
    assert re.search(rf"(?<!m){entry}(?!\x1b)", console.file.getvalue())


def test_an_entry_of_several_lines_keeps_them_in_its_column() -> None:
    *_, first, second = printed(80, ["name", "value"], [["a", "one\ntwo"]]).rstrip().splitlines()
    assert first.index("one") == second.index("two") > 0


def test_columns_stand_below_each_other_where_letters_take_two_cells() -> None:
    *_, plain, wide = (
        printed(80, ["name", "x"], [["abcd", "1"], ["微分", "2"]]).rstrip().splitlines()
    )
    assert plain.index("1") == wide.index("2") + len("微分")


def test_headings_stand_on_the_rule_however_many_lines_they_have() -> None:
    lines = printed(80, ["name", "correct digits of it"], [["a", "12"]]).splitlines()
    rule = next(k for k, line in enumerate(lines) if "─" in line)
    assert lines[rule - 1].split() == ["name", "it"]
    assert lines[rule - 2].split() == ["digits", "of"]


def test_a_table_of_few_rows_that_is_too_wide_is_turned_upright() -> None:
    columns = ["run", *(f"a-fact-{i}" for i in range(9))]
    rows = [["first", *("1234567" for _ in range(9))], ["second", *("7654321" for _ in range(9))]]
    lines = [line.split() for line in printed(80, columns, rows).splitlines()]
    assert ["run", "first", "second"] in lines
    assert all([f"a-fact-{i}", "1234567", "7654321"] in lines for i in range(9))
    assert "run" in printed(160, columns, rows).splitlines()[2].split()[0]


def test_a_single_row_that_is_too_wide_is_turned_upright_and_folded() -> None:
    shown = printed(30, ["name", "state", "reason"], [["paddle", "gone", "word " * 12]])
    assert max(map(len, shown.splitlines())) <= 30
    assert shown.count("word") == 12
    assert ["state", "gone"] in [line.split() for line in shown.splitlines()]


def test_columns_that_belong_together_stay_in_one_block() -> None:
    columns = ["component", "certified", "jax", "error", "torch", "error"]
    rows = [[f"x[{i}]", *("0.12345678901234567" for _ in range(5))] for i in range(9)]
    console = Console(file=StringIO(), width=80, highlight=False, emoji=False)
    print_table(console, "Answers", columns, rows, joined={3, 5})
    assert isinstance(console.file, StringIO)
    headings = [line.split() for line in console.file.getvalue().splitlines() if "comp" in line]
    assert headings == [
        ["component", "certified", "jax", "error"],
        ["component", "torch", "error"],
    ]


@pytest.mark.parametrize(("width", "alike"), [(60, True), (60, False), (160, True)])
def test_what_is_alike_in_all_rows_may_be_told_in_a_line(width: int, alike: bool) -> None:
    columns = ["name", "from", "mode", "about"]
    rows = [[f"method-{i}", "gradiometer", f"mode-{i}", f"{i} " + "word " * 8] for i in range(9)]
    console = Console(file=StringIO(), width=width, highlight=False, emoji=False)
    print_table(console, "Methods", columns, rows, alike=alike)
    assert isinstance(console.file, StringIO)
    told = alike and width == 60
    assert console.file.getvalue().count("gradiometer") == (1 if told else 9)
    assert ("In all rows: from gradiometer.\n" in console.file.getvalue()) is told
