"""The likeliest cause of a failure, by a table: from what is told of it to a sentence.

What a wrong answer looks like, `gradiometer.judging.diagnosis` has found out before; here stands
what in a method makes an answer look so. The first row that fits counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradiometer.conformance.result import Check

STALE = (
    (r"in the directions of preparation", "the directions of preparation are kept: take them from "
     "the call's arguments"),
    (r"with the given values of preparation", "the given values of preparation are kept (folded "
     "into the graph, say): take them from the call's `given`"),
    (r"right at the point of preparation", "values of the point of preparation are kept: compute "
     "from the call's arguments, not from `f.point`"),
    (r"stale.* right at another point that is checked", "an earlier call's answer is returned: a "
     "buffer that is used again, or answers kept by something that has not changed"),
)  # fmt: skip

STATE = (
    (r"right at first, not in answer|they differ by", "what the same call returns changes: "
     "random numbers, a counter, or a buffer that several calls share"),
    (r"right at first, not after", "what the same call returns changes: state that calls leave "
     "behind"),
    (r"a call changes", "the call writes to what it is given: copy it, or hand `arguments` a copy"),
    (r"which are not timed, take", "it returns before it is done, or computes outside the call: "
     "let `wait` block until the result is finished"),
    (r"remembered, not computed|times slower at a point that is new", "answers are kept by their "
     "inputs: compute in every call"),
)  # fmt: skip

LOOKS = (
    (r"float32's rounding|rounded to float32|is float32, float64 expected", "a step is taken in "
     "float32: a default width of the tool (set it in `setup`), a constant of float32, or an array "
     "whose dtype is not kept"),
    (r"is float16|is bfloat16", "a step is taken in half precision: a default of the tool"),
    (r"diagonal.* is (half|twice)", "a Hessian of coefficients: entries off the diagonal count "
     "twice in a quadratic form, those on it once"),
    (r"transposed", "rows and columns are exchanged: a Jacobian's rows are outputs, its columns "
     "inputs (gradiometer/vocabulary/operators.py)"),
    (r"(are|is) (exchanged|permuted|in another order)", "the order of inputs, outputs or "
     "components is not the problem's"),
    (r"the sign is reversed", "the sign: a difference or a pullback taken the wrong way round"),
    (r"^disagrees: (\d+ of \d+ components wrong: )?zero|: zero (in|everywhere)", "nothing reaches "
     "the inputs: the tape is cut (a copy, a detached or whole number), or others are "
     "differentiated"),
    (r"None returned|arrays? returned|numbers returned", "the answer has other parts than are due: "
     "an input that is not used still has a derivative, of zeros"),
    (r"has shape|is a (list|tuple), an array", "the answer has another shape than is due: `result` "
     "may give it back; empty arrays and arrays of one component lose theirs easily"),
    (r"is complex", "a complex number is returned: take its real or imaginary part"),
    (r"instead of numbers", "`result` returns no array of numbers: convert it there"),
    (r"^disagrees: at point", "right at the first point, wrong at another: a branch that is taken "
     "there, or a decision kept from where it was prepared"),
    (r"\(1 [+−] .*\) times|\b(1\.0|0\.99)\d* times", "a factor that is nearly one: a step that "
     "is not what was divided by, a constant of few digits, or an iteration that ends early"),
    (r"(times|half|twice) what it should be", "a constant factor: something counted twice, a mean "
     "where a sum is due, or a direction that is scaled and not scaled back"),
    (r"beyond what rounding explains", "right in the norm, and single components lose digits: a "
     "formula that cancels where the function saturates, such as 1 − s where s is nearly one"),
    (r"digits, .* promised", "digits are lost, in a step, a cancellation, or an iteration that "
     "ends early: promise fewer with the reason, or compute it in another way"),
    (r"", "a derivative rule that is wrong here, or an operation of the namespace that means "
     "something else than the array API standard's"),
)  # fmt: skip
"""Of wrong answers."""

ENDS = (
    ("nonfinite", r"", "an intermediate overflows, or a branch of `where` that is not taken is "
     "infinite, and 0·∞ reaches the answer"),
    ("crashed", r"", "the tool ends the process, in native code: refuse what makes it "
     "(`Unsupported`), and tell its authors"),
    ("timeout", r"", "it takes very long: `declines` or `evaluations` should forecast it"),
    ("out-of-memory", r"", "it takes very much memory: `declines` should forecast it"),
    ("error", r"cannot use the reference", "it imports what its answers are checked by"),
    ("error", r"has no attribute|NameError|not (supported|implemented)", "the tool lacks an "
     "operation: refuse it by name (`UnsupportedOperation`), or write it in others"),
    ("error", r"zero-size|empty", "an array without components: its derivative has none, either"),
    ("error", r"TypeError|ValueError|dtype|shape", "an operation of the namespace takes other "
     "arguments than the array API standard's: override it in `Namespace`"),
    ("error", r"", "the tool raises in the call: refuse by name what it cannot do (`Unsupported`)"),
)  # fmt: skip
"""Of what ended otherwise, by status."""

WRITES = (
    ("stdout", "it, or its library, prints: results of commands go there, words belong on stderr"),
    ("files", "a cache on disk, or a temporary file that is not removed: an environment variable "
     "for it goes into gradiometer/measure/environment.py"),
    ("threads", "the library is not held to its threads: set them in `setup`"),
)  # fmt: skip

UNSTEADY = ("same-twice", "same-after-another")
"""Checks of the process; where one fails, what is wrong now and then is no matter of the point."""

FLOAT32_ALONE = "right in float64, wrong in float32: {}"


def likeliest(check: Check, others: Iterable[Check] = ()) -> str:
    """Return the likeliest cause of a failure.

    Args:
        check: What failed.
        others: The other checks of its method.
    """
    others, told = list(others), check.found
    if check.part == "agreement" and check.status == "disagrees" and _unsteady(check, others):
        return STATE[0][1]
    causes = [cause for pattern, cause in (*STALE, *STATE) if re.search(pattern, told)]
    causes += [cause for subject, cause in WRITES if check.subject == subject]
    causes += [c for end, pattern, c in ENDS if check.status == end and re.search(pattern, told)]
    if check.status == "disagrees":
        causes += [cause for pattern, cause in LOOKS if re.search(pattern, told)]
    cause = next(iter(causes), "")
    alone = check.dtype == "float32" and _right_in_float64(check, others)
    return FLOAT32_ALONE.format(cause) if alone and cause else cause


def _unsteady(check: Check, others: Iterable[Check]) -> bool:
    found = (c for c in others if c.method == check.method and c.status == "failed")
    return any(each.subject in UNSTEADY for each in found)


def _right_in_float64(check: Check, others: Iterable[Check]) -> bool:
    like = check.method, check.subject, check.operator
    right = (c for c in others if c.dtype == "float64" and c.status == "ok")
    return any((c.method, c.subject, c.operator) == like for c in right)
