"""`gradiometer check`: is this derivative right?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared

if TYPE_CHECKING:
    from gradiometer.checking.checked import Check

FUNCTION = "FILE.py:name, package.module:name, or a problem's name."
GRADIENT = (
    "What computes it: FILE.py:name, package.module:name, or a name in the function's own file; by "
    "default what is registered or written beside the function, else the methods that come along."
)
OPERATOR = "gradient, jacobian, hessian, jvp, vjp, hvp or value; gradient or jacobian by default."
TRUST = (
    "A rule of a JAX or PyTorch function that means what it says, by name: a straight-through "
    "estimator, a reversed or clipped gradient; repeatable."
)
CERTIFICATE = "Write what it takes to check the enclosures again into this file (JSON)."

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer check neuron.py:loss --at W=normal:3x4 --at x=normal:4 --wrt W "
    "--gradient backward`; `gradiometer check rosenbrock --operator hessian`. "
    "Exit code 0: right; 1: wrong; 2: not decided, or it could not be carried out."
)
def check(
    function: Annotated[str, Argument(help=FUNCTION, autocompletion=completion.problems)],
    gradient: Annotated[str | None, Option("--gradient", help=GRADIENT)] = None,
    operator: Annotated[
        str | None, Option("--operator", help=OPERATOR, autocompletion=completion.operators)
    ] = None,
    at: shared.At = None,
    wrt: shared.Wrt = None,
    size: shared.Size = None,
    seed: shared.Seed = 0,
    dtype: shared.OwnDtype = None,
    trust: Annotated[list[str] | None, Option("--trust", help=TRUST)] = None,
    json: shared.Json = False,
    certificate: Annotated[Path | None, Option("--certificate", help=CERTIFICATE)] = None,
) -> None:
    """Check a derivative against a proven enclosure: no step size, no tolerance.

    Of a registered problem, --at names inputs of one more point.
    """
    from gradiometer.checking.check import check_problem
    from gradiometer.checking.naming import find_problem, named
    from gradiometer.vocabulary.dtype import find_dtype

    if dtype is not None:
        find_dtype(dtype)
    problem, also_at = find_problem(function, at or (), wrt or ())
    claimed = named(gradient, problem) if gradient else None
    options: dict[str, Any] = {"operator": operator, "size": size, "seed": seed, "dtype": dtype}
    done = check_problem(problem, claimed, **options, also_at=also_at, trust=trust or ())
    _print(done, json=json, certificate=certificate)
    raise typer.Exit({"right": 0, "wrong": 1}.get(done.verdict, 2))


def _print(done: Check, *, json: bool, certificate: Path | None) -> None:
    from gradiometer.cli.output import print_json

    if certificate is not None:
        from gradiometer.checking.certificate import write

        write(done, certificate)
    if json:
        print_json(done.as_dict())
    else:
        sys.stdout.write(f"{done!r}\n")
