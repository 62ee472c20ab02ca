"""Checks of methods in processes of their own: each ends, is kept, is judged when it is read."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gradiometer.conformance.expected import Expected
from gradiometer.conformance.result import Verdict
from gradiometer.plugins import loader
from gradiometer.plugins.registry import MethodEntry

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import separately
from separately import Separately, asked

TOLD = """
import json, signal, sys, time
def checks(*args):
    check = {"method": "backprop", "part": "agreement", "subject": "mlp", "operator": "hvp",
             "dtype": "float64", "status": "disagrees", "wanted": "", "found": "0 is wrong",
             "verdict": "failed", "cause": "of old"}
    print(json.dumps({"checks": [check]}))
    sys.exit(1)
"""
AT_ONCE = TOLD + "checks()"
WHEN_ENDED = TOLD + "signal.signal(signal.SIGTERM, checks); time.sleep(60)"
NEVER = "import time; time.sleep(60)"
DIES = "import os, sys; print('no LLVM', file=sys.stderr, flush=True); os.abort()"


@pytest.fixture
def method() -> MethodEntry:
    return loader.built_ins().methods["backprop"]


@pytest.mark.parametrize(
    ("program", "limit_s", "checks", "fault"),
    [
        (AT_ONCE, 60.0, 1, ""),
        (WHEN_ENDED, 5.0, 1, "not all checks ended within"),
        (NEVER, 0.1, 0, "not all checks ended within"),
        (DIES, 60.0, 0, "exit code -6; its log ends 'no LLVM'"),
    ],
)
def test_however_a_process_ends_that_is_told(
    program: str, limit_s: float, checks: int, fault: str, tmp_path: Path
) -> None:
    told, said = asked([sys.executable, "-c", program], limit_s, tmp_path / "log")
    assert len(told.get("checks", [])) == checks
    assert fault in said
    assert bool(fault) == bool(said)


def test_findings_are_kept_and_judged_anew(
    method: MethodEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = Separately(folder=tmp_path)
    monkeypatch.setattr(
        separately, "asked", lambda *args: asked([sys.executable, "-c", AT_ONCE], 60.0, args[2])
    )
    assert not each.known("backprop")
    (found,) = each.check(method).having(Verdict.FAILED)
    assert found.cause not in ("", "of old")
    assert each.fresh(method)
    assert not each.fresh(replace(method, package="pip"))
    assert not Separately(quick=True, folder=tmp_path).known("backprop")
    row = Expected("backprop", "mlp", status="disagrees", reason="known")
    monkeypatch.setattr(separately, "EXPECTED", (row,))
    (found,) = each.report(["backprop", "jax"]).checks
    assert (found.verdict, found.cause) == (Verdict.EXPECTED, "known")


def test_what_did_not_come_to_an_end_is_known_and_out_of_date(
    method: MethodEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = Separately(folder=tmp_path)
    monkeypatch.setattr(
        separately, "asked", lambda *args: asked([sys.executable, "-c", DIES], 60.0, args[2])
    )
    (found,) = each.check(method).having(Verdict.FAILED)
    assert found.where == "ends"
    assert each.known("backprop")
    assert not each.fresh(method)
