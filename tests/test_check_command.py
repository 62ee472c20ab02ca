"""`gradiometer check`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import shell

OWN = '''
import numpy as np
from gradiometer import problem

@problem(at={"x": 0.3, "k": 2.0}, given={"rest": 0.1})
def spring(xp, x, k, *, rest):
    """E = k·(x − rest)²/2."""
    return 0.5 * k * (x - rest) ** 2

@spring.backprop
def _(x, k, *, rest):
    d = x - rest
    return -k * d, 0.5 * d * d

def slope(x, k, *, rest):
    return k * (x - rest), 0.5 * (x - rest) ** 2

def spring_hessian(x, k, *, rest):
    return [[k, x - rest], [x - rest, 0.0]]

def raises(x, k, *, rest):
    return 1 / 0

def energy(W, x):
    return np.sum(np.tanh(W @ x) ** 2)

def energy_grad(W, x):
    h = np.tanh(W @ x)
    return np.outer(2 * h * (1 - h * h), x)

def size(x):
    return abs(x)
size_grad = np.vectorize(lambda x: np.sign(x))
def kinked(x):
    return np.abs(x)
def kinked_grad(x):
    return np.sign(x)
'''
ENERGY = ["own.py:energy", "--at", "W=normal:2x3", "--at", "x=normal:3", "--wrt", "W"]

CASES: list[tuple[list[str], int, str]] = [
    (["own.py:spring"], 1, "WRONG: the backward pass of spring is not the gradient of spring"),
    (["own.py:spring"], 1, "The sign is reversed in all of x; the others are right."),
    (["own.py:spring", "--gradient", "slope"], 0, "RIGHT: slope is the gradient of spring at 3"),
    (["own.py:spring", "--gradient", "own.py:slope"], 0, "RIGHT: slope is the gradient of spring"),
    (["own.py:spring", "--operator", "value"], 0, "is the value of spring"),
    (["own.py:spring", "--gradient", "slope", "--at", "x=7.0"], 0, "at 4 points"),
    (["own.py:spring", "--gradient", "spring_hessian", "--operator", "hessian"], 0,
     "RIGHT: spring_hessian is the hessian of spring"),
    (ENERGY, 0, "RIGHT: energy_grad is the gradient of energy at 3 points"),
    ([*ENERGY, "--operator", "hvp"], 0, "RIGHT: forward-difference is the hvp of energy"),
    (["rosenbrock", "--size", "10"], 0, "∂/∂x[9]"),
    (["rosenbrock", "--dtype", "float32"], 0, "RIGHT: the backward pass of rosenbrock"),
    (["own.py:kinked", "--at", "x=0.0"], 2, "UNDECIDED: whether kinked_grad is the"),
    (["own.py:kinked", "--at", "x=0.0", "--gradient", "own.py:kinked"], 1, "WRONG: kinked is not"),
]  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("words", "code", "told"), CASES)
def test_the_exit_code_is_the_verdict(words: list[str], code: int, told: str, own: Path) -> None:
    done = shell.command(own, "check", *words)
    assert (done.code, done.err) == (code, "")
    assert told in done.out
    assert [p.name for p in own.iterdir() if p.name != "__pycache__"] == ["own.py"]


REFUSED = [
    (["own.py:spring", "--gradient", "raises"], "raises raised ZeroDivisionError: division by"),
    (["own.py:spring", "--gradient", "slop"], "Unknown function 'slop'"),
    (["own.py:spring", "--gradient", "no.py:slope"], "No plugin file or folder at 'no.py'"),
    (["own.py:spring", "--operator", "slope"], "Unknown operator 'slope'"),
    (["own.py:spring", "--wrt", "x"], "is a problem, of which every input is differentiated"),
    (["own.py:spring", "--dtype", "float16"], "Unknown dtype 'float16'"),
    (["own.py:energy"], "has no value for 'W', 'x'"),
    (["own.py:nothing"], "Unknown problem"),
    (["own.py:spring", "--certificate", "no/c.json"], "the certificate cannot be written"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_what_cannot_be_carried_out_is_one_line(words: list[str], told: str, own: Path) -> None:
    done = shell.command(own, "check", *words)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1


def test_json_has_points_seed_versions_and_enclosures(own: Path) -> None:
    done = shell.command(own, "check", "own.py:spring", "--json", "--seed", "3")
    found = json.loads(done.out)
    assert done.code == 1
    assert (found["verdict"], found["seed"]) == ("wrong", 3)
    assert [len(p["enclosure"]["high"]) for p in found["points"]] == [2, 2, 2]
    assert found["versions"]["python-flint"]


def test_a_certificate_is_written(own: Path, write: Callable[[str, str], Path]) -> None:
    done = shell.command(own, "check", *ENERGY, "--certificate", "c.json")
    found = json.loads((own / "c.json").read_text(encoding="utf-8"))
    assert done.code == 0
    assert found["format"] == "gradiometer certificate 1"
    assert found["text"].startswith("def energy(W, x):")
    assert len(found["points"][0]["graph"]["steps"]) > 3


def test_other_points_are_drawn_by_another_seed(own: Path) -> None:
    points = [
        json.loads(shell.command(own, "check", *ENERGY, "--json", "--seed", seed).out)["points"]
        for seed in ("1", "1", "2")
    ]
    assert points[0] == points[1] != points[2]
