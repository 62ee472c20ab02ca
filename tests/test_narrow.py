"""At 80 columns every command's tables and lines stay whole, and hold what they do when piped."""

from __future__ import annotations

import re
from pathlib import Path

import kept
import pytest
from rich.cells import cell_len
from shell import command

WIDTH = 80
NUMBER = r"(?<![\w.-])[-\d][\d,.]*\d(?![\w-])"

COMMANDS = [
    "runs list",
    "runs show latest",
    "compare 20260105-090000-aaaa 20260106-090000-aaaa --all",
    "history",
    "history --problem mlp --method my-tool --operator gradient",
    "query",
    "list methods",
    "list problems",
    "list operators",
    "environments list",
]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("narrow")
    kept.write(found / "results")
    return found


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_fits_and_loses_no_number(where: Path, line: str) -> None:
    piped, shown = (command(where, *line.split(), columns=columns) for columns in (None, WIDTH))
    assert shown.code == piped.code == 0, shown.err
    assert max(map(cell_len, shown.out.splitlines())) <= WIDTH
    words = re.sub(r"\s+", " ", shown.out)
    assert set(re.findall(NUMBER, piped.out)) <= set(re.findall(NUMBER, words))


def test_rows_are_told_apart_in_every_block(where: Path) -> None:
    line = "compare 20260105-090000-aaaa 20260106-090000-aaaa --all"
    out = command(where, *line.split(), columns=WIDTH).out
    blocks = out.split("Run 20260106-090000-aaaa against")[1:]
    assert len(blocks) > 1
    assert {len(re.findall(r"gradient +my-tool ", block)) for block in blocks} == {4}


@pytest.mark.usefixtures("in_this_process")
def test_what_is_shown_of_a_problem_fits(tmp_path: Path) -> None:
    methods = ("--method", "backprop", "--method", "complex-step")
    words = ("show", "robot-arm", "--operator", "jvp", *methods)
    out = command(tmp_path, *words, columns=WIDTH).out
    assert max(map(cell_len, out.splitlines())) <= WIDTH
    assert "three outputs of k joints, a wide Jacobian." in re.sub(r"\s+", " ", out)
    assert "\n         2017, ch. 4\n" in out  # below the source that goes on there
    assert re.search(r"\n  x +0\.1072740664699096319042828 ", out)
    for block in out.split("Answered jvp")[1:]:
        assert block.splitlines()[2].split()[-1] == "error"
