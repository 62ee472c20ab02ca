"""Environments of their own: where they lie, what they lack, and workers that run in them."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from shell import command

import gradiometer
from gradiometer import Options
from gradiometer.cli import environments as commands
from gradiometer.errors import GradiometerError, InvalidPlugin
from gradiometer.measure.plan import early_end
from gradiometer.measure.pool import Pool
from gradiometer.plugins import environments, installing, loader
from gradiometer.plugins.address import by_value
from gradiometer.plugins.environments import PYTHON, Environment, asked_for, folder
from gradiometer.plugins.registry import MethodEntry, Registry
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests
from gradiometer.worker.process import failure

LIBRARY = """
def exponential_minus_one(x):
    import numpy as np
    return np.expm1(x)

def slopes(f, inputs, given):
    step = 1e-30j
    turned = ([x + step * (j == k) for j, x in enumerate(inputs)] for k in range(len(inputs)))
    return tuple(f(tuple(each), given).imag / 1e-30 for each in turned)
"""

PLUGIN = """
import lazy_loader
import numpy
from gradiometer import Method, Namespace

acme = lazy_loader.load("acme_apart")

class Apart(Method):
    \"\"\"Of a library that an environment alone has.\"\"\"
    name, requires, package, environment = "apart", ("acme_apart",), "acme-apart", "acme"

    def namespace(self):
        return Namespace(numpy, {"expm1": acme.exponential_minus_one})

    def gradient(self, f):
        return lambda inputs, given: acme.slopes(f, inputs, given)

class Here(Method):
    \"\"\"Of the same file, in no environment.\"\"\"
    name = "here"

    def namespace(self):
        return numpy
"""

WORD = "import sys\n\ndef prefix(tool):\n    return sys.prefix, 'acme_apart' in sys.modules\n"


def installed(site: Path, name: str, version: str) -> None:
    facts = site / f"{name}-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that has a library of its own, and of this one what a worker needs."""
    path = tmp_path_factory.mktemp("environments") / "acme"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(path)
    site = path / "lib" / f"python{PYTHON}" / "site-packages"
    (site / "acme_apart.py").write_text(LIBRARY)
    installed(site, "acme_apart", "1.2")
    borrowed = {str(Path(module.__file__).parents[1]) for module in (np, cloudpickle)}
    (site / "borrowed.pth").write_text(
        "import sys\n# more\n\n" + "\n".join(borrowed) + "\nnosuch\n"
    )
    return path


