"""Every option has the effect that it names and no other: from what is asked for to what is done.

A row gives words of a command line, options left out and given, and exactly what then differs in
all that can be observed: the plan and the options that the harness is handed, where runs and
reports are, what is printed, the exit code. An option without a row fails.
"""

from __future__ import annotations

import functools
import inspect
import re
import shutil
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import gradiometer
from gradiometer import Options, api
from gradiometer.cli import app
from gradiometer.cli import run as verb
from gradiometer.cli.progress import Bar
from gradiometer.cluster import measuring
from gradiometer.descent import descend as experiment
from gradiometer.descent.frames import Descent
from gradiometer.errors import GradiometerError
from gradiometer.measure import conditions, pool
from gradiometer.measure.harness import Ended
from gradiometer.measure.noise import Noise
from gradiometer.measure.turns import Note, Turn
from gradiometer.plugins import loader
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.report import page, process
from gradiometer.report.writing import USUAL
from gradiometer.runs import damage
from gradiometer.runs.facts import read_info, write_facts
from gradiometer.runs.store import run_folders
from gradiometer.stepsizes import stepsize as study
from gradiometer.stepsizes.frames import StepSizes
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Outcome, Status

OWN = """
from gradiometer import Method, problem

@problem(at={"x": 2.0}, sizes=("small", "middle", "large"))
def cube(xp, x):
    return x * x * x

@problem(at=lambda size, rng: {"x": rng.uniform(1.0, 2.0)})
def drawn(xp, x):
    return x * x

class Threefold(Method):
    name = "threefold"

class Fourfold(Method):
    name = "fourfold"
"""
OTHER = """
from gradiometer import problem

@problem(at={"x": 2.0})
def oblique(xp, x):
    return 3.0 * x
"""
STEPPED = """
from gradiometer.vocabulary.differences import Differences

class OneStep(Differences):
    name = "one-step"

class TwoStep(Differences):
    name = "two-step"
"""
NAMES = ("cube", "drawn", "threefold", "fourfold", "oblique", "one-step", "two-step")
"""What the three files bring; of long plans and lists these alone are observed."""

KEPT = {
    "results/20260101-000001-aaaa": "run own.py:cube own.py:threefold --seed 1",
    "results/20260101-000002-aaaa": "run own.py:cube own.py:threefold --seed 1",
    "elsewhere/20260101-000003-aaaa": "run own.py:cube own.py:threefold --seed 3",
    "descents/20260101-000004-aaaa": "descend own.py:drawn --method own.py:threefold --seed 4",
    "descents/20260101-000005-aaaa": "descend own.py:drawn --method own.py:threefold --seed 5",
    "lower/20260101-000006-aaaa": "descend own.py:drawn --method own.py:threefold --seed 6",
    "studies/20260101-000007-aaaa": "stepsize own.py:drawn --method steps.py:one-step --seed 7",
    "studies/20260101-000008-aaaa": "stepsize own.py:drawn --method steps.py:one-step --seed 8",
    "upper/20260101-000009-aaaa": "stepsize own.py:drawn --method steps.py:one-step --seed 9",
}
"""The runs that there are before a command, and what made them."""

RUNS = {path[-6]: path for path in KEPT}
Facts = dict[str, Any]
Command = str | Callable[[], Any]
Effect = Callable[[Command], Facts]

RUN, UNNAMED = "run own.py:cube own.py:threefold", "run own.py:threefold"
DESCEND = "descend own.py:drawn --method own.py:threefold"
RESUMED = "descend --resume latest --results descents"
STEPSIZE = "stepsize own.py:drawn --method steps.py:one-step"
STUDIED = "stepsize --resume latest --results studies"
MERGE = f"runs merge {RUNS['1']} {RUNS['2']}"
SIZES, EVERY = ["large", "middle", "small"], sorted(OPERATORS)
QUICK: Facts = {"sizes": ["small"], "rounds": 9, "sample_s": 0.002, "budget_s": 1.0}
LONG: Facts = {
    "sizes": SIZES, "sample_s": 0.005, "budget_s": 0.7, "timeout_s": 30.0, "most_inputs": 100_000,
}  # fmt: skip
JSON = ("json", "", "--json", {"json": True})

