"""What a run comes to, in sentences: which methods are right, which is fast, how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from gradiometer.report import tables
from gradiometer.report.markdown import literal
from gradiometer.report.quantities import duration, interval, multiple
from gradiometer.runs import analysis, regimes
from gradiometer.runs.run import RecordedRun
from gradiometer.vocabulary.outcome import Status

FIRST = "first derivative"
"""What gradients, and Jacobians where there is no gradient, are called together."""

FAULTS = {
    Status.DISAGREES: "Wrong",
    Status.NONFINITE: "Wrong",
    Status.MEMOISES: "Slow at new points",
}
"""What is told of answers that were given, by status; of all others, that they failed."""

MOST_NAMED = 6
"""Methods that are named in one sentence."""

REGIMES = {
    True: ("where the call costs more than the work", "less than"),
    False: ("where the work costs more than the call", "at least"),
}
"""Whether calls dominate: where that is, and what it means for the fastest method's time."""

MOST_REASON = 90
"""Characters of a reason that are shown."""


def conclusions(run: RecordedRun) -> list[str]:
    """Return what a run comes to, as paragraphs of CommonMark, one a point."""
    told = [_right(run), *_faults(run)]
    for name, cells in _derivatives(run):
        told += _fast(name, cells, apart=name.startswith(FIRST))
    return [*told, _not_compared(run), _machine(run)]


def _right(run: RecordedRun) -> str:
    """Say how many methods are right wherever they answered."""
    cells = run.cells
    faulty, answered = set(run.faulty["method"]), cells[cells["status"] == "ok"]
    right = [name for name in answered["method"].unique() if name not in faulty]
    count, of = f"{len(answered):,}", cells["method"].nunique()
    promised = "to the digits that the method promises"
    if not len(answered):
        return "**Right:** none: no answer agrees with its proven enclosure."
    if len(right) == of:
        return (
            f"**Right:** all {of} methods; each of {count} answers agrees with its proven "
            f"enclosure, {promised}."
        )
    return (
        f"**Right:** {len(right)} of {of} methods wherever they answered; {count} answers agree "
        f"with their proven enclosures, {promised}."
    )


def _faults(run: RecordedRun) -> Iterator[str]:
    """Say which methods are wrong, slow at new points or failed, and why in a few words."""
    words = run.faulty["status"].map(FAULTS).fillna("Failed")
    for word in dict.fromkeys([*FAULTS.values(), "Failed"]):
        rows = run.faulty[words == word]
        if rows.empty:
            continue
        of = run.cells.groupby("method")["case"].nunique()
        told = [
            f"`{name}` in {len(each):,} of {of[name]:,} cells ({_reason(each)})"
            for name, each in rows.groupby("method", sort=False)
        ]
        more = f"; and {len(told) - MOST_NAMED} more methods" if len(told) > MOST_NAMED else ""
        yield f"**{word}:** {'; '.join(told[:MOST_NAMED])}{more}. See [Coverage](#coverage)."


def _reason(rows: pd.DataFrame) -> str:
    """Return the commonest status and reason of cells, cut to a few words."""
    commonest = rows["status"].mode().iloc[0]
    reason = str(rows.loc[rows["status"] == commonest, "reason"].mode().iloc[0])
    line = " ".join(reason.split())
    short = line if len(line) <= MOST_REASON else f"{line[:MOST_REASON].rsplit(' ', 1)[0]} …"
    return literal(f"{commonest}: {short}")