@pytest.fixture
def acme(made: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("GRADIOMETER_ENVIRONMENTS", str(made.parent))
    return Environment("acme")


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let environments lie in a folder that is not there."""
    monkeypatch.setenv("GRADIOMETER_ENVIRONMENTS", str(tmp_path / "none"))
    return tmp_path / "none"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "acme_methods.py"
    path.write_text(PLUGIN)
    return path


def empty(path: Path, python: str = PYTHON, numpy: str = np.__version__) -> Environment:
    """Return an environment that seems to have what a worker needs, and has no library else."""
    site = path / "lib" / f"python{python}" / "site-packages"
    site.mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    for name in environments.NEEDED:
        (site / f"{name}.py").touch()
    installed(site, "numpy", numpy)
    return Environment(path.name)


# Where workers run


def test_a_library_of_an_environment_alone_is_measured(
    acme: Environment, plugin: Path, tmp_path: Path
) -> None:
    options = Options(rounds=7, cold=1, budget_s=0.1, sample_s=0.0001)
    chosen = {"methods": str(plugin), "operators": ["value", "gradient"], "options": options}
    run = gradiometer.run("sigmoid-affine", results=tmp_path / "results", **chosen)
    ended = {(row.method, row.operator): row.status for row in run.records.itertuples()}
    assert ended["apart", "value"] == ended["apart", "gradient"] == "ok"
    assert ended["here", "value"] == "ok"
    versions = run.info["environment"]["versions"]
    assert versions["acme-apart (acme)"] == "1.2"
    assert versions["numpy (acme)"] == versions["numpy"]
    logs = {path.name for path in (tmp_path / "results" / run.id / "logs").iterdir()}
    assert {"acme_methods.log", "acme_methods-in-acme.log"} <= logs


def test_a_descent_and_show_run_there_too(acme: Environment, plugin: Path, tmp_path: Path) -> None:
    descent = gradiometer.descend(
        "sigmoid-affine", [str(plugin)], steps=2, results=tmp_path / "results"
    )
    ended = {(each.rule, each.method): each.status for each in descent.trajectories}
    assert ended["gradient-descent", "apart"] is Status.OK
    shown = command(tmp_path, "show", "product-of-sum", "--method", f"{plugin}:apart")
    assert "\napart: ok, " in shown.out


def test_an_environment_sees_nothing_of_this_one(
    acme: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_words.py").write_text(WORD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import acme_words  # type: ignore[import-not-found]

    with Pool(tmp_path / "logs", threads=1) as pool:
        apart, own = pool.worker("tool", "acme"), pool.worker("tool")
        assert apart is pool.worker("tool", "acme") is not own
        assert apart.ask(acme_words.prefix, 10.0) == (str(acme.path), False)
        assert own.ask(acme_words.prefix, 10.0) == (sys.prefix, False)
        assert apart.ask(requests.control, 10.0, "floor", 0.0001) >= 1


def test_gradiometer_is_the_one_that_started_the_worker(made: Path) -> None:
    elsewhere = Path(requests.__file__).with_name("elsewhere.py")
    told = "import runpy; found = runpy.run_path({!r}); found['load'](); import gradiometer.errors"
    code = f"{told.format(str(elsewhere))}; print(gradiometer.errors.__file__)"
    done = subprocess.run(
        [str(made / "bin" / "python"), "-P", "-E", "-S", "-c", f"{code}"],
        capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ""},
    )  # fmt: skip
    # Without its site-packages it has no lazy_loader, which Gradiometer itself asks for.
    assert "lazy_loader" in done.stderr
    done = subprocess.run(
        [str(made / "bin" / "python"), "-P", "-E", "-c", code],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()).parent == Path(gradiometer.__file__).parent


def test_one_process_for_all_is_in_no_environment() -> None:
    process = ThisProcess()
    for ask in (process.worker, process.start):
        with pytest.raises(Failure, match="an environment of its own, acme") as caught:
            ask("tool", "acme")
        assert caught.value.status is Status.SKIPPED
        assert ask("tool") is process


def test_what_an_environment_lacks_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert failure(error).status is Status.ERROR
    monkeypatch.setenv(environments.APART, "acme")
    found = failure(error)
    assert found.status is Status.NOT_INSTALLED
    assert found.reason == "No module named 'torch', in the environment acme"
    assert failure(ValueError("no")).status is Status.ERROR


# Where they lie


def test_a_variable_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADIOMETER_ENVIRONMENTS", "here")
    assert folder() == tmp_path / "here"
    assert Environment("acme").interpreter == tmp_path / "here" / "acme" / "bin" / "python"


@pytest.mark.parametrize("checkout", [True, False])
def test_they_lie_in_a_checkout_or_with_the_users_data(
    checkout: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADIOMETER_ENVIRONMENTS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(environments, "PACKAGE", tmp_path / "top" / "gradiometer")
    (tmp_path / "top").mkdir()
    if checkout:
        (tmp_path / "top" / "pyproject.toml").touch()
    shared = tmp_path / "data" / "gradiometer" / "environments" / f"python{PYTHON}"
    assert folder() == (tmp_path / "top" / ".environments" if checkout else shared)


def test_without_the_benchmarks_libraries_these_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADIOMETER_ENVIRONMENTS", raising=False)
    monkeypatch.setattr(environments, "PACKAGE", tmp_path)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    told = environments.missing("acme", ("acme_apart",))
    assert told is not None
    assert told.startswith("platformdirs is not installed: pip install")


# What they lack


def test_a_complete_environment_lacks_nothing(acme: Environment) -> None:
    assert acme.python == PYTHON
    assert acme.missing() is None
    assert acme.missing(("acme_apart", "numpy.linalg")) is None
    assert acme.versions(["acme-apart", "no-such", "numpy"]) == {
        "acme-apart": "1.2",
        "numpy": np.__version__,
    }


def test_a_library_that_is_only_here_is_missing_there(acme: Environment) -> None:
    assert acme.missing(("acme_absent.part",), "acme-absent") == (
        "acme-absent is not installed in the environment acme: gradiometer environments make acme"
    )
    assert "numpy is not" in str(acme.missing(("numpy.absent",)))


@pytest.mark.parametrize(("package", "told"), [("acme-apart", "acme-apart"), ("", "acme_apart")])
def test_an_environment_that_is_not_there_is_told(nothing: Path, package: str, told: str) -> None:
    assert Environment("acme").missing(("acme_apart.part",), package) == (
        f"{told} is not installed: it has an environment of its own, "
        "gradiometer environments make acme"
    )


def test_another_python_cannot_be_used(nothing: Path) -> None:
    found = empty(nothing / "acme", python="3.8")
    assert found.python == "3.8"
    assert str(found.missing()).startswith(
        f"environment acme has Python 3.8, Gradiometer runs on {PYTHON}: make it again"
    )


@pytest.mark.parametrize("version", ["1.26.4", "99.0"])
def test_another_numpy_cannot_be_used(nothing: Path, version: str) -> None:
    assert empty(nothing / "same").missing() is None
    told = str(empty(nothing / "acme", numpy=version).missing())
    assert told.startswith(f"environment acme has NumPy {version}, Gradiometer {np.__version__}:")


def test_what_a_worker_needs_is_missing_first(nothing: Path) -> None:
    found = empty(nothing / "acme")
    (nothing / "acme" / "lib" / f"python{PYTHON}" / "site-packages" / "lazy_loader.py").unlink()
    assert str(found.missing(("absent",))).startswith("lazy-loader is not installed in the env")


# What is known of methods in them


def test_a_method_has_the_version_of_its_environment(acme: Environment) -> None:
    found = entry(package="acme-apart", requires=("acme_apart",))
    assert (found.version, found.missing) == ("1.2", None)


def test_a_method_without_its_environment_is_not_installed(nothing: Path, plugin: Path) -> None:
    methods = loader.load_here([plugin]).methods
    entry = methods["apart"]
    assert (entry.environment, entry.version, entry.packages) == ("acme", None, ("acme-apart",))
    end = early_end(entry)
    assert end is not None
    assert end.status is Status.NOT_INSTALLED
    assert end.reason.endswith("gradiometer environments make acme")
    assert methods["here"].missing is None


@pytest.mark.parametrize("name", ["../up", "A", "two words"])
def test_an_environment_has_a_name_that_a_folder_can_have(name: str) -> None:
    class Astray(Method):
        environment = name

    Astray.name = "astray"
    with pytest.raises(InvalidPlugin, match="has no name that can be used"):
        MethodEntry.of(Astray(), by_value(Astray()))


# How they are made


class Asking(Method):
    name, requires, environment = "asking", ("acme_apart", "acme_more.part"), "acme"


def entry(**facts: Any) -> MethodEntry:
    made = type("Asked", (Asking,), facts)()
    return MethodEntry.of(made, by_value(made))


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=2.1", "cloudpickle>=3; extra == 'bench'", 'acme>=1; extra == "acme"']
    lines += ["acme-more; extra == 'acme'", "acme-other; extra == 'acme-other'"]
    monkeypatch.setattr(installing, "requires", lambda name: lines)


NEEDED = ["cloudpickle>=3", "lazy-loader", "numpy>=2.1", "scipy"]


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({}, ["acme_apart", "acme_more"]),
        ({"package": "acme-apart"}, ["acme-apart"]),
        ({"package": "acme-apart", "extra": "acme"}, ["acme>=1", "acme-more"]),
        ({"package": "acme-apart", "extra": "unknown"}, ["acme-apart"]),
    ],
)
def test_what_is_installed_is_what_methods_ask_for(
    declared: None, facts: dict[str, Any], asked: list[str]
) -> None:
    assert installing.requirements([entry(**facts), entry(**facts)]) == NEEDED + asked


def test_run_from_its_source_no_version_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> list[str]:
        raise installing.PackageNotFoundError(name)

    monkeypatch.setattr(installing, "requires", unknown)
    assert installing.requirements([])[:2] == ["cloudpickle", "lazy-loader"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """Collect the commands, which make an environment that has what is asked for."""
    found: list[list[str]] = []

    def call(command: list[str]) -> None:
        found.append(command)
        if "venv" in command:
            empty(Path(command[-1]))
        elif "acme_apart" in command:
            for name in ("acme_apart", "acme_more"):
                site = Path(command[0]).parents[1] / "lib" / f"python{PYTHON}" / "site-packages"
                (site / name).mkdir()
                (site / name / "__init__.py").touch()
                (site / name / "part.py").touch()

    monkeypatch.setattr(installing, "_call", call)
    return found


def test_an_environment_is_made_once_and_then_kept_up(nothing: Path, calls: list[Any]) -> None:
    for _ in range(2):
        installing.make(Environment("acme"), [entry()], Path("versions.txt"))
        for name in ("acme_apart", "acme_more"):  # the second pip finds nothing to do
            site = nothing / "acme" / "lib" / f"python{PYTHON}" / "site-packages"
            (site / name).rename(site / f"{name}-before") if len(calls) == 2 else None
    made, *installs = calls
    assert made == [sys.executable, "-m", "venv", "--clear", str(nothing / "acme")]
    assert len(installs) == 2
    assert installs[0][:4] == [
        str(nothing / "acme" / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
    ]
    assert installs[0][5:7] == ["--constraint", "versions.txt"]


def test_an_environment_that_still_lacks_something_is_told(nothing: Path, calls: list[Any]) -> None:
    with pytest.raises(GradiometerError, match="asking cannot run: other is not installed in"):
        installing.make(Environment("acme"), [entry(requires=("acme",), package="other")])


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(GradiometerError, match=r"exit.3.` failed with exit code 3"):
        installing._call([sys.executable, "-c", "exit(3)"])


def test_an_environment_is_removed(nothing: Path) -> None:
    with pytest.raises(GradiometerError, match=r"There is no environment in .*none/acme\."):
        installing.remove(Environment("acme"))
    installing.remove(empty(nothing / "acme"))
    assert not (nothing / "acme").exists()


# The commands


def test_the_commands_list_make_and_remove(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, list[str], Path | None]] = []

    def make(environment: Environment, methods: Any, constraints: Path | None) -> None:
        made.append((environment.name, [each.name for each in methods], constraints))
        empty(environment.path)

    monkeypatch.setattr(installing, "make", make)
    known = {"acme": [entry()], "more": [entry(environment="more")]}
    monkeypatch.setattr(commands, "_asked", lambda plugins: known)

    def asked(verb: str, *words: str) -> Any:
        return command(tmp_path, "environments", verb, *words)

    rows = {row["name"]: row for row in json.loads(asked("list", "--json").out)}
    told = {"methods": ["asking"], "ready": False, "versions": {}, "path": str(nothing / "acme")}
    assert rows["acme"].pop("state").startswith("acme_apart is not installed: it has an environm")
    assert rows["acme"] == {"name": "acme"} | told
    assert "acme_apart is not installed: it has an environment" in asked("list").out
    done = asked("make", "acme", "--constraint", "versions.txt")
    assert done.out == f"environment acme is ready: {nothing / 'acme'}\n"
    assert made == [("acme", ["asking"], Path("versions.txt"))]
    (row,) = (row for row in json.loads(asked("list", "--json").out) if row["name"] == "acme")
    assert row["versions"] == {"numpy": np.__version__}
    assert asked("rm", "acme").out == "removed acme\n"
    assert asked("rm", "acme").err.startswith("gradiometer: There is no environment in")
    assert "Unknown environment 'acne'" in asked("make", "acne").err
    asked("make")
    assert [name for name, *_ in made] == ["acme", "acme", "more"]
    asked("rm", "more", "acme", "more")  # named twice
    assert not any((nothing / name).exists() for name in known)
    known.clear()
    assert json.loads(asked("list", "--json").out) == []
    assert asked("list").out == "No method asks for an environment of its own.\n"


def test_commands_know_the_methods_that_ask(registry: Registry) -> None:
    asked = asked_for(registry.methods.values())
    assert commands._asked(None).keys() == asked.keys()
    assert {m.environment for methods in asked.values() for m in methods} == asked.keys()
