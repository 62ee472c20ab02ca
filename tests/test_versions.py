"""Two versions of one's own code: where the other one is, what is measured, what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shell import Done, command

from gradiometer.errors import GradiometerError
from gradiometer.measure.options import Options
from gradiometer.versions import measure
from gradiometer.versions.compare import compare_versions
from gradiometer.versions.result import Versions
from gradiometer.versions.sides import Side, sides

METHOD = """
import numpy as np
from gradiometer import Method, Namespace
from helper import WORK, SIGN

class Mine(Method):
    '''A complex step, with work beside it.'''

    name, mode = "mine", "numerical"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return np.asarray(a, dtype=complex)

    def gradient(self, f):
        def gradient(inputs, given):
            for _ in range(WORK):
                pass
            found = []
            for i in range(len(inputs)):
                moved = [v + 1e-30j * (i == k) for k, v in enumerate(inputs)]
                found.append(SIGN * np.imag(f(moved, given)) / 1e-30)
            return tuple(found)
        return gradient
"""
ANOTHER = "class Another(Mine):\n    name = 'another'\n"


def write(folder: Path, work: int = 0, sign: int = 1, more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helper.py").write_text(f"WORK, SIGN = {work}, {sign}\n")
    (folder / "mine.py").write_text(METHOD + more)
    return folder / "mine.py"


def git(folder: Path, *words: str) -> None:
    named = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *named, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose first commit has the quick version, and its working tree a slow one."""
    folder = tmp_path / "project"
    write(folder / "code")
    git(folder, "init", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "quick")
    write(folder / "code", work=200_000)
    return folder


@pytest.fixture
def few_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "FEWEST", 3)
    monkeypatch.setattr(measure, "MOST", 3)


# Where the other version is.


def test_a_revision_is_written_out_with_all_that_it_has(repository: Path) -> None:
    file = repository / "code" / "mine.py"
    with sides(file, "git:main", "") as (old, new):
        assert new == Side("working tree", repository, (str(repository),))
        there = old.file(file, new.root)
        assert there == old.root / "code" / "mine.py"
        assert (old.root / "code" / "helper.py").read_text() == "WORK, SIGN = 0, 1\n"
    assert not there.exists()


def test_folders_of_packages_come_before_others(repository: Path) -> None:
    (repository / "src").mkdir()
    with sides(repository / "code" / "mine.py", "git:main", "") as (old, new):
        assert new.search == (str(repository / "src"), str(repository))
        assert old.search == (str(old.root),)


def test_a_folder_has_the_same_file_at_the_same_place_or_on_top(
    repository: Path, tmp_path: Path
) -> None:
    file, other = repository / "code" / "mine.py", tmp_path / "other"
    top = write(other)
    with sides(file, str(other), "") as (old, new):
        assert old.file(file, new.root) == top
        below = write(other / "code")
        assert old.file(file, new.root) == below


def test_an_environment_has_the_same_files_and_another_interpreter(repository: Path) -> None:
    file, prefix = repository / "code" / "mine.py", Path(sys.prefix)
    for python in (prefix, prefix / "bin" / "python"):
        with sides(file, "", str(python)) as (old, new):
            assert (old.file(file, new.root), old.environment) == (file, str(prefix))
            assert (new.environment, old.search) == ("", new.search)


@pytest.mark.parametrize(
    ("against", "python", "said"),
    [
        ("git:nowhere", "", "No revision 'nowhere'"),
        ("git:--output=x", "", "No revision '--output=x'"),
        ("nowhere", "", "No folder 'nowhere' to compare with"),
        ("", "nowhere", "No environment at 'nowhere'"),
    ],
)
def test_what_is_not_there_is_named(repository: Path, against: str, python: str, said: str) -> None:
    with (
        pytest.raises(GradiometerError, match=said),
        sides(repository / "code" / "mine.py", against, python),
    ):
        pass


def test_without_a_repository_there_are_no_revisions(tmp_path: Path) -> None:
    file = write(tmp_path)
    with pytest.raises(GradiometerError, match="in no git repository"), sides(file, "git:main", ""):
        pass


def test_a_version_without_the_file_is_named(repository: Path) -> None:
    new = repository / "code" / "new.py"
    new.write_text(METHOD)
    with pytest.raises(GradiometerError, match=r"git:main has no new\.py"):
        compare_versions([str(new), "product-of-sum"], "git:main")


# What is measured.


def run(where: Path, *words: str) -> Done:
    told = "run code/mine.py product-of-sum --operator gradient --budget 0.1"
    return command(where, *told.split(), *words)