def _derivatives(run: RecordedRun) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what is compared: the first derivative, then other operators, in each dtype."""
    cells = run.cells
    first = analysis.first_derivatives(cells[cells["operator"] != "value"])
    named = {FIRST: pd.concat(first.values()) if first else cells[:0]}
    others = [name for name in run.operators if name not in (*first, "value")]
    named |= {name: cells[cells["operator"] == name] for name in others}
    for name, rows in named.items():
        for _, part in rows.groupby(analysis.variant(rows), sort=False):
            machine = part["machine"].iloc[0]
            dtype = analysis.variant(part.assign(machine="")).iloc[0]
            told = name + (f" in {dtype}" if dtype else "") + (f" on {machine}" if machine else "")
            yield told, part


def _fast(name: str, cells: pd.DataFrame, *, apart: bool) -> Iterator[str]:
    """Say which automatic method is the fastest: over all functions, or in each regime apart."""
    calls, cost = regimes.dominated(cells), duration(regimes.call_cost(cells))
    if not (apart and calls.any() and not calls.all()):
        yield from _paragraph(name, cells, list(calls.index))
        return
    for dominated, (where, bound) in REGIMES.items():
        about = f", of which the fastest method takes {bound} {cost}"
        chosen = list(calls.index[calls == dominated])
        yield from _paragraph(f"{name}, {where}", cells, chosen, about)


def _paragraph(
    name: str, cells: pd.DataFrame, cases: Sequence[str], about: str = ""
) -> Iterator[str]:
    if cases:
        rows = cells[cells["case"].isin(cases)]
        count = f"{len(cases)} function{'s' if len(cases) > 1 else ''}"
        yield f"**Fast, {literal(name)}** ({count}{about}): {_fastest(rows, len(cases))}"


def _fastest(rows: pd.DataFrame, cases: int) -> str:
    """Name the fastest automatic method with its lead, and the best of each other kind."""
    table = regimes.slowdowns(rows)
    told = []
    automatic = table[table["kind"] == regimes.AUTOMATIC]
    if len(automatic):
        best = automatic.iloc[0]
        told.append(f"the fastest automatic method is {_named(best, cases)}")
        rivals = automatic[automatic["cases"] == best["cases"]].iloc[1:]
        if len(rivals):
            told[0] += _ahead(rows, str(best["method"]), str(rivals["method"].iloc[0]))
    else:
        told.append("no automatic method was timed")
    kinds = [kind for kind in dict.fromkeys(regimes.KINDS.values()) if kind != regimes.AUTOMATIC]
    apart = [
        f"{kind} {_named(table[table['kind'] == kind].iloc[0], cases)}"
        for kind in kinds
        if (table["kind"] == kind).any()
    ]
    return ". ".join([told[0], *(["Apart from these: " + ", ".join(apart)] if apart else [])]) + "."


def _named(row: pd.Series, cases: int) -> str:
    """Return a method with its geometric mean, and on how many cases, if not on all."""
    some = "" if row["cases"] == cases else f" on {row['cases']} of {cases}"
    return f"`{row['method']}` ({multiple(float(row['ratio']))} the fastest{some})"


def _ahead(rows: pd.DataFrame, best: str, next_best: str) -> str:
    """Say how much longer the next automatic method takes."""
    ahead = regimes.lead(rows, best, next_best)
    ends = interval(ahead.low, ahead.high)
    if ahead.low <= 1.0:
        return f", level with `{next_best}` (its time is {multiple(ahead.ratio)}, 95% {ends})"
    return f"; the next, `{next_best}`, takes {multiple(ahead.ratio)} as long (95% {ends})"


def _not_compared(run: RecordedRun) -> str:
    """Say what has no figure, and what of it is no rival."""
    cells = run.cells
    missing = cells.loc[cells["status"] != "ok", "status"].value_counts()
    counted = [f"{n:,} {status}" for status, n in missing.items()]
    translated = cells.loc[analysis.translated(cells) & (cells["status"] == "ok"), "method"]
    parts = []
    if counted:
        parts.append(f"{missing.sum():,} cells ({', '.join(counted)}): see [Coverage](#coverage)")
    if len(translated):
        names = _listed(list(translated.unique()))
        parts.append(f"methods that were given a translation of the function ({names})")
    untimed = analysis.timed(cells).empty
    parts += ["nothing was timed"] if untimed and len(cells) else []
    return f"**Not compared:** {'; '.join(parts) or 'nothing: every cell has its figure'}."


def _machine(run: RecordedRun) -> str:
    """Say how steady the machine was."""
    noise = run.info.get("noise", {})
    facts = [text.format(noise[k]) for k, text in tables.NOISE.items() if noise.get(k) is not None]
    if run.warnings:
        return (
            f"**Machine:** not steady, take the times with care: "
            f"{literal('; '.join(run.warnings))}."
        )
    if not facts and run.info.get("nodes"):
        return f"**Machine:** steady enough, each of {len(run.info['nodes'])} nodes."
    if not facts:
        return "**Machine:** its noise was not measured."
    return f"**Machine:** steady enough: {literal('; '.join(facts[:2]))}."


def _listed(names: Sequence[str]) -> str:
    """Return some names in code, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:MOST_NAMED]) + more