COMMANDS: list[tuple[str, str, str, str, Facts]] = [
    (RUN, "what", "", "own.py:drawn", {"names": ["cube", "drawn", "threefold"]}),
    (RUN, "problems methods", "", "--problem own.py:drawn --method own.py:fourfold",
     {"names": ["cube", "drawn", "fourfold", "threefold"]}),
    (RUN, "sizes operators", "", "--size large --operator hvp",
     {"sizes": ["large"], "operators": ["hvp"]}),
    (f"{RUN} --size large --operator hvp", "sizes operators", "", "--size s* --operator jvp",
     {"sizes": ["large", "small"], "operators": ["hvp", "jvp"]}),
    (RUN, "quick", "", "--quick", QUICK),
    (UNNAMED, "quick", "", "--quick", QUICK),
    (RUN, "everything", "", "--all", {"operators": EVERY}),
    (UNNAMED, "everything", "", "--all", {"operators": EVERY} | LONG),
    (f"{UNNAMED} --all", "budget timeout", "", "--budget 7 --timeout 8",
     {"budget_s": 7.0, "timeout_s": 8.0}),
    (UNNAMED, "budget", "", "--budget 7", {"budget_s": 7.0}),
    (UNNAMED, "plugins", "", "--plugins other.py",
     {"names": ["cube", "drawn", "oblique", "threefold"], "plugins": ["other.py", "own.py"]}),
    (RUN, "threads precision budget rounds cold timeout memory_limit seed", "",
     "--threads 2 --precision 3% --budget 4 --rounds 55 --cold 6 --timeout 7 --memory-limit 8 "
     "--seed 9",
     {"threads": 2, "precision": 0.03, "budget_s": 4.0, "rounds": 55, "cold": 6, "timeout_s": 7.0,
      "memory_gib": 8.0, "seed": 9}),
    (RUN, "results reports json", "", "--results elsewhere --reports pages --json",
     {"made in": ["elsewhere"], "report": "pages", "json": True}),
    (RUN, "fail_on", "--fail-on timeout", "--fail-on timeout --fail-on crashed", {"exit": 1}),
    (RUN, "wait", "", "--wait", {"waits": True}),
    (RUN, "cluster", "", "--cluster local:2", {"cluster": "local:2", "of one kind": False}),
    (f"run --resume {RUNS['2']}", "cluster", "", "--cluster local:2",
     {"cluster": "local:2", "of one kind": False}),
    (f"{RUN} --cluster local:2", "pin_kind", "", "--pin-kind", {"of one kind": True}),
    (f"run --resume {RUNS['2']}", "wait", "", "--wait", {"waits": True}),
    (DESCEND, "wait", "", "--wait", {"waits": True}),
    (RESUMED, "wait", "", "--wait", {"waits": True}),
    ("run --resume", "resume", RUNS["2"], RUNS["1"], {"run": RUNS["1"]}),
    ("run --resume latest", "results reports json", "",
     "--results elsewhere --reports pages --json",
     {"run": RUNS["3"], "seed": 3, "report": "pages", "json": True}),

    ("descend --method own.py:threefold", "problem", "own.py:drawn", "own.py:cube",
     {"names": ["cube", "threefold"], "sizes": ["small"]}),
    ("run own.py", "dtypes", "", "--dtype float32", {"dtypes": ["float32"]}),
    ("descend own.py:cube", "size", "", "--size large", {"sizes": ["large"]}),
    (DESCEND, "methods", "", "--method own.py:fourfold",
     {"names": ["drawn", "fourfold", "threefold"]}),
    (DESCEND, "steps rate threads timeout seed", "",
     "--steps 2 --rate 0.5 --threads 2 --timeout 5 --seed 6",
     {"steps": 2, "rate": 0.5, "threads": 2, "threads of workers": 2, "timeout_s": 5.0, "seed": 6}),
    (DESCEND, "plugins results reports json", "",
     "--plugins other.py --results elsewhere --reports pages --json",
     {"plugins": ["other.py"], "made in": ["elsewhere"], "report": "pages", "json": True}),
    ("descend --resume", "resume", RUNS["4"], RUNS["5"], {"run": RUNS["5"], "seed": 5}),
    (RESUMED, "results reports json", "", "--results lower --reports pages --json",
     {"run": RUNS["6"], "seed": 6, "report": "pages", "json": True}),

    ("stepsize --method steps.py:one-step", "problem", "own.py:drawn", "own.py:cube",
     {"names": ["cube", "one-step"], "sizes": ["small"]}),
    ("stepsize own.py:cube", "size operator dtype", "",
     "--size large --operator hessian --dtype float32",
     {"sizes": ["large"], "operators": ["hessian"], "dtypes": ["float32"]}),
    (STEPSIZE, "methods", "", "--method steps.py:two-step",
     {"names": ["drawn", "one-step", "two-step"]}),
    (STEPSIZE, "steps threads timeout seed", "", "--steps 7 --threads 2 --timeout 5 --seed 6",
     {"steps": 7, "threads": 2, "threads of workers": 2, "timeout_s": 5.0, "seed": 6}),
    (STEPSIZE, "plugins results reports json", "",
     "--plugins other.py --results elsewhere --reports pages --json",
     {"plugins": ["other.py"], "made in": ["elsewhere"], "report": "pages", "json": True}),
    (STEPSIZE, "wait", "", "--wait", {"waits": True}),
    (STUDIED, "wait", "", "--wait", {"waits": True}),
    ("stepsize --resume", "resume", RUNS["7"], RUNS["8"], {"run": RUNS["8"], "seed": 8}),
    (STUDIED, "results reports json", "", "--results upper --reports pages --json",
     {"run": RUNS["9"], "seed": 9, "report": "pages", "json": True}),

    ("report", "run", RUNS["2"], RUNS["1"], {"run": RUNS["1"]}),
    ("report latest", "results reports", "", "--results elsewhere --reports pages",
     {"run": RUNS["3"], "report": "pages"}),
    ("report latest", "results", "", "--results descents", {"run": RUNS["5"]}),
    ("report latest", "formats opened", "", "--format md --format html --open",
     {"formats": ["md", "html"], "opened": "report.html"}),

    ("show", "problem", "own.py:drawn", "own.py:cube", {"names": ["cube"], "sizes": ["small"]}),
    ("show own.py:cube", "size operators seed plugins json", "",
     "--size large --operator hessian --seed 7 --plugins other.py --json",
     {"sizes": ["large"], "operators": ["hessian"], "seed": 7, "plugins": ["other.py"],
      "json": True}),
    ("show own.py:cube", "dtype", "", "--dtype float32", {"dtypes": ["float32"]}),

    ("list problems", "plugins json", "", "--plugins own.py --json",
     {"plugins": ["own.py"], "listed": ["cube", "drawn"], "json": True}),
    ("list methods", "plugins json", "", "--plugins own.py --json",
     {"plugins": ["own.py"], "listed": ["threefold", "fourfold"], "json": True}),
    ("list operators", *JSON),

    ("runs list", "results json", "", "--results elsewhere --json",
     {"runs": [RUNS["3"]], "json": True}),
    ("runs show", "run", RUNS["2"], RUNS["1"], {"runs": [RUNS["1"]]}),
    ("runs show latest", "results json", "", "--results elsewhere --json",
     {"runs": [RUNS["3"]], "json": True}),
    ("runs rm", "runs", RUNS["2"], f"{RUNS['2']} {RUNS['1']}",
     {"runs": [RUNS["1"], RUNS["2"]], "gone": [RUNS["1"], RUNS["2"]]}),
    ("runs rm latest", "results json", "", "--results elsewhere --json",
     {"runs": [RUNS["3"]], "gone": [RUNS["3"]], "json": True}),
    ("runs repair", "run", RUNS["2"], RUNS["1"], {"repaired": RUNS["1"]}),
    ("runs repair latest", "results json", "", "--results elsewhere --json",
     {"runs": [RUNS["3"]], "repaired": RUNS["3"], "json": True}),
    ("runs rm latest", "yes", "", "--yes", {}),  # where it is asked: test_runs_command.py
    ("runs merge", "runs", RUNS["1"], f"{RUNS['1']} {RUNS['2']}",
     {"exit": 0, "made in": ["results"]}),
    (MERGE, "results json", "", "--results elsewhere --json",
     {"made in": ["elsewhere"], "json": True}),
]  # fmt: skip
"""Words of a command line, parameters, those left out, those given, and what then differs."""


