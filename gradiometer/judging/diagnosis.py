"""Names the fault that explains all that is wrong in an answer, where one does.

Each pattern is a hypothesis: with the fault undone, every component that is wrong would be right,
by the same allowance. The first of `PATTERNS` that holds is named, so that the simpler wins. Where
none explains all, each array is explained by itself; what does not explain them all is not named.
Knows nothing of how the answer was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from gradiometer.errors import listing
from gradiometer.judging.compared import Compared, Mask
from gradiometer.judging.wrong_answer import MOST_NAMES, Elsewhere, WrongAnswer
from gradiometer.vocabulary.enclosure import Enclosure, norm
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import blocks, matrix

SIMPLE = 10
"""Largest numerator and denominator of a factor that is told of a single number."""

TELLING = 100.0
"""How many times what is allowed a factor must differ from 1 to be told."""

UNIT_32 = 2.0**-24
"""Half the distance from 1 to the next float32 number."""

DIGITS_32 = 7.0
"""Promised digits up to which float32 explains nothing: it holds as many."""

CLEARLY = 1e-6
"""Relative error by which two numbers clearly differ."""


def explain(
    found: Compared, asked: Operator, signature: Signature, elsewhere: Elsewhere = tuple
) -> str:
    """Return what explains all wrong components of an answer, in words; empty if nothing does.

    Args:
        found: The answer beside the truth; one component at least is wrong.
        asked: What was computed.
        signature: The shapes of inputs and outputs.
        elsewhere: Asked for truths at other points, where nothing simpler explains it.
    """
    answer = WrongAnswer(found, asked.layout(signature), asked.spaces(signature), elsewhere)
    with np.errstate(all="ignore"):
        return _named(answer, PATTERNS) or _one_by_one(answer)


def _named(answer: WrongAnswer, patterns: Sequence[Pattern]) -> str:
    return next(filter(None, (pattern(answer) for pattern in patterns)), "")


def _one_by_one(answer: WrongAnswer) -> str:
    """Return what explains each of up to four groups of arrays, those of one fault together."""
    if len(answer.touched) < 2:
        return ""
    groups: dict[str, Mask] = {}
    for name in answer.touched:
        here = np.zeros_like(answer.wrong)
        here[answer.parts[name]] = True
        told = _named(replace(answer, within=here), WITHIN_AN_ARRAY)
        if not told:
            return ""
        fault = told.partition(" in ")[0]
        groups[fault] = groups.get(fault, np.zeros_like(here)) | here
    if len(groups) > MOST_NAMES:
        return ""
    return "; ".join(
        _named(replace(answer, within=here), WITHIN_AN_ARRAY) or fault
        for fault, here in groups.items()
    )


def _zero(answer: WrongAnswer) -> str:
    if answer.numbers[answer.wrong].any():
        return ""
    return answer.told("zero", answer.like(np.zeros_like(answer.true)))


def _sign(answer: WrongAnswer) -> str:
    if not answer.right(-answer.numbers):
        return ""
    return answer.told("the sign is reversed", answer.like(-answer.true))


def _diagonal(answer: WrongAnswer) -> str:
    """A matrix that is symmetric by contract, of which an entry off the diagonal counts twice."""
    on, off = _on_and_off_diagonal(answer)
    of = "" if len(answer.spaces) > 1 else f" of {listing(answer.touched, MOST_NAMES)}"
    for what, inside in (("the diagonal", on), ("what is off the diagonal", off)):
        if not (on.any() and off.any()) or (answer.wrong & ~inside).any():
            continue
        for factor, word in ((0.5, "half"), (2.0, "twice")):
            alike = answer.like(factor * answer.true)
            if alike[inside].all() and not alike.all() and answer.right(answer.numbers / factor):
                return f"{what}{of} is {word} what it should be"
    return ""


def _on_and_off_diagonal(answer: WrongAnswer) -> tuple[Mask, Mask]:
    """Return the two parts of the answer as a matrix, or of the square matrices that are wrong."""
    on, off = np.zeros((2, answer.layout.size), dtype=bool)
    if len(answer.spaces) > 1:
        rows, columns = answer.spaces
        if rows.size == columns.size:
            eye = blocks(np.eye(rows.size, dtype=bool), rows, columns)
            on = answer.layout.flatten(eye)
            off = ~on
        return on, off
    for name in answer.touched:
        shape = answer.layout.shapes[name]
        if len(shape) == 2 and shape[0] == shape[1]:
            on[answer.parts[name]] = np.eye(shape[0], dtype=bool).ravel()
            off[answer.parts[name]] = ~on[answer.parts[name]]
    return on, off


def _float32(answer: WrongAnswer) -> str:
    """Numbers of float32, as near to the truth as its rounding explains."""
    held = answer.numbers.astype(np.float32) == answer.numbers
    if _within_float32(answer) and held[answer.wrong].all():
        return answer.told("rounded to float32", held)
    return ""


def _within_float32(answer: WrongAnswer) -> bool:
    """Return whether rounding in float32 explains the errors of a method that owes more."""
    if not answer.found.exact or answer.found.promise <= DIGITS_32:
        return False
    truth = answer.found.truth
    granted = np.maximum(UNIT_32 * np.abs(truth.high), truth.bound * (UNIT_32 / truth.unit))
    return not (answer.found.errors > granted + truth.radius)[answer.wrong].any()


def _factor(answer: WrongAnswer) -> str:
    """One factor for all; of a single number any would do, so that it has to be a simple one."""
    true, allowed = answer.true[answer.wrong], answer.found.allowed[answer.wrong]
    ratios, slack = answer.numbers[answer.wrong] / true, allowed / np.abs(true)
    if not np.isfinite(ratios).all():
        return ""
    ratio = float(ratios[np.argmin(slack)])
    simple = Fraction(ratio).limit_denominator(SIMPLE)
    several = np.unique(np.round(np.log(np.abs(true)), 6)).size > 1
    tried = [float(simple)] if abs(simple.numerator) <= SIMPLE else []
    if several:
        tried.append(ratio)
    elif slack.max() > CLEARLY:
        return ""
    for factor in tried:
        telling = factor and abs(factor - 1.0) > TELLING * slack.max()
        if telling and answer.right(answer.numbers / factor):
            fault = f"{_multiple(factor)} what it should be"
            return answer.told(fault, answer.like(factor * answer.true))
    return ""


def _multiple(factor: float) -> str:
    words = {0.5: "half", 2.0: "twice"}
    over = factor - 1.0
    if abs(over) < 1e-6:
        return f"(1 {'+' if over > 0 else '−'} {abs(over):.2g}) times"
    return words.get(factor, f"{factor:.9g} times")


def _transposed(answer: WrongAnswer) -> str:
    """The whole matrix, or each of the arrays that are wrong."""
    everywhere = answer.everywhere
    if len(answer.spaces) > 1 and answer.within is None:
        rows, columns = answer.spaces
        if rows.size == columns.size:
            turned = matrix(answer.numbers, rows, columns).T
            if answer.right(answer.layout.flatten(blocks(turned, rows, columns)), everywhere):
                return "the matrix is transposed"
    repaired = answer.numbers.copy()
    for name in answer.touched:
        here = answer.parts[name]
        height, width = _halves(answer, name)
        repaired[here] = repaired[here].reshape(width, height).T.ravel()
    if not answer.right(repaired, everywhere):
        return ""
    verb = "is" if len(answer.touched) == 1 else "are"
    return f"{listing(answer.touched, MOST_NAMES)} {verb} transposed"


def _halves(answer: WrongAnswer, name: str) -> tuple[int, int]:
    """Return the height and width of an array as a matrix; what is none has one row."""
    shape = answer.layout.shapes[name]
    if len(answer.spaces) > 1:
        _, columns = answer.spaces
        k = answer.layout.names.index(name) % len(columns.names)
        width = columns.sizes[k]
        return answer.layout.split(answer.wrong)[name].size // width, width
    return (shape[0], shape[1]) if len(shape) == 2 else (1, int(np.prod(shape)))


def _permuted(answer: WrongAnswer) -> str:
    """The right numbers in other places: whole arrays, two components, or any number of them."""
    exchanged = _exchanged_arrays(answer)
    if exchanged:
        return exchanged
    places = np.flatnonzero(answer.wrong)
    repaired = answer.numbers.copy()
    repaired[places[np.argsort(answer.true[places])]] = np.sort(answer.numbers[places])
    if len(places) < 2 or not answer.right(repaired):
        return ""
    if len(places) == 2:
        one, other = map(answer.layout.locate, places.tolist())
        return f"{one} and {other} are exchanged"
    return f"the components of {listing(answer.touched, MOST_NAMES)} are permuted"


def _exchanged_arrays(answer: WrongAnswer) -> str:
    """Return which arrays stand in each other's places."""
    numbers, true, allowed = answer.numbers, answer.true, answer.found.allowed
    repaired = numbers.copy()
    left = list(answer.touched)
    for name in answer.touched:
        given = numbers[answer.parts[name]]
        for other in left:
            there = answer.parts[other]
            fits = other != name and given.size == true[there].size
            if fits and (np.abs(given - true[there]) <= allowed[there]).all():
                repaired[there] = given
                left.remove(other)
                break
        else:
            return ""
    if not answer.right(repaired):
        return ""
    if len(answer.touched) == 2:
        return f"{' and '.join(answer.touched)} are exchanged"
    return f"{listing(answer.touched, MOST_NAMES)} are in another order"


