"""What is published: wheel and sdist hold what they should, and work where nothing else is.

The wheel is installed into empty environments, outside a checkout. Those have the dependencies that
it declares, and nothing else: links to the distributions that are installed here, since tests do
without the package index. `make package WITH=python3.13` runs these tests with an interpreter of
your choice and has pip take all dependencies from the index, as a user does. About 25 s.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

import gradiometer
from gradiometer.plugins import loader

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PYTHON = os.environ.get("GRADIOMETER_PACKAGE_PYTHON", "")
"""The interpreter of `make package`; empty where the index is left alone."""

FUNCTION = """
def cube(x=2.0):
    return x * x * x

def cube_backward(x=2.0):
    return 3.0 * x * x
"""

FOUND = """
import json
from gradiometer.plugins import loader

found = loader.built_ins()
print(json.dumps([sorted(found.problems), sorted(found.methods), [b.reason for b in found.broken]]))
"""

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="there is no pip here"),
    pytest.mark.timeout(1200 if PYTHON else 300),
]


class Built(NamedTuple):
    """What is published, and the sdist unpacked."""

    wheel: Path
    sdist: Path
    unpacked: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    from hatchling.builders.sdist import SdistBuilder

    where = tmp_path_factory.mktemp("built")
    sdist = Path(next(SdistBuilder(str(ROOT)).build(directory=str(where))))
    with tarfile.open(sdist) as packed:
        packed.extractall(where, filter="data")
    unpacked = where / sdist.name.removesuffix(".tar.gz")
    return Built(wheel(unpacked, where), sdist, unpacked)


def wheel(project: Path, where: Path) -> Path:
    """Build the wheel of a project into a folder."""
    from hatchling.builders.wheel import WheelBuilder

    return Path(next(WheelBuilder(str(project)).build(directory=str(where), versions=["standard"])))


def contents(path: Path) -> dict[str, bytes]:
    """Return the files in a wheel, by name."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def sources(folder: Path, name: str) -> set[str]:
    """Return the files of a folder, with the folder's name in the package."""
    return {
        f"{name}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_its_plugins_and_nothing_else(built: Built) -> None:
    inside = contents(built.wheel)
    info = f"gradiometer-{gradiometer.__version__}.dist-info"
    facts = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"]
    plugins = (sources(ROOT / kind, f"gradiometer/{kind}") for kind in ("methods", "problems"))
    expected = sources(ROOT / "gradiometer", "gradiometer").union(*plugins)
    assert set(inside) == expected | {f"{info}/{name}" for name in facts}
    assert {"gradiometer/py.typed", "gradiometer/cli/templates/method.py.j2"} <= set(inside)
    assert inside[f"{info}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_builds_the_wheel_that_the_checkout_builds(built: Built, tmp_path: Path) -> None:
    assert contents(built.wheel) == contents(wheel(ROOT, tmp_path))


def test_the_sdist_holds_what_it_takes_to_build_test_and_read(built: Built) -> None:
    inside = {path.relative_to(built.unpacked).as_posix() for path in built.unpacked.rglob("*")}
    assert {path.partition("/")[0] for path in inside} == {
        ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md",
        "LICENSE", "Makefile", "PKG-INFO", "mkdocs.yml", "README.md", "SECURITY.md", "benchmarks",
        "constraints-paddle.txt", "constraints.txt", "docs", "gradiometer", "methods", "problems",
        "pyproject.toml", "reports", "results", "tests",
    }  # fmt: skip
    assert {"docs/run.schema.json", "tests/conftest.py", "tests/recorded"} <= inside
    assert not [path for path in inside if path.endswith((".pyc", ".so", ".parquet.tmp"))]
    assert [path for path in inside if path.startswith("results/")] == ["results/README.md"]
    assert [path for path in inside if path.startswith("reports/")] == ["reports/README.md"]


def test_the_metadata_are_those_of_the_project(built: Built) -> None:
    info = f"gradiometer-{gradiometer.__version__}.dist-info"
    told = metadata.Distribution.at(built.unpacked).read_text("PKG-INFO") or ""
    assert told.encode() == contents(built.wheel)[f"{info}/METADATA"]
    assert f"\nVersion: {gradiometer.__version__}\n" in told
    assert "\nLicense-Expression: MIT\n" in told
    assert "\nDescription-Content-Type: text/markdown\n" in told


# Installed where nothing else is.


class Environment:
    """A virtual environment with the wheel, and the dependencies that it declares.

    Args:
        where: Its folder.
        wheel: What is installed.
        extra: The extra whose dependencies it has, too; empty for none.
    """

    def __init__(self, where: Path, wheel: Path, extra: str = "") -> None:
        self.bin = where / "bin"
        carried_out(PYTHON or sys.executable, "-m", "venv", "--without-pip", where)
        install = (sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "-q")
        if PYTHON:
            carried_out(*install, f"{wheel}[{extra}]" if extra else wheel)
            return
        carried_out(*install, "--no-index", "--no-deps", "--no-compile", wheel)
        (site,) = where.glob("lib/*/site-packages")
        for needed in installed(PROJECT["dependencies"] + extra_of(extra)):
            link(needed, site)

    def run(self, where: Path, *words: str) -> str:
        """Return what the command `gradiometer WORDS` prints in a folder."""
        return carried_out(self.bin / "gradiometer", *words, where=where)

    def python(self, where: Path, code: str) -> str:
        """Return what Python prints that executes code in a folder."""
        return carried_out(self.bin / "python", "-c", code, where=where)


def carried_out(*words: str | Path, where: Path | None = None) -> str:
    """Return what a command prints, which has to end well, without this process's paths."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=where, env=plain, capture_output=True, text=True,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def extra_of(name: str) -> list[str]:
    return PROJECT["optional-dependencies"][name] if name else []


def installed(requirements: Iterable[str]) -> Iterator[metadata.Distribution]:
    """Yield the distributions that are needed, and those that they need, each once."""
    wanted, seen = [Requirement(each) for each in requirements], set[str]()
    while wanted:
        needed = wanted.pop()
        if needed.name in seen or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        seen.add(needed.name)
        found = metadata.distribution(needed.name)
        assert needed.specifier.contains(found.version, prereleases=True), needed
        wanted += [Requirement(each) for each in found.requires or ()]
        yield found


def link(found: metadata.Distribution, site: Path) -> None:
    """Make what a distribution has in this environment's packages found in another's, too."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(Path(str(found.locate_file(top))).resolve())


@pytest.fixture(scope="module")
def bare(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What `pip install gradiometer` gives."""
    return Environment(tmp_path_factory.mktemp("bare") / "env", built.wheel)


@pytest.fixture(scope="module")
def whole(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What `pip install 'gradiometer[bench]'` gives."""
    return Environment(tmp_path_factory.mktemp("whole") / "env", built.wheel, "bench")


def test_a_check_needs_what_is_declared_and_no_more(bare: Environment, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FUNCTION, encoding="utf-8")
    assert bare.run(tmp_path, "--version").split() == ["gradiometer", gradiometer.__version__]
    assert bare.run(tmp_path, "check", "own.py:cube").startswith("RIGHT")
    assert bare.run(tmp_path, "check", "rosenbrock", "--operator", "hessian").startswith("RIGHT")


def test_all_that_comes_along_is_found_there(bare: Environment, tmp_path: Path) -> None:
    problems, methods, broken = json.loads(bare.python(tmp_path, FOUND))
    here = loader.built_ins()
    assert (problems, methods) == (sorted(here.problems), sorted(here.methods))
    assert broken == []


def test_what_the_templates_write_is_measured_and_reported(
    whole: Environment, tmp_path: Path
) -> None:
    for words in ("method my-tool", "problem my-loss", "method my-kit --package"):
        whole.run(tmp_path, "new", *words.split())
    words = "run my_loss.py my_tool.py backprop complex-step --operator gradient --quick --json"
    told = whole.run(tmp_path, *words.split())
    run = json.loads(told)
    assert {row["method"] for row in run["records"]} == {"my-tool", "backprop", "complex-step"}
    assert {row["status"] for row in run["records"]} == {"ok"}
    assert (tmp_path / run["report"]).is_file()
    assert (tmp_path / "gradiometer-my-kit" / "pyproject.toml").is_file()


def test_what_is_not_installed_is_said_with_what_to_install(
    bare: Environment, whole: Environment, tmp_path: Path
) -> None:
    lacking = subprocess.run(
        [str(bare.bin / "gradiometer"), "run", "--quick"], cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert lacking.returncode == 2
    assert "pip install " in lacking.stderr
    listed = json.loads(whole.run(tmp_path, "list", "methods", "--json"))
    reasons = {row["name"]: row["about"] for row in listed if not row["available"]}
    assert reasons["jax-jit"] == "jax is not installed: pip install jax"
