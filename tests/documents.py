"""Documents that people and programs read, made of fixed results: the whole of each is compared.

    python tests/documents.py    # writes them anew: read what changed

Functions are polynomials, whose values are the same on every machine.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import kept
import numpy as np
import records
from typer.main import get_command
from typer.testing import CliRunner
from verdicts import of_verdicts

import gradiometer
from gradiometer import Problem, problem
from gradiometer.checking.checked import Check
from gradiometer.cli import app
from gradiometer.plugins.registry import MethodEntry
from gradiometer.report import markdown, page, tables
from gradiometer.report.run import Run

KEPT = Path(__file__).parent / "recorded" / "documents"
VERSIONS = {"gradiometer": "0", "numpy": "0", "python": "0", "python-flint": "0"}


# Checks.


@problem(at={"x": np.array([1.0, -2.0, 0.5]), "k": 0.25}, given={"shift": np.array([0.5])})
def cubes(xp: Any, x: Any, k: Any, *, shift: Any) -> Any:
    """k·Σx³ + shift."""
    return k * xp.sum(x * x * x) + shift[0]


@problem(at={"x": np.array([1.0, -2.0, 0.3, 4.0]), "flag": 1.0})
def branching(xp: Any, x: Any, flag: Any) -> Any:
    """Every kind of argument that an operation has."""
    pairs = xp.stack([x[::2], x[1::2]])
    moved = xp.concat([pairs[..., :1], xp.permute_dims(pairs, (1, 0))[:2, 1:]], axis=1)
    total = xp.sum(moved * xp.asarray([[0.1, 2.0], [3.0, 4.0]])) + xp.pi * flag
    kept = xp.astype(x > 0.0, xp.float64)
    return total * total if total > 0.5 else xp.sum(xp.where(x > 0.0, x, 0.1 * x) * kept)


@problem(at={"x": np.zeros(2)})
def pointed(xp: Any, x: Any) -> Any:
    """Σ|x|."""
    return xp.sum(xp.abs(x))


@problem(at={"x": np.array([0.0, 1.5])}, outputs=("y",))
def pairs(xp: Any, x: Any) -> Any:
    """Two outputs, the first of which has the slope 0 at the declared point."""
    return xp.stack([x[0] * x[0], x[0] * x[1]])


@problem(at={"x": np.arange(1.0, 13.0)})
def many(xp: Any, x: Any) -> Any:
    """Σx²."""
    return xp.sum(x * x)


def jumping(xp: Any, x: Any) -> Any:
    return x if x > 1.0 else x + 1.0


CHECKS: dict[str, Callable[[], Check]] = {
    "right": lambda: gradiometer.check(
        cubes, gradient=lambda x, k, shift: (3 * k * x * x, np.sum(x**3))
    ),
    "right-of-a-vector": lambda: gradiometer.check(
        pairs, gradient=lambda x: np.array([[2 * x[0], 0.0], [x[1], x[0]]]), operator="jacobian"
    ),
    "right-along-directions": lambda: gradiometer.check(
        cubes,
        gradient=lambda x, k, dx, dk, shift: np.sum(3 * k * x * x * dx) + np.sum(x**3) * dk,
        operator="jvp",
    ),
    "wrong-in-a-part": lambda: gradiometer.check(
        cubes, gradient=lambda x, k, shift: (3 * k * x * x, -np.sum(x**3)), seed=3
    ),
    "wrong-in-many": lambda: gradiometer.check(
        many, gradient=lambda x: 2 * x + np.where(x > 2.0, x * x, 0.0)
    ),
    "wrong-shape": lambda: gradiometer.check(many, gradient=lambda x: x[:3]),
    "by-methods": lambda: gradiometer.check(
        Problem("cube", lambda xp, x: x * x * x, {"x": 1.5}), operator="hessian"
    ),
    "zero": lambda: gradiometer.check(
        Problem("square", lambda xp, x: x * x, {"x": 0.0}), gradient=lambda x: 2 * x, also_at=()
    ),
    "kink": lambda: gradiometer.check(pointed, gradient=np.sign),
    "beyond-a-kink": lambda: gradiometer.check(pointed, gradient=lambda x: np.sign(x) + 2.0),
    "unproven-by-methods": lambda: gradiometer.check(Problem("jumping", jumping, {"x": 1.0})),
    "wrong-by-methods": lambda: gradiometer.check(
        Problem("steep", lambda xp, x: x * x * x * 1e6 + xp.abs(x - 1.0), {"x": 1.0 + 1e-9})
    ),
    "many-at-a-kink": lambda: gradiometer.check(
        Problem("norms", lambda xp, x: xp.sum(xp.abs(x)) + xp.max(x), {"x": np.zeros(12)}),
        gradient=lambda x: np.sign(x) + 0.5,
    ),
    "jump": lambda: gradiometer.check(
        Problem("jumping", jumping, {"x": 1.0}), gradient=lambda x: 1.0
    ),
    "float32": lambda: gradiometer.check(
        many, gradient=lambda x: 2 * x, dtype="float32", also_at=[{"x": np.ones(12)}]
    ),
}
Documents = Iterator[tuple[str, str]]
"""Names of files, and what is to be in them."""

CERTIFIED = ("right", "right-along-directions", "kink", "jump")


def of_check(name: str) -> Documents:
    """Yield a check as text, HTML and JSON, and certificates of some."""
    done = CHECKS[name]()
    yield f"check-{name}.txt", repr(done)
    yield f"check-{name}.html", done._repr_html_()
    yield f"check-{name}.json", written(done.as_dict())
    if name in CERTIFIED:
        yield f"certificate-{name}.json", written(done.certificate())


def of_certificate() -> Documents:
    """Yield the certificate of a function with every kind of argument of an operation."""
    certificate = gradiometer.check(branching, gradient=lambda x, flag: (x, flag)).certificate()
    yield "certificate-branching.json", written(certificate)


def written(data: dict[str, Any]) -> str:
    """Return plain data as JSON, without what differs from machine to machine."""
    assert set(data["versions"]) == set(VERSIONS)
    return as_json(data | {"versions": VERSIONS})


def as_json(data: Any) -> str:
    """Return plain data as JSON, numbers to ten digits, since libraries differ in the last."""
    return json.dumps(_settled(data), indent=1, ensure_ascii=False)


def _settled(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _settled(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_settled(each) for each in data]
    return float(f"{data:.10g}") if isinstance(data, float) else data


# Reports.

INFO: dict[str, Any] = {
    "id": "20260101-120000-abcd", "format": 3, "experiment": "comparison", "state": "complete",
    "environment": {
        "started": "2026-01-01T12:00:00+00:00", "python": "3.11.7", "system": "Linux 6.1",
        "cpu": "Model | X", "cores": 2, "memory_gib": 15.5, "load_average": [0.1, 0.2, 0.3],
        "versions": {"numpy": "2.1.0", "scipy": "1.14.0"},
    },
    "timing": "interleaved", "floor_s": 8.23e-08,
    "options": {
        "threads": 1, "rounds": 25, "sample_s": 0.005, "budget_s": 5.0, "precision": 0.02,
        "seed": 42,
    },
}  # fmt: skip
SIZES = (("2-3", 9), ("10-50", 3151), ("64-256", 85_002))
METHODS = (("by-hand", 1.0), ("tape", 7.3), ("dual", 3.9), ("differences", 96.0))
ENDED = (
    ("wrong", "disagrees", "0.3 digits, 12 promised; largest error in x | y"),
    ("nans", "nonfinite", "3 of 3 components not finite: x"),
    ("late", "timeout", "prepare took longer than 60 s."),
    ("absent", "not-installed", "absent is not installed: pip install 'absent'"),
    ("small", "unsupported", "Method 'small' has no gradient."),
    ("large", "skipped", "its forecast is 90 s a call"),
    ("remembering", "memoises", "7 times slower at a point that is new to it"),
    ("broken", "error", "ValueError: two\nlines"),
)  # fmt: skip
SHARES = {"value": 0.4, "gradient": 1.0, "hvp": 2.5}


def measured() -> Run:
    """Return a run in which all that a report shows occurs."""
    rows = [row for dtype in ("float64", "float32") for row in _rows(dtype)]
    told = records.run(*rows)
    return Run(Path("results") / INFO["id"], INFO | {"plan": told.info["plan"]}, told.records)


def _rows(dtype: str) -> Iterator[dict[str, Any]]:
    for size, n in SIZES if dtype == "float64" else SIZES[:1]:
        for operator, share in SHARES.items():
            for k, (method, ratio) in enumerate(METHODS):
                time_s = 1e-7 * share * ratio * n / 3
                yield records.row(
                    method, "net", size, operator, dtype, n=n, promise=5.0 if k == 3 else 12.0,
                    digits=math.inf if k == 0 else 15.25 - 2 * k, worst_digits=14.5 - 2 * k,
                    estimated_digits=8.75 if k == 3 and operator == "gradient" else None,
                    ulps=float(k), condition=3.5, owed=14.0, prepare_s=4e-6 * 10**k, first_s=1e-3,
                    import_s=0.25 * k, cold=2,
                    call_bytes=1_000_000 * (k + 1), prepare_bytes=2**20 * k,
                    threads_used=1.0 + k / 2, calm=5, stopped="slow" if k == 3 else "precise",
                    route="derived from jvp" if k == 2 and operator == "hvp" else "native",
                    shared="by-hand" if operator == "value" and k == 1 else "",
                    reason="used 2.5 threads, 1 given" if k == 3 else "",
                    **records.timed(ratio, 0.98 * ratio, 1.01 * ratio, time_s),
                )  # fmt: skip
            for method, status, reason in ENDED:
                yield records.row(
                    method, "net", size, operator, dtype,
                    status=status, reason=reason, promise=12.0,
                    digits=0.3 if status == "disagrees" else None,
                    expected="disagrees" if method == "wrong" and operator == "hvp" else "",
                )  # fmt: skip
    for method, ratio in METHODS[:2]:
        yield records.row(
            method, "affine", "", "gradient", dtype, n=3, promise=12.0, digits=15.9,
            **records.timed(3.0 - ratio / 4, 1.0, 2.2),
        )  # fmt: skip


def translated() -> Run:
    """Return a run of a function of PyTorch's, of which a faster method has a translation."""
    rows = [
        records.row(
            method, "loss", operator=operator, n=3, promise=12.0, digits=15.0 + k,
            translated=of, route=route, import_s=0.5, prepare_s=1e-3 * k, first_s=1e-3,
            call_bytes=10**6, prepare_bytes=10**6, **records.timed(ratio),
        )
        for operator in ("value", "gradient")
        for k, (method, ratio, of, route) in enumerate((
            ("jit", 0.5, "torch", "native"), ("torch", 1.0, "", "native"),
            ("func", 3.0, "", "one vjp"), ("eager", 9.0, "torch", "3 jvps"),
        ))
    ]  # fmt: skip
    told = records.run(*rows)
    return Run(Path("results") / INFO["id"], INFO | {"plan": told.info["plan"]}, told.records)


