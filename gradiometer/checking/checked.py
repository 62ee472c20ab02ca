"""The result of a check, as it is handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gradiometer.checking import telling
from gradiometer.checking.blame import Cause
from gradiometer.checking.certificate import as_data, certificate
from gradiometer.checking.places import Place
from gradiometer.checking.result import Finding, Judged, Verdict
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Points
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True, repr=False)
class Check:
    """The result of a check: true if all that was claimed is right.

    Attributes:
        problem: The function, as a problem.
        operator: What was checked of it.
        points: Where.
        places: What is proven at each checked point.
        claims: What was checked, with its judgements.
        seed: What points were drawn with.
        remark: What is to be said of the points.
        versions: Of what has checked.
        causes: What makes a framework's derivative wrong, as far as it is known.
        cuts: Where a framework's function holds constant what depends on an input.
        trusted: Rules of a framework's function that are taken as they declare their derivative.
        notes: Where it drops digits that what is certified keeps.
    """

    problem: Problem
    operator: Operator
    points: Points
    places: Sequence[Place]
    claims: Sequence[Judged]
    seed: int = 0
    remark: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    causes: Sequence[Cause] = ()
    cuts: Sequence[str] = ()
    trusted: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the claims' verdicts."""
        found = {each.verdict for each in self.claims}
        order = (Verdict.WRONG, Verdict.UNDECIDED)
        return next((verdict for verdict in order if verdict in found), Verdict.RIGHT)

    @property
    def finding(self) -> Finding:
        """What the verdict rests on."""
        if self.verdict is Verdict.UNDECIDED:
            return Finding.UNDECIDED
        if self.verdict is Verdict.WRONG:
            kinds = {cause.kind for cause in self.causes}
            known = {"rule": Finding.WRONG_RULE, "kernel": Finding.WRONG_KERNEL}
            return next((known[kind] for kind in known if kind in kinds), Finding.WRONG)
        if self.cuts or self.trusted:
            return Finding.INTENDED
        rounded = any(claim.rounded for claim in self.claims)
        return Finding.ROUNDING if rounded else Finding.RIGHT

    def __bool__(self) -> bool:
        return self.verdict is Verdict.RIGHT

    def __repr__(self) -> str:
        return telling.text(self)

    def _repr_html_(self) -> str:
        return telling.html(self)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON: verdicts, points, enclosures, versions."""
        return as_data(self)

    def certificate(self) -> dict[str, Any]:
        """Return what it takes to check the enclosures again, as plain data."""
        return certificate(self)
