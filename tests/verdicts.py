"""Verdicts on made-up answers: every fault, in every place, up to what is allowed and beyond.

What is said of each is a line of a document (`documents`), so that no word, digit or threshold
changes unnoticed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gradiometer.judging.agreement import agree, flattened
from gradiometer.judging.compared import Compared
from gradiometer.judging.diagnosis import explain
from gradiometer.judging.kept import kept
from gradiometer.judging.kinks import beside, nearest_shares
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.operators import Operator, operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

UNIT = 2.0**-53

ONE = Space({"y": ()})
LAYERS = Space({"W": (3, 3), "b0": (3,), "b1": (3,), "b2": (3,), "b3": (3,), "k": (), "V": (2, 3)})
SMALL = Space({"a": (2,), "B": (2, 2)})
TWO = Space({"p": (2,), "q": ()})

CASES: dict[str, tuple[str, Signature]] = {
    "gradient of one": ("gradient", Signature(Space({"x": ()}), ONE)),
    "gradient": ("gradient", Signature(LAYERS, ONE)),
    "jacobian": ("jacobian", Signature(Space({"x": (3,)}), TWO)),
    "hessian": ("hessian", Signature(SMALL, ONE)),
}


def truth_of(size: int, bound: float = 4.0, dtype: str = "float64") -> Enclosure:
    """Return an enclosure of distinct numbers between 0.2 and 2, of either sign."""
    k = np.arange(1.0, size + 1.0)
    high = np.round((0.2 + 1.8 * (k * 0.6180339887 % 1.0)) * (-1.0) ** (k // 2), 9)
    unit = UNIT if dtype == "float64" else 2.0**-24
    zeros = np.zeros(size)
    return Enclosure(
        high, zeros, 1e-30 * np.abs(high), bound * unit * np.abs(high), 192, dtype=dtype
    )


def places(layout: Space) -> dict[str, Any]:
    """Return masks over the components: all, an array, a row, a column, components."""
    found = {"all": np.ones(layout.size, dtype=bool)}
    parts = layout.split(np.arange(layout.size))
    for name, part in itertools.islice(parts.items(), 1):
        found[name] = np.isin(np.arange(layout.size), part)
        if part.ndim == 2:
            found[f"row of {name}"] = np.isin(np.arange(layout.size), part[1])
            found[f"column of {name}"] = np.isin(np.arange(layout.size), part[:, 0])
    for count in (1, 4):
        if count < layout.size:
            found[f"{count} components"] = np.arange(layout.size) % (layout.size // count + 1) == 0
    return found


FACTORS = (0.0, -1.0, 0.5, 10.0, 11.0, 7.25, 1.0 - 1e-9, 1.0 + 8e-13, 1.0 + 2e-10, np.nan)


def faults(layout: Space, true: Any) -> Iterator[tuple[str, Any]]:
    """Yield answers with a fault each, and what it is."""
    yield "none", true
    for (where, mask), factor in itertools.product(places(layout).items(), FACTORS):
        yield f"{factor:.17g} times in {where}", np.where(mask, factor * true, true)
    yield "float32", true.astype(np.float32).astype(np.float64)
    part = np.arange(true.size) < true.size / 2
    yield "float32 in half", np.where(part, true.astype(np.float32), true)
    steps = 2.0**-24 * np.abs(true)
    for share in (1 / 65, 1 / 63, 0.5, 1.5, 63.0, 65.0):
        wave = (np.arange(true.size) * 7 % 5 - 2.5) / 2.5
        yield f"{share:.3g} of float32's rounding", true + share * steps * wave
        half = np.where(np.arange(true.size) % 2 == 0, share * steps * wave, 0.0)
        yield f"{share:.3g} of float32's rounding in half", true + half
    yield "reversed", true[::-1].copy()
    yield "rolled", np.roll(true, 1)
    yield "two exchanged", true[[1, 0, *range(2, true.size)]] if true.size > 1 else true
    yield "other numbers", 1.0 / (1.0 + true * true)
    yield "one far off", np.where(np.arange(true.size) == true.size - 1, 1e3, true)
    parts = layout.split(true)
    square = {n: p for n, p in parts.items() if p.ndim == 2 and p.shape[0] == p.shape[1]}
    for what, change in (
        ("transposed", lambda p: p.T),
        ("half diagonal", lambda p: p * (1.0 - 0.5 * np.eye(len(p)))),
        ("twice the diagonal", lambda p: p * (1.0 + np.eye(len(p)))),
        ("half off the diagonal", lambda p: p * (0.5 + 0.5 * np.eye(len(p)))),
        ("twice off the diagonal", lambda p: p * (2.0 - np.eye(len(p)))),
    ):
        if square:
            yield what, flat({n: change(p) if n in square else p for n, p in parts.items()})
    yield "transposed layers", flat({n: p.T.reshape(p.shape) for n, p in parts.items()})
    names = list(parts)
    for changes in ((-1.0, 2.0), (-1.0, 2.0, 0.0), (2.0, 2.0), (3.0, -1.0, 0.5, 0.0, 7.0)):
        mixed = {
            n: p * f for (n, p), f in zip(parts.items(), (*changes, *[1.0] * 20), strict=False)
        }
        yield f"{changes} times", flat(mixed)
    alike = [n for n in names if parts[n].shape == parts[names[-2 % len(names)]].shape]
    if len(alike) > 1:
        turned = dict(zip(alike, [*alike[1:], alike[0]], strict=True))
        yield "in another order", flat({n: parts[turned.get(n, n)] for n in names})
        pair = {alike[0]: alike[1], alike[1]: alike[0]}
        yield "exchanged", flat({n: parts[pair.get(n, n)] for n in names})


def flat(parts: dict[str, Any]) -> Any:
    return np.concatenate([np.ravel(part) for part in parts.values()])


def of_verdicts() -> Iterator[tuple[str, str]]:
    """Yield what is said of each answer."""
    for case, (name, signature) in CASES.items():
        asked = operator(name)
        yield f"verdicts-{case.replace(' ', '-')}.txt", "".join(_judged(asked, signature))
    yield "verdicts-other-truths.txt", "".join(_of_other_truths())
    yield "verdicts-kinks.txt", "".join(_at_kinks())


KINDS = ((12.0, True), (7.0, True), (6.0, False))


def _judged(asked: Operator, signature: Signature) -> Iterator[str]:
    layout = asked.layout(signature)
    truth = truth_of(layout.size)
    for fault, answer in faults(layout, truth.high):
        told: dict[str, list[str]] = {}
        for promise, exact in KINDS:
            told.setdefault(_told(answer, truth, asked, signature, promise, exact), []).append(
                f"{promise:g}{'' if exact else ' in the norm'}"
            )
        for words, kinds in told.items():
            yield f"{fault} | {', '.join(kinds)} | {words}\n"


def _told(
    answer: Any, truth: Enclosure, asked: Operator, signature: Signature, promise: float,
    exact: bool, elsewhere: Callable[[], Any] = tuple,
) -> str:  # fmt: skip
    layout = asked.layout(signature)
    arrays = [np.asarray(part) for part in layout.split(answer).values()]
    with np.errstate(all="ignore"):
        found = agree(
            arrays, truth, layout, promise=promise, exact=exact, dtype=truth.dtype,
            explain=partial(explain, asked=asked, signature=signature, elsewhere=elsewhere),
        )  # fmt: skip
    figures = (found.digits, found.worst_digits, found.ulps)
    shown = " ".join("–" if x is None else f"{x:.6g}" for x in figures)
    explained = f"explained: {found.pattern}" if found.pattern not in found.reason else ""
    bare = "" if found.pattern or found.reason == "" else "not explained"
    told = str(found.status), shown, found.reason, explained, bare, found.note
    return " | ".join(filter(None, told))


def _of_other_truths() -> Iterator[str]:
    """Yield verdicts where the truth is zero, cancelled, of float32, or has two conventions."""
    asked, signature = operator("gradient"), Signature(Space({"x": (4,), "k": ()}), ONE)
    plain = truth_of(5)
    zero = replace(plain, high=0 * plain.high, radius=0 * plain.high, zero=True)
    partly = replace(
        plain, high=plain.high * [1, 0, 1, 1, 0], radius=plain.radius * [1, 0, 1, 1, 0]
    )
    other = replace(plain, high=2.0 * plain.high, convention="of (A + Aᵀ)/2")
    truths = {
        "zero": zero,
        "zero, exactly": replace(zero, bound=0 * zero.bound),
        "partly zero": partly,
        "cancelled": replace(plain, bound=plain.bound * 1e9),
        "wide": replace(plain, radius=1e-13 * np.abs(plain.high)),
        "float32": truth_of(5, dtype="float32"),
        "of two conventions": replace(plain, convention="of the lower triangle", other=other),
    }
    for what, truth in truths.items():
        for share in (0.0, 0.5, 0.99, 1.01, 3.0, 1e3, 1e6):
            for where, mask in {"all": np.ones(5), "the last": np.arange(5) == 4}.items():
                answer = truth.high + share * mask * (truth.bound + truth.radius)
                for promise, exact in ((12.0, True), (6.0, False)):
                    words = _told(answer, truth, asked, signature, promise, exact)
                    yield f"{what}, off by {share:g} in {where} | {promise:g} | {words}\n"
        for factor in (2.0, -1.0):
            words = _told(factor * truth.high, truth, asked, signature, 12.0, True)
            yield f"{what}, {factor:g} times | {words}\n"
    there = replace(plain, high=1.0 / (1.0 + plain.high * plain.high))
    for share in (0.0, 1e-3):
        for answer in (there.high, np.where(np.arange(5) < 4, there.high, plain.high)):
            words = _told(
                answer + share, plain, asked, signature, 12.0, True,
                lambda: [("at a point", replace(there, high=there.high + 1.0)), ("there", there)],
            )  # fmt: skip
            yield f"stale, off by {share:g} | {words}\n"
    for size in (3, 1000, 1001):
        many = Signature(Space({"x": (size,)}), ONE)
        truth = truth_of(size)
        answer = truth.high * (1.0 + 1e-10 * (np.arange(size) % 97 == 5))
        found = kept(Compared(answer, truth, 12.0, exact=True), asked, many)
        assert found is not None
        yield f"kept of {size} | {found.places[:12]} {found.names[:3]} {sum(found.wrong)}\n"
        yield f"{flattened([answer])[:2].tolist()} {found.errors[:12]}\n"


def _at_kinks() -> Iterator[str]:
    """Yield where answers lie beside hulls."""
    rng = np.random.default_rng(3)
    for n, count in itertools.product((1, 2, 3), (1, 2, 3, 6)):
        corners = np.round(rng.normal(size=(count, n)), 3)
        branches = [
            replace(truth_of(n), high=c, radius=0 * c, bound=1e-15 * np.abs(c)) for c in corners
        ]
        centre = (corners.max(axis=0) + corners.min(axis=0)) / 2
        reach = (corners.max(axis=0) - corners.min(axis=0)) / 2
        box = replace(truth_of(n), high=centre, radius=reach, bound=1e-15 * np.abs(centre))
        hull, outer = (Hull(" at f.py", count, each, box) for each in (tuple(branches), ()))
        mean = corners.mean(axis=0)
        answers = {
            "a corner": corners[0],
            "beside a corner": corners[0] * (1.0 + 0.9e-12),
            "beyond a corner": mean + (corners[0] - mean) * (1.0 + 1e-9),
            "the mean": mean,
            "an edge": (corners[0] + corners[-1]) / 2,
            "off an edge": (corners[0] + corners[-1]) / 2 + 1e-7,
            "the middle of the box": centre,
            "beyond the box": centre + reach * 1.01 + 1e-3,
            "no number": np.where(np.arange(n) == 0, np.nan, mean),
        }
        for what, answer in answers.items():
            told = []
            for each in (hull, outer):
                found = beside(answer, each, 12.0)
                beyond = "".join("01"[int(b)] for b in found.beyond)
                told.append(f"{found.lies} {beyond} {found.branch}")
            if np.isfinite(answer).all():
                shares = nearest_shares(corners - answer)
                gap = np.linalg.norm(shares @ (corners - answer))
                told.append(f"{gap:.6f} {shares.sum():.6f} {shares.min() >= 0}")
            yield f"{n} {count} {what} | {' | '.join(told)}\n"