OF_FUNCTIONS = {
    (verb, name) for verb in ("run", "show", "descend", "stepsize") for name in ("at", "wrt")
}
OF_VERSIONS = {("run", name) for name in ("against", "against_env", "fail_above")}
ELSEWHERE = {("descend", "dtype"), ("show", "methods"), *OF_FUNCTIONS, *OF_VERSIONS}
"""Parameters that are tried where they have their effect: the one refuses, the other computes.
Those of `check`, `trace` and `new`, which measure nothing, are tried in `test_check_command`,
`test_trace_command` and `test_new`; those of what becomes of kept runs in files of their names."""


class Harness:
    """Stands in for the harness: keeps what it is handed, and ends the first cell as crashed."""

    def __init__(
        self, seen: Facts, plan: Any, options: Options, logs: Path, done: Any, progress: Any
    ) -> None:
        self.meter = SimpleNamespace(noise=Noise)
        self.left = [c for c in plan.cells if (c.case.id, c.method) not in done][:1]
        cubes = [cell.case for cell in plan.cells if cell.case.problem == "cube"]
        names = {name for cell in plan.cells for name in (cell.case.problem, cell.method)}
        seen |= asdict(options) | {
            "run": str(logs.parent),
            "names": sorted(names & {*NAMES}),
            "sizes": sorted({case.size for case in cubes}),
            "operators": sorted({case.operator for case in cubes}),
            "dtypes": sorted({cell.case.dtype for cell in plan.cells}),
            "plugins": sorted(path.name for path in plan.registry.paths),
            "followed": isinstance(progress, Bar),
        }

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def outcomes(self) -> Iterator[Ended]:
        for cell in self.left:
            yield Ended(cell, Outcome(Status.CRASHED, "it fell"))

    def learnt(self) -> Facts:
        return {"noise": self.meter.noise().facts()}