def of_report() -> Documents:
    """Yield a report's text, and the definitions of its charts."""
    whole = page.page(measured())
    yield "report.md", markdown.render(whole)
    for figure in whole.figures():
        chart = figure.chart.to_dict()
        del chart["$schema"]
        yield f"chart-{figure.name}.json", re.sub("data-[0-9a-f]{32}", "data", as_json(chart))


def of_tables() -> Documents:
    """Yield the tables of a run."""
    run = measured()
    for name, table in tables.csv(run).items():
        yield f"table-{name}.csv", table.to_csv(index=False, float_format="%.10g")
    yield "run.html", re.sub("T_[0-9a-f]{5}", "T", run._repr_html_())
    yield "run.txt", repr(run)


def of_translations() -> Documents:
    """Yield the report of a run with translated functions, and the rows of its charts."""
    run = translated()
    whole = page.page(run)
    yield "report-translated.md", markdown.render(whole)
    yield "run-translated.html", re.sub("T_[0-9a-f]{5}", "T", run._repr_html_())
    for figure in whole.figures():
        rows = figure.chart.to_dict()["datasets"].values()
        yield f"rows-translated-{figure.name}.json", as_json(list(rows))


# What commands print.

COMMANDS = {
    "list-problems": "list problems", "list-problems.json": "list problems --json",
    "list-methods": "list methods", "list-methods.json": "list methods --json",
    "list-operators": "list operators", "list-operators.json": "list operators --json",
    "show": "show product-of-sum", "show.json": "show product-of-sum --json",
    "show-sizes": "show determinant --operator hessian --size 2",
    "trace": "trace product-of-sum", "trace.json": "trace product-of-sum --json",
    "trace.md": "trace product-of-sum --markdown",
    "trace-chain": "trace log-cos-exp-sin-chain --digits 4",
    "trace-layers": "trace mlp --digits 4", "trace-layers-full": "trace mlp --digits 4 --full",
    "check-registered": "check rosenbrock", "check-registered.json": "check determinant --json",
}  # fmt: skip


