"""Lays the variables of a hand-written pass beside the values and derivatives that they hold.

A variable stands for what its name says: `h1` for the function's own `h1`, `df0`, `dydf0` or
`f0_bar` for the derivative in `f0`. Where the function binds a name again, so must the pass, the
derivatives in reverse order. What no name tells is told by the number itself, if it is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradiometer.intermediates.hand import Local, Pass
from gradiometer.intermediates.rows import ByHand, Figure, Row
from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.enclosure import Enclosure, norm

DERIVATIVES = (
    "d{}", "d_{}", "grad_{}", "{}_grad", "{}_bar", "bar_{}", "adj_{}", "{}_adj", "d[a-zA-Z]+_?d{}",
)  # fmt: skip
"""What the derivative in a variable is called, as regular expressions."""

NEAR = 1e-9
"""Largest relative difference of what is taken for the same number."""

TELL_NOTHING = (0.0, 0.5, 1.0, 2.0)
"""Moduli of numbers that may be anything."""


@dataclass
class Matching:
    """Matches a pass with the rows of a computation.

    Attributes:
        rows: The rows; what is found stands in them.
        bound: What the function bound to each variable: numbers of rows, in order.
        taken: Names of variables that rows are called by.
        dtype: What the numbers are.
        symmetric: Whether derivatives in symmetric matrices have another form that is right.
        left: Variables of the pass that no row was found for.
        remark: What is wrong with what the pass returned.
    """

    rows: list[Row]
    bound: dict[str, list[int]]
    taken: set[str]
    dtype: str
    symmetric: bool = False
    left: list[str] = field(default_factory=list)
    remark: str = ""

    def match(self, done: Pass) -> None:
        """Find rows for what a pass holds, and judge it: values first, which may name rows."""
        self._returned(done)
        groups: dict[str, list[Local]] = {}
        for local in done.locals:
            groups.setdefault(local.base, []).append(local)
        left = {base: each for base, each in groups.items() if not self._by_name(base, each)}
        for base, several in left.items():
            if not _called_derivative(base):
                left[base] = [each for each in several if not self._by_number(each, "by_hand")]
        for base, several in left.items():
            if not self._backward(base, several):
                self.left += [each.label for each in several if not self._anywhere(base, each)]

    def _by_name(self, base: str, several: Sequence[Local]) -> bool:
        """Match a value; what may be a derivative by its name is one if it is right as such."""
        if _called_derivative(base) and self._backward(base, several, only_right=True):
            return True
        places = self.bound.get(base, [])
        return self._pair(places, _elements(several, len(places)), "by_hand")

    def _anywhere(self, base: str, local: Local) -> bool:
        """Match by the number what is called as a derivative, or was found among no values."""
        if self._by_number(local, "adjoint_by_hand"):
            return True
        return _called_derivative(base) and self._by_number(local, "by_hand")

    def _returned(self, done: Pass) -> None:
        inputs = [row for row in self.rows if row.kind == "input"]
        if done.fault:
            self.remark = f"{done.name} {done.fault.rstrip('.')}"
            return
        if len(done.returned) != len(inputs):
            self.remark = (
                f"{done.name} returned {len(done.returned)} derivatives, "
                f"{len(inputs)} expected: one an input"
            )
            return
        for row, numbers in zip(inputs, done.returned, strict=True):
            found = self._judged(row, "adjoint_by_hand", "", numbers)
            if found is None:
                number = np.asarray(numbers).dtype.kind in "fiu"
                kind = f"of shape {np.shape(numbers)}"
                what = kind if number else f"of type {type(numbers).__name__}"
                due = f"an array of shape {row.adjoint.shape} expected"
                self.remark = f"the derivative in {row.name} is {what}, {due}"
            row.adjoint_by_hand = found

    def _backward(self, base: str, several: Sequence[Local], *, only_right: bool = False) -> bool:
        """Match derivatives by the name of the variable that they are in."""
        for variable in sorted(self.bound, key=len, reverse=True):
            names = (pattern.format(re.escape(variable)) for pattern in DERIVATIVES)
            if any(re.fullmatch(name, base) for name in names):
                places = self.bound[variable]
                if len(places) == 1 and len(several) > 1:
                    return self._added_up(places[0], several, only_right=only_right)
                parts = _elements(several, len(places))
                listed = len(several) != len(parts) or several[0].label != several[0].base
                back = places if listed and "[" in parts[0].label else places[::-1]
                return self._pair(back, parts, "adjoint_by_hand", only_right=only_right)
        return False

    def _added_up(self, place: int, several: Sequence[Local], *, only_right: bool) -> bool:
        """Match a derivative that is bound several times: any that is right, else the last."""
        row = self.rows[place]
        judged = [self._judged(row, "adjoint_by_hand", x.label, x.numbers) for x in several]
        found = [each for each in judged if each is not None]
        right = [each for each in found if not each.wrong]
        if not found or (only_right and not right):
            return False
        if row.adjoint_by_hand is None:
            row.adjoint_by_hand = [*found, *right][-1]
        return True

    def _pair(
        self,
        places: Sequence[int],
        several: Sequence[Local],
        what: str,
        *,
        only_right: bool = False,
    ) -> bool:
        if not places or len(places) != len(several):
            return False
        pairs = [(self.rows[k], local) for k, local in zip(places, several, strict=True)]
        found = [self._judged(row, what, local.label, local.numbers) for row, local in pairs]
        if any(each is None or (only_right and each.wrong) for each in found):
            return False  # of another shape: it is something else
        for (row, _), each in zip(pairs, found, strict=True):
            if getattr(row, what) is None and not (what == "by_hand" and row.kind == "input"):
                setattr(row, what, each)
        return True

    def _by_number(self, local: Local, what: str) -> bool:
        """Match what is right for a row, and holds enough digits to tell it."""
        numbers = np.asarray(local.numbers, dtype=np.float64).ravel()
        if not np.isfinite(numbers).all() or np.isin(np.abs(numbers), TELL_NOTHING).all():
            return False
        for row in self._candidates(what):
            figure = _figure(row, what)
            high = figure.components.high
            if figure.shape != np.shape(local.numbers):
                continue
            if norm(numbers - high) <= NEAR * norm(high):
                judged = self._judged(row, what, local.label, local.numbers)
                if judged is None or judged.wrong:
                    continue
                self._adopt(row, local, what)
                if getattr(row, what) is None:
                    matched = row.name != local.label
                    setattr(row, what, ByHand(local.label, judged.numbers, 0, matched))
                return True
        return False

    def _candidates(self, what: str) -> list[Row]:
        """Return the rows that a number may be of: values without names first, else the last."""
        if what == "by_hand":
            rows = [row for row in self.rows if row.kind != "input"]
            return sorted(rows, key=lambda row: row.name in self.taken)
        last = {id(row): -k for k, row in enumerate(self.rows)}
        return sorted(self.rows, key=lambda row: (row.name not in self.taken, last[id(row)]))

    def _adopt(self, row: Row, local: Local, what: str) -> None:
        """Call what has no name in the function as the pass calls it."""
        if what != "by_hand" or row.name in self.taken or local.base in self.bound:
            return
        if local.label != local.base:
            return  # one of several
        row.operation = row.operation or row.name
        row.name = local.label
        self.taken.add(local.label)
        self.bound[local.base] = [self.rows.index(row)]

    def _judged(self, row: Row, what: str, label: str, numbers: Any) -> ByHand | None:
        """Return what is held beside the truth; `None` if it is of another shape."""
        figure = _figure(row, what)
        if np.shape(numbers) != figure.shape or np.asarray(numbers).dtype.kind not in "fiu":
            return None
        flat = np.asarray(numbers, dtype=np.float64).ravel()
        wrong = self._wrong(flat, figure.components)
        if wrong and self.symmetric and what != "by_hand" and _square(figure.shape):
            wrong = min(wrong, self._wrong(flat, _symmetric(figure)))
        return ByHand(label, flat, wrong)

    def _wrong(self, flat: Any, truth: Enclosure) -> int:
        promise = find_dtype(self.dtype).digits[0]
        return int(np.count_nonzero(Compared(flat, truth, promise, exact=True).wrong))


def _square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


def _symmetric(figure: Figure) -> Enclosure:
    """Return the symmetric part of a square matrix."""
    found = figure.components

    def mean(a: Any) -> Any:
        matrix = a.reshape(figure.shape)
        return (0.5 * (matrix + matrix.T)).ravel()

    high, low, radius, bound = map(mean, (found.high, found.low, found.radius, found.bound))
    return replace(found, high=high, low=low, radius=radius + np.spacing(np.abs(high)), bound=bound)


def _elements(several: Sequence[Local], count: int) -> Sequence[Local]:
    """Return the elements of an array that holds what the function binds one after the other."""
    if len(several) != 1 or count < 2 or np.shape(several[0].numbers)[:1] != (count,):
        return several
    (whole,) = several
    numbers = np.asarray(whole.numbers)
    return [Local(whole.base, f"{whole.label}[{k}]", numbers[k]) for k in range(count)]


def _figure(row: Row, what: str) -> Figure:
    return row.value if what == "by_hand" else row.adjoint


def _called_derivative(base: str) -> bool:
    return any(re.fullmatch(pattern.format(r"\w+"), base) for pattern in DERIVATIVES)