class Lead:
    """Stands in for who leads a descent: keeps what it is handed, and descends nothing."""

    def __init__(
        self, seen: Facts, problem: Any, size: str, settings: Any, pool: Any, progress: Any
    ) -> None:
        self.seen, self.rate = seen, settings.rate
        self.points = SimpleNamespace(signature=SimpleNamespace(n=1))
        seen |= asdict(settings) | {"sizes": [size], "names": [problem.name]}
        seen |= {"followed": isinstance(progress, Bar)}

    def trajectories(self, methods: Any, done: Any) -> Iterator[Any]:
        self.seen["names"] = sorted({*NAMES} & {*self.seen["names"], *(m.name for m in methods)})
        yield from ()


class Steps:
    """Stands in for who leads a study of steps: keeps what it is handed, and tries no step."""

    def __init__(
        self, seen: Facts, problem: Any, case: Any, settings: Any, pool: Any, progress: Any
    ) -> None:
        self.seen = seen
        self.points = SimpleNamespace(signature=SimpleNamespace(n=1))
        seen |= asdict(settings) | {"sizes": [case.size], "names": [problem.name]}
        seen |= {"operators": [case.operator], "dtypes": [case.dtype]}
        seen |= {"followed": isinstance(progress, Bar)}

    def curves(self, methods: Any, done: Any) -> Iterator[Any]:
        self.seen["names"] = sorted({*NAMES} & {*self.seen["names"], *(m.name for m in methods)})
        yield from ()


