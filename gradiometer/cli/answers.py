"""What methods answer at a point, beside the certified answer: for `gradiometer show --method`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from gradiometer.cli.output import say, stdout
from gradiometer.cli.terminal_table import print_table
from gradiometer.judging.kept import WHOLE, WORST, WRONG, Kept
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.plan import early_end
from gradiometer.measure.pool import Pool
from gradiometer.measure.rounds import attempt
from gradiometer.measure.trial import Trial
from gradiometer.plugins.registry import Broken, MethodEntry
from gradiometer.vocabulary.outcome import Outcome

MOST_ROWS = 20
"""Components that are printed; what is wrong goes before what is right."""


class Given(NamedTuple):
    """How a method's cell ended, and its answer, if it gave one."""

    operator: str
    method: str
    outcome: Outcome
    kept: Kept | None


def ask(
    methods: Sequence[MethodEntry | Broken], certified: Sequence[Conditions], pool: Pool
) -> list[Given]:
    """Prepare methods, and compare what they answer with what is certified; nothing is timed."""
    found = []
    for conditions in certified:
        for method in methods:
            name, end = conditions.case.operator, early_end(method)
            if end is not None or isinstance(method, Broken):
                found += [Given(name, method.name, end, None)] if end else []
                continue
            trial = Trial(method, conditions, pool)
            attempt(trial, trial.check)
            found.append(Given(name, method.name, trial.outcome, trial.kept))
    return found


def as_json(given: Given) -> dict[str, Any]:
    """Return how a cell ended, and the components of its answer that are kept, as plain data."""
    kept, outcome = given.kept, given.outcome
    columns = (kept.names, kept.values, kept.errors, kept.wrong) if kept else ()
    names = ("component", "value", "error", "wrong")
    return {
        "operator": given.operator,
        "method": given.method,
        "status": str(outcome.status),
        "reason": outcome.reason,
        "translated": outcome.translated,
        "digits": outcome.verdict.digits,
        "estimated_digits": outcome.verdict.estimated_digits,
        "components": [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)],
    }


def print_answers(operator: str, size: int, given: Iterable[Given]) -> None:
    """Print the components of all answers of an operator, and how each cell ended.

    Args:
        operator: Name of the operator.
        size: Components that an answer has.
        given: The answers to all operators.
    """
    here = [each for each in given if each.operator == operator]
    answers = {each.method: _rows(each.kept) for each in here if each.kept}
    places = sorted({place for rows in answers.values() for place in rows})
    wrong = {p for rows in answers.values() for p, row in rows.items() if row[-1].endswith(WRONG)}
    shown = sorted(islice(sorted(places, key=lambda place: place not in wrong), MOST_ROWS))
    columns = ["component", "certified"]
    for method in answers:
        columns += [method, "error"]
    table = []
    for place in shown:
        whole = [rows.get(place, ("–",) * 4) for rows in answers.values()]
        known = next(row for row in whole if row[0] != "–")
        table.append([*known[:2], *(text for row in whole for text in (row[3], row[2]))])
    if table:
        title = f"Answered {operator}"
        title += f", the {WORST} worst components of each" if size > WHOLE else ""
        print_table(stdout(), title, columns, table, range(3, len(columns), 2))
    if len(places) > MOST_ROWS:
        say(stdout(), f"… and {len(places) - MOST_ROWS:,} more components (--json prints them).")
    for each in here:
        say(stdout(), _ended(each))
    if here:
        stdout().print()


def _rows(kept: Kept) -> dict[int, tuple[str, str, str, str]]:
    """Return name, certified number, error and value of each component, by its place."""
    columns = zip(
        kept.places, kept.names, kept.certified, kept.errors, kept.values, kept.wrong, strict=True
    )
    return {
        place: (name, repr(true), f"{error:.2g}", repr(value) + WRONG * wrong)
        for place, name, true, error, value, wrong in columns
    }


def _ended(given: Given) -> str:
    digits, outcome = given.outcome.verdict.digits, given.outcome
    right = f"{digits:.1f} digits" if digits is not None and outcome.status == "ok" else ""
    claimed = given.outcome.verdict.estimated_digits
    own = f"claims {claimed:.1f}" if claimed is not None else ""
    of = f"of a translation from {outcome.translated}" if outcome.translated else ""
    told = "; ".join(filter(None, (right, own, of, outcome.reason)))
    return f"{given.method}: {outcome.status}" + (f", {told}" if told else "")
