"""The command line as a shell sees it: in this process, or in one of its own where that matters."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from gradiometer.cli import main
from gradiometer.report import page
from gradiometer.report import process as writing
from gradiometer.report.run import Run


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Terminal(StringIO):
    """What is written, as if it were to a terminal."""

    def isatty(self) -> bool:
        return True


def command(where: Path, *words: str, drawn: bool = False, columns: int | None = None) -> Done:
    """Carry `gradiometer WORDS` out in a folder, its output captured.

    A run's report is written in this process, with its charts only if they are asked for. With
    `columns` its output goes to a terminal of that width, which has no colours.
    """
    out, err = (StringIO(), StringIO()) if columns is None else (Terminal(), Terminal())
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(where)
        patch.setattr(writing, "write_report", lambda run, to: page.write(Run.read(run), to)[0])
        if columns is not None:
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("TERM", "dumb")
        if not drawn:
            patch.setattr(page, "figures", lambda run, name, operator: [])
            patch.setattr(page, "first_answers", lambda run, case: [])
        patch.setattr(sys, "argv", ["gradiometer", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code or 0
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


def process(where: Path, *words: str) -> Done:
    """Carry `gradiometer WORDS` out in a process of its own, its output piped."""
    plain = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "PYTHONWARNINGS")}
    done = subprocess.run(
        [sys.executable, "-m", "gradiometer", *words],
        cwd=where, env=plain, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)