def of_command(name: str) -> Documents:
    """Yield what a command prints, with the exit code."""
    known = {"version": "1.0", "missing": None}  # whatever is installed
    with mock.patch.multiple(MethodEntry, **known):
        done = CliRunner(env={"COLUMNS": "140"}).invoke(app, COMMANDS[name].split())
    text = done.stdout + done.stderr
    if name.endswith(".json"):
        text = re.sub(r'("[\w-]+": )"\d+\.[\w.]+"', r'\1"0"', text)
    yield f"command-{name}", f"{text}\nexit code {done.exit_code}\n"


def of_options() -> Documents:
    """Yield the options of all commands: their names, defaults and help."""
    commands: dict[str, Any] = {}
    _add(commands, "gradiometer", get_command(app))
    yield "options.json", json.dumps(commands, indent=1, ensure_ascii=False, default=str)


def _add(commands: dict[str, Any], name: str, command: Any) -> None:
    facts = ("opts", "secondary_opts", "help", "default", "multiple", "required", "hidden")
    commands[name] = {
        "help": command.help,
        "epilog": command.epilog,
        "parameters": [
            {fact: getattr(each, fact, None) for fact in facts} for each in command.params
        ],
    }
    for key, below in getattr(command, "commands", {}).items():
        _add(commands, f"{name} {key}", below)


