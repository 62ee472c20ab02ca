"""Tells a check in words: the verdict in one line, what explains it, and the components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradiometer.checking.result import Judged, Judgement, Row, Verdict
from gradiometer.errors import listing
from gradiometer.judging.kept import WORST
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space

if TYPE_CHECKING:
    from gradiometer.checking.checked import Check

COLUMNS = ("component", "claimed", "true", "digits", "owed", "verdict")
FEW = 4
"""Numbers of a point up to which it is told; notes."""


def title(problem: Problem) -> str:
    """Return what to call a function: its own name, or the problem's."""
    own = isinstance(problem.function, Written)
    return getattr(problem.written, "__name__", problem.name) if own else problem.name


def text(check: Check) -> str:
    """Return a check as lines of text."""
    lines = _headlines(check)
    shown = next((c for c in check.claims if c.verdict is check.verdict), check.claims[0])
    judgement = shown.at[shown.worst]
    lines += [*_explanation(judgement), *_causes(check)]
    lines += _table(judgement.rows, _title(check, shown, judgement))
    refusal = check.places[shown.worst].refusal
    if check.remark and not (refusal and check.remark.endswith(refusal)):  # which was told
        lines.append(f"note: {check.remark}")
    return "\n".join(lines)


def html(check: Check) -> str:
    """Return a check as HTML."""
    import html as markup  # which few need

    shown = next((c for c in check.claims if c.verdict is check.verdict), check.claims[0])
    judgement = shown.at[shown.worst]
    told = _headlines(check) + _explanation(judgement) + _causes(check)
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{markup.escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
        for row in judgement.rows
    )
    paragraphs = "".join(f"<p>{markup.escape(line)}</p>" for line in told)
    return f"{paragraphs}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _headlines(check: Check) -> list[str]:
    """Return the verdicts, a line each; one line where nothing is proven for any of the claims."""
    names = [claim.name for claim in check.claims]
    reasons = {claim.at[claim.worst].reason for claim in check.claims}
    unproven = not any(claim.at[claim.worst].rows for claim in check.claims)
    if len(names) > 1 and check.verdict is Verdict.UNDECIDED and unproven and len(reasons) == 1:
        what = f"the {check.operator.name} of {title(check.problem)}"
        told = reasons.pop().rstrip(".")
        return [f"UNDECIDED: whether {listing(names)} are {what}: {told}."]
    return [_headline(check, claim) for claim in check.claims]


def _headline(check: Check, claim: Judged) -> str:
    """Return the verdict on a claim in one line."""
    what = f"the {check.operator.name} of {title(check.problem)}"
    count, k = len(claim.at), claim.worst
    judgement = claim.at[k]
    where = f" at point {k + 1} of {count}" if count > 1 else ""
    if claim.verdict is Verdict.WRONG:
        told = f"{judgement.wrong} of {judgement.size} components wrong"
        told = told if judgement.wrong else judgement.reason.rstrip(".")
        return f"WRONG: {claim.name} is not {what}{where}: {told}."
    if claim.verdict is Verdict.UNDECIDED:
        return f"UNDECIDED: whether {claim.name} is {what}{where}: {judgement.reason.rstrip('.')}."
    points = f"{count} points" if count > 1 else "the one point"
    return f"RIGHT: {claim.name} is {what} at {points}, {_precision(claim)}."


def _precision(claim: Judged) -> str:
    found = [each.digits for each in claim.at if each.digits is not None]
    if not found:
        return "where it is zero"
    least = min(found)
    digits = "exactly" if math.isinf(least) else f"to {least:.1f} digits or more"
    if claim.rounded and claim.exact:
        return f"{digits}: rounding explains what is missing"
    return f"{digits}: within rounding" if claim.exact else f"{digits}, {claim.promise:g} promised"


def _explanation(judgement: Judgement) -> list[str]:
    if judgement.pattern:
        partly = judgement.wrong < judgement.size and "each of them" not in judgement.pattern
        others = "; the others are right" if partly else ""
        return [f"{judgement.pattern[:1].upper()}{judgement.pattern[1:]}{others}."]
    if judgement.verdict is Verdict.WRONG and judgement.wrong:
        return [f"{judgement.reason[:1].upper()}{judgement.reason[1:]}."]
    return [f"note: {judgement.note}"] if judgement.note else []


def _causes(check: Check) -> list[str]:
    told = [f"{str(each)[:1].upper()}{str(each)[1:]}." for each in check.causes]
    told += [f"note: the derivative is taken as declared of {each}." for each in check.trusted]
    return told + [f"note: {each}." for each in (*check.cuts, *few(check.notes))]


def few(notes: Sequence[str]) -> list[str]:
    """Return the first notes, and how many more there are."""
    left = len(notes) - FEW
    return [*notes[:FEW], *([f"… and {left:,} more such lines"] if left > 0 else [])]


def _title(check: Check, claim: Judged, judgement: Judgement) -> str:
    k = claim.worst
    left = judgement.size - len(judgement.rows)
    most = f", the {WORST} worst of {judgement.size:,} components" if left > 0 else ""
    point = check.places[k].at.point
    space, flat = Space.of(point.inputs), Space.of(point.inputs).flatten(point.inputs.values())
    told = zip(space.components(), flat.tolist(), strict=True)
    where = ", ".join(f"{name} = {x!r}" for name, x in told) if space.size <= FEW else ""
    of = f"{claim.name}, point" if len(check.claims) > 1 else "Point"
    return f"{of} {k + 1}{where and ': '}{where}{most}"


def _table(rows: Sequence[Row], title: str) -> list[str]:
    if not rows:
        return []
    cells = [list(COLUMNS), *(_cells(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    return ["", title, *(f"  {line}".rstrip() for line in lines)]


def _cells(row: Row) -> list[str]:
    verdict = "wrong" if row.wrong else "–" if "…" in row.true else "right"
    figures = [_figure(row.digits), _figure(row.owed)]
    return [row.component, _number(row.claimed), row.true, *figures, verdict]


def _number(x: float) -> str:
    return f"{x:.17g}"


def _figure(x: Any) -> str:
    if x is None:
        return "–"
    return "exact" if math.isinf(x) and x > 0 else f"{round(x, 1) + 0.0:.1f}"  # never -0.0
