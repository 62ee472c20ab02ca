"""`gradiometer environments`: those of tools that do not resolve with the others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gradiometer.cli import completion
from gradiometer.cli.options import Json, Plugins, group
from gradiometer.cli.output import print_rows, say, stdout

app = group(
    "List, make and remove the environments of tools that do not resolve with the others.",
    "environments make paddle",
)

CONSTRAINT = "File of versions that pip is held to, for the environments that are named."


@app.command("list", epilog="Example: `gradiometer environments list --json`.")
def list_environments(plugins: Plugins = None, json: Json = False) -> None:
    """List the environments that methods ask for: where each is, and whether it is ready.

    They lie in `.environments` of a checkout, else in the user's data folder; or in the folder that
    the variable GRADIOMETER_ENVIRONMENTS names.
    """
    from gradiometer.plugins.environments import Environment

    rows = []
    for name, methods in _asked(plugins).items():
        environment = Environment(name)
        reasons = (environment.missing(each.requires, each.package) for each in methods)
        state = next(filter(None, reasons), "ready")
        packages = [package for each in methods for package in each.packages]
        rows.append(
            {
                "name": name,
                "methods": [each.name for each in methods],
                "ready": state == "ready",
                "state": state,
                "versions": environment.versions(["numpy", *packages]),
                "path": str(environment.path),
            }
        )
    if rows or json:
        print_rows("Environments", rows, json)
    else:
        say(stdout(), "No method asks for an environment of its own.")


@app.command(
    epilog="Examples: `gradiometer environments make`; `gradiometer environments make paddle "
    "--constraint versions.txt`."
)
def make(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Environments; by default all that methods ask for.",
            autocompletion=completion.environments,
        ),
    ] = None,
    constraint: Annotated[Path | None, typer.Option(help=CONSTRAINT)] = None,
    plugins: Plugins = None,
) -> None:
    """Make environments with pip, or bring those that are there up to date."""
    from gradiometer.plugins import installing
    from gradiometer.plugins.environments import Environment

    asked = _asked(plugins)
    for name in _named(names, asked) if names else asked:
        environment = Environment(name)
        installing.make(environment, asked[name], constraint)
        sys.stdout.write(f"environment {name} is ready: {environment.path}\n")


@app.command(epilog="Example: `gradiometer environments rm paddle`.")
def rm(
    names: Annotated[
        list[str], typer.Argument(help="Environments.", autocompletion=completion.environments)
    ],
    plugins: Plugins = None,
) -> None:
    """Remove environments, with all that is in their folders."""
    from gradiometer.plugins import installing
    from gradiometer.plugins.environments import Environment

    for name in _named(names, _asked(plugins)):
        installing.remove(Environment(name))
        sys.stdout.write(f"removed {name}\n")


def _asked(plugins: list[Path] | None) -> dict[str, Any]:
    """Return the methods that ask for an environment, by its name."""
    from gradiometer.plugins import loader
    from gradiometer.plugins.environments import asked_for

    return asked_for(loader.load(plugins or ()).methods.values())


def _named(names: list[str], known: dict[str, Any]) -> list[str]:
    """Return names, each once.

    Raises:
        UnknownName: If no method asks for one of them.
    """
    from gradiometer.errors import UnknownName

    for name in names:
        if name not in known:
            raise UnknownName("environment", name, known)
    return list(dict.fromkeys(names))
