"""`gradiometer new`: what it writes works as written, and it refuses what would not."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
from here import in_this_process
from shell import Done, command

import gradiometer
from gradiometer import Options
from gradiometer.cli import new
from gradiometer.plugins import default
from gradiometer.plugins.files import collect, load_file
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary import method

AGREEMENT = Options(rounds=0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a method and a problem as they are written."""
    where = tmp_path_factory.mktemp("written")
    assert command(where, "new", "method", "my-tool").code == 0
    assert command(where, "new", "problem", "my-loss").code == 0
    return where


# What is written works.


def test_a_new_method_is_right_on_all_default_problems(written: Path, tmp_path: Path) -> None:
    with in_this_process():
        done = command(
            tmp_path, "run", str(written / "my_tool.py"), "--quick", "--rounds", "0", "--json"
        )
    assert done.code == 0, done.err
    rows = json.loads(done.out)["records"]
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["method"] for row in rows} == {"my-tool"}
    assert {row["problem"] for row in rows} == {*default.PROBLEMS}


def test_a_new_method_is_right_in_both_dtypes(written: Path, tmp_path: Path) -> None:
    with in_this_process():
        run = gradiometer.run(
            ["mlp", "polar-coordinates"], f"{written}/my_tool.py",
            operators=["gradient", "jacobian", "vjp", "jvp"], dtype=["float32", "float64"],
            quick=True, options=AGREEMENT, results=tmp_path,
        )  # fmt: skip
    assert set(run.records["dtype"]) == {"float32", "float64"}
    assert set(run.records["operator"]) == {"gradient", "jacobian", "vjp", "jvp"}
    assert set(run.records["status"]) == {"ok"}


def test_a_new_problem_is_right_by_hand_and_by_methods(written: Path, tmp_path: Path) -> None:
    done = command(written, "check", "my_loss.py:my-loss")
    assert done.code == 0, done.err
    assert done.out.startswith("RIGHT: the backward pass of my-loss is the gradient")
    methods = ["backprop", "central-difference", "complex-step", "sympy"]
    with in_this_process():
        run = gradiometer.run(
            f"{written}/my_loss.py", methods, quick=True, options=AGREEMENT, results=tmp_path
        )
    assert list(run.records["status"]) == ["ok"] * 2 * len(methods)


def test_the_sizes_in_a_new_problem_s_comment_are_right(written: Path, tmp_path: Path) -> None:
    text = (written / "my_loss.py").read_text("utf-8")
    given = re.search(r"#     @problem\(\n((?:#  .*\n)*?)#     \)", text)
    declared = text.index("\n@problem(")
    assert given is not None
    sized = re.sub("^#     ", "", given.group(1), flags=re.MULTILINE)
    body = text[text.index(")\ndef my_loss") :]
    (tmp_path / "sized.py").write_text(f"{text[:declared]}\n@problem(\n{sized}{body}", "utf-8")
    done = command(tmp_path, "check", "sized.py:my-loss", "--size", "100")
    assert done.code == 0, done.err


def test_a_new_method_says_what_its_class_is_for(written: Path) -> None:
    tree = ast.parse((written / "my_tool.py").read_text("utf-8"))
    (kind,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert "Use it when" in (ast.get_docstring(kind) or "")


INSTALL, RUN = "pip install -e '.[test]'", "gradiometer run"


@pytest.mark.parametrize(
    ("line", "written", "commands"),
    [
        ("method of-mine --in deep/down", "deep/down/of_mine.py",
         [f"{RUN} deep/down/of_mine.py --quick", f"{RUN} deep/down/of_mine.py backprop mlp"]),
        ("problem of-mine --in deep", "deep/of_mine.py",
         ["gradiometer check deep/of_mine.py:of-mine", f"{RUN} deep/of_mine.py --quick"]),
        ("method of-mine --package", "gradiometer-of-mine/src/gradiometer_of_mine.py",
         [f"cd gradiometer-of-mine && {INSTALL}", "pytest", f"{RUN} of-mine --quick"]),
        ("problem of-mine --package --in deep",
         "deep/gradiometer-of-mine/src/gradiometer_of_mine.py",
         [f"cd deep/gradiometer-of-mine && {INSTALL}", "pytest", f"{RUN} of-mine --quick"]),
    ],
)  # fmt: skip
def test_the_next_commands_are_told(
    tmp_path: Path, line: str, written: str, commands: list[str]
) -> None:
    done = command(tmp_path, "new", *line.split())
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"Written: {written}. Next:", "", *commands]
    assert (tmp_path / written).is_file()


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("method of-mine", ["run of_mine.py --quick"]),
        ("problem of-mine", ["check of_mine.py:of-mine", "run of_mine.py --quick"]),
        ("method of-mine --package", ["run of-mine --quick"]),
        ("problem of-mine --package", ["check of-mine", "run of-mine --quick"]),
    ],
)
def test_a_file_opens_with_commands_that_try_it(
    tmp_path: Path, line: str, commands: list[str]
) -> None:
    assert command(tmp_path, "new", *line.split()).code == 0
    (path,) = (path for path in tmp_path.rglob("*of_mine.py") if "tests" not in path.parts)
    opening = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert re.findall(r"^ +gradiometer (.*)$", opening, re.MULTILINE) == commands