def test_a_slower_version_is_told_with_its_processes(repository: Path, few_processes: None) -> None:
    done = run(repository, "--against", "git:main", "--json", "--fail-above", "1.5")
    assert done.code == 1, done.err
    told = json.loads(done.out)
    (record,) = told["records"]
    assert (record["status"], record["change"], record["processes"]) == ("ok", "slower", 3)
    assert record["ratio"] > 2.0
    assert record["old_digits"] == record["new_digits"] > 15.0
    assert told["versions"] == {"old": "git:main", "new": "working tree"}
    found = Versions.read(Path(repository, told["path"]))
    ratios = found.processes["new_s"] / found.processes["old_s"]
    assert len(ratios) == 3
    assert (ratios > 2.0).all()
    assert found.above(1e6).empty
    shown = command(repository, "runs", "show", "latest")
    assert (shown.code, "slower" in shown.out) == (0, True)
    again = command(repository, "report", "latest", "--format", "md")
    assert "working tree against git:main" in Path(repository, again.out.strip()).read_text("utf-8")


def test_a_version_that_is_wrong_is_not_timed(repository: Path, few_processes: None) -> None:
    write(repository / "code", sign=-1)
    done = run(repository, "--against", "git:main", "--json")
    (record,) = json.loads(done.out)["records"]
    assert (done.code, record["status"], record["ratio"]) == (1, "disagrees", None)
    assert record["reason"].startswith("working tree: ")
    assert "sign" in record["reason"]


def test_only_what_both_have_is_compared(repository: Path, few_processes: None) -> None:
    write(repository / "code", more=ANOTHER)
    done = run(repository, "--against", "git:main", "--json")
    assert [r["method"] for r in json.loads(done.out)["records"]] == ["mine"]


def test_another_environment_is_asked_for_the_old_side(
    repository: Path, few_processes: None
) -> None:
    found = compare_versions(
        [str(repository / "code" / "mine.py"), "product-of-sum"],
        environment=sys.prefix,
        operators="gradient",
        options=Options(budget_s=0.1, sample_s=0.001),
        results=repository / "results",
    )
    (record,) = found.records.to_dict("records")
    assert (record["status"], record["processes"]) == ("ok", 3)
    assert found.info["versions"]["old"] == sys.prefix


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "mlp", "--against", "git:main"], "Nothing that is named has another version"),
        (["run", "--against", "git:main", "--resume", "latest"], "leave --against out."),
        (["run", "code/mine.py", "--against", "git:main", "--cold", "2"], "--cold is not of two"),
        (["run", "code/mine.py", "--against", "git:main", "--fail-above", "0"], "1 or more"),
        (["run", "other.py", "--against", "git:main"], "No file 'other.py': check the path."),
        (["run", "--fail-above", "1.1"], "--fail-above is of two versions"),
        (
            ["run", "code/mine.py", "--against", "git:main", "--rounds", "0"],
            "no times are compared",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(repository: Path, words: list[str], said: str) -> None:
    done = command(repository, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


# What is made of it, without measuring.


def ended(ratios: list[float], **trial: Any) -> measure.Measured:
    each = measure.Measured(cell=None)  # type: ignore[arg-type]
    for ratio in ratios:
        pair = [
            type("Trial", (), {"counted": {0: seconds}, "outcome": _Outcome, "ratio_to": _ratio})()
            for seconds in (1e-6, ratio * 1e-6)
        ]
        each.learn(*pair)
        if each.done:
            break
    return each


class _Outcome:
    verdict = type("Verdict", (), {"digits": 15.0})


def _ratio(self: Any, other: Any) -> Any:
    from gradiometer.measure.statistics import Median

    value = self.counted[0] / other.counted[0]
    return Median(value, value, value)


@pytest.mark.parametrize(
    ("ratios", "change", "processes"),
    [
        ([1.2, 1.21, 1.19, 1.2, 1.2], "slower", 5),
        ([0.8, 0.81, 0.79, 0.8, 0.8], "faster", 5),
        ([1.0, 1.001, 0.999, 1.0, 1.0], "same", 5),
        ([1.2, 0.8] * 10, "unclear", 20),
        ([1.2, 1.21], "unclear", 2),
    ],
)
def test_processes_are_added_until_the_change_is_clear(
    ratios: list[float], change: str, processes: int
) -> None:
    each = ended(ratios)
    assert (each.ended.change, each.ended.processes) == (change, processes)
    assert each.done == (change != "unclear" or processes == 20)