class Workers(ThisProcess):
    """Stands in for the pool, within this process; keeps how many threads its workers have."""

    def __init__(self, seen: Facts, logs: Path, threads: int, memory: float | None = None) -> None:
        super().__init__()
        seen |= {"threads of workers": threads}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *details: object) -> None:
        pass


def stand_in(patch: pytest.MonkeyPatch, seen: Facts) -> None:
    """Let nothing be measured or drawn: what would be done is told instead."""

    def written(run: Path, reports: Path, formats: Any = USUAL) -> list[Path]:
        seen.update(run=str(run), report=str(reports), formats=[*formats])
        return [reports / "report.html"]

    def shown(self: Any, case: Any, problem: Any, options: Options) -> Any:
        asked = {*seen.get("operators", []), case.operator}
        seen.update(names=[case.problem], sizes=[case.size], operators=sorted(asked))
        seen.update(seed=options.seed, dtypes=[case.dtype])
        return truly(self, case, problem, options)

    def chosen(extra: Any = (), *kinds: Any) -> Any:
        found = load(extra, *kinds)
        seen["plugins"] = sorted(path.name for path in found.paths)
        return found

    truly, load = conditions.References.conditions, loader.load
    patch.setattr(conditions.References, "conditions", shown)

    def turn(run: Path, wait: Any) -> Any:
        seen["waits"] = wait is not None
        return nullcontext(Turn(Note(0, 0.0, 0.0, ""), {}))

    def joined(where: Any, *rest: Any, pin_kind: bool) -> Any:
        seen.update({"cluster": where, "of one kind": pin_kind})
        return nullcontext()

    patch.setattr(measuring, "joined", joined)

    def repaired(path: Path, layouts: Any) -> list[str]:
        seen["repaired"] = str(path)
        return []

    patch.setattr(damage, "repair", repaired)
    patch.setattr(api, "turn", turn)
    patch.setattr(api, "Harness", functools.partial(Harness, seen))
    patch.setattr(experiment, "Lead", functools.partial(Lead, seen))
    patch.setattr(study, "Lead", functools.partial(Steps, seen))
    for module in (experiment, study):
        patch.setattr(module, "Pool", functools.partial(Workers, seen))
    for module in (api, experiment, study):  # to look up versions takes longer than all the rest
        patch.setattr(module, "environment", lambda *asked: {"versions": {}})
    patch.setattr(loader, "load", chosen)
    patch.setattr(pool, "Pool", functools.partial(Workers, seen))
    patch.setattr(verb, "print_tables", lambda run, report: None)
    patch.setattr(process, "write_report", lambda *places: written(*places)[0])
    patch.setattr(page, "write", lambda run, *rest: written(run.path, *rest))
    for kind in (Descent, StepSizes):
        patch.setattr(kind, "write", lambda self, *to: written(Path(self.facts["path"]), *to))
    patch.setattr(webbrowser, "open", lambda url: seen.setdefault("opened", url.split("/")[-1]))