# Names.


@pytest.mark.parametrize(
    "name", ["a", "x", "h", "n", "xp", "method", "problem", "class-var", "d-2", "of-60-" * 9]
)
@pytest.mark.parametrize("kind", ["method", "problem"])
def test_files_of_odd_names_bring_what_is_named(tmp_path: Path, name: str, kind: str) -> None:
    name = name.strip("-")
    assert command(tmp_path, "new", kind, name).code == 0
    (path,) = tmp_path.glob("*.py")
    (brought,) = collect(load_file(f"odd.{kind}.{path.stem}", path))
    assert brought.name == name


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("method My_Tool", "'My_Tool' is no name: expected small letters, digits and hyphens"),
        ("problem -- -", "'-' is no name"),
        (f"problem {'a' * 61}", "at most 60"),
        ("method ../away", "'../away' is no name"),
        ("method 3d", "'3d' would be called 3d in Python, which it cannot be."),
        ("problem lambda", "'lambda' would be called lambda in Python"),
        ("method none", "'none' would be called None in Python"),
        ("problem np", "'np' would be called np in Python"),
        ("method backprop", "There is a method 'backprop' already."),
        ("problem backprop", "There is a method 'backprop' already."),
        ("method mlp --package", "There is a problem 'mlp' already."),
        ("method torch", "torch.py would bear the name of a library"),
        ("problem random", "random.py would bear the name of a library"),
        ("method there", "there.py exists, and nothing is overwritten."),
        ("method taken --package", "gradiometer-taken/README.md exists"),
        ("method of-mine --in there.py", "Cannot write there.py/of_mine.py: "),
        ("method of-mine --in /proc/none --package", "Cannot write /proc/none/gradiometer-of-mine"),
    ],
)
def test_what_would_not_work_is_one_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "there.py").write_text("mine")
    (tmp_path / "gradiometer-taken").mkdir()
    (tmp_path / "gradiometer-taken/README.md").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    done = command(tmp_path, "new", *line.split())
    refused(done, said)
    advised = done.err.endswith(". Choose another folder with --in.\n")
    assert advised is ("Cannot write" in said)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.py").read_text() == "mine"


def refused(done: Done, said: str) -> None:
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("gradiometer: ")
    assert done.err.count("\n") == 1


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "my_tool.py").symlink_to(tmp_path / "elsewhere.py")
    refused(command(tmp_path, "new", "method", "my-tool"), "Cannot write my_tool.py: File exists")
    assert not (tmp_path / "elsewhere.py").exists()


def test_a_library_is_known_where_it_is_not_installed(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "missing", lambda requires: "not installed")
    refused(command(tmp_path, "new", "method", "torch"), "would bear the name of a library")
    assert command(tmp_path, "new", "method", "random").code == 0  # nothing is known of it


# Projects. That they install, and are found: test_installed.py.


@pytest.mark.parametrize("kind", ["method", "problem"])
def test_a_project_is_whole(tmp_path: Path, kind: str) -> None:
    assert command(tmp_path, "new", kind, "my-tool", "--package").code == 0
    root = tmp_path / "gradiometer-my-tool"
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == {
        ".github/workflows/ci.yml", ".gitignore", "README.md", "pyproject.toml",
        "src/gradiometer_my_tool.py", "tests/test_my_tool.py",
    }  # fmt: skip
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"] == {f"gradiometer.{kind}s": {"my-tool": "gradiometer_my_tool"}}
    for file in files:
        text = (root / file).read_text("utf-8")
        assert text.endswith("\n")
        assert not re.search(r"[{%]\s*(if|endif)|\n\n\n\n|\{\{ (name|kind|module)", text)
        if file.endswith(".py"):
            ast.parse(text)
    assert (
        "python-version: ${{ matrix.python }}\n" in (root / ".github/workflows/ci.yml").read_text()
    )


def test_a_method_s_project_names_the_conformance_kit(tmp_path: Path) -> None:
    assert command(tmp_path, "new", "method", "my-tool", "--package").code == 0
    root = tmp_path / "gradiometer-my-tool"
    line = "pytest --pyargs gradiometer.conformance --gradiometer-method my-tool"
    for file in (".github/workflows/ci.yml", "README.md", "tests/test_my_tool.py"):
        assert line in (root / file).read_text("utf-8")


def test_every_template_is_used(tmp_path: Path) -> None:
    used = {
        template
        for kind in ("method", "problem")
        for package in (False, True)
        for template in new.Names.of(kind, "a", package=package).templates().values()
    }
    assert used == {path.name for path in (Path(new.__file__).parent / "templates").iterdir()}
