"""`gradiometer new`: writes a method or a problem that works, to be made one's own."""

from __future__ import annotations

import keyword
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from typer import Argument, Option

from gradiometer.cli import options as shared
from gradiometer.errors import GradiometerError

if TYPE_CHECKING:
    from gradiometer.plugins.registry import Registry

Kind = Literal["method", "problem"]

Folder = Annotated[Path, Option("--in", help="Folder to write into; made where it is missing.")]
Name = Annotated[
    str, Argument(help="What it is called: small letters, digits and hyphens, such as my-tool.")
]
Package = Annotated[
    bool,
    Option("--package", help="Write a project that pip installs: entry point, tests, CI."),
]
HERE = Path()

ANOTHER = "Choose another name"
MEANT_OTHERWISE = {"np"}
"""Names that mean something else in the files that are written."""

app = shared.group("Write a method or a problem that works, to start from.", "new method my-tool")


@app.command(
    "method",
    epilog="Examples: `gradiometer new method my-tool`; `gradiometer new method my-tool --package "
    "--in ..`. Nothing is overwritten.",
)
def new_method(name: Name, folder: Folder = HERE, package: Package = False) -> None:
    """Write a method that works with NumPy alone, with comments where your tool goes."""
    _new("method", name, folder, package=package)


@app.command(
    "problem",
    epilog="Examples: `gradiometer new problem my-loss`; `gradiometer new problem my-loss "
    "--package --in ..`. Nothing is overwritten.",
)
def new_problem(name: Name, folder: Folder = HERE, package: Package = False) -> None:
    """Write a problem that works, with its backward pass and comments where yours go."""
    _new("problem", name, folder, package=package)


class Names(NamedTuple):
    """What things are called that are made of a name; the templates' facts.

    Attributes:
        kind: Method or problem.
        name: What it is registered as.
        function: The name in Python's spelling.
        class_name: The same of a class.
        module: The module that holds it.
        project: The folder of the project, and what pip installs; empty where one file is written.
    """

    kind: Kind
    name: str
    function: str
    class_name: str
    module: str
    project: str

    @classmethod
    def of(cls, kind: Kind, name: str, *, package: bool) -> Names:
        """Return them all; a project's have a prefix, as they are the world's."""
        function = name.replace("-", "_")
        class_name = "".join(part.capitalize() for part in name.split("-"))
        module = f"gradiometer_{function}" if package else function
        project = f"gradiometer-{name}" if package else ""
        return cls(kind, name, function, class_name, module, project)

    def templates(self) -> Mapping[str, str]:
        """Return the template of each file that is written, by the file's path."""
        own = f"{self.kind}.py.j2"
        if not self.project:
            return {f"{self.module}.py": own}
        return {
            f"src/{self.module}.py": own,
            f"tests/test_{self.function}.py": f"test_{own}",
            "pyproject.toml": "pyproject.toml.j2",
            "README.md": "README.md.j2",
            ".gitignore": "gitignore.j2",
            ".github/workflows/ci.yml": "ci.yml.j2",
        }

    def next(self, root: Path) -> list[str]:
        """Return the commands to type next."""
        if self.project:
            there = shlex.quote(str(root))
            commands = [f"cd {there} && pip install -e '.[test]'", "pytest"]
            return [*commands, f"gradiometer run {self.name} --quick"]
        file = shlex.quote(str(root / f"{self.module}.py"))
        if self.kind == "method":
            return [f"gradiometer run {file} --quick", f"gradiometer run {file} backprop mlp"]
        return [f"gradiometer check {file}:{self.name}", f"gradiometer run {file} --quick"]


def _new(kind: Kind, name: str, folder: Path, *, package: bool) -> None:
    from gradiometer.plugins import loader

    names = Names.of(kind, name, package=package)
    root = folder / names.project
    registry = loader.load()
    _refuse_name(names)
    _refuse_taken(names, registry)
    _refuse_files(names, root)
    _refuse_libraries(names, registry)
    _write(_filled(names), root)
    written = str(root / next(iter(names.templates())))
    sys.stdout.write("\n".join([f"Written: {written}. Next:", "", *names.next(root)]) + "\n")


def _refuse_name(names: Names) -> None:
    """Refuse what cannot be a name here, and in Python."""
    from gradiometer.plugins.registry import MOST_LETTERS, is_name

    if not is_name(names.name):
        raise GradiometerError(
            f"{names.name[:MOST_LETTERS]!r} is no name: expected small letters, digits and "
            f"hyphens, at most {MOST_LETTERS}, such as my-tool-2."
        )
    for word in (names.function, names.class_name):
        if not word.isidentifier() or keyword.iskeyword(word) or word in MEANT_OTHERWISE:
            raise GradiometerError(
                f"{names.name!r} would be called {word} in Python, which it cannot be. "
                f"{ANOTHER}, such as my-{names.name}."
            )


def _refuse_taken(names: Names, registry: Registry) -> None:
    """Refuse a name that a method or a problem has: commands could not tell them apart."""
    from gradiometer.plugins.registry import KINDS

    for kind in KINDS:
        if names.name in registry.named(kind):
            what = kind.removesuffix("s")
            raise GradiometerError(f"There is a {what} {names.name!r} already. {ANOTHER}.")


def _refuse_files(names: Names, root: Path) -> None:
    """Refuse to overwrite anything."""
    for path in names.templates():
        if (root / path).exists():
            raise GradiometerError(
                f"{root / path} exists, and nothing is overwritten. {ANOTHER}, or another folder "
                "with --in."
            )


def _refuse_libraries(names: Names, registry: Registry) -> None:
    """Refuse a file that would be imported in place of a library, or the library in its place."""
    from gradiometer.vocabulary.method import missing

    tools = {each.partition(".")[0] for m in registry.methods.values() for each in m.requires}
    if names.module in tools or missing([names.module]) is None:
        raise GradiometerError(
            f"{names.module}.py would bear the name of a library, and one be imported in place of "
            f"the other. {ANOTHER}, such as {names.name}-{names.kind}."
        )


def _filled(names: Names) -> dict[str, str]:
    """Return the text of each file, by its path."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    engine = Environment(
        loader=PackageLoader("gradiometer.cli"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    file = f"{names.module}.py"
    what, address = (names.name,) * 2 if names.project else (file, f"{file}:{names.name}")
    facts = names._asdict() | {"what": what, "address": address}
    templates = names.templates().items()
    return {path: engine.get_template(template).render(facts) for path, template in templates}


def _write(files: Mapping[str, str], root: Path) -> None:
    """Write files, none of which may be there."""
    for path, text in files.items():
        target = root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise GradiometerError(
                f"Cannot write {target}: {error.strerror or error}. Choose another folder with "
                "--in."
            ) from error
