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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.vocabulary.enclosure import Enclosure, Floats, norm
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.space import Space

ZERO = "the truth is zero: judged by what rounding can do"
"""What a record says of an answer that is right where the truth is zero."""


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
    """

    status: Status
    reason: str = ""
    digits: float | None = None
    worst_digits: float | None = None
    ulps: float | None = None
    note: str = ""


def agree(
    answer: Sequence[Any],
    truth: Enclosure,
    layout: Space,
    *,
    promise: float,
    exact: bool,
    dtype: str = "float64",
) -> Agreement:
    """Return the verdict on an answer.

    Args:
        answer: The arrays of the layout, as NumPy arrays of any dtype.
        truth: Enclosure of the same derivative, flattened in the same order.
        layout: The shapes that the arrays must have, and what to call them in a reason.
        promise: Decimal digits that the method promises.
        exact: Whether each component is held to the promise, or the norm only.
        dtype: What the answer's numbers must be; wider ones are told in the note.
    """
    fault = _misfit(answer, layout)
    if fault:
        return Agreement(Status.DISAGREES, fault)
    flat = np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in map(np.real, answer)])
    finite = np.isfinite(flat)
    if not finite.all():
        where = layout.locate(int(np.argmin(finite)))
        told = f"{np.count_nonzero(~finite)} of {flat.size} components not finite: {where}"
        return Agreement(Status.NONFINITE, told)
    found = _judge(flat, truth, layout, promise, exact)
    if found.status is not Status.OK and truth.other is not None:
        other = _judge(flat, truth.other, layout, promise, exact)
        found = other if other.status is Status.OK else found
    if found.status is not Status.OK:
        return found
    narrow, wide = _narrow(answer, layout, dtype), _wide(answer, layout, dtype)
    if narrow:
        return replace(found, status=Status.DISAGREES, reason=narrow)
    return replace(found, note="; ".join(filter(None, (found.note, wide))))


def _judge(flat: Floats, truth: Enclosure, layout: Space, promise: float, exact: bool) -> Agreement:
    """Return the verdict on finite numbers, by one convention."""
    errors = truth.errors(flat)
    if truth.zero:
        found = Agreement(Status.OK, note=ZERO)
        reason, guilty = _verdict_on_zero(errors, truth, promise, exact)
        if guilty is None:
            return Agreement(Status.SKIPPED, reason)
    else:
        found = _figures(errors, truth)
        reason, guilty = _verdict(found.digits or 0.0, errors, truth, promise, exact)
    if not reason:
        return replace(found, note="; ".join(filter(None, (found.note, truth.convention))))
    i = int(np.argmax(np.where(guilty, errors, -1.0)))
    got, true = float(flat[i]), float(truth.high[i])
    reason += f"; largest error in {layout.locate(i)}: {got!r}, true {true!r}"
    return replace(found, status=Status.DISAGREES, reason=reason)


def _verdict(
    digits: float, errors: Floats, truth: Enclosure, promise: float, exact: bool
) -> tuple[str, NDArray[np.bool_]]:
    """Return what is wrong, or nothing, and the components that are to blame."""
    rounding = norm(truth.bound + truth.radius) if exact else 0.0
    if digits < promise and norm(errors) > rounding:
        return f"{digits:.1f} digits, {promise:g} promised", errors >= 0.0
    guilty = errors > np.maximum(10.0**-promise * np.abs(truth.high), truth.bound) + truth.radius
    return _beyond(guilty) if exact else "", guilty


def _verdict_on_zero(
    errors: Floats, truth: Enclosure, promise: float, exact: bool
) -> tuple[str, NDArray[np.bool_] | None]:
    """Return what is wrong, or nothing, and the components that are to blame.

    Where there is nothing to judge by, the components are `None`.
    """
    if exact:
        guilty = errors > truth.bound + truth.radius
        return _beyond(guilty), guilty
    added_up = norm(truth.bound) / truth.unit
    if norm(errors) <= 10.0**-promise * added_up:
        return "", errors < 0.0
    if added_up == 0.0:
        told = "the truth is zero: a method with a truncation error owes nothing relative to it"
        return told, None
    error = f"an error of {norm(errors):.1e} where the truth is zero"
    return f"{error}, {promise:g} digits of {added_up:.1e} promised", errors >= 0.0


def _beyond(guilty: NDArray[np.bool_]) -> str:
    wrong = f"{np.count_nonzero(guilty)} of {guilty.size} components"
    return f"{wrong} beyond what rounding explains" if guilty.any() else ""


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


def _misfit(answer: Sequence[Any], layout: Space) -> str:
    if len(answer) != len(layout.shapes):
        expected = f"{len(layout.shapes)} expected ({', '.join(layout.names)})"
        return f"{len(answer)} arrays returned, {expected}"
    for part, (name, shape) in zip(answer, layout.shapes.items(), strict=True):
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
    digits, worst_digits = _digits(norm(errors), truth.norm), _digits(float(worst), 1.0)
    return Agreement(Status.OK, "", digits, worst_digits, float(ulps))


def _digits(error: float, size: float) -> float:
    if error == 0.0:
        return float("inf")
    return round(float(np.log10(size) - np.log10(error)), 12) + 0.0  # no -0.0