def _like_float32(answer: WrongAnswer) -> str:
    """Errors as float32 leaves them, in most components: some step was taken in it."""
    wrong = answer.wrong
    error, step = norm(answer.found.errors[wrong]), UNIT_32 * norm(answer.true[wrong])
    most = np.count_nonzero(wrong) > max(1.0, wrong.size / 2)
    if most and _within_float32(answer) and step / 64 < error < step * 64:
        return "errors of the size of float32's rounding"
    return ""


def _stale(answer: WrongAnswer) -> str:
    """What is right at another point: of an earlier call, say."""
    wrong = answer.wrong
    if not (answer.found.errors > CLEARLY * np.abs(answer.true))[wrong].any():
        return ""
    for where, truth in answer.elsewhere():
        for each in _conventions(truth):
            other = replace(answer.found, truth=each)
            if not other.wrong[wrong].any():
                return f"{answer.told('stale', answer.like(each.high))}, right {where}"
    return ""


def _conventions(truth: Enclosure) -> Iterator[Enclosure]:
    yield truth
    if truth.other is not None:
        yield truth.other


Pattern = Callable[[WrongAnswer], str]

PATTERNS: tuple[Pattern, ...] = (
    _zero, _sign, _diagonal, _float32, _factor, _transposed, _permuted, _like_float32,
    _stale,
)  # fmt: skip
"""What a wrong answer is asked for, the simplest first; each returns its words, or nothing."""

WITHIN_AN_ARRAY = (_zero, _sign, _diagonal, _float32, _factor, _transposed, _permuted)
"""What each array is asked for, where nothing explains all."""