def asked(words: str) -> Facts:
    """Return the exit code of a command, and what it printed."""
    done = CliRunner().invoke(app, words.split())
    if done.exception and not isinstance(done.exception, SystemExit | GradiometerError):
        raise done.exception
    told = set(re.findall(r"[\w-]+", done.stdout))
    return {
        "exit": 2 if isinstance(done.exception, GradiometerError) else done.exit_code,
        "json": done.stdout[:1] in ("{", "["),
        "listed": [name for name in NAMES if words.startswith("list") and name in told],
        "runs": [run for run in KEPT if words.startswith("runs") and Path(run).name in told],
    }


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of plugin files, and of runs that were kept."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "own.py").write_text(OWN, "utf-8")
    (folder / "other.py").write_text(OTHER, "utf-8")
    (folder / "steps.py").write_text(STEPPED, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stand_in(patch, {})
        for path, words in KEPT.items():
            asked(f"{words} --results made")
            (made,) = run_folders(Path("made"))
            state = "interrupted" if path == RUNS["2"] else "complete"  # what is taken up is not
            write_facts(made, read_info(made) | {"id": Path(path).name, "state": state})
            Path(path).parent.mkdir(exist_ok=True)
            made.rename(path)
    return folder


@pytest.fixture(scope="module")
def effect(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Effect:
    """Return a function that carries a command out among the kept runs, and tells all it sees."""

    @functools.cache
    def effect(do: Command) -> Facts:
        seen: Facts = {}
        folder = tmp_path_factory.mktemp("effect") / "kept"
        shutil.copytree(kept, folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            stand_in(patch, seen)
            found = asked(do) if isinstance(do, str) else do()
            seen |= found if isinstance(found, dict) else {}
        there, after = {*KEPT}, {str(run.relative_to(folder)) for run in folder.glob("*/2*")}
        seen |= {"made in": sorted(run.split("/")[0] for run in after - there)}
        seen |= {"gone": sorted(there - after)}
        if str(seen.get("run")) not in KEPT:  # a new one: where it is made is told
            seen.pop("run", None)
        return seen

    return effect


def differences(before: Facts, after: Facts) -> Facts:
    return {k: after.get(k) for k in before | after if before.get(k) != after.get(k)}


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield every command that there is, with each of its parameters."""
    for name, child in getattr(command, "commands", {}).items():
        yield from leaves(child, (*words, name))
    if not hasattr(command, "commands"):
        yield from ((" ".join(words), parameter.name) for parameter in command.params)


def test_every_parameter_of_every_command_has_a_row() -> None:
    apart = ("check", "trace", "conformance", "new method", "new problem")
    apart += ("compare", "history", "query")
    there = {
        each
        for each in leaves(typer.main.get_command(app))
        if each[0] not in apart and not each[0].startswith("environments")
    }
    rows = {
        (command, name) for command, name in there for words, several, *_ in COMMANDS
        if name in several.split() and f"{words} ".startswith(f"{command} ")
    }  # fmt: skip
    assert rows | ELSEWHERE == there


@pytest.mark.parametrize(
    ("words", "without", "given", "changed"),
    [(words, *rest) for words, _, *rest in COMMANDS],
    ids=[f"{words} {given}" for words, _, _, given, _ in COMMANDS],
)
def test_an_option_does_what_it_says_and_nothing_else(
    effect: Effect, words: str, without: str, given: str, changed: Facts
) -> None:
    before, after = effect(f"{words} {without}"), effect(f"{words} {given}")
    assert differences(before, after) == changed


@pytest.mark.parametrize("words", [*dict.fromkeys(KEPT.values()), "run --resume latest", RESUMED])
def test_long_work_is_followed(effect: Effect, words: str) -> None:
    assert effect(words)["followed"]


# The same of functions.

CALLS: list[tuple[Callable[..., Any], Facts, Facts, Facts]] = [
    (gradiometer.run, {"problems": "own.py:drawn", "methods": "own.py:threefold"},
     {"problems": "own.py", "methods": ["own.py"], "sizes": "large", "operators": "hvp",
      "options": Options(rounds=11, sample_s=0.001, budget_s=0.5, seed=7),
      "plugins": ["other.py"], "results": "elsewhere"},
     {"names": ["cube", "fourfold", "threefold"], "sizes": ["large"],
      "operators": ["hvp"], "rounds": 11, "sample_s": 0.001, "budget_s": 0.5, "seed": 7,
      "plugins": ["other.py", "own.py"], "made in": ["elsewhere"]}),
    (gradiometer.run, {"methods": "threefold", "plugins": ["own.py"]}, {"quick": True}, QUICK),
    (gradiometer.run, {"methods": "threefold", "plugins": ["own.py"]}, {"everything": True},
     {"operators": EVERY} | LONG),
    (gradiometer.run, {"methods": "threefold", "plugins": ["own.py"]}, {"dtype": "float32"},
     {"dtypes": ["float32"]}),
    (gradiometer.descend, {"problem": "own.py:drawn", "methods": "own.py:threefold"},
     {"problem": "own.py:cube", "methods": "own.py:fourfold", "size": "large", "steps": 2,
      "rate": 0.5, "threads": 2, "seed": 6, "timeout_s": 5.0, "plugins": ["other.py"],
      "results": "elsewhere"},
     {"names": ["cube", "fourfold"], "sizes": ["large"], "steps": 2, "rate": 0.5, "threads": 2,
      "threads of workers": 2, "seed": 6, "timeout_s": 5.0, "plugins": ["other.py"],
      "made in": ["elsewhere"]}),
    (gradiometer.run, {"problems": "own.py:drawn", "methods": "own.py:threefold"}, {"wait": True},
     {"waits": True}),
    (gradiometer.run, {"problems": "own.py:drawn", "methods": "own.py:threefold"},
     {"cluster": "local:2", "pin_kind": True}, {"cluster": "local:2", "of one kind": True}),
    (gradiometer.descend, {"problem": "own.py:drawn", "methods": "own.py:threefold"},
     {"wait": True}, {"waits": True}),
    (gradiometer.stepsize, {"problem": "own.py:drawn", "methods": "steps.py:one-step"},
     {"problem": "own.py:cube", "methods": "steps.py:two-step", "size": "large", "steps": 7,
      "operator": "hessian", "dtype": "float32", "threads": 2, "seed": 6, "timeout_s": 5.0,
      "plugins": ["other.py"], "results": "elsewhere"},
     {"names": ["cube", "two-step"], "sizes": ["large"], "steps": 7, "operators": ["hessian"],
      "dtypes": ["float32"], "threads": 2, "threads of workers": 2, "seed": 6, "timeout_s": 5.0,
      "plugins": ["other.py"], "made in": ["elsewhere"]}),
    (gradiometer.stepsize, {"problem": "own.py:drawn", "methods": "steps.py:one-step"},
     {"wait": True}, {"waits": True}),
    (study.resume_stepsize, {"name": RUNS["7"]}, {"wait": True}, {"waits": True}),
    (study.resume_stepsize, {"name": RUNS["7"]}, {"name": RUNS["8"]}, {"seed": 8}),
    (study.resume_stepsize, {"name": "latest", "results": "studies"}, {"results": "upper"},
     {"seed": 9}),
    (api.resume, {"name": "latest"}, {"wait": True}, {"waits": True}),
    (api.resume, {"name": "latest"}, {"cluster": "local:2", "pin_kind": True},
     {"cluster": "local:2", "of one kind": True}),
    (experiment.resume_descent, {"name": RUNS["4"]}, {"wait": True}, {"waits": True}),
    (api.resume, {"name": "latest"}, {"name": RUNS["3"]}, {"seed": 3}),
    (api.resume, {"name": "latest"}, {"results": "elsewhere"}, {"seed": 3}),
    (experiment.resume_descent, {"name": RUNS["4"]}, {"name": RUNS["5"]}, {"seed": 5}),
    (experiment.resume_descent, {"name": "latest", "results": "descents"}, {"results": "lower"},
     {"seed": 6}),
]  # fmt: skip
"""Functions, arguments of them, those that are given besides, and what then differs."""


def test_every_argument_of_what_is_measured_has_a_row() -> None:
    there = {(f, name) for f, *_ in CALLS for name in inspect.signature(f).parameters}
    assert {(f, name) for f, _, given, _ in CALLS for name in given} == {
        (f, name) for f, name in there if name not in ("progress", "arguments")
    }


@pytest.mark.parametrize(("function", "without", "given", "changed"), CALLS)
def test_an_argument_does_what_it_says_and_nothing_else(
    effect: Effect, function: Callable[..., Any], without: Facts, given: Facts, changed: Facts
) -> None:
    before = effect(functools.partial(function, **without))
    after = effect(functools.partial(function, **without | given))
    before.pop("run", None)
    after.pop("run", None)  # of functions, what they return tells it
    assert differences(before, after) == changed
