"""Compares an answer with the enclosure of the truth, and gives the verdict.

Knows nothing of how the answer was computed. Two gates stand behind a verdict: in the norm, every
method owes the digits it promises; in each component, an exact method owes them too. What rounding
alone can do in this computation, `Enclosure.bound`, is granted to exact methods in both. So one
wrong component among thousands fails, however small, and a sum that cancels is no method's fault.

Nothing agrees with zero in relative terms. Where the truth is zero, an exact method owes it up to
the bound. One with a truncation error owes its digits relative to what was added up to zero, which
the bound tells; where nothing was, there is nothing that it owes, and its cell is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.enclosure import Enclosure, Floats, norm
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.space import Space

ZERO = "the truth is zero: judged by what rounding can do"
"""What a record says of an answer that is right where the truth is zero."""

NOTHING_OWED = "the truth is zero: a method with a truncation error owes nothing relative to it"
"""Why a cell is skipped where there is nothing to judge by."""

Explain = Callable[[Compared], str]
"""Names what explains all wrong components of an answer; empty where nothing does."""


def unexplained(compared: Compared) -> str:
    """Look for no explanation."""
    return ""


@dataclass(frozen=True)
class Agreement:
    """How far an answer is from the truth.

    Attributes:
        status: `ok`, `disagrees` or `nonfinite`.
        reason: What is wrong, if anything.
        digits: Digits proven correct in the norm; negative when the error exceeds the truth, none
            where the truth is zero.
        worst_digits: Digits proven correct in the worst component.
        ulps: Largest error of a component, in units in the last place of its true value.
        note: What is to be said of an answer that agrees.
        pattern: What explains all that is wrong, if anything does.
        compared: The answer beside the truth, if it is of the right shape.
    """

    status: Status
    reason: str = ""
    digits: float | None = None
    worst_digits: float | None = None
    ulps: float | None = None
    note: str = ""
    pattern: str = ""
    compared: Compared | None = field(default=None, compare=False, repr=False)


def agree(
    answer: Sequence[Any],
    truth: Enclosure,
    layout: Space,
    *,
    promise: float,
    exact: bool,
    dtype: str = "float64",
    explain: Explain = unexplained,
) -> Agreement:
    """Return the verdict on an answer.

    Args:
        answer: The arrays of the layout, as NumPy arrays of any dtype, or what came instead.
        truth: Enclosure of the same derivative, flattened in the same order.
        layout: The shapes that the arrays must have, and what to call them in a reason.
        promise: Decimal digits that the method promises.
        exact: Whether each component is held to the promise, or the norm only.
        dtype: What the answer's numbers must be; wider ones are told in the note.
        explain: Asked what explains a wrong answer.
    """
    fault = misfit(answer, layout)
    if fault:
        return Agreement(Status.DISAGREES, fault)
    flat = flattened(answer)
    compared = Compared(flat, truth, promise, exact)
    finite = np.isfinite(flat)
    if not finite.all():
        where = layout.locate(int(np.argmin(finite)))
        told = f"{np.count_nonzero(~finite)} of {flat.size} components not finite: {where}"
        return Agreement(Status.NONFINITE, told, compared=compared)
    found = _judge(compared, layout, explain)
    if found.status is not Status.OK and truth.other is not None:
        other = _judge(replace(compared, truth=truth.other), layout, explain)
        better = other.status is Status.OK or (other.pattern and not found.pattern)
        found = other if better else found
    if found.status is not Status.OK:
        return found
    narrow, wide = _narrow(answer, layout, dtype), _wide(answer, layout, dtype)
    if narrow:
        return replace(found, status=Status.DISAGREES, reason=narrow)
    return replace(found, note="; ".join(filter(None, (found.note, wide))))


def _judge(compared: Compared, layout: Space, explain: Explain) -> Agreement:
    """Return the verdict on finite numbers, by one convention."""
    truth, wrong = compared.truth, compared.wrong
    if truth.zero:
        found, fault = Agreement(Status.OK, note=ZERO), _fault_of_zero(compared)
    else:
        found = _figures(compared.errors, truth)
        fault = _fault(found.digits or 0.0, compared)
    found = replace(found, compared=compared)
    if fault == NOTHING_OWED:
        return replace(found, status=Status.SKIPPED, reason=fault, note="")
    if not (fault or (compared.exact and wrong.any())):
        return replace(found, note="; ".join(filter(None, (found.note, truth.convention))))
    pattern = explain(compared) if wrong.any() else ""
    parts = (_counted(compared, fault, pattern), fault, _largest(compared, layout))
    reason = "; ".join(filter(None, parts))
    return replace(found, status=Status.DISAGREES, reason=reason, pattern=pattern)


def _fault(digits: float, compared: Compared) -> str:
    """Return what is wrong in the norm, or nothing."""
    truth, promise = compared.truth, compared.promise
    rounding = norm(truth.bound + truth.radius) if compared.exact else 0.0
    if digits < promise and norm(compared.errors) > rounding:
        return f"{round(digits, 1) + 0.0:.1f} digits, {promise:g} promised"  # never -0.0
    return ""


def _fault_of_zero(compared: Compared) -> str:
    """Return what is wrong in the norm, or nothing, where the truth is zero."""
    added_up, promise = norm(compared.truth.bound) / compared.truth.unit, compared.promise
    error = norm(compared.errors)
    if compared.exact or error <= 10.0**-promise * added_up:
        return ""
    if added_up == 0.0:
        return NOTHING_OWED
    told = f"an error of {error:.1e} where the truth is zero"
    return f"{told}, {promise:g} digits of {added_up:.1e} promised"


def _counted(compared: Compared, fault: str, pattern: str) -> str:
    """Return how many components are wrong by themselves, and what explains them."""
    count, size = np.count_nonzero(compared.wrong), compared.answer.size
    beyond = "wrong" if fault else "beyond what rounding explains"
    told = f"{count} of {size} components {beyond}"
    obvious = not count or (fault and size == 1)
    return ": ".join(filter(None, ("" if obvious else told, pattern)))


def _largest(compared: Compared, layout: Space) -> str:
    """Return where the largest error is, among the components that are wrong by themselves."""
    wrong = compared.wrong if compared.wrong.any() else True
    i = int(np.argmax(np.where(wrong, compared.errors, -1.0)))
    got, true = float(compared.answer[i]), float(compared.truth.high[i])
    return f"largest error in {layout.locate(i)}: {got!r}, true {true!r}"


def _narrow(answer: Sequence[Any], layout: Space, dtype: str) -> str:
    """Return which part was computed in a narrower type, though this point does not show it."""
    for part, name in zip(answer, layout.names, strict=True):
        found = np.asarray(part).dtype
        if found.kind == "f" and found.itemsize < np.dtype(dtype).itemsize:
            return f"{name} is {found}, {dtype} expected"
    return ""


def _wide(answer: Sequence[Any], layout: Space, dtype: str) -> str:
    """Return which part holds numbers that the type does not: it was computed in a wider one."""
    for part, name in zip(map(np.asarray, answer), layout.names, strict=True):
        with np.errstate(over="ignore"):
            held = part.astype(dtype) if part.dtype.kind == "f" else part
        if (held != part).any():
            return f"{name} was computed in {part.dtype}"
    return ""


def flattened(answer: Sequence[Any]) -> Floats:
    """Return the components of arrays, one array after the other."""
    parts = [np.asarray(a, dtype=np.float64).ravel() for a in map(np.real, answer)]
    return np.concatenate(parts)


def misfit(answer: Sequence[Any], layout: Space) -> str:
    """Return what an answer is, where it is not the arrays of the layout."""
    count, names = len(layout.shapes), ", ".join(layout.names)
    due = f"{count} array{'s' if count > 1 else ''} expected ({names})"
    if len(answer) == 1 and answer[0] is None:
        return f"None returned, {due}"
    if len(answer) != count and len(answer) > 1 and not any(map(np.ndim, answer)):
        return f"{len(answer)} numbers returned, {due}"
    if len(answer) != count:
        return f"{len(answer)} arrays returned, {count} expected ({names})"
    for part, (name, shape) in zip(answer, layout.shapes.items(), strict=True):
        if isinstance(part, list | tuple):
            return f"{name} is a {type(part).__name__}, an array of shape {shape} expected"
        if np.shape(part) != shape:
            return f"{name} has shape {np.shape(part)}, {shape} expected"
        if np.asarray(part).dtype.kind not in "fiuc":
            return f"{name} holds {np.asarray(part).dtype} instead of numbers"
        if np.iscomplexobj(part) and np.any(np.imag(part) != 0):
            return f"{name} is complex, real numbers expected"
    return ""


def _figures(errors: Floats, truth: Enclosure) -> Agreement:
    """Return the figures of an answer where the truth is not zero.

    Where a component of it is, its error is relative to what was added up.
    """
    size = np.abs(truth.high)
    size = np.where(size > truth.radius, size, truth.bound / truth.unit)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        worst = np.max(np.where(errors == 0.0, 0.0, errors / size))
        ulps = np.max(errors / np.spacing(size.astype(truth.dtype)))
    digits, worst_digits = digits_of(norm(errors), truth.norm), digits_of(float(worst), 1.0)
    return Agreement(Status.OK, "", digits, worst_digits, float(ulps))


def digits_of(error: float, size: float) -> float:
    """Return the digits that an error leaves of what is of a size."""
    if error == 0.0:
        return float("inf")
    return round(float(np.log10(size) - np.log10(error)), 12) + 0.0  # no -0.0