COMPARE = "compare 20260105-090000-aaaa latest --results results"
KEPT_RUNS = {
    "kept-compare": COMPARE,
    "kept-compare.md": f"{COMPARE} --markdown",
    "kept-compare.json": f"{COMPARE} --json",
    "kept-history": "history --problem mlp --method my-tool --results results",
    "kept-history-all": "history --method my-tool --results results",
    "kept-query": "query --results results",
    "kept-query-medians": 'query --results results "select run, median(ratio) as ratio '
    "from records where method = 'my-tool' and problem <> 'prelu-chain' group by run "
    'order by run desc limit 4"',
    "kept-versions": "runs show 20260109-090000-aaaa --results versions",
    "kept-list": "runs list --results results",
}
"""What is asked of runs of some days, by the document that it makes."""


def of_kept_runs() -> Documents:
    """Yield what commands say of runs of some days."""
    said = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("results").mkdir()
        Path("versions").mkdir()
        kept.write(Path("results"))
        kept.versions(Path("versions"))
        for name, words in KEPT_RUNS.items():
            done = CliRunner().invoke(app, shlex.split(words))
            assert done.exit_code == 0, done.output
            told = as_json(json.loads(done.stdout)) if name.endswith(".json") else done.stdout
            said[name] = "".join(f"{line.rstrip()}\n" for line in told.splitlines())
    yield from said.items()


MAKERS: dict[str, Callable[[], Documents]] = {
    "report": of_report,
    "tables": of_tables,
    "report with translations": of_translations,
    **{f"command {name}": lambda name=name: of_command(name) for name in COMMANDS},
    "options": of_options,
    "verdicts": of_verdicts,
    "kept runs": of_kept_runs,
}
"""What makes documents, by what they are; those of checks are made of each one by itself."""


def others(made: Documents) -> list[str]:
    """Return which documents are none of those that were read, or read otherwise now."""
    texts = dict(made)
    assert texts
    kept = {name: KEPT / name for name in texts}
    read = {name: path.read_text(encoding="utf-8") for name, path in kept.items() if path.exists()}
    return [name for name, text in texts.items() if read.get(name) != text]


def record() -> None:
    """Write all documents anew."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.iterdir():
        old.unlink()
    checks = [*(of_check(name) for name in CHECKS), of_certificate()]
    for made in (*checks, *(make() for make in MAKERS.values())):
        for name, text in made:
            (KEPT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    record()
    sys.exit()
