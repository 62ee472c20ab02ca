"""Certificates: all it takes to check an enclosure again, done as the docs show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import built_in
import documents
import numpy as np
import pytest

import gradiometer
from gradiometer import GradiometerError, problem
from gradiometer.checking import certificate as module
from gradiometer.vocabulary.recorded import Unrecordable

DOCS = Path(__file__).parents[1] / "docs" / "check.md"


def recheck(folder: Path, certificate: Any) -> subprocess.CompletedProcess[str]:
    """Run the script of the docs on a certificate."""
    *_, script = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "recheck.py").write_text(script, encoding="utf-8")
    (folder / "certificate.json").write_text(json.dumps(certificate), encoding="utf-8")
    command = [sys.executable, "-I", "recheck.py", "certificate.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def held(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    assert done.returncode == 0, done.stderr
    return re.findall(r"(\d+) of (\d+) components are in their enclosures", done.stdout)


CASES = [
    ("rosenbrock", "gradient"), ("rosenbrock", "hvp"), ("log-sum-exp", "gradient"),
    ("black-scholes", "hessian"), ("mlp", "gradient"), ("brusselator", "jacobian"),
    ("polar-coordinates", "vjp"), ("mlp-outputs", "jvp"), ("rnn", "value"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operator"), CASES)
def test_mpmath_finds_the_derivative_in_its_enclosure(
    name: str, operator: str, tmp_path: Path
) -> None:
    done = gradiometer.check(built_in.PROBLEMS[name], operator=operator)
    size = str(len(done.as_dict()["components"]))
    assert held(recheck(tmp_path, done.certificate())) == [(size, size)] * len(done.places)


def test_an_enclosure_that_is_off_by_a_last_place_is_found_out(tmp_path: Path) -> None:
    found = gradiometer.check(built_in.PROBLEMS["mlp"]).certificate()
    enclosure = found["points"][0]["enclosure"]
    low, radius = (float.fromhex(enclosure[key]["values"][0]) for key in ("low", "radius"))
    enclosure["low"]["values"][0] = (low + 2.1 * radius).hex()
    done = recheck(tmp_path, found)
    assert done.returncode == 1
    assert "AssertionError" in done.stderr


def branching(xp, x, flag):
    """Every kind of argument that an operation has."""
    pairs = xp.stack([x[::2], x[1::2]])
    moved = xp.concat([pairs[..., :1], xp.permute_dims(pairs, (1, 0))[:2, 1:]], axis=1)
    total = xp.sum(moved * xp.asarray([[0.1, 2.0], [3.0, 4.0]])) + xp.pi * flag
    return total * xp.tanh(total) if total > 0.5 else xp.sum(xp.where(x > 0.0, x, 0.1 * x))


def test_any_function_that_is_certified_is_written_down(tmp_path: Path) -> None:
    made = problem(at={"x": np.array([1.0, -2.0, 0.3, 4.0]), "flag": 1.0})(branching)
    found = gradiometer.check(made, gradient=lambda x, flag: (x, flag)).certificate()
    assert found["text"].startswith("def branching(xp, x, flag):")
    assert {p["graph"]["steps"][-1]["call"] for p in found["points"]} >= {"operator.mul"}
    assert len(held(recheck(tmp_path, found))) == len(found["points"])


def test_every_kind_of_argument_is_in_a_certificate_as_it_was_read_last() -> None:
    assert documents.others(documents.of_certificate()) == []


def squared(x):
    """x²."""

    return x * x


def test_the_text_is_the_function_s_own_lines() -> None:
    found = gradiometer.check(squared, 3.0, gradient=lambda x: 2.0 * x).certificate()
    lines = found["text"].splitlines()
    assert (lines[0], lines[-1]) == ("def squared(x):", "    return x * x")
    assert len(lines) == 4


def test_numbers_are_exact(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    made = problem(at={"x": 0.1}, given={"k": 0.3})(lambda xp, x, *, k: k * x * x)
    done = gradiometer.check(made, gradient=lambda x, *, k: 2 * k * x)
    module.write(done, tmp_path / "c.json")
    point = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["points"][0]
    assert float.fromhex(point["inputs"]["x"]["values"][0]) == 0.1
    assert float.fromhex(point["given"]["k"]["values"][0]) == 0.3
    high, low = (float.fromhex(point["enclosure"][k]["values"][0]) for k in ("high", "low"))
    assert (high, low) == (done.places[0].truth.high[0], done.places[0].truth.low[0])
    with pytest.raises(GradiometerError, match="cannot be written"):
        module.write(done, tmp_path / "no" / "c.json")


def test_what_cannot_be_recorded_is_written_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(function: Any, point: Any) -> Any:
        raise Unrecordable("a number leaves the computation.")

    monkeypatch.setattr(module, "record", refuse)
    made = problem(at={"x": 3.0})(lambda xp, x: x * x)
    found = gradiometer.check(made, gradient=lambda x: 2.0 * x).certificate()
    assert found["points"][0]["graph"] is None
    assert "lambda xp, x: x * x" in found["text"]
    assert "point 1: a number leaves the computation." in recheck(tmp_path, found).stdout


def test_a_kink_is_written_with_its_branches(tmp_path: Path) -> None:
    made = problem(at={"x": np.zeros(2)})(lambda xp, x: xp.sum(xp.abs(x)))
    done = gradiometer.check(made, gradient=np.sign)
    kink = done.certificate()["points"][0]["kink"]
    slopes = {tuple(map(float.fromhex, each["high"]["values"])) for each in kink["branches"]}
    assert slopes == {(a, b) for a in (-1.0, 1.0) for b in (-1.0, 1.0)}
    assert "point 1: no derivative" in recheck(tmp_path, done.certificate()).stdout


def test_plain_data_has_all_that_was_found() -> None:
    made = problem(at={"x": np.array([1.0, 2.0])})(lambda xp, x: xp.sum(x * x))
    found = gradiometer.check(made, gradient=lambda x: -2 * x, seed=5).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["verdict"], found["seed"], found["operator"]) == ("wrong", 5, "gradient")
    assert found["components"] == ["∂/∂x[0]", "∂/∂x[1]"]
    assert {"gradiometer", "numpy", "python", "python-flint"} == set(found["versions"])
    assert found["points"][0]["enclosure"]["high"] == [2.0, 4.0]
    (claim,) = found["claims"]
    assert claim["points"][0]["pattern"] == "the sign is reversed in all of x"
    assert [row["claimed"] for row in claim["points"][0]["rows"]] == [-2.0, -4.0]
