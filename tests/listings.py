"""Listings of pages, carried out in their order as a reader would: files, Python, commands.

    python tests/listings.py docs/tutorials/*.md    # writes anew what they show: read it

A block of `python` that opens with `# name.py` is that file, any other is run, one of `pycon` is
run and shows what Python prints, and in one of `console` what follows `$ ` is typed and all else is
what is printed, the exit code by `echo $?`. Whatever installs something is left out. A line `…`
stands for any lines.
"""

from __future__ import annotations

import doctest
import math
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import shell

from gradiometer.plugins.files import module_name

FENCE = re.compile(r"^(?:<!-- ([\w.-]+) -->\n\n)?```(\w*)\n(.*?)```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\w+\.\w+)\n")
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?)")
VARYING = {
    r"\b\d{8}-\d{6}-[0-9a-f]{4}\b": "RUN",
    r"\b[\d.,]+(e[+-]\d+)? ?(ns|µs|ms|s)\b": "TIME",
    r"\b[\d.,]+×": "RATIO",
    r"[─-]{3,}": "",
}
"""What is another with each run."""

ANY = "…"
"""A line that stands for any lines."""

RELATIVE, DIGITS = 1e-9, 1.0
"""How far numbers may be apart, and figures with one decimal, which are digits: libraries differ
in the last bits."""


class Block(NamedTuple):
    """A block of a page: its text, language, the comment above it, and where its text stands."""

    text: str
    language: str
    name: str
    place: slice


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page that stand between fences."""
    return [
        Block(found[3], found[2], found[1] or "", slice(*found.span(3)))
        for found in FENCE.finditer(page)
    ]


class Shown(NamedTuple):
    """What a block shows and what came, both with the commands that it came by."""

    block: Block
    shown: str
    came: str


def carried_out(page: str, folder: Path) -> Iterator[Shown]:
    """Carry out all blocks of a page in a folder; yield what each that shows something shows."""
    scope: dict[str, Any] = {"__name__": "__console__"}
    with _at_home(folder):
        for block in blocks(page):
            if block.language == "console":
                yield Shown(block, block.text, "".join(_typed(block.text, folder)))
            elif block.language == "pycon":
                yield Shown(block, block.text, "".join(_entered(block.text, scope)))
            elif block.language == "python" and (named := FILE.match(block.text)):
                (folder / named[1]).write_text(block.text, encoding="utf-8")
                _forget(folder)
            elif block.language == "python":
                exec(compile(block.text, "<page>", "exec"), scope)


def different(page: str, folder: Path) -> list[str]:
    """Carry a page out, and return how what came differs from what is shown."""
    return [
        "".join(unified_diff(*(text.splitlines(True) for text in (each.shown, each.came))))
        for each in carried_out(page, folder)
        if not alike(each.shown, each.came)
    ]


def alike(shown: str, came: str) -> bool:
    """Return whether a text shows what came, but for spaces, times, ids and last digits."""
    return _alike(_lines(shown), _lines(came))


def record(path: Path) -> None:
    """Write what a page shows anew where it came otherwise."""
    page = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for each in reversed([*carried_out(page, Path(folder))]):
            if alike(each.shown, each.came):
                continue
            if ANY in each.shown.splitlines():
                sys.stderr.write(f"{path}: mend this by hand:\n{each.came}\n")
                continue
            place = each.block.place
            page = page[: place.start] + each.came + page[place.stop :]
    path.write_text(page, encoding="utf-8")


# What is carried out.


@contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """Stand in a folder, whose modules are found, and are gone afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        yield
    _forget(folder)


def _forget(folder: Path) -> None:
    """Forget the modules that files of a folder may have been imported as."""
    for path in folder.resolve().glob("*.py"):
        for name in (path.stem, module_name(path)):
            sys.modules.pop(name, None)


def _typed(text: str, folder: Path) -> Iterator[str]:
    """Yield each command of a block, and what it prints."""
    code = 0
    for typed in re.findall(r"^\$ (.*(?:(?<=\\)\n.*)*)", text, re.MULTILINE):
        yield f"$ {typed}\n"
        words = shlex.split(typed.replace("\\\n", " "))
        if words == ["echo", "$?"]:
            yield f"{code}\n"
        elif words[:2] != ["pip", "install"]:
            code, out, err = _command(words, folder)
            told = out + err * (code == 2)  # else remarks on the machine
            yield "".join(f"{line.rstrip()}\n" for line in told.splitlines())


def _command(words: Sequence[str], folder: Path) -> shell.Done:
    """Carry a command out: ours here, Python's own in a process."""
    verb, *rest = words
    if verb == "gradiometer":
        return shell.command(folder, *rest)
    if verb != "pytest":
        raise ValueError(f"{verb} is not carried out: expected gradiometer, pytest or pip install.")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *rest],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    return shell.Done(done.returncode, done.stdout, done.stderr)


def _entered(text: str, scope: dict[str, Any]) -> Iterator[str]:
    """Yield each statement of a block of Python's prompt, and what it prints."""
    for example in doctest.DocTestParser().get_examples(text):
        first, *others = example.source.splitlines()
        yield "".join(f"{line}\n" for line in (f">>> {first}", *(f"... {line}" for line in others)))
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(example.source, "<page>", "single"), scope)
        yield printed.getvalue()


# What is compared.


def _lines(text: str) -> list[list[str]]:
    """Return the words of each line, where lines are not blank."""
    for pattern, word in VARYING.items():
        text = re.sub(pattern, word, text)
    return [words for line in text.splitlines() if (words := line.split())]


def _alike(shown: list[list[str]], came: list[list[str]]) -> bool:
    if not shown or shown[0] == [ANY]:
        rest = shown[1:]
        return any(_alike(rest, came[k:]) for k in range(len(came) + 1)) if shown else not came
    return bool(came) and _same(shown[0], came[0]) and _alike(shown[1:], came[1:])


def _same(shown: list[str], came: list[str]) -> bool:
    parts = [NUMBER.split(" ".join(words)) for words in (shown, came)]
    return len(parts[0]) == len(parts[1]) and all(
        a == b or bool(k % 2 and _close(a, b)) for k, (a, b) in enumerate(zip(*parts, strict=True))
    )


def _close(a: str, b: str) -> bool:
    x, y = (float(each.replace(",", "")) for each in (a, b))
    figures = all(re.fullmatch(r"\d+\.\d", each) for each in (a, b))
    return abs(x - y) <= DIGITS if figures else math.isclose(x, y, rel_tol=RELATIVE)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        record(Path(argument))
