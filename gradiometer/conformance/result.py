"""What a conformance check found: one row a check, and what is told of all of them."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Verdict(StrEnum):
    """What a check came to."""

    PASSED = "passed"
    DECLINED = "declined"
    """Refused by name, or with a forecast: nothing is wrong, and nothing was shown."""
    EXPECTED = "expected"
    """Failed, as the table of expected failures says, with its reason."""
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One check of one method.

    Attributes:
        method: The method's name.
        part: What was checked: `contract`, `agreement` or `process`.
        subject: The problem, or what of the contract or the process.
        operator: Of agreement, the operator.
        dtype: Of agreement, what the numbers are.
        status: How it ended: a cell's status, or `ok`, `failed`, `skipped`.
        wanted: What was expected.
        found: What came.
        verdict: What it came to.
        cause: The likeliest cause of a failure, or the reason of one that is expected.
    """

    method: str
    part: str
    subject: str
    operator: str = ""
    dtype: str = ""
    status: str = "ok"
    wanted: str = ""
    found: str = ""
    verdict: Verdict = Verdict.PASSED
    cause: str = ""

    @property
    def where(self) -> str:
        """What was checked, in a word or a few: `special-solve/float64/hvp`, `stdout`."""
        return "/".join(filter(None, (self.subject, self.dtype, self.operator)))


class Report:
    """All checks of one method or of several.

    Args:
        checks: What was checked, in order.
    """

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = list(checks)

    @property
    def methods(self) -> list[str]:
        """The methods that were checked, in order."""
        return list(dict.fromkeys(check.method for check in self.checks))

    @property
    def ok(self) -> bool:
        """Whether each method has passed something, and nothing failed unexpectedly."""
        passed = {check.method for check in self.having(Verdict.PASSED)}
        return not self.having(Verdict.FAILED) and passed >= {*self.methods} != set()

    def of(self, method: str) -> Report:
        """Return the checks of one method."""
        return Report(check for check in self.checks if check.method == method)

    def having(self, *verdicts: Verdict) -> list[Check]:
        """Return the checks that came to one of some verdicts."""
        return [check for check in self.checks if check.verdict in verdicts]

    def counts(self) -> dict[str, int]:
        """Return how many checks came to each verdict."""
        found = Counter(check.verdict for check in self.checks)
        return {str(verdict): found[verdict] for verdict in Verdict}

    def groups(self, *verdicts: Verdict) -> list[list[Check]]:
        """Return the checks with some verdicts, those together that are for the same reason."""
        groups: dict[str, list[Check]] = {}
        for check in self.having(*verdicts):
            why = check.cause or check.found.replace(repr(check.subject), "…") or check.subject
            groups.setdefault(why, []).append(check)
        return sorted(groups.values(), key=len, reverse=True)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The checks as a table."""
        import pandas as pd

        return pd.DataFrame([asdict(check) for check in self.checks]).astype({"verdict": str})

    def as_json(self) -> dict[str, Any]:
        """Return what programs read."""
        methods = {m: {"ok": (r := self.of(m)).ok, **r.counts()} for m in self.methods}
        return {"ok": self.ok, "methods": methods, "checks": [asdict(c) for c in self.checks]}

    def lines(self) -> Iterator[str]:
        """Yield what is told of all methods, line by line."""
        for method in self.methods:
            yield from told(self.of(method), method)

    def __repr__(self) -> str:
        """Return what is told of all methods."""
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """Return the table of the failures, under the counts."""
        counts = "; ".join(f"{m}: {_counted(self.of(m))}" for m in self.methods)
        shown = [*self.having(Verdict.FAILED), *self.having(Verdict.EXPECTED)]
        columns = ("method", "where", "verdict", "wanted", "found", "cause")
        rows = ("".join(_cell(getattr(each, name)) for name in columns) for each in shown)
        head = "".join(f"<th>{name}</th>" for name in columns)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<p>{html.escape(counts)}</p><table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    return f"<td>{html.escape(str(value))}</td>"


MOST_TOLD = 8
"""Reasons of each kind that are told of a method."""


def told(report: Report, method: str) -> Iterator[str]:
    """Yield what is told of one method: counts, what declines, what is expected, what failed."""
    tried = report.having(Verdict.PASSED, Verdict.EXPECTED, Verdict.FAILED)
    verdict = "conforms" if report.ok else "does not conform" if tried else "was not checked"
    yield f"{method}: {verdict}; {_counted(report)}."
    for verdict in (Verdict.DECLINED, Verdict.EXPECTED):
        groups = report.groups(verdict)
        for checks in groups[:MOST_TOLD]:
            yield f"  {verdict:9} {_several(checks)}: {checks[0].cause or checks[0].found}"
        yield from _more(len(groups), "reasons")
    groups = report.groups(Verdict.FAILED)
    for checks in groups[:MOST_TOLD]:
        yield f"  FAILED    {_several(checks)}"
        yield f"    expected: {checks[0].wanted}"
        yield f"    came:     {checks[0].found}"
        if checks[0].cause:
            yield f"    likely:   {checks[0].cause}"
    yield from _more(len(groups), "failures")


def _more(count: int, what: str) -> Iterator[str]:
    if count > MOST_TOLD:
        yield f"  … and {count - MOST_TOLD} more {what}: --json has all"


def _counted(report: Report) -> str:
    words = {Verdict.EXPECTED: "expected to fail"}
    counts = report.counts().items()
    return ", ".join(f"{n} {words.get(Verdict(v), v)}" for v, n in counts if n)


def _several(checks: Sequence[Check]) -> str:
    first, count = checks[0].where, len(checks)
    return first if count == 1 else f"{first} and {count - 1} more"
