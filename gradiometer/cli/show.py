"""`gradiometer show`: what a problem is, its point, and certified and other answers there."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.cli.output import broken, print_json, say, stdout
from gradiometer.cli.terminal_table import print_table
from gradiometer.errors import GradiometerError

if TYPE_CHECKING:
    from gradiometer.measure.conditions import Conditions
    from gradiometer.measure.pool import Pool
    from gradiometer.plugins.registry import ProblemEntry
    from gradiometer.vocabulary.case import Case
    from gradiometer.vocabulary.enclosure import Enclosure
    from gradiometer.vocabulary.point import Signature
    from gradiometer.vocabulary.space import Array, Space

    Named = Mapping[str, Array]

MEANING = (
    "The truth is within the radius of the value; answers in {} may differ from it by the "
    "rounding. Numbers stand for those that hold them, 0.1 for 0.1000000000000000055…: of the "
    "dtype in the point, doubles in the program; only xp.pi and xp.e are the numbers themselves."
)
MOST_ROWS = 20
SHOWN_DIGITS = 25

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer show sigmoid-affine`; `gradiometer show polar-coordinates "
    "--operator jacobian --operator jvp`; `gradiometer show my_problems.py:cube`; "
    "`gradiometer show notebook.py:loss --at W=normal:3x4 --at x=2.0 --wrt W`; "
    "`gradiometer show speelpenning --method pytorch --method 'central*'`."
)
def show(
    problem: Annotated[
        str,
        Argument(
            help="A problem's name, or FILE.py:name, of a function too.",
            autocompletion=completion.problems,
        ),
    ],
    size: shared.Size = None,
    operators: shared.Operators = None,
    seed: shared.Seed = 0,
    plugins: shared.Plugins = None,
    dtype: shared.OwnDtype = None,
    json: shared.Json = False,
    methods: shared.Methods = None,
    at: shared.At = None,
    wrt: shared.Wrt = None,
) -> None:
    """Show a problem: formula, source, inputs, certified value and derivatives.

    With --method, what methods answer at the point, beside the certified answer.
    """
    from gradiometer.worker.cores import require_linux

    require_linux("gradiometer show")
    from gradiometer.cli import answers
    from gradiometer.measure.pool import Pool
    from gradiometer.plugins import loader
    from gradiometer.plugins.own import Arguments
    from gradiometer.plugins.selection import choose, choose_problem
    from gradiometer.vocabulary.case import Case
    from gradiometer.vocabulary.dtype import find_dtype

    registry = loader.load(plugins or ())
    entry = choose_problem(registry, problem, Arguments(tuple(at or ()), tuple(wrt or ())))
    chosen = choose(registry, methods, ("methods",))["methods"] if methods else []
    label = entry.label(size)
    own = find_dtype(entry.dtype if dtype is None else dtype).name
    cases = [Case(entry.name, label, name, own) for name in _asked(entry, operators)]
    with tempfile.TemporaryDirectory() as logs, Pool(Path(logs), threads=1) as pool:
        certified = _certify(entry, cases, seed, pool)
        given = answers.ask(chosen, certified, pool)
    (point, directions), signature = certified[0].points.declared, certified[0].points.signature
    taken = {each.operator.direction: each.operator.directions(directions) for each in certified}
    taken.pop("", None)
    facts = {
        "problem": entry.name,
        "formula": entry.summary,
        "about": entry.about,
        "source": entry.source,
        "sizes": [s for s in entry.labels if s],
        "larger": list(entry.larger),
        "size": label,
        "dtype": own,
        "inputs": signature.n,
        "outputs": list(signature.outputs.names),
        "given": {k: _value(a) for k, a in point.given.items()},
    }
    if json:
        shown = {"at": point.inputs} | taken
        numbers = {kind: {k: a.tolist() for k, a in each.items()} for kind, each in shown.items()}
        rows = [row for each in certified for row in _rows(each, each.truths[0])]
        told = {"answers": list(map(answers.as_json, given))} if methods else {}
        print_json(facts | numbers | {"components": rows} | told)
        return
    _print_facts(facts, signature)
    _print_point(point.inputs, taken, seed)
    for each in certified:
        _print_truth(each, each.truths[0])
        answers.print_answers(each.case.operator, each.truths[0].high.size, given)
    say(stdout(), MEANING.format(own))


def _asked(problem: ProblemEntry, operators: Sequence[str] | None) -> list[str]:
    """Return the operators to show: those named, or the value and the first derivative.

    Raises:
        UnknownName: If there is no such operator.
        GradiometerError: If the problem does not have it.
    """
    from gradiometer.measure.plan import first_order, require_operator

    names = list(dict.fromkeys(operators or first_order(problem)))
    for name in names:
        require_operator(name, problem)
    return names


def _certify(
    problem: ProblemEntry, cases: Sequence[Case], seed: int, pool: Pool
) -> list[Conditions]:
    """Return, for each case of a problem, its point and the certified answer there.

    Raises:
        GradiometerError: If the point cannot be drawn, or an answer cannot be certified.
    """
    from gradiometer.measure.conditions import References
    from gradiometer.measure.options import Options
    from gradiometer.vocabulary.outcome import Failure

    options = Options(seed=seed)
    references = References(pool, options.timeout_s)
    try:
        return [references.conditions(case, problem.address, options) for case in cases]
    except Failure as failure:
        raise GradiometerError(f"{problem.name}: {failure.reason}") from failure


def _rows(certified: Conditions, truth: Enclosure) -> Iterator[dict[str, str]]:
    """Yield one row a component of a certified answer."""
    from gradiometer.vocabulary.enclosure import decimal

    names = certified.operator.components(certified.points.signature)
    figures = zip(truth.high, truth.low, truth.radius, truth.bound, strict=True)
    for name, (high, low, radius, bound) in zip(names, figures, strict=True):
        yield {
            "operator": certified.case.operator,
            "component": name,
            "value": decimal(high, low, SHOWN_DIGITS),
            "radius": f"{radius:.1e}",
            "rounding": f"{bound:.1e}",
        }


def _value(a: Array) -> Any:
    return a.item() if a.ndim == 0 else f"array of shape {a.shape}"


def _print_facts(facts: dict[str, Any], signature: Signature) -> None:
    from rich.text import Text

    given = ", ".join(f"{k} = {v}" for k, v in facts["given"].items())
    console = stdout()
    title = Text(broken(console, f"{facts['problem']}  {facts['formula']}", indent=2))
    title.stylize("bold", 0, len(facts["problem"]))
    console.print(title, soft_wrap=True)
    if facts["about"]:
        paragraphs = re.sub(r"(?<=\S)\n(?=\w)", " ", facts["about"])
        say(console, paragraphs if console.is_terminal else facts["about"])
    told = {
        "source": facts["source"] or "–",
        "sizes": ", ".join(facts["sizes"]) or "one",
        **({"larger": f"by --size alone: {', '.join(facts['larger'])}"} if facts["larger"] else {}),
        "inputs": _shapes(signature.inputs),
        "outputs": _shapes(signature.outputs),
        "given": given or "nothing",
    }
    console.print()
    for name, text in told.items():
        say(console, f"{name:8} {text}", indent=9)
    console.print()


def _shapes(space: Space) -> str:
    arrays = (f"{name} {shape}" if shape else name for name, shape in space.shapes.items())
    return f"{space.size:,}: {', '.join(arrays)}"


def _print_point(inputs: Named, taken: Mapping[str, Named], seed: int) -> None:
    """Print the inputs and the directions that were asked for, component by component."""
    columns = {"at": inputs}
    if "tangents" in taken:
        columns["tangent"] = taken["tangents"]
    title = f"Point, tangents drawn with seed {seed}" if len(columns) > 1 else "Point"
    _print_arrays(title, "input", columns)
    if "cotangents" in taken:
        title = f"Cotangents, drawn with seed {seed}"
        _print_arrays(title, "output", {"cotangent": taken["cotangents"]})


def _print_arrays(title: str, first: str, columns: Mapping[str, Named]) -> None:
    """Print arrays of the same shapes beside each other."""
    from gradiometer.vocabulary.space import Space

    space = Space.of(next(iter(columns.values())))
    flat = (space.flatten(named.values()) for named in columns.values())
    table = zip(space.components(), *flat, strict=True)
    rows = [[name, *(f"{x:.17g}" for x in xs)] for name, *xs in islice(table, MOST_ROWS)]
    print_table(stdout(), title, [first, *columns], rows)
    _print_left(space.size, f"{first}s")


def _print_truth(certified: Conditions, truth: Enclosure) -> None:
    name, size = certified.case.operator, certified.case.size
    where = f" at size {size}" if size else ""
    what = f", {truth.convention}" if truth.convention else ""
    columns = ["component", "value", "radius", "rounding"]
    rows = [[row[c] for c in columns] for row in islice(_rows(certified, truth), MOST_ROWS)]
    print_table(stdout(), f"Certified {name}{where}{what}", columns, rows)
    _print_left(truth.high.size, "components", f"; the {name}'s norm is {truth.norm:.15g}")
    if truth.zero:
        say(stdout(), "Zero: answers are judged by what rounding can do.")
    if truth.other is not None:
        _print_truth(certified, truth.other)


def _print_left(count: int, what: str, more: str = "") -> None:
    """Tell how many rows were left out, if any."""
    if count > MOST_ROWS:
        left = f"{count - MOST_ROWS:,} more {what}"
        say(stdout(), f"… and {left} (--json prints them all){more}.")
