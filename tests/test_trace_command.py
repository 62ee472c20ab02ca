"""`gradiometer trace`: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shell
import typer

from gradiometer.cli import app

OWN = '''
import numpy as np
from gradiometer import problem

@problem(at={"x": 0.3, "k": 2.0}, given={"rest": 0.1})
def spring(xp, x, k, *, rest):
    """E = k·(x − rest)²/2."""
    d = x - rest
    return 0.5 * k * d**2

@spring.backprop
def _(x, k, *, rest):
    d = x - rest
    dd = -k * d
    return dd, 0.5 * d * d

def neuron(w, x):
    z = w @ x
    return np.tanh(z)

def neuron_backward(w, x):
    z = w @ x
    dz = 1.0 - np.tanh(z) ** 2
    return dz * x

def raises(w, x):
    return 1 / 0

def polar(x, y):
    r = np.sqrt(x * x + y * y)
    return {"r": r, "t": np.arctan2(y, x)}

def polar_vjp(x, y, dr, dt):
    r = np.sqrt(x * x + y * y)
    return (dr * x - dt * y / r) / r, (dr * y + dt * x / r) / r

def bent(x):
    return np.sin(x)

def bent_grad(x):
    return None
'''
NEURON = ["own.py:neuron", "--at", "w=normal:3", "--at", "x=normal:3", "--wrt", "w"]

CASES: list[tuple[list[str], int, str]] = [
    (["log-cos-exp-sin-chain", "--digits", "4"], 0, "f0       1.23      -0.6457"),
    (["own.py:spring"], 1, "dd WRONG"),
    (["own.py:spring"], 1, "WRONG: the backward pass of spring holds other numbers at x, d."),
    ([*NEURON, "--gradient", "neuron_backward"], 0, "z right, dz right"),
    ([*NEURON, "--gradient", "own.py:neuron_backward"], 0, "All that was found of neuron_backward"),
    (NEURON, 0, "All that was found of neuron_backward is right."),
    (["own.py:polar", "--at", "x=0.6", "--at", "y=0.8"], 0, "polar_vjp is right"),
    (["own.py:polar", "--at", "x=0.6", "--at", "y=0.8", "--output", "t"], 0, "polar_vjp is right"),
    (["own.py:bent", "--at", "x=0.6"], 1, "WRONG: the derivative in x is of type NoneType"),
    (["product-of-sum", "--at", "x=1.5"], 0, "6.5"),
    (["product-of-sum", "--markdown"], 0, "| q | 3 | -4 | 3 | -4 | q right, dq right | x + y |"),
    (["mlp", "--full"], 0, "W1[1, 2]"),
    (["mlp-outputs", "--output", "y[0]"], 0, "∂y[0]/∂·"),
    (["robot-arm"], 0, "Σ is the sum of all components of"),
    (["where-trap"], 0, "not finite"),
    (["mlp", "--size", "10-50-50-1x32"], 0, "‖32×50‖"),
    (["spring", "--plugins", "own.py"], 1, "dd WRONG"),
    (["product-of-sum", "--at", "x=0.1", "--dtype", "float32"], 0, "0.10000000149011612"),
]
MISTAKES: list[tuple[list[str], str]] = [
    (["nothing"], "Unknown problem 'nothing'"),
    (["own.py:neurn"], "Did you mean"),
    (["own.py:neuron"], "--at w=…"),
    ([*NEURON, "--gradient", "nothing"], "Unknown function 'nothing'"),
    ([*NEURON, "--gradient", "np"], "'np' is no function: expected a backward pass."),
    (
        [*NEURON, "--gradient", "raises"],
        "raises raised ZeroDivisionError: division by zero at own.py",
    ),
    (["product-of-sum", "--output", "q"], "Unknown output of 'product-of-sum' 'q'"),
    (["product-of-sum", "--at", "w=1.0"], "Unknown input of 'product-of-sum' 'w'"),
    (["product-of-sum", "--at", "x=[1.0, 2.0]"], "gives x the shape (2,): () expected"),
    (["product-of-sum", "--wrt", "x"], "every input is differentiated: leave out --wrt"),
    (["product-of-sum", "--json", "--markdown"], "two formats: choose one"),
    (["product-of-sum", "--svg", "no/folder.svg"], "the picture cannot be written"),
    (["product-of-sum", "--digits", "0"], "--digits"),
    (["product-of-sum", "--dtype", "float16"], "Unknown dtype 'float16'"),
    (["mlp", "--size", "9"], "Unknown size of problem 'mlp' '9'"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("trace")
    (where / "own.py").write_text(OWN, encoding="utf-8")
    return where


@pytest.mark.parametrize(("words", "code", "told"), CASES)
def test_what_is_printed(folder: Path, words: list[str], code: int, told: str) -> None:
    done = shell.command(folder, "trace", *words)
    assert (done.code, done.err) == (code, "")
    assert told in done.out


@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_one_line(folder: Path, words: list[str], told: str) -> None:
    done = shell.command(folder, "trace", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert told in done.err


def test_every_option_is_tried() -> None:
    commands = typer.main.get_command(app)
    options = {p.opts[0] for p in commands.commands["trace"].params if p.opts[0][:2] == "--"}  # type: ignore[attr-defined]
    words = [word for words, *_ in (*CASES, *MISTAKES) for word in words]
    assert options - set(words) == {"--seed"}  # which has a test of its own


def test_json_is_data(folder: Path) -> None:
    told = json.loads(shell.command(folder, "trace", "where-trap", "--json").out)
    assert told["right"] is True
    assert [row["name"] for row in told["rows"]][:2] == ["x", "y"]


def test_a_picture_is_written(folder: Path) -> None:
    done = shell.command(folder, "trace", "prelu-chain", "--svg", "chain.svg")
    assert done.code == 0
    assert (folder / "chain.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_seeds_draw_other_points(folder: Path) -> None:
    words = ["trace", "mlp", "--digits", "5"]
    tables = {shell.command(folder, *words, "--seed", seed).out for seed in ("0", "1")}
    assert len(tables) == 2


def test_the_readme_prints_what_the_command_prints(folder: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    printed = shell.command(folder, "trace", "product-of-sum", "--markdown").out
    table = [line for line in printed.splitlines() if line.startswith("|")]
    assert "\n".join(table) in readme
