"""The README's opening, exactly as printed, does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shell

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
OPENING = TEXT[TEXT.index("## Is this") : TEXT.index("## Functions of")]
FILE, TEST = re.findall(r"```python\n(.*?)```", OPENING, re.DOTALL)
COMMAND, PRINTED = re.findall(r"\$ gradiometer (.*?)\n(.*?)```", OPENING, re.DOTALL)[0]

NATIVE = TEXT[TEXT.index("## Functions of") : TEXT.index("## Which way")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "neuron.py").write_text(FILE, encoding="utf-8")
    return tmp_path


def cells(text: str) -> list[list[str]]:
    """Return what stands in each line, the last figures of what NumPy computed left out."""
    lines = [re.split(r"  +", line.strip()) for line in text.splitlines()]
    return [[c, *(f"{float(x):.10g}" for x in rest[:1]), *rest[1:2]] if len(rest) == 5 and
            rest[0] != "claimed" else [c, *rest] for c, *rest in lines]  # fmt: skip


def test_the_command_prints_what_is_printed(folder: Path) -> None:
    done = shell.command(folder, *COMMAND.split())
    assert done.code == 1
    assert cells(done.out) == cells(PRINTED)
    assert "W is transposed; the others are right." in done.out


def test_the_test_fails_until_the_backward_pass_is_mended(folder: Path) -> None:
    names: dict[str, object] = {}
    exec(FILE + "W, b, x, y = start(np.random.default_rng(0))\n" + TEST, names)
    with pytest.raises(AssertionError, match="W is transposed"):
        names["test_loss_backward"]()
    mended = FILE.replace("np.outer(x, d)", "np.outer(d, x)")
    exec(mended + "W, b, x, y = start(np.random.default_rng(0))\n" + TEST, names)
    names["test_loss_backward"]()


def test_the_wrong_rule_is_named_as_it_is_printed(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", NATIVE, re.DOTALL)
    ((command, printed),) = re.findall(r"\$ gradiometer (.*?)\n(.*?)```", NATIVE, re.DOTALL)
    (tmp_path / "model.py").write_text(code, encoding="utf-8")
    done = shell.command(tmp_path, *command.split())
    assert done.code == 1
    assert settled(done.out.partition("\n\n")[0]) == settled(printed.strip())
    right = code.replace("grad / (1 + x.abs())", "grad / (1 + x.abs()) ** 2")
    (tmp_path / "mended.py").write_text(right, encoding="utf-8")
    assert shell.command(tmp_path, "check", "mended.py:loss").code == 0


def settled(text: str) -> str:
    """Return a text with its numbers to ten digits: libraries differ in the last."""
    return re.sub(r"-?\d+\.\d{12,}", lambda found: f"{float(found[0]):.10g}", text)
